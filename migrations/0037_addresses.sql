-- Addresses in their parts. A kept address never changes: whoever moves is given another one.

create table addresses (
    id bigint generated always as identity (start with 45001) primary key,
    name text not null,
    organization text not null,
    street_address text not null check (street_address <> ''),
    structured_street jsonb check (jsonb_typeof(structured_street) = 'object'),
    dependent_locality text not null,
    locality text not null check (locality <> ''),
    administrative_area text not null,
    postal_code text not null,
    sorting_code text not null,
    country text not null check (country ~ '^[A-Z]{2}$'),
    delivery_point text not null
);

create trigger addresses_append_only before update or delete or truncate on addresses
    for each statement execute function refuse_change();

-- The billing address of an account has the same parts.
alter table accounts
    add column billing_organization text not null default '',
    add column billing_structured_street jsonb check (jsonb_typeof(billing_structured_street) = 'object');
