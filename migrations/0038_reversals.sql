-- A reversal is a transaction of its own that names the one it undoes. Two at once: one succeeds.

alter table transactions
    add column reverses_id bigint references transactions (id),
    add constraint transactions_reverses_key unique (reverses_id);
