-- Yearly settlement of instalments: where customers pay the same every month and are billed once a year, the bill sets what was
-- charged against what was paid, and its balance is settled.

-- A rhythm that an account has because it pays fixed instalments, and not because somebody asked for it. It gives way when the
-- account begins to pay what each bill comes to.
alter table billing_configurations add column follows_payment boolean not null default false;

-- One for each bill that settles, for good. result is the balance with which the bill closed: above nothing a credit, of which
-- set_off is taken off the next instalments and paid_out goes back; below nothing a shortfall, of which collected is collected
-- by itself, and the rest, unasked, is on its way already or is paid by the customers themselves. instalments is what was paid in
-- the period. What was decided with the bill is carried out by a job: repayment_id, payment_id and new_schedule_id are what came
-- of it. A bill that is undone has its settlement undone: what had not happened by then no longer does. All amounts are minor
-- units.
create table instalment_settlements (
    id bigint generated always as identity (start with 89001) primary key,
    billing_document_id bigint not null references billing_documents (id),
    account_id bigint not null references accounts (id),
    ledger_id bigint not null references ledgers (id),
    schedule_id bigint not null references payment_schedules (id),
    instalments bigint not null,
    result bigint not null,
    set_off bigint not null check (set_off >= 0),
    paid_out bigint not null check (paid_out >= 0),
    collected bigint not null check (collected >= 0),
    unasked bigint not null check (unasked >= 0),
    collect_on date,
    -- What is charged in a month by what the bill charges; none where that is too little to tell.
    monthly_charge bigint check (monthly_charge > 0),
    old_instalment bigint not null check (old_instalment > 0),
    -- None where no instalment follows, as after moving out, or the old one cannot be changed.
    new_instalment bigint check (new_instalment > 0),
    new_from date,
    -- Nothing is supplied any more: the instalments end.
    is_final boolean not null,
    next_settlement_on date,
    decided_at timestamptz not null,
    carried_out_at timestamptz,
    undone_at timestamptz,
    repayment_id bigint references account_repayments (id),
    payment_id bigint references account_payments (id),
    new_schedule_id bigint references payment_schedules (id),
    constraint instalment_settlements_document_key unique (billing_document_id),
    constraint instalment_settlements_repayment_key unique (repayment_id),
    constraint instalment_settlements_payment_key unique (payment_id),
    constraint instalment_settlements_schedule_key unique (new_schedule_id),
    constraint instalment_settlements_add_up check (result = set_off + paid_out - collected - unasked),
    constraint instalment_settlements_one_way check (
        (set_off = 0 and paid_out = 0) or (collected = 0 and unasked = 0)),
    check ((collected > 0) = (collect_on is not null)),
    check ((new_instalment is null) = (new_from is null)),
    check (carried_out_at is not null or (repayment_id is null and payment_id is null and new_schedule_id is null)),
    check (repayment_id is null or paid_out > 0),
    check (payment_id is null or collected > 0)
);

create index instalment_settlements_ledger on instalment_settlements (ledger_id, id desc);
create index instalment_settlements_open on instalment_settlements (id) where carried_out_at is null and undone_at is null;

-- What an instalment was lower by because credit was set off against it. One that nothing was left of was not collected, and
-- has no payment.
create table instalment_offsets (
    settlement_id bigint not null references instalment_settlements (id),
    due_on date not null,
    amount bigint not null check (amount > 0),
    payment_id bigint references account_payments (id),
    primary key (settlement_id, due_on),
    constraint instalment_offsets_payment_key unique (payment_id)
);
