//! The life of a device over time: getting ready, following plans, boosts, sessions.
//!
//! Where a device stands at a moment follows from where it stood before, what was ordered and the clock. Looking in between
//! changes nothing, so that reading may bring a device forward without keeping what comes of it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::cloud::{Cloud, Condition, Instruction, Moved, TestFailure, Thing};
use super::planner::{self, Chance, Slot, Wish};
use super::prices::Prices;
use super::sessions::{Cause, Open, Problem, Session, Source, Stay};
use super::simulator::{from_grid, into_battery};
use super::wishes::{self, FULL, Wishes};

/// How long a maker's service takes to let us in, then to tell what a device can do.
const SIGN_IN: TimeDelta = TimeDelta::seconds(45);
const SIGNED_IN: TimeDelta = TimeDelta::seconds(30);
/// How long a test charge lasts.
const TEST: TimeDelta = TimeDelta::minutes(10);
/// How long a device that has passed waits to be taken into service.
const PENDING: TimeDelta = TimeDelta::minutes(5);

/// The most hours of charging at full power that one plan has, where plans are capped.
const CAP: TimeDelta = TimeDelta::hours(6);

/// How far a device has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Its maker's service asks the customer to let us in.
    SigningIn { until: DateTime<Utc> },
    /// The customer did not.
    NotLetIn,
    /// The customer did.
    SignedIn { until: DateTime<Utc> },
    /// It waits to be plugged in for its test charge.
    AwaitingTest,
    /// It charges for a while to show that it does as it is told.
    Testing { until: DateTime<Utc> },
    /// It did not.
    TestFailed(TestFailure),
    /// It did, and will be taken into service.
    PendingLive { until: DateTime<Utc> },
    /// It is in service.
    Live,
    /// It is gone.
    Retired,
}

/// A boost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Boost {
    /// The device has been told and will begin.
    Ordered { from: DateTime<Utc> },
    /// It charges.
    Running,
    /// It charges, has been told to stop and will.
    Ending { at: DateTime<Utc> },
}

/// What is to be charged until the next time by which the customer wants something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// By when the car is to be ready.
    pub ready_at: DateTime<Utc>,
    /// What is wanted by then, in joules.
    pub target_j: i64,
    /// What can be had by then, in joules.
    pub reaches_j: i64,
    /// When more prices will be known, before it is ready: then it is made again.
    #[serde(default)]
    pub again_at: Option<DateTime<Utc>>,
    /// In order of time.
    pub slots: Vec<Slot>,
}

/// Where a device and our control of it stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// How far it has come.
    pub stage: Stage,
    /// The device itself.
    pub condition: Condition,
    /// When it was last heard of, if it is out of reach, and what was in its battery then, in joules.
    pub lost: Option<(DateTime<Utc>, i64)>,
    /// Since when the customer lets us do nothing with it.
    pub suspended_at: Option<DateTime<Utc>>,
    /// What was in its battery when it was last plugged in, in joules.
    pub plugged_with_j: i64,
    /// The plan, while it is plugged in and we control it.
    pub plan: Option<Plan>,
    /// Charging outside the plan.
    pub boost: Option<Boost>,
    /// The charging that goes on or was interrupted.
    pub session: Option<Open>,
    /// The stay at a public charge point that goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stay: Option<Stay>,
}

/// A device with everything that its life depends on.
pub struct Life<'a> {
    /// What it is.
    pub thing: &'a Thing,
    /// What its owner wants.
    pub wishes: &'a Wishes,
    /// What energy costs.
    pub prices: &'a dyn Prices,
    /// The service that reaches it.
    pub cloud: &'a dyn Cloud,
    /// Whether a plan stops at some hours.
    pub is_capped: bool,
}

impl State {
    /// A device that is being registered at a moment.
    pub fn new(thing: &Thing, cloud: &dyn Cloud, at: DateTime<Utc>) -> Self {
        let condition = cloud.find(thing, at);
        Self {
            stage: Stage::SigningIn { until: condition.at + SIGN_IN },
            lost: (!condition.is_connected).then_some((condition.at, condition.charge_j)),
            suspended_at: None,
            plugged_with_j: condition.charge_j,
            plan: None,
            boost: None,
            session: None,
            stay: None,
            condition,
        }
    }

