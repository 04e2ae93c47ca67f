-- One row once the demo world stands: it is made once, whoever starts first.

create table demo_world (
    only_row boolean primary key default true check (only_row),
    made_at timestamptz not null
);
