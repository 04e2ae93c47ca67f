-- What customers are credited for the electricity that they feed in is paid out to them on certain days, where there is a
-- bank account to pay to and they have not permitted the credit to settle other debts.

-- Every so many months, counted from January; on ledgers of one type; nothing below the minimum.
create table export_repayment_terms (
    market text primary key,
    ledger_type text not null,
    every_months integer not null check (12 % every_months = 0),
    day_of_month integer not null check (day_of_month between 1 and 28),
    minimum bigint not null check (minimum > 0)
);

insert into export_repayment_terms (market, ledger_type, every_months, day_of_month, minimum) values
    ('gb', 'SOLAR_WALLET_LEDGER', 3, 15, 1000),
    ('au', 'AUS_ELECTRICITY_LEDGER', 3, 15, 1000),
    ('us', 'USA_ELECTRICITY_LEDGER', 12, 15, 1000);

-- Each ledger's days that are over; without a repayment where there was nothing to pay.
create table export_repayments (
    ledger_id bigint not null references ledgers (id),
    due_on date not null,
    repayment_id bigint references account_repayments (id),
    primary key (ledger_id, due_on),
    constraint export_repayments_repayment_key unique (repayment_id)
);
