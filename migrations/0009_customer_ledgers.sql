-- What a customer sees of the books: named ledgers and the transactions on them. A ledger shares its id
-- with its ledger account, and a transaction names the one posting that moved the customer's balance.

create table ledgers (
    id bigint primary key references ledger_accounts (id),
    account_id bigint not null references accounts (id),
    number text not null,
    name text not null,
    ledger_type text not null,
    is_main boolean not null default false,
    affects_account_balance boolean not null,
    accepts_payments boolean not null,
    supports_statements boolean not null,
    supports_invoices boolean not null,
    is_debt_ledger boolean not null default false,
    created_at timestamptz not null,
    constraint ledgers_number_key unique (number),
    constraint ledgers_type_key unique (account_id, ledger_type)
);

create unique index ledgers_main on ledgers (account_id) where is_main;

-- amount is gross as shown: a positive charge or refund lowers the balance, a positive credit or
-- payment raises it. tags repeat the filters that clients may ask for.
create table transactions (
    id bigint generated always as identity (start with 8001) primary key,
    ledger_id bigint not null references ledgers (id),
    sequence bigint not null,
    journal_entry_id bigint not null references journal_entries (id),
    kind text not null check (kind in ('charge', 'credit', 'payment', 'refund')),
    posted_date date not null,
    created_at timestamptz not null,
    amount bigint not null,
    net_amount bigint not null,
    tax_amount bigint not null,
    title text not null,
    note text,
    display_note text,
    reason_code text,
    payment_type text check ((payment_type is null) or kind in ('payment', 'refund')),
    supply text check (supply in ('electricity', 'gas', 'heat', 'water')),
    is_export boolean not null default false,
    is_imported boolean not null default false,
    is_held boolean not null default false,
    is_issued boolean not null default false,
    is_reversed boolean not null default false,
    billing_document_id bigint,
    metadata json,
    tags text[] not null generated always as (array_remove(array[
        case when is_issued then 'ISSUED_TRANSACTIONS' else 'UNISSUED_TRANSACTIONS' end,
        case when kind = 'charge' and supply in ('electricity', 'gas', 'heat') then 'ENERGY_CHARGES' end,
        case when kind = 'charge' and supply = 'water' then 'WATER_CHARGES' end,
        case when is_imported and kind = 'charge' then 'IMPORTED_CHARGES' end,
        case when is_imported and kind = 'credit' then 'IMPORTED_CREDITS' end,
        case when is_imported and kind = 'refund' then 'IMPORTED_REPAYMENTS' end,
        case when is_imported and kind = 'payment' then 'IMPORTED_PAYMENTS' end
    ], null)) stored,
    constraint transactions_posting_key unique (ledger_id, sequence),
    constraint transactions_net_and_tax check (net_amount + tax_amount = amount),
    foreign key (ledger_id, sequence) references postings (ledger_account_id, sequence)
);

create index transactions_by_date on transactions (ledger_id, posted_date, id);
create index transactions_entry on transactions (journal_entry_id);

-- Billing marks a transaction as issued, held or reversed later; what it says about money never changes.
create function transactions_keep_amounts() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and (new.id, new.ledger_id, new.sequence, new.journal_entry_id, new.kind, new.posted_date,
            new.created_at, new.amount, new.net_amount, new.tax_amount, new.is_imported)
        is not distinct from (old.id, old.ledger_id, old.sequence, old.journal_entry_id, old.kind, old.posted_date,
            old.created_at, old.amount, old.net_amount, old.tax_amount, old.is_imported) then
        return new;
    end if;
    raise exception 'transaction % is fixed', old.id
        using errcode = 'restrict_violation', constraint = 'transactions_append_only';
end $$;

create trigger transactions_keep_amounts before update or delete on transactions
    for each row execute function transactions_keep_amounts();
create trigger transactions_append_only before truncate on transactions
    for each statement execute function refuse_change();
