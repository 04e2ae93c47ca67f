//! Devices that customers let us control, and what we have them do.
//!
//! `simulator` stands behind the port `cloud`. `life` brings a device forward in time and `planner` says when it charges;
//! both are pure. `fleet` reads devices and brings them forward to the present without keeping what comes of that, `keep`
//! keeps it: before each command, and by `upkeep`.

pub mod alerts;
pub mod boosts;
pub mod catalogue;
pub mod charging;
pub mod cloud;
pub mod control;
pub mod costs;
pub mod enrolment;
pub mod fleet;
pub mod heat;
pub mod home_energy;
pub mod keep;
pub mod letting_go;
pub mod life;
#[cfg(test)]
mod life_tests;
mod makers;
pub mod onboarding;
pub mod operators;
pub mod paid;
#[cfg(test)]
mod paid_tests;
pub mod planner;
pub mod preferences;
pub mod prices;
pub mod register;
pub mod rooms;
pub mod sessions;
pub mod settings;
mod simulator;
pub mod upkeep;
pub mod wishes;

use thiserror::Error;

use crate::platform::db::database_error;

/// Why nothing was done with a device.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// There is no such device, or not for this viewer.
    #[error("there is no such device")]
    Unknown,
    /// The viewer sees it and may not move it.
    #[error("the viewer may not control this device")]
    Forbidden,
    /// It is not in service, or cannot do this at all.
    #[error("the device is not ready for this")]
    NotReady(Vec<Refusal>),
    /// It cannot do this now.
    #[error("the device cannot do this now")]
    NotNow(Vec<Refusal>),
    /// It is not doing what was to be stopped.
    #[error("there is nothing to stop")]
    Nothing,
    /// Its maker's service refused.
    #[error("the device refused")]
    Refused,
    /// Its maker's service did not answer.
    #[error("the device cannot be reached")]
    Silent,
    /// Its provider takes no wishes.
    #[error("the provider takes no preferences")]
    NoPreferences,
    /// A wish does not fit the device: where it stands in the input, and why.
    #[error("{1}")]
    Invalid(&'static str, String),
    /// What is kept of it cannot be read.
    #[error("what is kept of the device cannot be read: {0}")]
    Unreadable(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(DeviceError);

/// Why a device cannot be boosted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not in service yet.
    NotYetLive,
    /// It is gone.
    Retired,
    /// Its owner lets us do nothing with it.
    Suspended,
    /// It is not plugged in, or out of reach.
    Disconnected,
    /// It is not at home.
    NotAtHome,
    /// It is being boosted.
    InProgress,
    /// It is as full as it lets itself be charged.
    Full,
}

impl Refusal {
    /// As clients know it.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotYetLive => "BC_DEVICE_NOT_YET_LIVE",
            Self::Retired => "BC_DEVICE_RETIRED",
            Self::Suspended => "BC_DEVICE_SUSPENDED",
            Self::Disconnected => "BC_DEVICE_DISCONNECTED",
            Self::NotAtHome => "BC_DEVICE_NOT_AT_HOME",
            Self::InProgress => "BC_BOOST_CHARGE_IN_PROGRESS",
            Self::Full => "BC_DEVICE_FULLY_CHARGED",
        }
    }
}
