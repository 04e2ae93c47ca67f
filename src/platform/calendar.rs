//! On which days the banks of each market work, and days of the month that not every month has.
//!
//! Bank holidays are rules, so that no list of years runs out. They are those of the payment schemes: Bacs in `gb`, SEPA in
//! `de`, Zengin in `jp`, direct entry in `au`, ACH in `us`.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use super::recurrence;

/// When a holiday is.
#[derive(Clone, Copy, Debug)]
enum When {
    /// Month and day.
    On(u32, u32),
    /// The so-manieth weekday of a month, counted from 1.
    Nth(u32, Weekday, u8),
    /// The last such weekday of a month.
    Last(u32, Weekday),
    /// So many days after Easter Sunday.
    Easter(i64),
    /// The day on which the sun crosses the equator, as it is in Japan: in March.
    Spring,
    /// The same in September.
    Autumn,
}

/// What becomes of a holiday on a day that is free anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moved {
    /// It is lost.
    Never,
    /// From Saturday and Sunday to the next day that is not free.
    FromWeekend,
    /// From Sunday to the next day that is no holiday.
    FromSunday,
}

type Rules = &'static [(When, Moved)];

use Moved::{FromSunday, FromWeekend, Never};
use When::{Autumn, Easter, Last, Nth, On, Spring};

const GB: Rules = &[
    (On(1, 1), FromWeekend),
    (Easter(-2), Never),
    (Easter(1), Never),
    (Nth(5, Weekday::Mon, 1), Never),
    (Last(5, Weekday::Mon), Never),
    (Last(8, Weekday::Mon), Never),
    (On(12, 25), FromWeekend),
    (On(12, 26), FromWeekend),
];

const DE: Rules = &[
    (On(1, 1), Never),
    (Easter(-2), Never),
    (Easter(1), Never),
    (On(5, 1), Never),
    (On(12, 25), Never),
    (On(12, 26), Never),
];

const JP: Rules = &[
    (On(1, 1), FromSunday),
    (On(1, 2), Never),
    (On(1, 3), Never),
    (Nth(1, Weekday::Mon, 2), Never),
    (On(2, 11), FromSunday),
    (On(2, 23), FromSunday),
    (Spring, FromSunday),
    (On(4, 29), FromSunday),
    (On(5, 3), FromSunday),
    (On(5, 4), FromSunday),
    (On(5, 5), FromSunday),
    (Nth(7, Weekday::Mon, 3), Never),
    (On(8, 11), FromSunday),
    (Nth(9, Weekday::Mon, 3), Never),
    (Autumn, FromSunday),
    (Nth(10, Weekday::Mon, 2), Never),
    (On(11, 3), FromSunday),
    (On(11, 23), FromSunday),
    (On(12, 31), Never),
];

const AU: Rules = &[
    (On(1, 1), FromWeekend),
    (On(1, 26), FromWeekend),
    (Easter(-2), Never),
    (Easter(1), Never),
    (On(4, 25), Never),
    (Nth(6, Weekday::Mon, 2), Never),
    (On(12, 25), FromWeekend),
    (On(12, 26), FromWeekend),
];

const US: Rules = &[
    (On(1, 1), FromSunday),
    (Nth(1, Weekday::Mon, 3), Never),
    (Nth(2, Weekday::Mon, 3), Never),
    (Last(5, Weekday::Mon), Never),
    (On(6, 19), FromSunday),
    (On(7, 4), FromSunday),
    (Nth(9, Weekday::Mon, 1), Never),
    (Nth(10, Weekday::Mon, 2), Never),
    (On(11, 11), FromSunday),
    (Nth(11, Weekday::Thu, 4), Never),
    (On(12, 25), FromSunday),
];

/// More days in a row are never free.
const LONGEST_BREAK: u64 = 30;

/// The working days of one market's banks.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    rules: Rules,
    /// Whether a day between two holidays is one itself, as Japanese law has it.
    bridges: bool,
}

/// The calendar of the market called `market`; one without holidays where there is no such market.
pub fn of(market: &str) -> Calendar {
    let (rules, bridges) = match market {
        "gb" => (GB, false),
        "de" => (DE, false),
        "jp" => (JP, true),
        "au" => (AU, false),
        "us" => (US, false),
        _ => (&[] as Rules, false),
    };
    Calendar { rules, bridges }
}

impl Calendar {
    /// Whether banks work on this day.
    pub fn is_working_day(&self, day: NaiveDate) -> bool {
        !is_weekend(day) && !self.holidays(day.year()).contains(&day)
    }

