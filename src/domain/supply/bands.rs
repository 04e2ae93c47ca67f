//! Which price of a tariff holds when.
//!
//! A base band holds whenever no window of another band does, and windows never overlap (`band_windows_apart`), so every
//! moment has exactly one band. Windows begin and end on half-hours of the local clock. All time zones in use differ from UTC by
//! whole half-hours, also after their clocks were put forward or back, so a half-hour of UTC lies within one band.

use std::ops::Range;

use chrono::{DateTime, Datelike, DurationRound, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

/// The shortest time for which a band or a price holds.
pub const HALF_HOUR: TimeDelta = TimeDelta::minutes(30);

/// When a band holds that is not the base. All ranges are half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Row id of the part of the offer that holds.
    pub part: i64,
    /// Months of the year, from 1.
    pub months: Range<i32>,
    /// Days of the week, from Monday, which is 1.
    pub weekdays: Range<i32>,
    /// Minutes of the local day.
    pub minutes: Range<i32>,
}

impl Window {
    fn holds(&self, month: i32, weekday: i32, minute: i32) -> bool {
        self.months.contains(&month) && self.weekdays.contains(&weekday) && self.minutes.contains(&minute)
    }
}

/// The bands of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bands {
    /// Row id of the part that holds where no window does.
    pub base: i64,
    /// When others hold.
    pub windows: Vec<Window>,
}

impl Bands {
    /// The part that holds at a moment, by the local clock of `zone`.
    pub fn at(&self, zone: Tz, moment: DateTime<Utc>) -> i64 {
        let local = moment.with_timezone(&zone);
        let number = |value: u32| i32::try_from(value).unwrap_or_default();
        let (month, weekday) = (number(local.month()), number(local.weekday().number_from_monday()));
        let minute = number(local.hour() * 60 + local.minute());
        let holding = self.windows.iter().find(|window| window.holds(month, weekday, minute));
        holding.map_or(self.base, |window| window.part)
    }

    /// The parts that hold between two moments, each for as long as it does without a break.
    pub fn spans(&self, zone: Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for (start, end) in half_hours(from, to) {
            let part = self.at(zone, start);
            match spans.last_mut() {
                Some(last) if last.part == part => last.end = end,
                _ => spans.push(Span { start, end, part }),
            }
        }
        spans
    }
}

/// How long a part holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub start: DateTime<Utc>,
    /// The moment after the last one.
    pub end: DateTime<Utc>,
    /// Row id of the part.
    pub part: i64,
}

/// The half-hours of UTC between two moments, the first and the last one cut where these lie within them.
pub fn half_hours(
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
    let mut start = from;
    std::iter::from_fn(move || {
        if start >= to {
            return None;
        }
        let begun = start;
        start = half_hour(begun).checked_add_signed(HALF_HOUR).unwrap_or(to).min(to);
        Some((begun, start))
    })
}

/// The beginning of the half-hour in which a moment lies.
pub fn half_hour(moment: DateTime<Utc>) -> DateTime<Utc> {
    // Only moments far beyond any calendar cannot be cut.
    moment.duration_trunc(HALF_HOUR).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::supply::catalogue;
    use proptest::prelude::*;

    const ZONES: [Tz; 6] = [
        Tz::Europe__London,
        Tz::Europe__Berlin,
        Tz::Asia__Tokyo,
        Tz::Australia__Sydney,
        Tz::America__Chicago,
        Tz::Australia__Adelaide,
    ];

    /// All bands of the catalogue, numbered by their place in the offer.
    fn all() -> Vec<Bands> {
        let offers = catalogue::all().iter().flat_map(|(_, catalogue)| &catalogue.products);
        offers.flat_map(|product| &product.offers).flat_map(catalogue::Offer::numbered_bands).collect()
    }

    fn moment() -> impl Strategy<Value = DateTime<Utc>> {
        (1_640_000_000_i64..1_900_000_000)
            .prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap_or_default())
    }

    proptest! {
        #[test]
        fn every_moment_has_exactly_one_band(moment in moment(), zone in prop::sample::select(&ZONES[..])) {
            for bands in all() {
                let local = moment.with_timezone(&zone);
                let minute = (local.hour() * 60 + local.minute()) as i32;
                let (month, weekday) = (local.month() as i32, local.weekday().number_from_monday() as i32);
                let holding: Vec<i64> = bands.windows.iter()
                    .filter(|w| w.holds(month, weekday, minute)).map(|w| w.part).collect();
                prop_assert!(holding.len() <= 1);
                prop_assert_eq!(bands.at(zone, moment), holding.first().copied().unwrap_or(bands.base));
                prop_assert_eq!(bands.at(zone, half_hour(moment)), bands.at(zone, moment));
            }
        }

        #[test]
        fn spans_cover_a_period_without_gap_or_overlap(from in moment(), minutes in 1_i64..6000,
            zone in prop::sample::select(&ZONES[..])) {
            let to = from + TimeDelta::minutes(minutes);
            for bands in all() {
                let spans = bands.spans(zone, from, to);
                prop_assert_eq!(spans.first().map(|s| s.start), Some(from));
                prop_assert_eq!(spans.last().map(|s| s.end), Some(to));
                for pair in spans.windows(2) {
                    prop_assert_eq!(pair[0].end, pair[1].start);
                    prop_assert_ne!(pair[0].part, pair[1].part);
                }
                for span in &spans {
                    prop_assert_eq!(bands.at(zone, span.end - TimeDelta::seconds(1)), span.part);
                }
            }
        }
    }

    #[test]
    fn a_night_is_an_hour_shorter_or_longer_when_clocks_change() {
        let bands = Bands {
            base: 1,
            windows: vec![Window { part: 2, months: 1..13, weekdays: 1..8, minutes: 30..330 }],
        };
        let nights = |day: &str| {
            let from: DateTime<Utc> = format!("{day}T00:00:00Z").parse().expect("a moment");
            let spans = bands.spans(Tz::Europe__London, from, from + TimeDelta::hours(12));
            let nights = spans.iter().filter(|span| span.part == 2);
            nights.map(|span| (span.end - span.start).num_minutes()).sum::<i64>()
        };
        assert_eq!(nights("2026-03-28"), 300);
        assert_eq!(nights("2026-03-29"), 240);
        // Already summer time at midnight UTC: the first half-hour lies before it.
        assert_eq!(nights("2026-10-25"), 330);
    }
}
