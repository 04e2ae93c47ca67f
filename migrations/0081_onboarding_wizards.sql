-- Setting a device up step by step. A wizard is of a home on an account, one at a time until its device is registered, and keeps
-- what was chosen. Its steps follow from what was answered before; what the customer signed in with is kept nowhere, only which
-- devices their maker's service reached.
create table onboarding_wizards (
    id uuid primary key,
    number bigint generated always as identity,
    account_id bigint not null references accounts (id),
    property_id bigint not null references properties (id),
    device_type text check (device_type = 'ELECTRIC_VEHICLES'),
    integration text check (integration in ('ELECTRIC_VEHICLE', 'CHARGE_POINT')),
    vehicle_model_id integer references vehicle_models (id),
    charge_point_model_id integer references charge_point_models (id),
    device_id uuid references devices (id),
    started_at timestamptz not null,
    cancelled_at timestamptz,
    constraint onboarding_wizards_device_key unique (device_id)
);

create unique index onboarding_wizards_one_at_a_time on onboarding_wizards (account_id, property_id)
    where device_id is null and cancelled_at is null;

create table onboarding_steps (
    id uuid primary key,
    wizard_id uuid not null references onboarding_wizards (id),
    place smallint not null check (place > 0),
    kind text not null check (kind in ('DEVICE_TYPE', 'INTEGRATION', 'VEHICLE_MAKE', 'VEHICLE_VARIANT',
        'CHARGE_POINT_MAKE', 'CHARGE_POINT_VARIANT', 'SIGN_IN', 'REACHED', 'VIRTUAL_KEY', 'CONNECT', 'REGISTRATION',
        'TRANSITION', 'TEST_CHARGE', 'IN_SERVICE')),
    reached text[] not null default '{}',
    answer text,
    completed_at timestamptz,
    constraint onboarding_steps_place_key unique (wizard_id, place)
);
