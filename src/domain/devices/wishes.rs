//! What a customer wants of a device: by when on a weekday, and how full or how warm.

use chrono::{DateTime, Datelike, Days, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

use super::cloud::Kind;

/// One wish for a weekday.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Target {
    /// 1 is Monday.
    pub weekday: u32,
    /// On the local clock.
    pub time: NaiveTime,
    /// At least so much as soon as possible.
    pub min: Option<Decimal>,
    /// So much by then.
    pub max: Decimal,
}

/// All wishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// One of `PreferencesModeChoices`.
    pub mode: String,
    /// One of `PreferencesUnitChoices`.
    pub unit: String,
    /// In order of weekday and time.
    pub targets: Vec<Target>,
}

/// What a state of charge is measured in: hundredths of a per cent.
pub const FULL: i64 = 10_000;

impl Wishes {
    /// The first moment after `at` by which something is wanted, and what.
    pub fn next(&self, zone: Tz, at: DateTime<Utc>) -> Option<(DateTime<Utc>, &Target)> {
        let today = at.with_timezone(&zone).date_naive();
        // Eight days: the only wish may be for this weekday, and have passed.
        let days = (0..8).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        let moments = days.flat_map(|day| {
            let weekday = day.weekday().number_from_monday();
            let of_day = self.targets.iter().filter(move |target| target.weekday == weekday);
            of_day.filter_map(move |target| {
                let wall = day.and_time(target.time);
                // A time that clocks skip is the moment at which they do.
                let found = zone.from_local_datetime(&wall).earliest();
                let found = found
                    .or_else(|| zone.from_local_datetime(&(wall + chrono::TimeDelta::hours(1))).earliest())?;
                Some((found.with_timezone(&Utc), target))
            })
        });
        moments.filter(|(moment, _)| *moment > at).min_by_key(|(moment, _)| *moment)
    }

    /// What is wanted on a weekday, the latest of it.
    pub fn on(&self, weekday: u32) -> Option<&Target> {
        self.targets.iter().rfind(|target| target.weekday == weekday)
    }
}

/// Per cent as hundredths of it, within what is possible.
pub fn hundredths(percent: Decimal) -> i64 {
    (percent * Decimal::ONE_HUNDRED).to_i64().unwrap_or(0).clamp(0, FULL)
}

/// What the targets of a device are: how full a car is, or how much fuller, or how warm.
pub fn target_type(kind: Kind, unit: &str) -> &'static str {
    match (kind, unit) {
        (Kind::HeatPump | Kind::Thermostat, _) => "ABSOLUTE_TEMPERATURE",
        (Kind::ChargePoint, _) | (_, "PERCENTAGE_RELATIVE") => "RELATIVE_STATE_OF_CHARGE",
        _ => "ABSOLUTE_STATE_OF_CHARGE",
    }
}

/// Whether targets are added to what is in the battery, because nobody knows what that is.
pub fn is_relative(kind: Kind, unit: &str) -> bool {
    target_type(kind, unit) == "RELATIVE_STATE_OF_CHARGE"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_wish_goes_by_the_local_clock() {
        let time = NaiveTime::from_hms_opt(1, 30, 0).expect("a time");
        let target = |weekday| Target { weekday, time, min: None, max: Decimal::from(80) };
        let wishes =
            Wishes { mode: "CHARGE".into(), unit: "PERCENTAGE".into(), targets: vec![target(1), target(7)] };
        let next = |at: &str| {
            let at = at.parse().expect("a moment");
            wishes.next(Tz::Europe__London, at).map(|(moment, target)| (moment.to_rfc3339(), target.weekday))
        };
        // Clocks skip half past one on 29 March, a Sunday.
        assert_eq!(next("2026-03-28T12:00:00Z"), Some(("2026-03-29T01:30:00+00:00".into(), 7)));
        assert_eq!(next("2026-03-29T12:00:00Z"), Some(("2026-03-30T00:30:00+00:00".into(), 1)));
        assert_eq!(next("2026-03-30T00:30:00Z"), Some(("2026-04-05T00:30:00+00:00".into(), 7)));
        let none = Wishes { targets: Vec::new(), ..wishes.clone() };
        assert_eq!(none.next(Tz::Europe__London, Utc.timestamp_opt(0, 0).unwrap()), None);
    }
}
