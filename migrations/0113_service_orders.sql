-- What Australian networks charge for work on site, and what customers were charged of it.

-- A fee of a network for a kind of work. price is net, in minor units.
create table service_order_fees (
    id bigint generated always as identity (start with 135001) primary key,
    job_type text not null references on_site_job_types (code),
    product_code text not null check (product_code <> ''),
    supply_type text not null check (supply_type in ('ELECTRICITY', 'GAS')),
    market_participant text not null check (market_participant <> ''),
    jurisdiction text not null,
    price integer not null check (price > 0),
    description text not null check (description <> ''),
    effective daterange not null check (not isempty(effective) and not lower_inf(effective))
);

create unique index service_order_fees_once
    on service_order_fees (job_type, supply_type, market_participant, lower(effective));

create index service_order_fees_product on service_order_fees (product_code, lower(effective));

insert into service_order_fees
    (job_type, product_code, supply_type, market_participant, jurisdiction, price, description, effective)
select f.job_type, f.product_code || '_' || p.suffix, f.supply_type, p.name, p.jurisdiction,
    (f.price::bigint * p.permille * y.permille / 1000000)::integer, f.description, y.effective
from (values
    ('METER_EXCHANGE', 'METER_EXCHANGE', 'ELECTRICITY', 11900, 'Exchange of a meter'),
    ('METER_FAULT', 'METER_INVESTIGATION', 'ELECTRICITY', 8450, 'Investigation of a meter'),
    ('METER_ACCURACY', 'METER_TEST', 'ELECTRICITY', 21300, 'Test of a meter'),
    ('METER_MOVE', 'METER_MOVE', 'ELECTRICITY', 34800, 'Move of a meter'),
    ('SPECIAL_READING', 'SPECIAL_READ', 'ELECTRICITY', 1190, 'Special reading'),
    ('DISCONNECTION', 'DE_ENERGISATION', 'ELECTRICITY', 4750, 'De-energisation'),
    ('RECONNECTION', 'RE_ENERGISATION', 'ELECTRICITY', 4750, 'Re-energisation'),
    ('METER_EXCHANGE', 'GAS_METER_CHANGE', 'GAS', 15400, 'Change of a gas meter'),
    ('METER_FAULT', 'GAS_METER_FAULT', 'GAS', 9100, 'Repair of a gas meter'),
    ('SPECIAL_READING', 'GAS_SPECIAL_READ', 'GAS', 1450, 'Special reading of a gas meter'),
    ('DISCONNECTION', 'GAS_DISCONNECTION', 'GAS', 8200, 'Disconnection of gas'),
    ('RECONNECTION', 'GAS_RECONNECTION', 'GAS', 8200, 'Reconnection of gas')
) f (job_type, product_code, supply_type, price, description)
cross join (values
    ('Ausgrid', 'AUSGRID', 'NEW_SOUTH_WALES', 1000), ('Endeavour Energy', 'ENDEAVOUR', 'NEW_SOUTH_WALES', 960),
    ('Energex', 'ENERGEX', 'QUEENSLAND', 1040), ('CitiPower', 'CITIPOWER', 'VICTORIA', 930),
    ('SA Power Networks', 'SAPN', 'SOUTH_AUSTRALIA', 1080), ('Jemena', 'JEMENA', 'NEW_SOUTH_WALES', 1010)
) p (name, suffix, jurisdiction, permille)
cross join (values
    (1000, daterange('2023-07-01', '2024-07-01')), (1035, daterange('2024-07-01', '2025-07-01')),
    (1060, daterange('2025-07-01', '2026-07-01')), (1090, daterange('2026-07-01', null))
) y (permille, effective)
order by p.name, f.product_code, y.permille;

-- A fee that was charged to a customer for a request, once: net in minor units, and the charge.
create table service_order_charges (
    id bigint generated always as identity (start with 136001) primary key,
    request_id uuid not null references on_site_requests (id),
    fee_id bigint not null references service_order_fees (id),
    account_id bigint not null references accounts (id),
    net_amount integer not null check (net_amount > 0),
    transaction_id bigint not null references transactions (id),
    effective_at timestamptz not null,
    constraint service_order_charges_once unique (request_id, fee_id),
    constraint service_order_charges_transaction_key unique (transaction_id)
);
