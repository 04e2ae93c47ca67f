-- Who gave up which property from which local day on, as they told us. The ledgers of the account are billed up to that day
-- once it has come: billed_at says when they were.

create table move_outs (
    id bigint generated always as identity (start with 98001) primary key,
    account_id bigint not null references accounts (id),
    property_id bigint not null references properties (id),
    moved_out_on date not null,
    told_by_kind text not null,
    told_by_id bigint not null,
    told_at timestamptz not null,
    billed_at timestamptz,
    constraint move_outs_key unique (account_id, property_id, moved_out_on)
);

create index move_outs_account on move_outs (account_id);
create index move_outs_property on move_outs (property_id);
create index move_outs_to_bill on move_outs (moved_out_on) where billed_at is null;

-- When somebody was last told to have moved out, or nothing since the occupancy was added.
alter table occupancies add column updated_at timestamptz;
