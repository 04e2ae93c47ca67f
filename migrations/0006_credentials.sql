-- One log-in is one e-mail, whoever it belongs to, so an address can never open two doors.
-- API keys, refresh tokens and secrets are kept only as SHA-256: they are long random values, so a fast
-- hash is enough, and a stolen table opens nothing.

create table logins (
    id bigint generated always as identity primary key,
    email text not null,
    password_hash text,
    account_user_id bigint references account_users (id),
    support_user_id bigint references support_users (id),
    created_at timestamptz not null,
    constraint logins_account_user_key unique (account_user_id),
    constraint logins_support_user_key unique (support_user_id),
    check (num_nonnulls(account_user_id, support_user_id) = 1)
);

create unique index logins_email_key on logins (lower(email));

create table api_keys (
    id bigint generated always as identity primary key,
    account_user_id bigint not null references account_users (id),
    key_hash bytea not null check (octet_length(key_hash) = 32),
    hint text not null,
    created_at timestamptz not null,
    revoked_at timestamptz,
    constraint api_keys_hash_key unique (key_hash)
);

create unique index api_keys_live on api_keys (account_user_id) where revoked_at is null;

create table refresh_tokens (
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    account_user_id bigint references account_users (id),
    support_user_id bigint references support_users (id),
    organisation_id bigint references organisations (id),
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    check (num_nonnulls(account_user_id, support_user_id, organisation_id) = 1)
);

create index refresh_tokens_expiry on refresh_tokens (expires_at);
create index refresh_tokens_account_user on refresh_tokens (account_user_id);
create index refresh_tokens_support_user on refresh_tokens (support_user_id);
create index refresh_tokens_organisation on refresh_tokens (organisation_id);

-- The newest key signs; older ones go on verifying until they are retired.
create table signing_keys (
    id bigint generated always as identity primary key,
    kid text not null,
    private_pem text not null,
    modulus text not null,
    exponent text not null,
    created_at timestamptz not null,
    retired_at timestamptz,
    constraint signing_keys_kid_key unique (kid)
);
