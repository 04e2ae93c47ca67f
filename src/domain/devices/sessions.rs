//! Charging as it happened: the times at which energy ran, and the sessions that these make up.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::cloud::Moved;

/// What had a device charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Source {
    /// A plan.
    Smart,
    /// Somebody who wanted it at once.
    Boost,
    /// The test of a new device.
    Test,
}

impl Source {
    /// One of `SmartFlexChargingType`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Smart => "SMART",
            Self::Boost => "BOOST",
            Self::Test => "TEST",
        }
    }

    /// What `code` stands for.
    pub fn of(code: &str) -> Option<Self> {
        [Self::Smart, Self::Boost, Self::Test].into_iter().find(|source| source.code() == code)
    }

    /// As dispatches tell of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smart => "smart-charge",
            Self::Boost => "bump-charge",
            Self::Test => "test-charge",
        }
    }
}

/// What ended a session before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Cause {
    Disconnected,
    Suspended,
    BoostCharging,
    ChargingOptimisationCreated,
    DeviceDeauthSuccess,
}

impl Cause {
    /// One of `SmartFlexChargingTruncationCause`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Disconnected => "DISCONNECTED",
            Self::Suspended => "SUSPENDED",
            Self::BoostCharging => "BOOST_CHARGING",
            Self::ChargingOptimisationCreated => "CHARGING_OPTIMISATION_CREATED",
            Self::DeviceDeauthSuccess => "DEVICE_DEAUTH_SUCCESS",
        }
    }
}

/// What did not go as planned. States of charge are in hundredths of a per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    /// It ended early.
    Truncated {
        /// Why.
        cause: Cause,
        /// What could have been had.
        original: i64,
        /// What was had.
        achieved: i64,
    },
    /// The car lets itself be charged no further.
    LimitReached,
    /// The device was out of reach when it should have charged.
    LostContact,
}

/// A time at which energy ran without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The moment after the last one.
    pub to: DateTime<Utc>,
    /// From the grid, in joules.
    pub grid_j: i64,
    /// Into the battery, in joules.
    pub battery_j: i64,
}

/// A session that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// What it is for.
    pub source: Source,
    /// One of `PreferencesTargetType`.
    pub target_type: String,
    /// In hundredths of a per cent.
    pub charge_before: i64,
    /// In order of time; the last one may go on.
    pub runs: Vec<Run>,
    /// Whether the device was out of reach when it should have charged.
    pub lost_contact: bool,
}

/// A session that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What it was for.
    pub source: Source,
    /// One of `PreferencesTargetType`.
    pub target_type: String,
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The moment after the last one.
    pub to: DateTime<Utc>,
    /// In hundredths of a per cent.
    pub charge_before: i64,
    /// In hundredths of a per cent.
    pub charge_after: i64,
    /// Into the battery, in Wh.
    pub battery_wh: i64,
    /// What did not go as planned.
    pub problems: Vec<Problem>,
    /// In order of time.
    pub dispatches: Vec<Dispatch>,
}

/// A time at which energy ran, as it is kept and told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// What it was for.
    pub source: Source,
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The moment after the last one.
    pub to: DateTime<Utc>,
    /// From the grid, in Wh.
    pub grid_wh: i64,
    /// Into the battery, in Wh.
    pub battery_wh: i64,
}

/// Joules as Wh, halves rounded up.
pub fn watt_hours(joules: i64) -> i64 {
    (joules + 1800).div_euclid(3600)
}

impl Run {
    /// As it is kept and told.
    pub fn dispatch(&self, source: Source) -> Dispatch {
        let (grid_wh, battery_wh) = (watt_hours(self.grid_j), watt_hours(self.battery_j));
        Dispatch { source, from: self.from, to: self.to, grid_wh, battery_wh }
    }
}

impl Open {
    /// A session that begins.
    pub fn new(source: Source, target_type: &str, charge_before: i64) -> Self {
        let target_type = target_type.to_owned();
        Self { source, target_type, charge_before, runs: Vec::new(), lost_contact: false }
    }

    /// Adds energy that ran for a while, to the last run if it follows without a break.
    pub fn add(&mut self, from: DateTime<Utc>, to: DateTime<Utc>, moved: Moved) {
        match self.runs.last_mut() {
            Some(run) if run.to == from => {
                run.to = to;
                run.grid_j += moved.grid_j;
                run.battery_j += moved.battery_j;
            }
            _ => self.runs.push(Run { from, to, grid_j: moved.grid_j, battery_j: moved.battery_j }),
        }
    }

    /// The session as it ends; nothing, if no energy ran.
    pub fn close(self, charge_after: i64, problems: Vec<Problem>) -> Option<Session> {
        let (from, to) = (self.runs.first()?.from, self.runs.last()?.to);
        let joules = self.runs.iter().map(|run| run.battery_j).sum();
        Some(Session {
            source: self.source,
            target_type: self.target_type,
            from,
            to,
            charge_before: self.charge_before,
            charge_after,
            battery_wh: watt_hours(joules),
            problems,
            dispatches: self.runs.iter().map(|run| run.dispatch(self.source)).collect(),
        })
    }
}
