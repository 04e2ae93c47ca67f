//! What probably ran through a point day by day: what was measured, and its load profile where nothing was.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::expected;
use super::interval::Interval;
use super::supply_points::SupplyPoint;
use super::usage::{self, Span};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::Tx;

/// The longest period that is estimated at once: what [`expected::year`] knows.
pub const LONGEST: TimeDelta = TimeDelta::days(364);
const HALF_HOUR: i64 = 1800;

/// A local day, or as much of it as was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The moment after the last one.
    pub to: DateTime<Utc>,
    /// How much, in Wh.
    pub wh: i64,
    /// Whether any of it was not measured.
    pub is_estimated: bool,
}

impl Estimate {
    /// How much, in kWh.
    pub fn kwh(&self) -> Decimal {
        (Decimal::from(self.wh) / Decimal::ONE_THOUSAND).normalize()
    }
}

/// What ran through a point in a half-open period of at most [`LONGEST`], day by day, as far as it was supplied on accounts
/// that the viewer may see.
///
/// # Errors
/// Those of the database.
pub async fn of_point(
    tx: &mut Tx,
    viewer: &Viewer,
    point: &SupplyPoint,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Estimate>, sqlx::Error> {
    let Some(market) = point.market() else { return Ok(Vec::new()) };
    let periods = usage::supplied(tx, viewer, &[point.id]).await?;
    let pieces = usage::pieces(tx, viewer, &[Span { point: point.id, from, to }]).await?;
    let measured: Vec<Interval> = pieces.into_iter().flatten().map(|piece| piece.interval).collect();
    let first = market.day(from);
    let year = expected::year(point, market, first);
    let is_asked = |half_hour: &Interval| {
        half_hour.start >= from
            && half_hour.end <= to
            && usage::is_within(periods.get(&point.id), half_hour.start)
    };
    let expected: Vec<Interval> = year.used.into_iter().filter(is_asked).collect();
    Ok(days(&expected, &measured, |moment| market.day(moment)))
}

/// Half-hours by their local days; what was measured takes the place of what is expected.
fn days(
    expected: &[Interval],
    measured: &[Interval],
    day_of: impl Fn(DateTime<Utc>) -> NaiveDate,
) -> Vec<Estimate> {
    let mut known: HashMap<i64, i64> = HashMap::new();
    for piece in measured {
        *known.entry(piece.start.timestamp().div_euclid(HALF_HOUR)).or_default() += piece.wh;
    }
    let mut days: Vec<(NaiveDate, Estimate)> = Vec::new();
    for half_hour in expected {
        let found = known.get(&half_hour.start.timestamp().div_euclid(HALF_HOUR)).copied();
        let (wh, is_estimated) = (found.unwrap_or(half_hour.wh), found.is_none());
        let day = day_of(half_hour.start);
        match days.last_mut().filter(|(last, _)| *last == day) {
            Some((_, estimate)) => {
                estimate.to = half_hour.end;
                estimate.wh = estimate.wh.saturating_add(wh);
                estimate.is_estimated |= is_estimated;
            }
            None => {
                let (from, to) = (half_hour.start, half_hour.end);
                days.push((day, Estimate { from, to, wh, is_estimated }));
            }
        }
    }
    days.into_iter().map(|(_, estimate)| estimate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_takes_the_place_of_what_is_expected() {
        let start: DateTime<Utc> = "2026-03-02T23:00:00Z".parse().expect("a moment");
        let interval = |minutes: i64, length: i64, wh| Interval {
            start: start + TimeDelta::minutes(minutes),
            end: start + TimeDelta::minutes(minutes + length),
            wh,
        };
        let expected: Vec<Interval> = (0..4).map(|at| interval(at * 30, 30, 100)).collect();
        // Quarters of the first hour.
        let measured: Vec<Interval> = (0..4).map(|at| interval(at * 15, 15, 7)).collect();
        let days = days(&expected, &measured, |moment| moment.date_naive());
        let seen: Vec<_> = days.iter().map(|day| (day.wh, day.is_estimated)).collect();
        assert_eq!(seen, [(28, false), (200, true)]);
        assert_eq!((days[0].to, days[1].to), (days[1].from, start + TimeDelta::hours(2)));
        assert_eq!(days[1].kwh(), Decimal::new(2, 1));
    }
}
