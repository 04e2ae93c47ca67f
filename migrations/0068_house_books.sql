-- Whoever posts looks up the retailer's books of one stripe: a handful of rows among those of all customers.
create index ledger_accounts_house on ledger_accounts (market, stripe) where stripe is not null;
