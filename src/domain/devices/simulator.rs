//! The built-in device cloud: it reaches no device, and tells of cars that are driven by day and plugged in in the evening.
//! What it tells follows from a device's reference and the clock; `docs/devices.md` lists the references that misbehave.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::cloud::{
    Cloud, Condition, Instruction, Kind, Listed, Moved, Order, Receipt, TestFailure, Thing, Visit,
};
use super::{makers, operators};

/// Of what comes from the grid, so much reaches the battery.
const EFFICIENCY: (i64, i64) = (9, 10);
/// Nobody drives a battery flatter than this, in hundredths.
const RESERVE: i64 = 8;
/// How full people let a car get at a public charge point, in hundredths.
const PUBLIC_LIMIT: i64 = 80;
/// How full a battery is when it is first seen, in hundredths.
const FIRST_SEEN: i64 = 55;

/// A cloud made of rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulator;

/// The ending of a reference that has a part to play.
fn plays(thing: &Thing, part: &str) -> bool {
    thing.reference.ends_with(part)
}

/// Whether it never leaves.
fn stays(thing: &Thing) -> bool {
    plays(thing, "-PARKED") || plays(thing, "-LOST")
}

/// A number that follows from a device, a matter and a count, and looks like chance. FNV-1a, then mixed.
fn chance(thing: &Thing, matter: &str, count: i64) -> u64 {
    let count = count.to_le_bytes();
    let bytes = thing.reference.as_bytes().iter().chain(matter.as_bytes()).chain(&count);
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}

/// One of `0..bound`, as [`chance`].
fn below(thing: &Thing, matter: &str, count: i64, bound: i64) -> i64 {
    let bound = u64::try_from(bound.max(1)).unwrap_or(1);
    i64::try_from(chance(thing, matter, count) % bound).unwrap_or(0)
}

fn local(zone: Tz, day: NaiveDate, minute: i64) -> DateTime<Utc> {
    let wall = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute);
    // A time that clocks skip is taken an hour later.
    let found = zone.from_local_datetime(&wall).earliest();
    let found = found.or_else(|| zone.from_local_datetime(&(wall + TimeDelta::hours(1))).earliest());
    found.map_or_else(|| wall.and_utc(), |at| at.with_timezone(&Utc))
}

/// A time at a public charge point.
struct Stop {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    operator: &'static operators::Operator,
    location: &'static str,
}

/// A time away from home.
struct Trip {
    leaves: DateTime<Utc>,
    returns: DateTime<Utc>,
    /// What the drive takes from the battery, in watts.
    drain_w: i64,
}

fn trip(thing: &Thing, day: NaiveDate) -> Option<Trip> {
    if !thing.kind.charges_cars() || stays(thing) {
        return None;
    }
    let count = i64::from(day.num_days_from_ce());
    let is_weekend = day.weekday().number_from_monday() > 5;
    let draw = |matter: &str, bound: i64| below(thing, matter, count, bound);
    if is_weekend && draw("stays", 3) == 0 {
        return None;
    }
    let (leaves, returns, share) = if is_weekend {
        (600 + draw("leaves", 120), 840 + draw("returns", 240), 8 + draw("drive", 25))
    } else {
        (405 + draw("leaves", 95), 990 + draw("returns", 150), 12 + draw("drive", 18))
    };
    let (leaves, returns) = (local(thing.zone, day, leaves), local(thing.zone, day, returns));
    let seconds = (returns - leaves).num_seconds().max(1);
    Some(Trip { leaves, returns, drain_w: thing.battery_j / 100 * share / seconds })
}

/// The stop that one trip of two has on days on which nobody works. Charge points at home know nothing of it.
fn stop(thing: &Thing, day: NaiveDate, trip: &Trip) -> Option<Stop> {
    let count = i64::from(day.num_days_from_ce());
    if thing.kind != Kind::Vehicle
        || day.weekday().number_from_monday() < 6
        || below(thing, "stops", count, 2) != 0
    {
        return None;
    }
    let operators: Vec<_> = operators::around(thing.zone).collect();
    let pick = |matter: &str, among: usize| {
        usize::try_from(below(thing, matter, count, i64::try_from(among).unwrap_or(1))).unwrap_or(0)
    };
    let operator = *operators.get(pick("operator", operators.len()))?;
    let location = *operator.locations.get(pick("location", operator.locations.len()))?;
    let from = trip.leaves + (trip.returns - trip.leaves) / 2;
    let from = DateTime::from_timestamp(from.timestamp(), 0)?;
    let to = from + TimeDelta::minutes(20 + below(thing, "stop", count, 25));
    (to < trip.returns).then_some(Stop { from, to, operator, location })
}

