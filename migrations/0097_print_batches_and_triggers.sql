-- Letters are printed in batches: one is open and filled with what the post house has taken, until somebody closes it; the
-- printer says that it has taken a closed one, and then how each letter fared. Transactional messages are asked for by
-- triggers, whose types are rows with the words to be sent, by market and channel.

create table print_batches (
    id bigint generated always as identity (start with 98001) primary key,
    status text not null default 'OPEN' check (status in ('OPEN', 'CLOSED', 'PROCESSED')),
    opened_at timestamptz not null,
    closed_at timestamptz,
    processed_at timestamptz,
    -- Whether the built-in printer took it.
    is_simulated boolean not null default false,
    check ((closed_at is null) = (status = 'OPEN')),
    check ((processed_at is not null) = (status = 'PROCESSED'))
);

-- One batch at a time is being filled.
create unique index print_batches_open on print_batches (status) where status = 'OPEN';
create index print_batches_waiting on print_batches (closed_at) where status = 'CLOSED';

alter table messages
    add column print_batch_id bigint references print_batches (id),
    add constraint messages_print_batch_check check (print_batch_id is null or channel = 'LETTER');
create index messages_print_batch on messages (print_batch_id, id) where print_batch_id is not null;

-- Letters that the printer does before others.
create table urgent_letters (
    template text primary key
);
insert into urgent_letters (template) values ('final-notice'), ('planned-interruption');

-- What printers report of letters, and what each report means for a letter.
create table post_event_types (
    code text primary key,
    outcome text check (outcome in ('delivered', 'bounced'))
);
insert into post_event_types (code, outcome) values
    ('PRINTED', null), ('POSTED', null), ('DELIVERED', 'delivered'), ('RETURNED', 'bounced'), ('FAILED', 'bounced'),
    ('CANCELLED', 'bounced');

create table post_events (
    id bigint generated always as identity primary key,
    message_id bigint not null references messages (id),
    event_type text not null references post_event_types (code),
    description text not null,
    occurred_at timestamptz not null,
    -- What the printer calls the report, or else its kind and time: the same report again is the same report.
    report_key text not null,
    by_kind text not null,
    by_id bigint not null,
    reported_at timestamptz not null,
    constraint post_events_once unique (message_id, report_key)
);
create trigger post_events_append_only before update or delete or truncate on post_events
    for each statement execute function refuse_change();

-- Kinds of triggers. What whoever asks has to give, beside whom it is about, is in `variables`: names and what each is, a
-- text, a number or a date.
create table trigger_types (
    id bigint generated always as identity primary key,
    code text not null,
    -- Whom it is about: many accounts, one account, one of its users, or somebody who is no customer.
    subject text not null check (subject in ('ACCOUNTS', 'ACCOUNT', 'ACCOUNT_USER', 'NOBODY')),
    -- Whether anybody but the program itself may publish it.
    is_public boolean not null,
    variables jsonb not null default '{}' check (jsonb_typeof(variables) = 'object'),
    constraint trigger_types_code_key unique (code)
);

-- The words, with variables in double braces.
create table trigger_templates (
    id bigint generated always as identity primary key,
    trigger_type_id bigint not null references trigger_types (id),
    market text not null check (market in ('gb', 'de', 'jp', 'au', 'us')),
    channel text not null check (channel in ('EMAIL', 'SMS', 'LETTER')),
    template text not null,
    subject text not null,
    body text not null,
    constraint trigger_templates_key unique (trigger_type_id, market, channel)
);

create table triggers (
    id bigint generated always as identity (start with 99001) primary key,
    trigger_type_id bigint not null references trigger_types (id),
    params jsonb not null,
    account_user_id bigint references account_users (id),
    -- Somebody who is no customer.
    recipient jsonb,
    idempotency_key text,
    by_kind text not null,
    by_id bigint not null,
    created_at timestamptz not null,
    status text not null default 'UNPROCESSED'
        check (status in ('UNPROCESSED', 'PROCESSED', 'PROCESSING_SKIPPED', 'PROCESSING_FAILED')),
    accounts_linked_at timestamptz,
    constraint triggers_idempotency_key unique (by_kind, by_id, idempotency_key)
);

create table trigger_accounts (
    trigger_id bigint not null references triggers (id),
    account_id bigint not null references accounts (id),
    primary key (trigger_id, account_id)
);
create index trigger_accounts_account on trigger_accounts (account_id);

alter table messages add column trigger_id bigint references triggers (id);
create index messages_trigger on messages (trigger_id, id) where trigger_id is not null;

