-- What the resolvers of the Mercurius and the Python peer ask. `-- name:` begins a statement.

-- name: customer
-- $1 user id, $2 when the token was issued
select u.id from account_users u where u.id = $1 and u.is_active and u.tokens_valid_from <= $2

-- name: staff
select s.id from support_users s where s.id = $1 and s.is_active and s.tokens_valid_from <= $2
    and exists (select 1 from support_user_roles r join support_roles k on k.code = r.role
                where r.support_user_id = s.id and 'post-transactions' = any(k.permissions))

-- name: account
-- $1 user id, $2 number
select a.id, a.number, a.status, a.brand, a.billing_name, a.billing_postcode
from accounts a
where a.number = $2 and (
    exists (select 1 from account_user_roles r where r.user_id = $1 and r.account_id = a.id)
    or exists (select 1 from portfolio_user_roles r where r.user_id = $1 and r.portfolio_id = a.portfolio_id))

-- name: balances
-- $1 account ids
select l.account_id, sum(b.balance)::int as balance
from ledgers l join ledger_balances b on b.ledger_account_id = l.id
where l.account_id = any($1::bigint[]) and l.affects_account_balance group by l.account_id

-- name: ledgers
-- $1 account ids
select l.account_id, l.id, l.number, l.name, b.balance::int as balance
from ledgers l join ledger_balances b on b.ledger_account_id = l.id
where l.account_id = any($1::bigint[]) order by l.is_main desc, l.id

-- name: users
-- $1 account ids
select held.account_id, u.id, u.given_name, u.family_name, u.email
from (
    select r.account_id, r.user_id from account_user_roles r where r.account_id = any($1::bigint[])
    union
    select a.id, r.user_id from accounts a join portfolio_user_roles r on r.portfolio_id = a.portfolio_id
    where a.id = any($1::bigint[])
) held join account_users u on u.id = held.user_id order by u.id

-- name: ledger_transactions
-- $1 ledger ids, $2 how many of each
select parents.id as parent, t.* from unnest($1::bigint[]) as parents (id) cross join lateral (
    select t.id::text, t.posted_date::text, t.title, t.amount::int, t.balance_after::int as balance_carried_forward
    from transactions t
    where t.ledger_id = parents.id order by t.posted_date desc, t.id desc limit $2) t

-- name: account_transactions
-- $1 account ids, $2 how many of each
select parents.id as parent, t.* from unnest($1::bigint[]) as parents (id) cross join lateral (
    select t.id::text, t.posted_date::text, t.title, t.amount::int, t.balance_after::int as balance_carried_forward
    from ledgers l join transactions t on t.ledger_id = l.id
    where l.account_id = parents.id and l.affects_account_balance
    order by t.posted_date desc, t.id desc limit $2) t

-- name: portfolio
-- $1 user id, $2 number
select p.id, p.number, p.created_at, p.updated_at, p.billing_name, p.collective_billing, p.operations_team_id,
    p.brand, p.name, p.parent_id, p.lead_account_id
from portfolios p
where p.number = $2 and (
    exists (select 1 from portfolio_user_roles r where r.user_id = $1 and r.portfolio_id = p.id)
    or exists (select 1 from account_user_roles r join accounts held on held.id = r.account_id
               where r.user_id = $1 and held.portfolio_id = p.id))

-- name: teams
select id, name from operations_teams where id = any($1::bigint[])

-- name: lead_accounts
select id, number from accounts where id = any($1::bigint[])

-- name: portfolios_above
-- $1 portfolio ids, $2 user id; the top comes first
with recursive above (origin, id, level) as (
    select c.id, c.parent_id, 1 from portfolios c where c.id = any($1::bigint[]) and c.parent_id is not null
    union all
    select a.origin, c.parent_id, a.level + 1 from above a join portfolios c on c.id = a.id where c.parent_id is not null
)
select a.origin, a.level, p.id, p.number, p.brand, p.name
from above a join portfolios p on p.id = a.id
where exists (select 1 from portfolio_user_roles r where r.user_id = $2 and r.portfolio_id = p.id)
    or exists (select 1 from account_user_roles r join accounts held on held.id = r.account_id
               where r.user_id = $2 and held.portfolio_id = p.id)
