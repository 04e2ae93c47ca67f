-- Smart meters in prepayment mode: credit is bought on an account's ledger, passed to the meter over the air, and used up by
-- what runs through it. What has been passed lies on a ledger of its own, which pays for the energy of the meter when that
-- is charged.

alter table ledgers add column holds_meter_credit boolean not null
    generated always as (ledger_type in ('PREPAY_ELECTRICITY_LEDGER', 'PREPAY_GAS_LEDGER')) stored;

-- The least and the most that is put on a meter at once, below which balance it is topped up by itself, and how much of what
-- must be paid back may be lent to a meter in all. Minor units.
create table prepay_terms (
    market text primary key,
    least bigint not null check (least > 0),
    most bigint not null check (most >= least),
    tops_up_below bigint not null check (tops_up_below >= 0),
    most_lent bigint not null check (most_lent >= 0)
);

insert into prepay_terms (market, least, most, tops_up_below, most_lent) values ('gb', 100, 25000, 500, 3000);

-- A meter that an account pays ahead for. From since on, which begins a local day, what runs through it is paid from its
-- credit. It ends when the account is supplied there no more: then what is left goes back.
create table prepay_meters (
    id bigint generated always as identity (start with 101001) primary key,
    device_id bigint not null references smart_meter_devices (id),
    account_id bigint not null references accounts (id),
    ledger_id bigint not null references ledgers (id),
    since timestamptz not null,
    created_at timestamptz not null,
    ended_at timestamptz
);

create unique index prepay_meters_one_account on prepay_meters (device_id) where ended_at is null;
create index prepay_meters_account on prepay_meters (account_id);

-- The numbers under which shops take money for a meter: one at a time, and the newest counts. The last digit is a check digit.
create table payment_allocation_numbers (
    pan text primary key check (pan ~ '^9826[0-9]{15}$'),
    prepay_meter_id bigint not null references prepay_meters (id),
    issued_at timestamptz not null,
    replaced_at timestamptz,
    made_by_kind text not null,
    made_by_id bigint not null
);

create unique index payment_allocation_numbers_current on payment_allocation_numbers (prepay_meter_id)
    where replaced_at is null;

-- How a meter is topped up by itself: by which amount, once its balance is below a line. Minor units.
create table auto_top_ups (
    id bigint generated always as identity (start with 103001) primary key,
    prepay_meter_id bigint not null references prepay_meters (id),
    amount bigint not null check (amount > 0),
    below bigint not null check (below >= 0),
    effective_from timestamptz not null,
    effective_to timestamptz check (effective_to >= effective_from),
    made_by_kind text not null,
    made_by_id bigint not null
);

create unique index auto_top_ups_one_a_meter on auto_top_ups (prepay_meter_id) where effective_to is null;

-- Credit for a meter. WAITING: the payment that buys it has not cleared. ORDERED: it was taken from the account's ledger by
-- transaction_id, and the network of meters does not have it yet. SENT: the network has it. TOKEN: the meter cannot be
-- reached, and the customer has a number to type in. ARRIVED: the meter has it. REFUSED: it went back to the account's
-- ledger. CANCELLED: there was nothing to pass on. What is lent is taken from no ledger. Moments are business time.
create table meter_credits (
    id bigint generated always as identity (start with 102001) primary key,
    prepay_meter_id bigint not null references prepay_meters (id),
    amount bigint not null check (amount > 0),
    is_lent boolean not null,
    payment_id bigint references account_payments (id),
    auto_top_up_id bigint references auto_top_ups (id),
    status text not null check (status in ('WAITING', 'ORDERED', 'SENT', 'TOKEN', 'ARRIVED', 'REFUSED', 'CANCELLED')),
    transaction_id bigint references transactions (id),
    orders integer not null default 0,
    token text check (token ~ '^[0-9]{20}$'),
    reason text,
    asked_at timestamptz not null,
    sent_at timestamptz,
    arrived_at timestamptz,
    ended_at timestamptz,
    made_by_kind text,
    made_by_id bigint,
    constraint meter_credits_payment_key unique (payment_id),
    constraint meter_credits_transaction_key unique (transaction_id),
    check (status <> 'WAITING' or payment_id is not null),
    check (auto_top_up_id is null or payment_id is not null),
    check (status in ('WAITING', 'CANCELLED') or is_lent = (transaction_id is null)),
    check ((status = 'ARRIVED') = (arrived_at is not null)),
    check (status not in ('REFUSED', 'CANCELLED') or ended_at is not null),
    check (status <> 'TOKEN' or token is not null)
);

-- A meter is topped up by itself once at a time.
create unique index meter_credits_one_top_up on meter_credits (prepay_meter_id)
    where auto_top_up_id is not null and status = 'WAITING';
create index meter_credits_meter on meter_credits (prepay_meter_id);
create index meter_credits_under_way on meter_credits (status) where status in ('WAITING', 'ORDERED', 'SENT', 'TOKEN');

-- Money that shops took for a number, under the shops' name for each sale. What was paid for a number that nobody knows is
-- posted nowhere.
create table shop_sales (
    reference text primary key,
    pan text not null,
    amount bigint not null check (amount > 0),
    account_id bigint references accounts (id),
    transaction_id bigint references transactions (id),
    sold_at timestamptz not null,
    constraint shop_sales_transaction_key unique (transaction_id),
    check ((account_id is null) = (transaction_id is null))
);

-- The built-in network's own books: what it was to tell which meter, and what becomes of it when.
create table simulated_meter_messages (
    reference text primary key,
    device_id text not null,
    amount bigint not null check (amount > 0),
    taken_at timestamptz not null,
    fate text not null check (fate in ('arrives', 'refused', 'lost', 'unreachable', 'typed')),
    report_at timestamptz,
    arrived_at timestamptz
);

create index simulated_meter_messages_to_report on simulated_meter_messages (report_at) where report_at is not null;

-- The built-in shops' own books.
create table simulated_shop_sales (
    reference text primary key,
    pan text not null,
    amount bigint not null check (amount > 0),
    sold_at timestamptz not null,
    told_at timestamptz
);

create index simulated_shop_sales_untold on simulated_shop_sales (sold_at) where told_at is null;
