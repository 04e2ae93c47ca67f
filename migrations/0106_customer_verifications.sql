-- Codes that are sent to customers, and that whoever asked for one gives back to show who the customer is. Only digests are kept.

create table customer_verifications (
    id bigint generated always as identity primary key,
    account_user_id bigint not null references account_users (id),
    verification_type text not null check (verification_type in ('EMAIL', 'SMS')),
    -- The address or number, as it was then.
    sent_to text not null,
    code_hash bytea not null,
    by_kind text not null,
    by_id bigint not null,
    -- Wall time, as of all codes.
    sent_at timestamptz not null,
    expires_at timestamptz not null,
    -- Business time.
    verified_at timestamptz
);
create index customer_verifications_user on customer_verifications (account_user_id);
-- A new code takes the place of an older one that was not used.
create unique index customer_verifications_open
    on customer_verifications (by_kind, by_id, account_user_id, verification_type) where verified_at is null;
