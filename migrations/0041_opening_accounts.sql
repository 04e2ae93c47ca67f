-- Signing customers up. Whoever asks twice for the same person or account is given the same one: the row of the
-- sign-up is held while it is made. Who introduced them is part of the key, because others may not see them. The
-- fingerprint is a digest, so that nothing personal is kept twice.

alter table accounts add column is_shell boolean not null default false;

create table sign_ups (
    kind text not null check (kind in ('user', 'account')),
    brand text not null,
    introduced_by bigint not null,
    fingerprint text not null,
    account_user_id bigint references account_users (id),
    account_id bigint references accounts (id),
    primary key (kind, brand, introduced_by, fingerprint),
    check (num_nonnulls(account_user_id, account_id) <= 1)
);

create index sign_ups_account_user on sign_ups (account_user_id) where account_user_id is not null;

-- How an account was sold. Households may withdraw for some days.
create table account_applications (
    id bigint generated always as identity (start with 49001) primary key,
    account_id bigint not null references accounts (id),
    sales_channel text not null check (sales_channel <> ''),
    sales_subchannel text,
    date_of_sale date not null,
    cooling_off_end date check (cooling_off_end >= date_of_sale),
    preferred_ssd date,
    created_at timestamptz not null,
    constraint account_applications_account_key unique (account_id)
);

-- What a brand does not do (brands come from data files, after the migrations).
create table closed_operations (
    brand text not null,
    operation text not null check (operation in ('initializeUser', 'initializeAccount', 'prepareAccount')),
    primary key (brand, operation)
);

-- A brand that takes no new customers.
insert into closed_operations (brand, operation) values
    ('COOP_ENERGY', 'initializeUser'), ('COOP_ENERGY', 'initializeAccount'), ('COOP_ENERGY', 'prepareAccount');

update support_roles set permissions = permissions || '{open-accounts}' where code in ('admin', 'billing');
