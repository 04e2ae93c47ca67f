//! What a heat pump gives and takes: a pure function of what was set, the weather and the clock.
//!
//! Power holds for half an hour at a time, so that sums over neighbouring periods add up. Temperatures are thousandths of a
//! degree Celsius, energies joules.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::settings::{Settings, Zone, ZoneName};
use super::weather;

/// How long a power holds.
pub const STEP: TimeDelta = TimeDelta::minutes(30);
/// Rooms need no heat as long as it is no colder outside than so much below what is kept: people and the sun warm them.
const GAINS: i64 = 3_000;
/// A heat pump is large enough for rooms of 20 degrees when it is -5 outside.
const DESIGN: i64 = 25;
/// What hot water takes while it is made, in watts of heat.
const WATER_W: i64 = 2_200;
/// How warm water has to leave the pump, to make hot water.
const WATER_FLOW: i64 = 55_000;

/// A heat pump and its controller.
#[derive(Clone, Debug)]
pub struct Pump {
    /// Whose weather it has.
    pub market: String,
    /// Whose clock it goes by.
    pub zone: Tz,
    /// The most heat that it gives, in watts.
    pub heat_w: i64,
    /// Since when it has run.
    pub since: DateTime<Utc>,
    /// What it went by from moments on, in order; the first one from the beginning.
    pub settings: Vec<(DateTime<Utc>, Settings)>,
}

/// What it does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Outside.
    pub outdoor: i64,
    /// Heat for rooms, in watts.
    pub rooms_w: i64,
    /// Heat for water, in watts.
    pub water_w: i64,
    /// What it takes from the grid, in watts.
    pub input_w: i64,
    /// What the rooms would need, in watts, which may be more than it gives.
    pub wanted_w: i64,
}

/// What it did in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Performance {
    /// Heat, in joules.
    pub output_j: i64,
    /// From the grid, in joules.
    pub input_j: i64,
    /// What it was outside on average; none for a period of no length.
    pub outdoor: Option<i64>,
}

/// Heat for each unit of electricity, in thousandths.
fn efficiency(flow: i64, outdoor: i64) -> i64 {
    (450 * (flow + 273_150) / (flow - outdoor).max(1_000)).clamp(1_500, 6_000)
}

impl Performance {
    /// Heat for each unit of electricity, in thousandths; none where it took nothing.
    pub fn coefficient(&self) -> Option<i64> {
        (self.input_j > 0).then(|| self.output_j.saturating_mul(1000) / self.input_j)
    }
}

impl Pump {
    /// What it goes by at a moment.
    pub fn settings_at(&self, at: DateTime<Utc>) -> Option<&Settings> {
        let set = self.settings.iter().rfind(|(since, _)| *since <= at).or(self.settings.first());
        set.map(|(_, settings)| settings)
    }

    /// How warm the water for radiators is.
    pub fn flow(&self, settings: &Settings, outdoor: i64) -> i64 {
        let flow = settings.flow;
        if !flow.is_compensated {
            return flow.fixed;
        }
        let (warm, cold) = flow.range;
        // From 15 degrees outside down to -5.
        let coldness = (15_000 - outdoor).clamp(0, 20_000);
        warm + (cold - warm) * coldness / 20_000
    }

    /// What rooms lose for each degree, in watts.
    fn loss_w(&self) -> i64 {
        self.heat_w / DESIGN
    }

    fn wanted(&self, zone: &Zone, at: DateTime<Utc>, outdoor: i64) -> i64 {
        let keeps = zone.keeps(self.zone, at).unwrap_or(super::settings::FROST);
        (self.loss_w() * (keeps - GAINS - outdoor) / 1000).max(0)
    }

    /// What it does at a moment: the same for all moments of a step.
    pub fn at(&self, at: DateTime<Utc>) -> Now {
        let at = step_of(at);
        let outdoor = weather::outdoor(&self.market, self.zone, at);
        let idle = Now { outdoor, rooms_w: 0, water_w: 0, input_w: 0, wanted_w: 0 };
        let Some(settings) = self.settings_at(at) else { return idle };
        let rooms = settings.zones.iter().filter(|zone| zone.name != ZoneName::Water);
        let zones = i64::try_from(rooms.clone().count()).unwrap_or(1).max(1);
        let wanted_w: i64 = rooms.map(|zone| self.wanted(zone, at, outdoor) / zones).sum();
        let water = settings.zone(ZoneName::Water).and_then(|zone| zone.keeps(self.zone, at));
        let water_w = if water.is_some() { WATER_W.min(self.heat_w) } else { 0 };
        let rooms_w = wanted_w.min(self.heat_w - water_w);
        let for_rooms = rooms_w * 1000 / efficiency(self.flow(settings, outdoor), outdoor);
        let for_water = water_w * 1000 / efficiency(WATER_FLOW, outdoor);
        Now { rooms_w, water_w, input_w: for_rooms + for_water, wanted_w, ..idle }
    }

