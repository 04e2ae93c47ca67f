//! The markets whose prices some products follow: a day ahead, half-hour by half-hour, and month by month for fuel.
//! The built-in one is made of rules: it behaves over time as a market does, and says the same for the same day.

use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Timelike, Utc};
use rust_decimal::Decimal;

use super::bands::half_hours;
use super::catalogue::Monthly;
use crate::platform::market::Market;

/// The market does not answer for the moment; asking again later helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// Something that publishes prices.
pub trait DayAhead: Send + Sync {
    /// The prices of each half-hour of a local day, net, in ten-thousandths of a minor unit a kWh; none while they are not
    /// published.
    ///
    /// # Errors
    /// The market does not answer.
    fn prices(
        &self,
        market: &Market,
        day: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<i32>>, Unavailable>;

    /// What fuel adds to a kWh in a region in the month that begins on a day; none while it is not published.
    ///
    /// # Errors
    /// The market does not answer.
    fn fuel(
        &self,
        region: &str,
        shape: &Monthly,
        month: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<Option<Decimal>, Unavailable>;
}

/// A market made of rules. It publishes a day's prices between four and six in the afternoon of the day before, and a month's
/// fuel costs on the 27th of the month but one before; one in twenty times that it is asked it does not answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulator {
    /// What sets one world's prices apart from another's.
    pub seed: u64,
}

/// Permille of the day's mean in each half-hour of the local clock: a low night, a morning and an evening peak.
const SHAPE: [i64; 48] = [
    820, 800, 770, 750, 730, 720, 710, 710, 720, 740, 790, 850, 960, 1060, 1150, 1190, 1170, 1110, 1050,
    1010, 980, 960, 940, 930, 920, 910, 910, 920, 950, 990, 1050, 1130, 1260, 1370, 1460, 1490, 1470, 1400,
    1300, 1200, 1120, 1060, 1020, 980, 950, 920, 880, 850,
];
/// Permille of the year's mean in each month.
const SEASON: [i64; 12] = [1240, 1190, 1060, 940, 860, 830, 850, 860, 930, 1010, 1120, 1200];
/// Permille of the mean that the sun takes off at noon in each month.
const SUN: [i64; 12] = [40, 90, 180, 300, 420, 480, 470, 400, 270, 150, 60, 30];

impl Simulator {
    /// A number from 0 to 1999 that is always the same for the same thing.
    fn draw(&self, parts: &[i64]) -> i64 {
        // SplitMix64, once for each part.
        let mut state = self.seed;
        for part in parts {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ part.cast_unsigned();
            state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            state ^= state >> 31;
        }
        i64::try_from(state % 2000).unwrap_or_default()
    }

    fn answers(&self, parts: &[i64]) -> Result<(), Unavailable> {
        if self.draw(parts) < 100 { Err(Unavailable) } else { Ok(()) }
    }

