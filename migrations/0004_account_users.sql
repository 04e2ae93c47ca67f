-- The people who hold accounts. What a user may see follows from a role on the account itself or on the
-- portfolio around it, so both role tables are read by every look-up.
-- tokens_valid_from counts whole seconds since 1970: access tokens issued earlier are no longer valid.

create table account_users (
    id bigint generated always as identity (start with 4001) primary key,
    number text not null,
    given_name text not null,
    family_name text not null default '',
    email text not null default '',
    mobile text not null default '',
    landline text not null default '',
    title text,
    pronouns text,
    preferred_name text,
    date_of_birth date,
    is_deceased boolean not null default false,
    is_active boolean not null default true,
    tokens_valid_from bigint not null default 0,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint account_users_number_key unique (number)
);

create table account_user_roles (
    id bigint generated always as identity primary key,
    account_id bigint not null references accounts (id),
    user_id bigint not null references account_users (id),
    role text not null,
    created_at timestamptz not null,
    constraint account_user_roles_key unique (user_id, account_id, role)
);

create index account_user_roles_account on account_user_roles (account_id, user_id);

create table portfolio_user_roles (
    id bigint generated always as identity primary key,
    portfolio_id bigint not null references portfolios (id),
    user_id bigint not null references account_users (id),
    role text not null,
    created_at timestamptz not null,
    constraint portfolio_user_roles_key unique (user_id, portfolio_id, role)
);

create index portfolio_user_roles_portfolio on portfolio_user_roles (portfolio_id, user_id);
