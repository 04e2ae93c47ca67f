-- One rhythm of billing. What was kept beside it for the accounts that had options of their own becomes a rhythm of
-- theirs; brands get theirs again from the market data files. An operation without a start is counted from the day on
-- which what it is for was opened, which spreads bills over the month.

alter table billing_operations alter column start_day drop not null, alter column start_month drop not null,
    add constraint billing_operations_start check (num_nulls(start_day, start_month) <> 1);

delete from billing_configurations c using billing_targets t
where t.id = c.target_id and (t.brand is not null or t.account_id in (select account_id from billing_options));
insert into billing_targets (account_id) select account_id from billing_options on conflict do nothing;
insert into billing_configurations (target_id, during, created_at)
select t.id, tstzrange(o.updated_at, null), o.updated_at
from billing_options o join billing_targets t on t.account_id = o.account_id;
insert into billing_operations
    (configuration_id, position, operation, target, frequency, multiplier, start_day, start_month, days)
select c.id, 1, case f.document when 'invoice' then 'CHARGE_TARGET_AND_ISSUE_INVOICE'
        else 'CHARGE_TARGET_AND_ISSUE_STATEMENT' end,
    'ACCOUNT', 'MONTHLY', o.multiplier * case o.period_length when 'QUARTERLY' then 3 else 1 end,
    extract(day from o.anchor), extract(month from o.anchor), '[]'
from billing_options o join accounts a on a.id = o.account_id join billing_defaults f on f.brand = a.brand
    join billing_targets t on t.account_id = o.account_id join billing_configurations c on c.target_id = t.id
where o.is_fixed;
drop table billing_options;

-- What is left is how a brand's bills look and when they are to be paid.
alter table billing_defaults drop column is_fixed, drop column period_length, drop column multiplier,
    drop column document, add column is_period_based boolean not null default false;
