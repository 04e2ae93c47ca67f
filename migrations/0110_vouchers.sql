-- Vouchers: energy that customers pay for out of their credit now and have credited later. What was paid is kept in the
-- book of vouchers until it is redeemed, and what a voucher is worth beyond its price is given as a credit.

-- What is sold: price and value in minor units, and for how many days after it was bought a voucher is not redeemed yet.
-- A voucher may be given back while it is whole, for refund_days.
create table voucher_schemes (
    id bigint generated always as identity (start with 130001) primary key,
    market text not null,
    code text not null check (code ~ '^[A-Z0-9_]+$'),
    display_name text not null check (display_name <> ''),
    price bigint not null check (price between 1 and 2147483647),
    value bigint not null check (value between 1 and 2147483647),
    waiting_days integer not null check (waiting_days between 0 and 730),
    refund_days integer not null check (refund_days between 0 and 90),
    is_sold boolean not null default true,
    constraint voucher_schemes_code_key unique (market, code),
    check (value >= price)
);

insert into voucher_schemes (market, code, display_name, price, value, waiting_days, refund_days, is_sold) values
    ('au', 'WINTER_100', 'Winter energy voucher', 9500, 10000, 30, 14, true),
    ('au', 'ENERGY_50', 'Energy voucher', 5000, 5000, 0, 14, true),
    ('au', 'SUMMER_100', 'Summer energy voucher', 9000, 10000, 60, 14, false),
    ('gb', 'WINTER_100', 'Winter voucher', 9500, 10000, 30, 14, true),
    ('gb', 'ENERGY_20', 'Energy voucher', 2000, 2000, 0, 14, true),
    ('us', 'ENERGY_50', 'Energy voucher', 5000, 5000, 0, 14, true);

-- A voucher that an account bought: what it was charged for it on its ledger of vouchers, and the transfer from its main
-- ledger that paid. redeemed counts what has been credited of the value; who holds the row may redeem.
create table voucher_purchases (
    id bigint generated always as identity (start with 131001) primary key,
    account_id bigint not null references accounts (id),
    scheme_id bigint not null references voucher_schemes (id),
    price bigint not null check (price > 0),
    value bigint not null check (value >= price),
    redeemed bigint not null default 0,
    purchased_at timestamptz not null,
    purchased_on date not null,
    available_from date not null,
    refundable_until date not null,
    charge_id bigint not null references transactions (id),
    transfer_charge_id bigint not null references transactions (id),
    transfer_credit_id bigint not null references transactions (id),
    client_params json,
    idempotency_key uuid,
    refunded_at timestamptz check (refunded_at >= purchased_at),
    by_kind text not null,
    by_id bigint not null,
    constraint voucher_purchases_charge_key unique (charge_id),
    constraint voucher_purchases_idempotency_key unique (account_id, idempotency_key),
    constraint voucher_purchases_never_overdrawn check (redeemed between 0 and value),
    check (available_from >= purchased_on and refundable_until >= purchased_on),
    check (refunded_at is null or redeemed = 0)
);

create index voucher_purchases_account on voucher_purchases (account_id, id);

-- What was credited of a voucher. paid is the part of it that the price covers.
create table voucher_redemptions (
    id bigint generated always as identity (start with 132001) primary key,
    purchase_id bigint not null references voucher_purchases (id),
    transaction_id bigint not null references transactions (id),
    amount bigint not null check (amount > 0),
    paid bigint not null check (paid between 0 and amount),
    claimed_at timestamptz not null,
    by_kind text not null,
    by_id bigint not null,
    constraint voucher_redemptions_transaction_key unique (transaction_id)
);

create index voucher_redemptions_purchase on voucher_redemptions (purchase_id, id);
