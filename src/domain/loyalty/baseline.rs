//! What a point usually takes in the half-hours of a session, and what follows from what it took.
//!
//! The usual is the mean of the same half-hours of the local day on similar days before: the last ten working days for one,
//! the last four days off for another. Days on which the customer took part in a session do not count, nor do those of which
//! a reading is missing.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::domain::supply::consumption::Flow;
use crate::platform::calendar;
use crate::platform::market::Market;

/// How many days before a session are looked at.
pub const LOOKED_AT: u64 = 60;
const HALF_HOUR: TimeDelta = TimeDelta::minutes(30);

/// When a session is.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// Whose days it goes by.
    pub market: &'a Market,
    /// The first moment, on a half-hour.
    pub starts_at: DateTime<Utc>,
    /// The moment after the last, on a half-hour.
    pub ends_at: DateTime<Utc>,
}

/// How somebody did in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the point usually takes, in Wh, rounded down.
    pub usual_wh: i64,
    /// What it took.
    pub used_wh: i64,
    /// Whether less than usual was taken in each half-hour.
    pub is_less_throughout: bool,
}

impl Outcome {
    /// How much was saved; nothing where more was taken.
    pub fn saved_wh(&self) -> i64 {
        (self.usual_wh - self.used_wh).max(0)
    }

    /// The points for what was saved, rounded to the nearest.
    pub fn points(&self, per_kwh: i32) -> i64 {
        (i128::from(self.saved_wh()) * i128::from(per_kwh) + 500)
            .checked_div(1000)
            .and_then(|points| i64::try_from(points).ok())
            .unwrap_or(0)
    }

    /// As it is kept.
    pub fn result(&self) -> &'static str {
        match (self.saved_wh() > 0, self.is_less_throughout) {
            (false, _) => "FAIL",
            (true, true) => "SUCCESS",
            (true, false) => "PARTIAL_SUCCESS",
        }
    }
}

/// What was measured of each half-hour, by its first moment.
#[derive(Debug, Default)]
pub struct Measured(HashMap<DateTime<Utc>, i64>);

impl Measured {
    /// What intervals told. What was only spread between readings of a register says nothing about an evening.
    pub fn of(flows: &[Flow]) -> Self {
        let measured = flows.iter().filter(|flow| flow.is_measured).map(|flow| flow.interval);
        let halves = measured.filter(|interval| interval.end - interval.start == HALF_HOUR);
        Self(halves.map(|interval| (interval.start, interval.wh)).collect())
    }

    /// Wh of each of so many half-hours from a moment on, if all were measured.
    fn from(&self, start: DateTime<Utc>, halves: usize) -> Option<Vec<i64>> {
        let mut at = start;
        let mut all = Vec::with_capacity(halves);
        for _ in 0..halves {
            all.push(*self.0.get(&at)?);
            at += HALF_HOUR;
        }
        Some(all)
    }
}

