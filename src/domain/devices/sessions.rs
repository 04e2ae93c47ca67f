//! Charging as it happened: the times at which energy ran, and the sessions that these make up.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::cloud::{Moved, Visit};

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
    /// Somebody who charged at a public charge point, which is no doing of ours.
    Public,
}

impl Source {
    /// One of `SmartFlexChargingType`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Smart => "SMART",
            Self::Boost => "BOOST",
            Self::Test => "TEST",
            Self::Public => "PUBLIC",
        }
    }

    /// What `code` stands for.
    pub fn of(code: &str) -> Option<Self> {
        [Self::Smart, Self::Boost, Self::Test, Self::Public].into_iter().find(|source| source.code() == code)
    }

    /// As dispatches tell of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smart => "smart-charge",
            Self::Boost => "bump-charge",
            Self::Test => "test-charge",
            Self::Public => "public-charge",
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
    /// In order of time; none of what was charged elsewhere.
    pub dispatches: Vec<Dispatch>,
    /// Where, if not at home.
    pub elsewhere: Option<Elsewhere>,
}

/// A public charge point, and what charging there cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Who runs it, by their code.
    pub operator: String,
    /// Where it is.
    pub location: String,
    /// With tax, in minor units.
    pub cost: i64,
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
            elsewhere: None,
        })
    }
}

/// A stay at a public charge point that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// Where.
    pub visit: Visit,
    /// Since when.
    pub from: DateTime<Utc>,
    /// What was in the battery then, in joules.
    pub charge_j: i64,
}

impl Stay {
    /// The session as the stay ends; nothing, if no energy ran. `grid_j` is what the charge point gave for so much into the
    /// battery, `shares` the charge before and after, in hundredths of a per cent.
    pub fn close(
        self,
        to: DateTime<Utc>,
        battery_j: i64,
        grid_j: i64,
        shares: (i64, i64),
    ) -> Option<Session> {
        if battery_j <= 0 || to <= self.from {
            return None;
        }
        let cost = (watt_hours(grid_j) * self.visit.price + 500).div_euclid(1000);
        let Visit { operator, location, .. } = self.visit;
        Some(Session {
            source: Source::Public,
            target_type: "ABSOLUTE_STATE_OF_CHARGE".to_owned(),
            from: self.from,
            to,
            charge_before: shares.0,
            charge_after: shares.1,
            battery_wh: watt_hours(battery_j),
            problems: Vec::new(),
            dispatches: Vec::new(),
            elsewhere: Some(Elsewhere { operator, location, cost }),
        })
    }
}