    /// This day, or else the first working day after it.
    pub fn on_or_after(&self, day: NaiveDate) -> NaiveDate {
        let mut days = (0..LONGEST_BREAK).filter_map(|more| day.checked_add_days(Days::new(more)));
        days.find(|day| self.is_working_day(*day)).unwrap_or(day)
    }

    /// The working day that lies `count` working days after this day; on a free day counting starts on the next that
    /// is not.
    pub fn after(&self, day: NaiveDate, count: u32) -> NaiveDate {
        let next = |day: NaiveDate| day.succ_opt().map_or(day, |next| self.on_or_after(next));
        (0..count).fold(self.on_or_after(day), |day, _| next(day))
    }

    /// The working day that lies `count` working days before this day; on a free day counting starts on the next that
    /// is not.
    pub fn before(&self, day: NaiveDate, count: u32) -> NaiveDate {
        let previous = |day: NaiveDate| {
            let mut days = (1..LONGEST_BREAK).filter_map(|less| day.checked_sub_days(Days::new(less)));
            days.find(|day| self.is_working_day(*day)).unwrap_or(day)
        };
        (0..count).fold(self.on_or_after(day), |day, _| previous(day))
    }

    fn holidays(&self, year: i32) -> BTreeSet<NaiveDate> {
        let dated = self.rules.iter().filter_map(|(when, moved)| Some((day_of(*when, year)?, *moved)));
        let mut dated: Vec<(NaiveDate, Moved)> = dated.collect();
        dated.sort_by_key(|(day, _)| *day);
        let mut days: BTreeSet<NaiveDate> = dated.iter().map(|(day, _)| *day).collect();
        for (day, moved) in dated {
            let leaves = match moved {
                Never => false,
                FromWeekend => is_weekend(day),
                FromSunday => day.weekday() == Weekday::Sun,
            };
            let mut later = (1..LONGEST_BREAK).filter_map(|more| day.checked_add_days(Days::new(more)));
            let free = |day: &NaiveDate| !days.contains(day) && (moved == FromSunday || !is_weekend(*day));
            if let Some(instead) = later.find(free).filter(|_| leaves) {
                days.insert(instead);
            }
        }
        if self.bridges {
            let is_next =
                |day: &NaiveDate| day.checked_add_days(Days::new(2)).is_some_and(|d| days.contains(&d));
            let between: Vec<NaiveDate> =
                days.iter().filter(|day| is_next(day)).filter_map(NaiveDate::succ_opt).collect();
            days.extend(between);
        }
        days
    }
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

fn day_of(when: When, year: i32) -> Option<NaiveDate> {
    match when {
        On(month, day) => NaiveDate::from_ymd_opt(year, month, day),
        Nth(month, weekday, nth) => NaiveDate::from_weekday_of_month_opt(year, month, weekday, nth),
        Last(month, weekday) => {
            let fifth = NaiveDate::from_weekday_of_month_opt(year, month, weekday, 5);
            fifth.or_else(|| NaiveDate::from_weekday_of_month_opt(year, month, weekday, 4))
        }
        Easter(days) => easter(year)?.checked_add_signed(chrono::TimeDelta::days(days)),
        Spring => equinox(year, 3, 20_843_100),
        Autumn => equinox(year, 9, 23_248_800),
    }
}

/// Easter Sunday of the Gregorian calendar, after Meeus, Jones and Butcher.
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e, f) = (b / 4, b % 4, (b + 8) / 25);
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(sum / 31).ok()?, u32::try_from(sum % 31 + 1).ok()?)
}

/// The usual approximation, good from 1980 to 2099: the day of the month in 1980, in millionths, and what each year adds
/// to it.
fn equinox(year: i32, month: u32, in_1980: i64) -> Option<NaiveDate> {
    let since = i64::from(year) - 1980;
    let day = (in_1980 + 242_194 * since) / 1_000_000 - since.div_euclid(4);
    NaiveDate::from_ymd_opt(year, month, u32::try_from(day).ok()?)
}

/// The day of this number in the month of `within`; its last day where the month is too short.
pub fn day_in_month(within: NaiveDate, day: u32) -> NaiveDate {
    within.with_day(1).and_then(|first| recurrence::day_of_month(first, day)).unwrap_or(within)
}

