-- Charges and credits that are to be posted once business time has passed a moment. Until then they can be withdrawn.
-- Whoever posts one holds its row and sets transaction_id in the same transaction, so that it is posted once.
-- queued_at is wall time: when a job was last made of it.

create table scheduled_transactions (
    id bigint generated always as identity (start with 66001) primary key,
    ledger_id bigint not null references ledgers (id),
    action text not null check (action in ('CHARGE', 'CREDIT')),
    book text not null,
    net_amount bigint not null check (net_amount >= 0),
    tax_amount bigint not null check (tax_amount >= 0),
    gross_amount bigint not null check (gross_amount > 0),
    tax_rate numeric,
    reason_code text not null,
    title text not null,
    internal_note text not null default '',
    display_note text not null default '',
    metadata json not null default '{}',
    ancillary_data json not null default '{}',
    idempotency_key text,
    posted_after timestamptz not null,
    created_at timestamptz not null,
    queued_at timestamptz,
    withdrawn_at timestamptz,
    transaction_id bigint references transactions (id),
    posted_at timestamptz,
    constraint scheduled_transactions_idempotency_key unique (idempotency_key),
    constraint scheduled_transactions_transaction_key unique (transaction_id),
    check (net_amount + tax_amount = gross_amount),
    check ((transaction_id is null) = (posted_at is null)),
    check (transaction_id is null or withdrawn_at is null)
);

create index scheduled_transactions_due on scheduled_transactions (posted_after)
    where transaction_id is null and withdrawn_at is null;
create index scheduled_transactions_ledger on scheduled_transactions (ledger_id)
    where transaction_id is null and withdrawn_at is null;
