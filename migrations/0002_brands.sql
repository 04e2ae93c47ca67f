-- A brand belongs to one market, and an account reaches its market through its brand. The composite key
-- lets accounts carry both without the two ever disagreeing. Rows come from the market data files.

create table brands (
    code text primary key,
    market text not null check (market in ('gb', 'de', 'jp', 'au', 'us')),
    name text not null,
    constraint brands_code_market_key unique (code, market)
);