/// Whether it stays plugged in from a day's return until the next day's start.
fn plugs(thing: &Thing, day: NaiveDate) -> bool {
    let count = i64::from(day.num_days_from_ce());
    stays(thing) || below(thing, "plugs", count, 12) != 0
}

/// Whether it is plugged in after what happened on a day: a car that was not driven stays as it was.
fn plugged_after(thing: &Thing, day: NaiveDate) -> bool {
    let days = (0..7).filter_map(|back| day.checked_sub_days(Days::new(back)));
    let driven = days.into_iter().find(|day| trip(thing, *day).is_some());
    driven.is_none_or(|day| plugs(thing, day))
}

/// When a device is out of reach on a day.
fn outage(thing: &Thing, day: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let at = |minute| local(thing.zone, day, minute);
    if plays(thing, "-LOST") {
        return Some((at(720), at(1440)));
    }
    let count = i64::from(day.num_days_from_ce());
    if plays(thing, "-PARKED") || below(thing, "outage", count, 30) != 0 {
        return None;
    }
    let from = below(thing, "outage-from", count, 1300);
    Some((at(from), at(from + 20 + below(thing, "outage-length", count, 120))))
}

/// What surrounds a device for a while.
struct Around {
    is_home: bool,
    is_plugged: bool,
    is_connected: bool,
    drain_w: i64,
    stop: Option<Stop>,
    /// The moment at which something of it may change.
    until: DateTime<Utc>,
}

fn around(thing: &Thing, at: DateTime<Utc>) -> Around {
    let day = at.with_timezone(&thing.zone).date_naive();
    let tomorrow = day.succ_opt().unwrap_or(day);
    let midnight = local(thing.zone, tomorrow, 0).max(at + TimeDelta::seconds(1));
    let mut until = midnight;
    let mut turn = |moment: DateTime<Utc>| {
        if moment > at && moment < until {
            until = moment;
        }
    };
    let before = || plugged_after(thing, day.pred_opt().unwrap_or(day));
    let (mut is_home, mut is_plugged, mut drain_w) = (true, true, 0);
    let mut stop_now = None;
    match trip(thing, day) {
        Some(trip) => {
            turn(trip.leaves);
            turn(trip.returns);
            if at >= trip.leaves && at < trip.returns {
                (is_home, is_plugged, drain_w) = (false, false, trip.drain_w);
                if let Some(stop) = stop(thing, day, &trip) {
                    turn(stop.from);
                    turn(stop.to);
                    stop_now = Some(stop).filter(|stop| at >= stop.from && at < stop.to);
                }
            } else {
                is_plugged = if at < trip.leaves { before() } else { plugs(thing, day) };
            }
        }
        None if thing.kind.charges_cars() => is_plugged = before(),
        None => {}
    }
    let mut is_connected = true;
    if let Some((from, to)) = outage(thing, day) {
        turn(from);
        turn(to);
        is_connected = at < from || at >= to;
    }
    if stop_now.is_some() {
        drain_w = 0;
    }
    Around { is_home, is_plugged, is_connected, drain_w, stop: stop_now, until }
}

/// What reaches the battery of so many watts from the grid.
pub fn into_battery(grid_w: i64) -> i64 {
    grid_w * EFFICIENCY.0 / EFFICIENCY.1
}

/// What the grid gives for so much into the battery, rounded up.
pub fn from_grid(battery: i64) -> i64 {
    (battery * EFFICIENCY.1 + EFFICIENCY.0 - 1) / EFFICIENCY.0
}

/// Into the battery, in watts, and up to what, in joules.
fn charging(thing: &Thing, around: &Around, instruction: Instruction) -> (i64, i64) {
    let most = into_battery(thing.power_w);
    match instruction {
        _ if !around.is_plugged || thing.battery_j == 0 => (0, 0),
        Instruction::Free => (most, thing.limit_j),
        Instruction::Charge { battery_w, up_to_j } if around.is_connected => {
            (battery_w.min(most), up_to_j.min(thing.limit_j))
        }
        Instruction::Charge { .. } | Instruction::Hold => (0, 0),
    }
}

