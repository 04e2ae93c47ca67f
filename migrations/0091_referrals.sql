-- Schemes by which customers are rewarded for bringing others, and newcomers for joining. What a scheme gives is agreed when a
-- referral is made and paid once the newcomer has been supplied for a while. Brands come with the program, not with migrations.
create table referral_schemes (
    id bigint generated always as identity (start with 95001) primary key,
    brand text not null,
    code text not null check (code = lower(code)),
    scheme_type text not null check (scheme_type in
        ('REFERRAL_REWARD', 'SIGNUP_REWARD', 'PARTNER_REWARD', 'PROMO_REWARD', 'LEGACY_REFERRAL')),
    account_type text not null check (account_type in ('DOMESTIC', 'BUSINESS')),
    -- Minor units of the market's currency.
    referrer_amount integer not null check (referrer_amount >= 0),
    referred_amount integer not null check (referred_amount >= 0),
    -- Loyalty points for who brought the newcomer.
    bonus_points integer not null default 0 check (bonus_points >= 0),
    -- How often an account is rewarded for bringing others, and how many referrals there can be of the scheme in all.
    max_recurrence integer check (max_recurrence > 0),
    capacity integer check (capacity > 0),
    -- A newcomer names who brought them within so many days, and is supplied for so many before anything is paid.
    claim_days smallint not null check (claim_days > 0),
    wait_days smallint not null check (wait_days >= 0),
    during tstzrange not null check (not isempty(during)),
    constraint referral_schemes_code_key unique (code),
    check (scheme_type = 'REFERRAL_REWARD' or (referrer_amount = 0 and bonus_points = 0))
);

insert into referral_schemes (brand, code, scheme_type, account_type, referrer_amount, referred_amount, bonus_points,
    max_recurrence, capacity, claim_days, wait_days, during) values
    ('OCTOPUS_ENERGY', 'share-50', 'REFERRAL_REWARD', 'DOMESTIC', 5000, 5000, 800, null, null, 90, 28, '[2022-01-01,)'),
    ('OCTOPUS_ENERGY', 'share-business', 'REFERRAL_REWARD', 'BUSINESS', 10000, 10000, 0, 20, null, 90, 56,
        '[2022-01-01,)'),
    ('OCTOPUS_ENERGY', 'welcome-25', 'SIGNUP_REWARD', 'DOMESTIC', 0, 2500, 0, null, 10000, 60, 28, '[2024-01-01,)'),
    ('OCTOPUS_ENERGY', 'solar-partner', 'PARTNER_REWARD', 'DOMESTIC', 0, 7500, 0, null, 500, 365, 28, '[2024-01-01,)'),
    ('OCTOPUS_ENERGY', 'spring-fair-2024', 'PROMO_REWARD', 'DOMESTIC', 0, 1500, 0, null, 200, 365, 0,
        '[2024-03-01,2024-06-01)'),
    ('OCTOPUS_ENERGY_GERMANY', 'freunde-50', 'REFERRAL_REWARD', 'DOMESTIC', 5000, 5000, 0, null, null, 90, 28,
        '[2022-01-01,)'),
    ('OCTOPUS_ENERGY_GERMANY', 'willkommen-30', 'SIGNUP_REWARD', 'DOMESTIC', 0, 3000, 0, null, 5000, 60, 28,
        '[2024-01-01,)'),
    ('TG_OCTOPUS_ENERGY', 'shokai-5000', 'REFERRAL_REWARD', 'DOMESTIC', 5000, 5000, 500, null, null, 90, 28,
        '[2022-01-01,)'),
    ('TG_OCTOPUS_ENERGY', 'kangei-3000', 'SIGNUP_REWARD', 'DOMESTIC', 0, 3000, 0, null, 5000, 60, 28, '[2024-01-01,)'),
    ('ORIGIN', 'mates-50', 'REFERRAL_REWARD', 'DOMESTIC', 5000, 5000, 0, 10, null, 90, 42, '[2022-01-01,)'),
    ('ORIGIN', 'hello-50', 'SIGNUP_REWARD', 'DOMESTIC', 0, 5000, 0, null, 5000, 60, 42, '[2024-01-01,)');

-- The code by which somebody says who brought them: another one for each account, and it says nothing about the account.
create function referral_code(account_id bigint) returns text language sql immutable parallel safe
    return 'r' || lpad(to_hex((account_id * 2654435761 + 1013904223) % 68719476736), 9, '0');
create unique index accounts_referral_code on accounts (referral_code(id));

create table referrals (
    id bigint generated always as identity (start with 96001) primary key,
    scheme_id bigint not null references referral_schemes (id),
    referring_account_id bigint references accounts (id),
    referred_account_id bigint not null references accounts (id),
    code text not null,
    referrer_amount integer not null check (referrer_amount >= 0),
    referred_amount integer not null check (referred_amount >= 0),
    bonus_points integer not null check (bonus_points >= 0),
    created_at timestamptz not null,
    paid_at timestamptz,
    cancelled_at timestamptz,
    referrer_transaction_id bigint references transactions (id),
    referred_transaction_id bigint references transactions (id),
    check (referring_account_id <> referred_account_id),
    check (paid_at is null or cancelled_at is null),
    check (referring_account_id is not null or (referrer_amount = 0 and bonus_points = 0))
);

-- Nobody is brought twice.
create unique index referrals_once on referrals (referred_account_id) where cancelled_at is null;
create index referrals_of_referrer on referrals (referring_account_id, id);
create index referrals_of_scheme on referrals (scheme_id) where cancelled_at is null;
create index referrals_pending on referrals (id) where paid_at is null and cancelled_at is null;

-- Codes that partners hand out, each good for one account.
create table referral_claim_codes (
    id integer generated always as identity (start with 97001) primary key,
    value text not null,
    scheme_id bigint not null references referral_schemes (id),
    created_at timestamptz not null,
    referral_id bigint references referrals (id),
    constraint referral_claim_codes_value_key unique (value),
    constraint referral_claim_codes_referral_key unique (referral_id)
);