    /// Whether it is in service.
    pub fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }

    /// Whether it is neither in service yet, nor past hope.
    pub fn is_being_taken_in(&self) -> bool {
        !matches!(self.stage, Stage::Live | Stage::Retired | Stage::NotLetIn | Stage::TestFailed(_))
    }

    /// Whether we plan for it at present.
    fn is_managed(&self) -> bool {
        self.is_live() && self.suspended_at.is_none() && self.condition.is_plugged && self.boost.is_none()
    }

    fn slot(&self) -> Option<&Slot> {
        let at = self.condition.at;
        self.plan.as_ref()?.slots.iter().find(|slot| slot.from <= at && at < slot.to)
    }

    /// Its state of charge, in hundredths of a per cent.
    pub fn charge(&self, thing: &Thing) -> i64 {
        share(self.condition.charge_j, thing)
    }

    /// As clients know them: how far it has come, and what goes on.
    pub fn codes(&self) -> (&'static str, &'static str) {
        match self.stage {
            Stage::SigningIn { .. } => ("ONBOARDING", "AUTHENTICATION_PENDING"),
            Stage::NotLetIn => ("ONBOARDING", "AUTHENTICATION_FAILED"),
            Stage::SignedIn { .. } => ("ONBOARDING", "AUTHENTICATION_COMPLETE"),
            Stage::AwaitingTest => ("ONBOARDING", "TEST_CHARGE_NOT_AVAILABLE"),
            Stage::Testing { .. } => ("ONBOARDING_TEST_IN_PROGRESS", "TEST_CHARGE_IN_PROGRESS"),
            Stage::TestFailed(_) => ("FAILED_ONBOARDING_TEST", "TEST_CHARGE_FAILED"),
            Stage::PendingLive { .. } => ("PENDING_LIVE", "SETUP_COMPLETE"),
            Stage::Retired => ("RETIRED", "RETIRED"),
            Stage::Live if !self.condition.is_connected => ("LIVE", "LOST_CONNECTION"),
            Stage::Live if self.suspended_at.is_some() => ("LIVE", "SMART_CONTROL_OFF"),
            Stage::Live => ("LIVE", self.doing()),
        }
    }

    /// What is known of its charge: when, and in hundredths of a per cent.
    pub fn known_charge(&self, thing: &Thing) -> (DateTime<Utc>, i64) {
        let (at, joules) = self.lost.unwrap_or((self.condition.at, self.condition.charge_j));
        (at, share(joules, thing))
    }

    fn doing(&self) -> &'static str {
        match self.boost {
            Some(Boost::Running | Boost::Ending { .. }) => "BOOSTING",
            _ if self.slot().is_some() => "SMART_CONTROL_IN_PROGRESS",
            _ if self.condition.is_plugged => "SMART_CONTROL_CAPABLE",
            _ => "SMART_CONTROL_NOT_AVAILABLE",
        }
    }
}

/// Joules as hundredths of a per cent of a battery.
pub fn share(joules: i64, thing: &Thing) -> i64 {
    if thing.battery_j == 0 { 0 } else { (joules / 1000 * FULL / (thing.battery_j / 1000)).clamp(0, FULL) }
}

