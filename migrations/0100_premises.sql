-- Addresses of Texas that have a point of electricity, by the list that the market publishes of them: whoever wants to be
-- supplied finds theirs here, whether it was ever supplied by us or not.

create table premises (
    esi_id text primary key check (esi_id ~ '^10[0-9]{15}([0-9]{5})?$'),
    address text not null check (address <> ''),
    address2 text not null default '',
    city text not null check (city <> ''),
    state text not null check (state ~ '^[A-Z]{2}$'),
    zip text not null check (zip ~ '^[0-9]{5}(-[0-9]{4})?$'),
    network text not null check (network in ('AEP_TCC', 'AEP_TNC', 'CENTERPOINT', 'ONCOR', 'TNMP')),
    load_zone text not null check (load_zone in ('LZ_HOUSTON', 'LZ_NORTH', 'LZ_SOUTH', 'LZ_WEST')),
    meter text check (meter in ('AMSM', 'AMSR')),
    kind text not null check (kind in ('RESIDENTIAL', 'SMALL_NON_RESIDENTIAL', 'LARGE_NON_RESIDENTIAL')),
    address_text text not null generated always as (
        lower(address || ' ' || address2 || ' ' || city || ' ' || state || ' ' || zip)) stored,
    listed_at timestamptz not null
);

create index premises_address_text on premises using gin (address_text gin_trgm_ops);
