-- What has been posted stays posted: a correction is a new entry. Triggers rather than privileges,
-- because the server may well own the tables.

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% on % is refused: its rows are only ever added', lower(tg_op), tg_table_name
        using errcode = 'restrict_violation', constraint = tg_table_name || '_append_only';
end $$;

create trigger postings_append_only before update or delete or truncate on postings
    for each statement execute function refuse_change();
create trigger journal_entries_append_only before update or delete or truncate on journal_entries
    for each statement execute function refuse_change();
create trigger ledger_accounts_append_only before update or delete or truncate on ledger_accounts
    for each statement execute function refuse_change();
create trigger support_audit_append_only before update or delete or truncate on support_audit
    for each statement execute function refuse_change();
