-- When and how often customers are billed. A rhythm is set for a brand, a portfolio, an account or a ledger, from one
-- moment until another; what has none of its own goes by the nearest above it. At no moment has a target two.

create table billing_targets (
    id bigint generated always as identity primary key,
    brand text references brands (code),
    portfolio_id bigint references portfolios (id),
    account_id bigint references accounts (id),
    ledger_id bigint references ledgers (id),
    check (num_nonnulls(brand, portfolio_id, account_id, ledger_id) = 1),
    constraint billing_targets_brand_key unique (brand),
    constraint billing_targets_portfolio_key unique (portfolio_id),
    constraint billing_targets_account_key unique (account_id),
    constraint billing_targets_ledger_key unique (ledger_id)
);

create table billing_configurations (
    id bigint generated always as identity (start with 63001) primary key,
    target_id bigint not null references billing_targets (id),
    during tstzrange not null,
    created_at timestamptz not null,
    check (not isempty(during) and not lower_inf(during) and lower_inc(during) and not upper_inc(during)),
    constraint billing_configurations_one_at_a_time exclude using gist (
        int8range(target_id, target_id, '[]') with &&, during with &&
    )
);

-- What is done, and on which days. Further days of the year, such as those on which regulated prices change, are named.
create table billing_operations (
    configuration_id bigint not null references billing_configurations (id) on delete cascade,
    position smallint not null,
    operation text not null check (operation in ('CHARGE_TARGET', 'CHARGE_TARGET_AND_ISSUE_INVOICE',
        'CHARGE_TARGET_AND_ISSUE_STATEMENT', 'ISSUE_STATEMENT_FOR_TARGET', 'ISSUE_INVOICE_FOR_TARGET')),
    target text not null check (target in ('CHARGING_LEDGER', 'ACCOUNT', 'PORTFOLIO')),
    frequency text not null check (frequency in ('DAILY', 'MONTHLY', 'ANNUALLY')),
    multiplier integer not null check (multiplier between 1 and 1000),
    start_day smallint not null check (start_day between 1 and 31),
    start_month smallint not null check (start_month between 1 and 12),
    days json not null,
    primary key (configuration_id, position)
);
