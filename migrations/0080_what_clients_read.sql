-- What a Japanese postcode stands for: a district, or where a code is shared several. `area` is empty where the code stands
-- for whatever of a town has no code of its own.
create table postal_areas (
    postcode text not null check (postcode ~ '^\d{3}-\d{4}$'),
    prefecture text not null check (prefecture <> ''),
    city text not null check (city <> ''),
    area text not null,
    primary key (postcode, prefecture, city, area)
);

-- Customers who came with a supplier that was taken over: the system in which they were kept before.
alter table account_applications add column migration_source text check (migration_source <> '');

-- The wheel of fortune: which prizes a market's wheel has, how often each comes in a full round, and who spun when. A prize is
-- a credit, or nothing. An account spins once a month for each supply.
create table wheel_prizes (
    market text not null,
    amount integer not null check (amount >= 0),
    share smallint not null check (share > 0),
    primary key (market, amount)
);

insert into wheel_prizes (market, amount, share) values
    ('gb', 0, 55), ('gb', 50, 20), ('gb', 100, 12), ('gb', 200, 8), ('gb', 800, 4), ('gb', 2500, 1);

create table wheel_spins (
    id bigint generated always as identity (start with 93001) primary key,
    account_id bigint not null references accounts (id),
    account_user_id bigint not null references account_users (id),
    supply_type text not null check (supply_type in ('ELECTRICITY', 'GAS')),
    month date not null check (extract(day from month) = 1),
    amount integer not null check (amount >= 0),
    transaction_id bigint references transactions (id),
    spun_at timestamptz not null,
    constraint wheel_spins_once unique (account_id, supply_type, month)
);

-- When they last accepted the terms of the wheel.
alter table account_users add column wheel_terms_accepted_at timestamptz;

-- Charging at a public charge point, of which its operator tells: where, and what it cost with tax in minor units. Nothing of it
-- ran through a meter that we supply.
alter table charging_sessions drop constraint charging_sessions_source_check;
alter table charging_sessions add constraint charging_sessions_source_check
    check (source in ('SMART', 'BOOST', 'TEST', 'PUBLIC'));
alter table charging_sessions
    add column operator text check (operator <> ''),
    add column location text check (location <> ''),
    add column cost bigint check (cost >= 0),
    add constraint charging_sessions_elsewhere check (num_nonnulls(operator, location, cost)
        = case source when 'PUBLIC' then 3 else 0 end);
