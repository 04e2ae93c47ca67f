//! When a switch to this retailer takes effect: supply that has not begun, moved to another day with what was agreed for it.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use thiserror::Error;

use super::periods::{self, SupplyError};
use super::product_switches;
use crate::domain::auth::viewer::Viewer;
use crate::platform::calendar;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;

/// How many working days the market needs for a switch.
const NOTICE: u32 = 1;
/// How far ahead a switch can be.
const FARTHEST: TimeDelta = TimeDelta::days(90);

/// Why a switch was not moved.
#[derive(Debug, Error)]
pub enum StartError {
    /// The viewer may not do this, or there is no such account for them.
    #[error("the viewer may not move the switch of this account")]
    Unauthorized,
    /// Nothing is yet to begin.
    #[error("no supply of the account is yet to begin")]
    NothingPending,
    /// The day cannot be.
    #[error("{0}")]
    Day(&'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(StartError);

impl From<SupplyError> for StartError {
    fn from(error: SupplyError) -> Self {
        match error {
            SupplyError::Database(error) => Self::Database(error),
            SupplyError::Supplied => Self::Day("the point is supplied on another account then"),
            SupplyError::NotThere | SupplyError::NotSupplied => Self::Day(
                "what was agreed does not hold from then on, or the account does not hold the property",
            ),
        }
    }
}

row! {
    struct Pending {
        id: i64,
        from_at: Option<DateTime<Utc>>,
    }
}

statement!(static PENDING: Pending = "
    select id, lower(during) as from_at from supply_periods where account_id = $1 and lower(during) > $2
    order by id for no key update");

/// Moves all supply of an account that has not begun to the beginning of a local day. Answers whether anything moved.
///
/// # Errors
/// See [`StartError`].
pub async fn move_to(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    day: NaiveDate,
) -> Result<bool, StartError> {
    let held = product_switches::hold_account(tx, viewer, account_number).await?;
    let (account, market) = held.ok_or(StartError::Unauthorized)?;
    let market = market::by_code(&market).ok_or(StartError::Unauthorized)?;
    let now = tx.business_now().await?;
    let pending = PENDING.query().bind(account).bind(now).fetch_all(&mut *tx).await?;
    if pending.is_empty() {
        return Err(StartError::NothingPending);
    }
    let start = market.start_of(day);
    let moving: Vec<Pending> = pending.into_iter().filter(|each| each.from_at != Some(start)).collect();
    if moving.is_empty() {
        return Ok(false);
    }
    let today = market.day(now);
    if day < calendar::of(&market.code).after(today, NOTICE) {
        return Err(StartError::Day("a switch takes a working day"));
    }
    if day - today > FARTHEST {
        return Err(StartError::Day("the day is more than 90 days ahead"));
    }
    for each in &moving {
        periods::move_start(tx, each.id, start).await?;
    }
    Ok(true)
}