    /// What it did between two moments. Neighbouring periods add up.
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Performance {
        let (mut at, mut sum, mut degrees) = (from.max(self.since), Performance::default(), 0_i64);
        let begun = at;
        while at < to {
            let end = (step_of(at) + STEP).min(to);
            let seconds = (end - at).num_seconds();
            let now = self.at(at);
            sum.output_j += (now.rooms_w + now.water_w) * seconds;
            sum.input_j += now.input_w * seconds;
            degrees += now.outdoor * seconds;
            at = end;
        }
        let seconds = (at - begun).num_seconds();
        Performance { outdoor: (seconds > 0).then(|| degrees / seconds.max(1)), ..sum }
    }

    /// How warm rooms are: what is kept, unless the pump cannot give that much, and never colder than outside.
    pub fn room(&self, zone: &Zone, at: DateTime<Utc>) -> i64 {
        let now = self.at(at);
        let keeps = zone.keeps(self.zone, at).unwrap_or(super::settings::FROST);
        let missing = (now.wanted_w - now.rooms_w).max(0);
        // Rooms cool down slowly: never more than two degrees below what was kept by day.
        let floor = zone.times.iter().filter_map(|time| time.keeps).max().unwrap_or(keeps) - 2_000;
        let wobble = step_of(at).timestamp() / 1800 % 7 * 60 - 180;
        (keeps.max(floor) - missing * 1000 / self.loss_w().max(1) + wobble).max(now.outdoor)
    }

    /// How warm the hot water is: made to what is kept, and cooling until it is made again.
    pub fn water(&self, zone: &Zone, at: DateTime<Utc>) -> i64 {
        let kept = zone.times.iter().filter_map(|time| time.keeps).max().unwrap_or(zone.setpoint);
        if zone.keeps(self.zone, at).is_some() {
            return kept;
        }
        let steps = (1..48).find(|steps| {
            let before = at - STEP * *steps;
            zone.keeps(self.zone, before).is_some()
        });
        (kept - i64::from(steps.unwrap_or(48)) * 450).max(18_000)
    }
}

/// When the step began that a moment lies in.
pub(super) fn step_of(at: DateTime<Utc>) -> DateTime<Utc> {
    let second = at.timestamp();
    DateTime::from_timestamp(second - second.rem_euclid(STEP.num_seconds()), 0).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().expect("a moment")
    }

    fn pump() -> Pump {
        let since = moment("2025-01-01T00:00:00Z");
        Pump {
            market: "gb".into(),
            zone: Tz::Europe__London,
            heat_w: 9_000,
            since,
            settings: vec![(since, Settings::first())],
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn neighbouring_periods_add_up(start in 0_i64..20_000_000, one in 0_i64..400_000, two in 0_i64..400_000) {
            let pump = pump();
            let at = |second: i64| pump.since + TimeDelta::seconds(second);
            let (first, second) = (pump.between(at(start), at(start + one)), pump.between(at(start + one), at(start + one + two)));
            let whole = pump.between(at(start), at(start + one + two));
            prop_assert_eq!(first.output_j + second.output_j, whole.output_j);
            prop_assert_eq!(first.input_j + second.input_j, whole.input_j);
            prop_assert!(whole.output_j <= pump.heat_w * (one + two));
        }
    }

    #[test]
    fn winters_take_more_than_summers_and_coefficients_are_likely() {
        let pump = pump();
        let winter = pump.between(moment("2026-01-01T00:00:00Z"), moment("2026-02-01T00:00:00Z"));
        let summer = pump.between(moment("2025-07-01T00:00:00Z"), moment("2025-08-01T00:00:00Z"));
        assert!(winter.input_j > 4 * summer.input_j && summer.input_j > 0);
        let year = pump.between(moment("2025-01-01T00:00:00Z"), moment("2026-01-01T00:00:00Z"));
        let coefficient = year.coefficient().unwrap_or(0);
        assert!((2_800..4_800).contains(&coefficient), "{coefficient}");
        assert_eq!(
            pump.between(moment("2024-01-01T00:00:00Z"), moment("2025-01-01T00:00:00Z")),
            Performance::default()
        );
    }

    #[test]
    fn what_was_set_later_changes_nothing_before() {
        let mut pump = pump();
        let turned = moment("2025-02-01T00:00:00Z");
        let january = |pump: &Pump| pump.between(pump.since, turned);
        let february = |pump: &Pump| pump.between(turned, moment("2025-03-01T00:00:00Z"));
        let before = (january(&pump), february(&pump));
        let mut off = Settings::first();
        off.zones.iter_mut().for_each(|zone| zone.mode = super::super::settings::Mode::Off);
        pump.settings.push((turned, off));
        assert_eq!(january(&pump), before.0);
        assert!(february(&pump).input_j < before.1.input_j / 4);
    }
}
