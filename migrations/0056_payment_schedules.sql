-- When and how much ledgers are paid. A schedule holds for a half-open period of the market's days, and a ledger has one at
-- a time, whoever asks for it at once. A change ends the one that holds and begins another; one that never began to hold
-- has an empty period.
--
-- trigger says what makes a payment fall due: REGULAR a day that comes round, BILL each bill, BALANCE a balance below
-- balance_below, PLAN the instalments of a payment plan. A day that a month does not have is its last. next_due is the next REGULAR day that has no
-- payment yet, and plan_on when it gets one; both are empty where nothing is collected.
create table payment_schedules (
    id bigint generated always as identity (start with 83001) primary key,
    account_id bigint not null references accounts (id),
    ledger_id bigint not null references ledgers (id),
    valid_from date not null,
    valid_to date check (valid_to >= valid_from),
    trigger text not null check (trigger in ('REGULAR', 'BILL', 'BALANCE', 'PLAN')),
    schedule_type text not null check (schedule_type in ('BACS_TRANSFER', 'CARD_PAYMENT', 'DIRECT_DEBIT', 'PAYMENT_SLIP')),
    reason text not null default 'GENERAL_ACCOUNT_PAYMENT' check (reason in ('GENERAL_ACCOUNT_PAYMENT', 'SSD_PAYMENT',
        'FINAL_PAYMENT', 'DEBT_REPAYMENT_PLAN')),
    frequency text check (frequency in ('Weekly', 'Monthly', 'Planned')),
    multiplier integer not null default 1 check (multiplier > 0),
    payment_day integer,
    payment_amount bigint check (payment_amount > 0),
    balance_below bigint,
    total_debt_amount bigint check (total_debt_amount > 0),
    holiday_reason text check (holiday_reason <> ''),
    note text,
    next_due date,
    plan_on date check (plan_on <= next_due),
    created_at timestamptz not null,
    made_by_kind text,
    made_by_id bigint,
    constraint payment_schedules_one_at_a_time exclude using gist (
        int8range(ledger_id, ledger_id, '[]') with &&, daterange(valid_from, valid_to) with &&
    ),
    check ((trigger = 'BILL') = (payment_amount is null)),
    check ((trigger = 'BALANCE') = (balance_below is not null)),
    check ((trigger = 'PLAN') = (frequency is not distinct from 'Planned')),
    check (trigger <> 'REGULAR' or (frequency is not null and payment_day is not null)),
    check (payment_day between 1 and case when frequency = 'Weekly' then 7 else 31 end),
    check (trigger <> 'PLAN' or (total_debt_amount is not null and reason = 'DEBT_REPAYMENT_PLAN'))
);

create index payment_schedules_account on payment_schedules (account_id, valid_from desc, id desc);
create index payment_schedules_due on payment_schedules (plan_on) where plan_on is not null;
create index payment_schedules_triggered on payment_schedules (ledger_id) where trigger in ('BILL', 'BALANCE');

alter table account_payments add foreign key (schedule_id) references payment_schedules (id);
