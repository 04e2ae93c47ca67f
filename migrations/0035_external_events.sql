-- What happened to an account, or to somebody on it, in other systems. Only ever added.

create table external_events (
    id bigint generated always as identity (start with 80001) primary key,
    account_id bigint references accounts (id),
    account_user_id bigint references account_users (id),
    category text not null,
    subcategory text,
    description text,
    content jsonb not null check (jsonb_typeof(content) = 'array'),
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    by_kind text not null,
    by_id bigint not null,
    check (num_nonnulls(account_id, account_user_id) = 1),
    check (occurred_at <= recorded_at)
);

create index external_events_account on external_events (account_id, occurred_at desc) where account_id is not null;
create index external_events_account_user on external_events (account_user_id, occurred_at desc)
    where account_user_id is not null;

create trigger external_events_append_only before update or delete or truncate on external_events
    for each statement execute function refuse_change();
