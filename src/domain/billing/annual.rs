//! What an account used in a year and what it cost, told once a year.
//!
//! Years are counted from the day on which the account was first supplied, or was supplied again after a time without. An
//! upkeep finds, by business time, the accounts of which a year is over and whose measurements have had time to come in, and
//! leaves a job for each. What was told is kept as it was, and so is its file.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::annual_paper::{self, Letter};
use super::files::hex;
use crate::domain::accounts::{accounts, grouped};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::supply::agreed::{self, Agreement};
use crate::domain::supply::costs::{self, Ask, Cost};
use crate::domain::supply::grouping::Grouping;
use crate::domain::supply::products;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market::{self, Market};
use crate::platform::storage::Storage;

/// The job that tells one account of a year.
const TELL: &str = "annual-statement";
/// The job that renders what was told.
const RENDER: &str = "render-annual-statement";
/// How many days measurements are given to come in.
const WAIT_DAYS: i32 = 14;
/// How many accounts are found in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 10_000;

/// What is told of a year. Amounts are minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// What was supplied, agreement by agreement.
    pub supplies: Vec<Supply>,
    /// Payments received, less what was paid back.
    pub paid: i64,
}

/// What was supplied under one agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supply {
    /// Number of the supply point.
    pub identifier: String,
    /// `electricity` or `gas`.
    pub commodity: String,
    /// Whether energy ran out of the property, and was paid for.
    pub is_export: bool,
    /// What the product is called.
    pub product: String,
    /// The first local day.
    pub first: NaiveDate,
    /// The local day after the last one.
    pub end: NaiveDate,
    /// Energy, in Wh.
    pub wh: i64,
    /// Cost without tax; less than zero for what was paid for.
    pub net: i64,
    /// Cost with tax.
    pub gross: i64,
    /// The same month by month.
    pub months: Vec<Month>,
}

/// A month of a supply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Month {
    /// Its first local day, or the first of the supply.
    pub first: NaiveDate,
    /// Energy, in Wh.
    pub wh: i64,
    /// Cost with tax, in minor units.
    pub gross: i64,
}

row! {
    /// What an account was told of a year.
    pub struct Statement {
        /// Row id.
        pub id: i64,
        /// The account.
        pub account_id: i64,
        /// Its market.
        pub market: String,
        /// The first local day of the year.
        pub first: Option<NaiveDate>,
        /// The local day after the last one.
        pub end: Option<NaiveDate>,
        /// See [`Contents`].
        pub contents: Value,
        /// When it was made.
        pub made_at: DateTime<Utc>,
    }
}

impl Statement {
    /// When the year began and when it ended.
    pub fn period(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let market = market::by_code(&self.market)?;
        Some((market.start_of(self.first?), market.start_of(self.end?)))
    }

    /// Where its file is kept.
    pub fn key(&self) -> String {
        format!("{FOLDER}{}/1.pdf", self.id)
    }
}

const FOLDER: &str = "annual-statements/";

/// The statement whose file is kept under a key, if one could be.
pub(super) fn id_of(key: &str) -> Option<i64> {
    key.strip_prefix(FOLDER)?.strip_suffix("/1.pdf")?.parse().ok()
}

/// Has accounts told of their years by this runner, and what they are told kept in `storage`.
pub fn register(runner: &mut Runner, storage: Arc<dyn Storage>) {
    runner.every(TimeDelta::days(1), "upkeep-annual-statements", |tx, _| {
        Box::pin(async move { Ok(turn(tx).await?) })
    });
    runner.on(TELL, |tx, payload| {
        Box::pin(async move {
            let account = payload.get("account").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            tell(tx, account).await.map(drop)
        })
    });
    runner.on(RENDER, move |tx, payload| {
        let storage = Arc::clone(&storage);
        Box::pin(async move {
            let id = payload.get("statement").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            render(tx, &*storage, id).await
        })
    });
}

row! {
    struct Due {
        account_id: i64,
        market: String,
        first: Option<NaiveDate>,
        end: Option<NaiveDate>,
    }
}

