-- Second factors of account users. A device that is not confirmed yet counts for nothing. One device of a
-- method is made at a time, under the lock of the user's row; no constraint says so, because devices that come
-- from elsewhere may be several. Times are wall time.
-- A code that was sent is kept salted and hashed. The secret behind an authenticator app has to be computed
-- with, so it is kept as it is, like the keys that sign tokens.

create table mfa_devices (
    id bigint generated always as identity primary key,
    account_user_id bigint not null references account_users (id),
    method text not null check (method in ('EMAIL', 'SMS', 'TOTP')),
    recipient text,
    totp_secret bytea check (octet_length(totp_secret) >= 16),
    totp_last_step bigint,
    code_salt bytea,
    code_hash bytea check (octet_length(code_hash) = 32),
    code_expires_at timestamptz,
    wrong_tries integer not null default 0 check (wrong_tries >= 0),
    created_at timestamptz not null,
    confirmed_at timestamptz,
    check ((method = 'TOTP') = (totp_secret is not null)),
    check ((method = 'TOTP') = (recipient is null)),
    check (num_nonnulls(code_salt, code_hash, code_expires_at) in (0, 3))
);

create index mfa_devices_user on mfa_devices (account_user_id, method);
