-- Sales partners: the organisations that partner users work for.

create table affiliate_organisations (
    id bigint generated always as identity (start with 48001) primary key,
    number text not null,
    name text not null check (name <> ''),
    contact_email text not null,
    sales_channel text not null check (sales_channel ~ '^[A-Z][A-Z_]*$'),
    created_at timestamptz not null,
    constraint affiliate_organisations_number_key unique (number)
);

alter table partner_users
    add column given_name text not null default '',
    add column family_name text not null default '',
    add column last_login_at timestamptz,
    add column affiliate_organisation_id bigint references affiliate_organisations (id);

update partner_users set given_name = split_part(name, ' ', 1), family_name = substr(name, strpos(name || ' ', ' ') + 1);

create index partner_users_email on partner_users (lower(email));
create index partner_users_organisation on partner_users (affiliate_organisation_id);
