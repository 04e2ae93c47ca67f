-- What was measured: registers read now and then, and energy by the half or quarter of an hour.

-- Somebody, or the meter itself, read a meter at a moment. Who gives another reading of the same moment in the same way
-- corrects the one before, which stays, withdrawn.
create table meter_readings (
    id bigint generated always as identity (start with 73001) primary key,
    meter_id bigint not null references meters (id),
    read_at timestamptz not null,
    source text not null check (source in ('CUSTOMER', 'SMART_METER', 'ESTIMATE', 'CHANGE_OF_SUPPLY', 'METER_EXCHANGE',
        'PREPAY', 'PRE_SUPPLIER', 'DATA_COLLECTOR')),
    reading_type text not null check (reading_type in ('ACTUAL', 'CUSTOMER', 'SMART', 'ESTIMATED', 'DEEMED')),
    given_by_kind text check (given_by_kind <> ''),
    given_by_id bigint,
    created_at timestamptz not null,
    withdrawn_at timestamptz,
    check ((given_by_kind is null) = (given_by_id is null))
);

create unique index meter_readings_once on meter_readings (meter_id, read_at, source) where withdrawn_at is null;
create index meter_readings_newest on meter_readings (meter_id, read_at desc, id desc);

-- What a register showed, in its own units. One that is quarantined has not passed the checks and counts for nothing
-- until somebody confirms it. Of readings of one moment one counts, and an estimate does so only until the register has
-- been measured at a later moment; what counts is worked out again with every change (readings::settle). Between
-- two that count, a lower value means that the register has started again at zero.
create table register_readings (
    reading_id bigint not null references meter_readings (id),
    register_id bigint not null references meter_registers (id),
    read_at timestamptz not null,
    value numeric not null check (value >= 0),
    is_quarantined boolean not null default false,
    quarantine_reason text check (quarantine_reason in ('BACKWARDS', 'TOO_HIGH')),
    confirmed_at timestamptz,
    counts boolean not null default false,
    primary key (reading_id, register_id),
    check (not (counts and is_quarantined)),
    check (not is_quarantined or quarantine_reason is not null)
);

create unique index register_readings_counting on register_readings (register_id, read_at) where counts;
create index register_readings_register on register_readings (register_id, read_at);

-- Energy through a point on one local day of its market, an entry each so many minutes: the first begins with the day,
-- the last ends with it, so days on which clocks change have fewer or more. An entry that is missing is null. What was
-- sent before stays; the highest version counts. Where a market settles its values month by month, the version that
-- says so is final.
create table interval_days (
    supply_point_id bigint not null references supply_points (id),
    day date not null,
    version integer not null check (version > 0),
    minutes smallint not null check (minutes in (15, 30)),
    is_final boolean not null default false,
    wh integer[] not null check (cardinality(wh) * minutes between 1380 and 1500),
    received_at timestamptz not null,
    primary key (supply_point_id, day, version)
) partition by range (day);

-- Whatever lies outside of the years that have a partition of their own.
create table interval_days_beyond partition of interval_days default;

-- Makes the partition of a year and brings in what was kept for it meanwhile; does nothing where there is one.
create function add_interval_year(wanted integer) returns void language plpgsql as $$
declare
    name text := format('interval_days_%s', wanted);
    first date := make_date(wanted, 1, 1);
    beyond date := make_date(wanted + 1, 1, 1);
begin
    if to_regclass(name) is not null then return; end if;
    perform pg_advisory_xact_lock(hashtext('interval_days'));
    if to_regclass(name) is not null then return; end if;
    execute format('create table %I (like interval_days including all)', name);
    lock table interval_days_beyond in access exclusive mode;
    execute format('with moved as (delete from interval_days_beyond where day >= %L and day < %L returning *)
        insert into %I select * from moved', first, beyond, name);
    execute format('alter table interval_days attach partition %I for values from (%L) to (%L)', name, first, beyond);
end $$;

select add_interval_year(years) from generate_series(2022, 2030) as years;

-- Where each meter's data service is to be asked on: everything that it had published until the moment asked_until has
-- been taken in, and it has nothing new before next_at.
create table meter_feeds (
    meter_id bigint primary key references meters (id),
    asked_until timestamptz not null,
    next_at timestamptz not null
);

create index meter_feeds_next on meter_feeds (next_at);

-- How much heat the gas of a network held on a day, in megajoules a cubic metre.
create table calorific_values (
    market text not null,
    region text not null,
    day date not null,
    mj_per_m3 numeric(5, 2) not null check (mj_per_m3 > 0),
    primary key (market, region, day)
);
