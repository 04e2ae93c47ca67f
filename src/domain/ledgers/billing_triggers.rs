//! When and how often customers are billed: the rhythm of a brand, a portfolio, an account or a ledger.
//!
//! A rhythm holds from one moment until another. What has none of its own goes by the nearest above it: a ledger by
//! its account's, an account by its portfolio's and that of the portfolios around it, and in the end by its brand's,
//! which comes from the market data files.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use crate::platform::db::{Tx, row, statement};
use crate::platform::market::{self, BillingOperation, BillingTarget, Market};

/// A ledger, an account or a portfolio, by row id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// What it is.
    pub kind: BillingTarget,
    /// Its row id.
    pub id: i64,
}

/// A rhythm, as it holds for a target in the half-open period from `from` until `to`.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Row id.
    pub id: i64,
    /// What it was set for; a brand's is for its accounts.
    pub set_for: BillingTarget,
    /// When it began to hold.
    pub from: DateTime<Utc>,
    /// When it ceased, or ceases, to hold.
    pub to: Option<DateTime<Utc>>,
    /// The market that says which day it is.
    pub market: &'static Market,
    /// What is done.
    pub operations: Vec<BillingOperation>,
    /// When the whole rhythm was set; runs are counted from here, also where another one came between.
    since: DateTime<Utc>,
}

impl Configuration {
    /// Whether it holds at a moment.
    pub fn holds_at(&self, moment: DateTime<Utc>) -> bool {
        self.from <= moment && self.to.is_none_or(|to| moment < to)
    }

    /// Whether it holds at any moment of a period, which is open where it names no moment.
    pub fn holds_within(&self, from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>) -> bool {
        to.is_none_or(|to| self.from < to) && from.is_none_or(|from| self.to.is_none_or(|end| from < end))
    }

    /// The first day on or after `day` on which an operation runs by this rhythm. A day belongs to the rhythm that
    /// begins on it.
    pub fn next_run(&self, operation: &BillingOperation, day: NaiveDate) -> Option<NaiveDate> {
        let first = day.max(self.market.day(self.from));
        let run = operation.next(self.market.day(self.since), first)?;
        self.to.is_none_or(|to| run < self.market.day(to)).then_some(run)
    }

    /// The operations that run on a day.
    pub fn due_on(&self, day: NaiveDate) -> impl Iterator<Item = &BillingOperation> {
        self.operations.iter().filter(move |operation| self.next_run(operation, day) == Some(day))
    }

    /// The operations that issue documents.
    pub fn issuing(&self) -> impl Iterator<Item = &BillingOperation> {
        self.operations.iter().filter(|operation| operation.operation.issues())
    }

    /// The first day after `day` on which a document is issued, and by which operation: of several on that day, the
    /// first.
    pub fn next_issue(&self, day: NaiveDate) -> Option<(NaiveDate, &BillingOperation)> {
        let next = day.succ_opt()?;
        let runs = self.issuing().filter_map(|operation| Some((self.next_run(operation, next)?, operation)));
        runs.min_by_key(|(run, _)| *run)
    }
}

row! {
    /// A rhythm that was set for a target or for something above it.
    struct Level {
        kind: String,
        target: i64,
        /// How far above the target; the nearest counts.
        depth: i32,
        id: i64,
        set_for: String,
        market: String,
        from_at: DateTime<Utc>,
        to_at: Option<DateTime<Utc>>,
        operations: Value,
    }
}

