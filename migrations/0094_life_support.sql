-- Who is supplied where somebody's life hangs on equipment that needs power, as retailers and networks of Australia keep it.

create table life_support_equipment (
    code text primary key
);

insert into life_support_equipment (code) values
    ('OXYGEN_CONCENTRATOR'), ('INTERMITTENT_PERITONEAL_DIALYSIS_MACHINE'), ('KIDNEY_DIALYSIS_MACHINE'),
    ('CHRONIC_POSITIVE_AIRWAYS_PRESSURE_RESPIRATOR'), ('CRIGLER_NAJJAR_SYNDROME_PHOTOTHERAPY_EQUIPMENT'),
    ('VENTILATOR_FOR_LIFE_SUPPORT'), ('OTHER');

create table life_support_records (
    id bigint generated always as identity (start with 99801) primary key,
    account_id bigint not null references accounts (id),
    registered_on date not null,
    equipment text not null,
    details text not null default '',
    status text not null,
    -- Kept by the retailer; else by the network.
    is_ours boolean not null,
    contact_method text not null,
    updated_at timestamptz not null,
    constraint life_support_records_equipment_fkey foreign key (equipment) references life_support_equipment (code),
    constraint life_support_records_status_check check (status in ('REGISTERED_NO_MEDICAL_CONFIRMATION',
        'REGISTERED_MEDICAL_CONFIRMATION', 'DEREGISTERED_NO_MEDICAL_CONFIRMATION', 'DEREGISTERED_CUSTOMER_ADVICE',
        'DEREGISTERED_NO_CUSTOMER_RESPONSE')),
    constraint life_support_records_contact_check check (contact_method in ('POSTAL_ADDRESS', 'SITE_ADDRESS', 'EMAIL_ADDRESS',
        'PHONE'))
);

create unique index life_support_records_key on life_support_records (account_id, equipment, details)
    where status in ('REGISTERED_NO_MEDICAL_CONFIRMATION', 'REGISTERED_MEDICAL_CONFIRMATION');
create index life_support_records_account on life_support_records (account_id);
