//! Keeping bills back from customers, with a reason, until somebody lets them go.

use thiserror::Error;

use super::issue;
use crate::platform::db::{Tx, database_error, row, statement};

/// Why a document was neither held nor released.
#[derive(Debug, Error)]
pub enum HoldError {
    /// There is no such document.
    #[error("there is no such billing document")]
    Unknown,
    /// It has gone to the customer.
    #[error("the billing document has been issued")]
    Issued,
    /// Nobody holds it.
    #[error("the billing document is not held")]
    NotHeld,
    /// No reason was given.
    #[error("holding a billing document back needs a reason")]
    NoReason,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(HoldError);

row! {
    struct Held {
        ledger_id: i64,
        status: String,
        is_held: bool,
    }
}

statement!(static LOCK: Held = "
    select ledger_id, status, held_reason is not null as is_held from billing_documents where id = $1
    for no key update");
statement!(static HOLD: () = "update billing_documents set held_reason = $2 where id = $1");
statement!(static MARK: () = "update transactions set is_held = $2 where billing_document_id = $1");

/// Keeps a document back once it is closed, or from now on if it is closed already. A second reason replaces the first.
pub async fn hold(tx: &mut Tx, document: i64, reason: &str) -> Result<(), HoldError> {
    let reason = Some(reason.trim()).filter(|reason| !reason.is_empty()).ok_or(HoldError::NoReason)?;
    lock(tx, document).await?;
    HOLD.command().bind(document).bind(reason).execute(&mut *tx).await?;
    MARK.command().bind(document).bind(true).execute(&mut *tx).await?;
    Ok(())
}

/// Lets a document go: it is issued now if it is closed, or else when its period is over.
pub async fn release(tx: &mut Tx, document: i64) -> Result<(), HoldError> {
    let held = lock(tx, document).await?;
    if !held.is_held {
        return Err(HoldError::NotHeld);
    }
    let none: Option<&str> = None;
    HOLD.command().bind(document).bind(none).execute(&mut *tx).await?;
    MARK.command().bind(document).bind(false).execute(&mut *tx).await?;
    Ok(issue::of_ledger(tx, held.ledger_id).await?)
}

async fn lock(tx: &mut Tx, document: i64) -> Result<Held, HoldError> {
    let held = LOCK.query().bind(document).fetch_optional(&mut *tx).await?.ok_or(HoldError::Unknown)?;
    if held.status == "ISSUED" { Err(HoldError::Issued) } else { Ok(held) }
}
