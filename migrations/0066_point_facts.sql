-- What is known of supply points and meters beyond what every market has.

-- What may be drawn at once, from a local day on until the next that follows.
create table supply_point_capacities (
    id bigint generated always as identity primary key,
    supply_point_id bigint not null references supply_points (id),
    valid_from date not null,
    amperage integer,
    kva integer,
    kw numeric(8, 3),
    created_at timestamptz not null,
    constraint supply_point_capacities_day_key unique (supply_point_id, valid_from),
    constraint supply_point_capacities_figure check (num_nonnulls(amperage, kva, kw) > 0 and coalesce(amperage, 1) > 0
        and coalesce(kva, 1) > 0 and coalesce(kw, 1) > 0)
);

-- The smart meters of a home talk to each other, and through a communications hub to the outside.
create table smart_meter_networks (
    id bigint generated always as identity (start with 73001) primary key,
    property_id bigint not null references properties (id),
    created_at timestamptz not null,
    constraint smart_meter_networks_property_key unique (property_id)
);

-- device_id is the number that a device has for life (EUI-64). A device that is or holds a meter says which.
create table smart_meter_devices (
    id bigint generated always as identity (start with 74001) primary key,
    network_id bigint not null references smart_meter_networks (id),
    device_id text not null check (device_id ~ '^[0-9A-F]{2}(-[0-9A-F]{2}){7}$'),
    kind text not null check (kind in ('ESME', 'GSME', 'GPF', 'CHF', 'HCALCS', 'PPMID', 'IHD', 'CAD', 'IHD_OR_CAD')),
    status text not null check (status in ('PENDING', 'WHITELISTED', 'INSTALLED_NOT_COMMISSIONED', 'COMMISSIONED',
        'DECOMMISSIONED', 'WITHDRAWN', 'SUSPENDED', 'RECOVERY', 'RECOVERED')),
    manufacturer text not null check (manufacturer <> ''),
    model text not null check (model <> ''),
    firmware_version text not null check (firmware_version <> ''),
    serial_number text not null check (serial_number <> ''),
    payment_mode text check (payment_mode in ('CREDIT', 'PREPAY')),
    meter_id bigint references meters (id),
    created_at timestamptz not null,
    constraint smart_meter_devices_device_id_key unique (device_id),
    check (meter_id is not null or kind not in ('ESME', 'GSME'))
);

create index smart_meter_devices_network on smart_meter_devices (network_id);
create index smart_meter_devices_meter on smart_meter_devices (meter_id);

-- What is known of gas meters. Volumes are multiplied by correction for temperature and pressure, dials by
-- reading_factor; location is a code of two digits.
create table gas_meters (
    meter_id bigint primary key references meters (id),
    model_name text not null check (model_name <> ''),
    manufacturer_code text not null check (manufacturer_code ~ '^[A-Z]{3}$'),
    manufactured_year integer check (manufactured_year between 1950 and 2100),
    mechanism text not null check (mechanism in ('CR', 'ET', 'PP', 'MT', 'CM', 'TH', 'NS', 'S1', 'S2', 'U')),
    is_imperial boolean not null,
    correction numeric(8, 6) not null check (correction > 0),
    reading_factor numeric(8, 3) not null check (reading_factor > 0),
    pulse_value numeric(10, 6) not null check (pulse_value > 0),
    location text not null check (location ~ '^[0-9]{2}$'),
    location_description text not null,
    owner text not null check (owner <> ''),
    inspected_on date
);

-- What the register of the British gas industry has said of a point. aq_kwh is what is expected in a year, as reckoned now
-- and as fixed for the formula year; soq_kwh what the hardest day may take. A transporter of its own (IGT) has the last
-- stretch of pipe to some homes.
create table gas_register_entries (
    supply_point_id bigint primary key references supply_points (id),
    exit_zone text not null check (exit_zone ~ '^[A-Z]{2}[0-9]$'),
    aq_kwh bigint not null check (aq_kwh > 0),
    formula_aq_kwh bigint not null check (formula_aq_kwh > 0),
    soq_kwh bigint not null check (soq_kwh > 0),
    formula_soq_kwh bigint not null check (formula_soq_kwh > 0),
    is_daily_metered boolean not null,
    transporter text check (transporter ~ '^[A-Z]{3}$'),
    sector text not null check (sector in ('D', 'I')),
    meter_ownership text not null check (meter_ownership in ('T', 'S', 'C')),
    read_frequency text not null check (read_frequency in ('A', '6', 'M', 'D')),
    supply_class smallint not null check (supply_class between 1 and 4),
    status text not null check (status in ('LI', 'DE', 'EX', 'PL')),
    status_at timestamptz not null,
    confirmation integer check (confirmation > 0),
    nomination text,
    old_supplier text,
    new_supplier text,
    starts_on date,
    checked_at timestamptz not null,
    check ((confirmation is null) = (starts_on is null) and (confirmation is null) = (nomination is null))
);

-- What transporters charge in a local distribution zone from a day on, in pence: capacity for each kWh of the hardest
-- day, and commodity for each kWh.
create table gas_network_charges (
    ldz text not null check (ldz ~ '^[A-Z]{2}$'),
    valid_from date not null,
    ldz_capacity numeric(8, 4) not null,
    ldz_commodity numeric(8, 4) not null,
    ldz_customer numeric(8, 4) not null,
    exit_capacity numeric(8, 4) not null,
    nts_exit_commodity numeric(8, 4) not null,
    primary key (ldz, valid_from)
);

insert into gas_network_charges
    (ldz, valid_from, ldz_capacity, ldz_commodity, ldz_customer, exit_capacity, nts_exit_commodity)
select zone.ldz, year.valid_from, round(zone.capacity * year.factor, 4), round(zone.commodity * year.factor, 4),
    round(zone.customer * year.factor, 4), round(zone.exit * year.factor, 4), round(0.0177 * year.factor, 4)
from (values ('EA', 0.2214, 0.0302, 0.0931, 0.0197), ('EM', 0.2208, 0.0301, 0.0930, 0.0150),
        ('NE', 0.2371, 0.0319, 0.1004, 0.0114), ('NO', 0.2463, 0.0334, 0.1023, 0.0108),
        ('NT', 0.2579, 0.0352, 0.1090, 0.0226), ('NW', 0.2502, 0.0341, 0.1057, 0.0185),
        ('SC', 0.2187, 0.0295, 0.0916, 0.0076), ('SE', 0.2449, 0.0332, 0.1021, 0.0240),
        ('SO', 0.2401, 0.0328, 0.1011, 0.0262), ('SW', 0.2688, 0.0369, 0.1148, 0.0301),
        ('WM', 0.2517, 0.0344, 0.1063, 0.0211), ('WN', 0.2540, 0.0350, 0.1077, 0.0247),
        ('WS', 0.2655, 0.0363, 0.1129, 0.0274)) as zone (ldz, capacity, commodity, customer, exit),
    (values (date '2023-04-01', 0.94), (date '2024-04-01', 1.00), (date '2025-04-01', 1.07),
        (date '2026-04-01', 1.12)) as year (valid_from, factor);

-- Somebody does not agree with the reading that a supply began or ended with.
create table read_disputes (
    id bigint generated always as identity primary key,
    supply_period_id bigint not null references supply_periods (id),
    reading text not null check (reading in ('OPENING', 'CLOSING')),
    raised_at timestamptz not null,
    settled_at timestamptz check (settled_at >= raised_at)
);

create unique index read_disputes_open on read_disputes (supply_period_id, reading) where settled_at is null;
