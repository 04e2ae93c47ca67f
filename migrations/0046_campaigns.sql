-- Campaigns, and the accounts that take part. A campaign runs, and an account is in it, from the first day on until the
-- one that ends the range. An account is in a campaign once at a time.

create table campaigns (
    id bigint generated always as identity (start with 74001) primary key,
    slug text not null check (slug ~ '^[a-z0-9-]+$'),
    name text not null check (name <> ''),
    days daterange not null check (not isempty(days) and lower(days) is not null),
    constraint campaigns_slug_key unique (slug),
    constraint campaigns_name_key unique (name)
);

insert into campaigns (slug, name, days) values
    ('beta-testers', 'Beta testers', '[2020-01-01,)'),
    ('paperless-billing', 'Paperless billing', '[2020-01-01,)'),
    ('winter-wellbeing', 'Winter wellbeing', '[2020-01-01,)');

create table account_campaigns (
    id bigint generated always as identity (start with 74501) primary key,
    account_id bigint not null references accounts (id),
    campaign_id bigint not null references campaigns (id),
    days daterange not null check (not isempty(days) and lower(days) is not null),
    by_kind text not null,
    by_id bigint not null,
    created_at timestamptz not null,
    constraint account_campaigns_once exclude using gist (
        int8range(account_id, account_id, '[]') with &&, int8range(campaign_id, campaign_id, '[]') with &&, days with &&
    )
);

create index account_campaigns_account on account_campaigns (account_id);
