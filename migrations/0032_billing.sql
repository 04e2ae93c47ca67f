-- Billing documents. A document is about one ledger and a half-open period of the market's local days, or it is a
-- credit note, which undoes another document. It is OPEN while its period runs, CLOSED once it holds its transactions,
-- ISSUED once it has gone to the customer. A transaction is on at most one document, and stays on it.

-- How accounts of a brand are billed unless they have options of their own. Rows come from the market data files.
create table billing_defaults (
    brand text primary key references brands (code),
    time_zone text not null,
    document text not null check (document in ('statement', 'period', 'invoice')),
    is_fixed boolean not null,
    period_length text not null check (period_length in ('MONTHLY', 'QUARTERLY')),
    multiplier integer not null check (multiplier between 1 and 12),
    terms_days integer not null check (terms_days >= 0)
);

-- anchor is the first day of some period: later ones begin on the same day of the month, or on the month's last.
create table billing_options (
    account_id bigint primary key references accounts (id),
    is_fixed boolean not null,
    period_length text not null check (period_length in ('MONTHLY', 'QUARTERLY')),
    multiplier integer not null check (multiplier between 1 and 12),
    anchor date not null,
    updated_at timestamptz not null
);

-- Numbers have no gaps: drawing one locks its market's row until the document is committed.
create table billing_numbers (
    market text primary key,
    last bigint not null check (last > 0)
);

-- position is the place in the ledger's chain of closed documents: each opens with the balance with which the one
-- before it closed. An open document has neither place nor sums, and no end if its period runs until the next bill.
create table billing_documents (
    id bigint generated always as identity (start with 90001) primary key,
    ledger_id bigint not null references ledgers (id),
    kind text not null check (kind in ('statement', 'period', 'invoice', 'credit_note')),
    status text not null default 'OPEN' check (status in ('OPEN', 'CLOSED', 'ISSUED')),
    from_date date not null,
    to_date date check (to_date > from_date),
    annuls_id bigint references billing_documents (id),
    position integer check (position > 0),
    opens_after integer generated always as (nullif(position - 1, 0)) stored,
    opening_balance bigint,
    charges_net bigint,
    charges_tax bigint,
    credits_net bigint,
    credits_tax bigint,
    payments bigint,
    refunds bigint,
    closing_balance bigint,
    transactions integer,
    reversed_at_close integer,
    held_reason text check (held_reason <> ''),
    number text,
    issued_on date,
    due_date date,
    to_address text,
    opened_at timestamptz not null,
    closed_at timestamptz,
    issued_at timestamptz,
    constraint billing_documents_number_key unique (number),
    constraint billing_documents_annuls_key unique (annuls_id),
    constraint billing_documents_position_key unique (ledger_id, position),
    constraint billing_documents_closing_key unique (ledger_id, position, closing_balance),
    constraint billing_documents_chain foreign key (ledger_id, opens_after, opening_balance)
        references billing_documents (ledger_id, position, closing_balance),
    constraint billing_documents_first check (position > 1 or opening_balance = 0),
    constraint billing_documents_balance check (
        opening_balance - (charges_net + charges_tax) + (credits_net + credits_tax) + payments - refunds = closing_balance),
    constraint billing_documents_closed check (num_nulls(to_date, position, opening_balance, charges_net, charges_tax,
        credits_net, credits_tax, payments, refunds, closing_balance, transactions, reversed_at_close, closed_at)
        = 0 or status = 'OPEN'),
    constraint billing_documents_open check ((status = 'OPEN') = (position is null)),
    constraint billing_documents_issued check (num_nonnulls(number, issued_on, due_date, issued_at)
        = case when status = 'ISSUED' then 4 else 0 end),
    constraint billing_documents_held check (held_reason is null or status <> 'ISSUED'),
    constraint billing_documents_credit_note check ((kind = 'credit_note') = (annuls_id is not null)),
    -- One bill a period.
    constraint billing_documents_period exclude using gist (
        int8range(ledger_id, ledger_id, '[]') with &&, daterange(from_date, to_date) with &&
    ) where (kind <> 'credit_note')
);

create unique index billing_documents_one_open on billing_documents (ledger_id)
    where status = 'OPEN' and kind <> 'credit_note';
create index billing_documents_from_date on billing_documents (ledger_id, from_date);
create index billing_documents_unissued on billing_documents (ledger_id) where status = 'CLOSED';

