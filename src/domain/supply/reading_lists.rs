//! Readings as whoever was supplied sees them: those of the time for which they were, with the one that ended it.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::consumption::advanced;
use super::readings::Source;
use super::visible::zone_of_point;
use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;
use crate::platform::page::{self, Page, Window};

row! {
    /// A meter as it was read at a moment.
    pub struct Reading {
        /// Row id.
        pub id: i64,
        /// The meter.
        pub meter_id: i64,
        /// Market of its point.
        pub market: String,
        /// When it was read.
        pub read_at: DateTime<Utc>,
        /// How the reading came about: the code of a [`Source`].
        pub source: String,
        /// `ACTUAL`, `CUSTOMER`, `SMART`, `ESTIMATED` or `DEEMED`.
        pub reading_type: String,
        /// What its first register showed, in its own units.
        pub value: Option<Decimal>,
        /// What that register had shown before, while the same customer was supplied.
        pub before: Option<Decimal>,
        /// The digits of that register.
        pub digits: Option<i16>,
    }
}

impl Reading {
    /// How it came about, in words.
    pub fn label(&self) -> &'static str {
        Source::of(&self.source).map_or("Reading", Source::label)
    }

    /// The type of reading as a letter: actual, estimated, smart, customer's or deemed; U where none is known.
    pub fn letter(&self) -> &'static str {
        match self.reading_type.as_str() {
            "ACTUAL" => "A",
            "ESTIMATED" => "E",
            "SMART" => "S",
            "CUSTOMER" => "C",
            "DEEMED" => "D",
            _ => "U",
        }
    }

    /// The local day on which it was read.
    pub fn day(&self) -> NaiveDate {
        market::by_code(&self.market).map_or(self.read_at.date_naive(), |market| market.day(self.read_at))
    }

    /// What the first register had counted since the reading before, in its own units.
    pub fn consumed(&self) -> Option<Decimal> {
        Some(advanced(self.before?, self.value?, self.digits?))
    }
}

row! {
    /// What a register showed.
    pub struct Shown {
        /// The reading.
        pub reading_id: i64,
        /// What the market calls the register.
        pub identifier: String,
        /// What people call it.
        pub name: String,
        /// Its digits before the decimal point.
        pub digits: i16,
        /// What it showed, in its own units.
        pub value: Decimal,
        /// Whether the value has not passed the checks.
        pub is_quarantined: bool,
    }
}

/// Which readings are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Whether those that have not passed the checks are.
    pub with_quarantined: bool,
    /// From which moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before which moment.
    pub to: Option<DateTime<Utc>>,
    /// Those that came about so; all without any.
    pub sources: Vec<&'static str>,
    /// Those of the time for which the meter's point was supplied on the account with this number.
    pub account: Option<String>,
}

// Readings $3 and on are the filter's: quarantined, from, to, sources, account.
macro_rules! wanted {
    () => {
        concat!(
            "m.id = parents.id and r.withdrawn_at is null \
             and ($4::boolean or not exists (select 1 from register_readings q \
                where q.reading_id = r.id and q.is_quarantined)) \
             and ($5::timestamptz is null or r.read_at >= $5) and ($6::timestamptz is null or r.read_at < $6) \
             and (cardinality($7::text[]) = 0 or r.source = any($7)) \
             and exists (select 1 from supply_periods s join accounts a on a.id = s.account_id \
                where s.supply_point_id = m.supply_point_id and r.read_at >= lower(s.during) \
                    and (upper_inf(s.during) or r.read_at <= upper(s.during)) \
                    and ($8::text is null or a.number = $8) and ",
            account_is_visible!(),
            ")"
        )
    };
}

row! {
    struct Found {
        parent: i64,
        id: i64,
    }
}

