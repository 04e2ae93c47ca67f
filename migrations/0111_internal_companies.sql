-- The companies that the retailer trades as. A brand is one company's, whose name and numbers stand on its bills. Rows come from
-- the market data files.
create table internal_companies (
    id bigint generated always as identity (start with 133001) primary key,
    number text not null check (number <> ''),
    market text not null check (market in ('gb', 'de', 'jp', 'au', 'us')),
    name text not null check (name <> ''),
    registration text not null,
    second_registration text,
    tax_number text not null,
    legal_address json not null,
    constraint internal_companies_number_key unique (number),
    constraint internal_companies_market_key unique (id, market)
);

alter table brands add column company_id bigint,
    add constraint brands_company_fkey foreign key (company_id, market) references internal_companies (id, market);
