//! Billing periods by the calendar: half-open spans of local days.

use chrono::{Datelike, Months, NaiveDate};

/// A period: its first day, and the day after its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: NaiveDate,
    /// The first day of the next period.
    pub to: NaiveDate,
}

/// When periods begin. They begin on the anchor's day of the month, or on the month's last day where it is shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    /// The first day of some period.
    pub anchor: NaiveDate,
    /// Months in a period; more than zero.
    pub months: u32,
}

impl Rhythm {
    /// Periods of so many units, `MONTHLY` or `QUARTERLY`.
    pub fn new(anchor: NaiveDate, period_length: &str, multiplier: i32) -> Self {
        let unit = if period_length == "QUARTERLY" { 3 } else { 1 };
        Self { anchor, months: u32::try_from(multiplier).unwrap_or(1).saturating_mul(unit) }
    }

    /// The period that a day is in. Days before the anchor are in the first one.
    pub fn around(self, day: NaiveDate) -> Period {
        let months = self.months.max(1);
        let elapsed =
            (day.year() - self.anchor.year()) * 12 + day.month0() as i32 - self.anchor.month0() as i32;
        let mut turn = u32::try_from(elapsed).unwrap_or(0) / months;
        // Within the month of a boundary the day decides.
        if turn > 0 && self.start(turn) > day {
            turn -= 1;
        }
        Period { from: self.start(turn), to: self.start(turn + 1) }
    }

    fn start(self, turn: u32) -> NaiveDate {
        let months = Months::new(self.months.max(1).saturating_mul(turn));
        self.anchor.checked_add_months(months).unwrap_or(NaiveDate::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Days;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn short_months_end_periods_early() {
        let monthly = Rhythm { anchor: day("2024-01-31"), months: 1 };
        for (on, from, to) in [
            ("2024-01-31", "2024-01-31", "2024-02-29"),
            ("2024-02-28", "2024-01-31", "2024-02-29"),
            ("2024-02-29", "2024-02-29", "2024-03-31"),
            ("2024-04-30", "2024-04-30", "2024-05-31"),
            ("2023-06-01", "2024-01-31", "2024-02-29"),
        ] {
            assert_eq!(monthly.around(day(on)), Period { from: day(from), to: day(to) }, "{on}");
        }
        let quarterly = Rhythm { anchor: day("2024-02-29"), months: 3 };
        assert_eq!(quarterly.around(day("2025-02-28")).from, day("2025-02-28"));
        assert_eq!(quarterly.around(day("2025-02-27")).from, day("2024-11-29"));
    }

    proptest! {
        #[test]
        fn periods_tile_the_calendar(start in 0u64..2000, after in 0u64..4000, months in 1u32..13) {
            let anchor = day("2020-01-01") + Days::new(start);
            let rhythm = Rhythm { anchor, months };
            let on = anchor + Days::new(after);
            let period = rhythm.around(on);
            prop_assert!(period.from <= on && on < period.to);
            prop_assert_eq!(rhythm.around(period.to).from, period.to);
            prop_assert_eq!(rhythm.around(period.from), period);
        }
    }
}
