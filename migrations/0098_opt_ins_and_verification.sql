-- Consents that are asked for first and given by a token that only the owner of an address reads; e-mail addresses that were
-- proved; what came in from websites; devices and messengers by which people want to be reached. Tokens are kept as digests.

-- People who are no customers, by where they can be written to.
create table contacts (
    id bigint generated always as identity (start with 101) primary key,
    channel text not null check (channel in ('EMAIL', 'SMS')),
    address text not null check (address <> ''),
    constraint contacts_address_key unique (channel, address)
);

create table contact_consents (
    contact_id bigint not null references contacts (id),
    consent_type_id bigint not null references consent_types (id),
    value text not null check (value in ('ACCEPTED', 'REJECTED', 'UNKNOWN', 'PENDING')),
    at timestamptz not null,
    primary key (contact_id, consent_type_id)
);

-- A customer's, for themselves or for an account that they see, or that of somebody who is none.
create table double_opt_ins (
    id bigint generated always as identity primary key,
    token_hash bytea not null,
    consent_type_id bigint not null references consent_types (id),
    account_user_id bigint references account_users (id),
    account_id bigint references accounts (id),
    contact_id bigint references contacts (id),
    asked_from inet not null,
    asked_at timestamptz not null,
    -- Wall time, as of all tokens.
    expires_at timestamptz not null,
    confirmed_at timestamptz,
    confirmed_from inet,
    constraint double_opt_ins_token_key unique (token_hash),
    check (num_nonnulls(account_user_id, contact_id) = 1),
    check (account_id is null or account_user_id is not null)
);
create index double_opt_ins_account_user on double_opt_ins (account_user_id) where account_user_id is not null;

create table email_verifications (
    account_user_id bigint not null references account_users (id),
    email text not null check (email = lower(email)),
    token_hash bytea not null,
    sent_at timestamptz not null,
    expires_at timestamptz not null,
    verified_at timestamptz,
    primary key (account_user_id, email),
    constraint email_verifications_token_key unique (token_hash)
);

create table newsletter_signups (
    id bigint generated always as identity (start with 1001) primary key,
    email text not null,
    first_name text,
    at timestamptz not null
);
create index newsletter_signups_email on newsletter_signups (lower(email));

-- What was sent with an account number that nobody has is kept as it came.
create table form_submissions (
    id integer generated always as identity (start with 2001) primary key,
    account_number text not null,
    form_type text,
    content jsonb not null,
    by_kind text not null,
    by_id bigint not null,
    at timestamptz not null
);

-- Apps that can be notified, as the stores and the push services know them.
create table notifiable_applications (
    id bigint generated always as identity (start with 301) primary key,
    name text not null,
    bundle_id text not null,
    service text not null check (service in ('GCM', 'APNS', 'APNS_SANDBOX')),
    external_provider text not null check (external_provider in ('PINPOINT', 'FCM')),
    external_project_id text not null,
    description text not null,
    constraint notifiable_applications_bundle_key unique (bundle_id)
);
insert into notifiable_applications (name, bundle_id, service, external_provider, external_project_id, description) values
    ('Energy for Android', 'energy.kraken.android', 'GCM', 'FCM', 'kraken-energy-app', 'The customer app in the Play Store.'),
    ('Energy for iPhone', 'energy.kraken.ios', 'APNS', 'PINPOINT', '7f3c0d1e55', 'The customer app in the App Store.'),
    ('Energy for iPhone, beta', 'energy.kraken.ios.beta', 'APNS_SANDBOX', 'PINPOINT', '0a91be24c7',
        'The customer app as testers have it.');

-- A device tells its app one token; whoever logged in there last is notified.
create table push_notification_bindings (
    id bigint generated always as identity (start with 401) primary key,
    application_id bigint not null references notifiable_applications (id),
    account_user_id bigint not null references account_users (id),
    token text not null check (token <> ''),
    registered_at timestamptz not null,
    expires_at timestamptz not null,
    constraint push_notification_bindings_token_key unique (application_id, token)
);
create index push_notification_bindings_account_user on push_notification_bindings (account_user_id, id);

-- A link to somebody's LINE account is made by LINE, which answers with the nonce that it was sent there with.
create table line_links (
    account_user_id bigint primary key references account_users (id),
    nonce_hash bytea not null,
    requested_at timestamptz not null,
    line_user_id text,
    linked_at timestamptz,
    constraint line_links_nonce_key unique (nonce_hash),
    constraint line_links_line_user_key unique (line_user_id),
    check ((line_user_id is null) = (linked_at is null))
);
