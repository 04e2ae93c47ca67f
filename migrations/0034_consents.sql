-- What customers agree to or refuse. The kinds differ by market and are of accounts or of their users; a market without
-- a kind that is alive manages no such consents. Answers are only ever added, and the last one counts; until there is
-- one, the default of the kind does. What is marketing can be answered through a link that is good for just that.

create table consent_types (
    id bigint generated always as identity (start with 701) primary key,
    market text not null check (market in ('gb', 'de', 'jp', 'au', 'us')),
    subject text not null check (subject in ('ACCOUNT', 'ACCOUNT_USER')),
    code text not null check (code <> ''),
    name text not null,
    description text not null,
    default_value text not null check (default_value in ('ACCEPTED', 'REJECTED', 'UNKNOWN', 'PENDING')),
    is_marketing boolean not null default false,
    is_active boolean not null default true,
    constraint consent_types_code_key unique (market, code),
    constraint consent_types_subject_key unique (id, subject)
);

create table consent_events (
    id bigint generated always as identity (start with 70001) primary key,
    consent_type_id bigint not null,
    subject text not null,
    account_id bigint references accounts (id),
    account_user_id bigint references account_users (id),
    value text not null check (value in ('ACCEPTED', 'REJECTED', 'UNKNOWN', 'PENDING')),
    source text not null check (source in ('CONSUMER_SITE', 'SUPPORT_SITE', 'API_SITE', 'THIRD_PARTY_VENDOR',
        'ONBOARDING', 'MIGRATION', 'DATA_IMPORT', 'COMMAND_JOB')),
    by_kind text not null,
    by_id bigint not null,
    at timestamptz not null,
    foreign key (consent_type_id, subject) references consent_types (id, subject),
    check (num_nonnulls(account_id, account_user_id) = 1),
    check ((subject = 'ACCOUNT') = (account_id is not null))
);

create index consent_events_account on consent_events (account_id, consent_type_id, id desc)
    where account_id is not null;
create index consent_events_account_user on consent_events (account_user_id, consent_type_id, id desc)
    where account_user_id is not null;

create trigger consent_events_append_only before update or delete or truncate on consent_events
    for each statement execute function refuse_change();

insert into consent_types (market, subject, code, name, description, default_value, is_active) values
    ('gb', 'ACCOUNT', 'HALF_HOURLY_READINGS', 'Half-hourly readings',
        'Your smart meter may be read every half hour.', 'UNKNOWN', true),
    ('gb', 'ACCOUNT', 'CREDIT_REFERENCE_SHARING', 'Sharing with credit reference agencies',
        'How the account is paid may be told to credit reference agencies.', 'UNKNOWN', true),
    ('gb', 'ACCOUNT', 'FAX_CONTACT', 'Contact by fax', 'We may send you faxes.', 'REJECTED', false),
    ('gb', 'ACCOUNT_USER', 'MARKETING_PHONE', 'Marketing by phone', 'We may call you with offers.', 'REJECTED', true),
    ('gb', 'ACCOUNT_USER', 'RESEARCH', 'Research', 'We may ask you to take part in research.', 'UNKNOWN', true),
    ('gb', 'ACCOUNT_USER', 'PRIORITY_SERVICES_SHARING', 'Sharing of special needs',
        'What you told us of your needs may be passed to the network operator.', 'UNKNOWN', true),
    ('de', 'ACCOUNT', 'ANSCHLUSSNUTZUNG_DATEN', 'Viertelstundenwerte',
        'Die Messwerte des Anschlusses dürfen viertelstündlich abgerufen werden.', 'UNKNOWN', true),
    ('de', 'ACCOUNT', 'BONITAETSPRUEFUNG', 'Bonitätsprüfung',
        'Eine Auskunftei darf nach der Zahlungsfähigkeit gefragt werden.', 'PENDING', true),
    ('de', 'ACCOUNT_USER', 'WERBUNG_TELEFON', 'Werbung am Telefon',
        'Wir dürfen mit Angeboten anrufen.', 'REJECTED', true),
    ('de', 'ACCOUNT_USER', 'WERBUNG_EMAIL', 'Werbung per E-Mail',
        'Wir dürfen Angebote per E-Mail schicken.', 'PENDING', true),
    ('au', 'ACCOUNT', 'CONSUMER_DATA_RIGHT', 'Consumer Data Right',
        'Accredited companies that you name may receive the data of the account.', 'UNKNOWN', true),
    ('au', 'ACCOUNT_USER', 'ELECTRONIC_NOTICES', 'Electronic notices',
        'Notices that the law demands may be sent by e-mail.', 'ACCEPTED', true),
    ('au', 'ACCOUNT_USER', 'LIFE_SUPPORT_CALL', 'Life support calls',
        'We call you before a planned interruption if somebody depends on life support.', 'ACCEPTED', true),
    ('jp', 'ACCOUNT', 'PAPERLESS_BILLING', 'ペーパーレス請求', '請求書を電子的に受け取ります。', 'UNKNOWN', true);

update consent_types set is_marketing = true
where code in ('MARKETING_PHONE', 'RESEARCH', 'WERBUNG_TELEFON', 'WERBUNG_EMAIL');

update support_roles set permissions = permissions || '{record-contacts}' where code in ('admin', 'billing');
