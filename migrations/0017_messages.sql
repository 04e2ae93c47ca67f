-- What was written to customers, and how it fared in the post. Times are business time.
-- A confidential message holds a one-time secret: only staff with read-post may see it, and its text is
-- taken out after a while. A message about one account belongs to that account; without, to its user alone.

create table messages (
    id bigint generated always as identity (start with 30001) primary key,
    channel text not null check (channel in ('EMAIL', 'SMS')),
    template text not null,
    account_user_id bigint references account_users (id),
    account_id bigint references accounts (id),
    recipient text not null,
    sender text not null,
    subject text not null,
    body text,
    confidential boolean not null,
    status text not null default 'queued'
        check (status in ('queued', 'accepted', 'delivered', 'bounced', 'refused')),
    attempts integer not null default 0 check (attempts >= 0),
    created_at timestamptz not null,
    sent_at timestamptz,
    reference text,
    failure text,
    constraint messages_reference_key unique (reference),
    check ((status in ('accepted', 'delivered', 'bounced')) = (sent_at is not null))
);

create index messages_account_user on messages (account_user_id);
create index messages_account on messages (account_id) where account_id is not null;

create table message_events (
    id bigint generated always as identity (start with 50001) primary key,
    message_id bigint not null references messages (id),
    kind text not null check (kind in ('queued', 'deferred', 'accepted', 'delivered', 'bounced', 'refused')),
    at timestamptz not null
);

create index message_events_message on message_events (message_id, kind);
-- A message is taken, and its fate decided, once.
create unique index message_events_accepted_once on message_events (message_id) where kind = 'accepted';

create trigger message_events_append_only before update or delete or truncate on message_events
    for each statement execute function refuse_change();

update support_roles set permissions = permissions || '{read-post}' where code = 'admin';
