-- How much a caller may ask for. Counts are unlogged: losing them in a crash gives everybody a fresh start
-- and nothing else, and counting must not wait for the disk.

-- Points an hour, by kind of subject. `address` is anybody without a credential.
create table rate_allowances_by_kind (
    kind text primary key,
    points bigint not null check (points >= 0)
);

insert into rate_allowances_by_kind (kind, points) values
    ('account-user', 50000),
    ('partner-user', 50000),
    ('organisation', 100000),
    ('support-user', 300000),
    ('address', 100000);

-- Exceptions for single subjects. Without points of its own, a subject keeps those of its kind.
create table rate_overrides (
    subject text primary key,
    points bigint check (points >= 0),
    mode text not null default 'BLOCK' check (mode in ('COUNT', 'BLOCK', 'DENY_LIST')),
    set_at timestamptz not null
);

-- What each subject has spent in the hour that is running. Points leased to a server count as spent.
create unlogged table rate_points (
    subject text primary key,
    window_ends_at timestamptz not null,
    used bigint not null check (used >= 0)
);

create index rate_points_by_end on rate_points (window_ends_at);

-- How often single fields were tried, by hash of who tried. A count is full at `most`.
create unlogged table rate_field_counts (
    field text not null,
    key_hash bytea not null check (octet_length(key_hash) = 32),
    window_ends_at timestamptz not null,
    count integer not null check (count >= 0),
    most integer not null,
    primary key (field, key_hash)
);

create index rate_field_counts_by_end on rate_field_counts (window_ends_at);
