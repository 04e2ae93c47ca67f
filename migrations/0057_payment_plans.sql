-- Debts that are paid off bit by bit. A plan is offered, and holds once it is accepted in time: a PLAN schedule then takes the
-- place of what the ledger was paid by, until the last instalment. A ledger has one plan at a time that is offered or holds.
create table payment_plans (
    id bigint generated always as identity (start with 84001) primary key,
    account_id bigint not null references accounts (id),
    ledger_id bigint not null references ledgers (id),
    strategy_name text not null,
    strategy_display_name text not null,
    schedule_type text not null check (schedule_type in ('CARD_PAYMENT', 'DIRECT_DEBIT')),
    status text not null check (status in ('OFFERED', 'EXPIRED', 'ACTIVE', 'COMPLETED', 'BROKEN')),
    offered_at timestamptz not null,
    offer_expires_at timestamptz not null check (offer_expires_at > offered_at),
    accepted_at timestamptz,
    ended_at timestamptz,
    schedule_id bigint references payment_schedules (id),
    made_by_kind text not null,
    made_by_id bigint not null,
    check ((status in ('ACTIVE', 'COMPLETED', 'BROKEN')) = (accepted_at is not null)),
    check ((accepted_at is null) = (schedule_id is null)),
    check ((status in ('OFFERED', 'ACTIVE')) = (ended_at is null))
);

create unique index payment_plans_one_at_a_time on payment_plans (ledger_id) where status in ('OFFERED', 'ACTIVE');
create index payment_plans_account on payment_plans (account_id, id desc);

create table payment_plan_instalments (
    plan_id bigint not null references payment_plans (id),
    position smallint not null check (position > 0),
    payable_date date not null,
    amount bigint not null check (amount > 0),
    payment_id bigint references account_payments (id),
    primary key (plan_id, position),
    constraint payment_plan_instalments_day_key unique (plan_id, payable_date)
);

create index payment_plan_instalments_waiting on payment_plan_instalments (payable_date) where payment_id is null;
