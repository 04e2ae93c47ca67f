//! Engineers made of rules: they come on working days, in the morning or in the afternoon, and at once in an emergency. Most
//! times somebody is at home. They say the same about the same visit whenever they are asked.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::field_work::{FieldWork, Outcome, Place, Span, Unavailable};
use crate::domain::seed::draw::Draw;
use crate::platform::calendar;
use crate::platform::market;

/// On how many working days somebody could come.
const DAYS: usize = 10;
/// Of a thousand slots, how many are taken.
const TAKEN: u64 = 350;
/// Of a thousand visits, at how many nobody is at home.
const NOBODY_THERE: u64 = 120;
/// How long after a visit its report is in.
const REPORTED: TimeDelta = TimeDelta::minutes(30);
/// Mornings and afternoons, in hours after midnight.
const HALVES: [(i64, i64); 2] = [(8, 12), (12, 17)];

/// The engineers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulator;

fn draw(visit: Uuid) -> Draw {
    let (high, low) = visit.as_u64_pair();
    Draw::from(&[high, low])
}

impl FieldWork for Simulator {
    fn slots(&self, place: &Place<'_>) -> Result<Vec<Span>, Unavailable> {
        let Some(market) = market::by_code(place.market) else { return Ok(Vec::new()) };
        let working = calendar::of(place.market);
        let days = place.from.iter_days().filter(|day| place.is_emergency || working.is_working_day(*day));
        let property = u64::try_from(place.property).unwrap_or_default();
        let mut slots = Vec::new();
        for (number, day) in (0_u64..).zip(days.take(DAYS)) {
            for (from, to) in HALVES {
                let begins = market.start_of(day);
                let at = u64::try_from(begins.timestamp()).unwrap_or_default();
                let is_taken = Draw::from(&[property, at, from.unsigned_abs()]).happens(TAKEN);
                // There is always somebody in an emergency, and on the last day.
                if !is_taken || place.is_emergency || number + 1 == DAYS as u64 {
                    let hour = |hours| begins + TimeDelta::hours(hours);
                    slots.push(Span { starts_at: hour(from), ends_at: hour(to) });
                }
            }
        }
        Ok(slots)
    }

    fn book(&self, visit: Uuid, _at: Span) -> Result<String, Unavailable> {
        let text = visit.simple().to_string().to_uppercase();
        Ok(format!("FW-{}", text.get(..12).unwrap_or(&text)))
    }

    fn outcome(&self, visit: Uuid, at: Span, now: DateTime<Utc>) -> Result<Option<Outcome>, Unavailable> {
        if now < at.ends_at + REPORTED {
            return Ok(None);
        }
        Ok(Some(if draw(visit).happens(NOBODY_THERE) {
            Outcome::Missed("Nobody was at home.".to_owned())
        } else {
            Outcome::Done("The work was done.".to_owned())
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn there_is_always_a_slot_and_none_overlaps(property in 1_i64..100_000, day in 0_u64..2000, now in any::<bool>()) {
            let from = chrono::NaiveDate::from_ymd_opt(2023, 1, 1).expect("a day") + chrono::Days::new(day);
            for market in ["gb", "de", "jp", "au", "us"] {
                let place = Place { market, property, from, is_emergency: now };
                let slots = Simulator.slots(&place).expect("an answer");
                prop_assert!(!slots.is_empty());
                prop_assert!(slots.windows(2).all(|pair| pair[0].ends_at <= pair[1].starts_at));
                prop_assert!(slots.iter().all(|slot| slot.starts_at < slot.ends_at));
            }
        }
    }
}
