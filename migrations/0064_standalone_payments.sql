-- Single payments by cards that are entered for them alone: such a card is no way to pay that anybody is shown or that is
-- used again.

alter table payment_instructions add column single_use boolean not null default false;

-- A form with an amount is for a payment. Whoever has the second token may ask what became of it.
alter table payment_sessions
    add column amount bigint check (amount > 0),
    add column description text,
    add column retrieval_digest bytea check (octet_length(retrieval_digest) = 32),
    add constraint payment_sessions_retrieval_key unique (retrieval_digest),
    add constraint payment_sessions_payment check (
        (amount is null) = (description is null) and (amount is null) = (retrieval_digest is null)
        and (amount is null or (account_id is not null and ledger_id is not null and vendor is not null)));
