-- How far joining (join), leaving (leave), moving in (occupy) and moving out (vacate) have got, for an account at a property.
-- One process is about all points for which the same was asked for. It is open until ended_at, and then looked at when it is
-- due. asked_for is when it was first to take effect, effective_at when it does.
create table supply_processes (
    id bigint generated always as identity (start with 99001) primary key,
    number text not null generated always as
        ('P-' || lpad(upper(to_hex((id * 2654435761) & 4294967295)), 8, '0')) stored,
    kind text not null check (kind in ('join', 'leave', 'occupy', 'vacate')),
    account_id bigint not null references accounts (id),
    property_id bigint not null references properties (id),
    subtype text check (subtype ~ '^[A-Z_]+$'),
    asked_for timestamptz not null,
    effective_at timestamptz not null,
    stage text not null check (stage ~ '^[A-Z_]+$'),
    status text not null check (status in ('PENDING', 'IN_PROGRESS', 'STALLED', 'COMPLETED', 'PARTIALLY_COMPLETED',
        'FAILED', 'CANCELLED')),
    requested_at timestamptz not null,
    due_at timestamptz,
    ended_at timestamptz,
    constraint supply_processes_number_key unique (number),
    check ((due_at is null) = (ended_at is not null)),
    check ((ended_at is null) = (status in ('PENDING', 'IN_PROGRESS', 'STALLED')))
);

create unique index supply_processes_open on supply_processes (account_id, property_id, kind, asked_for)
    where ended_at is null;
create index supply_processes_due on supply_processes (due_at) where ended_at is null;
create index supply_processes_property on supply_processes (property_id);
create index supply_processes_account on supply_processes (account_id, kind);

-- The points that somebody joins or leaves with. The register of the market takes a wish down under a reference and decides
-- on it by decided_at.
create table supply_process_points (
    process_id bigint not null references supply_processes (id),
    supply_point_id bigint not null references supply_points (id),
    stage text not null check (stage in ('REQUESTED', 'REGISTERED', 'CONFIRMED', 'REFUSED', 'OBJECTED', 'CANCELLED')),
    reference text,
    decided_at timestamptz,
    primary key (process_id, supply_point_id),
    check (stage <> 'REGISTERED' or (reference is not null and decided_at is not null))
);

create index supply_process_points_point on supply_process_points (supply_point_id);

-- What has been done before is complete; what is still to come is taken up as if it had just been asked for.
insert into supply_processes (kind, account_id, property_id, subtype, asked_for, effective_at, stage, status,
    requested_at, due_at, ended_at)
select w.kind, w.account_id, w.property_id, w.subtype, w.at, w.at,
    case when w.at > now() then 'REQUESTED' when w.kind = 'join' then 'SUPPLIED' else 'ENDED' end,
    case when w.at > now() then 'PENDING' else 'COMPLETED' end,
    min(w.since), case when w.at > now() then now() end, case when w.at <= now() then w.at end
from (
    select 'join' as kind, s.account_id, sp.property_id, 'CHANGE_OF_SUPPLIER' as subtype, lower(s.during) as at,
        s.created_at as since
    from supply_periods s join supply_points sp on sp.id = s.supply_point_id
    union all
    select 'leave', s.account_id, sp.property_id, null, upper(s.during), s.created_at
    from supply_periods s join supply_points sp on sp.id = s.supply_point_id where not upper_inf(s.during)
    union all
    select 'occupy', o.account_id, o.property_id, null, lower(o.during), o.created_at from occupancies o
    union all
    select 'vacate', o.account_id, o.property_id, null, upper(o.during), coalesce(o.updated_at, o.created_at)
    from occupancies o where not upper_inf(o.during)
) w group by w.kind, w.account_id, w.property_id, w.subtype, w.at;

insert into supply_process_points (process_id, supply_point_id, stage)
select p.id, sp.id, case when p.ended_at is null then 'REQUESTED' else 'CONFIRMED' end
from supply_processes p join supply_points sp on sp.property_id = p.property_id
    join supply_periods s on s.supply_point_id = sp.id and s.account_id = p.account_id
where p.kind = 'join' and lower(s.during) = p.effective_at or p.kind = 'leave' and upper(s.during) = p.effective_at;