/// Where it charges while it is away.
fn visit(around: &Around) -> Option<Visit> {
    let Stop { operator, location, .. } = around.stop.as_ref()?;
    let (operator, price) = (operator.code.to_owned(), operator.price);
    Some(Visit { operator, location: (*location).to_owned(), price })
}

/// What a public charge point gives a battery for so many seconds, in joules.
fn filled(thing: &Thing, stop: &Stop, charge_j: i64, seconds: i64) -> i64 {
    let up_to_j = (thing.battery_j / 100 * PUBLIC_LIMIT).min(thing.limit_j);
    let room = (up_to_j - charge_j).max(0);
    room.min(into_battery(stop.operator.power_w) * seconds)
}

impl Cloud for Simulator {
    fn find(&self, thing: &Thing, at: DateTime<Utc>) -> Condition {
        let at = DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at);
        let around = around(thing, at);
        Condition {
            at,
            charge_j: thing.battery_j / 100 * FIRST_SEEN,
            is_home: around.is_home,
            is_plugged: around.is_plugged,
            is_connected: around.is_connected,
            power_w: 0,
            visit: visit(&around),
        }
    }

    fn follow(
        &self,
        thing: &Thing,
        condition: &mut Condition,
        instruction: Instruction,
        until: DateTime<Utc>,
    ) -> Moved {
        let now = around(thing, condition.at);
        let end = until.min(now.until);
        let (battery_w, up_to_j) = charging(thing, &now, instruction);
        let room = (up_to_j - condition.charge_j).max(0);
        let mut seconds = (end - condition.at).num_seconds().max(0);
        let mut moved = Moved { grid_j: 0, battery_j: 0 };
        if battery_w > 0 && room > 0 {
            seconds = seconds.min((room + battery_w - 1) / battery_w);
            moved.battery_j = room.min(battery_w * seconds);
            moved.grid_j =
                from_grid(battery_w) * (moved.battery_j / battery_w) + from_grid(moved.battery_j % battery_w);
        }
        condition.charge_j += moved.battery_j;
        if let Some(stop) = &now.stop {
            condition.charge_j += filled(thing, stop, condition.charge_j, seconds);
        }
        if now.drain_w > 0 {
            let reserve = (thing.battery_j / 100 * RESERVE).min(condition.charge_j);
            condition.charge_j = (condition.charge_j - now.drain_w * seconds).max(reserve);
        }
        condition.at += TimeDelta::seconds(seconds);
        let then = around(thing, condition.at);
        condition.is_home = then.is_home;
        condition.is_plugged = then.is_plugged;
        condition.is_connected = then.is_connected;
        condition.visit = visit(&then);
        let (battery_w, up_to_j) = charging(thing, &then, instruction);
        condition.power_w = if condition.charge_j < up_to_j { from_grid(battery_w) } else { 0 };
        moved
    }

    fn order(&self, thing: &Thing, condition: &Condition, _order: Order) -> Receipt {
        if plays(thing, "-REFUSES") {
            Receipt::Refused
        } else if plays(thing, "-SILENT") || !condition.is_connected {
            Receipt::Silent
        } else {
            let latency = 5 + below(thing, "latency", condition.at.timestamp(), 40);
            Receipt::Taken(condition.at + TimeDelta::seconds(latency))
        }
    }

    fn lets_in(&self, thing: &Thing) -> bool {
        !plays(thing, "-NO-AUTH")
    }

    fn test(&self, thing: &Thing, condition: &Condition) -> Option<TestFailure> {
        if plays(thing, "-FAILS-TEST") {
            Some(TestFailure::AssessmentsFailed)
        } else if !condition.is_connected {
            Some(TestFailure::UnableToCommunicate)
        } else {
            None
        }
    }

    fn answers(&self, thing: &Thing) -> bool {
        !plays(thing, "-MUTE")
    }

    fn reaches(&self, provider: &str) -> Option<Kind> {
        makers::reaches(provider).map(|(kind, _)| kind)
    }

    fn is_told_by_device(&self, provider: &str) -> bool {
        makers::OCPP.contains(&provider)
    }

    fn listed(&self, provider: &str, sign_in: &str) -> Option<Vec<Listed>> {
        makers::listed(provider, sign_in)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn car(reference: &str) -> Thing {
        Thing {
            reference: reference.to_owned(),
            kind: Kind::Vehicle,
            zone: Tz::Europe__London,
            battery_j: 60_000 * 3600,
            limit_j: 54_000 * 3600,
            power_w: 7400,
        }
    }

    fn run(
        thing: &Thing,
        condition: &mut Condition,
        instruction: Instruction,
        until: DateTime<Utc>,
    ) -> Moved {
        let mut all = Moved { grid_j: 0, battery_j: 0 };
        while condition.at < until {
            let moved = Simulator.follow(thing, condition, instruction, until);
            all = Moved { grid_j: all.grid_j + moved.grid_j, battery_j: all.battery_j + moved.battery_j };
        }
        all
    }

    fn moment(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_770_000_000 + second, 0).unwrap_or_default()
    }

    proptest! {
        #[test]
        fn looking_in_between_changes_nothing(
            name in "[A-Z]{3}", first in 0_i64..400_000, more in 1_i64..400_000, is_free in any::<bool>(),
        ) {
            let thing = car(&name);
            let instruction = if is_free {
                Instruction::Free
            } else {
                Instruction::Charge { battery_w: 3001, up_to_j: 50_000 * 3600 }
            };
            let start = Simulator.find(&thing, moment(0));
            let (mut once, mut twice) = (start.clone(), start);
            let whole = run(&thing, &mut once, instruction, moment(first + more));
            let one = run(&thing, &mut twice, instruction, moment(first));
            let two = run(&thing, &mut twice, instruction, moment(first + more));
            prop_assert_eq!(&once, &twice);
            prop_assert_eq!(whole.battery_j, one.battery_j + two.battery_j);
            // The last joules of the last second may be rounded up twice.
            prop_assert!((whole.grid_j - one.grid_j - two.grid_j).abs() <= 1);
            prop_assert!(once.charge_j <= thing.limit_j && once.charge_j > 0);
        }
    }

    #[test]
    fn a_car_is_away_by_day_and_plugged_in_at_night() {
        let thing = car("WBY0001");
        let mut nights = 0;
        for day in 0..28 {
            let noon = "2026-03-02T12:30:00Z".parse::<DateTime<Utc>>().expect("a moment") + Days::new(day);
            let night = noon + TimeDelta::hours(13);
            let weekday = noon.weekday().number_from_monday();
            assert!(weekday > 5 || !around(&thing, noon).is_home, "{noon}");
            assert!(around(&thing, night).is_home, "{night}");
            nights += i64::from(around(&thing, night).is_plugged);
        }
        assert!((20..28).contains(&nights), "{nights}");
        assert!(around(&car("X-PARKED"), moment(40_000)).is_plugged);
    }

    #[test]
    fn a_battery_fills_up_to_its_limit_and_no_further() {
        let thing = car("X-PARKED");
        let mut condition = Simulator.find(&thing, moment(0));
        let room = thing.limit_j - condition.charge_j;
        let moved = run(&thing, &mut condition, Instruction::Free, moment(100_000));
        assert_eq!((condition.charge_j, condition.power_w), (thing.limit_j, 0));
        assert_eq!(moved.battery_j, room);
        assert_eq!(moved.grid_j, from_grid(room));
    }

    #[test]
    fn references_have_their_parts() {
        let thing = |part: &str| car(&format!("X{part}"));
        let order = |thing: &Thing| Simulator.order(thing, &Simulator.find(thing, moment(0)), Order::Boost);
        assert_eq!(order(&thing("-REFUSES")), Receipt::Refused);
        assert_eq!(order(&thing("-SILENT")), Receipt::Silent);
        assert!(matches!(order(&thing("-PARKED")), Receipt::Taken(at) if at > moment(0) && at < moment(60)));
        assert!(!Simulator.lets_in(&thing("-NO-AUTH")) && Simulator.lets_in(&thing("")));
        assert!(!Simulator.answers(&thing("-MUTE")) && Simulator.answers(&thing("")));
        let afternoon = "2026-03-02T15:00:00Z".parse().expect("a moment");
        assert!(!Simulator.find(&thing("-LOST"), afternoon).is_connected);
    }
}
