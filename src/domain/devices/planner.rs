//! When to charge: the cheapest half-hours in which a battery can be filled in time.
//!
//! Energies are joules, that is watts for a second, so that nothing is lost to rounding. Periods are half-open.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::prices::{Prices, SLOT, slot_of};

/// A time at which the battery can be charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The moment after the last one.
    pub to: DateTime<Utc>,
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// When it can be charged: in order, apart from each other, in whole seconds, and over by when it is to be ready.
    pub chances: &'a [Chance],
    /// The most that the battery takes, in watts.
    pub power_w: i64,
    /// As much of it as soon as possible, whatever it costs.
    pub at_once_j: i64,
    /// All that is wanted, the part at once included.
    pub wanted_j: i64,
}

/// Charging at a constant power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The moment after the last one; not beyond the half-hour.
    pub to: DateTime<Utc>,
    /// The battery's, in watts.
    pub power_w: i64,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// In order of time.
    pub slots: Vec<Slot>,
    /// What is missing of what was wanted, because there is no time for it: zero where everything can be had.
    pub short_j: i64,
}

struct Part {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// In joules.
    room: i64,
    taken: i64,
}

impl Slot {
    /// What it brings, in joules.
    pub fn joules(&self) -> i64 {
        self.power_w.saturating_mul((self.to - self.from).num_seconds())
    }
}

impl Part {
    fn take(&mut self, wanted: i64) -> i64 {
        let more = wanted.min(self.room - self.taken).max(0);
        self.taken += more;
        more
    }
}

/// Cuts chances at the half-hours, for which prices hold.
fn parts(wish: &Wish<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    for chance in wish.chances {
        let mut from = chance.from;
        while from < chance.to {
            let to = (slot_of(from) + SLOT).min(chance.to);
            let room = wish.power_w.saturating_mul((to - from).num_seconds());
            parts.push(Part { from, to, room, taken: 0 });
            from = to;
        }
    }
    parts
}

/// Plans what is wanted at the least cost: what is wanted at once in the first half-hours, the rest in the cheapest ones,
/// of equally cheap ones in those that are usually cheaper, then in the earlier. Where there is not enough time, all of it
/// is used. Prices are those that are known at `now`.
pub fn plan(wish: &Wish<'_>, prices: &dyn Prices, now: DateTime<Utc>) -> Planned {
    let mut parts = parts(wish);
    let mut at_once = wish.at_once_j.min(wish.wanted_j).max(0);
    let mut open = wish.wanted_j.max(0);
    for part in &mut parts {
        let taken = part.take(at_once);
        at_once -= taken;
        open -= taken;
    }
    let mut by_price: Vec<&mut Part> = parts.iter_mut().collect();
    by_price.sort_by_cached_key(|part| {
        let slot = slot_of(part.from);
        (prices.at(slot, now), prices.usual(slot), part.from)
    });
    for part in by_price {
        open -= part.take(open);
    }
    let slots = parts.iter().filter(|part| part.taken > 0).map(slot).collect();
    Planned { slots, short_j: open }
}

/// The lowest whole power that brings what was taken, which is never above the limit.
fn slot(part: &Part) -> Slot {
    let seconds = (part.to - part.from).num_seconds().max(1);
    Slot { from: part.from, to: part.to, power_w: (part.taken + seconds - 1) / seconds }
}

/// What a plan costs, in minor units times watt-seconds: only good for comparing.
pub fn cost(slots: &[Slot], prices: &dyn Prices, now: DateTime<Utc>) -> Decimal {
    slots.iter().map(|slot| prices.at(slot_of(slot.from), now) * Decimal::from(slot.joules())).sum()
}

