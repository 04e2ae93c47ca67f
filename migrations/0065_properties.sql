-- Places that are supplied, who lives there, and the points at which energy is handed over. A point belongs to a market of
-- one commodity and carries the number which that market knows it by; the market's registers say the rest about it.

create table properties (
    id bigint generated always as identity (start with 51001) primary key,
    market text not null,
    label text check (label <> ''),
    address_line1 text not null check (address_line1 <> ''),
    address_line2 text not null default '',
    address_line3 text not null default '',
    address_line4 text not null default '',
    address_line5 text not null default '',
    postcode text not null,
    address_id bigint not null references addresses (id),
    latitude numeric(8, 6) check (latitude between -90 and 90),
    longitude numeric(9, 6) check (longitude between -180 and 180),
    address_text text not null generated always as (lower(address_line1 || ' ' || address_line2 || ' ' || address_line3
        || ' ' || address_line4 || ' ' || address_line5 || ' ' || postcode)) stored,
    created_at timestamptz not null,
    check ((latitude is null) = (longitude is null))
);

create index properties_address_text on properties using gin (address_text gin_trgm_ops);

-- An account holds a property from the moment that begins the range until the one that ends it. One account at a time
-- lives there; others, such as a landlord's, may answer for it meanwhile.
create table occupancies (
    id bigint generated always as identity (start with 52001) primary key,
    property_id bigint not null references properties (id),
    account_id bigint not null references accounts (id),
    during tstzrange not null check (not isempty(during) and lower(during) is not null),
    is_occupier boolean not null,
    created_at timestamptz not null,
    constraint occupancies_once exclude using gist (int8range(property_id, property_id, '[]') with &&,
        int8range(account_id, account_id, '[]') with &&, during with &&),
    constraint occupancies_one_occupier exclude using gist (int8range(property_id, property_id, '[]') with &&,
        during with &&) where (is_occupier)
);

create index occupancies_property on occupancies (property_id);
create index occupancies_account on occupancies (account_id);

-- region is what prices and rules of the network go by: the letter of a grid supply point group ('C') or a local
-- distribution zone ('NT') in Britain, a network operator in Germany and Australia, the two digits of a grid operator in
-- Japan ('03'), a load zone in Texas ('LZ_HOUSTON'). Energy runs one way through a point: into the property (IMPORT)
-- or out of it (EXPORT).
create table supply_points (
    id bigint generated always as identity (start with 61001) primary key,
    property_id bigint not null references properties (id),
    market_name text not null check (market_name in ('GBR_ELECTRICITY', 'GBR_GAS', 'DEU_ELECTRICITY', 'DEU_GAS',
        'JPN_ELECTRICITY', 'JPN_GAS', 'AUS_ELECTRICITY', 'AUS_GAS', 'USA_ELECTRICITY')),
    market text not null generated always as (case split_part(market_name, '_', 1) when 'GBR' then 'gb'
        when 'DEU' then 'de' when 'JPN' then 'jp' when 'AUS' then 'au' else 'us' end) stored,
    commodity text not null generated always as (lower(split_part(market_name, '_', 2))) stored,
    identifier text not null check (identifier ~ '^[A-Z0-9]+$'),
    metering_location text check (metering_location ~ '^[A-Z0-9]+$'),
    direction text not null default 'IMPORT' check (direction in ('IMPORT', 'EXPORT')),
    region text not null,
    network_operator text check (network_operator <> ''),
    load_profile text check (load_profile <> ''),
    annual_wh bigint check (annual_wh >= 0),
    reading_day smallint check (reading_day between 1 and 31),
    has_critical_care boolean not null default false,
    created_at timestamptz not null,
    constraint supply_points_identifier_key unique (market_name, identifier)
);

create index supply_points_property on supply_points (property_id);

-- When this retailer supplies a point, and on whose account. Whoever moves out ends it; nobody is supplied twice.
create table supply_periods (
    id bigint generated always as identity (start with 62001) primary key,
    supply_point_id bigint not null references supply_points (id),
    account_id bigint not null references accounts (id),
    during tstzrange not null check (not isempty(during) and lower(during) is not null),
    is_billable boolean not null default true,
    created_at timestamptz not null,
    constraint supply_periods_one_at_a_time exclude using gist (
        int8range(supply_point_id, supply_point_id, '[]') with &&, during with &&)
);

create index supply_periods_supply_point on supply_periods (supply_point_id);
create index supply_periods_account on supply_periods (account_id);

-- A meter hangs at a point from its first local day until the one on which it was taken off; one at a time.
-- capacity is the greatest current that it is made for, in amperes.
create table meters (
    id bigint generated always as identity (start with 71001) primary key,
    supply_point_id bigint not null references supply_points (id),
    serial_number text not null check (serial_number <> ''),
    meter_type text not null,
    make_and_type text check (make_and_type <> ''),
    active_from date not null,
    active_to date check (active_to > active_from),
    sends_half_hourly boolean not null default false,
    capacity integer check (capacity > 0),
    created_at timestamptz not null,
    constraint meters_serial_number_key unique (supply_point_id, serial_number),
    constraint meters_one_at_a_time exclude using gist (
        int8range(supply_point_id, supply_point_id, '[]') with &&, daterange(active_from, active_to) with &&)
);

create index meters_supply_point on meters (supply_point_id);
create index meters_serial_number on meters (serial_number);

-- What one register of a meter counts: all energy, or what is used in one band of the day. Its wheels or digits start
-- again at zero when they are full. One unit of it is multiplier kWh, or cubic metres of gas.
create table meter_registers (
    id bigint generated always as identity (start with 72001) primary key,
    meter_id bigint not null references meters (id),
    identifier text not null check (identifier <> ''),
    name text not null,
    band text not null check (band in ('STANDARD', 'DAY', 'NIGHT', 'OFF_PEAK')),
    digits smallint not null check (digits between 3 and 10),
    decimal_places smallint not null default 0 check (decimal_places between 0 and 4),
    multiplier numeric not null default 1 check (multiplier > 0),
    constraint meter_registers_identifier_key unique (meter_id, identifier)
);