order by a.origin, a.level desc

-- name: portfolios_below
-- $1 portfolio ids, $2 user id, $3 how many of each
select parents.id as parent, p.*
from unnest($1::bigint[]) as parents (id) cross join lateral (
    with recursive below (id) as (
        select c.id from portfolios c where c.parent_id = parents.id
        union all
        select c.id from below join portfolios c on c.parent_id = below.id
    )
    select p.id, p.number, p.brand, p.name, (count(*) over ())::int as total
    from below join portfolios p on p.id = below.id
    where exists (select 1 from portfolio_user_roles r where r.user_id = $2 and r.portfolio_id = p.id)
        or exists (select 1 from account_user_roles r join accounts held on held.id = r.account_id
                   where r.user_id = $2 and held.portfolio_id = p.id)
    order by p.id limit $3) p

-- name: portfolio_accounts
-- $1 portfolio ids, $2 how many of each
select parents.id as parent, a.* from unnest($1::bigint[]) as parents (id) cross join lateral (
    select a.id, a.number, a.status, a.brand, a.billing_name, a.billing_postcode
    from accounts a where a.portfolio_id = parents.id order by a.id limit $2) a

-- name: portfolio_account_totals
-- $1 portfolio ids
select portfolio_id, count(*)::int as total from accounts where portfolio_id = any($1::bigint[]) group by portfolio_id

-- name: charge_target
-- $1 account number, $2 reason; a stripe of the books that other connections seldom use at the same time
select l.id as ledger_id, a.account_type, r.display, r.is_tax_exempt, k.currency,
    (select array_agg(h.id order by h.book = 'tax') from ledger_accounts h
     where h.market = a.market and h.stripe = pg_backend_pid() % 16 and h.book in ('income', 'tax')) as books
from accounts a join ledgers l on l.account_id = a.id and l.is_main
    join ledger_accounts k on k.id = l.id
    join charge_reasons r on r.market = a.market and r.code = $2 and not r.is_deprecated
where a.number = $1 and a.market = 'gb'

-- name: lock_balances
-- $1 ledger account ids
select ledger_account_id, balance, last_sequence from ledger_balances
where ledger_account_id = any($1::bigint[]) order by ledger_account_id for update

-- name: post_entry
-- $1 currency, $2 ledger accounts, $3 sequences, $4 amounts, $5 balances, $6 customer's ledger, $7 its sequence, $8 gross,
-- $9 net, $10 tax, $11 title, $12 note, $13 reason
with moment as (
    select now() at time zone 'Europe/London' as here
), entry as (
    insert into journal_entries (kind, currency, posted_date, created_at)
    select 'charge', $1, here::date, now() from moment returning id, currency, posted_date, created_at
), moved as (
    insert into postings (ledger_account_id, sequence, journal_entry_id, currency, amount, balance_after)
    select leg.ledger, leg.sequence, entry.id, entry.currency, leg.amount, leg.balance
    from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) as leg (ledger, sequence, amount, balance), entry
    returning ledger_account_id
), kept as (
    update ledger_balances b set balance = leg.balance, last_sequence = leg.sequence
    from unnest($2::bigint[], $3::bigint[], $5::bigint[]) as leg (ledger, sequence, balance)
    where b.ledger_account_id = leg.ledger
)
insert into transactions (ledger_id, sequence, journal_entry_id, kind, posted_date, created_at, amount, net_amount,
    tax_amount, balance_after, title, note, reason_code)
select $6::bigint, $7::bigint, entry.id, 'charge', entry.posted_date, entry.created_at, $8::bigint, $9::bigint, $10::bigint,
    ($5::bigint[])[array_position($2::bigint[], $6::bigint)], $11, $12, $13
from entry
returning id, journal_entry_id, posted_date::text

-- name: tell
-- $1 ledger id, $2 facts
insert into outbox (name, account_id, data, occurred_at, recorded_at)
select 'ledgers.transaction.posted-v1', l.account_id,
    $2::jsonb || jsonb_build_object('ledgerId', l.id::text, 'ledgerNumber', l.number), now(), clock_timestamp()
