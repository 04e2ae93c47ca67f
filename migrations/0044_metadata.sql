-- Keys and values that other systems attach to things: one row a key, beside exactly one thing. A further kind of
-- thing is a further column here, and a further case of the type that names them.

create table metadata (
    id bigint generated always as identity primary key,
    account_id bigint references accounts (id),
    account_user_id bigint references account_users (id),
    key text not null check (key <> ''),
    value json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    check (num_nonnulls(account_id, account_user_id) = 1)
);

create unique index metadata_account on metadata (account_id, key) where account_id is not null;
create unique index metadata_account_user on metadata (account_user_id, key) where account_user_id is not null;
