-- The collection of a debt as a whole: a process of the kind 'collection', which is opened when the reminders have run
-- out or an agency is given the debt. Whoever works on it knows it by its number.

alter table processes drop constraint processes_kind_check,
    add constraint processes_kind_check check (kind in ('dunning', 'agency', 'collection')),
    add constraint processes_one_collection exclude using gist (
        int8range(account_id, account_id, '[]') with &&, int8range(ledger_id, ledger_id, '[]') with &&
    ) where (kind = 'collection' and ended_at is null);

alter table process_events drop constraint process_events_kind_check,
    add constraint process_events_kind_check check (kind in ('started', 'step', 'paused', 'withdrawn', 'completed',
        'changed', 'activated', 'resumed'));

create table collection_records (
    process_id bigint primary key references processes (id),
    number text not null generated always as ('C-' || lpad(upper(to_hex(process_id)), 8, '0')) stored,
    activated_at timestamptz,
    external_reference text check (external_reference <> ''),
    external_source text,
    completion_type text check (completion_type in ('ENDED', 'WITHDRAWN', 'CANCELLED', 'NEVER_ACTIONED')),
    completion_details text check (completion_details <> ''),
    constraint collection_records_number_key unique (number),
    check ((activated_at is null) = (external_reference is null)),
    check ((completion_type is null) = (completion_details is null))
);

create table collection_items (
    id bigint generated always as identity (start with 64001) primary key,
    process_id bigint not null references collection_records (process_id),
    item_type text not null check (item_type in ('TRANSACTIONAL_MESSAGING_TRIGGER', 'CONTRACT_TERMINATION',
        'LEAVE_SUPPLIER_PROCESS', 'TRANSACTIONAL_MESSAGING_PUBLISHING_ERROR', 'REACTIVATION_HISTORY')),
    item_reference text not null,
    occurred_at timestamptz not null,
    extra_details json,
    created_at timestamptz not null,
    constraint collection_items_reference_key unique (process_id, item_type, item_reference)
);
