//! What homes use and roofs give, half-hour by half-hour, as it would be measured: a plain function of a seed, the point
//! and the day. Integers alone, so that it is the same everywhere.

use chrono::{Datelike, NaiveDate, Timelike};
use chrono_tz::Tz;

use crate::domain::seed::draw::Draw;
use crate::platform::market;

/// What a year's energy is spread by over the months, in thousandths of the mean; twelve thousand together.
type Seasons = [u64; 12];
/// What a day's energy is spread by over its half-hours.
type Shape = [u64; 48];

const COOL_SUMMERS: Seasons = [1180, 1130, 1050, 970, 910, 880, 870, 880, 920, 990, 1080, 1140];
const HOT_SUMMERS: Seasons = [1000, 900, 800, 750, 850, 1150, 1400, 1450, 1200, 900, 750, 850];
const HEATED_AND_COOLED: Seasons = [1200, 1150, 1000, 850, 800, 850, 1100, 1250, 1050, 850, 850, 1050];
const HEATING: Seasons = [1950, 1800, 1500, 1050, 600, 330, 270, 270, 420, 890, 1320, 1600];
const SUN: Seasons = [250, 430, 880, 1330, 1650, 1780, 1720, 1500, 1120, 740, 370, 230];

/// A base load, people getting up, and an evening at home.
const HOME: Shape = [
    24, 22, 21, 20, 20, 20, 20, 20, 21, 22, 25, 31, 42, 55, 63, 62, 54, 46, 41, 39, 38, 37, 38, 41, 44, 42,
    39, 37, 36, 37, 40, 46, 56, 70, 84, 92, 94, 90, 84, 78, 72, 66, 60, 53, 46, 39, 33, 28,
];
/// The same on a day without work.
const HOME_AT_LEISURE: Shape = [
    27, 25, 23, 21, 20, 20, 20, 20, 20, 21, 22, 24, 28, 35, 44, 54, 62, 66, 66, 64, 61, 59, 60, 63, 65, 63,
    59, 55, 53, 52, 54, 58, 64, 72, 81, 87, 88, 85, 80, 75, 70, 65, 60, 54, 48, 41, 35, 30,
];
/// A shop or an office.
const BUSINESS: Shape = [
    20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 21, 23, 28, 36, 48, 62, 76, 86, 92, 95, 96, 96, 95, 93, 90, 91,
    93, 94, 94, 92, 88, 81, 72, 61, 50, 41, 34, 29, 26, 24, 23, 22, 21, 20, 20, 20, 20, 20,
];
/// Heating and hot water.
const BOILER: Shape = [
    8, 8, 8, 8, 8, 8, 8, 8, 10, 14, 26, 48, 72, 84, 80, 66, 50, 40, 34, 30, 28, 27, 27, 28, 28, 27, 26, 26,
    28, 32, 40, 52, 66, 78, 84, 84, 80, 74, 68, 62, 56, 48, 38, 28, 20, 14, 10, 9,
];

/// A point, as far as what runs through it is concerned.
#[derive(Clone, Debug)]
pub struct Profile {
    /// What all chance follows from: a seed and the point.
    pub seed: u64,
    /// `gb`, `de`, `jp`, `au` or `us`.
    pub market: String,
    /// Whether it is gas.
    pub is_gas: bool,
    /// Whether energy runs out of the property: from its roof.
    pub is_export: bool,
    /// Whether its load profile is that of a business.
    pub is_business: bool,
    /// Energy of a year, in Wh.
    pub annual_wh: i64,
}

