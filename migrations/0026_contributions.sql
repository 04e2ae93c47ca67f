-- Good causes, and what customers have agreed to give to them through their bills.

create table contribution_schemes (
    id bigint generated always as identity (start with 67001) primary key,
    market text not null,
    code text not null,
    display_name text not null,
    taxable boolean not null,
    accepting_contributions boolean not null,
    constraint contribution_schemes_code_key unique (code)
);

insert into contribution_schemes (market, code, display_name, taxable, accepting_contributions) values
    ('gb', 'WARM_HOMES', 'Warm homes fund', false, true),
    ('gb', 'COMMUNITY_SOLAR', 'Solar roofs for villages', true, true),
    ('gb', 'FLOOD_APPEAL', 'Flood appeal', false, false),
    ('de', 'WAERMEHILFE', 'Wärmehilfe', false, true),
    ('us', 'NEIGHBOR_FUND', 'Neighbor energy fund', false, true),
    ('au', 'BUSH_REGROWTH', 'Bush regrowth', false, true),
    ('jp', 'MORI_NO_KIKIN', '森の基金', false, true);

-- One to the same cause at a time. One that was ended before it began was never active.
create table contribution_agreements (
    id bigint generated always as identity (start with 67501) primary key,
    account_id bigint not null references accounts (id),
    scheme_id bigint not null references contribution_schemes (id),
    every text not null check (every in ('MONTHLY', 'QUARTERLY')),
    amount bigint not null check (amount > 0),
    active_from timestamptz not null,
    active_to timestamptz check (active_to >= active_from),
    created_at timestamptz not null,
    made_by_kind text not null,
    made_by_id bigint not null,
    ended_by_kind text,
    ended_by_id bigint,
    check ((ended_by_kind is null) = (ended_by_id is null)),
    constraint contribution_agreements_one_at_a_time exclude using gist (
        int8range(account_id, account_id, '[]') with &&, int8range(scheme_id, scheme_id, '[]') with &&,
        tstzrange(active_from, active_to) with &&
    )
);

create index contribution_agreements_account on contribution_agreements (account_id);

-- Each period is charged by the transaction that is planned for its start.
create table contribution_periods (
    id bigint generated always as identity (start with 68001) primary key,
    agreement_id bigint not null references contribution_agreements (id),
    position integer not null check (position >= 0),
    period_from timestamptz not null,
    period_to timestamptz not null,
    scheduled_transaction_id bigint not null references scheduled_transactions (id),
    constraint contribution_periods_position_key unique (agreement_id, position),
    constraint contribution_periods_transaction_key unique (scheduled_transaction_id),
    check (period_from < period_to)
);
