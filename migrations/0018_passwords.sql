-- What this installation demands of those who come in: one row, read by all servers. Passwords have an age,
-- and a mailed token that sets a new one. Times are wall time.

create table auth_settings (
    id boolean primary key default true check (id),
    password_reset_url text not null default 'http://localhost:3000/reset-password',
    captcha_required boolean not null default false,
    captcha text not null default 'simulator' check (captcha in ('simulator')),
    password_max_age_days integer check (password_max_age_days > 0),
    mfa_enforced boolean not null default false
);

insert into auth_settings default values;

alter table logins add column password_set_at timestamptz;
update logins set password_set_at = created_at;
alter table logins alter column password_set_at set not null;

-- One a user: a newer token takes the older one's place.
create table password_reset_tokens (
    account_user_id bigint primary key references account_users (id),
    token_hash bytea not null check (octet_length(token_hash) = 32),
    created_at timestamptz not null,
    expires_at timestamptz not null check (expires_at > created_at),
    constraint password_reset_tokens_hash_key unique (token_hash)
);
