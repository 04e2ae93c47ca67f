-- Conversations with customers over all channels: one for each account, or for each address that is nobody's; live chats are
-- conversations of their own, one open at a time. Teams have buckets of them, messages have tags.

create table ink_buckets (
    id bigint generated always as identity (start with 801) primary key,
    name text not null,
    icon text,
    -- Of one member of staff, not of a team.
    is_personal boolean not null default false,
    constraint ink_buckets_name_key unique (name)
);
insert into ink_buckets (name, icon, is_personal) values
    ('Billing', 'receipt', false), ('Moving home', 'house', false), ('Complaints', 'megaphone', false),
    ('Smart meters', 'gauge', false), ('Olive Operations', null, true);

create table ink_tags (
    id bigint generated always as identity (start with 851) primary key,
    name text not null,
    constraint ink_tags_name_key unique (name)
);
insert into ink_tags (name) values
    ('bill-query'), ('meter-reading'), ('moving-home'), ('complaint'), ('vulnerable'), ('thank-you');

create table ink_conversations (
    -- What `customer_feedback` knows a conversation by has 32 bits.
    id integer generated always as identity (start with 120001) primary key,
    is_live_chat boolean not null default false,
    account_id bigint references accounts (id),
    -- Somebody whose account is not known, by an address of theirs.
    contact_channel text,
    contact_handle text,
    status text not null check (status in
        ('OPEN', 'OPEN_NEW', 'OPEN_CUSTOMER_REPLIED', 'OPEN_REMINDED', 'SNOOZED', 'CLOSED')),
    created_at timestamptz not null,
    last_message_at timestamptz not null,
    closed_at timestamptz,
    by_kind text not null,
    by_id bigint not null,
    check (num_nonnulls(account_id, contact_handle) = 1),
    check ((contact_handle is null) = (contact_channel is null)),
    check (not is_live_chat or account_id is not null),
    check ((closed_at is not null) = (status = 'CLOSED'))
);
create unique index ink_conversations_account on ink_conversations (account_id) where not is_live_chat;
create unique index ink_conversations_contact on ink_conversations (contact_channel, contact_handle);
create unique index ink_conversations_chat on ink_conversations (account_id) where is_live_chat and status <> 'CLOSED';
create index ink_conversations_chats on ink_conversations (last_message_at desc) where is_live_chat;

create table ink_messages (
    id bigint generated always as identity (start with 121001) primary key,
    conversation_id integer not null references ink_conversations (id),
    channel text not null check (channel in
        ('EMAIL', 'SMS', 'POST', 'GENERIC_API', 'WHATSAPP', 'TWILIO_WHATSAPP', 'LIVE_CHAT', 'LINE')),
    direction text not null check (direction in ('INBOUND', 'OUTBOUND')),
    from_handle text not null,
    to_handles text[] not null,
    cc text[] not null default '{}',
    subject text not null default '',
    body text not null,
    headers jsonb,
    vendor text not null,
    vendor_id text not null,
    status text not null check (status in ('PENDING', 'SENT', 'DELIVERED', 'FAILED', 'OUTSIDE_REPLY_WINDOW', 'READ')),
    -- What answered by itself, if it was no person.
    auto_reply text,
    occurred_at timestamptz not null,
    constraint ink_messages_vendor_key unique (vendor, vendor_id)
);
create index ink_messages_conversation on ink_messages (conversation_id, occurred_at, id);

create table ink_attachments (
    id bigint generated always as identity primary key,
    message_id bigint not null references ink_messages (id),
    key text not null,
    size_in_bytes integer not null
);
create index ink_attachments_message on ink_attachments (message_id, id);

create table ink_message_tags (
    message_id bigint not null references ink_messages (id),
    tag_id bigint not null references ink_tags (id),
    tagger_code text not null,
    tagger_version text not null,
    primary key (message_id, tag_id)
);

create table ink_conversation_buckets (
    conversation_id integer not null references ink_conversations (id),
    bucket_id bigint not null references ink_buckets (id),
    assigned_at timestamptz not null,
    primary key (conversation_id, bucket_id)
);

create table ink_notes (
    id bigint generated always as identity (start with 122001) primary key,
    conversation_id integer not null references ink_conversations (id),
    content text not null,
    is_pinned boolean not null,
    occurred_at timestamptz not null,
    by_kind text not null,
    by_id bigint not null
);

create table ink_templates (
    identifier text primary key,
    body text not null
);
insert into ink_templates (identifier, body) values
    ('bill-explained', 'Thank you for your question. Your bill is made of your standing charge and what you used.'),
    ('reading-received', 'Thank you, we have your reading. Your next bill will be exact.'),
    ('move-out', 'We are sorry to see you go. Please tell us the day and the reading.');
