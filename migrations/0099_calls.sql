-- Phone calls, as the telephone system tells of them: who called, whom it was about, how long they waited for an agent with
-- the right skills; campaigns of calls that we make; and whom we ask afterwards how it went.

create table call_tags (
    id bigint generated always as identity (start with 501) primary key,
    name text not null,
    is_active boolean not null default true,
    constraint call_tags_name_key unique (name)
);
insert into call_tags (name, is_active) values
    ('Billing question', true), ('Complaint', true), ('Moving home', true), ('Meter fault', true), ('Winter help', true),
    ('Fax follow-up', false);

-- What callers are routed by, beside languages and teams, which are inferred.
create table call_skills (
    code text primary key
);
insert into call_skills (code) values ('billing'), ('moving'), ('smart-meters'), ('complaints'), ('vulnerable-customers');

create table voice_campaigns (
    id bigint generated always as identity (start with 601) primary key,
    name text not null,
    description text,
    outbound_number text,
    status text not null default 'ACTIVE' check (status in ('ACTIVE', 'INACTIVE')),
    campaign_type text not null check (campaign_type in ('PREVIEW', 'PREDICTIVE')),
    prevents_duplicates boolean not null,
    constraint voice_campaigns_name_key unique (name)
);

create table voice_campaign_tags (
    campaign_id bigint not null references voice_campaigns (id),
    call_tag_id bigint not null references call_tags (id),
    primary key (campaign_id, call_tag_id)
);

create table voice_campaign_items (
    id bigint generated always as identity (start with 60001) primary key,
    campaign_id bigint not null references voice_campaigns (id),
    account_id bigint not null references accounts (id),
    phone_number text not null,
    status text not null default 'UNASSIGNED'
        check (status in ('UNASSIGNED', 'SELECTED_FOR_CALLING', 'ASSIGNED', 'IN_PROGRESS', 'COMPLETE', 'REMOVED')),
    window_start timestamptz not null,
    window_end timestamptz not null,
    metadata jsonb not null default '{}',
    check (window_end > window_start)
);
create index voice_campaign_items_campaign on voice_campaign_items (campaign_id, id);
create index voice_campaign_items_ready on voice_campaign_items (window_start) where status = 'UNASSIGNED';

-- Times are business times.
create table calls (
    -- What `customer_feedback` knows a call by has 32 bits.
    id integer generated always as identity (start with 110001) primary key,
    direction text not null check (direction in ('INBOUND', 'OUTBOUND')),
    from_number text not null,
    to_number text not null,
    vendor text not null check (vendor in ('TWILIO')),
    vendor_call_id text not null,
    account_id bigint references accounts (id),
    status text not null check (status in ('RINGING', 'QUEUED', 'ANSWERED', 'ENDED', 'ABANDONED')),
    priority integer not null default 0,
    routing_attributes text[] not null default '{}',
    waiting_behaviour_url text,
    agent_id bigint references support_users (id),
    campaign_item_id bigint references voice_campaign_items (id),
    started_at timestamptz not null,
    enqueued_at timestamptz,
    answered_at timestamptz,
    ended_at timestamptz,
    by_kind text not null,
    by_id bigint not null,
    constraint calls_vendor_key unique (vendor, vendor_call_id),
    check (status <> 'QUEUED' or enqueued_at is not null),
    check (status <> 'ANSWERED' or answered_at is not null),
    check ((ended_at is not null) = (status in ('ENDED', 'ABANDONED')))
);
create index calls_account on calls (account_id) where account_id is not null;
create index calls_answered on calls (answered_at) where direction = 'INBOUND' and answered_at is not null;
create index calls_waiting on calls (priority desc, enqueued_at) where status = 'QUEUED';

create table call_metadata (
    call_id integer not null references calls (id),
    key text not null check (key <> ''),
    value text not null,
    is_hidden boolean not null,
    place bigint generated always as identity,
    constraint call_metadata_key primary key (call_id, key)
);

create table call_agents (
    support_user_id bigint primary key references support_users (id),
    status text not null check (status in ('AVAILABLE', 'ON_CALL', 'AWAY')),
    skills text[] not null default '{}',
    updated_at timestamptz not null,
    most_recent_call_id integer references calls (id)
);

-- After which calls and conversations customers are asked how it went: within so many days, and not again for so many.
create table feedback_eligibility (
    market text not null check (market in ('gb', 'de', 'jp', 'au', 'us')),
    source text not null check (source in ('FEEDBACK_SOURCE_PHONE_CALL_FOLLOW_UP', 'FEEDBACK_SOURCE_EMAIL_FOLLOW_UP')),
    rules jsonb not null,
    primary key (market, source)
);
insert into feedback_eligibility (market, source, rules)
select market, source, '{"withinDays": 7, "quietDays": 90}'
from (values ('gb'), ('de'), ('au'), ('us')) as markets (market)
    cross join (values ('FEEDBACK_SOURCE_PHONE_CALL_FOLLOW_UP'), ('FEEDBACK_SOURCE_EMAIL_FOLLOW_UP')) as sources (source);
