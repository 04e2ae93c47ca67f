-- Security deposits: agreed with accounts that have not shown yet that they pay, kept on a ledger of their own, and given
-- back in parts once they have.

alter table ledgers add column holds_deposits boolean not null
    generated always as (ledger_type = 'SECURITY_DEPOSIT_LEDGER') stored;

-- How much is asked for: so many average months of charges, or the usual amount where there is nothing to go by.
create table deposit_rules (
    market text not null,
    is_business boolean not null,
    months integer not null check (months > 0),
    usual bigint not null check (usual between least and most),
    least bigint not null check (least > 0),
    most bigint not null,
    pays_within_days integer not null check (pays_within_days > 0),
    held_months integer not null check (held_months > 0),
    parts integer not null check (parts > 0),
    primary key (market, is_business)
);

insert into deposit_rules (market, is_business, months, usual, least, most, pays_within_days, held_months, parts) values
    ('gb', false, 2, 15000, 5000, 50000, 14, 12, 1), ('gb', true, 3, 60000, 10000, 1000000, 14, 12, 2),
    ('de', false, 2, 15000, 5000, 50000, 14, 12, 1), ('de', true, 2, 60000, 10000, 1000000, 14, 12, 1),
    ('jp', false, 2, 20000, 5000, 60000, 14, 12, 1), ('jp', true, 3, 80000, 10000, 1500000, 14, 12, 2),
    ('au', false, 2, 20000, 5000, 50000, 14, 12, 1), ('au', true, 2, 60000, 10000, 1000000, 14, 12, 2),
    ('us', false, 2, 20000, 5000, 60000, 14, 12, 1), ('us', true, 2, 60000, 10000, 1500000, 14, 12, 2);

-- An agreement is offered, accepted, and fulfilled once the deposit lies on its ledger. due_date: by when it is to be paid.
create table deposit_agreements (
    id bigint generated always as identity (start with 74001) primary key,
    account_id bigint not null references accounts (id),
    deposit_key text not null,
    reason text not null,
    amount bigint not null check (amount > 0),
    return_strategy text not null check (return_strategy in ('IN_FULL_AFTER_GOOD_PAYMENT', 'IN_PARTS_AFTER_GOOD_PAYMENT')),
    pays_within_days integer not null,
    held_months integer not null,
    parts integer not null,
    offered_at timestamptz not null,
    offered_by_kind text not null,
    offered_by_id bigint not null,
    accepted_at timestamptz,
    accepted_by_kind text,
    accepted_by_id bigint,
    due_date date,
    fulfilled_at timestamptz,
    constraint deposit_agreements_key unique (account_id, deposit_key),
    check ((accepted_at is null) = (accepted_by_kind is null)),
    check ((accepted_at is null) = (due_date is null)),
    check (fulfilled_at is null or accepted_at is not null)
);

-- The parts in which a deposit is given back. A part that is not deserved yet is put off.
create table deposit_returns (
    id bigint generated always as identity (start with 75001) primary key,
    agreement_id bigint not null references deposit_agreements (id),
    part integer not null,
    due_date date not null,
    amount bigint not null check (amount > 0),
    status text not null default 'PENDING' check (status in ('PENDING', 'RETURNED')),
    returned_at timestamptz,
    constraint deposit_returns_part_key unique (agreement_id, part),
    check ((status = 'RETURNED') = (returned_at is not null))
);

create index deposit_returns_pending on deposit_returns (due_date) where status = 'PENDING';
