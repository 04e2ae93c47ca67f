-- Quotes of products for the supply points of an account. What was quoted stays as it was; prices hold until the quote lapses.
-- Amounts are minor units.

-- Markets in which accounts are quoted so: for how many days, and after how many a customer may be reminded of it, if at all. In
-- Japan quotes are asked for by postal area.
create table quote_rules (
    market text primary key,
    valid_days integer not null check (valid_days > 0),
    reminder_days integer check (reminder_days > 0),
    check (reminder_days < valid_days)
);

insert into quote_rules (market, valid_days, reminder_days) values
    ('gb', 30, 7), ('de', 14, 5), ('au', 30, 7), ('us', 14, null);

create table quote_requests (
    id bigint generated always as identity primary key,
    code uuid not null,
    account_id bigint not null references accounts (id),
    as_of date not null,
    requested_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    by_kind text not null,
    by_id bigint not null,
    constraint quote_requests_code_key unique (code),
    check (expires_at > requested_at)
);

create index quote_requests_account on quote_requests (account_id);

-- annual_wh is what is expected to be used in a year.
create table quoted_points (
    id bigint generated always as identity primary key,
    quote_id bigint not null references quote_requests (id),
    supply_point_id bigint not null references supply_points (id),
    annual_wh bigint not null check (annual_wh >= 0),
    constraint quoted_points_once unique (quote_id, supply_point_id)
);

-- What the expected year costs, as far as prices are known for it. Numbered apart from products: a switch may be asked for by
-- either.
create table quoted_products (
    id bigint generated always as identity (start with 1000000001) primary key,
    quoted_point_id bigint not null references quoted_points (id),
    product_id bigint not null references products (id),
    tariff_id bigint not null references tariffs (id),
    annual_net bigint,
    annual_gross bigint,
    was_selected boolean not null default false,
    constraint quoted_products_once unique (quoted_point_id, product_id),
    check ((annual_net is null) = (annual_gross is null))
);

create unique index quoted_products_selected on quoted_products (quoted_point_id) where was_selected;

-- Reminders of quotes that were asked for: one a quote. Nobody is reminded of a quote that was taken up or has lapsed.
create table quote_reminders (
    quote_id bigint primary key references quote_requests (id),
    channel text not null check (channel in ('EMAIL', 'SMS')),
    recipient text not null,
    given_name text not null,
    due_at timestamptz not null,
    settled_at timestamptz,
    message_id bigint references messages (id)
);

create index quote_reminders_due on quote_reminders (due_at) where settled_at is null;
