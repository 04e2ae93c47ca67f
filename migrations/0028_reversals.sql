-- What was posted by mistake is undone by a new entry with the opposite postings, once; a debt that nobody expects to be
-- paid any more is written off against a book of its own.

alter table journal_entries drop constraint journal_entries_kind_check;
alter table journal_entries add constraint journal_entries_kind_check
    check (kind in ('charge', 'credit', 'payment', 'refund', 'transfer', 'write_off', 'reversal'));
alter table journal_entries add column reverses_id bigint references journal_entries (id);
alter table journal_entries add constraint journal_entries_reverses_key unique (reverses_id);
alter table journal_entries add constraint journal_entries_reverses_check
    check ((kind = 'reversal') = (reverses_id is not null));

create index transactions_written_off on transactions (ledger_id) where reason_code = 'WRITE_OFF';