alter table transactions add foreign key (billing_document_id) references billing_documents (id);
create index transactions_billing_document on transactions (billing_document_id) where billing_document_id is not null;
create index transactions_unbilled on transactions (ledger_id) where billing_document_id is null;

create function transactions_stay_on_their_bill() returns trigger language plpgsql as $$
begin
    if old.billing_document_id is not null then
        raise exception 'transaction % is on document % already', old.id, old.billing_document_id
            using errcode = 'restrict_violation', constraint = 'transactions_one_bill';
    end if;
    if not exists (select 1 from billing_documents d
            where d.id = new.billing_document_id and d.ledger_id = new.ledger_id and d.status = 'OPEN') then
        raise exception 'document % is closed, or of another ledger', new.billing_document_id
            using errcode = 'restrict_violation', constraint = 'transactions_open_bill';
    end if;
    return new;
end $$;

create trigger transactions_stay_on_their_bill before update of billing_document_id on transactions
    for each row when (new.billing_document_id is distinct from old.billing_document_id)
    execute function transactions_stay_on_their_bill();

-- What a closed document says of money never changes, and it goes only forwards.
create function billing_documents_stay() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.status = 'OPEN' then
        return new;
    end if;
    if tg_op = 'UPDATE' and new.status in (old.status, 'ISSUED') and (new.ledger_id, new.kind, new.from_date,
            new.to_date, new.annuls_id, new.position, new.opening_balance, new.charges_net, new.charges_tax,
            new.credits_net, new.credits_tax, new.payments, new.refunds, new.closing_balance, new.transactions,
            new.reversed_at_close, new.closed_at)
        is not distinct from (old.ledger_id, old.kind, old.from_date,
            old.to_date, old.annuls_id, old.position, old.opening_balance, old.charges_net, old.charges_tax,
            old.credits_net, old.credits_tax, old.payments, old.refunds, old.closing_balance, old.transactions,
            old.reversed_at_close, old.closed_at)
        and (old.status = 'CLOSED' or (new.number, new.issued_on, new.due_date, new.issued_at, new.to_address)
            is not distinct from (old.number, old.issued_on, old.due_date, old.issued_at, old.to_address)) then
        return new;
    end if;
    raise exception 'document % is closed', old.id
        using errcode = 'restrict_violation', constraint = 'billing_documents_append_only';
end $$;

create trigger billing_documents_stay before update or delete on billing_documents
    for each row execute function billing_documents_stay();
create trigger billing_documents_append_only before truncate on billing_documents
    for each statement execute function refuse_change();

-- The sums of a document are those of its transactions when the one who closed it commits.
create function billing_document_adds_up() returns trigger language plpgsql as $$
begin
    if exists (
        select 1 from (
            select count(*) as transactions,
                coalesce(sum(net_amount) filter (where kind = 'charge'), 0) as charges_net,
                coalesce(sum(tax_amount) filter (where kind = 'charge'), 0) as charges_tax,
                coalesce(sum(net_amount) filter (where kind = 'credit'), 0) as credits_net,
                coalesce(sum(tax_amount) filter (where kind = 'credit'), 0) as credits_tax,
                coalesce(sum(amount) filter (where kind = 'payment'), 0) as payments,
                coalesce(sum(amount) filter (where kind = 'refund'), 0) as refunds
            from transactions where billing_document_id = new.id
        ) t
        where (t.transactions, t.charges_net, t.charges_tax, t.credits_net, t.credits_tax, t.payments, t.refunds)
            <> (new.transactions, new.charges_net, new.charges_tax, new.credits_net, new.credits_tax, new.payments,
                new.refunds)
    ) then
        raise exception 'document % does not add up', new.id
            using errcode = 'check_violation', constraint = 'billing_documents_add_up';
    end if;
    return null;
end $$;

create constraint trigger billing_documents_add_up after update of status on billing_documents
    deferrable initially deferred for each row when (new.status = 'CLOSED')
    execute function billing_document_adds_up();

create function billing_documents_begin_open() returns trigger language plpgsql as $$
begin
    if new.status <> 'OPEN' then
        raise exception 'a document begins open'
            using errcode = 'check_violation', constraint = 'billing_documents_begin_open';
    end if;
    return new;
end $$;

create trigger billing_documents_begin_open before insert on billing_documents
    for each row execute function billing_documents_begin_open();