statement!(static COUNT: (i64, i64) = concat!("
    select parents.id, count(*) from (select distinct id from unnest($3::bigint[]) as p (id)) parents
        join meters m on m.id = parents.id join meter_readings r on r.meter_id = m.id
    where ", wanted!(), " group by parents.id"));
statement!(static PAGE: Found = concat!("
    select parents.id as parent, found.id
    from (select distinct * from unnest($3::bigint[], $9::bigint[], $10::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select r.id, r.read_at from meters m join meter_readings r on r.meter_id = m.id
        where ", wanted!(), " order by r.read_at desc, r.id desc offset parents.skip limit parents.take) found
    order by parent, found.read_at desc, found.id desc"));
// The reading before counts as far as whoever may see this one was supplied then.
statement!(static BY_ID: Reading = concat!("
    select r.id, r.meter_id, sp.market, r.read_at, r.source, r.reading_type, x.value, g.digits,
        (select p.value from register_readings p where p.register_id = x.register_id and p.counts
            and p.read_at < r.read_at and p.read_at >= (
                select min(lower(s.during)) from supply_periods s join accounts a on a.id = s.account_id
                where s.supply_point_id = sp.id and r.read_at >= lower(s.during)
                    and (upper_inf(s.during) or r.read_at <= upper(s.during)) and ", account_is_visible!(), ")
            order by p.read_at desc limit 1) as before
    from meter_readings r join meters m on m.id = r.meter_id join supply_points sp on sp.id = m.supply_point_id
        left join lateral (select f.register_id, f.value from register_readings f where f.reading_id = r.id
            order by f.register_id limit 1) x on true
        left join meter_registers g on g.id = x.register_id
    where r.id = any($3::bigint[])"));
statement!(static VALUES: Shown = "
    select x.reading_id, g.identifier, g.name, g.digits, x.value, x.is_quarantined
    from register_readings x join meter_registers g on g.id = x.register_id
    where x.reading_id = any($1::bigint[]) order by x.reading_id, g.identifier");

/// One page of the readings of each of these meters that the viewer may see, newest first.
///
/// # Errors
/// Those of the database.
pub async fn of_meters(
    tx: &mut Tx,
    viewer: &Viewer,
    meters: &[i64],
    filter: &Filter,
    window: &Window,
) -> Result<Vec<Page<Reading>>, sqlx::Error> {
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        let count = COUNT.seen_by(viewer).bind(meters);
        let count = count.bind(filter.with_quarantined).bind(filter.from).bind(filter.to);
        let count = count.bind(&filter.sources).bind(&filter.account);
        Some(count.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, meters, totals.as_ref());
    let query = PAGE.seen_by(viewer).bind(meters);
    let query = query.bind(filter.with_quarantined).bind(filter.from).bind(filter.to);
    let query = query.bind(&filter.sources).bind(&filter.account);
    let found = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = found.iter().map(|found| found.id).collect();
    let rows = BY_ID.seen_by(viewer).bind(&ids).fetch_all(&mut *tx).await?;
    let rows: HashMap<i64, Reading> = rows.into_iter().map(|row| (row.id, row)).collect();
    let rows = found.into_iter().filter_map(|found| Some((found.parent, rows.get(&found.id)?.clone())));
    Ok(page::pages(window, meters, totals.as_ref(), rows))
}

// A reading of the moment with which the last charged day ended has been billed.
statement!(static UNBILLED: Found = concat!("
    select sp.id as parent, r.id
    from supply_points sp join meters m on m.supply_point_id = sp.id join meter_readings r on r.meter_id = m.id
    where sp.id = any($3::bigint[]) and r.withdrawn_at is null
        and exists (select 1 from supply_periods s join accounts a on a.id = s.account_id
            where s.supply_point_id = sp.id and r.read_at >= lower(s.during)
                and (upper_inf(s.during) or r.read_at <= upper(s.during)) and ", account_is_visible!(), ")
        and not exists (select 1 from supply_charges c join agreements g on g.id = c.agreement_id
            where g.supply_point_id = sp.id and upper(c.days) >= (r.read_at at time zone ", zone_of_point!(), ")::date)
    order by sp.id, r.read_at desc, r.id desc"));

/// The readings of each of these points that no charge has reached yet, newest first, as far as the viewer may see them.
///
/// # Errors
/// Those of the database.
pub async fn unbilled(
    tx: &mut Tx,
    viewer: &Viewer,
    points: &[i64],
) -> Result<Vec<Vec<Reading>>, sqlx::Error> {
    let found = UNBILLED.seen_by(viewer).bind(points);
    let found = found.fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = found.iter().map(|found| found.id).collect();
    let rows = BY_ID.seen_by(viewer).bind(&ids).fetch_all(&mut *tx).await?;
    let rows: HashMap<i64, Reading> = rows.into_iter().map(|row| (row.id, row)).collect();
    let rows = found.into_iter().filter_map(|found| Some((found.parent, rows.get(&found.id)?.clone())));
    Ok(grouped(points, rows.collect()))
}

/// What the registers showed at each of these readings, which the caller has been shown.
///
/// # Errors
/// Those of the database.
pub async fn values(tx: &mut Tx, readings: &[i64]) -> Result<Vec<Vec<Shown>>, sqlx::Error> {
    let rows = VALUES.query().bind(readings).fetch_all(&mut *tx).await?;
    Ok(grouped(readings, rows.into_iter().map(|row| (row.reading_id, row)).collect()))
}
