-- What customers signed. The party to a contract is an account or a business, and it is about accounts, its subject. Its
-- terms are rows of a version: changing any makes a further version, and earlier ones stay as they were. Amounts are
-- minor units.

-- The kinds of terms, in the order in which contracts show them.
create table contract_term_kinds (
    kind text primary key,
    position integer not null unique
);

insert into contract_term_kinds (kind, position) values
    ('BILL_DUE_DATE', 1), ('PAYS_BY_DIRECT_DEBIT', 2), ('LATE_PAYMENT_FEES', 3), ('MINIMUM_CONTRACT_LENGTH', 4),
    ('TERMINATION_FEE', 5), ('CONTRACT_METADATA', 6);

-- How a kind of term is worded in a market.
create table contract_wordings (
    market text not null,
    kind text not null references contract_term_kinds (kind),
    identifier text not null check (identifier ~ '^[a-z][a-z-]*$'),
    display_name text not null check (display_name <> ''),
    description text not null check (description <> ''),
    primary key (market, kind)
);

insert into contract_wordings (market, kind, identifier, display_name, description)
select market.code, worded.kind, worded.identifier, worded.display_name, worded.description
from (values ('gb'), ('de'), ('jp'), ('au'), ('us')) as market (code), (values
    ('BILL_DUE_DATE', 'bill-due-date', 'Due date of bills', 'Bills are to be paid within so many days of their issue.'),
    ('PAYS_BY_DIRECT_DEBIT', 'pays-by-direct-debit', 'Payment by direct debit',
        'Bills are collected by direct debit. The term ends with the mandate.'),
    ('LATE_PAYMENT_FEES', 'late-payment-fees', 'Fees for paying late',
        'A bill that is not paid by its due date costs a fee, a share of what is overdue for every interval, or both.'),
    ('MINIMUM_CONTRACT_LENGTH', 'minimum-contract-length', 'Minimum length',
        'The contract is made for so long at least, from its beginning on.'),
    ('TERMINATION_FEE', 'termination-fee', 'Fee for ending early',
        'Ending the contract within its minimum length costs a fee.'),
    ('CONTRACT_METADATA', 'contract-metadata', 'Particulars', 'What else was written down with the contract.')
) as worded (kind, identifier, display_name, description);

-- In Germany and Japan they read it in their own language.
update contract_wordings w set display_name = own.display_name, description = own.description
from (values
    ('de', 'BILL_DUE_DATE', 'Fälligkeit', 'Rechnungen sind innerhalb einer Frist nach ihrer Ausstellung zu bezahlen.'),
    ('de', 'PAYS_BY_DIRECT_DEBIT', 'Zahlung per Lastschrift',
        'Rechnungen werden per SEPA-Lastschrift eingezogen. Die Vereinbarung endet mit dem Mandat.'),
    ('de', 'LATE_PAYMENT_FEES', 'Verzugskosten',
        'Wird eine Rechnung nicht bis zur Fälligkeit bezahlt, fallen eine Pauschale, Zinsen oder beides an.'),
    ('de', 'MINIMUM_CONTRACT_LENGTH', 'Mindestlaufzeit', 'Der Vertrag läuft von seinem Beginn an mindestens so lange.'),
    ('jp', 'BILL_DUE_DATE', '支払期日', '請求書は発行日から所定の日数以内にお支払いください。'),
    ('jp', 'PAYS_BY_DIRECT_DEBIT', '口座振替', '料金は口座振替でお支払いいただきます。振替の解約とともに終了します。'),
    ('jp', 'LATE_PAYMENT_FEES', '延滞利息', '支払期日までにお支払いがない場合、未払額に応じた延滞利息をいただきます。')
) as own (market, kind, display_name, description) where w.market = own.market and w.kind = own.kind;

-- What is signed in a market, by households or by businesses, and the terms that it comes with. What follows from products,
-- such as a minimum length, is added to it; a due date without days is that of the account's brand.
create table contract_templates (
    code text primary key,
    market text not null,
    is_for_businesses boolean not null,
    title text not null check (title <> ''),
    constraint contract_templates_one unique (market, is_for_businesses)
);

