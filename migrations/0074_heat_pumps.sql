-- Heat pumps with a controller of our own: devices whose reference is the identifier that the controller was made with.

create table heat_pump_controllers (
    device_id uuid primary key references devices (id),
    serial_number text not null check (serial_number <> ''),
    hardware_version text not null check (hardware_version <> ''),
    provisioned_at timestamptz not null,
    constraint heat_pump_controllers_serial_number_key unique (serial_number)
);

-- What a controller goes by from a moment on, as one thing; only ever added, because what was used before went by what was
-- set then.
create table heat_pump_settings (
    id bigint generated always as identity primary key,
    device_id uuid not null references heat_pump_controllers (device_id),
    since timestamptz not null,
    settings jsonb not null
);

create index heat_pump_settings_device on heat_pump_settings (device_id, since, id);

create trigger heat_pump_settings_append_only before update or delete or truncate on heat_pump_settings
    for each statement execute function refuse_change();

-- What a controller measures with: wires of its own (NTC), thermostats (TSTAT) and sensors without wires (ZIGBEE).
create table heat_pump_sensors (
    device_id uuid not null references heat_pump_controllers (device_id),
    code text not null check (code ~ '^[A-Z0-9]+$'),
    kind text not null check (kind in ('ZIGBEE', 'NTC', 'TSTAT')),
    zone text not null check (zone in ('WATER', 'ZONE_1', 'ZONE_2', 'AUXILIARY')),
    display_name text not null check (display_name <> ''),
    firmware_version text,
    added_at timestamptz not null,
    removed_at timestamptz,
    primary key (device_id, code)
);

-- What a controller was told, and by whom.
create table heat_pump_orders (
    id bigint generated always as identity (start with 83001) primary key,
    device_id uuid not null references heat_pump_controllers (device_id),
    what text not null check (what <> ''),
    by_kind text not null check (by_kind <> ''),
    by_id bigint not null,
    at timestamptz not null
);

create index heat_pump_orders_device on heat_pump_orders (device_id, at);

create trigger heat_pump_orders_append_only before update or delete or truncate on heat_pump_orders
    for each statement execute function refuse_change();
