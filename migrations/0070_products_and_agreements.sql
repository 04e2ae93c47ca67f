-- What is sold, at which prices, and who agreed to it. Prices are net, in minor units of the market's currency a day or
-- a kWh, and hold for half-open periods.

-- A product is sold by a brand of one market, and may be for several commodities and ways of metering (its offers).
create table products (
    id bigint generated always as identity (start with 91001) primary key,
    market text not null,
    brand text not null references brands (code),
    code text not null check (code ~ '^[A-Z0-9][A-Z0-9-]*$'),
    direction text not null check (direction in ('IMPORT', 'EXPORT')),
    display_name text not null,
    full_name text not null,
    description text not null,
    notes text not null default '',
    availability text not null check (availability in ('EVERYONE', 'RESTRICTED')),
    available_from timestamptz not null,
    available_to timestamptz check (available_to > available_from),
    term_months integer check (term_months > 0),
    exit_fee bigint check (exit_fee > 0),
    exit_fee_type text check (exit_fee_type in ('PER_FUEL', 'FIXED')),
    is_variable boolean not null,
    is_prepay boolean not null,
    is_green boolean not null,
    is_hidden boolean not null,
    is_domestic boolean not null,
    is_business boolean not null,
    is_default boolean not null,
    is_occupier boolean not null,
    rank integer not null default 0,
    tags text[] not null default '{}',
    constraint products_code_key unique (code),
    check ((exit_fee is null) = (exit_fee_type is null))
);

create index products_market on products (market, available_from);

-- A product for one commodity, metered in one way. levies are the names of the adjustments that come on top.
create table product_offers (
    id bigint generated always as identity (start with 91501) primary key,
    product_id bigint not null references products (id),
    market_name text not null,
    commodity text not null generated always as (lower(split_part(market_name, '_', 2))) stored,
    kind text not null check (kind in ('STANDARD', 'DAY_NIGHT', 'THREE_RATE', 'FOUR_RATE_EV', 'HALF_HOURLY', 'PREPAY',
        'STEPPED', 'SINGLE_STEP', 'TIME_OF_USE')),
    levies text[] not null default '{}',
    constraint product_offers_key unique (product_id, market_name, kind)
);

-- What an offer charges for: each day, or energy in one band of the day. One band of energy is the base, which holds
-- whenever no window of another one does; so every moment has exactly one. What a car draws is told apart by the device
-- itself, and has bands of its own.
create table offer_parts (
    id bigint generated always as identity (start with 92001) primary key,
    offer_id bigint not null references product_offers (id),
    charged_for text not null check (charged_for in ('DAYS', 'ENERGY', 'DEVICE')),
    band text not null check (band <> ''),
    name text not null,
    is_base boolean not null,
    constraint offer_parts_key unique (offer_id, charged_for, band),
    constraint offer_parts_offer_key unique (id, offer_id, charged_for)
);

create unique index offer_parts_one_base on offer_parts (offer_id, charged_for) where is_base;

-- When a band holds that is not the base: months, days of the week (1 is Monday) and minutes of the local day, all
-- half-open. Windows of an offer never overlap.
create table band_windows (
    part_id bigint not null,
    offer_id bigint not null,
    charged_for text not null check (charged_for in ('ENERGY', 'DEVICE')),
    months int4range not null check (months <@ int4range(1, 13) and not isempty(months)),
    weekdays int4range not null check (weekdays <@ int4range(1, 8) and not isempty(weekdays)),
    minutes int4range not null check (minutes <@ int4range(0, 1440) and not isempty(minutes)
        and lower(minutes) % 30 = 0 and upper(minutes) % 30 = 0),
    foreign key (part_id, offer_id, charged_for) references offer_parts (id, offer_id, charged_for),
    constraint band_windows_apart exclude using gist (int8range(offer_id, offer_id, '[]') with &&,
        int4range((charged_for = 'DEVICE')::integer, (charged_for = 'DEVICE')::integer, '[]') with &&,
        months with &&, weekdays with &&, minutes with &&)
);

create index band_windows_offer on band_windows (offer_id);

-- An offer in a region, for those who pay in one way or, without one, for all.
create table tariffs (
    id bigint generated always as identity (start with 93001) primary key,
    offer_id bigint not null references product_offers (id),
    region text not null check (region <> ''),
    payment_method text check (payment_method in ('DIRECT_DEBIT', 'NON_DIRECT_DEBIT', 'PREPAYMENT')),
    code text not null,
    constraint tariffs_key unique nulls not distinct (offer_id, region, payment_method)
);

