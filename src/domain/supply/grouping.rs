//! Energy by hours, days, weeks and so on of a time zone.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Offset, TimeDelta, Utc};
use chrono_tz::Tz;

use super::interval::Interval;
use crate::platform::market::start_of_day;

/// The size of the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// So many minutes of the local day, which divide an hour.
    Minutes(i64),
    /// Local days, of 23, 24 or 25 hours.
    Day,
    /// Weeks, which begin on Monday.
    Week,
    /// So many months, counted from January.
    Months(u32),
}

impl Grouping {
    /// Each half-hour.
    pub const HALF_HOUR: Self = Self::Minutes(30);
    /// Each hour.
    pub const HOUR: Self = Self::Minutes(60);
    /// Each month.
    pub const MONTH: Self = Self::Months(1);
    /// Each quarter of a year.
    pub const QUARTER: Self = Self::Months(3);

    /// Where the group that holds a moment ends: always after that moment.
    pub fn end_after(self, zone: Tz, moment: DateTime<Utc>) -> DateTime<Utc> {
        let local = moment.with_timezone(&zone);
        if let Self::Minutes(minutes) = self {
            let seconds = moment.timestamp() + i64::from(local.offset().fix().local_minus_utc());
            let size = (minutes * 60).max(60);
            let left = TimeDelta::seconds(size - seconds.rem_euclid(size));
            let whole = moment - TimeDelta::nanoseconds(i64::from(moment.timestamp_subsec_nanos()));
            return whole.checked_add_signed(left).unwrap_or(DateTime::<Utc>::MAX_UTC);
        }
        let end = self.next_day(local.date_naive()).map(|day| start_of_day(zone, day));
        end.filter(|end| *end > moment).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Where the group that holds a moment begins: at that moment or before it.
    pub fn start_before(self, zone: Tz, moment: DateTime<Utc>) -> DateTime<Utc> {
        let local = moment.with_timezone(&zone);
        if let Self::Minutes(minutes) = self {
            let seconds = moment.timestamp() + i64::from(local.offset().fix().local_minus_utc());
            let past = TimeDelta::seconds(seconds.rem_euclid((minutes * 60).max(60)));
            let whole = moment - TimeDelta::nanoseconds(i64::from(moment.timestamp_subsec_nanos()));
            return whole.checked_sub_signed(past).unwrap_or(moment);
        }
        start_of_day(zone, self.first_day(local.date_naive())).min(moment)
    }

    /// The first day of the group that holds a day.
    fn first_day(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Minutes(_) | Self::Day => day,
            Self::Week => {
                let past = Days::new(u64::from(day.weekday().num_days_from_monday()));
                day.checked_sub_days(past).unwrap_or(day)
            }
            Self::Months(months) => {
                let month = day.month0() - day.month0() % months.max(1);
                NaiveDate::from_ymd_opt(day.year(), month + 1, 1).unwrap_or(day)
            }
        }
    }

    /// The first day of the group after the one that holds a day.
    fn next_day(self, day: NaiveDate) -> Option<NaiveDate> {
        let first = self.first_day(day);
        match self {
            Self::Minutes(_) | Self::Day => first.succ_opt(),
            Self::Week => first.checked_add_days(Days::new(7)),
            Self::Months(months) => first.checked_add_months(Months::new(months.max(1))),
        }
    }
}

/// Sums intervals, which are in the order of time and do not overlap, into groups of which the first begins at `from` and
/// each other one where the one before it ends. Groups without any interval are left out. What lies in several groups is
/// divided evenly by time, so that the sum stays.
pub fn group(intervals: &[Interval], grouping: Grouping, zone: Tz, from: DateTime<Utc>) -> Vec<Interval> {
    let mut groups: Vec<Interval> = Vec::new();
    for interval in intervals {
        let mut at = interval.start.max(from);
        while at < interval.end {
            let fits = groups.last().is_some_and(|last| last.end > at);
            if !fits {
                let free = groups.last().map_or(from, |last| last.end.max(from));
                let start = grouping.start_before(zone, at).max(free);
                groups.push(Interval { start, end: grouping.end_after(zone, at), wh: 0 });
            }
            let Some(last) = groups.last_mut() else { break };
            let until = last.end.min(interval.end);
            last.wh += share(interval, until) - share(interval, at);
            at = until;
        }
    }
    groups
}

