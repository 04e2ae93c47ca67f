//! What energy costs at each half-hour, as far as a plan cares: which times are cheap and which are dear.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

/// What a kWh from the grid costs at a moment. Prices hold for whole half-hours of the UTC clock.
pub trait Prices: Send + Sync {
    /// In minor units, without tax, in the half-hour that begins at `start`, as far as anybody knows at `now`.
    fn at(&self, start: DateTime<Utc>, now: DateTime<Utc>) -> Decimal;

    /// What decides between half-hours of the same price: what energy usually costs whoever buys it for everybody.
    fn usual(&self, _start: DateTime<Utc>) -> Decimal {
        Decimal::ZERO
    }

    /// When more will be known than at `now`, where prices are published bit by bit.
    fn more_after(&self, _now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        None
    }
}

/// How long a price holds.
pub const SLOT: TimeDelta = TimeDelta::minutes(30);

/// Where the half-hour begins that `moment` lies in.
pub fn slot_of(moment: DateTime<Utc>) -> DateTime<Utc> {
    let second = moment.timestamp();
    DateTime::from_timestamp(second - second.rem_euclid(SLOT.num_seconds()), 0).unwrap_or(moment)
}

/// 24 prices, one a local hour, by market.
static TYPICAL: LazyLock<HashMap<String, Vec<Decimal>>> =
    // Compiled in and covered by a test below.
    LazyLock::new(|| serde_json::from_str(include_str!("typical_days.json")).unwrap_or_default());

/// The usual day of a market: what planning goes by where a customer's own prices are not known, or the same all day.
#[derive(Clone, Debug)]
pub struct TypicalDay {
    zone: Tz,
    hours: &'static [Decimal],
}

impl TypicalDay {
    /// The day of the market called `market`, told by the clocks of `zone`.
    pub fn of(market: &str, zone: Tz) -> Self {
        Self { zone, hours: TYPICAL.get(market).map_or(&[], Vec::as_slice) }
    }
}

impl Prices for TypicalDay {
    fn at(&self, start: DateTime<Utc>, _now: DateTime<Utc>) -> Decimal {
        let hour = usize::try_from(start.with_timezone(&self.zone).hour()).unwrap_or(0);
        self.hours.get(hour).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::market;

    #[test]
    fn every_market_has_a_day_with_cheap_and_dear_hours() {
        for market in market::all() {
            let hours = &TYPICAL[&market.code];
            assert_eq!(hours.len(), 24, "{}", market.code);
            assert!(
                hours.iter().min() < hours.iter().max() && hours.iter().all(|price| *price > Decimal::ZERO)
            );
        }
    }

    #[test]
    fn prices_go_by_local_clocks() {
        let london = TypicalDay::of("gb", Tz::Europe__London);
        let moment = |text: &str| -> DateTime<Utc> { text.parse().expect("a moment") };
        let at = |text: &str| london.at(moment(text), moment(text));
        // Summer time is an hour ahead.
        assert_eq!(at("2026-07-01T01:00:00Z"), at("2026-01-01T02:00:00Z"));
        assert!(at("2026-01-01T02:00:00Z") < at("2026-01-01T18:00:00Z"));
        let half = slot_of("2026-01-01T02:44:59Z".parse().expect("a moment"));
        assert_eq!(half.to_rfc3339(), "2026-01-01T02:30:00+00:00");
    }
}
