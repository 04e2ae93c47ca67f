-- Visits of field agents: each is made in the name of a link of a sales partner, and what was said is recorded. The recording
-- tells of the visit.

create table affiliate_links (
    id bigint generated always as identity (start with 145001) primary key,
    affiliate_organisation_id bigint not null references affiliate_organisations (id),
    subdomain text not null check (subdomain ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'),
    training_status text not null,
    is_business boolean not null,
    contact_name text not null,
    contact_email text not null,
    landing_url text not null,
    created_at timestamptz not null,
    constraint affiliate_links_subdomain_key unique (subdomain),
    constraint affiliate_links_training_check
        check (training_status in ('NOT_APPLICABLE', 'IN_TRAINING', 'QUALIFIED'))
);

create table app_sessions (
    id uuid primary key,
    affiliate_link_id bigint not null references affiliate_links (id),
    account_id bigint references accounts (id),
    address_lines text[] not null check (cardinality(address_lines) = 5),
    postcode text not null,
    location_at timestamptz,
    -- Metres.
    location_accuracy integer,
    latitude numeric,
    longitude numeric,
    sales_mode text check (sales_mode in ('DOOR', 'VENUE')),
    is_archived boolean not null default false,
    started_at timestamptz not null,
    stopped_at timestamptz not null,
    by_kind text not null,
    by_id bigint not null,
    created_at timestamptz not null,
    check (stopped_at >= started_at)
);
create index app_sessions_newest on app_sessions (started_at desc, id);
create index app_sessions_link on app_sessions (affiliate_link_id);
create index app_sessions_account on app_sessions (account_id) where account_id is not null;

create table app_session_outcomes (
    app_session_id uuid not null references app_sessions (id),
    place smallint not null,
    type text not null,
    category text not null,
    reason text not null,
    primary key (app_session_id, place)
);

create table audio_recordings (
    id uuid primary key,
    app_session_id uuid not null references app_sessions (id),
    content_type text not null,
    -- Seconds.
    duration numeric not null check (duration >= 0),
    -- Bytes.
    file_size integer not null check (file_size > 0),
    started_at timestamptz not null,
    stopped_at timestamptz not null,
    s3_bucket text not null,
    s3_key text not null,
    created_at timestamptz not null,
    constraint audio_recordings_session_key unique (app_session_id)
);
