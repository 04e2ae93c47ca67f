-- Money on its way back to customers. A request says who asked for what; a repayment is the money itself, from the moment
-- somebody asked until it arrived or came back. A ledger is debited when its repayment is submitted, and credited again by
-- a reversal if that fails. Until then the credit that open repayments draw on is spoken for.

-- What customers may ask back by themselves. months_kept: how many average months of charges should stay on the ledger.
-- only_what_was_debited: no more than came by the direct debit that the money would go back to.
create table refund_rules (
    market text primary key,
    most_by_customer bigint not null check (most_by_customer > 0),
    months_kept integer not null check (months_kept >= 0),
    only_what_was_debited boolean not null,
    days_between integer not null check (days_between >= 0),
    lapses_after_days integer not null check (lapses_after_days > 0),
    sends_cheques boolean not null
);

insert into refund_rules (market, most_by_customer, months_kept, only_what_was_debited, days_between, lapses_after_days,
    sends_cheques)
values ('gb', 100000, 1, true, 0, 30, true), ('de', 100000, 1, false, 0, 30, false),
    ('au', 100000, 1, false, 0, 30, true), ('us', 100000, 0, false, 30, 30, true), ('jp', 100000, 0, false, 0, 30, false);

create table repayment_requests (
    id bigint generated always as identity (start with 71001) primary key,
    account_id bigint not null references accounts (id),
    ledger_id bigint not null references ledgers (id),
    kind text not null check (kind in ('repayment', 'refund')),
    -- The payment that is paid back, if it is one.
    payment_id bigint,
    -- The bank account or card that it goes to; none for a cheque.
    instruction_id bigint references payment_instructions (id),
    amount bigint not null check (amount > 0),
    method text not null check (method in ('BANK_TRANSFER', 'CHEQUE', 'CARD')),
    reason text,
    status text not null default 'REQUESTED' check (status in ('REQUESTED', 'ACCEPTED', 'CANCELLED', 'REJECTED')),
    idempotency_key text,
    -- Asked for by the plain form, of which one at a time is open.
    is_plain boolean not null default false,
    requested_by_kind text not null,
    requested_by_id bigint not null,
    requested_at timestamptz not null,
    decided_by_kind text,
    decided_by_id bigint,
    decided_at timestamptz,
    decision text,
    constraint repayment_requests_idempotency_key unique (account_id, idempotency_key),
    constraint repayment_requests_of_payment check ((kind = 'refund') = (payment_id is not null)),
    constraint repayment_requests_decided check ((status = 'REQUESTED') = (decided_at is null))
);

create index repayment_requests_ledger on repayment_requests (ledger_id, id);
create unique index repayment_requests_plain on repayment_requests (ledger_id) where is_plain and status = 'REQUESTED';

-- WITHDRAWN: its request was cancelled or rejected, so it never became one.
create table account_repayments (
    id bigint generated always as identity (start with 72001) primary key,
    account_id bigint not null references accounts (id),
    ledger_id bigint not null references ledgers (id),
    request_id bigint references repayment_requests (id),
    amount bigint not null check (amount > 0),
    method text not null check (method in ('BANK_TRANSFER', 'CHEQUE', 'CARD')),
    instruction_id bigint references payment_instructions (id),
    -- Whether it is paid out of the credit of the ledger, and not whatever its balance is.
    draws_on_credit boolean not null,
    status text not null check (status in
        ('REQUESTED', 'APPROVED', 'SUBMITTED', 'FAILED', 'PAID', 'THIRD_PARTY', 'HISTORIC', 'WITHDRAWN')),
    is_blocked boolean not null default false,
    payment_date date not null,
    requested_by_kind text not null,
    requested_by_id bigint not null,
    created_at timestamptz not null,
    approved_by_kind text,
    approved_by_id bigint,
    approved_at timestamptz,
    transaction_id bigint references transactions (id),
    submitted_at timestamptz,
    attempts integer not null default 0,
    handed_over_at timestamptz,
    vendor_reference text,
    settled_at timestamptz,
    failure text,
    constraint account_repayments_request_key unique (request_id),
    constraint account_repayments_transaction_key unique (transaction_id),
    constraint account_repayments_vendor_key unique (vendor_reference),
    constraint account_repayments_debited check ((status in ('SUBMITTED', 'FAILED', 'PAID')) = (transaction_id is not null)),
    constraint account_repayments_four_eyes check (approved_by_kind is null
        or (approved_by_kind, approved_by_id) <> (requested_by_kind, requested_by_id))
);

create index account_repayments_account on account_repayments (account_id, id);
create index account_repayments_open on account_repayments (ledger_id) where status in ('REQUESTED', 'APPROVED');
create index account_repayments_under_way on account_repayments (status) where status in ('APPROVED', 'SUBMITTED');

create table repayment_interventions (
    id bigint generated always as identity (start with 73001) primary key,
    repayment_id bigint not null references account_repayments (id),
    outcome text not null check (outcome in ('BLOCKED', 'ALLOWED')),
    reason text,
    by_kind text not null,
    by_id bigint not null,
    at timestamptz not null
);

create index repayment_interventions_repayment on repayment_interventions (repayment_id);

create trigger repayment_interventions_append_only before update or delete or truncate on repayment_interventions
    for each statement execute function refuse_change();

-- The simulated payout service's own rows. An order is known by the reference that it was given, and by no other.
create table simulated_payouts (
    reference text primary key,
    amount bigint not null check (amount > 0),
    currency text not null,
    method text not null,
    taken_at timestamptz not null,
    due_at timestamptz not null,
    fate text not null check (fate in ('paid', 'failed', 'returned')),
    reported text check (reported in ('paid', 'failed', 'returned'))
);

create index simulated_payouts_due on simulated_payouts (due_at) where reported is distinct from fate;

update support_roles set permissions = permissions || '{approve-repayments}' where code in ('admin', 'billing');
