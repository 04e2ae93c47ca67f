-- Devices that customers let us control: cars, charge points, batteries, inverters, heat pumps, thermostats.

-- What can be controlled, as data. providers are the services through which a model is reached; those of a model that is
-- reached through none do not work with us yet.
create table vehicle_models (
    id integer primary key,
    make text not null check (make <> ''),
    model text not null check (model <> ''),
    available_from smallint not null check (available_from between 2008 and 2100),
    available_to smallint check (available_to >= available_from),
    battery_wh bigint not null check (battery_wh between 1000 and 300000),
    providers text[] not null,
    integration_status text not null check (integration_status in ('INTERNAL_TESTING', 'TESTING', 'NOT_AVAILABLE',
        'GENERALLY_AVAILABLE')),
    constraint vehicle_models_once unique (make, model, available_from)
);

create table charge_point_models (
    id integer primary key,
    make text not null check (make <> ''),
    model text not null check (model <> ''),
    power_w bigint not null check (power_w between 1000 and 400000),
    amperage smallint not null check (amperage > 0),
    providers text[] not null,
    integration_status text not null check (integration_status in ('INTERNAL_TESTING', 'TESTING', 'NOT_AVAILABLE',
        'GENERALLY_AVAILABLE')),
    constraint charge_point_models_once unique (make, model)
);

create table heat_pump_models (
    id integer primary key,
    make text not null check (make <> ''),
    model text not null check (model <> ''),
    power_w bigint not null check (power_w between 1000 and 100000),
    is_deprecated boolean not null default false,
    constraint heat_pump_models_once unique (make, model)
);

-- A device on an account, at one of its properties. The maker knows it by its reference, and it is registered once until it
-- is retired. number is the order in which devices came. power_w is the most that it takes from the grid, battery_wh what its battery, or the car behind it, holds;
-- charge_limit_percent is how far the car itself lets it be charged. exports says whether what
-- can feed the grid may, is_capped whether plans for a car stop at some hours. state is where the device and our control of it stood
-- at advanced_to; what follows from there is a matter of the clock.
create table devices (
    id uuid primary key,
    number bigint generated always as identity unique,
    account_id bigint not null references accounts (id),
    property_id bigint not null references properties (id),
    kind text not null check (kind in ('VEHICLE', 'CHARGE_POINT', 'BATTERY', 'INVERTER', 'HEAT_PUMP', 'THERMOSTAT')),
    provider text not null check (provider <> ''),
    reference text not null check (reference <> ''),
    name text not null check (name <> ''),
    make text not null check (make <> ''),
    model text not null check (model <> ''),
    vehicle_model_id integer references vehicle_models (id),
    charge_point_model_id integer references charge_point_models (id),
    heat_pump_model_id integer references heat_pump_models (id),
    battery_wh bigint check (battery_wh > 0),
    power_w bigint not null check (power_w > 0),
    charge_limit_percent smallint check (charge_limit_percent between 50 and 100),
    exports boolean check (exports is null or kind in ('BATTERY', 'INVERTER')),
    is_capped boolean check (is_capped is null or kind in ('VEHICLE', 'CHARGE_POINT')),
    state jsonb not null,
    advanced_to timestamptz not null,
    retired_at timestamptz,
    created_at timestamptz not null,
    check (kind <> 'VEHICLE' or (vehicle_model_id is not null and battery_wh is not null
        and charge_limit_percent is not null)),
    check (kind <> 'CHARGE_POINT' or (charge_point_model_id is not null and battery_wh is not null
        and charge_limit_percent is not null))
);

create unique index devices_once on devices (provider, reference) where retired_at is null;
create index devices_account on devices (account_id, created_at);
create index devices_property on devices (property_id);
create index devices_behind on devices (advanced_to) where retired_at is null;

-- What the customer wants of a device.
create table device_preferences (
    device_id uuid primary key references devices (id),
    mode text not null check (mode in ('CHARGE', 'COOL', 'HEAT')),
    unit text not null check (unit in ('CELSIUS', 'PERCENTAGE', 'PERCENTAGE_ABSOLUTE', 'PERCENTAGE_RELATIVE')),
    set_at timestamptz not null
);

-- By when on a local weekday, Monday being 1, and how full or how warm. Charging goes up to min as soon as it can and to max
-- by that time; rooms are kept between min and max from that time on.
create table device_schedules (
    device_id uuid not null references device_preferences (device_id),
    weekday smallint not null check (weekday between 1 and 7),
    at time not null,
    min numeric(5, 2),
    max numeric(5, 2) not null,
    primary key (device_id, weekday, at),
    check (min <= max)
);

-- Charging that we had done, as one thing: by plan, or asked for outside the plan. charges are in hundredths of a per cent.
create table charging_sessions (
    id bigint generated always as identity (start with 81001) primary key,
    device_id uuid not null references devices (id),
    source text not null check (source in ('SMART', 'BOOST', 'TEST')),
    target_type text not null check (target_type in ('ABSOLUTE_STATE_OF_CHARGE', 'RELATIVE_STATE_OF_CHARGE')),
    started_at timestamptz not null,
    ended_at timestamptz not null check (ended_at > started_at),
    charge_before integer not null check (charge_before between 0 and 10000),
    charge_after integer not null check (charge_after between 0 and 10000),
    battery_wh bigint not null check (battery_wh >= 0),
    problems jsonb not null,
    constraint charging_sessions_once unique (device_id, started_at)
);

-- The times within a session at which energy ran, with what came from the grid and what was left of it in the battery.
create table device_dispatches (
    id bigint generated always as identity (start with 82001) primary key,
    session_id bigint not null references charging_sessions (id),
    device_id uuid not null references devices (id),
    source text not null check (source in ('SMART', 'BOOST', 'TEST')),
    started_at timestamptz not null,
    ended_at timestamptz not null check (ended_at > started_at),
    grid_wh bigint not null check (grid_wh >= 0),
    battery_wh bigint not null check (battery_wh >= 0),
    constraint device_dispatches_once unique (device_id, started_at)
);

create index device_dispatches_session on device_dispatches (session_id);
create index device_dispatches_time on device_dispatches (device_id, ended_at);
