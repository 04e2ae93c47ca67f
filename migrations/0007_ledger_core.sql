-- Double entry. A ledger account is anything money can stand on: a customer's ledger or one of the
-- retailer's own books. Postings are only ever added, sum to zero in each journal entry, and never
-- mix currencies: the composite foreign keys make a second currency impossible.
-- The retailer's books are striped so that unrelated customers do not queue for one row.

create table ledger_accounts (
    id bigint generated always as identity (start with 6001) primary key,
    owner text not null check (owner in ('customer', 'house')),
    market text not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    book text,
    stripe smallint,
    created_at timestamptz not null,
    constraint ledger_accounts_currency_key unique (id, currency),
    constraint ledger_accounts_book_key unique (market, book, stripe),
    check ((owner = 'house') = (book is not null)),
    check ((owner = 'house') = (stripe is not null))
);

create table journal_entries (
    id bigint generated always as identity (start with 7001) primary key,
    currency text not null,
    kind text not null check (kind in ('charge', 'credit', 'payment', 'refund', 'transfer')),
    posted_date date not null,
    created_at timestamptz not null,
    constraint journal_entries_currency_key unique (id, currency)
);

-- sequence has no gaps within a ledger account; balance_after is the balance carried forward.
create table postings (
    ledger_account_id bigint not null,
    sequence bigint not null check (sequence > 0),
    journal_entry_id bigint not null,
    currency text not null,
    amount bigint not null check (amount <> 0),
    balance_after bigint not null,
    primary key (ledger_account_id, sequence),
    foreign key (ledger_account_id, currency) references ledger_accounts (id, currency),
    foreign key (journal_entry_id, currency) references journal_entries (id, currency)
);

create index postings_entry on postings (journal_entry_id);

-- Rewritten by every posting, hence the free space for in-page updates.
create table ledger_balances (
    ledger_account_id bigint primary key references ledger_accounts (id),
    balance bigint not null default 0,
    last_sequence bigint not null default 0 check (last_sequence >= 0)
) with (fillfactor = 50);

create function journal_entry_sums_to_zero() returns trigger language plpgsql as $$
declare
    entry bigint;
    total numeric;
    legs bigint;
begin
    if tg_table_name = 'postings' then
        entry := new.journal_entry_id;
    else
        entry := new.id;
    end if;
    select coalesce(sum(amount), 0), count(*) into total, legs from postings where journal_entry_id = entry;
    if total <> 0 or legs < 2 then
        raise exception 'journal entry % has % postings that sum to %', entry, legs, total
            using errcode = 'check_violation', constraint = 'postings_sum_to_zero';
    end if;
    return null;
end $$;

create constraint trigger postings_sum_to_zero after insert on postings
    deferrable initially deferred for each row execute function journal_entry_sums_to_zero();

create constraint trigger journal_entries_sum_to_zero after insert on journal_entries
    deferrable initially deferred for each row execute function journal_entry_sums_to_zero();
