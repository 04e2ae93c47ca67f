//! Simulated displays in homes. They see what the simulated data services are told later, and keep no books either: what they
//! tell follows from a seed, the point and the time. Once in a while their service does not answer for a quarter of an hour.

use chrono::{DateTime, NaiveDate, Utc};

use super::display::{Counted, Displays, TICK};
use super::feed::Unavailable;
use super::profiles::{self, Profile, divide};
use super::simulated_feed;
use crate::domain::seed::draw::Draw;

/// In how many of a thousand quarters of an hour the service does not answer.
const OUT: u64 = 3;
/// What chance is drawn about.
const OUTAGE: u64 = 6;
const APPLIANCES: u64 = 7;
/// Ticks in half an hour.
const TICKS: usize = 180;

/// Displays of all homes.
#[derive(Clone, Copy, Debug)]
pub struct Simulator {
    seed: u64,
}

impl Simulator {
    /// Beside the usual simulated data services.
    pub(super) const DEFAULT: Self = Self { seed: simulated_feed::SEED };

    /// Whether the service answers at a moment about a home.
    pub fn answers(&self, of: &Counted, now: DateTime<Utc>) -> bool {
        let quarter = u64::try_from(now.timestamp() / 900).unwrap_or(0);
        !Draw::from(&[self.seed_of(of), quarter, OUTAGE]).happens(OUT)
    }

    fn seed_of(&self, of: &Counted) -> u64 {
        profiles::seed_of(self.seed, &of.market_name, &of.identifier)
    }
}

impl Default for Simulator {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Displays for Simulator {
    fn half_hours(&self, of: &Counted, day: NaiveDate, now: DateTime<Utc>) -> Result<Vec<i32>, Unavailable> {
        if !self.answers(of, now) {
            return Err(Unavailable);
        }
        let profile = Profile {
            seed: self.seed_of(of),
            market: of.market.clone(),
            is_gas: of.is_gas,
            is_export: of.is_export,
            is_business: profiles::is_business(of.load_profile.as_deref()),
            annual_wh: of.annual_wh.unwrap_or_else(|| simulated_feed::usual_year(of.is_gas)),
        };
        let minutes = simulated_feed::minutes(&of.market);
        let entries = profile.entries(day, minutes);
        let in_each = if minutes == 15 { 2 } else { 1 };
        Ok(entries.chunks(in_each).map(|parts| parts.iter().sum()).collect())
    }

    fn watts(&self, of: &Counted, start: DateTime<Utc>, wh: i64) -> Vec<i32> {
        let number = u64::try_from(start.timestamp()).unwrap_or(0);
        let mut draw = Draw::from(&[self.seed_of(of), number, APPLIANCES]);
        let mut weights: Vec<u64> = (0..TICKS).map(|_| 95 + draw.below(11)).collect();
        // What comes from a roof comes evenly; at home something is always switched on and off.
        if !of.is_export {
            for _ in 0..draw.below(4) {
                let (first, length) = (draw.below(180), 6 + draw.below(40));
                let weight = 60 + draw.below(500);
                let run = weights.iter_mut().skip(usize::try_from(first).unwrap_or(0));
                run.take(usize::try_from(length).unwrap_or(0)).for_each(|tick| *tick += weight);
            }
        }
        // A watt for ten seconds is a 360th of a watt-hour.
        divide(wh.saturating_mul(3600 / TICK), &weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted() -> Counted {
        Counted {
            market_name: "GBR_ELECTRICITY".to_owned(),
            market: "gb".to_owned(),
            identifier: "1900000000001".to_owned(),
            is_gas: false,
            is_export: false,
            load_profile: None,
            annual_wh: None,
        }
    }

    #[test]
    fn ticks_add_up_to_the_half_hour() {
        let start: DateTime<Utc> = "2026-03-03T18:30:00Z".parse().expect("a moment");
        for wh in [0, 1, 7, 431, 20_000] {
            let watts = Simulator::DEFAULT.watts(&counted(), start, wh);
            assert_eq!(watts.len(), TICKS);
            assert_eq!(watts.iter().map(|w| i64::from(*w)).sum::<i64>(), wh * 360);
        }
    }

    #[test]
    fn it_is_out_seldom_and_not_for_good() {
        let at =
            |quarter: i64| DateTime::from_timestamp(1_772_000_000 + quarter * 900, 0).unwrap_or_default();
        let out = (0..10_000).filter(|quarter| !Simulator::DEFAULT.answers(&counted(), at(*quarter))).count();
        assert!((10..60).contains(&out), "{out}");
    }
}