create table contract_template_terms (
    template text not null references contract_templates (code),
    kind text not null references contract_term_kinds (kind),
    is_variable boolean not null,
    flat_fee bigint check (flat_fee > 0),
    percentage numeric check (percentage > 0 and percentage <= 100),
    interval_days integer check (interval_days > 0),
    primary key (template, kind),
    check ((percentage is null) = (interval_days is null)),
    check ((kind = 'LATE_PAYMENT_FEES') = (num_nonnulls(flat_fee, percentage) > 0)),
    check (kind in ('BILL_DUE_DATE', 'PAYS_BY_DIRECT_DEBIT', 'LATE_PAYMENT_FEES'))
);

insert into contract_templates (code, market, is_for_businesses, title) values
    ('gb-household', 'gb', false, 'Energy supply contract'),
    ('gb-business', 'gb', true, 'Business energy supply contract'),
    ('de-household', 'de', false, 'Stromliefervertrag'),
    ('de-business', 'de', true, 'Energieliefervertrag für Unternehmen'),
    ('jp-household', 'jp', false, '電気需給契約'),
    ('jp-business', 'jp', true, '電気需給契約（法人）'),
    ('au-household', 'au', false, 'Market retail contract'),
    ('au-business', 'au', true, 'Business retail contract'),
    ('us-household', 'us', false, 'Terms of service'),
    ('us-business', 'us', true, 'Commercial terms of service');

insert into contract_template_terms (template, kind, is_variable)
select t.code, kind.name, true from contract_templates t, (values ('BILL_DUE_DATE'), ('PAYS_BY_DIRECT_DEBIT')) as kind (name);

-- British households pay nothing for paying late.
insert into contract_template_terms (template, kind, is_variable, flat_fee, percentage, interval_days) values
    ('gb-business', 'LATE_PAYMENT_FEES', true, 4000, 0.65, 30),
    ('de-household', 'LATE_PAYMENT_FEES', false, 250, null, null),
    ('de-business', 'LATE_PAYMENT_FEES', true, 4000, 0.75, 30),
    ('jp-household', 'LATE_PAYMENT_FEES', false, null, 0.3, 10),
    ('jp-business', 'LATE_PAYMENT_FEES', true, null, 0.3, 10),
    ('au-household', 'LATE_PAYMENT_FEES', true, 1500, null, null),
    ('au-business', 'LATE_PAYMENT_FEES', true, 1900, null, null),
    ('us-household', 'LATE_PAYMENT_FEES', true, 1000, 5, 30),
    ('us-business', 'LATE_PAYMENT_FEES', true, 2500, 5, 30);

-- during includes its start and excludes its end. One that is cancelled ends early; one that is revoked or rescinded is as if
-- it had never been.
create table contracts (
    id bigint generated always as identity (start with 107001) primary key,
    identifier text not null generated always as
        ('C-' || lpad(upper(to_hex((id * 2654435761) & 4294967295)), 8, '0')) stored,
    market text not null,
    title text not null,
    account_id bigint references accounts (id),
    business_id bigint references businesses (id),
    during tstzrange not null check (not isempty(during) and lower(during) is not null),
    signed_at timestamptz not null,
    cancelled_at timestamptz,
    revoked_at timestamptz,
    rescinded_at timestamptz,
    is_undone boolean not null generated always as (revoked_at is not null or rescinded_at is not null) stored,
    made_by_kind text not null,
    made_by_id bigint not null,
    constraint contracts_identifier_key unique (identifier),
    constraint contracts_subject_key unique (id, during, is_undone),
    check (num_nonnulls(account_id, business_id) = 1),
    check (num_nonnulls(cancelled_at, revoked_at, rescinded_at) <= 1)
);

create index contracts_account on contracts (account_id);
create index contracts_business on contracts (business_id);

-- The accounts that a contract is about. One contract about an account is in force at a time.
create table contract_subjects (
    contract_id bigint not null,
    account_id bigint not null references accounts (id),
    during tstzrange not null,
    is_undone boolean not null,
    primary key (contract_id, account_id),
    foreign key (contract_id, during, is_undone) references contracts (id, during, is_undone) on update cascade,
    constraint contract_subjects_one_at_a_time exclude using gist (int8range(account_id, account_id, '[]') with &&,
        during with &&) where (not is_undone)
);

create index contract_subjects_account on contract_subjects (account_id);

