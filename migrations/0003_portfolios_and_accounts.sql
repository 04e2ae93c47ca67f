-- Portfolios group accounts; every account is in exactly one.

create table portfolios (
    id bigint generated always as identity (start with 2001) primary key,
    number text not null,
    brand text not null references brands (code),
    name text,
    billing_name text,
    collective_billing boolean not null default false,
    parent_id bigint references portfolios (id),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint portfolios_number_key unique (number)
);

create table accounts (
    id bigint generated always as identity (start with 3001) primary key,
    number text not null,
    brand text not null,
    market text not null,
    status text not null default 'ACTIVE' check (status in ('PENDING', 'INCOMPLETE', 'WITHDRAWN', 'ACTIVE',
        'ENROLMENT_ERROR', 'ENROLMENT_REJECTED', 'DORMANT', 'VOID')),
    account_type text not null default 'DOMESTIC' check (account_type in ('BUSINESS', 'DOMESTIC',
        'BUSINESS_OCCUPIER', 'OCCUPIER', 'MANAGED', 'PORTFOLIO_LEAD', 'BUSINESS_VACANT', 'VACANT',
        'BUSINESS_THIRD_PARTY_BILLED', 'DOMESTIC_THIRD_PARTY_BILLED', 'SUPPLY_POINT')),
    portfolio_id bigint not null references portfolios (id),
    urn text,
    billing_name text not null,
    billing_sub_name text not null default '',
    billing_email text not null default '',
    billing_address_line1 text not null default '',
    billing_address_line2 text not null default '',
    billing_address_line3 text not null default '',
    billing_address_line4 text not null default '',
    billing_address_line5 text not null default '',
    billing_postcode text not null default '',
    billing_country text not null check (billing_country ~ '^[A-Z]{2}$'),
    billing_delivery_point text not null default '',
    created_at timestamptz not null,
    constraint accounts_number_key unique (number),
    constraint accounts_urn_key unique (urn),
    foreign key (brand, market) references brands (code, market)
);

create index accounts_portfolio on accounts (portfolio_id);

alter table portfolios add column lead_account_id bigint references accounts (id);
