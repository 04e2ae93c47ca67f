-- Payments of customers: asked for, sent to whoever collects them, and known to have arrived or not.

update support_roles set permissions = permissions || '{manage-payments}'
where code in ('admin', 'billing') and not 'manage-payments' = any(permissions);

-- How a kind of payment is collected in a market, in working days: how long before the payment the customer is told, and
-- the order must be with the vendor, and how long after a payment that failed for want of money it is tried once more.
create table collection_terms (
    market text not null,
    method text not null,
    notice_days integer not null check (notice_days >= 0),
    lead_days integer not null check (lead_days between 0 and notice_days),
    retry_days integer check (retry_days > 0),
    on_working_days boolean not null,
    primary key (market, method)
);

insert into collection_terms (market, method, notice_days, lead_days, retry_days, on_working_days) values
    ('gb', 'DIRECT_DEBIT', 5, 2, 5, true),
    ('de', 'DIRECT_DEBIT', 5, 1, 5, true),
    ('jp', 'DIRECT_DEBIT', 10, 8, null, true),
    ('au', 'DIRECT_DEBIT', 3, 1, 3, true),
    ('us', 'DIRECT_DEBIT', 7, 1, 3, true),
    ('gb', 'CARD', 2, 0, 2, false),
    ('de', 'CARD', 2, 0, 2, false),
    ('jp', 'CARD', 2, 0, 2, false),
    ('au', 'CARD', 2, 0, 2, false),
    ('us', 'CARD', 2, 0, 2, false);

-- PENDING is set before the vendor hears of a payment, so that nobody changes what the vendor may know already.
-- vendor_reference tells that the vendor has it. Whoever moves a payment on holds its row. All moments are business time.
create table account_payments (
    id bigint generated always as identity (start with 81001) primary key,
    account_id bigint not null references accounts (id),
    ledger_id bigint not null references ledgers (id),
    instruction_id bigint references payment_instructions (id),
    schedule_id bigint,
    due_on date,
    billing_document_id bigint references billing_documents (id),
    represents_id bigint references account_payments (id),
    method text,
    amount bigint not null check (amount > 0),
    surcharge bigint not null default 0 check (surcharge >= 0),
    payment_date date not null,
    payment_type text,
    reason text check (reason in ('BALANCE_THRESHOLD_CROSSED', 'BILL_ISSUED', 'PAYMENT_PLAN', 'REGULAR_SCHEDULE')),
    status text not null check (status in ('REQUESTED', 'SCHEDULED', 'PENDING', 'CLEARED', 'FAILED', 'DELETED', 'PROMISED',
        'FULFILLED', 'PROMISE_BROKEN', 'HISTORIC', 'THIRD_PARTY')),
    reference text not null,
    idempotency_key text,
    announce_on date,
    send_on date,
    vendor_reference text,
    orders integer not null default 0,
    transaction_id bigint references transactions (id),
    failure text,
    requested_at timestamptz not null,
    announced_at timestamptz,
    sent_at timestamptz,
    cleared_at timestamptz,
    failed_at timestamptz,
    deleted_at timestamptz,
    made_by_kind text,
    made_by_id bigint,
    constraint account_payments_idempotency_key unique (account_id, idempotency_key),
    constraint account_payments_once_a_due_day unique (schedule_id, due_on),
    constraint account_payments_once_a_bill unique (billing_document_id),
    constraint account_payments_re_presented_once unique (represents_id),
    constraint account_payments_vendor_reference_key unique (vendor_reference),
    constraint account_payments_transaction_key unique (transaction_id),
    check (due_on is null or schedule_id is not null),
    check ((status = 'DELETED') = (deleted_at is not null)),
    check (status <> 'CLEARED' or (transaction_id is not null and cleared_at is not null)),
    check ((status = 'FAILED') = (failed_at is not null)),
    check (status not in ('REQUESTED', 'SCHEDULED', 'DELETED') or (vendor_reference is null and transaction_id is null)),
    check (status not in ('REQUESTED', 'SCHEDULED') or (announce_on <= send_on and send_on <= payment_date))
);

create index account_payments_account on account_payments (account_id, payment_date desc, id desc);
create index account_payments_ledger on account_payments (ledger_id, payment_date desc);
create index account_payments_instruction on account_payments (instruction_id);
create index account_payments_under_way on account_payments (status, payment_date)
    where status in ('REQUESTED', 'SCHEDULED', 'PENDING', 'PROMISED');

-- What people did to payments that were still to come, and why. Only ever added.
create table account_payment_changes (
    id bigint generated always as identity primary key,
    payment_id bigint not null references account_payments (id),
    kind text not null check (kind in ('amended', 'cancelled')),
    reason text,
    data jsonb not null,
    by_kind text not null,
    by_id bigint not null,
    at timestamptz not null
);

create index account_payment_changes_payment on account_payment_changes (payment_id);

-- The built-in vendor's own books: what it was asked to collect, and what becomes of it and when.
create table simulated_collections (
    order_reference text primary key,
    vendor_reference text not null,
    amount bigint not null check (amount > 0),
    payment_date date not null,
    taken_at timestamptz not null,
    constraint simulated_collections_vendor_reference_key unique (vendor_reference)
);

create table simulated_collection_events (
    id bigint generated always as identity primary key,
    order_reference text not null references simulated_collections (order_reference),
    outcome text not null check (outcome in ('CLEARED', 'FAILED', 'CLAIMED_BACK')),
    failure text,
    happens_at timestamptz not null,
    told_at timestamptz
);

create index simulated_collection_events_untold on simulated_collection_events (happens_at) where told_at is null;
