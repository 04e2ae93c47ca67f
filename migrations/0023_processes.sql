-- What the retailer does about a debt, step by step. A process is on a ledger, or on a whole account when it names
-- none: an unbounded range of ledgers, which overlaps every other. Of each kind at most one is under way there, and
-- nobody has to look first.

create table processes (
    id bigint generated always as identity (start with 60001) primary key,
    kind text not null check (kind in ('dunning')),
    account_id bigint not null references accounts (id),
    ledger_id bigint references ledgers (id),
    started_on date not null,
    note text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    ended_at timestamptz,
    ending text check (ending in ('completed', 'withdrawn')),
    check ((ended_at is null) = (ending is null)),
    constraint processes_one_dunning exclude using gist (
        int8range(account_id, account_id, '[]') with &&, int8range(ledger_id, ledger_id, '[]') with &&
    ) where (kind = 'dunning' and ended_at is null)
);

create index processes_account on processes (account_id, kind);

-- Days on which nothing is done: from the first until the day on which the process goes on.
create table process_pauses (
    id bigint generated always as identity (start with 61001) primary key,
    process_id bigint not null references processes (id),
    days daterange not null check (not isempty(days) and lower(days) is not null and upper(days) is not null),
    note text,
    created_at timestamptz not null,
    constraint process_pauses_no_overlap exclude using gist (
        int8range(process_id, process_id, '[]') with &&, days with &&
    )
);

-- What became of each process, and by whom; the server itself has no actor.
create table process_events (
    id bigint generated always as identity (start with 62001) primary key,
    process_id bigint not null references processes (id),
    kind text not null check (kind in ('started', 'step', 'paused', 'withdrawn', 'completed')),
    actor_kind text,
    actor_id bigint,
    note text,
    at timestamptz not null,
    check ((actor_kind is null) = (actor_id is null))
);

create index process_events_process on process_events (process_id, kind);

create trigger process_events_append_only before update or delete or truncate on process_events
    for each statement execute function refuse_change();

update support_roles set permissions = permissions || '{manage-debt}' where code in ('admin', 'billing');