/// A stretch of charging: neighbouring slots as one, with what they bring in joules.
pub fn stretches(slots: &[Slot]) -> Vec<(DateTime<Utc>, DateTime<Utc>, i64)> {
    let mut stretches: Vec<(DateTime<Utc>, DateTime<Utc>, i64)> = Vec::new();
    for slot in slots {
        match stretches.last_mut() {
            Some(last) if slot.from - last.1 <= TimeDelta::zero() => {
                last.1 = slot.to;
                last.2 += slot.joules();
            }
            _ => stretches.push((slot.from, slot.to, slot.joules())),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Table(Vec<i64>);

    impl Prices for Table {
        fn at(&self, start: DateTime<Utc>, _now: DateTime<Utc>) -> Decimal {
            let slot = usize::try_from(start.timestamp() / 1800).unwrap_or(0);
            self.0.get(slot).copied().unwrap_or(99).into()
        }
    }

    fn moment(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minutes * 60, 0).unwrap_or_default()
    }

    /// The least cost by trying every share of the rooms in steps of one unit of energy.
    fn brute_force(rooms: &[i64], prices: &[i64], wanted: i64) -> Option<i64> {
        let Some((room, others)) = rooms.split_first() else { return (wanted == 0).then_some(0) };
        let (price, later) = prices.split_first()?;
        (0..=(*room).min(wanted))
            .filter_map(|taken| Some(taken * price + brute_force(others, later, wanted - taken)?))
            .min()
    }

    /// Windows of whole minutes within the first hours, apart from each other.
    fn windows() -> impl Strategy<Value = Vec<Chance>> {
        prop::collection::vec((1_i64..90, 1_i64..200), 0..4).prop_map(|gaps| {
            let mut at = 0;
            let mut chances = Vec::new();
            for (pause, length) in gaps {
                let from = at + pause;
                at = from + length;
                chances.push(Chance { from: moment(from), to: moment(at) });
            }
            chances
        })
    }

    proptest! {
        #[test]
        fn power_and_windows_hold_and_what_can_be_had_is(
            chances in windows(), power_w in 1_i64..12_000, wanted_j in 0_i64..300_000_000, share in 0_i64..=100,
            prices in prop::collection::vec(1_i64..40, 40),
        ) {
            let wish = Wish { chances: &chances, power_w, at_once_j: wanted_j / 100 * share, wanted_j };
            let planned = plan(&wish, &Table(prices), moment(0));
            let room: i64 = chances.iter().map(|c| (c.to - c.from).num_seconds() * power_w).sum();
            let brought: i64 = planned.slots.iter().map(Slot::joules).sum();
            prop_assert_eq!(planned.short_j, (wanted_j - room).max(0));
            // Whole watts: at most one joule a second too much.
            let seconds: i64 = planned.slots.iter().map(|s| (s.to - s.from).num_seconds()).sum();
            prop_assert!(brought >= wanted_j - planned.short_j && brought <= wanted_j - planned.short_j + seconds);
            for pair in planned.slots.windows(2) {
                prop_assert!(pair[0].to <= pair[1].from);
            }
            for slot in &planned.slots {
                prop_assert!(slot.power_w > 0 && slot.power_w <= power_w && slot.from < slot.to);
                prop_assert!(slot_of(slot.from) + SLOT >= slot.to);
                prop_assert!(chances.iter().any(|c| c.from <= slot.from && slot.to <= c.to));
            }
        }

        #[test]
        fn no_other_plan_is_cheaper(prices in prop::collection::vec(1_i64..9, 1..6), cut in 0_i64..30, wanted in 0_i64..14) {
            // One unit of energy is ten minutes at full power: three go into a half-hour.
            let last = i64::try_from(prices.len()).unwrap_or(0) * 30 - cut / 10 * 10;
            let chances = [Chance { from: moment(0), to: moment(last) }];
            let rooms: Vec<i64> = (0..prices.len()).map(|n| {
                ((last - 30 * i64::try_from(n).unwrap_or(0)) / 10).clamp(0, 3)
            }).collect();
            let wish = Wish { chances: &chances, power_w: 1800, at_once_j: 0, wanted_j: wanted * 1800 * 600 };
            let planned = plan(&wish, &Table(prices.clone()), moment(0));
            let least = brute_force(&rooms, &prices, wanted);
            prop_assert_eq!(least.is_none(), planned.short_j > 0);
            if let Some(least) = least {
                let spent = cost(&planned.slots, &Table(prices), moment(0));
                prop_assert_eq!(spent, Decimal::from(least * 1800 * 600));
            }
        }
    }

    #[test]
    fn what_is_wanted_at_once_comes_first() {
        let chances = [Chance { from: moment(0), to: moment(120) }];
        let prices = Table(vec![9, 9, 1, 1]);
        let wish = Wish { chances: &chances, power_w: 1000, at_once_j: 900_000, wanted_j: 2_700_000 };
        let planned = plan(&wish, &prices, moment(0));
        let shown: Vec<(i64, i64)> =
            planned.slots.iter().map(|s| (s.from.timestamp() / 60, s.power_w)).collect();
        assert_eq!(shown, [(0, 500), (60, 1000)]);
        assert_eq!(stretches(&planned.slots).len(), 2);
    }
}
