-- Which messages a person wants, and how e-mails should look. What advertises waits for a yes; what serves the contract
-- goes out until a no. When the choice about SMS was made last is in detail_changes.

alter table account_users
    add column wants_client_messages boolean not null default true,
    add column wants_offer_messages boolean not null default false,
    add column wants_recommended_messages boolean not null default false,
    add column wants_update_messages boolean not null default true,
    add column wants_third_party_messages boolean not null default false,
    add column wants_reading_confirmations boolean not null default true,
    add column wants_sms boolean not null default true,
    add column email_format text not null default 'HTML' check (email_format in ('TEXT', 'HTML')),
    add column email_colours_inverted boolean not null default false,
    add column email_font_size numeric(3, 2) not null default 1 check (email_font_size between 0.5 and 3),
    add column hold_music text not null default 'NO_SONG_PREFERRED';

create index detail_changes_sms_choice on detail_changes (account_user_id, at desc)
    where field = 'isOptedInToSmsMessages';

-- The kinds of message that a person may do without, and what each is about. What is not listed goes out whatever
-- anybody prefers: codes, notices of changes, reminders of debt.
create table optional_messages (
    template text primary key,
    topic text not null check (topic in ('client', 'offer', 'recommended', 'update', 'third-party', 'reading-confirmation'))
);

insert into optional_messages (template, topic) values
    ('newsletter', 'client'),
    ('feedback-request', 'client'),
    ('offer', 'offer'),
    ('tariff-recommendation', 'recommended'),
    ('product-update', 'update'),
    ('referral-reward', 'update'),
    ('partner-offer', 'third-party'),
    ('reading-confirmation', 'reading-confirmation');

-- A message that its reader does not want is kept with its fate, and not handed to the post house.
alter table messages drop constraint messages_status_check,
    add constraint messages_status_check
        check (status in ('queued', 'accepted', 'delivered', 'bounced', 'refused', 'withheld'));
alter table message_events drop constraint message_events_kind_check,
    add constraint message_events_kind_check
        check (kind in ('queued', 'deferred', 'accepted', 'delivered', 'bounced', 'refused', 'withheld'));