/// The seed of a point, from what its market calls it.
pub fn seed_of(seed: u64, market_name: &str, identifier: &str) -> u64 {
    let letters = market_name.bytes().chain(identifier.bytes());
    // FNV-1a.
    letters.fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Whether a market's name for a load profile is that of a business.
pub fn is_business(load_profile: Option<&str>) -> bool {
    // German profiles of trade begin with G, British ones of businesses are numbered from three.
    load_profile.is_some_and(|name| {
        name.starts_with('G') || name.starts_with("BUS") || matches!(name, "3" | "4" | "03" | "04")
    })
}

impl Profile {
    /// What a local day takes together, in Wh.
    pub fn day_wh(&self, day: NaiveDate) -> i64 {
        let mut draw = Draw::from(&[self.seed, days(day)]);
        let (least, most) = match (self.is_export, self.is_gas) {
            (true, _) => (250, 1750),
            (false, true) => (780, 1220),
            (false, false) => (820, 1180),
        };
        let chance = draw.between(least, most);
        let season = i64::try_from(self.season(day)).unwrap_or(1000);
        let usual = i128::from(self.annual_wh) * i128::from(season) * i128::from(self.weekday(day));
        let wh = usual * i128::from(chance) / (365 * 1_000_000_000);
        i64::try_from(wh).unwrap_or(0)
    }

    /// Energy of each entry of a local day, in Wh, with as many entries of so many minutes as the day has; together what
    /// the day takes.
    pub fn entries(&self, day: NaiveDate, minutes: i16) -> Vec<i32> {
        let shape = self.shape(day);
        let step = i64::from(minutes.max(1));
        let count = super::intervals::length(&self.market, day, minutes);
        let is_usual = count as i64 * step == 1440;
        let begins = super::intervals::beginning(&self.market, day);
        let zone = market::by_code(&self.market).map_or(Tz::UTC, market::Market::time_zone);
        let mut draw = Draw::from(&[self.seed, days(day), 1]);
        let mut weight = |place: usize| {
            let minute = place as i64 * step;
            let minute = if is_usual {
                minute
            } else {
                let local = (begins + chrono::TimeDelta::minutes(minute)).with_timezone(&zone);
                i64::from(local.hour() * 60 + local.minute())
            };
            let half_hour = usize::try_from(minute / 30).unwrap_or(0).min(47);
            shape[half_hour] * (600 + draw.below(800))
        };
        let weights: Vec<u64> = (0..count).map(&mut weight).collect();
        divide(self.day_wh(day), &weights)
    }

    fn season(&self, day: NaiveDate) -> u64 {
        let seasons = match (self.is_export, self.is_gas, self.market.as_str()) {
            (true, ..) => SUN,
            (_, true, _) => HEATING,
            (_, _, "jp") => HEATED_AND_COOLED,
            (_, _, "us" | "au") => HOT_SUMMERS,
            _ => COOL_SUMMERS,
        };
        // Half a year later in the south. Between the middles of two months it changes day by day.
        let shift = if self.market == "au" { 6 } else { 0 };
        let (month, day) = (day.month0() as usize + shift, u64::from(day.day()));
        let of = |month: usize| seasons[month % 12];
        if day >= 15 {
            (of(month) * (45 - day.min(45)) + of(month + 1) * (day - 15)) / 30
        } else {
            (of(month) * (15 + day) + of(month + 11) * (15 - day)) / 30
        }
    }

    fn weekday(&self, day: NaiveDate) -> i64 {
        let is_weekend = day.weekday().number_from_monday() > 5;
        match (self.is_export || self.is_gas, self.is_business, is_weekend) {
            (true, false, _) => 1000,
            (_, true, true) => 400,
            (_, true, false) => 1240,
            (_, false, true) => 1080,
            (_, false, false) => 968,
        }
    }

    fn shape(&self, day: NaiveDate) -> Shape {
        let is_weekend = day.weekday().number_from_monday() > 5;
        match (self.is_export, self.is_gas, self.is_business) {
            (true, ..) => sunshine(self.season(day)),
            (_, _, true) => BUSINESS,
            (_, true, _) => BOILER,
            _ if is_weekend => HOME_AT_LEISURE,
            _ => HOME,
        }
    }
}

/// Around noon, longer the more sun there is; nothing at night.
fn sunshine(season: u64) -> Shape {
    let half = (8 + season * 8 / 1780).min(17) as i64;
    let mut shape = [0; 48];
    for (place, weight) in shape.iter_mut().enumerate() {
        let away = (place as i64 - 25).abs();
        if away < half {
            *weight = u64::try_from(half * half - away * away).unwrap_or(0);
        }
    }
    shape
}

/// Divides a whole by weights; the parts add up to it.
pub(super) fn divide(whole: i64, weights: &[u64]) -> Vec<i32> {
    let all: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    let whole = u128::try_from(whole).unwrap_or(0);
    let (mut before, mut sum) = (0, 0_u128);
    let part = |weight: &u64| {
        sum += u128::from(*weight);
        let by_now = whole * sum / all.max(1);
        let part = by_now - before;
        before = by_now;
        i32::try_from(part).unwrap_or(i32::MAX)
    };
    weights.iter().map(part).collect()
}

/// A number for a day.
pub(super) fn days(day: NaiveDate) -> u64 {
    u64::try_from(day.to_epoch_days()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(market: &str) -> Profile {
        Profile {
            seed: seed_of(7, "GBR_ELECTRICITY", "1900000000001"),
            market: market.to_owned(),
            is_gas: false,
            is_export: false,
            is_business: false,
            annual_wh: 3_000_000,
        }
    }

    fn year(profile: &Profile) -> i64 {
        let first = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap_or_default();
        first.iter_days().take(365).map(|day| profile.day_wh(day)).sum()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn a_year_is_about_what_is_expected() {
        for seasons in [COOL_SUMMERS, HOT_SUMMERS, HEATED_AND_COOLED, HEATING, SUN] {
            assert_eq!(seasons.iter().sum::<u64>(), 12_000);
        }
        for market in ["gb", "de", "jp", "au", "us"] {
            let home = profile(market);
            let gas = Profile { is_gas: true, ..home.clone() };
            let roof = Profile { is_export: true, ..home.clone() };
            let shop = Profile { is_business: true, ..home.clone() };
            for each in [home, gas, roof, shop] {
                let year = year(&each);
                assert!((2_700_000..3_300_000).contains(&year), "{each:?} {year}");
            }
        }
    }

    #[test]
    fn entries_are_the_day_and_always_the_same() {
        for on in ["2025-01-15", "2025-03-30", "2025-10-26"] {
            for minutes in [15, 30] {
                let entries = profile("gb").entries(day(on), minutes);
                assert_eq!(entries.len(), super::super::intervals::length("gb", day(on), minutes));
                let sum: i64 = entries.iter().map(|wh| i64::from(*wh)).sum();
                assert_eq!(sum, profile("gb").day_wh(day(on)));
                assert_eq!(entries, profile("gb").entries(day(on), minutes));
            }
        }
    }

    #[test]
    fn evenings_are_busy_and_roofs_sleep() {
        let entries = profile("gb").entries(day("2025-01-15"), 30);
        let (night, evening): (i32, i32) = (entries[4..10].iter().sum(), entries[34..40].iter().sum());
        assert!(evening > 2 * night, "{night} {evening}");
        let roof = Profile { is_export: true, ..profile("gb") }.entries(day("2025-06-15"), 30);
        assert!(roof[..6].iter().all(|wh| *wh == 0) && roof[24] > 0);
    }

    #[test]
    fn businesses_are_known_by_their_profile() {
        assert!(is_business(Some("G1")) && is_business(Some("03")));
        assert!(!is_business(Some("H0")) && !is_business(Some("1")) && !is_business(None));
    }
}
