-- What a ledger's balance was right after a transaction stands on the transaction as well: lists of them show it, and the
-- posting of each would have to be looked up for that. It is fixed like all that a transaction says about money.
-- One pass over the table: updating each row would keep all of its indexes busy.
create function balance_after_posting(ledger bigint, place bigint) returns bigint language sql stable as $$
    select balance_after from postings where ledger_account_id = ledger and sequence = place
$$;
alter table transactions add column balance_after bigint;
alter table transactions
    alter column balance_after type bigint using balance_after_posting(ledger_id, sequence),
    alter column balance_after set not null;
drop function balance_after_posting(bigint, bigint);

create or replace function transactions_keep_amounts() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and (new.id, new.ledger_id, new.sequence, new.journal_entry_id, new.kind, new.posted_date,
            new.created_at, new.amount, new.net_amount, new.tax_amount, new.balance_after, new.is_imported)
        is not distinct from (old.id, old.ledger_id, old.sequence, old.journal_entry_id, old.kind, old.posted_date,
            old.created_at, old.amount, old.net_amount, old.tax_amount, old.balance_after, old.is_imported) then
        return new;
    end if;
    raise exception 'transaction % is fixed', old.id
        using errcode = 'restrict_violation', constraint = 'transactions_append_only';
end $$;
