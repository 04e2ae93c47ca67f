-- Customers who find it hard to pay: what was agreed with them, and the help that they were granted. Days are half-open.
-- Of one kind there is one agreement at a time, and of one kind of help one grant.

create table hardship_agreements (
    id bigint generated always as identity (start with 92001) primary key,
    account_id bigint not null references accounts (id),
    hardship_type text not null check (hardship_type in ('DEATH_IN_FAMILY', 'HOUSEHOLD_ILLNESS', 'FAMILY_VIOLENCE',
        'UNEMPLOYMENT', 'REDUCED_INCOME', 'OTHER')),
    kind_number integer generated always as (array_position(array['DEATH_IN_FAMILY', 'HOUSEHOLD_ILLNESS',
        'FAMILY_VIOLENCE', 'UNEMPLOYMENT', 'REDUCED_INCOME', 'OTHER'], hardship_type)) stored,
    entry_reason text check (entry_reason in ('SELF_IDENTIFIED', 'EXTERNAL_REFERENCE', 'RETAILER_REFERRAL')),
    details text not null check (details <> ''),
    payment_plan text not null check (payment_plan <> ''),
    days daterange not null check (not isempty(days) and not lower_inf(days)),
    created_at timestamptz not null,
    constraint hardship_agreements_one_of_a_kind exclude using gist (
        int8range(account_id, account_id, '[]') with &&, int4range(kind_number, kind_number, '[]') with &&,
        days with &&)
);

create index hardship_agreements_account on hardship_agreements (account_id);

-- Help with energy bills, by market.
create table assistance_types (
    id bigint generated always as identity primary key,
    market text not null,
    code text not null,
    constraint assistance_types_key unique (market, code)
);

insert into assistance_types (market, code) values
    ('gb', 'WARM_HOME_DISCOUNT'), ('gb', 'HARDSHIP_FUND'), ('us', 'LIHEAP'), ('us', 'LITE_UP'),
    ('au', 'UTILITY_RELIEF_GRANT'), ('au', 'ENERGY_ACCOUNTS_PAYMENT_ASSISTANCE'), ('de', 'WOHNGELD_PLUS'),
    ('jp', 'SEIKATSU_HOGO');

create table assistance_agreements (
    id bigint generated always as identity (start with 92501) primary key,
    account_id bigint not null references accounts (id),
    type_id bigint not null references assistance_types (id),
    days daterange not null check (not isempty(days) and not lower_inf(days)),
    created_at timestamptz not null,
    constraint assistance_agreements_no_overlap exclude using gist (
        int8range(account_id, account_id, '[]') with &&, int8range(type_id, type_id, '[]') with &&, days with &&)
);

create index assistance_agreements_account on assistance_agreements (account_id);
