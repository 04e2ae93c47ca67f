//! Lives of cars over weeks: what is promised holds whatever happens.

use chrono::{DateTime, DurationRound, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::cloud::{self, Kind, Thing};
use super::life::{Boost, Life, Stage, State};
use super::prices::{Prices, TypicalDay};
use super::sessions::{Cause, Problem, Session, Source};
use super::simulator::into_battery;
use super::wishes::Wishes;

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

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

/// A Monday morning.
fn begins() -> DateTime<Utc> {
    moment("2026-03-02T03:00:00Z")
}

/// Prices that are told a day ahead, at seven in the evening, and turn the usual day upside down.
struct DayAhead(TypicalDay);

impl Prices for DayAhead {
    fn at(&self, start: DateTime<Utc>, now: DateTime<Utc>) -> Decimal {
        let known = start.duration_trunc(TimeDelta::days(1)).expect("a day") - TimeDelta::hours(5);
        let usual = self.0.at(start, now);
        if known <= now { Decimal::from(40) - usual } else { usual }
    }

    fn more_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = now.duration_trunc(TimeDelta::days(1)).ok()? + TimeDelta::hours(19);
        Some(if now < today { today } else { today + TimeDelta::days(1) })
    }
}

struct World {
    thing: Thing,
    wishes: Wishes,
    prices: Box<dyn Prices>,
    is_capped: bool,
}

impl World {
    fn of(reference: &str) -> Self {
        let prices = Box::new(TypicalDay::of("gb", Tz::Europe__London));
        Self { thing: car(reference), wishes: Kind::Vehicle.first_wishes(), prices, is_capped: false }
    }

