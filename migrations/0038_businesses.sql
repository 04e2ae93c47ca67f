-- Businesses that are customers. A business has one number in the register of its country, and a number is one
-- business's; those without a number, or with one of a register that is not known, cannot be told apart by it.

create table business_sectors (
    code text primary key check (code ~ '^[A-Z][A-Z_]*$')
);

insert into business_sectors (code) values
    ('AGRICULTURE'), ('ARTS_AND_RECREATION'), ('CONSTRUCTION'), ('EDUCATION'), ('ENERGY'), ('FINANCE'),
    ('HEALTH_AND_CARE'), ('HOSPITALITY'), ('INFORMATION_AND_COMMUNICATION'), ('MANUFACTURING'), ('MINING'),
    ('PROFESSIONAL_SERVICES'), ('PUBLIC_SERVICES'), ('REAL_ESTATE'), ('RETAIL'), ('TRANSPORT'), ('WATER_AND_WASTE'),
    ('OTHER_SERVICES');

-- What an account or a portfolio can be to a business.
create table business_roles (
    code text primary key
);

insert into business_roles (code) values ('OWNER'), ('BILL_PAYER'), ('MANAGING_AGENT'), ('CONTACT');

create table businesses (
    id bigint generated always as identity (start with 46001) primary key,
    name text not null check (name <> ''),
    number text not null,
    number_type text not null check (number_type in ('COMPANY_NUMBER', 'HANDELSREGISTER', 'CORPORATE_NUMBER', 'ABN',
        'ACN', 'EIN', 'UNKNOWN', 'MISSING')),
    displayable_number text not null,
    business_type text not null check (business_type in ('SOLE_TRADER', 'LIMITED', 'PROPRIETARY_LIMITED_COMPANY',
        'PARTNERSHIP', 'CHARITY', 'PUBLIC_LIMITED_COMPANY', 'LIMITED_LIABILITY_PARTNERSHIP', 'TRUST', 'TRADING_AS',
        'GOVERNMENT', 'NON_PROFIT', 'CHURCH', 'HOMEOWNER_ASSOCIATION', 'TO_BE_DETERMINED')),
    billing_address_id bigint references addresses (id),
    legal_address_id bigint references addresses (id),
    -- The organisation that registered it and so may see it before any account is linked.
    organisation_id bigint references organisations (id),
    created_at timestamptz not null,
    check ((number = '') = (number_type = 'MISSING'))
);

create unique index businesses_number_key on businesses (number_type, number)
    where number_type not in ('UNKNOWN', 'MISSING');
create index businesses_displayable_number on businesses (displayable_number);
create index businesses_organisation on businesses (organisation_id) where organisation_id is not null;

create table business_sector_memberships (
    business_id bigint not null references businesses (id),
    sector text not null,
    primary key (business_id, sector),
    constraint business_sector_memberships_sector_fkey foreign key (sector) references business_sectors (code)
);

create table business_details (
    business_id bigint not null references businesses (id),
    key text not null check (key <> ''),
    value text not null,
    constraint business_details_key primary key (business_id, key)
);

create index business_details_value on business_details (key, value);

-- Which business an account is of: its own link, or else that of its portfolio.
create table business_accounts (
    account_id bigint primary key references accounts (id),
    business_id bigint not null references businesses (id),
    role text not null,
    linked_at timestamptz not null,
    constraint business_accounts_role_fkey foreign key (role) references business_roles (code)
);

create index business_accounts_business on business_accounts (business_id);

create table business_portfolios (
    portfolio_id bigint primary key references portfolios (id),
    business_id bigint not null references businesses (id),
    role text not null,
    linked_at timestamptz not null,
    constraint business_portfolios_role_fkey foreign key (role) references business_roles (code)
);

create index business_portfolios_business on business_portfolios (business_id);

-- What people are to businesses follows from the accounts and portfolios that they own.
create view business_people as
    select own.business_id, r.user_id, own.role from business_accounts own
    join account_user_roles r on r.account_id = own.account_id and r.role = 'ACCOUNT_OWNER'
    union
    select own.business_id, r.user_id, own.role from business_accounts own
    join accounts a on a.id = own.account_id
    join portfolio_user_roles r on r.portfolio_id = a.portfolio_id and r.role = 'PORTFOLIO_OWNER'
    union
    select shared.business_id, r.user_id, shared.role from business_portfolios shared
    join portfolio_user_roles r on r.portfolio_id = shared.portfolio_id and r.role = 'PORTFOLIO_OWNER'
    union
    select shared.business_id, r.user_id, shared.role from business_portfolios shared
    join accounts a on a.portfolio_id = shared.portfolio_id
        and not exists (select 1 from business_accounts own where own.account_id = a.id)
    join account_user_roles r on r.account_id = a.id and r.role = 'ACCOUNT_OWNER';

-- Groups of businesses that are treated alike. Some are for a time only.
create table business_segments (
    id bigint generated always as identity (start with 46501) primary key,
    name text not null,
    months integer check (months > 0),
    constraint business_segments_name_key unique (name)
);

insert into business_segments (name, months) values
    ('NEW_BUSINESS', 12), ('MICRO_BUSINESS', null), ('SMALL_AND_MEDIUM', null), ('INDUSTRIAL_AND_COMMERCIAL', null),
    ('PUBLIC_SECTOR', null);

-- A business is in one segment at a time: periods include their start and exclude their end.
create table business_segment_periods (
    id bigint generated always as identity (start with 46601) primary key,
    business_id bigint not null references businesses (id),
    segment_id bigint not null references business_segments (id),
    period tstzrange not null check (not isempty(period) and lower(period) is not null and lower_inc(period)
        and not upper_inc(period)),
    constraint business_segment_periods_no_overlap exclude using gist (
        int8range(business_id, business_id, '[]') with &&, period with &&
    )
);

update support_roles set permissions = permissions || '{manage-businesses}' where code in ('admin', 'billing');
