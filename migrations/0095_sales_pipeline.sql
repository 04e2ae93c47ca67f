-- The sales pipeline. A lead is a person or business that may become a customer, an opportunity a sale that may come about with
-- one; each stands in a stage of a funnel. Channels, funnels and what is barred are data that `kraken-api sales` writes.

-- The ways by which sales come in. A channel below another was made after it, so there is always a top. open includes its start
-- and excludes its end.
create table sales_channels (
    id bigint generated always as identity primary key,
    code text not null check (code ~ '^[A-Z0-9][A-Z0-9_-]{0,63}$'),
    name text not null check (name <> ''),
    description text not null,
    parent_id bigint references sales_channels (id) check (parent_id < id),
    open tstzrange not null check (not isempty(open) and lower(open) is not null),
    constraint sales_channels_code_key unique (code)
);

create table sales_funnels (
    id bigint generated always as identity primary key,
    code text not null check (code ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
    name text not null check (name <> ''),
    funnel_type text not null check (funnel_type in ('LEAD', 'OPPORTUNITY')),
    status text not null check (status in ('DRAFT', 'ACTIVE', 'DEPRECATED')),
    created_at timestamptz not null,
    constraint sales_funnels_code_key unique (code)
);

-- Whatever enters a funnel begins in its initial stage. A stage that needs details is entered with all the fields filled that
-- the funnel requires; one with an outcome is where things are won or lost.
create table sales_stages (
    id bigint generated always as identity primary key,
    funnel_id bigint not null references sales_funnels (id),
    code text not null check (code ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
    name text not null check (name <> ''),
    position integer not null,
    is_initial boolean not null,
    needs_details boolean not null,
    outcome text check (outcome in ('WON', 'LOST')),
    constraint sales_stages_code_key unique (funnel_id, code),
    constraint sales_stages_funnel_key unique (id, funnel_id),
    unique (funnel_id, position)
);

create unique index sales_stages_initial on sales_stages (funnel_id) where is_initial;
create unique index sales_stages_outcome on sales_stages (funnel_id, outcome);

-- Which stage may follow which.
create table sales_stage_steps (
    funnel_id bigint not null,
    from_id bigint not null,
    to_id bigint not null check (to_id <> from_id),
    primary key (from_id, to_id),
    foreign key (from_id, funnel_id) references sales_stages (id, funnel_id),
    foreign key (to_id, funnel_id) references sales_stages (id, funnel_id)
);

create table sales_collections (
    id bigint generated always as identity primary key,
    funnel_id bigint not null references sales_funnels (id),
    name text not null check (name <> ''),
    description text not null,
    position integer not null,
    constraint sales_collections_funnel_key unique (id, funnel_id),
    unique (funnel_id, position)
);

-- What is asked of whoever is in a funnel.
create table sales_fields (
    id bigint generated always as identity primary key,
    funnel_id bigint not null references sales_funnels (id),
    collection_id bigint,
    code text not null check (code ~ '^[A-Za-z][A-Za-z0-9_-]{0,63}$'),
    name text not null check (name <> ''),
    field_type text not null
        check (field_type in ('STR', 'INT', 'FLOAT', 'DATE', 'DATETIME', 'BOOL', 'CHOICE', 'MULTIPLE_CHOICE')),
    text_choices text[] not null,
    text_regex text,
    is_required boolean not null,
    is_deprecated boolean not null,
    position integer not null,
    constraint sales_fields_code_key unique (funnel_id, code),
    foreign key (collection_id, funnel_id) references sales_collections (id, funnel_id),
    unique (funnel_id, position),
    check ((field_type in ('CHOICE', 'MULTIPLE_CHOICE')) = (cardinality(text_choices) > 0)),
    check (text_regex is null or field_type = 'STR')
);

-- An organisation that brought a lead sees it; the retailer's own have none. What further was asked is in details, by field.
create table leads (
    id bigint generated always as identity (start with 61001) primary key,
    number text not null generated always as
        ('LD-' || lpad(upper(to_hex((id * 2654435761) & 4294967295)), 8, '0')) stored,
    lead_type text not null check (lead_type in ('BUSINESS', 'DOMESTIC')),
    brand text not null references brands (code),
    national_id text check (national_id <> ''),
    billing_name text not null check (billing_name <> ''),
    billing_address_id bigint references addresses (id),
    funnel_id bigint not null,
    stage_id bigint not null,
    sales_channel_id bigint references sales_channels (id),
    account_id bigint references accounts (id),
    details jsonb not null check (jsonb_typeof(details) = 'object'),
    support_user_id bigint references support_users (id),
    team_id bigint references operations_teams (id),
    affiliate_id bigint references affiliate_organisations (id),
    organisation_id bigint references organisations (id),
    search_text text not null,
    created_at timestamptz not null,
    by_kind text not null,
    by_id bigint not null,
    constraint leads_number_key unique (number),
    constraint leads_account_key unique (account_id),
    foreign key (stage_id, funnel_id) references sales_stages (id, funnel_id)
);

create index leads_search on leads using gin (search_text gin_trgm_ops);
create index leads_national_id on leads (national_id);
create index leads_organisation on leads (organisation_id);
create index leads_stage on leads (stage_id);

-- Who is spoken to; the first is the one that the lead is about. Phone numbers are as E.164 has them.
create table lead_contacts (
    id bigint generated always as identity primary key,
    lead_id bigint not null references leads (id),
    position integer not null,
    given_name text not null,
    family_name text not null,
    email text not null,
    phone text not null,
    roles text[] not null check (roles <@ array['LEGAL_CONTACT', 'COMMUNICATIONS_CONTACT', 'OTHER_CONTACT',
        'ACCOUNT_HOLDER', 'ACCOUNT_REPRESENTATIVE', 'ACCOUNT_REPRESENTATIVE_WITH_AUTHORIZATION']),
    preferred_language text,
    address_id bigint references addresses (id),
    unique (lead_id, position),
    check (email <> '' or phone <> '')
);

create index lead_contacts_email on lead_contacts (lower(email)) where email <> '';
create index lead_contacts_phone on lead_contacts (phone) where phone <> '';

-- What they agreed to or refused before they were customers.
create table lead_consents (
    contact_id bigint not null references lead_contacts (id),
    consent_type_id bigint not null references consent_types (id),
    value text not null check (value in ('ACCEPTED', 'REJECTED', 'UNKNOWN', 'PENDING')),
    at timestamptz not null,
    primary key (contact_id, consent_type_id)
);

create table opportunities (
    id bigint generated always as identity (start with 71001) primary key,
    number text not null generated always as
        ('OP-' || lpad(upper(to_hex((id * 2654435761) & 4294967295)), 8, '0')) stored,
    lead_id bigint not null references leads (id),
    name text not null check (name <> ''),
    address_id bigint references addresses (id),
    funnel_id bigint not null,
    stage_id bigint not null,
    sales_channel_id bigint references sales_channels (id),
    details jsonb not null check (jsonb_typeof(details) = 'object'),
    support_user_id bigint references support_users (id),
    team_id bigint references operations_teams (id),
    affiliate_id bigint references affiliate_organisations (id),
    outcome text check (outcome in ('WON', 'LOST')),
    closed_at timestamptz,
    created_at timestamptz not null,
    by_kind text not null,
    by_id bigint not null,
    constraint opportunities_number_key unique (number),
    foreign key (stage_id, funnel_id) references sales_stages (id, funnel_id),
    check ((outcome is null) = (closed_at is null))
);

create index opportunities_lead on opportunities (lead_id);
create index opportunities_stage on opportunities (stage_id);

create table opportunity_supply_points (
    opportunity_id bigint not null references opportunities (id),
    market_name text not null,
    identifier text not null,
    primary key (opportunity_id, market_name, identifier)
);

-- Every stage that a lead or an opportunity came to, and from where.
create table sales_stage_moves (
    id bigint generated always as identity primary key,
    lead_id bigint references leads (id),
    opportunity_id bigint references opportunities (id),
    from_id bigint references sales_stages (id),
    to_id bigint not null references sales_stages (id),
    at timestamptz not null,
    by_kind text not null,
    by_id bigint not null,
    check (num_nonnulls(lead_id, opportunity_id) = 1)
);

create index sales_stage_moves_lead on sales_stage_moves (lead_id) where lead_id is not null;
create index sales_stage_moves_opportunity on sales_stage_moves (opportunity_id) where opportunity_id is not null;

-- What was noted about an opportunity, by people or by an automated flow, which says how it is doing.
create table opportunity_notes (
    id bigint generated always as identity primary key,
    opportunity_id bigint not null references opportunities (id),
    flow_id text check (flow_id <> ''),
    flow_name text check (flow_name <> ''),
    flow_status text check (flow_status <> ''),
    text text not null,
    at timestamptz not null,
    by_kind text not null,
    by_id bigint not null,
    check (num_nulls(flow_id, flow_name, flow_status) in (0, 3)),
    check (flow_id is not null or text <> '')
);

create index opportunity_notes_opportunity on opportunity_notes (opportunity_id);

-- Who is not signed up: words in names, domains of e-mail addresses, and bank accounts, of which only a digest is kept.
create table sales_blocklist (
    kind text not null check (kind in ('NAME_KEYWORD', 'EMAIL_DOMAIN', 'IBAN')),
    value text not null check (value <> ''),
    added_at timestamptz not null,
    primary key (kind, value)
);

update support_roles set permissions = permissions || '{manage-leads}' where code in ('admin', 'billing');

create trigger sales_stage_moves_append_only before update or delete or truncate on sales_stage_moves
    for each statement execute function refuse_change();
create trigger opportunity_notes_append_only before update or delete or truncate on opportunity_notes
    for each statement execute function refuse_change();