    fn life(&self) -> Life<'_> {
        Life {
            thing: &self.thing,
            wishes: &self.wishes,
            prices: self.prices.as_ref(),
            cloud: cloud::of("TESLA_V2"),
            is_capped: self.is_capped,
        }
    }

    fn fresh(&self) -> State {
        State::new(&self.thing, cloud::of("TESLA_V2"), begins())
    }

    fn want(&mut self, percent: i64) {
        for target in &mut self.wishes.targets {
            target.max = Decimal::from(percent);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn looking_in_between_changes_nothing(
        name in "[A-Z]{4}", glances in prop::collection::vec(1_i64..200_000, 1..6), boosts in 0_i64..300_000,
        is_told in any::<bool>(),
    ) {
        let mut world = World::of(&name);
        if is_told {
            world.prices = Box::new(DayAhead(TypicalDay::of("gb", Tz::Europe__London)));
        }
        let life = world.life();
        let boost = begins() + TimeDelta::seconds(boosts);
        let end = begins() + TimeDelta::days(14);
        let run = |glances: &[i64]| {
            let (mut state, mut sessions) = (world.fresh(), Vec::new());
            sessions.extend(life.advance(&mut state, boost));
            if state.is_live() && state.condition.is_plugged && state.boost.is_none() {
                state.boost = Some(Boost::Ordered { from: state.condition.at + TimeDelta::seconds(7) });
            }
            let mut at = boost;
            for glance in glances {
                at += TimeDelta::seconds(*glance);
                sessions.extend(life.advance(&mut state, at));
            }
            sessions.extend(life.advance(&mut state, end));
            (state, sessions)
        };
        prop_assert_eq!(run(&[]), run(&glances));
    }

    #[test]
    fn limits_hold_and_sessions_add_up(name in "[A-Z]{4}", percent in 10_i64..=100, is_capped in any::<bool>()) {
        let mut world = World::of(&name);
        world.want(percent);
        world.is_capped = is_capped;
        let mut state = world.fresh();
        let sessions = world.life().advance(&mut state, begins() + TimeDelta::days(21));
        let most = into_battery(world.thing.power_w);
        for session in &sessions {
            prop_assert!(session.from < session.to);
            prop_assert_eq!(session.dispatches.is_empty(), session.source == Source::Public);
            for ran in &session.dispatches {
                let seconds = (ran.to - ran.from).num_seconds();
                prop_assert!(ran.battery_wh * 3600 <= most * seconds + 1800 && ran.grid_wh >= ran.battery_wh);
                prop_assert!(ran.from >= session.from && ran.to <= session.to);
            }
            let sum: i64 = session.dispatches.iter().map(|ran| ran.battery_wh).sum();
            let count = i64::try_from(session.dispatches.len()).unwrap_or(0);
            if let Some(elsewhere) = &session.elsewhere {
                prop_assert!(session.charge_after <= 8000 && session.charge_after > session.charge_before);
                prop_assert!(elsewhere.cost > 0);
                continue;
            }
            prop_assert!((sum - session.battery_wh).abs() <= count);
            prop_assert!(session.charge_after <= 9000);
            if session.source == Source::Smart {
                // Never further than wanted, apart from what was there before.
                prop_assert!(session.charge_after <= (percent * 100).max(session.charge_before) + 1);
            }
        }
        for pair in sessions.windows(2) {
            prop_assert!(pair[0].to <= pair[1].from);
        }
    }
}

#[test]
fn a_new_car_is_tested_and_taken_into_service() {
    let world = World::of("CAR-PARKED");
    let life = world.life();
    let mut state = world.fresh();
    let mut seen = vec![state.codes().1];
    let mut sessions = Vec::new();
    for _ in 0..200 {
        let at = state.condition.at + TimeDelta::seconds(10);
        sessions.extend(life.advance(&mut state, at));
        let (_, code) = state.codes();
        if seen.last() != Some(&code) {
            seen.push(code);
        }
    }
    let expected = [
        "AUTHENTICATION_PENDING",
        "AUTHENTICATION_COMPLETE",
        "TEST_CHARGE_IN_PROGRESS",
        "SETUP_COMPLETE",
        "SMART_CONTROL_IN_PROGRESS",
    ];
    assert_eq!(seen[..4], expected[..4]);
    assert!(state.is_live());
    assert_eq!(sessions.first().map(|session| session.source), Some(Source::Test));
}

#[test]
fn what_goes_wrong_ends_where_it_should() {
    let stage = |reference: &str| {
        let world = World::of(reference);
        let mut state = world.fresh();
        world.life().advance(&mut state, begins() + TimeDelta::hours(2));
        (state.codes(), state.stage)
    };
    assert_eq!(stage("X-NO-AUTH").0, ("ONBOARDING", "AUTHENTICATION_FAILED"));
    assert_eq!(stage("X-FAILS-TEST").0, ("FAILED_ONBOARDING_TEST", "TEST_CHARGE_FAILED"));
    assert_eq!(stage("X-PARKED").1, Stage::Live);
}

fn live(world: &World) -> State {
    let mut state = world.fresh();
    world.life().advance(&mut state, begins() + TimeDelta::minutes(30));
    assert!(state.is_live());
    state
}

#[test]
fn a_plan_takes_the_cheapest_hours_of_the_night_and_is_followed() {
    let world = World::of("CAR-PARKED");
    let mut state = live(&world);
    // Seven in the morning has come; the next plan is for tomorrow.
    world.life().advance(&mut state, moment("2026-03-02T07:00:01Z"));
    assert_eq!(state.charge(&world.thing), 8000);
    let plan = state.plan.clone().expect("a plan");
    assert!(plan.slots.is_empty() && plan.ready_at == moment("2026-03-03T07:00:00Z"));
    // Half of the battery is gone.
    state.condition.charge_j = world.thing.battery_j / 100 * 40;
    world.life().prefer(&mut state);
    let slots = state.plan.clone().expect("a plan").slots;
    assert!(slots.iter().all(|slot| slot.from.hour() < 5), "{slots:?}");
    let sessions = world.life().advance(&mut state, moment("2026-03-03T07:30:00Z"));
    let Some(Session { source: Source::Smart, charge_before: 4000, charge_after, problems, .. }) =
        sessions.first()
    else {
        panic!("{sessions:?}")
    };
    assert!((7999..=8000).contains(charge_after) && problems.is_empty());
}

#[test]
fn what_cannot_be_had_is_said_and_a_limit_is_kept() {
    let mut world = World::of("CAR-PARKED");
    world.want(100);
    let mut state = live(&world);
    let plan = state.plan.clone().expect("a plan");
    assert!(plan.reaches_j < plan.target_j, "three hours are too few, and the car stops at 90 per cent");
    let sessions = world.life().advance(&mut state, moment("2026-03-03T07:00:01Z"));
    assert_eq!(state.charge(&world.thing), 9000);
    assert!(sessions.iter().any(|session| session.problems.contains(&Problem::LimitReached)), "{sessions:?}");
}

#[test]
fn a_boost_starts_when_the_device_follows_and_ends_when_told() {
    let world = World::of("CAR-PARKED");
    let life = world.life();
    let mut state = live(&world);
    life.advance(&mut state, moment("2026-03-02T12:00:00Z"));
    state.condition.charge_j = world.thing.battery_j / 2;
    life.prefer(&mut state);
    state.boost = Some(Boost::Ordered { from: moment("2026-03-02T12:00:20Z") });
    life.advance(&mut state, moment("2026-03-02T12:00:10Z"));
    assert_eq!(state.codes().1, "SMART_CONTROL_CAPABLE");
    life.advance(&mut state, moment("2026-03-02T12:30:00Z"));
    assert_eq!((state.codes().1, state.condition.power_w), ("BOOSTING", 7400));
    state.boost = Some(Boost::Ending { at: moment("2026-03-02T12:30:20Z") });
    let ended = life.advance(&mut state, moment("2026-03-02T12:31:00Z"));
    let [session] = ended.as_slice() else { panic!("{ended:?}") };
    assert_eq!((session.source, session.from), (Source::Boost, moment("2026-03-02T12:00:20Z")));
    assert_eq!(session.to, moment("2026-03-02T12:30:20Z"));
    assert_eq!(session.dispatches[0].grid_wh, 3700);
    assert_eq!(session.dispatches[0].battery_wh, 3330);
    assert!(state.plan.is_some(), "the night is planned again");
}

#[test]
fn suspending_cuts_a_session_short_and_lets_the_car_do_as_it_likes() {
    let world = World::of("CAR-PARKED");
    let life = world.life();
    let mut state = live(&world);
    life.advance(&mut state, moment("2026-03-02T12:00:00Z"));
    state.condition.charge_j = world.thing.battery_j / 5;
    life.prefer(&mut state);
    let slot = state.plan.clone().expect("a plan").slots[0];
    life.advance(&mut state, slot.from + TimeDelta::minutes(10));
    assert_eq!(state.codes().1, "SMART_CONTROL_IN_PROGRESS");
    let ended = life.suspend(&mut state);
    let [Session { problems, .. }] = ended.as_slice() else { panic!("{ended:?}") };
    assert!(matches!(problems.as_slice(), [Problem::Truncated { cause: Cause::Suspended, .. }]));
    assert_eq!(state.codes(), ("LIVE", "SMART_CONTROL_OFF"));
    let later = life.advance(&mut state, slot.from + TimeDelta::hours(12));
    assert!(later.is_empty() && state.condition.charge_j == world.thing.limit_j);
    life.resume(&mut state);
    assert_eq!(state.codes().1, "SMART_CONTROL_CAPABLE");
}

#[test]
fn a_lost_connection_shows_and_passes() {
    let world = World::of("CAR-LOST");
    let mut state = world.fresh();
    let code = |state: &mut State, at: &str| {
        world.life().advance(state, moment(at));
        (state.codes().1, state.lost.map(|(at, _)| at.to_rfc3339()))
    };
    let lost = Some("2026-03-04T12:00:00+00:00".to_owned());
    assert_eq!(code(&mut state, "2026-03-04T15:00:00Z"), ("LOST_CONNECTION", lost));
    let (back, lost) = code(&mut state, "2026-03-05T01:00:00Z");
    assert!(back.starts_with("SMART_CONTROL") && lost.is_none());
}