impl Session<'_> {
    /// The local day on which it begins.
    pub fn day(&self) -> NaiveDate {
        self.market.day(self.starts_at)
    }

    /// The first moment of what is looked at to tell what is usual.
    pub fn looks_back_to(&self) -> DateTime<Utc> {
        let day = self.day();
        self.market.start_of(day.checked_sub_days(Days::new(LOOKED_AT)).unwrap_or(day))
    }

    fn halves(&self) -> usize {
        usize::try_from((self.ends_at - self.starts_at).num_minutes() / 30).unwrap_or(0)
    }

    /// Whether each of its half-hours was measured.
    pub fn is_measured(&self, measured: &Measured) -> bool {
        measured.from(self.starts_at, self.halves()).is_some()
    }

    /// The same time of another local day; none where a clock jumps over it.
    fn same_time(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let zone = self.market.time_zone();
        let time = self.starts_at.with_timezone(&zone).time();
        Some(day.and_time(time).and_local_timezone(zone).earliest()?.to_utc())
    }

    /// How somebody did, who took part in sessions on other days too; none where too little was measured.
    pub fn judge(&self, measured: &Measured, others: &HashSet<NaiveDate>) -> Option<Outcome> {
        let halves = self.halves();
        let used = measured.from(self.starts_at, halves)?;
        let calendar = calendar::of(&self.market.code);
        let day = self.day();
        let is_working = calendar.is_working_day(day);
        let (most, least) = if is_working { (10, 5) } else { (4, 2) };
        let before = (1..=LOOKED_AT).filter_map(|ago| day.checked_sub_days(Days::new(ago)));
        let similar =
            before.filter(|day| calendar.is_working_day(*day) == is_working && !others.contains(day));
        let known = similar.filter_map(|day| measured.from(self.same_time(day)?, halves));
        let known: Vec<Vec<i64>> = known.take(most).collect();
        if known.len() < least {
            return None;
        }
        let days = i64::try_from(known.len()).ok()?;
        let sum = |place: usize| known.iter().filter_map(|day| day.get(place)).sum::<i64>();
        let sums: Vec<i64> = (0..halves).map(sum).collect();
        let is_less = |(sum, used): (&i64, &i64)| used * days < *sum;
        Some(Outcome {
            usual_wh: sums.iter().sum::<i64>().checked_div(days)?,
            used_wh: used.iter().sum(),
            is_less_throughout: sums.iter().zip(&used).all(is_less),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::supply::interval::Interval;
    use crate::platform::market;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    fn session(starts: &str, ends: &str) -> Session<'static> {
        let market = market::by_code("gb").expect("a market");
        Session { market, starts_at: at(starts), ends_at: at(ends) }
    }

    /// The same in each half-hour of a span, as measured.
    fn level(from: &str, to: &str, wh: i64) -> Vec<Flow> {
        let (mut start, to) = (at(from), at(to));
        let mut flows = Vec::new();
        while start < to {
            let end = start + HALF_HOUR;
            flows.push(Flow { interval: Interval { start, end, wh }, is_measured: true });
            start = end;
        }
        flows
    }

    #[test]
    fn the_usual_is_the_mean_of_the_last_ten_working_days() {
        // A Monday; twenty days at 400 Wh a half-hour, the last working day before at 500.
        let session = session("2026-11-23T17:30:00Z", "2026-11-23T18:30:00Z");
        let mut flows = level("2026-10-30T00:00:00Z", "2026-11-20T00:00:00Z", 400);
        flows.extend(level("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", 500));
        flows.extend(level("2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z", 9000));
        flows.extend(level("2026-11-23T00:00:00Z", "2026-11-23T18:00:00Z", 100));
        flows.extend(level("2026-11-23T18:00:00Z", "2026-11-24T00:00:00Z", 410));
        let measured = Measured::of(&flows);
        let outcome = session.judge(&measured, &HashSet::new()).expect("measured");
        assert_eq!(outcome, Outcome { usual_wh: 820, used_wh: 510, is_less_throughout: false });
        // 410 is the mean, and not less than it.
        assert_eq!(outcome.result(), "PARTIAL_SUCCESS");
        assert_eq!((outcome.saved_wh(), outcome.points(1800)), (310, 558));
        let without: HashSet<NaiveDate> = ["2026-11-20".parse().expect("a day")].into();
        assert_eq!(session.judge(&measured, &without).map(|outcome| outcome.usual_wh), Some(800));
    }

    #[test]
    fn a_day_off_is_like_other_days_off_whatever_the_clock_shows() {
        // A Sunday after the clocks went back: before that, five in the afternoon was four in UTC.
        let session = session("2026-10-25T17:00:00Z", "2026-10-25T18:00:00Z");
        let mut flows = level("2026-09-20T16:00:00Z", "2026-09-20T17:00:00Z", 300);
        for day in ["2026-10-17", "2026-10-18", "2026-10-24"] {
            let moment = |hour: u32| format!("{day}T{hour}:00:00Z");
            flows.extend(level(&moment(16), &moment(17), 300));
            flows.extend(level(&moment(17), &moment(18), 7000));
        }
        flows.extend(level("2026-10-25T17:00:00Z", "2026-10-25T18:00:00Z", 299));
        let outcome = session.judge(&Measured::of(&flows), &HashSet::new()).expect("measured");
        assert_eq!(outcome, Outcome { usual_wh: 600, used_wh: 598, is_less_throughout: true });
        assert_eq!(outcome.result(), "SUCCESS");
    }

    #[test]
    fn too_little_is_told_from_nothing_saved() {
        let session = session("2026-11-23T17:30:00Z", "2026-11-23T18:30:00Z");
        let four_days = level("2026-11-17T00:00:00Z", "2026-11-24T00:00:00Z", 400);
        assert_eq!(session.judge(&Measured::of(&four_days), &HashSet::new()), None);
        let gap = level("2026-10-01T00:00:00Z", "2026-11-23T18:00:00Z", 400);
        assert_eq!(session.judge(&Measured::of(&gap), &HashSet::new()), None);
        let all = level("2026-10-01T00:00:00Z", "2026-11-24T00:00:00Z", 400);
        let outcome = session.judge(&Measured::of(&all), &HashSet::new()).expect("measured");
        assert_eq!((outcome.result(), outcome.points(5000)), ("FAIL", 0));
        let spread: Vec<Flow> = all.iter().map(|flow| Flow { is_measured: false, ..*flow }).collect();
        assert_eq!(session.judge(&Measured::of(&spread), &HashSet::new()), None);
    }
}
