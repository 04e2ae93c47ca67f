-- Debts that an agency collects. The work of an agency on a debt is a process of the kind 'agency': at most one is
-- under way on a ledger, or on an account as a whole, so that no debt is collected by two.

alter table processes drop constraint processes_kind_check,
    add constraint processes_kind_check check (kind in ('dunning', 'agency')),
    add constraint processes_one_agency exclude using gist (
        int8range(account_id, account_id, '[]') with &&, int8range(ledger_id, ledger_id, '[]') with &&
    ) where (kind = 'agency' and ended_at is null);

alter table process_events drop constraint process_events_kind_check,
    add constraint process_events_kind_check check (kind in ('started', 'step', 'paused', 'withdrawn', 'completed',
        'changed'));

-- Agencies take the debts of one market and are told by e-mail what to do.
create table debt_agencies (
    code text primary key,
    market text not null,
    name text not null,
    email text not null,
    is_active boolean not null default true,
    constraint debt_agencies_name_key unique (market, name)
);

-- The method is what the campaign amounts to, wherever it is used.
create table debt_campaigns (
    code text primary key,
    display_name text not null,
    method text not null,
    requires_field_visit boolean not null default false,
    deprecated_at timestamptz
);

create table debt_agency_campaigns (
    agency text not null references debt_agencies (code),
    campaign text not null references debt_campaigns (code),
    primary key (agency, campaign)
);

create table debt_stop_reasons (
    code text primary key
);

create table debt_proceedings (
    process_id bigint primary key references processes (id),
    agency text not null,
    campaign text not null,
    amount bigint not null,
    is_white_label boolean not null,
    started_at timestamptz not null,
    stopped_at timestamptz,
    stop_reason text,
    constraint debt_proceedings_campaign_fkey foreign key (agency, campaign)
        references debt_agency_campaigns (agency, campaign),
    constraint debt_proceedings_stop_reason_fkey foreign key (stop_reason) references debt_stop_reasons (code),
    constraint debt_proceedings_amount check (amount > 0),
    constraint debt_proceedings_period check (stopped_at >= started_at),
    check ((stopped_at is null) = (stop_reason is null))
);

insert into debt_agencies (code, market, name, email, is_active) values
    ('HARBOUR', 'gb', 'Harbour Recoveries', 'cases@harbour-recoveries.example', true),
    ('FENLAND', 'gb', 'Fenland Field Services', 'desk@fenland-field.example', true),
    ('OLDGATE', 'gb', 'Oldgate Collections', 'cases@oldgate.example', false),
    ('NORDKAI', 'de', 'Nordkai Inkasso', 'akten@nordkai-inkasso.example', true),
    ('PRAIRIE', 'us', 'Prairie Receivables', 'intake@prairie-receivables.example', true),
    ('BANKSIA', 'au', 'Banksia Credit Services', 'files@banksia-credit.example', true),
    ('TSUBAKI', 'jp', '椿債権回収', 'anken@tsubaki.example', true);

insert into debt_campaigns (code, display_name, method, requires_field_visit, deprecated_at) values
    ('LIVE_ARREARS', 'Arrears of customers on supply', 'LIVE', false, null),
    ('FINAL_BILL', 'Debts of customers who left', 'FINAL_DEBT_COLLECTION', false, null),
    ('TRACE', 'Finding customers who moved away', 'TRACE_AND_COLLECT', false, null),
    ('DOORSTEP', 'Visits at home', 'HOME_VISIT', true, null),
    ('WELFARE_VISIT', 'Visits to vulnerable customers', 'VULNERABILITY_VISIT', true, null),
    ('BUSINESS', 'Debts of businesses', 'LIVE_B2B', false, null),
    ('COURT', 'Court proceedings', 'LITIGATION', false, null),
    ('PREPAY_SWITCH', 'Change to a prepayment meter', 'SWITCH_TO_SMART_PAYG', true, '2023-02-06 00:00:00+00');

insert into debt_agency_campaigns (agency, campaign) values
    ('HARBOUR', 'LIVE_ARREARS'), ('HARBOUR', 'FINAL_BILL'), ('HARBOUR', 'TRACE'), ('HARBOUR', 'BUSINESS'),
    ('HARBOUR', 'COURT'), ('FENLAND', 'DOORSTEP'), ('FENLAND', 'WELFARE_VISIT'), ('FENLAND', 'PREPAY_SWITCH'),
    ('OLDGATE', 'FINAL_BILL'), ('NORDKAI', 'LIVE_ARREARS'), ('NORDKAI', 'FINAL_BILL'), ('NORDKAI', 'COURT'),
    ('PRAIRIE', 'FINAL_BILL'), ('PRAIRIE', 'TRACE'), ('BANKSIA', 'LIVE_ARREARS'), ('BANKSIA', 'FINAL_BILL'),
    ('TSUBAKI', 'FINAL_BILL'), ('TSUBAKI', 'COURT');

insert into debt_stop_reasons (code) values
    ('BANKRUPT'), ('DECEASED'), ('GONE_AWAY'), ('IN_PRISON'), ('NEGATIVE_TRACE'), ('PAID_IN_FULL'),
    ('PROCESS_EXHAUSTED'), ('PROCESS_EXHAUSTED_NO_CONTACT'), ('PROCESS_EXHAUSTED_CONTACT'), ('REDUCED_SETTLEMENT'),
    ('VULNERABLE'), ('WITHDRAWN'), ('WRITE_OFF'), ('PAYMENT_ARRANGEMENT'), ('PAYMENT_PLAN_AGREED'), ('PART_PAYMENT'),
    ('PPM_ARRANGEMENT'), ('PPM_REQUESTED'), ('ARREARS_TO_CLIENT'), ('HIGH_LEVEL_COMPLAINT'),
    ('INSOLVENCIES_DEALING'), ('PARTIAL_SETTLEMENT'), ('PPM_FITTED'), ('REFUSED_TO_DEAL'), ('LIVE_TO_FINAL'),
    ('COT_COS'), ('COS'), ('COT_PROOF_SEEN'), ('COT_NO_PROOF'), ('ENROLLED_IN_ERROR'), ('LOW_BALANCE'), ('EXP'),
    ('UNABLE_TO_LOCATE_PROPERTY'), ('CONFIRMED_EMPTY'), ('DEMOLISHED'), ('UNABLE_TO_TRACE'), ('QUERY');