insert into trigger_types (code, subject, is_public, variables) values
    ('PLANNED_INTERRUPTION', 'ACCOUNTS', true, '{"startsAt": "date", "hours": "number"}'),
    ('METER_READING_DUE', 'ACCOUNTS', true, '{"readBy": "date"}'),
    ('PASSWORD_CHANGED', 'ACCOUNTS', false, '{}'),
    ('FINAL_NOTICE', 'ACCOUNT', true, '{"amount": "text", "payBy": "date"}'),
    ('INSTALLATION_BOOKED', 'ACCOUNT', true, '{"date": "date", "slot": "text", "engineer": "text"}'),
    ('APPOINTMENT_REMINDER', 'ACCOUNT_USER', true, '{"date": "date", "slot": "text"}'),
    ('QUOTE_READY', 'NOBODY', true, '{"link": "text"}');

insert into trigger_templates (trigger_type_id, market, channel, template, subject, body)
select t.id, m.market, w.channel, w.template, w.subject, w.body
from (values
    ('PLANNED_INTERRUPTION', 'EMAIL', 'planned-interruption', 'Your power will be off for a while',
        'Hello {{name}}, the network operator will work on your line from {{startsAt}} for about {{hours}} hours.'),
    ('PLANNED_INTERRUPTION', 'LETTER', 'planned-interruption', 'Your power will be off for a while',
        'Dear {{name}}, the network operator will work on your line from {{startsAt}} for about {{hours}} hours.'),
    ('METER_READING_DUE', 'EMAIL', 'meter-reading-due', 'Time to read your meter',
        'Hello {{name}}, please send us a reading by {{readBy}}, so that your next bill is exact.'),
    ('FINAL_NOTICE', 'LETTER', 'final-notice', 'Final notice',
        'Dear {{name}}, {{amount}} is still open on your account. Please pay by {{payBy}} or talk to us.'),
    ('INSTALLATION_BOOKED', 'EMAIL', 'installation-booked', 'Your installation is booked',
        'Hello {{name}}, {{engineer}} comes on {{date}}, {{slot}}.'),
    ('APPOINTMENT_REMINDER', 'SMS', 'appointment-reminder', '', 'See you on {{date}}, {{slot}}.'),
    ('QUOTE_READY', 'EMAIL', 'quote-ready', 'Your quote', 'Hello {{name}}, your quote is ready: {{link}}')
) as w (code, channel, template, subject, body)
    join trigger_types t on t.code = w.code
    cross join (values ('gb'), ('au'), ('us')) as m (market)
union all
select t.id, w.market, w.channel, w.template, w.subject, w.body
from (values
    ('PLANNED_INTERRUPTION', 'de', 'EMAIL', 'planned-interruption', 'Stromabschaltung angekündigt',
        'Hallo {{name}}, der Netzbetreiber arbeitet ab {{startsAt}} etwa {{hours}} Stunden an deiner Leitung.'),
    ('METER_READING_DUE', 'de', 'EMAIL', 'meter-reading-due', 'Bitte Zähler ablesen',
        'Hallo {{name}}, bitte gib uns deinen Zählerstand bis {{readBy}} durch.'),
    ('FINAL_NOTICE', 'de', 'LETTER', 'final-notice', 'Letzte Mahnung',
        'Hallo {{name}}, {{amount}} sind noch offen. Bitte zahle bis {{payBy}} oder sprich mit uns.'),
    ('INSTALLATION_BOOKED', 'de', 'EMAIL', 'installation-booked', 'Dein Einbautermin',
        'Hallo {{name}}, {{engineer}} kommt am {{date}}, {{slot}}.'),
    ('APPOINTMENT_REMINDER', 'de', 'SMS', 'appointment-reminder', '', 'Bis zum {{date}}, {{slot}}.'),
    ('QUOTE_READY', 'de', 'EMAIL', 'quote-ready', 'Dein Angebot', 'Hallo {{name}}, dein Angebot: {{link}}'),
    ('PLANNED_INTERRUPTION', 'jp', 'EMAIL', 'planned-interruption', '停電のお知らせ',
        '{{name}}様、{{startsAt}}より約{{hours}}時間、送配電事業者の工事により停電します。'),
    ('METER_READING_DUE', 'jp', 'EMAIL', 'meter-reading-due', '検針のお願い',
        '{{name}}様、{{readBy}}までに検針値をお知らせください。'),
    ('FINAL_NOTICE', 'jp', 'LETTER', 'final-notice', '最終通知',
        '{{name}}様、{{amount}}が未払いです。{{payBy}}までにお支払いください。'),
    ('INSTALLATION_BOOKED', 'jp', 'EMAIL', 'installation-booked', '設置工事のご予約',
        '{{name}}様、{{date}} {{slot}}に{{engineer}}が伺います。'),
    ('APPOINTMENT_REMINDER', 'jp', 'SMS', 'appointment-reminder', '', '{{date}} {{slot}}に伺います。'),
    ('QUOTE_READY', 'jp', 'EMAIL', 'quote-ready', 'お見積り', '{{name}}様、お見積りはこちらです: {{link}}')
) as w (code, market, channel, template, subject, body) join trigger_types t on t.code = w.code;

update support_roles set permissions = permissions || '{print-letters,send-messages}' where code in ('admin', 'billing');