// Argument 4 names one account.
statement!(static DUE: Due = "
    select a.id as account_id, a.market, next.first, (next.first + interval '1 year')::date as end
    from unnest($1::text[], $2::date[], $3::text[]) as today (market, day, zone)
        join accounts a on a.market = today.market
        cross join lateral (select max(upper(s.period)) as until from annual_statements s where s.account_id = a.id) told
        cross join lateral (
            select min(greatest((lower(g.during) at time zone today.zone)::date, told.until)) as first
            from agreements g
            where g.account_id = a.id and g.revoked_at is null
                and (upper(g.during) is null or told.until is null
                    or (upper(g.during) at time zone today.zone)::date > told.until)
                and not exists (select from supply_periods s where s.supply_point_id = g.supply_point_id
                    and not s.is_billable and s.during @> lower(g.during))
        ) next
    where (next.first + interval '1 year')::date + $5::integer <= today.day and ($4::bigint is null or a.id = $4)
    order by a.id limit $6");

async fn due(tx: &mut Tx, account: Option<i64>) -> Result<Vec<Due>, sqlx::Error> {
    let now = tx.business_now().await?;
    let all = market::all().iter();
    let today = all.map(|market| (market.code.clone(), (market.day(now), market.time_zone().name())));
    let (codes, rest): (Vec<String>, Vec<(NaiveDate, &str)>) = today.unzip();
    let (days, zones): (Vec<NaiveDate>, Vec<&str>) = rest.into_iter().unzip();
    let due = DUE.query().bind(codes).bind(days).bind(zones).bind(account).bind(WAIT_DAYS);
    due.bind(IN_ONE_TURN).fetch_all(&mut *tx).await
}

/// One turn of the upkeep: leaves a job for each account of which a year is over.
pub async fn turn(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let due = due(tx, None).await?;
    let job = |due: &Due| {
        let first = due.first.map(|first| first.to_string()).unwrap_or_default();
        (format!("{}:{first}", due.account_id), json!({ "account": due.account_id }))
    };
    let due: Vec<(String, Value)> = due.iter().map(job).collect();
    let at_once = tx.wall_now();
    jobs::enqueue_once(tx, TELL, &due, at_once).await
}

statement!(static HOLD: (i64,) = "select id from accounts where id = $1 for no key update");
statement!(static PAID: (i64,) = "
    select coalesce(sum(case t.kind when 'payment' then t.amount else -t.amount end), 0)::bigint
    from ledgers l join transactions t on t.ledger_id = l.id
    where l.account_id = $1 and t.kind in ('payment', 'refund') and t.posted_date >= $2 and t.posted_date < $3");
statement!(static KEEP: (i64,) = "
    insert into annual_statements (account_id, period, contents, made_at) values ($1, daterange($2, $3), $4, $5)
    returning id");

/// Tells an account of each year that is over and that it was not told of, and answers the ids of what it was told.
async fn tell(tx: &mut Tx, account: i64) -> Result<Vec<i64>, JobError> {
    HOLD.query().bind(account).fetch_optional(&mut *tx).await?;
    let mut told = Vec::new();
    while let Some(due) = due(tx, Some(account)).await?.pop() {
        let (Some(first), Some(end), Some(market)) = (due.first, due.end, market::by_code(&due.market))
        else {
            break;
        };
        let supplies = supplies(tx, market, account, (first, end)).await?;
        let (paid,) = PAID.query().bind(account).bind(first).bind(end).fetch_one(&mut *tx).await?;
        let contents = serde_json::to_value(Contents { supplies, paid });
        let contents = contents.map_err(|error| JobError::Other(error.to_string()))?;
        let now = tx.business_now().await?;
        let keep = KEEP.query().bind(account).bind(first).bind(end).bind(contents).bind(now);
        let (id,) = keep.fetch_one(&mut *tx).await?;
        let at_once = tx.wall_now();
        jobs::enqueue(tx, RENDER, &json!({ "statement": id }), at_once).await?;
        told.push(id);
    }
    Ok(told)
}

/// What was supplied on an account between two local days, in the order in which it was agreed.
async fn supplies(
    tx: &mut Tx,
    market: &Market,
    account: i64,
    (first, end): (NaiveDate, NaiveDate),
) -> Result<Vec<Supply>, sqlx::Error> {
    let (from, to) = (market.start_of(first), market.start_of(end));
    let all = agreed::of_accounts(tx, &Viewer::server(), &[account], agreed::Which::default()).await?;
    let overlaps = |each: &Agreement| each.valid_from < to && each.valid_to.is_none_or(|end| end > from);
    let held: Vec<Agreement> = all.into_iter().flatten().filter(overlaps).collect();
    let held: Vec<&Agreement> = held.iter().collect();
    let zone = market.time_zone();
    let ask = Ask { from, to, grouping: Some(Grouping::MONTH), zone, of_days: false };
    let energy = costs::of_agreements(tx, &held, &ask).await?;
    let days = costs::of_agreements(tx, &held, &Ask { of_days: true, ..ask }).await?;
    let ids: Vec<i64> = held.iter().map(|each| each.product_id).collect();
    let products = products::by_ids(tx, &ids).await?;
    let supplies = held.iter().zip(products).zip(energy.into_iter().zip(days));
    let supply = |((agreement, product), (energy, days)): ((&&Agreement, Option<products::Product>), _)| {
        let name =
            product.map(|product| product.display_name).unwrap_or_else(|| agreement.product_code.clone());
        supply(market, agreement, name, (first, end), (energy, days))
    };
    Ok(supplies.map(supply).collect())
}

fn supply(
    market: &Market,
    agreement: &Agreement,
    product: String,
    (first, end): (NaiveDate, NaiveDate),
    (energy, days): (Vec<Cost>, Vec<Cost>),
) -> Supply {
    let whole = |amount: Decimal| {
        amount.round_dp_with_strategy(0, market.tax.rounding.into()).to_i64().unwrap_or_default()
    };
    let all = || energy.iter().chain(&days);
    let mut begins: Vec<DateTime<Utc>> = all().map(|cost| cost.group_start).collect();
    begins.sort_unstable();
    begins.dedup();
    let month = |begin: &DateTime<Utc>| {
        let of = || all().filter(|cost| cost.group_start == *begin);
        let gross = whole(of().map(|cost| cost.gross).sum());
        Month { first: market.day(*begin), wh: of().map(|cost| cost.wh).sum(), gross }
    };
    let until =
        agreement.valid_to.map_or(end, |to| market.day(to - TimeDelta::seconds(1)) + TimeDelta::days(1));
    Supply {
        identifier: agreement.identifier.clone(),
        commodity: agreement.commodity.clone(),
        is_export: agreement.is_export,
        product,
        first: market.day(agreement.valid_from).max(first),
        end: until.min(end),
        wh: all().map(|cost| cost.wh).sum(),
        net: whole(all().map(|cost| cost.net).sum()),
        gross: whole(all().map(|cost| cost.gross).sum()),
        months: begins.iter().map(month).collect(),
    }
}

statement!(static OF_ACCOUNTS: Statement = concat!("
    select s.id, s.account_id, a.market, lower(s.period) as first, upper(s.period) as end, s.contents, s.made_at
    from annual_statements s join accounts a on a.id = s.account_id
    where s.account_id = any($3::bigint[]) and ", account_is_visible!(), " order by s.account_id, lower(s.period) desc"));
statement!(static BY_ID: Statement = "
    select s.id, s.account_id, a.market, lower(s.period) as first, upper(s.period) as end, s.contents, s.made_at
    from annual_statements s join accounts a on a.id = s.account_id where s.id = $1");
statement!(static BRAND: (String,) = "
    select b.name from accounts a join brands b on b.code = a.brand where a.id = $1");
statement!(static KEEP_FILE: () = "
    insert into annual_statement_files (statement_id, key, filename, media_type, bytes, sha256, created_at)
    values ($1, $2, $3, 'application/pdf', $4, $5, $6) on conflict do nothing");

/// What each of these accounts that the viewer may see was told, the latest year first.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Vec<Statement>>, sqlx::Error> {
    let query = OF_ACCOUNTS.seen_by(viewer).bind(accounts);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(accounts, rows.into_iter().map(|row| (row.account_id, row)).collect()))
}

/// Renders what was told, and keeps the file.
pub(super) async fn render(tx: &mut Tx, storage: &dyn Storage, id: i64) -> Result<(), JobError> {
    let told = BY_ID.query().bind(id).fetch_optional(&mut *tx).await?.ok_or(JobError::Payload)?;
    let account = accounts::by_ids(tx, &Viewer::server(), &[told.account_id]).await?.pop().flatten();
    let (Some(account), Some(market)) = (account, market::by_code(&told.market)) else {
        return Err(JobError::Payload);
    };
    let (brand,) = BRAND.query().bind(account.id).fetch_one(&mut *tx).await?;
    let contents: Contents = serde_json::from_value(told.contents.clone()).map_err(|_| JobError::Payload)?;
    let (Some(first), Some(end)) = (told.first, told.end) else { return Err(JobError::Payload) };
    let key = told.key();
    let filename = format!("{}-{first}.pdf", account.number);
    let written = tokio::task::spawn_blocking(move || {
        let period = (first, end);
        let letter = Letter {
            market,
            brand: &brand,
            account: &account,
            period,
            contents: &contents,
            made_at: told.made_at,
        };
        annual_paper::write(&letter).map_err(|error| JobError::Other(error.to_string()))
    });
    let pdf = written.await.map_err(|error| JobError::Other(error.to_string()))??;
    let (length, digest) = (i64::try_from(pdf.len()).unwrap_or(i64::MAX), hex(&Sha256::digest(&pdf)));
    storage.put(&key, Bytes::from(pdf)).await?;
    let now = tx.business_now().await?;
    let keep = KEEP_FILE.command().bind(id).bind(key).bind(filename).bind(length).bind(digest);
    keep.bind(now).execute(&mut *tx).await?;
    Ok(())
}
