-- Announced windows in which a field answers "disabled" on purpose. Status follows from the wall clock,
-- so that every server agrees on it without anybody having to flip it.

create table api_brownouts (
    id bigint generated always as identity (start with 9001) primary key,
    disables text not null,
    api_type text not null check (api_type in ('GRAPHQL', 'REST')),
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    cancelled_at timestamptz,
    check (starts_at < ends_at)
);

create index api_brownouts_by_end on api_brownouts (ends_at);
