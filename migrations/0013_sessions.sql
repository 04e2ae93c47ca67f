-- What limits and ends a session. Tokens that act for a customer on somebody else's behalf (a third party's
-- long-lived refresh tokens, the keys in mailed links) end by a moment of their own, so that customers can sign
-- themselves out everywhere without cutting off the applications that they have let act for them.

alter table account_users add column others_valid_from bigint not null default 0;

alter table organisations add column client_id text;
update organisations set client_id = 'client-' || id;
alter table organisations alter column client_id set not null;
alter table organisations add constraint organisations_client_id_key unique (client_id);
alter table organisations add column permissions text[] not null default '{}';

-- third_party_id is the organisation that holds an account user's refresh token. hint is how the token begins.
alter table refresh_tokens
    add column third_party_id bigint references organisations (id),
    add column hint text not null default '',
    add column invalidated_at timestamptz,
    add constraint refresh_tokens_third_party check (third_party_id is null or account_user_id is not null);
create index refresh_tokens_third_party on refresh_tokens (third_party_id) where third_party_id is not null;

-- Tokens that were handed back before their hour was over. Rows are of no use after expires_at.
create table disabled_tokens (
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    expires_at timestamptz not null
);

-- Keys in links, each good for one kind of thing.
create table pre_signed_tokens (
    id bigint generated always as identity primary key,
    key_hash bytea not null check (octet_length(key_hash) = 32),
    hint text not null,
    account_user_id bigint not null references account_users (id),
    scope text not null,
    issued_by_organisation_id bigint references organisations (id),
    issued_by_support_user_id bigint references support_users (id),
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    invalidated_at timestamptz,
    constraint pre_signed_tokens_key unique (key_hash),
    check (num_nonnulls(issued_by_organisation_id, issued_by_support_user_id) = 1)
);
create index pre_signed_tokens_user on pre_signed_tokens (account_user_id, scope) where invalidated_at is null;

-- A masquerade token opens one session. Rows are of no use after expires_at.
create table used_masquerade_tokens (
    token_hash bytea primary key check (octet_length(token_hash) = 32),
    expires_at timestamptz not null
);

update support_roles set permissions = permissions || '{masquerade,manage-sessions,pre-sign-tokens}' where code = 'admin';

-- Whom staff stood in for, when they looked at the service as a customer does.
alter table support_audit add column as_account_user_id bigint references account_users (id);

-- Customers are looked up by e-mail.
create index account_users_email on account_users (lower(email));
