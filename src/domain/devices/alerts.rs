//! What an owner should know about a device.

use chrono::{DateTime, TimeDelta, Utc};

use super::fleet::Device;
use super::life::{Stage, share};
use super::wishes::{self, hundredths};

/// A device that is out of reach for a shorter time is not worth a word.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);

/// Something to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// A sentence or two.
    pub message: String,
    /// Since when it has been so.
    pub published_at: DateTime<Utc>,
}

/// Whether more is wanted than a car lets itself be charged.
pub fn wants_too_much(device: &Device) -> bool {
    let limit = share(device.thing.limit_j, &device.thing);
    device.kind.charges_cars()
        && !wishes::is_relative(device.kind, &device.wishes.unit)
        && device.wishes.targets.iter().any(|target| hundredths(target.max) > limit)
}

/// Everything that its owner should know about a device at present, the latest first.
pub fn of(device: &Device) -> Vec<Alert> {
    let (state, now) = (&device.state, device.state.condition.at);
    let name = &device.held.name;
    let mut all = Vec::new();
    let mut tell = |published_at, message| all.push(Alert { message, published_at });
    if let Some((at, _)) = state.lost.filter(|(at, _)| *at + PATIENCE <= now && state.is_live()) {
        tell(at, format!("We cannot reach {name}. Check that it is online."));
    }
    if let Stage::NotLetIn = state.stage {
        tell(device.held.created_at, format!("We were not let in to {name}. Sign in with its maker again."));
    }
    if let Stage::TestFailed(_) = state.stage {
        tell(device.held.created_at, format!("The test charge of {name} failed."));
    }
    if state.is_live() && wants_too_much(device) {
        let limit = share(device.thing.limit_j, &device.thing) / 100;
        tell(device.held.wished_at, format!("{name} lets itself be charged to {limit}% and no further."));
    }
    if let Some(plan) = &state.plan {
        let goal = if wants_too_much(device) { device.thing.limit_j } else { plan.target_j };
        let (goal, reaches) = (share(goal, &device.thing) / 100, share(plan.reaches_j, &device.thing) / 100);
        if reaches < goal && device.knows_charge() {
            tell(
                plan.made_at,
                format!("There is not enough time: {name} will reach {reaches}%, not {goal}%."),
            );
        }
    }
    all.sort_by_key(|alert| std::cmp::Reverse(alert.published_at));
    all
}
