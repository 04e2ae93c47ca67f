-- Once a year everybody is told what they used in the year and what it cost. Years are half-open spans of the market's days,
-- counted from the day on which the account was first supplied. What was said never changes.
create table annual_statements (
    id bigint generated always as identity (start with 97001) primary key,
    account_id bigint not null references accounts (id),
    period daterange not null check (not isempty(period) and lower(period) is not null and upper(period) is not null),
    contents jsonb not null,
    made_at timestamptz not null,
    constraint annual_statements_once exclude using gist (int8range(account_id, account_id, '[]') with &&, period with &&)
);

create index annual_statements_account on annual_statements (account_id);

create trigger annual_statements_append_only before update or delete or truncate on annual_statements
    for each statement execute function refuse_change();

create table annual_statement_files (
    statement_id bigint primary key references annual_statements (id),
    key text not null,
    filename text not null,
    media_type text not null,
    bytes bigint not null check (bytes > 0),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    created_at timestamptz not null,
    constraint annual_statement_files_key_key unique (key)
);

create trigger annual_statement_files_append_only before update or delete or truncate on annual_statement_files
    for each statement execute function refuse_change();

-- What is owed on a ledger can be set aside on a debt ledger of its own, where it is paid off while the ledger goes on.
alter table ledgers
    add column debt_of_id bigint references ledgers (id),
    add constraint ledgers_debt_of_key unique (debt_of_id),
    add constraint ledgers_debt_of check (is_debt_ledger = (debt_of_id is not null));

-- Bills from whoever kept an account before. They stand in no ledger, and draw their ids from where other bills do.
create table earlier_bills (
    id bigint primary key default nextval(pg_get_serial_sequence('billing_documents', 'id')),
    account_id bigint not null references accounts (id),
    identifier text not null check (identifier <> ''),
    from_date date not null,
    to_date date not null check (to_date >= from_date),
    issued_on date not null,
    gross bigint not null,
    params jsonb not null check (jsonb_typeof(params) = 'object'),
    has_file boolean not null,
    imported_at timestamptz not null,
    constraint earlier_bills_identifier_key unique (account_id, identifier)
);

create trigger earlier_bills_append_only before update or delete or truncate on earlier_bills
    for each statement execute function refuse_change();

-- All that customers had of bills, whoever made them.
create view bills as
    select d.id, l.account_id, l.number as ledger_number, d.status, d.held_reason, d.to_address, d.from_date, d.issued_on,
        (d.issued_by is null or exists (select from billing_files f where f.document_id = d.id)) as has_file,
        false as is_earlier
    from billing_documents d join ledgers l on l.id = d.ledger_id
    union all
    select e.id, e.account_id, null, 'ISSUED', null, null, e.from_date, e.issued_on, e.has_file, true
    from earlier_bills e;
