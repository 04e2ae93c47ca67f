-- Money that others take in for us: shops that take payment slips at their tills, and an agency that pays from benefits.

-- In which markets bills can be paid by slip, through whom, and up to how much, in minor units.
create table slip_terms (
    market text primary key,
    agency text not null,
    payment_type text not null,
    title text not null,
    maximum bigint not null check (maximum > 0)
);

insert into slip_terms (market, agency, payment_type, title, maximum) values
    ('jp', 'GMO', 'KONBINI', 'コンビニ払い', 299999);

-- A bill has one slip, and a ledger one that can be paid. It is ORDERED until the agency has it, then OFFERED. Money that
-- arrives for one that is over counts all the same, so EXPIRED and CANCELLED can still become PAID. Moments are business
-- time; pay_by is the last day.
create table payment_slips (
    id bigint generated always as identity (start with 54001) primary key,
    account_id bigint not null references accounts (id),
    ledger_id bigint not null references ledgers (id),
    billing_document_id bigint not null references billing_documents (id),
    agency text not null,
    amount bigint not null check (amount > 0),
    pay_by date not null,
    -- All that was owed when the amount was worked out, with what was on its way, and the ledger's last posting then: once
    -- what raised the balance since comes to as much, the bill was paid otherwise.
    owed bigint not null check (owed >= amount),
    posted_to bigint not null,
    status text not null default 'ORDERED' check (status in ('ORDERED', 'OFFERED', 'PAID', 'EXPIRED', 'CANCELLED')),
    -- What the agency calls it, and the end of its page's address.
    vendor_reference text,
    orders integer not null default 0,
    failure text,
    transaction_id bigint references transactions (id),
    ordered_at timestamptz not null,
    offered_at timestamptz,
    paid_at timestamptz,
    ended_at timestamptz,
    constraint payment_slips_bill_key unique (billing_document_id),
    constraint payment_slips_vendor_reference_key unique (agency, vendor_reference),
    constraint payment_slips_transaction_key unique (transaction_id),
    check ((status = 'PAID') = (transaction_id is not null)),
    check ((status = 'PAID') = (paid_at is not null)),
    check (status <> 'OFFERED' or (vendor_reference is not null and offered_at is not null)),
    check (status not in ('EXPIRED', 'CANCELLED') or ended_at is not null)
);

create unique index payment_slips_one_to_pay on payment_slips (ledger_id) where status in ('ORDERED', 'OFFERED');
create index payment_slips_account on payment_slips (account_id, id desc);

-- The built-in agency's own books. reference ends the address of a slip's page and is drawn at random; number is what the
-- bars on it say.
create table simulated_slips (
    order_reference text primary key,
    reference text not null,
    number text not null,
    market text not null,
    amount bigint not null check (amount > 0),
    pay_by date not null,
    expires_at timestamptz not null,
    state text not null default 'OPEN' check (state in ('OPEN', 'PAID', 'WITHDRAWN')),
    paid_at timestamptz,
    -- When there is something to report, until that has been done.
    report_at timestamptz,
    constraint simulated_slips_reference_key unique (reference),
    check ((state = 'PAID') = (paid_at is not null))
);

create index simulated_slips_to_report on simulated_slips (report_at) where report_at is not null;

-- Centrepay: what each deduction pays for goes to a ledger of a type, and none is smaller than the minimum, in minor units.
create table centrepay_terms (
    market text not null,
    service_reason text not null check (service_reason in ('ELE', 'GAS')),
    ledger_type text not null,
    payment_type text not null,
    title text not null,
    minimum bigint not null check (minimum > 0),
    primary key (market, service_reason)
);

insert into centrepay_terms (market, service_reason, ledger_type, payment_type, title, minimum) values
    ('au', 'ELE', 'AUS_ELECTRICITY_LEDGER', 'CENTREPAY', 'Centrepay', 1000),
    ('au', 'GAS', 'AUS_GAS_LEDGER', 'CENTREPAY', 'Centrepay', 1000);