impl Life<'_> {
    /// Brings a device forward to a moment, and answers the sessions that ended on the way.
    pub fn advance(&self, state: &mut State, until: DateTime<Utc>) -> Vec<Session> {
        let until = DateTime::from_timestamp(until.timestamp(), 0).unwrap_or(until);
        let mut ended = Vec::new();
        while state.condition.at < until && state.stage != Stage::Retired {
            let stop = self.next_turn(state).map_or(until, |turn| turn.min(until));
            let (instruction, source) = self.instruction(state);
            let before = state.condition.clone();
            let moved = self.cloud.follow(self.thing, &mut state.condition, instruction, stop);
            self.count(state, source, before.at, moved);
            self.react(state, &before, &mut ended);
        }
        ended
    }

    /// The next moment at which something of ours is due.
    fn next_turn(&self, state: &State) -> Option<DateTime<Utc>> {
        let at = state.condition.at;
        let stage = match state.stage {
            Stage::SigningIn { until }
            | Stage::SignedIn { until }
            | Stage::Testing { until }
            | Stage::PendingLive { until } => Some(until),
            _ => None,
        };
        let boost = match state.boost {
            Some(Boost::Ordered { from: due } | Boost::Ending { at: due }) => Some(due),
            _ => None,
        };
        let plan = state.plan.iter().flat_map(|plan| {
            let edges = plan.slots.iter().flat_map(|slot| [slot.from, slot.to]);
            edges.chain([plan.ready_at]).chain(plan.again_at)
        });
        stage.into_iter().chain(boost).chain(plan).filter(|turn| *turn > at).min()
    }

    fn instruction(&self, state: &State) -> (Instruction, Option<Source>) {
        let at_full_power =
            Instruction::Charge { battery_w: into_battery(self.thing.power_w), up_to_j: self.thing.limit_j };
        match (state.stage, state.boost) {
            _ if !self.thing.kind.charges_cars() => (Instruction::Free, None),
            (Stage::Testing { .. }, _) => (at_full_power, Some(Source::Test)),
            (Stage::Live, _) if state.suspended_at.is_some() => (Instruction::Free, None),
            (Stage::Live, Some(Boost::Running | Boost::Ending { .. })) => {
                (at_full_power, Some(Source::Boost))
            }
            (Stage::Live, _) => match (state.slot(), &state.plan) {
                (Some(slot), Some(plan)) => {
                    let wanted = Instruction::Charge { battery_w: slot.power_w, up_to_j: plan.target_j };
                    (wanted, Some(Source::Smart))
                }
                _ => (Instruction::Hold, None),
            },
            _ => (Instruction::Free, None),
        }
    }

    /// Counts energy towards the session that goes on, which its first energy opens.
    fn count(&self, state: &mut State, source: Option<Source>, from: DateTime<Utc>, moved: Moved) {
        let Some(source) = source.filter(|_| moved.battery_j > 0) else { return };
        let target_type = wishes::target_type(self.thing.kind, &self.wishes.unit);
        let charge_before = share(state.condition.charge_j - moved.battery_j, self.thing);
        let session = state.session.get_or_insert_with(|| Open::new(source, target_type, charge_before));
        session.add(from, state.condition.at, moved);
    }

    /// Does what follows from where the device has come to.
    fn react(&self, state: &mut State, before: &Condition, ended: &mut Vec<Session>) {
        let now = state.condition.clone();
        if now.is_connected != before.is_connected {
            state.lost = (!now.is_connected).then_some((now.at, now.charge_j));
        }
        if now.is_plugged != before.is_plugged {
            state.plugged_with_j = now.charge_j;
        }
        self.step(state, ended);
        if now.visit != before.visit {
            self.turn_stay(state, &now, ended);
        }
        if !now.is_plugged {
            self.close(state, Some(Cause::Disconnected), ended);
            state.plan = None;
            state.boost = None;
            return;
        }
        if !now.is_connected
            && state.slot().is_some()
            && let Some(session) = &mut state.session
        {
            session.lost_contact = true;
        }
        self.turn_boost(state, ended);
        let is_over = state.plan.as_ref().is_some_and(|plan| plan.ready_at <= now.at);
        let is_back = now.is_connected && !before.is_connected;
        let is_dated = state.plan.as_ref().and_then(|plan| plan.again_at).is_some_and(|at| at <= now.at);
        if is_over {
            self.close(state, None, ended);
        }
        if state.is_managed() && (is_over || is_back || is_dated || state.plan.is_none()) {
            self.replan(state);
        }
        let is_done = state.plan.as_ref().is_none_or(|plan| plan.slots.iter().all(|slot| slot.to <= now.at));
        if is_done && state.session.as_ref().is_some_and(|session| session.source == Source::Smart) {
            self.close(state, None, ended);
        }
    }

    /// Moves the stage on.
    fn step(&self, state: &mut State, ended: &mut Vec<Session>) {
        let now = state.condition.at;
        match state.stage {
            Stage::SigningIn { until } if until <= now => {
                let is_in = self.cloud.lets_in(self.thing);
                state.stage =
                    if is_in { Stage::SignedIn { until: now + SIGNED_IN } } else { Stage::NotLetIn };
            }
            Stage::SignedIn { until } if until <= now => {
                let needs_test = self.thing.kind.charges_cars();
                let pending = Stage::PendingLive { until: now + PENDING };
                state.stage = if needs_test { Stage::AwaitingTest } else { pending };
            }
            Stage::Testing { until } if until <= now => self.finish_test(state, ended),
            Stage::Testing { .. } if !state.condition.is_plugged => {
                self.close(state, Some(Cause::Disconnected), ended);
                state.stage = Stage::AwaitingTest;
            }
            Stage::PendingLive { until } if until <= now => state.stage = Stage::Live,
            _ => {}
        }
        if state.stage == Stage::AwaitingTest && state.condition.is_plugged {
            state.stage = Stage::Testing { until: now + TEST };
        }
    }

    /// Ends the stay at a public charge point, and begins the next one.
    fn turn_stay(&self, state: &mut State, now: &Condition, ended: &mut Vec<Session>) {
        if let Some(stay) = state.stay.take() {
            let battery_j = now.charge_j - stay.charge_j;
            let shares = (share(stay.charge_j, self.thing), share(now.charge_j, self.thing));
            ended.extend(stay.close(now.at, battery_j, from_grid(battery_j), shares));
        }
        if state.is_live() {
            let begins = |visit| Stay { visit, from: now.at, charge_j: now.charge_j };
            state.stay = now.visit.clone().map(begins);
        }
    }

    fn finish_test(&self, state: &mut State, ended: &mut Vec<Session>) {
        self.close(state, None, ended);
        state.stage = match self.cloud.test(self.thing, &state.condition) {
            Some(failure) => Stage::TestFailed(failure),
            None => Stage::PendingLive { until: state.condition.at + PENDING },
        };
    }

    fn turn_boost(&self, state: &mut State, ended: &mut Vec<Session>) {
        let now = state.condition.at;
        match state.boost {
            Some(Boost::Ordered { from }) if from <= now => {
                self.close(state, Some(Cause::BoostCharging), ended);
                state.plan = None;
                state.boost = Some(Boost::Running);
            }
            Some(Boost::Ending { at }) if at <= now => self.end_boost(state, ended),
            Some(Boost::Running | Boost::Ending { .. }) if state.condition.charge_j >= self.thing.limit_j => {
                self.end_boost(state, ended);
            }
            _ => {}
        }
    }

    fn end_boost(&self, state: &mut State, ended: &mut Vec<Session>) {
        self.close(state, None, ended);
        state.boost = None;
        state.plan = None;
    }

    /// Ends the session that goes on, before its time if there is a cause for that.
    pub(super) fn close(&self, state: &mut State, cause: Option<Cause>, ended: &mut Vec<Session>) {
        let Some(open) = state.session.take() else { return };
        let charge_after = state.charge(self.thing);
        let mut problems = Vec::new();
        if let (Source::Smart, Some(plan)) = (open.source, &state.plan) {
            let (reaches, target) = (share(plan.reaches_j, self.thing), share(plan.target_j, self.thing));
            let is_cut = plan.slots.iter().any(|slot| slot.to > state.condition.at);
            if let Some(cause) = cause.filter(|_| is_cut && charge_after < reaches) {
                problems.push(Problem::Truncated { cause, original: reaches, achieved: charge_after });
            }
            if plan.target_j > self.thing.limit_j && state.condition.charge_j >= self.thing.limit_j {
                problems.push(Problem::LimitReached);
            } else if open.lost_contact && charge_after < target {
                problems.push(Problem::LostContact);
            }
        }
        ended.extend(open.close(charge_after, problems));
    }

    /// Makes the plan for the next time by which something is wanted.
    pub(super) fn replan(&self, state: &mut State) {
        state.plan = None;
        if !state.is_managed() || !self.thing.kind.charges_cars() {
            return;
        }
        let now = state.condition.at;
        let Some((ready_at, target)) = self.wishes.next(self.thing.zone, now) else { return };
        let amount = |percent| self.thing.battery_j / FULL * wishes::hundredths(percent);
        let is_relative = wishes::is_relative(self.thing.kind, &self.wishes.unit);
        let base = if is_relative { state.plugged_with_j } else { 0 };
        let target_j = base + amount(target.max);
        let least_j = base + target.min.map_or(0, amount);
        let charge_j = state.condition.charge_j;
        // Nobody knows how far a car can be charged of which nobody knows how full it is.
        let goal = if is_relative { target_j } else { target_j.min(self.thing.limit_j) };
        let power_w = into_battery(self.thing.power_w);
        let most_j = if self.is_capped { power_w * CAP.num_seconds() } else { i64::MAX };
        let wish = Wish {
            chances: &[Chance { from: now, to: ready_at }],
            power_w,
            at_once_j: (least_j.min(goal) - charge_j).max(0),
            wanted_j: (goal - charge_j).clamp(0, most_j),
        };
        let planned = planner::plan(&wish, self.prices, now);
        let reaches_j = charge_j + wish.wanted_j - planned.short_j;
        let again_at = self.prices.more_after(now).filter(|at| *at < ready_at);
        let slots = planned.slots;
        state.plan = Some(Plan { made_at: now, ready_at, target_j, reaches_j, again_at, slots });
    }

    /// Stops planning for a device, which does as it likes from then on.
    pub fn suspend(&self, state: &mut State) -> Vec<Session> {
        let mut ended = Vec::new();
        self.close(state, Some(Cause::Suspended), &mut ended);
        (state.plan, state.boost) = (None, None);
        state.suspended_at = Some(state.condition.at);
        ended
    }

    /// Plans for a device again.
    pub fn resume(&self, state: &mut State) {
        state.suspended_at = None;
        self.replan(state);
    }

    /// Plans by new wishes.
    pub fn prefer(&self, state: &mut State) -> Vec<Session> {
        let mut ended = Vec::new();
        if state.plan.is_some() {
            self.close(state, Some(Cause::ChargingOptimisationCreated), &mut ended);
        }
        self.replan(state);
        ended
    }

    /// Begins a test charge.
    pub fn test(&self, state: &mut State) {
        state.stage = Stage::Testing { until: state.condition.at + TEST };
    }

    /// Takes a device out of service for good.
    pub fn retire(&self, state: &mut State) -> Vec<Session> {
        let mut ended = Vec::new();
        self.close(state, Some(Cause::DeviceDeauthSuccess), &mut ended);
        (state.plan, state.boost) = (None, None);
        state.stage = Stage::Retired;
        ended
    }
}
