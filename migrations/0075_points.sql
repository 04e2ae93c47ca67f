-- Loyalty points, in double entry. What a market's customers are given points by is a programme; what a point is worth is its
-- rate. Points stand in the wallets of people, against books of the programme; an entry never creates or loses any.

-- points_per_minor_unit points are one minor unit of the market's currency. Nothing is shown or redeemed while a
-- programme is suspended, and nobody joins one that takes no members. Whoever joins is entered in its campaign as well. One for
-- smart homes is for those who have a smart meter at home and pay by direct debit.
create table loyalty_programmes (
    market text primary key,
    name text not null check (name <> ''),
    campaign text references campaigns (slug),
    excluding_campaign text references campaigns (slug),
    brands text[] not null check (cardinality(brands) > 0),
    points_per_minor_unit integer not null check (points_per_minor_unit > 0),
    most_awarded integer not null check (most_awarded > 0),
    takes_members boolean not null default true,
    for_smart_homes boolean not null default false,
    is_suspended boolean not null default false
);

insert into campaigns (slug, name, days) values
    ('octoplus', 'Octoplus', '[2020-01-01,)'),
    ('octoplus-excluded', 'Kept out of Octoplus', '[2020-01-01,)'),
    ('saving-sessions', 'Saving Sessions', '[2020-01-01,)');

insert into loyalty_programmes
    (market, name, campaign, excluding_campaign, brands, points_per_minor_unit, most_awarded, for_smart_homes) values
    ('gb', 'Octoplus', 'octoplus', 'octoplus-excluded', '{OCTOPUS_ENERGY}', 8, 400000, true),
    ('de', 'Treuepunkte', null, null, '{OCTOPUS_ENERGY_GERMANY}', 1, 50000, false),
    ('jp', 'ポイント', null, null, '{TG_OCTOPUS_ENERGY}', 1, 50000, false),
    ('au', 'Rewards', null, null, '{ORIGIN}', 10, 500000, false);

-- Why points are given and taken by hand.
create table point_reasons (
    market text not null references loyalty_programmes (market),
    kind text not null check (kind in ('award', 'deduction')),
    code text not null check (code ~ '^[A-Z_]+$'),
    primary key (market, kind, code)
);

insert into point_reasons (market, kind, code)
    select p.market, r.kind, r.code from loyalty_programmes p, (values
        ('award', 'POINTS_AWARDED_FOR_ACCOUNT_ACTION'), ('award', 'POINTS_AWARDED_AS_GOODWILL'),
        ('award', 'POINTS_AWARDED_IN_PROMOTION'), ('deduction', 'POINTS_DEDUCTED_FOR_ACCOUNT_ACTION'),
        ('deduction', 'POINTS_DEDUCTED_AS_CORRECTION')) as r (kind, code);
-- In Australia nobody corrects by hand what was given.
delete from point_reasons where market = 'au' and code = 'POINTS_DEDUCTED_AS_CORRECTION';

-- A person's wallet, or one of the programme's own books: what points were given for, and what they became.
create table point_accounts (
    id bigint generated always as identity (start with 91001) primary key,
    market text not null references loyalty_programmes (market),
    user_id bigint references account_users (id),
    book text check (book in ('awards', 'saving-sessions', 'redemptions')),
    created_at timestamptz not null,
    check ((user_id is null) <> (book is null)),
    constraint point_accounts_market_key unique (id, market),
    constraint point_accounts_wallet_key unique (market, user_id),
    constraint point_accounts_book_key unique (market, book)
);

create index point_accounts_user on point_accounts (user_id) where user_id is not null;

insert into point_accounts (market, book, created_at)
    select p.market, b.book, '2020-01-01' from loyalty_programmes p, unnest('{awards,saving-sessions,redemptions}'::text[]) as b (book);

-- What is in a wallet; it is held by whoever adds to it or takes from it. A book has no row here: its sum is added up when
-- somebody asks, so that customers do not queue for it.
create table wallets (
    point_account_id bigint primary key references point_accounts (id),
    balance bigint not null default 0,
    last_sequence bigint not null default 0 check (last_sequence >= 0),
    last_posted_at timestamptz,
    constraint wallets_never_overdrawn check (balance >= 0),
    constraint wallets_never_too_full check (balance <= 2147483647)
) with (fillfactor = 50);

create table point_entries (
    id bigint generated always as identity (start with 92001) primary key,
    market text not null,
    kind text not null check (kind in ('award', 'deduction', 'transfer', 'redemption', 'saving-session')),
    reason_code text not null,
    note text,
    account_id bigint not null references accounts (id),
    idempotency_key uuid,
    by_kind text not null,
    by_id bigint not null,
    posted_at timestamptz not null,
    constraint point_entries_market_key unique (id, market),
    constraint point_entries_idempotency_key unique (idempotency_key)
);

create index point_entries_account on point_entries (account_id);

-- sequence has no gaps within a wallet; balance_after is what it holds then. Both are null in a book.
create table point_postings (
    id bigint generated always as identity (start with 93001) primary key,
    entry_id bigint not null,
    market text not null,
    point_account_id bigint not null,
    points bigint not null check (points <> 0),
    sequence bigint check (sequence > 0),
    balance_after bigint check (balance_after >= 0),
    foreign key (entry_id, market) references point_entries (id, market),
    foreign key (point_account_id, market) references point_accounts (id, market),
    constraint point_postings_sequence_key unique (point_account_id, sequence),
    check ((sequence is null) = (balance_after is null))
);

create index point_postings_entry on point_postings (entry_id);

-- The credit that redeemed points became.
create table point_redemptions (
    point_entry_id bigint primary key references point_entries (id),
    transaction_id bigint not null references transactions (id),
    constraint point_redemptions_transaction_key unique (transaction_id)
);

create function point_entry_sums_to_zero() returns trigger language plpgsql as $$
declare
    entry bigint;
    total numeric;
    legs bigint;
begin
    if tg_table_name = 'point_postings' then
        entry := new.entry_id;
    else
        entry := new.id;
    end if;
    select coalesce(sum(points), 0), count(*) into total, legs from point_postings where entry_id = entry;
    if total <> 0 or legs < 2 then
        raise exception 'point entry % has % postings that sum to %', entry, legs, total
            using errcode = 'check_violation', constraint = 'point_postings_sum_to_zero';
    end if;
    return null;
end $$;

create constraint trigger point_postings_sum_to_zero after insert on point_postings
    deferrable initially deferred for each row execute function point_entry_sums_to_zero();
create constraint trigger point_entries_sum_to_zero after insert on point_entries
    deferrable initially deferred for each row execute function point_entry_sums_to_zero();

create trigger point_postings_append_only before update or delete or truncate on point_postings
    for each statement execute function refuse_change();
create trigger point_entries_append_only before update or delete or truncate on point_entries
    for each statement execute function refuse_change();
create trigger point_accounts_append_only before update or delete or truncate on point_accounts
    for each statement execute function refuse_change();