/// The first day of this number, in months that lie `step` apart counted from that of `start`, that is not before `from`.
/// None at the end of the calendar.
pub fn next_in_months(start: NaiveDate, step: u32, day: u32, from: NaiveDate) -> Option<NaiveDate> {
    let first = start.with_day(1)?;
    let gone = (from.year() - first.year()) * 12 + from.month0().cast_signed() - first.month0().cast_signed();
    let step = step.max(1);
    let steps = u32::try_from(gone.max(0)).ok()?.div_ceil(step);
    let at = |steps: u32| Some(day_in_month(first.checked_add_months(Months::new(steps * step))?, day));
    at(steps).filter(|found| *found >= from).or_else(|| at(steps.checked_add(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn free(market: &str, year: i32) -> Vec<String> {
        of(market).holidays(year).into_iter().map(|day| day.format("%m-%d").to_string()).collect()
    }

    #[test]
    fn easter_is_where_the_almanac_has_it() {
        for day in ["1961-04-02", "2008-03-23", "2024-03-31", "2025-04-20", "2026-04-05", "2038-04-25"] {
            assert_eq!(easter(date(day).year()), Some(date(day)));
        }
    }

    #[test]
    fn british_holidays_at_weekends_come_later() {
        assert_eq!(
            free("gb", 2026),
            ["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-26", "12-28"]
        );
        // Christmas on a Saturday: Monday and Tuesday are free instead.
        assert!(free("gb", 2021).ends_with(&["12-27".into(), "12-28".into()]));
        assert!(free("gb", 2022).contains(&"12-27".to_owned()), "Christmas on a Sunday, after Boxing Day");
        assert!(free("gb", 2022).contains(&"01-03".to_owned()));
    }

    #[test]
    fn japan_has_substitutes_and_bridges() {
        let days = free("jp", 2026);
        for day in ["03-20", "05-06", "09-21", "09-22", "09-23", "12-31"] {
            assert!(days.contains(&day.to_owned()), "{day}: {days:?}");
        }
        assert!(free("jp", 2024).contains(&"02-12".to_owned()), "a Monday after a Sunday");
        assert!(
            free("jp", 2024).contains(&"09-22".to_owned()) && free("jp", 2024).contains(&"09-23".to_owned())
        );
        assert!(
            free("jp", 2025).contains(&"03-20".to_owned()) && free("jp", 2025).contains(&"09-23".to_owned())
        );
    }

    #[test]
    fn american_saturdays_are_lost_and_sundays_are_not() {
        assert!(!free("us", 2026).contains(&"07-03".to_owned()), "the Fourth is a Saturday");
        assert!(free("us", 2027).contains(&"07-05".to_owned()), "the Fourth is a Sunday");
        assert!(free("us", 2026).contains(&"11-26".to_owned()));
        assert!(free("au", 2026).contains(&"06-08".to_owned()));
        assert_eq!(free("de", 2026), ["01-01", "04-03", "04-06", "05-01", "12-25", "12-26"]);
    }

    #[test]
    fn working_days_are_counted_over_free_ones() {
        let gb = of("gb");
        assert_eq!(gb.on_or_after(date("2026-12-25")), date("2026-12-29"));
        assert_eq!(gb.after(date("2026-04-02"), 1), date("2026-04-07"), "over Easter");
        assert_eq!(gb.before(date("2026-04-07"), 1), date("2026-04-02"));
        assert_eq!(gb.after(date("2026-04-04"), 0), date("2026-04-07"));
        assert_eq!(of("mars").on_or_after(date("2026-12-25")), date("2026-12-25"));
    }

    #[test]
    fn the_31st_is_the_last_day_of_short_months() {
        assert_eq!(day_in_month(date("2028-02-10"), 31), date("2028-02-29"));
        let next = |step, day, from: &str| next_in_months(date("2026-01-15"), step, day, date(from));
        assert_eq!(next(1, 31, "2026-02-01"), Some(date("2026-02-28")));
        assert_eq!(next(1, 31, "2026-03-01"), Some(date("2026-03-31")));
        assert_eq!(next(3, 5, "2026-01-06"), Some(date("2026-04-05")));
        assert_eq!(next(1, 5, "2025-11-20"), Some(date("2026-01-05")), "never before its start month");
    }

    proptest! {
        #[test]
        fn days_found_are_working_days_and_back_again(
            market in prop::sample::select(vec!["gb", "de", "jp", "au", "us"]), more in 0u64..30_000, count in 0u32..12,
        ) {
            let (calendar, day) = (of(market), date("2000-01-01") + Days::new(more));
            let after = calendar.after(day, count);
            prop_assert!(calendar.is_working_day(after) && after >= day);
            prop_assert_eq!(calendar.before(after, count), calendar.on_or_after(day));
        }
    }
}
