-- Work on site: what has to be done at a property, the visits of an engineer by which it is done, and what follows from them.

-- What can be asked for, by why.
create table on_site_job_types (
    code text primary key check (code ~ '^[A-Z_]+$'),
    name text not null check (name <> ''),
    reason text not null,
    sub_reason text not null,
    work_category text not null,
    constraint on_site_job_types_reason_key unique (reason, sub_reason)
);

insert into on_site_job_types (code, name, reason, sub_reason, work_category) values
    ('METER_EXCHANGE', 'Exchange of a meter', 'METER', 'EXCHANGE', 'EXCHANGE'),
    ('METER_FAULT', 'Search for the fault of a meter', 'METER', 'FAULT', 'INVESTIGATE_FAULT'),
    ('METER_ACCURACY', 'Test of a meter', 'METER', 'ACCURACY', 'ACCURACY_TEST'),
    ('METER_MOVE', 'Move of a meter', 'METER', 'MOVE', 'MOVE'),
    ('SPECIAL_READING', 'Reading of a meter', 'READING', 'NO_READINGS', 'AD_HOC_READING'),
    ('DETAILS_CHECK', 'Check of what is known of a meter', 'READING', 'DETAILS', 'CONFIRM_METER_DETAILS'),
    ('DISPLAY_INSTALL', 'Installation of a display', 'SMART', 'DISPLAY', 'IHD_INSTALL'),
    ('HUB_REPLACEMENT', 'Replacement of a communications hub', 'SMART', 'HUB', 'COMMS_HUB_REPLACEMENT'),
    ('DISCONNECTION', 'Disconnection', 'SUPPLY', 'DISCONNECT', 'DE_ENERGISE'),
    ('RECONNECTION', 'Reconnection', 'SUPPLY', 'RECONNECT', 'ENERGISE');

-- Something that has to be done. An account has one that is open for a reason at a property.
create table on_site_requests (
    id uuid primary key,
    account_id bigint not null references accounts (id),
    property_id bigint not null references properties (id),
    market text not null,
    job_type text not null references on_site_job_types (code),
    is_emergency boolean not null,
    external_reference text not null,
    agent text not null,
    comment text not null,
    status text not null check (status in ('PENDING', 'BOOKED', 'COMPLETED', 'APPOINTMENT_FAILED', 'CANCELLED')),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    by_kind text not null,
    by_id bigint not null
);

create unique index on_site_requests_open on on_site_requests (account_id, property_id, job_type)
    where status in ('PENDING', 'BOOKED', 'APPOINTMENT_FAILED');
create index on_site_requests_account on on_site_requests (account_id, created_at);

create table on_site_request_points (
    request_id uuid not null references on_site_requests (id),
    supply_point_id bigint not null references supply_points (id),
    primary key (request_id, supply_point_id)
);

create index on_site_request_points_point on on_site_request_points (supply_point_id);

-- When an engineer could come: asked for once a session, and offered until it ends.
create table on_site_sessions (
    id uuid primary key,
    request_id uuid not null references on_site_requests (id),
    asked_at timestamptz not null,
    answered_at timestamptz,
    expires_at timestamptz not null check (expires_at > asked_at)
);

create table on_site_slots (
    id uuid primary key,
    session_id uuid not null references on_site_sessions (id) on delete cascade,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at)
);

create index on_site_slots_session on on_site_slots (session_id, starts_at);

-- A visit. UNCONFIRMED: the engineers have been asked to come. A request has one visit to come.
create table on_site_appointments (
    id uuid primary key,
    request_id uuid not null references on_site_requests (id),
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    external_reference text not null default '',
    comments text not null,
    comms_strategy text not null check (comms_strategy in ('SEND_ALL', 'SEND_ONLY_JOB_COMPLETED', 'SUPPRESS_ALL')),
    status text not null check (status in ('UNCONFIRMED', 'BOOKED', 'CANCELLED', 'ABORTED', 'COMPLETED')),
    cancellation_category text,
    cancellation_sub_category text not null default '',
    findings text not null default '',
    created_at timestamptz not null,
    by_kind text not null,
    by_id bigint not null,
    constraint on_site_appointments_reference_key exclude (external_reference with =) where (external_reference <> ''),
    check ((status = 'CANCELLED') = (cancellation_category is not null)),
    check (status = 'UNCONFIRMED' or status = 'CANCELLED' or external_reference <> '')
);

create unique index on_site_appointments_to_come on on_site_appointments (request_id)
    where status in ('UNCONFIRMED', 'BOOKED');
create index on_site_appointments_request on on_site_appointments (request_id, created_at);
create index on_site_appointments_over on on_site_appointments (ends_at) where status in ('UNCONFIRMED', 'BOOKED');

-- What followed from a visit, or from the end of a request.
create table on_site_actions (
    id bigint generated always as identity (start with 134001) primary key,
    request_id uuid not null references on_site_requests (id),
    appointment_id uuid references on_site_appointments (id),
    stage text not null,
    workflow text not null,
    status text not null check (status in ('COMPLETED', 'SKIPPED')),
    message_id bigint references messages (id),
    at timestamptz not null
);

create index on_site_actions_request on on_site_actions (request_id, id);
create index on_site_actions_appointment on on_site_actions (appointment_id, id) where appointment_id is not null;
