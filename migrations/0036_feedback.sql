-- What customers think of the service. Forms differ by market and by what the feedback is about; a form asks for a score
-- on its scale, or for words. A piece of feedback is opened, and filled in once. Calls and conversations are known by
-- the numbers that the telephone system and the mailboxes give them.

create table feedback_forms (
    id integer generated always as identity (start with 901) primary key,
    market text not null check (market in ('gb', 'de', 'jp', 'au', 'us')),
    source text not null check (source in ('FEEDBACK_SOURCE_PHONE_CALL_FOLLOW_UP', 'FEEDBACK_SOURCE_EMAIL_FOLLOW_UP',
        'FEEDBACK_SOURCE_TRUSTPILOT', 'FEEDBACK_SOURCE_MANUAL', 'FEEDBACK_SOURCE_LOGIN_FOLLOW_UP',
        'FEEDBACK_SOURCE_CONSUMER_SITE')),
    name text not null,
    question text not null,
    lowest integer,
    highest integer,
    starts_from integer,
    is_active boolean not null default true,
    constraint feedback_forms_name_key unique (market, source, name),
    constraint feedback_forms_place_key unique (id, market, source),
    check (num_nonnulls(lowest, highest, starts_from) in (0, 3)),
    check (lowest < highest and starts_from between lowest and highest)
);

create table customer_feedback (
    id bigint generated always as identity (start with 90001) primary key,
    account_id bigint not null references accounts (id),
    account_user_id bigint references account_users (id),
    market text not null,
    source text not null,
    voice_call_id integer,
    ink_conversation_id integer,
    support_user_id bigint references support_users (id),
    message_id bigint references messages (id),
    opened_at timestamptz not null,
    opened_by_kind text not null,
    opened_by_id bigint not null,
    form_id integer,
    answer text,
    raw_score integer,
    is_resolved boolean,
    submitted_at timestamptz,
    submitted_by_kind text,
    submitted_by_id bigint,
    constraint customer_feedback_call_key unique (voice_call_id),
    constraint customer_feedback_conversation_key unique (ink_conversation_id),
    -- A form of the account's own market, for what the feedback is about.
    constraint customer_feedback_form_fkey foreign key (form_id, market, source)
        references feedback_forms (id, market, source),
    check (voice_call_id is null or source = 'FEEDBACK_SOURCE_PHONE_CALL_FOLLOW_UP'),
    check (ink_conversation_id is null or source = 'FEEDBACK_SOURCE_EMAIL_FOLLOW_UP'),
    check (num_nonnulls(form_id, is_resolved, submitted_at, submitted_by_kind, submitted_by_id) in (0, 5)),
    check (submitted_at is not null or num_nonnulls(answer, raw_score) = 0)
);

-- What is about no contact in particular is open once for each person.
create unique index customer_feedback_open_key on customer_feedback (account_id, coalesce(account_user_id, 0), source)
    where submitted_at is null and voice_call_id is null and ink_conversation_id is null;
create index customer_feedback_account on customer_feedback (account_id, source);

insert into feedback_forms (market, source, name, question, lowest, highest, starts_from)
select market, source, name, question, lowest, highest, starts_from
from (values ('gb'), ('us'), ('au')) as markets (market) cross join (values
    ('FEEDBACK_SOURCE_PHONE_CALL_FOLLOW_UP', 'After a call', 'How happy were you with our call?', 0, 10, 5),
    ('FEEDBACK_SOURCE_EMAIL_FOLLOW_UP', 'After e-mails', 'How happy were you with our e-mails?', 0, 10, 5),
    ('FEEDBACK_SOURCE_TRUSTPILOT', 'Public review', 'Would you tell others about us?', 1, 5, 3),
    ('FEEDBACK_SOURCE_MANUAL', 'Noted by us', 'What did the customer tell us?', null, null, null),
    ('FEEDBACK_SOURCE_LOGIN_FOLLOW_UP', 'After a login', 'How easy was it to find what you came for?', 1, 5, 3),
    ('FEEDBACK_SOURCE_CONSUMER_SITE', 'Recommendation', 'How likely are you to recommend us to a friend?', 0, 10, 7),
    ('FEEDBACK_SOURCE_CONSUMER_SITE', 'Suggestions', 'What could we do better?', null, null, null)
) as forms (source, name, question, lowest, highest, starts_from)
union all values
    ('de', 'FEEDBACK_SOURCE_PHONE_CALL_FOLLOW_UP', 'Nach einem Anruf', 'Wie zufrieden warst du mit unserem Gespräch?', 0, 10, 5),
    ('de', 'FEEDBACK_SOURCE_EMAIL_FOLLOW_UP', 'Nach E-Mails', 'Wie zufrieden warst du mit unserer Antwort?', 0, 10, 5),
    ('de', 'FEEDBACK_SOURCE_LOGIN_FOLLOW_UP', 'Nach der Anmeldung', 'Hast du gefunden, was du gesucht hast?', 1, 5, 3),
    ('de', 'FEEDBACK_SOURCE_CONSUMER_SITE', 'Vorschläge', 'Was können wir besser machen?', null, null, null),
    ('jp', 'FEEDBACK_SOURCE_PHONE_CALL_FOLLOW_UP', 'お電話のあと', 'お電話での対応にご満足いただけましたか。', 0, 10, 5),
    ('jp', 'FEEDBACK_SOURCE_CONSUMER_SITE', 'ご意見', '改善すべき点をお聞かせください。', null, null, null);
