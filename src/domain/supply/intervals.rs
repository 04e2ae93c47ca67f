//! Energy by the half or quarter of an hour, a local day of a point a row, in versions of which the newest counts.

use std::collections::HashSet;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc};

use super::interval::Interval;
use crate::platform::db::{Rows, Tx, row, statement};
use crate::platform::market;

row! {
    /// What was measured at a point on a local day of its market.
    pub struct Day {
        /// The supply point.
        pub supply_point_id: i64,
        /// The market that says when a day begins.
        pub market: String,
        /// The local day.
        pub day: NaiveDate,
        /// Which version this is, from one.
        pub version: i32,
        /// The length of an entry.
        pub minutes: i16,
        /// Whether the market has settled these values.
        pub is_final: bool,
        /// Energy in Wh, entry by entry; null where it is not known.
        pub wh: Vec<Option<i32>>,
        /// When this version was received.
        pub received_at: DateTime<Utc>,
    }
}

/// One entry of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The first moment.
    pub start: DateTime<Utc>,
    /// The moment after the last one.
    pub end: DateTime<Utc>,
    /// Energy in Wh, where it is known.
    pub wh: Option<i32>,
}

impl Entry {
    /// The entry as an interval, where its energy is known.
    pub fn interval(&self) -> Option<Interval> {
        self.wh.map(|wh| Interval { start: self.start, end: self.end, wh: i64::from(wh) })
    }
}

impl Day {
    /// The entries in the order of time.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let step = TimeDelta::minutes(i64::from(self.minutes));
        let begins = beginning(&self.market, self.day);
        let entry = move |(place, wh): (i32, &Option<i32>)| {
            let start = begins + step * place;
            Entry { start, end: start + step, wh: *wh }
        };
        (0..).zip(&self.wh).map(entry)
    }
}

/// When a local day of a market begins.
pub fn beginning(market: &str, day: NaiveDate) -> DateTime<Utc> {
    match market::by_code(market) {
        Some(market) => market.start_of(day),
        None => market::start_of_day(chrono_tz::Tz::UTC, day),
    }
}

/// How many entries of so many minutes a local day of a market has.
pub fn length(market: &str, day: NaiveDate, minutes: i16) -> usize {
    let tomorrow = day.succ_opt().unwrap_or(day);
    let span = beginning(market, tomorrow) - beginning(market, day);
    usize::try_from(span.num_minutes() / i64::from(minutes.max(1))).unwrap_or(0)
}

macro_rules! day_columns {
    () => {
        "i.supply_point_id, sp.market, i.day, i.version, i.minutes, i.is_final, i.wh, i.received_at"
    };
}

statement!(static NEWEST: Day = concat!("
    select distinct on (i.supply_point_id, i.day) ", day_columns!(), "
    from interval_days i join supply_points sp on sp.id = i.supply_point_id
    where i.supply_point_id = any($1::bigint[]) and i.day >= $2 and i.day < $3
    order by i.supply_point_id, i.day, i.version desc"));

/// The newest version of each day of these points, of the half-open span of local days; by point and day.
pub async fn newest(
    tx: &mut Tx,
    points: &[i64],
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Day>, sqlx::Error> {
    NEWEST.query().bind(points).bind(from).bind(to).fetch_all(&mut *tx).await
}

/// A day about to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDay {
    /// The supply point.
    pub supply_point_id: i64,
    /// The local day.
    pub day: NaiveDate,
    /// Which version this is, from one; none that is kept already.
    pub version: i32,
    /// The length of an entry: 15 or 30.
    pub minutes: i16,
    /// Whether the market has settled these values.
    pub is_final: bool,
    /// Energy in Wh, as many entries as the day has.
    pub wh: Vec<Option<i32>>,
}

/// Days that are copied at once.
const AT_ONCE: usize = 20_000;

row! {
    struct Known {
        supply_point_id: i64,
        day: NaiveDate,
        version: i32,
    }
}

statement!(static KNOWN: Known = "
    select i.supply_point_id, i.day, i.version from unnest($1::bigint[], $2::date[]) as new (supply_point_id, day)
        join interval_days i on i.supply_point_id = new.supply_point_id and i.day = new.day");

/// Keeps days that were received at a moment, and answers how many of them are new. A version of a day that is kept
/// already stays as it is.
///
/// # Errors
/// Those of the database.
pub async fn keep(tx: &mut Tx, days: &[NewDay], received_at: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let mut kept = 0;
    for days in days.chunks(AT_ONCE) {
        let points: Vec<i64> = days.iter().map(|day| day.supply_point_id).collect();
        let dates: Vec<NaiveDate> = days.iter().map(|day| day.day).collect();
        let known = KNOWN.query().bind(points).bind(dates).fetch_all(&mut *tx).await?;
        let known: HashSet<(i64, NaiveDate, i32)> =
            known.into_iter().map(|row| (row.supply_point_id, row.day, row.version)).collect();
        let is_new = |day: &&NewDay| !known.contains(&(day.supply_point_id, day.day, day.version));
        let fresh: Vec<&NewDay> = days.iter().filter(is_new).collect();
        kept += copy(tx, &fresh, received_at).await?;
    }
    Ok(kept)
}

/// Copies days of which none is kept yet: Postgres refuses a version that is there already.
///
/// # Errors
/// Those of the database.
pub async fn copy(tx: &mut Tx, days: &[&NewDay], received_at: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let mut rows = Rows::new(7);
    for day in days {
        let row = rows.row().big(day.supply_point_id).date(day.day).int(day.version).small(day.minutes);
        row.flag(day.is_final).ints(&day.wh).moment(received_at);
    }
    if rows.count() == 0 {
        return Ok(0);
    }
    let into = "copy interval_days (supply_point_id, day, version, minutes, is_final, wh, received_at)
        from stdin (format binary)";
    tx.copy(into, &mut rows).await
}

statement!(static ADD_YEARS: () = "
    select add_interval_year(years) from generate_series($1::integer, $2::integer) as years");

/// Makes sure that the days of the years around `day` have partitions.
pub async fn prepare(tx: &mut Tx, day: NaiveDate) -> Result<(), sqlx::Error> {
    ADD_YEARS.command().bind(day.year() - 1).bind(day.year() + 2).execute(&mut *tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn days_are_as_long_as_their_market_says() {
        assert_eq!(length("gb", day("2024-03-31"), 30), 46);
        assert_eq!(length("gb", day("2024-10-27"), 30), 50);
        assert_eq!(length("de", day("2024-10-27"), 15), 100);
        assert_eq!(length("jp", day("2024-10-27"), 30), 48);
    }

    #[test]
    fn entries_fill_the_day() {
        let wh = vec![Some(1); 46];
        let spring = Day {
            supply_point_id: 1,
            market: "gb".to_owned(),
            day: day("2024-03-31"),
            version: 1,
            minutes: 30,
            is_final: false,
            wh,
            received_at: DateTime::UNIX_EPOCH,
        };
        let entries: Vec<Entry> = spring.entries().collect();
        assert_eq!(entries[0].start.to_rfc3339(), "2024-03-31T00:00:00+00:00");
        assert_eq!(entries[45].end.to_rfc3339(), "2024-03-31T23:00:00+00:00");
        assert!(entries.windows(2).all(|pair| pair[0].end == pair[1].start));
    }
}
