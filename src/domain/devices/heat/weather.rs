//! The weather outside, as it could be: what the months bring, days that differ, and nights that are colder.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use chrono_tz::Tz;

/// Thousandths of a degree Celsius in the middle of each month, by market.
const MONTHS: [(&str, [i64; 12]); 5] = [
    ("gb", [5_000, 5_200, 6_900, 9_300, 12_400, 15_300, 17_400, 17_200, 14_700, 11_300, 7_800, 5_500]),
    ("de", [1_000, 2_000, 5_500, 9_800, 14_200, 17_400, 19_300, 19_000, 14_800, 10_000, 5_200, 2_000]),
    ("jp", [5_400, 6_100, 9_400, 14_300, 18_800, 21_900, 25_700, 26_900, 23_300, 18_000, 12_500, 7_700]),
    ("au", [20_500, 20_700, 18_500, 15_400, 12_500, 10_200, 9_700, 10_600, 12_600, 14_700, 16_800, 18_800]),
    ("us", [10_500, 12_600, 16_700, 20_600, 24_700, 28_200, 29_600, 29_700, 26_400, 21_300, 15_600, 11_400]),
];

/// What the hour of the day adds.
const HOURS: [i64; 24] = [
    -2_400, -2_700, -3_000, -3_200, -3_300, -3_300, -3_000, -2_300, -1_300, -200, 900, 1_900, 2_700, 3_200,
    3_400, 3_300, 2_900, 2_200, 1_400, 600, -200, -900, -1_500, -2_000,
];

/// How much warmer or colder a day is than it could be expected to be: at most four degrees.
fn mood(day: NaiveDate) -> i64 {
    let mut seed = u64::try_from(i64::from(day.num_days_from_ce())).unwrap_or(0);
    seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    i64::try_from((seed ^ (seed >> 31)) % 8_001).unwrap_or(0) - 4_000
}

fn between(from: i64, to: i64, part: i64, whole: i64) -> i64 {
    from + (to - from) * part / whole.max(1)
}

/// What the time of the year lets expect.
fn season(months: &[i64; 12], day: NaiveDate) -> i64 {
    let month = usize::try_from(day.month0()).unwrap_or(0);
    let (day, half) = (i64::from(day.day()), 15);
    if day < half {
        between(months[(month + 11) % 12], months[month], day + half, 30)
    } else {
        between(months[month], months[(month + 1) % 12], day - half, 30)
    }
}

/// The temperature outside, in thousandths of a degree Celsius.
pub fn outdoor(market: &str, zone: Tz, at: DateTime<Utc>) -> i64 {
    let months = MONTHS.iter().find(|(name, _)| *name == market).map_or(&MONTHS[0].1, |(_, months)| months);
    let local = at.with_timezone(&zone);
    let (day, second) = (local.date_naive(), i64::from(local.num_seconds_from_midnight()));
    let tomorrow = day.succ_opt().unwrap_or(day);
    let mood = between(mood(day), mood(tomorrow), second, 86_400);
    let hour = usize::try_from(second / 3600).unwrap_or(0).min(23);
    let of_hour = between(HOURS[hour], HOURS[(hour + 1) % 24], second % 3600, 3600);
    between(season(months, day), season(months, tomorrow), second, 86_400) + mood + of_hour
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn it_is_never_absurd_and_never_jumps() {
        let mut at: DateTime<Utc> = "2025-01-01T00:00:00Z".parse().expect("a moment");
        let mut last = outdoor("gb", Tz::Europe__London, at);
        for _ in 0..365 * 24 {
            at += TimeDelta::hours(1);
            let now = outdoor("gb", Tz::Europe__London, at);
            assert!((-6_000..30_000).contains(&now), "{at}: {now}");
            // Clocks that are put on skip an hour of the day.
            assert!((now - last).abs() < 3_500, "{at}: {last} {now}");
            last = now;
        }
        let noon = |market, text: &str| outdoor(market, Tz::UTC, text.parse().expect("a moment"));
        assert!(noon("gb", "2026-01-15T12:00:00Z") < noon("gb", "2026-07-15T12:00:00Z"));
        assert!(noon("au", "2026-01-15T12:00:00Z") > noon("au", "2026-07-15T12:00:00Z"));
    }
}
