-- What happened and is told to other systems. An event is written in the transaction that makes it true, and with it one
-- delivery for each endpoint that wants it: what is rolled back is never told, and an endpoint hears nothing of the time
-- before it. Nothing here refers to accounts or endpoints by foreign keys, because every posting would then lock their
-- rows; neither is ever deleted. occurred_at is business time, everything else is wall time.

create table outbox (
    id bigint generated always as identity primary key,
    name text not null check (name ~ '^[a-z]+\.[a-z-]+\.[a-z-]+-v[1-9][0-9]*$'),
    account_id bigint,
    account_user_id bigint,
    data jsonb not null check (jsonb_typeof(data) = 'object'),
    occurred_at timestamptz not null,
    recorded_at timestamptz not null
);

create index outbox_recorded on outbox (recorded_at);

-- The secret is kept as it is, because every request is signed with it, and forgotten when the endpoint is removed.
create table webhook_endpoints (
    id bigint generated always as identity (start with 75001) primary key,
    url text not null check (url <> ''),
    patterns text[] not null check (cardinality(patterns) > 0),
    secret text,
    created_at timestamptz not null,
    removed_at timestamptz,
    check ((removed_at is null) = (secret is not null))
);

-- Deliveries of one lane, that is of one account, or of a user where no account is meant, happen one after the other. Until
-- due_at nobody takes a delivery: whoever sends it moves that on as a lease, and one that waits behind another of its lane
-- has 'infinity' there.
create table webhook_deliveries (
    endpoint_id bigint not null,
    event_id bigint not null references outbox (id) on delete cascade,
    lane text not null,
    status text not null default 'due' check (status in ('due', 'delivered', 'dead')),
    due_at timestamptz not null,
    attempts integer not null default 0 check (attempts >= 0),
    first_tried_at timestamptz,
    failure text,
    finished_at timestamptz,
    primary key (endpoint_id, event_id),
    check ((status = 'due') = (finished_at is null))
);

create index webhook_deliveries_due on webhook_deliveries (endpoint_id, due_at, event_id) where status = 'due';
create index webhook_deliveries_lane on webhook_deliveries (endpoint_id, lane, event_id) where status = 'due';
create index webhook_deliveries_dead on webhook_deliveries (endpoint_id, event_id) where status = 'dead';
create index webhook_deliveries_event on webhook_deliveries (event_id);
