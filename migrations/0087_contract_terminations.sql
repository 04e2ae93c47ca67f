-- How customers leave. Where nobody can end a contract by themselves, the market's own process does. Notice is in days.
create table leaving_rules (
    market text primary key,
    lets_households boolean not null,
    lets_businesses boolean not null,
    notice_days integer not null check (notice_days >= 0),
    fee_reason text
);

-- In Japan a new supplier asks for the switch; businesses in Germany give notice in writing.
insert into leaving_rules (market, lets_households, lets_businesses, notice_days, fee_reason) values
    ('gb', true, true, 1, 'EXIT_FEE'),
    ('de', true, false, 14, 'EXIT_FEE'),
    ('jp', false, false, 0, null),
    ('au', true, true, 3, 'EXIT_FEE'),
    ('us', true, true, 1, 'EARLY_TERMINATION_FEE');

-- Contracts that end early: the first local day without them, and what that costs, in minor units.
create table contract_terminations (
    contract_id bigint primary key references contracts (id),
    ends_on date not null,
    fee bigint not null check (fee >= 0),
    transaction_id bigint references transactions (id),
    started_at timestamptz not null,
    started_by_kind text not null,
    started_by_id bigint not null,
    constraint contract_terminations_transaction_key unique (transaction_id),
    check ((fee > 0) = (transaction_id is not null))
);
