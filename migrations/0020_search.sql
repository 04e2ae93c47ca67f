-- People and accounts are found by whatever is known of them, misspelt or not. The texts that are searched are
-- computed by the database itself, so that no writer can forget them; trigrams do the rest.

create extension if not exists pg_trgm;

-- Digits only, because nobody types a number twice the same way.
alter table account_users
    add column phones text[] not null generated always as (array_remove(
        array[regexp_replace(mobile, '[^0-9]', '', 'g'), regexp_replace(landline, '[^0-9]', '', 'g')], '')) stored,
    add column search_text text not null generated always as (
        number || ' ' || given_name || ' ' || family_name || ' ' || coalesce(preferred_name, '') || ' ' || email
        || ' ' || mobile || ' ' || landline) stored;

alter table accounts
    add column address_text text not null generated always as (
        billing_address_line1 || ' ' || billing_address_line2 || ' ' || billing_address_line3 || ' '
        || billing_address_line4 || ' ' || billing_address_line5 || ' ' || billing_postcode || ' '
        || replace(billing_postcode, ' ', '')) stored,
    add column search_text text not null generated always as (
        number || ' ' || coalesce(urn, '') || ' ' || billing_name || ' ' || billing_sub_name || ' ' || billing_email
        || ' ' || billing_address_line1 || ' ' || billing_address_line2 || ' ' || billing_address_line3 || ' '
        || billing_address_line4 || ' ' || billing_address_line5 || ' ' || billing_postcode || ' '
        || replace(billing_postcode, ' ', '')) stored;

create index account_users_phones on account_users using gin (phones);
create index account_users_search on account_users using gin (search_text gin_trgm_ops);
create index accounts_search on accounts using gin (search_text gin_trgm_ops);
create index portfolios_search on portfolios using gin (number gin_trgm_ops);
