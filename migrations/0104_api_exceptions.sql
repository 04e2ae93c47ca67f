-- Journeys of other systems that failed: somebody must look into each. Whom and what they are about is kept as it was told,
-- because it may be just what was wrong.

create table api_exceptions (
    -- What `updateApiException` takes has 32 bits.
    id integer generated always as identity (start with 130001) primary key,
    external_identifier text not null,
    channel text not null,
    category text not null,
    account_number text,
    user_id bigint,
    customer_contact text,
    supply_point_identifier text,
    resolution_status text not null,
    resolution_type text not null,
    priority text not null,
    tags text[] not null,
    context jsonb,
    key_date date,
    operations_team_id bigint,
    assigned_user_id bigint,
    created_at timestamptz not null,
    constraint api_exceptions_external_identifier_key unique (external_identifier),
    constraint api_exceptions_team_fkey foreign key (operations_team_id) references operations_teams (id),
    constraint api_exceptions_user_fkey foreign key (assigned_user_id) references support_users (id)
);
create index api_exceptions_newest on api_exceptions (created_at desc, id desc);
create index api_exceptions_account on api_exceptions (account_number) where account_number is not null;

create table api_exception_events (
    id bigint generated always as identity (start with 131001) primary key,
    api_exception_id integer not null,
    event_type text not null,
    category text not null,
    description text not null,
    context jsonb,
    created_at timestamptz not null,
    constraint api_exception_events_exception_fkey foreign key (api_exception_id) references api_exceptions (id)
);
create index api_exception_events_exception on api_exception_events (api_exception_id, id);

create table api_exception_notes (
    id bigint generated always as identity (start with 132001) primary key,
    api_exception_id integer not null,
    body text not null,
    by_id bigint not null references support_users (id),
    created_at timestamptz not null,
    updated_at timestamptz,
    constraint api_exception_notes_exception_fkey foreign key (api_exception_id) references api_exceptions (id)
);
create index api_exception_notes_exception on api_exception_notes (api_exception_id, id);

create table api_exception_calls (
    id bigint generated always as identity (start with 133001) primary key,
    api_exception_id integer not null,
    correlation_id text not null,
    operation_name text not null,
    input_data jsonb,
    response jsonb not null,
    context jsonb,
    created_at timestamptz not null,
    constraint api_exception_calls_exception_fkey foreign key (api_exception_id) references api_exceptions (id)
);
create index api_exception_calls_exception on api_exception_calls (api_exception_id, id);

-- Staff who report such failures and look into them.
update support_roles set permissions = permissions || '{handle-exceptions}' where code in ('admin', 'billing');