statement!(static LEVELS: Level = "
    with recursive placed as (
        select w.kind, w.id as target, l.id as ledger_id, a.id as account_id,
            coalesce(a.portfolio_id, p.id) as portfolio_id, coalesce(a.brand, p.brand) as brand,
            coalesce(a.created_at, p.created_at) as opened_at
        from (select distinct * from unnest($1::text[], $2::bigint[]) as t (kind, id)) w
            left join ledgers l on w.kind = 'CHARGING_LEDGER' and l.id = w.id
            left join accounts a on a.id = case w.kind when 'ACCOUNT' then w.id else l.account_id end
            left join portfolios p on w.kind = 'PORTFOLIO' and p.id = w.id
    ), around as (
        select kind, target, portfolio_id, 2 as depth from placed
        union all
        select around.kind, around.target, p.parent_id, around.depth + 1
        from around join portfolios p on p.id = around.portfolio_id
        where p.parent_id is not null and around.depth < 50
    ), above as (
        select p.kind, p.target, 0 as depth, 'CHARGING_LEDGER' as set_for, t.id
            from placed p join billing_targets t on t.ledger_id = p.ledger_id
        union all select p.kind, p.target, 1, 'ACCOUNT', t.id
            from placed p join billing_targets t on t.account_id = p.account_id
        union all select p.kind, p.target, p.depth, 'PORTFOLIO', t.id
            from around p join billing_targets t on t.portfolio_id = p.portfolio_id
        union all select p.kind, p.target, 100, 'ACCOUNT', t.id
            from placed p join billing_targets t on t.brand = p.brand
    )
    select above.kind, above.target, above.depth, c.id, above.set_for, b.market, lower(c.during) as from_at,
        upper(c.during) as to_at, done.operations
    from above join billing_configurations c on c.target_id = above.id
        join placed on placed.kind = above.kind and placed.target = above.target
        join brands b on b.code = placed.brand join billing_defaults f on f.brand = placed.brand
        cross join lateral (select placed.opened_at at time zone f.time_zone as at) opened
        cross join lateral (
            select coalesce(json_agg(json_build_object(
                'operation', o.operation, 'target', o.target, 'frequency', o.frequency, 'multiplier', o.multiplier,
                'start', json_build_object('day', coalesce(o.start_day, extract(day from opened.at)),
                    'month', coalesce(o.start_month, extract(month from opened.at))), 'days', o.days
            ) order by o.position), '[]') as operations
            from billing_operations o where o.configuration_id = c.id
        ) done");

/// The rhythms of each of these targets over time, the first one first: at each moment the nearest. The caller has
/// seen to it that the targets may be seen. One statement.
pub async fn of_targets(tx: &mut Tx, targets: &[Target]) -> Result<Vec<Vec<Configuration>>, sqlx::Error> {
    let kinds: Vec<&str> = targets.iter().map(|target| target.kind.code()).collect();
    let ids: Vec<i64> = targets.iter().map(|target| target.id).collect();
    let mut levels: HashMap<(String, i64), Vec<(i32, Configuration)>> = HashMap::new();
    for level in LEVELS.query().bind(&kinds).bind(&ids).fetch_all(&mut *tx).await? {
        let key = (level.kind.clone(), level.target);
        levels.entry(key).or_default().push((level.depth, set(level)?));
    }
    let lines: HashMap<_, _> = levels.iter().map(|(key, levels)| (key, nearest(levels))).collect();
    let of = |target: &Target| lines.get(&(target.kind.code().to_owned(), target.id)).cloned();
    Ok(targets.iter().map(|target| of(target).unwrap_or_default()).collect())
}

/// The rhythm that an account is billed by at a moment.
pub async fn effective(
    tx: &mut Tx,
    account: i64,
    at: DateTime<Utc>,
) -> Result<Option<Configuration>, sqlx::Error> {
    let target = Target { kind: BillingTarget::Account, id: account };
    let all = of_targets(tx, &[target]).await?;
    Ok(all.into_iter().flatten().find(|configuration| configuration.holds_at(at)))
}

fn set(level: Level) -> Result<Configuration, sqlx::Error> {
    let decoded = |error: serde_json::Error| sqlx::Error::Decode(error.into());
    Ok(Configuration {
        id: level.id,
        set_for: serde_json::from_value(Value::from(level.set_for)).map_err(decoded)?,
        from: level.from_at,
        to: level.to_at,
        market: market::by_code(&level.market).ok_or(sqlx::Error::RowNotFound)?,
        operations: serde_json::from_value(level.operations).map_err(decoded)?,
        since: level.from_at,
    })
}

/// Cuts time where any rhythm begins or ends, and takes the nearest of each piece.
fn nearest(levels: &[(i32, Configuration)]) -> Vec<Configuration> {
    let mut cuts: Vec<DateTime<Utc>> = levels.iter().map(|(_, set)| set.from).collect();
    cuts.extend(levels.iter().filter_map(|(_, set)| set.to));
    cuts.sort();
    cuts.dedup();
    let mut line: Vec<Configuration> = Vec::new();
    for (place, from) in cuts.iter().enumerate() {
        let to = cuts.get(place + 1).copied();
        let holding = levels.iter().filter(|(_, set)| set.holds_at(*from));
        let Some((_, found)) = holding.min_by_key(|(depth, _)| *depth) else { continue };
        match line.last_mut() {
            Some(last) if last.id == found.id && last.to == Some(*from) => last.to = to,
            _ => line.push(Configuration { from: *from, to, ..found.clone() }),
        }
    }
    line
}

/// Whose rhythm is set.
#[derive(Clone, Copy, Debug)]
pub enum Setting<'a> {
    /// A brand, by its code.
    Brand(&'a str),
    /// A ledger, an account or a portfolio.
    Of(Target),
}

impl Setting<'_> {
    /// A brand, or the row id of a portfolio, an account or a ledger.
    pub(in crate::domain) fn keys(&self) -> (Option<&str>, Option<i64>, Option<i64>, Option<i64>) {
        let (brand, of) = match self {
            Self::Brand(code) => (Some(*code), None),
            Self::Of(target) => (None, Some(target)),
        };
        let id = |kind| of.filter(|target| target.kind == kind).map(|target| target.id);
        let (portfolio, account) = (id(BillingTarget::Portfolio), id(BillingTarget::Account));
        (brand, portfolio, account, id(BillingTarget::ChargingLedger))
    }
}

