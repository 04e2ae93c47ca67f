-- Products whose prices, of days and of energy, go by what a whole month uses: steps of such a tariff are tiers, and all of
-- the month is at the prices of the one that its last Wh lies in.
alter table product_offers drop constraint product_offers_kind_check;
alter table product_offers add constraint product_offers_kind_check check (kind in ('STANDARD', 'DAY_NIGHT', 'THREE_RATE',
    'FOUR_RATE_EV', 'HALF_HOURLY', 'PREPAY', 'STEPPED', 'SINGLE_STEP', 'TIME_OF_USE', 'TIERED'));
