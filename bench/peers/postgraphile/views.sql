-- What PostGraphile serves: views and functions over the server's tables that shape the same answers.
drop schema if exists bench_peer cascade;
drop function if exists public.bench_tax_in;
drop function if exists public.bench_midnight;
create schema bench_peer;

-- Who is calling stands in settings of the transaction; see server.js.
create view bench_peer.accounts as
select a.id, a.number, a.status, a.brand, a.billing_name, a.billing_postcode as billing_address_postcode, a.portfolio_id,
    (select coalesce(sum(b.balance), 0)::int from ledgers l join ledger_balances b on b.ledger_account_id = l.id
     where l.account_id = a.id and l.affects_account_balance) as balance
from accounts a
where exists (select 1 from account_user_roles r
              where r.user_id = nullif(current_setting('bench.user', true), '')::bigint and r.account_id = a.id)
    or exists (select 1 from portfolio_user_roles r
               where r.user_id = nullif(current_setting('bench.user', true), '')::bigint and r.portfolio_id = a.portfolio_id);

create view bench_peer.ledgers as
select l.id, l.account_id, l.number, l.name, l.is_main, b.balance::int as balance
from ledgers l join ledger_balances b on b.ledger_account_id = l.id;

create view bench_peer.ledger_transactions as
select t.id, t.ledger_id, t.posted_date, t.title, t.amount::int as amount, t.balance_after::int as balance_carried_forward
from transactions t;

create view bench_peer.account_transactions as
select t.id, l.account_id, t.posted_date, t.title, t.amount::int as amount, t.balance_after::int as balance_carried_forward
from ledgers l join transactions t on t.ledger_id = l.id
where l.affects_account_balance;

create view bench_peer.account_holders as
select held.account_id, u.id, u.given_name, u.family_name, u.email
from (
    select r.account_id, r.user_id from account_user_roles r
    union
    select a.id, r.user_id from accounts a join portfolio_user_roles r on r.portfolio_id = a.portfolio_id
) held join account_users u on u.id = held.user_id;

create view bench_peer.operations_teams as select id, name from operations_teams;

