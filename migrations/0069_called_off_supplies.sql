-- Supplies that were agreed on and never began.
create table called_off_supplies (
    id bigint generated always as identity primary key,
    supply_point_id bigint not null references supply_points (id),
    account_id bigint not null references accounts (id),
    was_to_begin timestamptz not null,
    reason text not null check (reason ~ '^[A-Z_]+$'),
    called_off_at timestamptz not null
);

create index called_off_supplies_supply_point on called_off_supplies (supply_point_id);

