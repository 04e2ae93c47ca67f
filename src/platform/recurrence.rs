//! Days that come round: every so many days, months or years, or once each year.

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// The unit in which one time is counted from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Frequency {
    /// Days.
    Daily,
    /// Months.
    Monthly,
    /// Years.
    Annually,
}

impl Frequency {
    /// As clients and the database know it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Daily => "DAILY",
            Self::Monthly => "MONTHLY",
            Self::Annually => "ANNUALLY",
        }
    }
}

/// One day of every year. A month that is too short has it on its last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct YearDay {
    /// 1 to 31.
    pub day: u32,
    /// 1 to 12.
    pub month: u32,
}

impl YearDay {
    /// The first such day that is not before `day`. None at the end of the calendar.
    pub fn next(self, day: NaiveDate) -> Option<NaiveDate> {
        let this_year = self.of_year(day.year())?;
        if this_year >= day { Some(this_year) } else { self.of_year(day.year().checked_add(1)?) }
    }

    /// The last such day that is not after `day`.
    fn last(self, day: NaiveDate) -> Option<NaiveDate> {
        let this_year = self.of_year(day.year())?;
        if this_year <= day { Some(this_year) } else { self.of_year(day.year().checked_sub(1)?) }
    }

    fn of_year(self, year: i32) -> Option<NaiveDate> {
        day_of_month(NaiveDate::from_ymd_opt(year, self.month, 1)?, self.day)
    }
}

/// Every so many units, counted from a day of the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurrence {
    /// The unit.
    pub frequency: Frequency,
    /// How many units there are from one time to the next; at least one.
    pub multiplier: u32,
    /// The day of the year that is counted from.
    pub start: YearDay,
}

impl Recurrence {
    /// The first time that is before neither `since` nor `day`. Counting starts on the last start day that is
    /// not after `since`. None at the end of the calendar.
    pub fn next(&self, since: NaiveDate, day: NaiveDate) -> Option<NaiveDate> {
        let (start, day) = (self.start.last(since)?, day.max(since));
        let step = self.multiplier.max(1);
        match self.frequency {
            Frequency::Daily => {
                let gone = u64::try_from((day - start).num_days()).ok()?;
                start.checked_add_days(Days::new(gone.div_ceil(u64::from(step)) * u64::from(step)))
            }
            Frequency::Monthly => self.after_months(start, step, day),
            Frequency::Annually => self.after_months(start, step.checked_mul(12)?, day),
        }
    }

    fn after_months(&self, start: NaiveDate, step: u32, day: NaiveDate) -> Option<NaiveDate> {
        let gone = u32::try_from(months(day) - months(start)).ok()?;
        let at = |steps: u32| {
            let month = start.with_day(1)?.checked_add_months(Months::new(steps.checked_mul(step)?))?;
            day_of_month(month, self.start.day)
        };
        let steps = gone.div_ceil(step);
        at(steps).filter(|found| *found >= day).or_else(|| at(steps.checked_add(1)?))
    }
}

fn months(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 12 + i64::from(day.month0())
}

/// A day of the month that `first` begins, its last one where it is too short.
pub(super) fn day_of_month(first: NaiveDate, day: u32) -> Option<NaiveDate> {
    first.with_day(day).or_else(|| first.checked_add_months(Months::new(1))?.pred_opt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn every(multiplier: u32, frequency: Frequency, day: u32, month: u32) -> Recurrence {
        Recurrence { frequency, multiplier, start: YearDay { day, month } }
    }

    #[test]
    fn short_months_have_it_on_their_last_day() {
        let monthly = every(1, Frequency::Monthly, 31, 1);
        let since = date("2025-06-15");
        assert_eq!(monthly.next(since, date("2026-02-01")), Some(date("2026-02-28")));
        assert_eq!(monthly.next(since, date("2026-03-01")), Some(date("2026-03-31")));
        assert_eq!(YearDay { day: 29, month: 2 }.next(date("2026-01-01")), Some(date("2026-02-28")));
    }

    #[test]
    fn quarters_are_counted_from_the_start_month() {
        let quarterly = every(3, Frequency::Monthly, 5, 2);
        let since = date("2020-01-01");
        for (day, next) in [
            ("2026-01-01", "2026-02-05"),
            ("2026-02-05", "2026-02-05"),
            ("2026-02-06", "2026-05-05"),
            ("2026-11-06", "2027-02-05"),
        ] {
            assert_eq!(quarterly.next(since, date(day)), Some(date(next)), "{day}");
        }
        assert_eq!(quarterly.next(date("2027-03-01"), date("2026-01-01")), Some(date("2027-05-05")));
    }

    #[test]
    fn years_and_days_are_counted_too() {
        let since = date("2025-03-01");
        let every_other = every(2, Frequency::Annually, 1, 7);
        assert_eq!(every_other.next(since, date("2026-03-01")), Some(date("2026-07-01")), "2024 and 2 years");
        assert_eq!(every_other.next(since, date("2026-07-02")), Some(date("2028-07-01")));
        let fortnightly = every(14, Frequency::Daily, 1, 3);
        assert_eq!(fortnightly.next(since, date("2025-03-02")), Some(date("2025-03-15")));
        assert_eq!(fortnightly.next(since, date("2025-03-15")), Some(date("2025-03-15")));
    }

    proptest! {
        #[test]
        fn the_next_time_is_never_early_and_comes_again(
            frequency in prop_oneof![Just(Frequency::Daily), Just(Frequency::Monthly), Just(Frequency::Annually)],
            multiplier in 1u32..20, day in 1u32..32, month in 1u32..13, since in 0u64..9000, later in 0u64..9000,
        ) {
            let since = date("2001-01-01") + Days::new(since);
            let from = since + Days::new(later);
            let recurrence = every(multiplier, frequency, day, month);
            let next = recurrence.next(since, from).expect("within the calendar");
            prop_assert!(next >= from);
            prop_assert_eq!(recurrence.next(since, next), Some(next), "a time is its own next");
            prop_assert!(recurrence.next(since, next + Days::new(1)) > Some(next));
        }
    }
}
