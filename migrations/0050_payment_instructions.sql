-- The ways in which customers pay: bank accounts that may be collected from, cards that a vendor keeps, and the like.
-- Bank details are sealed with a key that is not in the database; in the clear is only what forms and letters show.

-- Who handles which kind of payment in a market. Not every vendor can tell a means of payment again, or adds a
-- surcharge.
create table payment_vendors (
    market text not null,
    instruction_type text not null check (instruction_type in ('BPAY', 'CARD', 'DIRECT_DEBIT', 'GMO_REFUND',
        'PAYMENT_SLIP', 'CUSTOM')),
    vendor text not null,
    tells_fingerprints boolean not null,
    primary key (market, instruction_type)
);

insert into payment_vendors (market, instruction_type, vendor, tells_fingerprints) values
    ('gb', 'DIRECT_DEBIT', 'BOTTOMLINE_PTX', true),
    ('de', 'DIRECT_DEBIT', 'GOCARDLESS', true),
    ('jp', 'DIRECT_DEBIT', 'GMO', false),
    ('au', 'DIRECT_DEBIT', 'WESTPAC', true),
    ('us', 'DIRECT_DEBIT', 'STRIPE', true),
    ('gb', 'CARD', 'STRIPE', true),
    ('de', 'CARD', 'STRIPE', true),
    ('jp', 'CARD', 'GMO', false),
    ('au', 'CARD', 'WESTPAC', true),
    ('us', 'CARD', 'STRIPE', true);

-- What the program was given to seal with, known by a digest: another key could open nothing that is sealed here.
create table sealing_key (
    only_row boolean primary key default true check (only_row),
    digest bytea not null check (octet_length(digest) = 32)
);

-- One that is no longer to be used, for whatever reason, is FAILED from valid_to on. An instruction without a ledger is
-- for every ledger of the account that takes payments.
create table payment_instructions (
    id bigint generated always as identity (start with 51001) primary key,
    account_id bigint not null references accounts (id),
    ledger_id bigint references ledgers (id),
    instruction_type text not null check (instruction_type in ('BPAY', 'CARD', 'DIRECT_DEBIT', 'GMO_REFUND',
        'PAYMENT_SLIP', 'CUSTOM')),
    status text not null check (status in ('PROVISIONAL', 'ACTIVE', 'FAILED')),
    ended_because text check (ended_because in ('REFUSED', 'INVALIDATED', 'CANCELLED_BY_BANK', 'ACCOUNT_CLOSED',
        'REPLACED')),
    valid_from timestamptz not null,
    valid_to timestamptz check (valid_to >= valid_from),
    vendor text not null,
    -- What the vendor calls it, once the vendor has it.
    vendor_reference text,
    account_holder text not null,
    details bytea,
    fingerprint bytea check (octet_length(fingerprint) = 32),
    bank_scheme text check (bank_scheme in ('IBAN', 'SORT_CODE', 'BSB', 'ZENGIN', 'ABA')),
    bank_code text not null default '',
    branch_code text not null default '',
    bank_account_type text not null default '',
    masked_identifier text not null,
    last_four text not null,
    card_network text,
    card_type text check (card_type in ('CREDIT', 'DEBIT', 'PREPAID')),
    card_expiry_month smallint check (card_expiry_month between 1 and 12),
    card_expiry_year smallint check (card_expiry_year between 2000 and 2999),
    created_at timestamptz not null,
    created_by_kind text not null,
    created_by_id bigint not null,
    ended_by_kind text,
    ended_by_id bigint,
    constraint payment_instructions_vendor_reference_key unique (vendor, vendor_reference),
    check ((status = 'FAILED') = (valid_to is not null)),
    check ((status = 'FAILED') = (ended_because is not null)),
    check ((bank_scheme is null) = (details is null)),
    check ((card_expiry_month is null) = (card_expiry_year is null)),
    check ((ended_by_kind is null) = (ended_by_id is null))
);

create index payment_instructions_account on payment_instructions (account_id, id);
create index payment_instructions_ledger on payment_instructions (ledger_id) where ledger_id is not null;
create index payment_instructions_fingerprint on payment_instructions (fingerprint);

-- The same bank account is set up once for the same ledger, whoever asks at once.
create unique index payment_instructions_once on payment_instructions (account_id, coalesce(ledger_id, 0), fingerprint)
    where instruction_type = 'DIRECT_DEBIT' and status <> 'FAILED';

-- Whose bank account or card it is.
create table payment_instruction_owners (
    instruction_id bigint not null references payment_instructions (id),
    account_user_id bigint references account_users (id),
    business_id bigint references businesses (id),
    check ((account_user_id is null) <> (business_id is null))
);

create unique index payment_instruction_owners_user on payment_instruction_owners (instruction_id, account_user_id)
    where account_user_id is not null;
create unique index payment_instruction_owners_business on payment_instruction_owners (instruction_id, business_id)
    where business_id is not null;
create index payment_instruction_owners_of_user on payment_instruction_owners (account_user_id)
    where account_user_id is not null;
create index payment_instruction_owners_of_business on payment_instruction_owners (business_id)
    where business_id is not null;

-- Bank details that were stored for later, under a reference that tells nothing.
create table stored_bank_details (
    reference text primary key,
    account_id bigint not null references accounts (id),
    ledger_id bigint references ledgers (id),
    details bytea not null,
    created_at timestamptz not null,
    created_by_kind text not null,
    created_by_id bigint not null,
    used_at timestamptz
);

create index stored_bank_details_account on stored_bank_details (account_id);

-- Means of payment with which something was wrong. What is listed is not set up again.
create table payment_risks (
    fingerprint bytea primary key check (octet_length(fingerprint) = 32),
    reason text not null,
    listed_at timestamptz not null
);

-- The built-in vendor's own books: which mandates it was ordered to set up, what becomes of each and when.
create table simulated_mandates (
    reference text primary key,
    vendor text not null,
    order_reference text not null,
    answer text not null check (answer in ('accepted', 'refused', 'suspected')),
    answer_at timestamptz not null,
    answered boolean not null default false,
    ending text check (ending in ('cancelled', 'closed')),
    ends_at timestamptz,
    ended boolean not null default false,
    check ((ending is null) = (ends_at is null)),
    constraint simulated_mandates_order_key unique (vendor, order_reference)
);

create index simulated_mandates_to_answer on simulated_mandates (answer_at) where not answered;
create index simulated_mandates_to_end on simulated_mandates (ends_at) where not ended and ends_at is not null;

update support_roles set permissions = permissions || '{manage-payments}' where code in ('admin', 'billing');