-- Of the versions that have taken effect by a moment the last one holds.
create table contract_versions (
    contract_id bigint not null references contracts (id),
    version integer not null check (version > 0),
    effective_from timestamptz not null,
    made_at timestamptz not null,
    made_by_kind text not null,
    made_by_id bigint not null,
    primary key (contract_id, version)
);

create table contract_terms (
    contract_id bigint not null,
    version integer not null,
    kind text not null references contract_term_kinds (kind),
    -- Fees for ending early are agreed for each supply.
    market_name text,
    is_variable boolean not null,
    flat_fee bigint check (flat_fee > 0),
    percentage numeric check (percentage > 0 and percentage <= 100),
    interval_days integer check (interval_days > 0),
    due_days integer check (due_days between 0 and 365),
    length integer check (length > 0),
    unit_of_time text check (unit_of_time in ('DAYS', 'MONTHS', 'YEARS')),
    fee bigint check (fee > 0),
    fee_type text check (fee_type in ('FIXED', 'PER_FUEL')),
    metadata jsonb,
    foreign key (contract_id, version) references contract_versions (contract_id, version),
    constraint contract_terms_once unique nulls not distinct (contract_id, version, kind, market_name),
    check ((percentage is null) = (interval_days is null)),
    check ((kind = 'LATE_PAYMENT_FEES') = (num_nonnulls(flat_fee, percentage) > 0)),
    check ((kind = 'BILL_DUE_DATE') = (due_days is not null)),
    check ((kind = 'MINIMUM_CONTRACT_LENGTH') = (length is not null)),
    check ((length is null) = (unit_of_time is null)),
    check ((kind = 'TERMINATION_FEE') = (fee is not null)),
    check (num_nulls(fee, fee_type, market_name) in (0, 3)),
    check ((kind = 'CONTRACT_METADATA') = (metadata is not null))
);

-- Why something is done about a contract. An empty list of activities stands for all of them.
create table contract_note_reasons (
    slug text primary key check (slug ~ '^[a-z][a-z-]*$'),
    description text not null,
    activities text[] not null check (activities <@ array['CONTRACT_VARIATION_STARTED', 'CONTRACT_TERMINATION_STARTED'])
);

insert into contract_note_reasons (slug, description, activities) values
    ('customer-request', 'The customer asked for it.', '{}'),
    ('correction', 'Something had been written down wrongly.', '{CONTRACT_VARIATION_STARTED}'),
    ('renegotiated', 'The terms were negotiated anew.', '{CONTRACT_VARIATION_STARTED}'),
    ('direct-debit-ended', 'The mandate to collect by direct debit ended.', '{CONTRACT_VARIATION_STARTED}'),
    ('moving-out', 'The customer moves out.', '{CONTRACT_TERMINATION_STARTED}'),
    ('changing-supplier', 'The customer goes to another supplier.', '{CONTRACT_TERMINATION_STARTED}'),
    ('business-closes', 'The business closes.', '{CONTRACT_TERMINATION_STARTED}');

create table contract_notes (
    id bigint generated always as identity (start with 108001) primary key,
    contract_id bigint not null,
    version integer not null,
    reason text not null,
    note text,
    activity text not null check (activity in ('CONTRACT_VARIATION_STARTED', 'CONTRACT_TERMINATION_STARTED')),
    made_at timestamptz not null,
    made_by_kind text not null,
    made_by_id bigint not null,
    foreign key (contract_id, version) references contract_versions (contract_id, version),
    constraint contract_notes_reason_fkey foreign key (reason) references contract_note_reasons (slug)
);

create index contract_notes_contract on contract_notes (contract_id, version);

-- What bills that were paid late have cost. Step 0 is the flat fee, a later one the share of what was open when so many
-- intervals had passed, which may come to nothing.
create table late_payment_fees (
    document_id bigint not null references billing_documents (id),
    step integer not null check (step >= 0),
    contract_id bigint not null,
    version integer not null,
    open bigint not null check (open > 0),
    amount bigint not null check (amount >= 0),
    transaction_id bigint references transactions (id),
    charged_at timestamptz not null,
    primary key (document_id, step),
    foreign key (contract_id, version) references contract_versions (contract_id, version),
    constraint late_payment_fees_transaction_key unique (transaction_id)
);

update support_roles set permissions = permissions || '{manage-contracts}' where code in ('admin', 'billing');
