-- What others than the customer gave towards a payment that was asked for: credits, such as a concession, a voucher or credit from
-- elsewhere, that were posted after the bill and so left less of it to be collected. Minor units.
create table payment_fundings (
    id bigint generated always as identity primary key,
    payment_id bigint not null references account_payments (id),
    transaction_id bigint not null references transactions (id),
    reason text not null,
    amount bigint not null check (amount > 0),
    constraint payment_fundings_key unique (payment_id, transaction_id)
);
