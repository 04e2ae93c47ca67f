-- What clients filter transactions by follows from other columns, and is worked out where it is asked for: kept in the row,
-- every posting paid for it. A function that Postgres does not unfold: unfolded, every list would pay for it.
create function transaction_tags(kind text, supply text, is_imported boolean, is_issued boolean) returns text[]
language plpgsql immutable parallel safe as $$
begin
    return array_remove(array[
        case when is_issued then 'ISSUED_TRANSACTIONS' else 'UNISSUED_TRANSACTIONS' end,
        case when kind = 'charge' and supply in ('electricity', 'gas', 'heat') then 'ENERGY_CHARGES' end,
        case when kind = 'charge' and supply = 'water' then 'WATER_CHARGES' end,
        case when is_imported and kind = 'charge' then 'IMPORTED_CHARGES' end,
        case when is_imported and kind = 'credit' then 'IMPORTED_CREDITS' end,
        case when is_imported and kind = 'refund' then 'IMPORTED_REPAYMENTS' end,
        case when is_imported and kind = 'payment' then 'IMPORTED_PAYMENTS' end
    ], null);
end $$;
alter table transactions drop column tags;

-- A page of a portfolio's accounts goes by their ids.
create index accounts_portfolio_page on accounts (portfolio_id, id);
drop index accounts_portfolio;
