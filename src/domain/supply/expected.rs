//! What a year at a point is expected to take, and what it would cost on tariffs.

use std::collections::HashMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::interval::Interval;
use super::pricing::{self, Piece, Terms, Use};
use super::profiles::{self, Profile};
use super::supply_points::SupplyPoint;
use super::{intervals, rates, simulated_feed};
use crate::platform::db::Tx;
use crate::platform::market::Market;

const DAYS_OF_YEAR: u64 = 365;
/// The length of what is expected, in minutes.
const STEP: i16 = 30;

/// A year from a local day on, half-hour by half-hour.
#[derive(Clone, Debug)]
pub struct Year {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The moment after the last one.
    pub to: DateTime<Utc>,
    /// What is expected, in order.
    pub used: Vec<Interval>,
    /// All of it, in Wh.
    pub wh: i64,
}

/// A year at a point by its load profile: as much as its network expects, or else what is usual.
pub fn year(point: &SupplyPoint, market: &Market, from: NaiveDate) -> Year {
    let profile = Profile {
        seed: profiles::seed_of(0, &point.market_name, &point.identifier),
        market: point.market.clone(),
        is_gas: point.is_gas(),
        is_export: point.direction == "EXPORT",
        is_business: profiles::is_business(point.load_profile.as_deref()),
        annual_wh: point.annual_wh.unwrap_or_else(|| simulated_feed::usual_year(point.is_gas())),
    };
    let days = (0..DAYS_OF_YEAR).filter_map(|ahead| from.checked_add_days(Days::new(ahead)));
    let mut used = Vec::new();
    for day in days {
        let mut start = intervals::beginning(&point.market, day);
        for wh in profile.entries(day, STEP) {
            let end = start + chrono::TimeDelta::minutes(STEP.into());
            used.push(Interval { start, end, wh: wh.into() });
            start = end;
        }
    }
    let end = from.checked_add_days(Days::new(DAYS_OF_YEAR)).unwrap_or(from);
    let wh = used.iter().map(|interval| interval.wh).sum();
    Year { from: market.start_of(from), to: market.start_of(end), used, wh }
}

/// What a year costs on each of these tariffs, net and gross, in minor units, not rounded; without those of which not all
/// prices are known for it, or that price what a car draws by itself.
///
/// # Errors
/// Those of the database.
pub async fn costs(
    tx: &mut Tx,
    year: &Year,
    tariffs: &[i64],
    account_type: &str,
) -> Result<HashMap<i64, (Decimal, Decimal)>, sqlx::Error> {
    let known = rates::of_tariffs(tx, tariffs, year.from, year.to).await?;
    let cost = |rates: &rates::Rates| {
        if rates.device_bands.is_some() {
            return None;
        }
        let terms = Terms::of(rates, account_type, (year.from, Some(year.to)), &year.used);
        let mut pieces = pricing::days(&terms, (year.from, year.to)).ok()?;
        pieces.extend(pricing::energy(&terms, Use::Home, (year.from, year.to), &year.used).ok()?);
        let sum = |of: fn(&Piece) -> Decimal| pieces.iter().map(of).sum::<Decimal>();
        Some((sum(|piece| piece.net), sum(Piece::gross)))
    };
    Ok(known.iter().filter_map(|(id, rates)| Some((*id, cost(rates)?))).collect())
}
