//! What ran through supply points: from intervals where there are any, else spread evenly between readings of registers.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::gas;
use super::interval::Interval;
use super::intervals;
use super::spreading::Advance;
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;

/// Energy of a period, and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The period and its energy.
    pub interval: Interval,
    /// Whether it was measured as such, rather than spread between readings of a register.
    pub is_measured: bool,
}

row! {
    /// Two readings of a register, one after the other.
    struct Pair {
        supply_point_id: i64,
        market: String,
        commodity: String,
        band: String,
        has_off_peak: bool,
        digits: i16,
        multiplier: Decimal,
        since: DateTime<Utc>,
        before: Decimal,
        until: DateTime<Utc>,
        after: Decimal,
        mj_per_m3: Option<Decimal>,
        /// That of the meter, if it has one of its own.
        correction: Option<Decimal>,
    }
}

// Of each register the readings within the period, the last one before it and the first one after it, in pairs.
statement!(static PAIRS: Pair = "
    with counting as (
        select sp.id as supply_point_id, sp.market, sp.commodity, sp.region, g.band, g.digits, g.multiplier,
            exists (select 1 from meter_registers o where o.meter_id = m.id and o.band = 'OFF_PEAK') as has_off_peak,
            (select f.correction from gas_meters f where f.meter_id = m.id) as correction,
            lag(r.read_at) over each as since, lag(r.value) over each as before, r.read_at as until, r.value as after
        from supply_points sp join meters m on m.supply_point_id = sp.id join meter_registers g on g.meter_id = m.id
            cross join lateral (
                (select x.register_id, x.read_at, x.value from register_readings x
                    where x.register_id = g.id and x.counts and x.read_at <= $2 order by x.read_at desc limit 1)
                union all (select x.register_id, x.read_at, x.value from register_readings x
                    where x.register_id = g.id and x.counts and x.read_at > $2 and x.read_at < $3)
                union all (select x.register_id, x.read_at, x.value from register_readings x
                    where x.register_id = g.id and x.counts and x.read_at >= $3 order by x.read_at limit 1)) r
        where sp.id = any($1::bigint[])
        window each as (partition by g.id order by r.read_at))
    select supply_point_id, market, commodity, band, has_off_peak, digits, multiplier, since, before, until, after, correction,
        (select avg(v.mj_per_m3) from calorific_values v where commodity = 'gas' and v.market = counting.market
            and v.region = counting.region and v.day >= (since at time zone 'UTC')::date
            and v.day <= (until at time zone 'UTC')::date) as mj_per_m3
    from counting where since is not null order by supply_point_id, since");

/// What ran through these points from `from` until before `to`, by point, in the order of time and without overlaps.
/// What begins within the period belongs to it as a whole, so periods that follow each other share nothing; time of
/// which nothing is known is left out. Pieces are a half-hour long, or a quarter where the market measures so.
///
/// # Errors
/// Those of the database.
pub async fn of_points(
    tx: &mut Tx,
    points: &[i64],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<HashMap<i64, Vec<Interval>>, sqlx::Error> {
    let known = flows(tx, points, from, to).await?;
    let plain = |flows: Vec<Flow>| flows.into_iter().map(|flow| flow.interval).collect();
    Ok(known.into_iter().map(|(point, flows)| (point, plain(flows))).collect())
}

/// As [`of_points`], with how each piece is known.
///
/// # Errors
/// Those of the database.
pub async fn flows(
    tx: &mut Tx,
    points: &[i64],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<HashMap<i64, Vec<Flow>>, sqlx::Error> {
    let (from, to) = (sensible(from), sensible(to));
    let mut lines: HashMap<i64, Line> = HashMap::new();
    let (first, beyond) = days_around(from, to);
    for day in intervals::newest(tx, points, first, beyond).await? {
        let line = lines.entry(day.supply_point_id).or_default();
        for interval in day.entries().filter_map(|entry| entry.interval()) {
            if interval.start >= from && interval.start < to {
                line.put(Flow { interval, is_measured: true });
            }
        }
    }
    for pair in PAIRS.query().bind(points).bind(from).bind(to).fetch_all(&mut *tx).await? {
        let line = lines.entry(pair.supply_point_id).or_default();
        line.fill(&pair.advance().pieces(from, to));
    }
    Ok(lines.into_iter().map(|(point, line)| (point, line.0)).collect())
}

/// The half-open span of local days, wherever they are, that a period may touch.
pub(super) fn days_around(from: DateTime<Utc>, to: DateTime<Utc>) -> (NaiveDate, NaiveDate) {
    (day(sensible(from), -1), day(sensible(to), 2))
}

/// The moment, within years that every part of the program can reckon with.
fn sensible(moment: DateTime<Utc>) -> DateTime<Utc> {
    let year = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().and_time(Default::default());
    moment.clamp(year(1900).and_utc(), year(2200).and_utc())
}

fn day(moment: DateTime<Utc>, away: i64) -> NaiveDate {
    let day = moment.date_naive();
    day.checked_add_signed(TimeDelta::days(away)).unwrap_or(day)
}

impl Pair {
    fn advance(&self) -> Advance {
        Advance {
            from: self.since,
            to: self.until,
            wh: self.wh(),
            market: self.market.clone(),
            band: self.band.clone(),
            has_off_peak: self.has_off_peak,
            zone: market::by_code(&self.market).map_or(Tz::UTC, market::Market::time_zone),
        }
    }

    /// What the register counted, in Wh; rounded once.
    fn wh(&self) -> i64 {
        let units = advanced(self.before, self.after, self.digits) * self.multiplier;
        let kwh = if self.commodity == "gas" {
            let correction = self.correction.unwrap_or_else(|| gas::correction(&self.market));
            let usual = || gas::usual_calorific_value(&self.market);
            gas::kwh(units, correction, self.mj_per_m3.unwrap_or_else(usual))
        } else {
            Some(units)
        };
        let wh = kwh.and_then(|kwh| kwh.checked_mul(Decimal::ONE_THOUSAND));
        wh.and_then(|wh| wh.round().to_i64()).unwrap_or(0)
    }
}

/// How far a register with so many digits has gone from one value to the next, in its units. Where the next one is lower
/// it has started again at zero.
pub fn advanced(before: Decimal, after: Decimal, digits: i16) -> Decimal {
    if after >= before { after - before } else { after - before + capacity(digits) }
}

/// The first value that a register with so many digits cannot show.
pub fn capacity(digits: i16) -> Decimal {
    let digits = u32::try_from(digits).unwrap_or(0).min(18);
    Decimal::from(10_u64.pow(digits))
}

/// What is known of one point, in the order of time.
#[derive(Default)]
struct Line(Vec<Flow>);

impl Line {
    /// Adds what was measured; of two that begin at once, the later one to come counts.
    fn put(&mut self, flow: Flow) {
        let begins = |other: &Flow| other.interval.start;
        if self.0.last().is_none_or(|last| begins(last) < begins(&flow)) {
            return self.0.push(flow);
        }
        let place = self.0.partition_point(|other| begins(other) < begins(&flow));
        match self.0.get_mut(place).filter(|other| begins(other) == begins(&flow)) {
            Some(other) => *other = flow,
            None => self.0.insert(place, flow),
        }
    }

    /// Adds pieces, which are in the order of time, where nothing was measured; several registers add up.
    fn fill(&mut self, pieces: &[Interval]) {
        let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return };
        let from = self.0.partition_point(|flow| flow.interval.end <= first.start);
        let to = self.0.partition_point(|flow| flow.interval.start < last.end).max(from);
        let mut known = self.0[from..to].iter().copied().peekable();
        let mut all: Vec<Flow> = Vec::with_capacity(known.len() + pieces.len());
        for piece in pieces {
            while let Some(flow) = known.next_if(|flow| flow.interval.start < piece.end) {
                all.push(flow);
            }
            match all.last_mut().filter(|last| last.interval.end > piece.start) {
                None => all.push(Flow { interval: *piece, is_measured: false }),
                Some(last) if last.is_measured => {}
                Some(last) => {
                    last.interval.wh += piece.wh;
                    last.interval.end = last.interval.end.max(piece.end);
                }
            }
        }
        all.extend(known);
        self.0.splice(from..to, all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_register_starts_again_at_zero() {
        let advanced = |before: i64, after: i64| advanced(before.into(), after.into(), 5);
        assert_eq!(advanced(12_000, 12_345), Decimal::from(345));
        assert_eq!(advanced(99_950, 30), Decimal::from(80));
        assert_eq!(capacity(30), capacity(18));
    }

    #[test]
    fn what_was_measured_stands_and_registers_add_up() {
        let at = |half_hours: i64| DateTime::UNIX_EPOCH + TimeDelta::minutes(30 * half_hours);
        let piece = |start, wh| Interval { start: at(start), end: at(start + 1), wh };
        let mut line = Line::default();
        line.put(Flow { interval: piece(1, 500), is_measured: true });
        line.fill(&[piece(0, 10), piece(1, 10), piece(2, 10)]);
        line.fill(&[piece(0, 1), piece(1, 1), piece(2, 1)]);
        let known: Vec<(i64, bool)> =
            line.0.iter().map(|flow| (flow.interval.wh, flow.is_measured)).collect();
        assert_eq!(known, [(11, false), (500, true), (11, false)]);
    }
}
