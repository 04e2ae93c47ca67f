-- Some ledgers only store credit, and whoever owns it may permit that it moves to another ledger when that one owes.
-- Between two ledgers there is one permission at a time, whoever asks for it at once. One that was withdrawn in the
-- moment in which it was given never held.

alter table ledgers add column stores_credit boolean not null default false;
update ledgers set stores_credit = true where ledger_type in ('SOLAR_WALLET_LEDGER', 'POT_LEDGER');

create table credit_transfer_permissions (
    id bigint generated always as identity (start with 69001) primary key,
    source_ledger_id bigint not null references ledgers (id),
    target_ledger_id bigint not null references ledgers (id),
    valid_from timestamptz not null,
    valid_to timestamptz check (valid_to >= valid_from),
    given_by_kind text not null,
    given_by_id bigint not null,
    withdrawn_by_kind text,
    withdrawn_by_id bigint,
    check (source_ledger_id <> target_ledger_id),
    check ((withdrawn_by_kind is null) = (valid_to is null)),
    check ((withdrawn_by_kind is null) = (withdrawn_by_id is null)),
    constraint credit_transfer_permissions_one_at_a_time exclude using gist (
        int8range(source_ledger_id, source_ledger_id, '[]') with &&,
        int8range(target_ledger_id, target_ledger_id, '[]') with &&,
        tstzrange(valid_from, valid_to) with &&
    )
);

create index credit_transfer_permissions_source on credit_transfer_permissions (source_ledger_id);
create index credit_transfer_permissions_target on credit_transfer_permissions (target_ledger_id);
