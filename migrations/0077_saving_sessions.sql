-- Hours in which a grid operator pays for what customers use less than they usually do, and how each of them did.

-- Who announces what; a trial is for testers only. grams_per_kwh is how much CO2 the power stations emit that would
-- otherwise have run.
create table saving_session_events (
    id bigint generated always as identity (start with 95001) primary key,
    market text not null,
    code text not null check (code <> ''),
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    points_per_kwh integer not null check (points_per_kwh > 0),
    grams_per_kwh integer not null check (grams_per_kwh >= 0),
    notice text not null check (notice in ('DAY_AHEAD', 'WITHIN_DAY_1', 'WITHIN_DAY_2')),
    is_trial boolean not null,
    announced_at timestamptz not null,
    constraint saving_session_events_code_key unique (market, code),
    check (announced_at <= starts_at),
    check (ends_at > starts_at and ends_at - starts_at <= interval '12 hours'),
    check (extract(epoch from starts_at)::bigint % 1800 = 0 and extract(epoch from ends_at)::bigint % 1800 = 0)
);

create index saving_session_events_start on saving_session_events (market, starts_at);

-- The point with which an account takes part, for as long as it is in the campaign.
create table saving_session_points (
    participation_id bigint primary key references account_campaigns (id) on delete cascade,
    supply_point_id bigint not null references supply_points (id)
);

create index saving_session_points_point on saving_session_points (supply_point_id);

-- Who wants to take part in an event, with which point. Once the readings are in, what the point usually takes in the same
-- half-hours is kept beside what it took, with the points that were given for the difference.
create table saving_session_joins (
    id bigint generated always as identity (start with 96001) primary key,
    event_id bigint not null references saving_session_events (id),
    account_id bigint not null references accounts (id),
    supply_point_id bigint not null references supply_points (id),
    joined_at timestamptz not null,
    by_kind text not null,
    by_id bigint not null,
    result text check (result in ('SUCCESS', 'PARTIAL_SUCCESS', 'FAIL', 'MISSING_READINGS')),
    usual_wh bigint check (usual_wh >= 0),
    used_wh bigint check (used_wh >= 0),
    points integer check (points >= 0),
    point_entry_id bigint references point_entries (id),
    settled_at timestamptz,
    constraint saving_session_joins_once unique (event_id, account_id),
    constraint saving_session_joins_entry_key unique (point_entry_id),
    check ((result is null) = (settled_at is null)),
    check ((result is null) = (points is null)),
    check ((coalesce(points, 0) > 0) = (point_entry_id is not null)),
    check ((usual_wh is null) = (used_wh is null)),
    check ((coalesce(result, 'MISSING_READINGS') = 'MISSING_READINGS') = (used_wh is null))
);

create index saving_session_joins_account on saving_session_joins (account_id);
create index saving_session_joins_open on saving_session_joins (event_id, id) where result is null;
