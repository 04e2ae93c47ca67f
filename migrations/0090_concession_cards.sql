-- Concession cards of Australian customers. Which kinds count is the states' to say. A card counts once the office that issued it
-- has said so, and until it says no, it expires or it is taken off.

create table concession_card_types (
    code text primary key,
    label text not null,
    states text[] not null
);

insert into concession_card_types (code, label, states) values
    ('CENTRELINK_PENSIONER', 'Pensioner Concession Card (Centrelink)',
        '{AUSTRALIAN_CAPITAL_TERRITORY,NEW_SOUTH_WALES,NORTHERN_TERRITORY,QUEENSLAND,SOUTH_AUSTRALIA,TASMANIA,VICTORIA,WESTERN_AUSTRALIA}'),
    ('CENTRELINK_HEALTH_CARE', 'Health Care Card (Centrelink)',
        '{AUSTRALIAN_CAPITAL_TERRITORY,NEW_SOUTH_WALES,NORTHERN_TERRITORY,QUEENSLAND,SOUTH_AUSTRALIA,TASMANIA,VICTORIA,WESTERN_AUSTRALIA}'),
    ('VETERANS_AFFAIRS_PENSIONER', 'Pensioner Concession Card (Veterans'' Affairs)',
        '{AUSTRALIAN_CAPITAL_TERRITORY,NEW_SOUTH_WALES,NORTHERN_TERRITORY,QUEENSLAND,SOUTH_AUSTRALIA,TASMANIA,VICTORIA,WESTERN_AUSTRALIA}'),
    ('VETERANS_AFFAIRS_DVA_GOLD', 'Gold Card (Veterans'' Affairs)',
        '{AUSTRALIAN_CAPITAL_TERRITORY,NEW_SOUTH_WALES,NORTHERN_TERRITORY,QUEENSLAND,SOUTH_AUSTRALIA,TASMANIA,VICTORIA,WESTERN_AUSTRALIA}'),
    ('VETERANS_AFFAIRS_DVA_GOLD_WW', 'Gold Card, war widow (Veterans'' Affairs)',
        '{AUSTRALIAN_CAPITAL_TERRITORY,NEW_SOUTH_WALES,QUEENSLAND,SOUTH_AUSTRALIA,VICTORIA}'),
    ('VETERANS_AFFAIRS_DVA_GOLD_TPI', 'Gold Card, totally and permanently incapacitated (Veterans'' Affairs)',
        '{AUSTRALIAN_CAPITAL_TERRITORY,NEW_SOUTH_WALES,QUEENSLAND,SOUTH_AUSTRALIA,VICTORIA}'),
    ('VETERANS_AFFAIRS_DVA_GOLD_EDA', 'Gold Card, extreme disablement adjustment (Veterans'' Affairs)',
        '{AUSTRALIAN_CAPITAL_TERRITORY,NEW_SOUTH_WALES,QUEENSLAND,SOUTH_AUSTRALIA,VICTORIA}'),
    ('QUEENSLAND_SENIORS_CARD', 'Queensland Seniors Card',
        '{QUEENSLAND}'),
    ('ASYLUM_SEEKER', 'Asylum seeker',
        '{AUSTRALIAN_CAPITAL_TERRITORY,QUEENSLAND,VICTORIA}'),
    ('OTHER', 'Other card',
        '{}'),
    ('SA_GENERIC', 'South Australian concession',
        '{SOUTH_AUSTRALIA}'),
    ('REPATRIATION_HEALTH_CARE_CARD', 'Repatriation Health Card',
        '{AUSTRALIAN_CAPITAL_TERRITORY,NEW_SOUTH_WALES,NORTHERN_TERRITORY,QUEENSLAND,SOUTH_AUSTRALIA,TASMANIA,VICTORIA,WESTERN_AUSTRALIA}'),
    ('ACT_SERVICES_ACCESS_CARD_IMMI_CARD', 'ACT Services Access Card or ImmiCard',
        '{AUSTRALIAN_CAPITAL_TERRITORY}');

create table concession_cards (
    id bigint generated always as identity (start with 99001) primary key,
    account_user_id bigint not null references account_users (id),
    card_type text not null,
    number text not null check (number <> ''),
    issued_on date,
    expires_on date,
    noted_at timestamptz not null,
    removed_on date,
    constraint concession_cards_card_type_fkey foreign key (card_type) references concession_card_types (code),
    constraint concession_cards_days_check check (expires_on > issued_on)
);

create unique index concession_cards_key on concession_cards (account_user_id, card_type, number) where removed_on is null;
create index concession_cards_user on concession_cards (account_user_id);

create table concession_card_validations (
    id bigint generated always as identity (start with 99501) primary key,
    card_id bigint not null references concession_cards (id),
    validated_at timestamptz not null,
    is_valid boolean not null,
    failure_code text,
    failure_reason text,
    notes text,
    method text not null,
    check (is_valid = (failure_code is null) and (failure_code is null) = (failure_reason is null))
);

create index concession_card_validations_card on concession_card_validations (card_id);
