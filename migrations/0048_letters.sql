-- Letters on paper, beside e-mail and SMS; what is enclosed is the key of a file.

alter table messages drop constraint messages_channel_check;
alter table messages add constraint messages_channel_check check (channel in ('EMAIL', 'SMS', 'LETTER'));
alter table messages add column enclosure text;

-- A bill is printed once a day however often it is asked for.
create table billing_prints (
    document_id bigint not null references billing_documents (id),
    requested_on date not null,
    actor_kind text not null,
    actor_id bigint not null,
    requested_at timestamptz not null,
    message_id bigint unique references messages (id),
    primary key (document_id, requested_on)
);
