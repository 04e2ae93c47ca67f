-- Who else calls: staff, whose permissions follow from roles kept as data, and partner organisations,
-- which see nothing until an account is granted to them.

create table support_roles (
    code text primary key,
    permissions text[] not null
);

insert into support_roles (code, permissions) values
    ('admin', '{post-transactions,move-clock,manage-staff}'),
    ('billing', '{post-transactions}'),
    ('reader', '{}');

create table support_users (
    id bigint generated always as identity (start with 101) primary key,
    email text not null,
    name text not null,
    is_active boolean not null default true,
    tokens_valid_from bigint not null default 0,
    created_at timestamptz not null
);

create table support_user_roles (
    support_user_id bigint not null references support_users (id),
    role text not null references support_roles (code),
    primary key (support_user_id, role)
);

create table support_audit (
    id bigint generated always as identity primary key,
    support_user_id bigint not null references support_users (id),
    operation text not null,
    subject text,
    at timestamptz not null
);

create index support_audit_user on support_audit (support_user_id, at desc);

create table organisations (
    id bigint generated always as identity (start with 501) primary key,
    name text not null,
    secret_hash bytea not null check (octet_length(secret_hash) = 32),
    tokens_valid_from bigint not null default 0,
    is_active boolean not null default true,
    created_at timestamptz not null,
    constraint organisations_secret_hash_key unique (secret_hash)
);

create table organisation_grants (
    organisation_id bigint not null references organisations (id),
    account_id bigint not null references accounts (id),
    granted_at timestamptz not null,
    primary key (organisation_id, account_id)
);
