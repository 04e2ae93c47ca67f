//! The port to the displays in customers' homes, which pass on what smart meters tell them.

use chrono::{DateTime, NaiveDate, Utc};

use super::feed::Unavailable;
use super::simulated_display::Simulator;

/// A way in which energy runs through a smart meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The market of the point, such as `GBR_GAS`.
    pub market_name: String,
    /// `gb`, `de`, `jp`, `au` or `us`.
    pub market: String,
    /// What that market calls the point.
    pub identifier: String,
    /// Whether it is gas.
    pub is_gas: bool,
    /// Whether energy runs out of the property.
    pub is_export: bool,
    /// The load profile that the market gives the point.
    pub load_profile: Option<String>,
    /// What a year is expected to take, in Wh.
    pub annual_wh: Option<i64>,
}

/// How long the shortest time is of which a display tells, in seconds; half an hour has 180 of them.
pub const TICK: i64 = 10;

/// What displays tell. Asked again they say the same again.
pub trait Displays: Send + Sync {
    /// What a meter has counted in each half-hour of a local day, in Wh.
    ///
    /// # Errors
    /// The service does not answer at `now`.
    fn half_hours(&self, of: &Counted, day: NaiveDate, now: DateTime<Utc>) -> Result<Vec<i32>, Unavailable>;

    /// The mean power in each ten seconds of the half-hour that begins at `start`, in watts: together what the meter has
    /// counted in it, in Wh.
    fn watts(&self, of: &Counted, start: DateTime<Utc>, wh: i64) -> Vec<i32>;
}

/// The service that displays report to.
pub fn displays() -> &'static dyn Displays {
    const { &Simulator::DEFAULT }
}