    /// Ten-thousandths of a minor unit for the half-hour that begins at a local time.
    fn price(&self, mean: i64, zone: i64, day: NaiveDate, slot: usize) -> i32 {
        let date = i64::from(day.num_days_from_ce());
        let month = day.month0() as usize;
        let at = |table: &[i64], place: usize| table.get(place).copied().unwrap_or(1000);
        let weekend = if day.weekday().number_from_monday() > 5 { 880 } else { 1000 };
        // Wind: what a whole day is up or down by.
        let level = mean * at(&SEASON, month) / 1000 * weekend / 1000
            * (600 + self.draw(&[zone, date, 90]) * 2 / 5)
            / 1000;
        let number = i64::try_from(slot).unwrap_or_default();
        let noise = 930 + self.draw(&[zone, date, number]) * 7 / 100;
        let shaped = level * at(&SHAPE, slot) / 1000 * noise / 1000;
        // The sun shines from eight to five, most at half past twelve.
        let height = (9 - (number - 25).abs()).max(0);
        let clear = self.draw(&[zone, date, 91]);
        let sun = mean * at(&SUN, month) / 1000 * height / 9 * clear / 800;
        i32::try_from(shaped - sun).unwrap_or_default()
    }
}

impl DayAhead for Simulator {
    fn prices(
        &self,
        market: &Market,
        day: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<Option<Vec<i32>>, Unavailable> {
        let (zone, mean) = match market.code.as_str() {
            "gb" => (1, 75_000),
            "de" => (2, 80_000),
            "jp" => (3, 110_000),
            "au" => (4, 90_000),
            _ => (5, 40_000),
        };
        let date = i64::from(day.num_days_from_ce());
        let late = TimeDelta::minutes(self.draw(&[zone, date, 92]) * 6 / 100);
        let begins = market.start_of(day);
        if now < begins - TimeDelta::hours(8) + late {
            return Ok(None);
        }
        if now < begins {
            self.answers(&[zone, date, now.timestamp() / 600])?;
        }
        let end = market.start_of(day.succ_opt().unwrap_or(day));
        let slots = half_hours(begins, end).map(|(start, _)| {
            let local = start.with_timezone(&market.time_zone());
            (local.hour() * 2 + local.minute() / 30) as usize
        });
        Ok(Some(slots.map(|slot| self.price(mean, zone, day, slot)).collect()))
    }

    fn fuel(
        &self,
        region: &str,
        shape: &Monthly,
        month: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<Option<Decimal>, Unavailable> {
        let known_from = month.checked_sub_months(Months::new(2)).and_then(|first| first.with_day(27));
        if known_from.is_none_or(|day| now.date_naive() < day) {
            return Ok(None);
        }
        let place = region.bytes().fold(0_i64, |sum, byte| sum * 7 + i64::from(byte));
        let months = i64::from(month.year()) * 12 + i64::from(month.month0());
        // Fuel gets dearer and cheaper over two years, a little differently in each region.
        let wave = (months % 24 - 12).abs() * 1000 / 6 - 1000;
        let share = wave * 4 / 5 + self.draw(&[place, months]) / 10 - 100;
        Ok(Some((shape.mean + shape.swing * Decimal::new(share, 3)).round_dp(2)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::market;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    #[test]
    fn prices_come_in_the_afternoon_before_and_stay_as_they_are() {
        let (simulator, gb) = (Simulator::default(), market::by_code("gb").expect("a market"));
        let on = |now: &str| simulator.prices(gb, day("2026-11-20"), at(now));
        assert_eq!(on("2026-11-19T15:30:00Z"), Ok(None));
        let later = on("2026-12-01T00:00:00Z").expect("an answer").expect("prices");
        assert_eq!(later.len(), 48);
        assert_eq!(on("2026-11-21T00:00:00Z"), Ok(Some(later)));
    }

    #[test]
    fn days_of_changing_clocks_have_an_hour_less_or_more() {
        let (simulator, gb) = (Simulator::default(), market::by_code("gb").expect("a market"));
        let count = |on: &str| {
            let prices = simulator.prices(gb, day(on), at("2027-01-01T00:00:00Z"));
            prices.expect("an answer").map(|prices| prices.len())
        };
        assert_eq!(count("2026-03-29"), Some(46));
        assert_eq!(count("2026-10-25"), Some(50));
    }

    #[test]
    fn evenings_are_dear_winters_too_and_some_summer_noons_cost_nothing() {
        let (simulator, gb) = (Simulator::default(), market::by_code("gb").expect("a market"));
        let mut all = Vec::new();
        for date in day("2026-01-01").iter_days().take(365) {
            let prices =
                simulator.prices(gb, date, at("2027-06-01T00:00:00Z")).expect("an answer").expect("prices");
            let noon = prices.get(24).copied().unwrap_or_default();
            let evening = prices.get(35).copied().unwrap_or_default();
            all.push((date, prices.iter().map(|p| i64::from(*p)).sum::<i64>() / 48, noon, evening));
        }
        assert!(all.iter().filter(|(_, mean, _, evening)| i64::from(*evening) > *mean).count() > 350);
        assert!(all.iter().any(|(_, _, noon, _)| *noon < 0));
        let mean = |month: u32| {
            let of: Vec<i64> =
                all.iter().filter(|(day, ..)| day.month() == month).map(|each| each.1).collect();
            of.iter().sum::<i64>() / i64::try_from(of.len()).unwrap_or(1)
        };
        assert!(mean(1) > mean(6));
        assert!(all.iter().all(|(_, mean, ..)| (0..300_000).contains(mean)));
    }

    #[test]
    fn the_market_fails_to_answer_now_and_then() {
        let (simulator, gb) = (Simulator::default(), market::by_code("gb").expect("a market"));
        let tries = (0..400).map(|minutes| {
            let now = at("2026-11-19T18:30:00Z") + TimeDelta::minutes(minutes % 300);
            simulator.prices(gb, day("2026-11-20"), now).is_err()
        });
        let failed = tries.filter(|failed| *failed).count();
        assert!(failed < 200, "{failed}");
    }

    #[test]
    fn fuel_is_known_two_months_ahead() {
        let shape = Monthly { mean: Decimal::new(-62, 1), swing: Decimal::new(24, 1) };
        let on = |now: &str| Simulator::default().fuel("03", &shape, day("2026-11-01"), at(now));
        assert_eq!(on("2026-09-26T00:00:00Z"), Ok(None));
        let known = on("2026-09-27T00:00:00Z").expect("an answer").expect("a price");
        assert!((Decimal::from(-9)..Decimal::from(-3)).contains(&known), "{known}");
    }
}
