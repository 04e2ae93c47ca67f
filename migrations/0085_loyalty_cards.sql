-- Cards of loyalty schemes that others run, whose numbers customers give so that they collect there too.

-- The schemes that are known. Numbers have so many digits, begin with a prefix and end with a check digit: LUHN doubles every
-- second digit from the end, EAN counts every second one three times.
create table card_schemes (
    code text primary key check (code ~ '^[A-Z_]+$'),
    name text not null,
    market text not null,
    prefix text not null check (prefix ~ '^[0-9]*$'),
    digits integer not null check (digits between 8 and 19),
    check_rule text not null check (check_rule in ('LUHN', 'EAN')),
    takes_cards boolean not null
);

insert into card_schemes (code, name, market, prefix, digits, check_rule, takes_cards) values
    ('NECTAR', 'Nectar', 'gb', '98263000', 19, 'LUHN', true),
    ('GREEN_SHIELD', 'Green Shield Stamps', 'gb', '9826', 19, 'LUHN', false),
    ('PAYBACK', 'Payback', 'de', '308342', 16, 'LUHN', true),
    ('FLYBUYS', 'flybuys', 'au', '2793', 16, 'LUHN', true),
    ('EVERYDAY_REWARDS', 'Everyday Rewards', 'au', '9344', 13, 'EAN', true),
    ('PONTA', 'Ponta', 'jp', '1101', 16, 'LUHN', true);

-- A user's card. ACTIVE: it is collected on. REPLACED: another number was given since.
create table loyalty_cards (
    id bigint generated always as identity (start with 106001) primary key,
    user_id bigint not null references account_users (id),
    scheme text not null references card_schemes (code),
    number text not null check (number ~ '^[0-9]+$'),
    status text not null check (status in ('ACTIVE', 'REPLACED')),
    added_at timestamptz not null,
    added_by_kind text not null,
    added_by_id bigint not null,
    replaced_at timestamptz check (replaced_at >= added_at),
    check ((status = 'REPLACED') = (replaced_at is not null))
);

create unique index loyalty_cards_one_active on loyalty_cards (user_id, scheme) where status = 'ACTIVE';
create index loyalty_cards_user on loyalty_cards (user_id, id);
