-- Prices of days that go by what may be drawn at once hold for so many amperes; another capacity costs in proportion.
alter table offer_parts add column capacity_amperes integer
    check (capacity_amperes is null or (capacity_amperes > 0 and charged_for = 'DAYS'));

-- Who a bill was sent to, as far as it is one of the account's people, and which system other than this one gave it out.
-- What others give out bears their number, and their file if they sent one.
alter table billing_documents
    add column user_id bigint references account_users (id),
    add column issued_by text check (issued_by <> ''),
    add constraint billing_documents_issued_by check (issued_by is null or status = 'ISSUED');

create or replace function billing_documents_stay() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.status = 'OPEN' then
        return new;
    end if;
    if tg_op = 'UPDATE' and new.status in (old.status, 'ISSUED') and (new.ledger_id, new.kind, new.from_date,
            new.to_date, new.annuls_id, new.position, new.opening_balance, new.charges_net, new.charges_tax,
            new.credits_net, new.credits_tax, new.payments, new.refunds, new.closing_balance, new.transactions,
            new.reversed_at_close, new.closed_at)
        is not distinct from (old.ledger_id, old.kind, old.from_date,
            old.to_date, old.annuls_id, old.position, old.opening_balance, old.charges_net, old.charges_tax,
            old.credits_net, old.credits_tax, old.payments, old.refunds, old.closing_balance, old.transactions,
            old.reversed_at_close, old.closed_at)
        and (old.status = 'CLOSED' or (new.number, new.issued_on, new.due_date, new.issued_at, new.to_address,
                new.user_id, new.issued_by)
            is not distinct from (old.number, old.issued_on, old.due_date, old.issued_at, old.to_address,
                old.user_id, old.issued_by)) then
        return new;
    end if;
    raise exception 'document % is closed', old.id
        using errcode = 'restrict_violation', constraint = 'billing_documents_append_only';
end $$;

-- Days of an agreement that were left too long to be charged for: they have no lines and never will.
alter table supply_charges
    add column is_forgone boolean not null default false,
    add constraint supply_charges_forgone check (not is_forgone or (transaction_id is null and lines = '[]'::jsonb));