from ledgers l where l.id = $1

-- name: audit
-- $1 staff, $2 account number
insert into support_audit (support_user_id, operation, subject, at)
values ($1, 'Mutation.createAccountCharge', $2, clock_timestamp())

-- name: key_owner
-- $1 SHA-256 of the key
select u.id, u.email, u.tokens_valid_from::int as valid_from
from api_keys k join account_users u on u.id = k.account_user_id and u.is_active
where k.key_hash = $1 and k.revoked_at is null

-- name: keep_refresh_token
-- $1 SHA-256 of the token, $2 its beginning, $3 user
insert into refresh_tokens (token_hash, hint, account_user_id, created_at, expires_at)
values ($1, $2, $3, now(), now() + interval '7 days')

-- name: properties
-- $1 account ids
select o.account_id, pr.id, concat_ws(', ', nullif(pr.address_line1, ''), nullif(pr.address_line2, ''),
    nullif(pr.address_line3, ''), nullif(pr.address_line4, ''), nullif(pr.address_line5, ''), nullif(pr.postcode, '')) as address
from occupancies o join properties pr on pr.id = o.property_id
where o.account_id = any($1::bigint[]) order by pr.id

-- name: points
-- $1 property ids, $2 markets
select sp.property_id, sp.id, sp.identifier from supply_points sp
where sp.property_id = any($1::bigint[]) and sp.market = any($2::text[]) and sp.commodity = 'electricity' order by sp.id

-- name: agreements
-- $1 supply point ids
select g.supply_point_id, g.id, lower(g.during) as valid_from, upper(g.during) as valid_to from agreements g
where g.supply_point_id = any($1::bigint[]) and g.revoked_at is null
    and (upper(g.during) is null or upper(g.during) > now()) order by lower(g.during), g.id

-- name: half_hours
-- $1 supply point ids, $2 from, $3 to
select newest.supply_point_id, newest.start_of + (place - 1) * interval '30 minutes' as start_at, energy as wh
from (
    select distinct on (i.supply_point_id, i.day) i.supply_point_id, i.day::timestamp at time zone 'Asia/Tokyo' as start_of, i.wh
    from interval_days i
    where i.supply_point_id = any($1::bigint[]) and i.day >= ($2::timestamptz at time zone 'Asia/Tokyo')::date
        and i.day <= ($3::timestamptz at time zone 'Asia/Tokyo')::date
    order by i.supply_point_id, i.day, i.version desc
) newest cross join lateral unnest(newest.wh) with ordinality as each (energy, place)
where newest.start_of + (place - 1) * interval '30 minutes' >= $2
    and newest.start_of + (place - 1) * interval '30 minutes' < $3 and energy is not null
order by newest.supply_point_id, start_at

-- name: point
-- $1 user id, $2 market name, $3 identifier
select sp.id from supply_points sp
where sp.market_name = $2 and sp.identifier = $3 and exists (
    select 1 from supply_periods s join accounts a on a.id = s.account_id
    where s.supply_point_id = sp.id and (
        exists (select 1 from account_user_roles r where r.user_id = $1 and r.account_id = a.id)
        or exists (select 1 from portfolio_user_roles r where r.user_id = $1 and r.portfolio_id = a.portfolio_id)))

-- name: days
-- $1 supply point id, $2 from, $3 to, $4 how many
select day::text, (day + 1)::text as next, extract(hour from day::timestamp - (day::timestamp at time zone 'Europe/London')
    at time zone 'UTC')::int as starts, extract(hour from (day + 1)::timestamp - ((day + 1)::timestamp at time zone
    'Europe/London') at time zone 'UTC')::int as ends, sum(energy)::int as wh
from (
    select distinct on (i.day) i.day, i.wh from interval_days i
    where i.supply_point_id = $1 and i.day >= ($2::timestamptz at time zone 'Europe/London')::date
        and i.day < ($3::timestamptz at time zone 'Europe/London')::date
    order by i.day, i.version desc
) newest cross join lateral unnest(newest.wh) as energy
group by day order by day limit $4