-- A deduction from somebody's benefits, fortnightly, until valid_to (the first day without) or until target_amount has
-- come in. What is kept is what the agency has agreed to; while the first agreement is waited for, it is what was asked.
create table centrepay_deductions (
    id bigint generated always as identity (start with 55001) primary key,
    account_id bigint not null references accounts (id),
    ledger_id bigint not null references ledgers (id),
    service_reason text not null check (service_reason in ('ELE', 'GAS')),
    benefit_group text not null check (benefit_group in ('ABY', 'CDA', 'FTB', 'MOB', 'NSS', 'PEN', 'PES', 'PGA')),
    customer_reference_number text not null check (customer_reference_number ~ '^[0-9]{9}[A-Z]$'),
    amount bigint not null check (amount > 0),
    target_amount bigint check (target_amount > 0),
    valid_from date not null,
    valid_to date check (valid_to >= valid_from),
    given_name text not null check (given_name <> ''),
    family_name text not null check (family_name <> ''),
    date_of_birth date not null,
    status text not null default 'ASKED' check (status in ('ASKED', 'ACTIVE', 'REFUSED', 'ENDED')),
    created_at timestamptz not null,
    check (status <> 'ENDED' or valid_to is not null)
);

create index centrepay_deductions_account on centrepay_deductions (account_id, id);
-- One deduction from a person's benefits for a ledger.
create unique index centrepay_deductions_one on centrepay_deductions (ledger_id, customer_reference_number)
    where status in ('ASKED', 'ACTIVE');

-- What the agency was asked to do about a deduction. At most one thing at a time is waited for.
create table centrepay_requests (
    id bigint generated always as identity (start with 56001) primary key,
    deduction_id bigint not null references centrepay_deductions (id),
    kind text not null check (kind in ('CREATING', 'CHANGING', 'CANCELLING')),
    amount bigint not null check (amount > 0),
    target_amount bigint check (target_amount > 0),
    valid_to date,
    status text not null default 'WAITING' check (status in ('WAITING', 'CONFIRMED', 'REFUSED')),
    vendor_reference text,
    orders integer not null default 0,
    failure text,
    asked_at timestamptz not null,
    answered_at timestamptz,
    check ((status = 'WAITING') = (answered_at is null))
);

create unique index centrepay_requests_one on centrepay_requests (deduction_id) where status = 'WAITING';
create index centrepay_requests_deduction on centrepay_requests (deduction_id, id);

-- What came in, each payment once under the agency's name for it.
create table centrepay_payments (
    vendor_reference text primary key,
    deduction_id bigint not null references centrepay_deductions (id),
    amount bigint not null check (amount > 0),
    paid_on date not null,
    transaction_id bigint not null references transactions (id),
    constraint centrepay_payments_transaction_key unique (transaction_id)
);

create index centrepay_payments_deduction on centrepay_payments (deduction_id);

-- The built-in agency's own books: the deductions that it makes, and what it has to tell of them.
create table simulated_benefits (
    reference text primary key,
    customer_reference_number text not null,
    market text not null,
    amount bigint not null check (amount > 0),
    target_amount bigint check (target_amount > 0),
    -- The first day without it.
    valid_to date,
    paid bigint not null default 0,
    payments integer not null default 0,
    -- The next day of a payment; none before it is agreed to and once it is over.
    pays_on date
);

create index simulated_benefits_due on simulated_benefits (pays_on) where pays_on is not null;

create table simulated_benefit_requests (
    request_reference text primary key,
    reference text not null references simulated_benefits (reference),
    kind text not null check (kind in ('CREATING', 'CHANGING', 'CANCELLING')),
    amount bigint not null check (amount > 0),
    target_amount bigint,
    valid_from date not null,
    valid_to date,
    refusal text,
    answer_at timestamptz not null,
    answered boolean not null default false
);

create index simulated_benefit_requests_to_answer on simulated_benefit_requests (answer_at) where not answered;
