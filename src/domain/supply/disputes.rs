//! Readings that a supply began or ended with and that somebody does not agree with.

use thiserror::Error;

use crate::platform::db::{Tx, database_error, on_constraint, statement};

/// Which reading is disputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disputed {
    /// The one that a supply began with.
    Opening,
    /// The one that it ended with.
    Closing,
}

impl Disputed {
    fn code(self) -> &'static str {
        match self {
            Self::Opening => "OPENING",
            Self::Closing => "CLOSING",
        }
    }
}

/// Why a dispute was neither raised nor settled.
#[derive(Debug, Error)]
pub enum DisputeError {
    /// There is no such supply.
    #[error("there is no such supply")]
    UnknownSupply,
    /// The reading is disputed already.
    #[error("the reading is disputed already")]
    RaisedAlready,
    /// The reading is not disputed.
    #[error("the reading is not disputed")]
    NotDisputed,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(DisputeError);

impl From<sqlx::Error> for DisputeError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "read_disputes_open") {
            Self::RaisedAlready
        } else if on_constraint(&error, "read_disputes_supply_period_id_fkey") {
            Self::UnknownSupply
        } else {
            Self::Database(error)
        }
    }
}

statement!(static RAISE: () = "
    insert into read_disputes (supply_period_id, reading, raised_at) values ($1, $2, $3)");
statement!(static SETTLE: (i64,) = "
    update read_disputes set settled_at = $3 where supply_period_id = $1 and reading = $2 and settled_at is null
    returning id");

/// Disputes a reading of a supply period.
pub async fn raise(tx: &mut Tx, supply_period: i64, reading: Disputed) -> Result<(), DisputeError> {
    let now = tx.business_now().await?;
    RAISE.command().bind(supply_period).bind(reading.code()).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Settles what was disputed.
pub async fn settle(tx: &mut Tx, supply_period: i64, reading: Disputed) -> Result<(), DisputeError> {
    let now = tx.business_now().await?;
    let settle = SETTLE.query().bind(supply_period).bind(reading.code()).bind(now);
    settle.fetch_optional(&mut *tx).await?.map(drop).ok_or(DisputeError::NotDisputed)
}
