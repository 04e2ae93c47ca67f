//! The port to the data services of the markets, which meters and readers report to.

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::future::BoxFuture;
use rust_decimal::Decimal;
use thiserror::Error;

use super::interval::Period;
use super::intervals::NewDay;
use super::readings::NewReading;

/// A service that did not answer. It is asked again later, and nothing is lost.
#[derive(Debug, Error)]
#[error("the data service does not answer")]
pub struct Unavailable;

/// A register, as its data service knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct FedRegister {
    /// Row id.
    pub id: i64,
    /// What part of the day it counts.
    pub band: String,
    /// Digits before the decimal point.
    pub digits: i16,
    /// Digits behind it.
    pub decimal_places: i16,
    /// kWh or cubic metres of one unit.
    pub multiplier: Decimal,
}

/// A meter, as its data service knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct FedMeter {
    /// Row id.
    pub id: i64,
    /// Row id of the point at which it hangs.
    pub supply_point_id: i64,
    /// The market of the point, such as `GBR_GAS`.
    pub market_name: String,
    /// `gb`, `de`, `jp`, `au` or `us`.
    pub market: String,
    /// What that market calls the point.
    pub identifier: String,
    /// Whether it measures gas.
    pub is_gas: bool,
    /// Whether energy runs out of the property.
    pub is_export: bool,
    /// The region of the network.
    pub region: String,
    /// The load profile that the market gives the point.
    pub load_profile: Option<String>,
    /// What a year is expected to take, in Wh.
    pub annual_wh: Option<i64>,
    /// The day of the month on which it is read.
    pub reading_day: Option<i16>,
    /// Whether it sends what runs by the half or quarter of an hour.
    pub sends_half_hourly: bool,
    /// Its first local day.
    pub active_from: NaiveDate,
    /// The local day on which it was taken off.
    pub active_to: Option<NaiveDate>,
    /// Its registers.
    pub registers: Vec<FedRegister>,
    /// The half-open periods in which this retailer supplies the point, and so is told about it.
    pub supplied: Vec<Period>,
}

/// What a service has published about a meter.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// Days of intervals.
    pub days: Vec<NewDay>,
    /// Readings of registers, by time.
    pub readings: Vec<NewReading>,
    /// When there will be something new.
    pub next_at: DateTime<Utc>,
}

/// A data service.
pub trait DataService: Send + Sync {
    /// Everything about a meter that was published after `since`, or ever, and not after `until`. Asked again it says
    /// the same again; what it says differently later is a further version.
    fn published<'a>(
        &'a self,
        meter: &'a FedMeter,
        since: Option<DateTime<Utc>>,
        until: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<Published, Unavailable>>;

    /// The heat of a region's gas on each day of a half-open span, in megajoules a cubic metre.
    fn calorific_values<'a>(
        &'a self,
        market: &'a str,
        region: &'a str,
        from: NaiveDate,
        to: NaiveDate,
    ) -> BoxFuture<'a, Result<Vec<Decimal>, Unavailable>>;
}
