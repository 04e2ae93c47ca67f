-- What the states of Australia pay towards the energy of households in which somebody holds a concession card. The schemes are the
-- market's data; here are their rates, the days that were found entitled, and what was credited for them.

-- A state's rebate on one fuel, and the reason under which it is credited. Its years begin on the first of a month.
create table rebate_schemes (
    id bigint generated always as identity (start with 97001) primary key,
    market_name text not null,
    state text not null,
    credit_reason text not null,
    year_begins integer not null check (year_begins between 1 and 12),
    constraint rebate_schemes_key unique (market_name, state)
);

-- What it comes to for half-open local days: minor units a day, or a share of what the days cost with tax above a threshold a
-- year, of which each entitled day bears its part. No year comes to more than the cap.
create table rebate_rates (
    id bigint generated always as identity (start with 97201) primary key,
    scheme_id bigint not null references rebate_schemes (id),
    card_types text[] not null check (cardinality(card_types) > 0),
    during daterange not null check (not isempty(during) and lower(during) is not null),
    daily numeric check (daily > 0),
    share numeric check (share > 0 and share < 1),
    threshold bigint check (threshold >= 0),
    yearly_cap bigint check (yearly_cap > 0),
    check (num_nonnulls(daily, share) = 1 and (share is null) = (threshold is null)),
    constraint rebate_rates_one_at_a_time exclude using gist (int8range(scheme_id, scheme_id, '[]') with &&, during with &&)
);

-- The days of a household that bear a rebate: one a fuel, however many cards and points there are. charged is what such a day
-- cost with tax, in minor units, not rounded, where the rate is a share of it.
create table rebate_days (
    property_id bigint not null references properties (id),
    market_name text not null,
    day date not null,
    account_id bigint not null references accounts (id),
    agreement_id bigint not null references agreements (id),
    card_id bigint not null references concession_cards (id),
    rate_id bigint not null references rebate_rates (id),
    charged numeric not null,
    constraint rebate_days_once primary key (property_id, market_name, day)
);

create index rebate_days_account on rebate_days (account_id);
create index rebate_days_agreement on rebate_days (agreement_id);

-- What was credited for them, in minor units; below zero where a day turned out not to be entitled, or to cost less.
create table rebate_credits (
    transaction_id bigint primary key references transactions (id),
    account_id bigint not null references accounts (id),
    property_id bigint not null references properties (id),
    market_name text not null,
    credit_reason text not null,
    amount bigint not null check (amount <> 0)
);

create index rebate_credits_account on rebate_credits (account_id);

create trigger rebate_credits_append_only before update or delete or truncate on rebate_credits
    for each statement execute function refuse_change();

-- What a household's rebate comes to by its days, year by year: rounded once, so that it is the same however its bills are cut.
create view rebates_due as
    select account_id, property_id, market_name, credit_reason, round(sum(least(amount, yearly_cap)))::bigint as amount
    from (
        select d.account_id, d.property_id, d.market_name, s.credit_reason, r.yearly_cap,
            case when r.daily is not null then r.daily * count(*)
                else greatest(0, r.share * (sum(d.charged) - count(*) * r.threshold / y.length::numeric)) end as amount
        from rebate_days d join rebate_rates r on r.id = d.rate_id join rebate_schemes s on s.id = r.scheme_id
            cross join lateral (
                select (date_trunc('year', d.day - make_interval(months => s.year_begins - 1))
                    + make_interval(months => s.year_begins - 1))::date as first) b
            cross join lateral (select b.first, (b.first + interval '1 year')::date - b.first as length) y
        group by d.account_id, d.property_id, d.market_name, s.credit_reason, r.id, r.daily, r.share, r.threshold, r.yearly_cap,
            y.first, y.length
    ) years
    group by account_id, property_id, market_name, credit_reason;

-- An office may answer for days that are past: from which day on what it said holds, where that is not the day on which it was asked.
alter table concession_card_validations add column holds_from date;