statement!(static KNOW: () = "
    insert into billing_targets (brand, portfolio_id, account_id, ledger_id) values ($1, $2, $3, $4)
    on conflict do nothing");
statement!(static HOLD: (i64,) = "
    select id from billing_targets
    where brand = $1 or portfolio_id = $2 or account_id = $3 or ledger_id = $4 for no key update");
statement!(static DROP: () = "
    delete from billing_configurations where target_id = $1 and lower(during) >= $2");
statement!(static CUT: () = "
    update billing_configurations set during = tstzrange(lower(during), $2::timestamptz)
    where target_id = $1 and during @> $2::timestamptz");
statement!(static BEGIN: (i64,) = "
    insert into billing_configurations (target_id, during, created_at) values ($1, tstzrange($2, null), $3) returning id");
statement!(static DO: () = "
    insert into billing_operations
        (configuration_id, position, operation, target, frequency, multiplier, start_day, start_month, days)
    select $1, o.position, o.what ->> 'operation', o.what ->> 'target', o.what ->> 'frequency',
        (o.what ->> 'multiplier')::integer, (o.what -> 'start' ->> 'day')::smallint,
        (o.what -> 'start' ->> 'month')::smallint, o.what -> 'days'
    from json_array_elements($2::json) with ordinality as o (what, position)");
statement!(static IS_SET: (bool,) = "
    select exists (select 1 from billing_configurations c join billing_targets t on t.id = c.target_id
        where t.brand = $1)");

/// Has a rhythm hold from a moment on, in place of whatever was to hold then. What held before that moment stays.
/// Whoever sets one for the same target meanwhile waits. Answers its row id. Bills whose period runs are none of its
/// business: see [`crate::domain::billing::rhythms::set`].
pub(in crate::domain) async fn set_from(
    tx: &mut Tx,
    whose: Setting<'_>,
    from: DateTime<Utc>,
    operations: &[BillingOperation],
) -> Result<i64, sqlx::Error> {
    let (brand, portfolio, account, ledger) = whose.keys();
    let know = KNOW.command().bind(brand).bind(portfolio).bind(account).bind(ledger);
    know.execute(&mut *tx).await?;
    let hold = HOLD.query().bind(brand).bind(portfolio).bind(account).bind(ledger);
    let (target,) = hold.fetch_one(&mut *tx).await?;
    DROP.command().bind(target).bind(from).execute(&mut *tx).await?;
    CUT.command().bind(target).bind(from).execute(&mut *tx).await?;
    let now = tx.business_now().await?;
    let (id,) = BEGIN.query().bind(target).bind(from).bind(now).fetch_one(&mut *tx).await?;
    let all = serde_json::to_value(operations).map_err(|error| sqlx::Error::Encode(error.into()))?;
    DO.command().bind(id).bind(all).execute(&mut *tx).await?;
    Ok(id)
}

statement!(static MARK: () = "update billing_configurations set follows_payment = true where id = $1");
statement!(static END: () = "
    update billing_configurations c set during = tstzrange(lower(c.during), $2::timestamptz)
    from billing_targets t
    where t.id = c.target_id and t.account_id = $1 and c.follows_payment and c.during @> $2::timestamptz
        and lower(c.during) < $2::timestamptz");
statement!(static DROP_FOLLOWING: () = "
    delete from billing_configurations c using billing_targets t
    where t.id = c.target_id and t.account_id = $1 and c.follows_payment and lower(c.during) >= $2");

/// As [`set_from`], for a rhythm that an account has because of how it pays; none ends the one that it had for that.
pub(in crate::domain) async fn follow_from(
    tx: &mut Tx,
    account: i64,
    from: DateTime<Utc>,
    operations: Option<&[BillingOperation]>,
) -> Result<(), sqlx::Error> {
    if let Some(operations) = operations {
        let whose = Setting::Of(Target { kind: BillingTarget::Account, id: account });
        let id = set_from(tx, whose, from, operations).await?;
        MARK.command().bind(id).execute(&mut *tx).await?;
    } else {
        DROP_FOLLOWING.command().bind(account).bind(from).execute(&mut *tx).await?;
        END.command().bind(account).bind(from).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Gives the brands of the market data files that have no rhythm yet the one of their market, from before anything
/// was billed.
pub async fn sync(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let beginning = DateTime::UNIX_EPOCH;
    for market in market::all() {
        for brand in &market.brands {
            let (is_set,) = IS_SET.query().bind(&brand.code).fetch_one(&mut *tx).await?;
            if !is_set {
                set_from(tx, Setting::Brand(&brand.code), beginning, &market.billing).await?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::recurrence::YearDay;

    fn set_between(id: i64, from: i64, to: Option<i64>) -> Configuration {
        let on_the_fifth = |mut operation: BillingOperation| {
            operation.start = Some(YearDay { day: 5, month: 1 });
            operation
        };
        let at = |day: i64| DateTime::UNIX_EPOCH + chrono::TimeDelta::days(day);
        let market = market::by_code("gb").expect("a market");
        Configuration {
            id,
            set_for: BillingTarget::Account,
            from: at(from),
            to: to.map(at),
            market,
            operations: market.billing.iter().cloned().map(on_the_fifth).collect(),
            since: at(from),
        }
    }

    #[test]
    fn the_nearest_rhythm_hides_those_above_it_while_it_holds() {
        let levels = [
            (100, set_between(1, 0, None)),
            (2, set_between(2, 10, Some(30))),
            (1, set_between(3, 20, Some(25))),
        ];
        let days = |at: DateTime<Utc>| (at - DateTime::UNIX_EPOCH).num_days();
        let told = |levels: &[(i32, Configuration)]| -> Vec<_> {
            nearest(levels).iter().map(|c| (c.id, days(c.from), c.to.map(days))).collect()
        };
        assert_eq!(
            told(&levels),
            [(1, 0, Some(10)), (2, 10, Some(20)), (3, 20, Some(25)), (2, 25, Some(30)), (1, 30, None)]
        );
        assert_eq!(told(&[]), []);
        assert_eq!(told(&[(1, set_between(1, 5, None))]), [(1, 5, None)]);
    }

    #[test]
    fn a_run_belongs_to_the_rhythm_of_its_day() {
        let month = set_between(1, 100, Some(151));
        // 1970-06-01 is the last day but one; the fifth is the day of the month.
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let issued = |from: &str| month.next_issue(day(from)).map(|(run, _)| run);
        assert_eq!(issued("1970-01-01"), Some(day("1970-05-05")));
        assert_eq!(issued("1970-05-05"), None, "the next would be after its end");
        assert_eq!(month.due_on(day("1970-05-05")).count(), 1);
        assert_eq!(month.due_on(day("1970-05-04")).count(), 0);
    }
}