create index tariffs_code on tariffs (code);

-- steps are Wh of a calendar month: a price may hold for what is used within them only.
create table tariff_rates (
    tariff_id bigint not null references tariffs (id),
    part_id bigint not null references offer_parts (id),
    steps int8range not null default '[0,)' check (lower(steps) >= 0 and not isempty(steps)),
    during tstzrange not null check (not isempty(during) and lower(during) is not null),
    net numeric not null,
    constraint tariff_rates_one_at_a_time exclude using gist (int8range(tariff_id, tariff_id, '[]') with &&,
        int8range(part_id, part_id, '[]') with &&, steps with &&, during with &&)
);

create index tariff_rates_tariff on tariff_rates (tariff_id);

-- Prices that change each half-hour, a local day a row: ten-thousandths of a minor unit a kWh, 46, 48 or 50 of them.
create table half_hour_prices (
    tariff_id bigint not null references tariffs (id),
    day date not null,
    prices integer[] not null check (cardinality(prices) in (46, 48, 50)),
    published_at timestamptz not null,
    primary key (tariff_id, day)
);

-- How an offer makes its half-hourly prices from those of the day-ahead market: a factor, something on top at the peak, and
-- a cap, in minor units a kWh.
create table half_hour_formulas (
    offer_id bigint primary key references product_offers (id),
    factor numeric not null,
    peak_offset numeric not null,
    cap numeric not null,
    check (cap > 0)
);

-- What the market or the network adds to the price of every product that passes it on, in one region or in all.
create table levies (
    id bigint generated always as identity (start with 94001) primary key,
    market_name text not null,
    name text not null,
    title text not null,
    charged_for text not null check (charged_for in ('DAYS', 'ENERGY')),
    region text,
    constraint levies_key unique nulls not distinct (market_name, name, charged_for, region)
);

create table levy_rates (
    levy_id bigint not null references levies (id),
    during tstzrange not null check (not isempty(during) and lower(during) is not null),
    net numeric not null,
    constraint levy_rates_one_at_a_time exclude using gist (int8range(levy_id, levy_id, '[]') with &&, during with &&)
);

create index levy_rates_levy on levy_rates (levy_id);

-- Who agreed to take what at a supply point. during is when the agreement holds, which ends early where it is terminated;
-- agreed_from and agreed_to are what was agreed. One that was revoked is as if it had never been. Where somebody else, such
-- as an earlier system, has charged a part of it, charged_from is the first local day that is charged here.
create table agreements (
    id bigint generated always as identity (start with 95001) primary key,
    supply_point_id bigint not null references supply_points (id),
    account_id bigint not null references accounts (id),
    tariff_id bigint not null references tariffs (id),
    during tstzrange not null check (not isempty(during) and lower(during) is not null),
    agreed_from timestamptz not null,
    agreed_to timestamptz check (agreed_to > agreed_from),
    agreed_at timestamptz not null,
    charged_from date,
    rescission_deadline_at timestamptz not null,
    terminated_at timestamptz,
    revoked_at timestamptz,
    constraint agreements_one_at_a_time exclude using gist (int8range(supply_point_id, supply_point_id, '[]') with &&,
        during with &&) where (revoked_at is null)
);

create index agreements_supply_point on agreements (supply_point_id);
create index agreements_account on agreements (account_id);

-- What has been charged of an agreement, by half-open local days, and the transaction that did. A correction is a further
-- row for days that were charged before: it says which charge it corrects, and its lines are differences.
create table supply_charges (
    id bigint generated always as identity (start with 96001) primary key,
    agreement_id bigint not null references agreements (id),
    days daterange not null check (not isempty(days) and lower(days) is not null and upper(days) is not null),
    corrects_id bigint references supply_charges (id),
    transaction_id bigint references transactions (id),
    lines jsonb not null check (jsonb_typeof(lines) = 'array'),
    charged_at timestamptz not null,
    constraint supply_charges_once exclude using gist (int8range(agreement_id, agreement_id, '[]') with &&, days with &&)
        where (corrects_id is null)
);

create index supply_charges_agreement on supply_charges (agreement_id);
create index supply_charges_transaction on supply_charges (transaction_id);

-- Which data file of products each market was last brought up to.
create table catalogues (
    market text primary key,
    digest bytea not null
);
