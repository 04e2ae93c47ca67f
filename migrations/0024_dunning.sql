-- Dunning: the paths that markets follow, and the reminders of each process. Days count from the start of the process.
-- A charge is due terms_days after it was posted, and is dunned from grace_days after that. After a binding step, such
-- as formal notice, the process can no longer be withdrawn.

create table dunning_paths (
    market text not null,
    name text not null,
    terms_days integer not null check (terms_days >= 0),
    grace_days integer not null check (grace_days >= 0),
    threshold bigint not null check (threshold > 0),
    is_active boolean not null default true,
    primary key (market, name)
);

create table dunning_steps (
    market text not null,
    path text not null,
    position smallint not null check (position > 0),
    name text not null,
    days integer not null check (days >= 0),
    channel text not null check (channel in ('EMAIL', 'SMS')),
    subject text not null,
    body text not null,
    is_binding boolean not null default false,
    primary key (market, path, position),
    foreign key (market, path) references dunning_paths (market, name)
);

-- through_sequence is the last charge on the ledger that the process is about; older debt is not dunned again.
create table dunning_processes (
    process_id bigint primary key references processes (id),
    ledger_id bigint not null references ledgers (id),
    market text not null,
    path text not null,
    through_sequence bigint not null check (through_sequence > 0),
    debt bigint not null check (debt > 0),
    constraint dunning_processes_debt_key unique (ledger_id, through_sequence),
    foreign key (market, path) references dunning_paths (market, name)
);

create table dunning_actions (
    process_id bigint not null references dunning_processes (process_id),
    position smallint not null,
    name text not null,
    due_date date not null,
    is_binding boolean not null,
    used_channel text check (used_channel in ('EMAIL', 'SMS')),
    message_id bigint references messages (id),
    actioned_at timestamptz,
    created_at timestamptz not null,
    primary key (process_id, position),
    constraint dunning_actions_message_key unique (message_id),
    check ((actioned_at is null) = (message_id is null)),
    check ((actioned_at is null) = (used_channel is null))
);

insert into dunning_paths (market, name, terms_days, grace_days, threshold) values
    ('gb', 'STANDARD', 14, 7, 2000),
    ('de', 'STANDARD', 14, 3, 2000),
    ('us', 'STANDARD', 21, 5, 2500),
    ('au', 'STANDARD', 14, 5, 5000),
    ('jp', 'STANDARD', 30, 5, 1000);

insert into dunning_steps (market, path, position, name, days, channel, subject, body, is_binding)
select market, 'STANDARD', position, name, days, channel, subject, body, is_binding
from (values ('gb'), ('us'), ('au')) as markets (market) cross join (values
    (1, 'REMINDER', 0, 'EMAIL', 'A payment is overdue',
        'On your account {account} an amount of {amount} is overdue. Please pay it within seven days.', false),
    (2, 'SECOND_REMINDER', 7, 'SMS', '',
        'Your account {account} is still {amount} overdue. Please pay, or call us if you cannot.', false),
    (3, 'FORMAL_NOTICE', 21, 'EMAIL', 'Formal notice',
        'We give formal notice that {amount} is overdue on your account {account}. Talk to us if you cannot pay.', true),
    (4, 'FINAL_NOTICE', 35, 'EMAIL', 'Final notice',
        'The amount of {amount} on your account {account} is about to be handed to a debt collection agency.', true)
) as steps (position, name, days, channel, subject, body, is_binding);

insert into dunning_steps (market, path, position, name, days, channel, subject, body, is_binding) values
    ('de', 'STANDARD', 1, 'ZAHLUNGSERINNERUNG', 0, 'EMAIL', 'Zahlungserinnerung',
        'Auf Ihrem Konto {account} sind {amount} überfällig. Bitte zahlen Sie innerhalb von sieben Tagen.', false),
    ('de', 'STANDARD', 2, 'ERSTE_MAHNUNG', 10, 'EMAIL', 'Erste Mahnung',
        'Auf Ihrem Konto {account} sind weiterhin {amount} überfällig. Bitte zahlen Sie umgehend.', false),
    ('de', 'STANDARD', 3, 'ZWEITE_MAHNUNG', 24, 'EMAIL', 'Zweite Mahnung',
        'Wir mahnen letztmals die Zahlung von {amount} auf Ihrem Konto {account} an.', true),
    ('de', 'STANDARD', 4, 'ANKUENDIGUNG_INKASSO', 38, 'EMAIL', 'Übergabe an ein Inkassounternehmen',
        'Die Forderung von {amount} auf Ihrem Konto {account} geht nun an ein Inkassounternehmen.', true),
    ('jp', 'STANDARD', 1, 'REMINDER', 0, 'EMAIL', 'お支払いのお願い',
        'お客さま番号 {account} のご請求 {amount} のお支払いが確認できておりません。', false),
    ('jp', 'STANDARD', 2, 'SECOND_REMINDER', 10, 'SMS', '',
        'お客さま番号 {account} の未払い金額は {amount} です。お早めにお支払いください。', false),
    ('jp', 'STANDARD', 3, 'TERMINATION_NOTICE', 20, 'EMAIL', '供給停止の予告',
        'お客さま番号 {account} のお支払い {amount} が確認できない場合、契約を解除いたします。', true),
    ('jp', 'STANDARD', 4, 'FINAL_NOTICE', 35, 'EMAIL', '最終のご案内',
        'お客さま番号 {account} の未払い金額 {amount} を債権回収会社に委託いたします。', true);