create view bench_peer.portfolios as
select p.id, p.number, to_char(p.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') as created_at,
    to_char(p.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') as updated_at, p.billing_name,
    p.collective_billing, p.operations_team_id, p.brand, p.name, p.parent_id,
    (select a.number from accounts a where a.id = p.lead_account_id) as lead_account_number
from portfolios p
where exists (select 1 from portfolio_user_roles r
              where r.user_id = nullif(current_setting('bench.user', true), '')::bigint and r.portfolio_id = p.id)
    or exists (select 1 from account_user_roles r join accounts held on held.id = r.account_id
               where r.user_id = nullif(current_setting('bench.user', true), '')::bigint and held.portfolio_id = p.id);

create function bench_peer.portfolios_ancestors(p bench_peer.portfolios) returns setof bench_peer.portfolios stable language sql as $$
    with recursive above (id, level) as (
        select p.parent_id, 1 where p.parent_id is not null
        union all
        select c.parent_id, a.level + 1 from above a join public.portfolios c on c.id = a.id where c.parent_id is not null
    )
    select each.* from above a join bench_peer.portfolios each on each.id = a.id order by a.level desc
$$;

create function bench_peer.portfolios_depth(p bench_peer.portfolios) returns int stable language sql as $$
    with recursive above (id) as (
        select p.parent_id where p.parent_id is not null
        union all
        select c.parent_id from above a join public.portfolios c on c.id = a.id where c.parent_id is not null
    )
    select count(*)::int from above
$$;

create function bench_peer.portfolios_descendants(p bench_peer.portfolios) returns setof bench_peer.portfolios stable language sql as $$
    with recursive below (id) as (
        select c.id from public.portfolios c where c.parent_id = p.id
        union all
        select c.id from below b join public.portfolios c on c.parent_id = b.id
    )
    select each.* from below b join bench_peer.portfolios each on each.id = b.id order by each.id
$$;

create view bench_peer.properties as
select o.account_id, pr.id, concat_ws(', ', nullif(pr.address_line1, ''), nullif(pr.address_line2, ''),
    nullif(pr.address_line3, ''), nullif(pr.address_line4, ''), nullif(pr.address_line5, ''), nullif(pr.postcode, '')) as address
from occupancies o join properties pr on pr.id = o.property_id;

create view bench_peer.meter_points as
select sp.id, sp.property_id, sp.identifier as mpan from supply_points sp
where sp.market in ('gb', 'au', 'us') and sp.commodity = 'electricity';

create view bench_peer.japanese_points as
select sp.id, sp.property_id, sp.identifier as spin from supply_points sp
where sp.market = 'jp' and sp.commodity = 'electricity';

create view bench_peer.agreements as
select g.id, g.supply_point_id, to_char(lower(g.during) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') as valid_from,
    to_char(upper(g.during) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') as valid_to
from agreements g
where g.revoked_at is null and (upper(g.during) is null or upper(g.during) > now());

create view bench_peer.supply_points as
select sp.id, sp.market_name, sp.identifier from supply_points sp
where exists (select 1 from supply_periods s join bench_peer.accounts a on a.id = s.account_id where s.supply_point_id = sp.id);

create type bench_peer.half_hour as (start_at text, end_at text, value text);

create function bench_peer.japanese_points_half_hours(p bench_peer.japanese_points, from_datetime timestamptz,
    to_datetime timestamptz) returns setof bench_peer.half_hour stable language sql as $$
    select to_char(start_of + (place - 1) * interval '30 minutes', 'YYYY-MM-DD"T"HH24:MI:SS"+09:00"'),
        to_char(start_of + place * interval '30 minutes', 'YYYY-MM-DD"T"HH24:MI:SS"+09:00"'), round(energy / 1000.0, 3)::text
    from (
        select distinct on (i.day) i.day::timestamp as start_of, i.wh from public.interval_days i
        where i.supply_point_id = p.id and i.day >= (from_datetime at time zone 'Asia/Tokyo')::date
            and i.day <= (to_datetime at time zone 'Asia/Tokyo')::date
        order by i.day, i.version desc
    ) newest cross join lateral unnest(newest.wh) with ordinality as each (energy, place)
    where start_of + (place - 1) * interval '30 minutes' >= from_datetime at time zone 'Asia/Tokyo'
        and start_of + (place - 1) * interval '30 minutes' < to_datetime at time zone 'Asia/Tokyo' and energy is not null
    order by start_of, place
$$;

create type bench_peer.day as (interval_start text, interval_end text, value text);

create function public.bench_midnight(day date) returns text stable language sql as $$
    select to_char(day, 'YYYY-MM-DD"T00:00:00"') || case
        when (day::timestamp at time zone 'Europe/London') at time zone 'UTC' = day::timestamp then '+00:00' else '+01:00' end
$$;

create function bench_peer.supply_points_days(p bench_peer.supply_points, start_at timestamptz, end_at timestamptz)
returns setof bench_peer.day stable language sql as $$
    select public.bench_midnight(day), public.bench_midnight(day + 1), round(sum(energy) / 1000.0, 3)::text
    from (
        select distinct on (i.day) i.day, i.wh from public.interval_days i
        where i.supply_point_id = p.id and i.day >= (start_at at time zone 'Europe/London')::date
            and i.day < (end_at at time zone 'Europe/London')::date
        order by i.day, i.version desc
    ) newest cross join lateral unnest(newest.wh) as energy
    group by day order by day
$$;

comment on view bench_peer.properties is E'@primaryKey id\n@foreignKey (account_id) references bench_peer.accounts (id)|@foreignSimpleFieldName properties';
comment on view bench_peer.meter_points is E'@primaryKey id\n@foreignKey (property_id) references bench_peer.properties (id)|@foreignSimpleFieldName meterPoints';
comment on view bench_peer.japanese_points is E'@primaryKey id\n@foreignKey (property_id) references bench_peer.properties (id)|@foreignSimpleFieldName japanesePoints';
comment on view bench_peer.agreements is E'@primaryKey id\n@foreignKey (supply_point_id) references bench_peer.meter_points (id)|@foreignSimpleFieldName agreements';
comment on view bench_peer.supply_points is E'@primaryKey id\n@unique market_name,identifier';
comment on view bench_peer.accounts is E'@primaryKey id\n@unique number\n@foreignKey (portfolio_id) references bench_peer.portfolios (id)|@foreignFieldName accounts';
comment on view bench_peer.ledgers is E'@primaryKey id\n@foreignKey (account_id) references bench_peer.accounts (id)|@foreignSimpleFieldName ledgers';
comment on view bench_peer.account_holders is E'@primaryKey account_id,id\n@foreignKey (account_id) references bench_peer.accounts (id)|@foreignSimpleFieldName users';
comment on view bench_peer.ledger_transactions is E'@primaryKey id\n@foreignKey (ledger_id) references bench_peer.ledgers (id)|@foreignFieldName transactions';
comment on view bench_peer.account_transactions is E'@primaryKey id\n@foreignKey (account_id) references bench_peer.accounts (id)|@foreignFieldName transactions';
comment on view bench_peer.operations_teams is E'@primaryKey id';
comment on view bench_peer.portfolios is E'@primaryKey id\n@unique number\n@foreignKey (parent_id) references bench_peer.portfolios (id)|@fieldName parent|@foreignFieldName children\n@foreignKey (operations_team_id) references bench_peer.operations_teams (id)|@fieldName operationsTeam';

create type bench_peer.account_charge as (net_amount int, sales_tax_amount int, gross_amount int, reason text, note text);

-- VAT that is in a gross amount, halves to the even penny; as the server's market data has it.
create function public.bench_tax_in(gross bigint, percent bigint) returns bigint immutable language sql as $$
    select gross * percent / (100 + percent) + case
        when 2 * (gross * percent % (100 + percent)) > 100 + percent then 1
        when 2 * (gross * percent % (100 + percent)) = 100 + percent then gross * percent / (100 + percent) % 2
        else 0 end
$$;

create function bench_peer.create_account_charge(account_number text, gross_amount int, reason text, note text)
returns bench_peer.account_charge volatile language plpgsql as $$
declare
    staff bigint := nullif(current_setting('bench.staff', true), '')::bigint;
    target record;
    tax bigint;
    entry bigint;
    made bigint;
    ledger_sequence bigint;
    ledger_balance bigint;
begin
    if not exists (select 1 from support_users s join support_user_roles r on r.support_user_id = s.id
                   join support_roles k on k.code = r.role
                   where s.id = staff and s.is_active and 'post-transactions' = any(k.permissions)) then
        raise exception 'only staff may';
    end if;
    select l.id as ledger_id, l.number as ledger_number, a.id as account_id, a.account_type, c.display, c.is_tax_exempt,
        k.currency, (now() at time zone 'Europe/London')::date as today,
        (select h.id from ledger_accounts h where h.market = a.market and h.stripe = pg_backend_pid() % 16 and h.book = 'income') as income,
        (select h.id from ledger_accounts h where h.market = a.market and h.stripe = pg_backend_pid() % 16 and h.book = 'tax') as taxes
    into strict target
    from accounts a join ledgers l on l.account_id = a.id and l.is_main join ledger_accounts k on k.id = l.id
        join charge_reasons c on c.market = a.market and c.code = create_account_charge.reason and not c.is_deprecated
    where a.number = create_account_charge.account_number and a.market = 'gb';
    tax := case when target.is_tax_exempt then 0
           else public.bench_tax_in(gross_amount, case target.account_type when 'BUSINESS' then 20 else 5 end) end;
    perform 1 from ledger_balances b where b.ledger_account_id in (target.ledger_id, target.income, target.taxes)
        order by b.ledger_account_id for update;
    insert into journal_entries (kind, currency, posted_date, created_at)
        values ('charge', target.currency, target.today, now()) returning id into entry;
    with moved as (
        update ledger_balances b set balance = b.balance + leg.amount, last_sequence = b.last_sequence + 1
        from (values (target.ledger_id, -gross_amount::bigint), (target.income, gross_amount - tax), (target.taxes, tax))
            as leg (ledger, amount)
        where b.ledger_account_id = leg.ledger and leg.amount <> 0
        returning b.ledger_account_id, b.last_sequence, leg.amount, b.balance
    )
    insert into postings (ledger_account_id, sequence, journal_entry_id, currency, amount, balance_after)
        select ledger_account_id, last_sequence, entry, target.currency, amount, balance from moved;
    select last_sequence, balance into ledger_sequence, ledger_balance
        from ledger_balances where ledger_account_id = target.ledger_id;
    insert into transactions (ledger_id, sequence, journal_entry_id, kind, posted_date, created_at, amount, net_amount,
            tax_amount, balance_after, title, note, reason_code)
        values (target.ledger_id, ledger_sequence, entry, 'charge', target.today, now(), gross_amount,
            gross_amount - tax, tax, ledger_balance, target.display, note, reason)
        returning id into made;
    insert into outbox (name, account_id, data, occurred_at, recorded_at)
        values ('ledgers.transaction.posted-v1', target.account_id, jsonb_build_object(
            'transactionId', made::text, 'journalEntryId', entry::text, 'kind', 'charge', 'entryKind', 'charge',
            'currency', target.currency, 'amount', gross_amount, 'netAmount', gross_amount - tax, 'taxAmount', tax,
            'postedDate', target.today, 'reasonCode', reason, 'ledgerId', target.ledger_id::text,
            'ledgerNumber', target.ledger_number), now(), clock_timestamp());
    insert into support_audit (support_user_id, operation, subject, at)
        values (staff, 'Mutation.createAccountCharge', account_number, clock_timestamp());
    return ((gross_amount - tax)::int, tax::int, gross_amount, reason, note);
end $$;

create type bench_peer.jwt_token as (
    sub text, gty text, email text, "tokenUse" text, iss text, iat int, exp int, "origIat" int);
create type bench_peer.session as (token bench_peer.jwt_token, refresh_token text);

create function bench_peer.obtain_kraken_token(api_key text, issuer text) returns bench_peer.session
volatile language plpgsql as $$
declare
    owner record;
    issued int;
    refresh text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
    select u.id, u.email, u.tokens_valid_from into strict owner
    from api_keys k join account_users u on u.id = k.account_user_id and u.is_active
    where k.key_hash = sha256(convert_to(api_key, 'UTF8')) and k.revoked_at is null;
    issued := greatest(extract(epoch from clock_timestamp())::int, owner.tokens_valid_from::int);
    insert into refresh_tokens (token_hash, hint, account_user_id, created_at, expires_at)
        values (sha256(convert_to(refresh, 'UTF8')), left(refresh, 8), owner.id, now(), now() + interval '7 days');
    return (row('kraken|account-user:' || owner.id, 'API-KEY', owner.email, 'access', issuer, issued, issued + 3600,
        issued)::bench_peer.jwt_token, refresh);
end $$;
