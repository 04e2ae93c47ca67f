-- Accounts in a loyalty programme: from when to when, and which of their users the points that they earn are for. An account
-- is in it once at a time. What somebody has stays theirs when another is named.

create table loyalty_memberships (
    id bigint generated always as identity (start with 94001) primary key,
    account_id bigint not null references accounts (id),
    market text not null references loyalty_programmes (market),
    user_id bigint not null references account_users (id),
    joined_at timestamptz not null,
    joined_by_kind text not null,
    joined_by_id bigint not null,
    left_at timestamptz check (left_at >= joined_at),
    left_by_kind text,
    left_by_id bigint,
    check ((left_at is null) = (left_by_kind is null)),
    check ((left_at is null) = (left_by_id is null))
);

create unique index loyalty_memberships_once on loyalty_memberships (account_id) where left_at is null;
create index loyalty_memberships_account on loyalty_memberships (account_id, id);
create index loyalty_memberships_user on loyalty_memberships (user_id);