/// What had run of an interval by a moment within it.
fn share(interval: &Interval, by: DateTime<Utc>) -> i64 {
    let length = (interval.end - interval.start).num_seconds().max(1);
    match (by - interval.start).num_seconds() {
        ..=0 => 0,
        // Nearly all are whole, and dividing is slow.
        past if past >= length => interval.wh,
        past => {
            let share = i128::from(interval.wh) * i128::from(past) / i128::from(length);
            i64::try_from(share).unwrap_or(interval.wh)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ZONES: [Tz; 6] = [
        Tz::Europe__London,
        Tz::Australia__Lord_Howe,
        Tz::Asia__Kathmandu,
        Tz::America__New_York,
        Tz::America__Sao_Paulo,
        Tz::Asia__Tokyo,
    ];

    fn groupings() -> impl Strategy<Value = Grouping> {
        prop::sample::select(vec![
            Grouping::Minutes(15),
            Grouping::HALF_HOUR,
            Grouping::HOUR,
            Grouping::Day,
            Grouping::Week,
            Grouping::MONTH,
            Grouping::QUARTER,
        ])
    }

    fn moment(at: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(at)
    }

    fn half_hours(from: i64, wh: &[i64]) -> Vec<Interval> {
        let begin = |place: usize| moment((from + place as i64) * 1800);
        wh.iter()
            .enumerate()
            .map(|(n, wh)| Interval { start: begin(n), end: begin(n + 1), wh: *wh })
            .collect()
    }

    proptest! {
        #[test]
        fn regrouping_keeps_the_sum_and_tiles_the_period(
            from in 500_000i64..1_200_000, wh in prop::collection::vec(0i64..5_000, 1..2_000),
            first in groupings(), second in groupings(), zone in prop::sample::select(ZONES.to_vec()),
        ) {
            let intervals = half_hours(from, &wh);
            let start = intervals[0].start;
            let groups = group(&intervals, first, zone, start);
            prop_assert_eq!(groups.iter().map(|g| g.wh).sum::<i64>(), wh.iter().sum::<i64>());
            prop_assert_eq!(groups[0].start, start);
            prop_assert!(groups.windows(2).all(|pair| pair[0].end == pair[1].start));
            prop_assert!(groups.iter().all(|g| g.start < g.end));
            prop_assert!(groups.last().is_some_and(|g| g.end >= intervals[intervals.len() - 1].end));
            let again = group(&groups, second, zone, start);
            prop_assert_eq!(again.iter().map(|g| g.wh).sum::<i64>(), wh.iter().sum::<i64>());
            prop_assert!(again.windows(2).all(|pair| pair[0].end == pair[1].start));
        }

        #[test]
        fn a_moment_lies_in_its_group(
            at in 900_000_000i64..2_000_000_000, grouping in groupings(),
            zone in prop::sample::select(ZONES.to_vec()),
        ) {
            let at = moment(at);
            let (start, end) = (grouping.start_before(zone, at), grouping.end_after(zone, at));
            prop_assert!(start <= at && at < end);
            prop_assert!(grouping.end_after(zone, start) <= end);
        }
    }

    #[test]
    fn days_have_as_many_hours_as_the_clock_says() {
        let zone = Tz::Europe__London;
        let hours = |day: &str| {
            let start = start_of_day(zone, day.parse().expect("a day"));
            (Grouping::Day.end_after(zone, start) - start).num_hours()
        };
        assert_eq!(["2024-03-30", "2024-03-31", "2024-10-27"].map(hours), [24, 23, 25]);
    }

    #[test]
    fn groups_begin_where_the_calendar_does() {
        let zone = Tz::Europe__London;
        // Thursday, 27 March 2025, a quarter past ten.
        let at: DateTime<Utc> = "2025-03-27T10:15:00Z".parse().expect("a moment");
        let starts = [Grouping::HOUR, Grouping::Day, Grouping::Week, Grouping::MONTH, Grouping::QUARTER];
        let starts = starts.map(|grouping| grouping.start_before(zone, at).to_rfc3339());
        let expected = ["2025-03-27T10", "2025-03-27T00", "2025-03-24T00", "2025-03-01T00", "2025-01-01T00"];
        assert_eq!(starts, expected.map(|text| format!("{text}:00:00+00:00")));
        let ends = Grouping::Week.end_after(zone, at).to_rfc3339();
        assert_eq!(ends, "2025-03-30T23:00:00+00:00", "clocks change on that Sunday");
    }
}
