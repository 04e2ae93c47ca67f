-- Cards, which vendors keep: here stands only what forms and letters show, and the vendor's name for each.

-- What somebody may enter at a vendor, and where that leads. Whoever has the token may; here stands its digest only.
-- Sessions end by wall time. With an amount it is a payment, without one a card that is to be kept.
create table payment_sessions (
    id bigint generated always as identity (start with 52001) primary key,
    digest bytea not null check (octet_length(digest) = 32),
    is_hosted boolean not null,
    account_id bigint references accounts (id),
    ledger_id bigint references ledgers (id),
    instruction_type text not null,
    vendor text,
    -- Addresses by what became of it: success, pending, failure, error, cancel, expired.
    return_urls jsonb not null default '{}',
    status text not null default 'OPEN' check (status in ('OPEN', 'CHALLENGED', 'DONE', 'FAILED', 'CANCELLED')),
    vendor_reference text,
    instruction_id bigint references payment_instructions (id),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    created_by_kind text not null,
    created_by_id bigint not null,
    constraint payment_sessions_digest_key unique (digest),
    constraint payment_sessions_vendor_reference_key unique (vendor, vendor_reference),
    check (not is_hosted or account_id is not null)
);

create index payment_sessions_account on payment_sessions (account_id) where account_id is not null;
create index payment_sessions_expiry on payment_sessions (expires_at);

-- The built-in vendor's own books: the cards that it keeps. Not even it keeps their numbers.
create table simulated_cards (
    reference text primary key,
    fingerprint bytea not null check (octet_length(fingerprint) = 32),
    holder text not null,
    network text not null,
    card_type text not null,
    last_four text not null check (last_four ~ '^[0-9]{4}$'),
    expiry_month smallint not null check (expiry_month between 1 and 12),
    expiry_year smallint not null,
    created_at timestamptz not null
);

-- The fee for paying by card, in hundredths of a per cent, where a market allows one. The narrowest row that fits counts.
create table card_surcharges (
    market text not null,
    network text check (network in ('MASTERCARD', 'VISA', 'AMEX', 'JCB', 'DISCOVER', 'DANKORT')),
    card_type text check (card_type in ('CREDIT', 'DEBIT', 'PREPAID')),
    basis_points integer not null check (basis_points between 0 and 10000),
    constraint card_surcharges_key unique nulls not distinct (market, network, card_type)
);

insert into card_surcharges (market, network, card_type, basis_points) values
    ('au', null, null, 82),
    ('au', null, 'DEBIT', 36),
    ('au', null, 'PREPAID', 36),
    ('au', 'AMEX', null, 135);
