//! Holding a repayment back before it is paid out, and letting it go again. What was decided is only ever added to.

use thiserror::Error;

use super::payouts;
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::{APPROVE_REPAYMENTS, Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};

/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 500;

/// Why a repayment is as it was.
#[derive(Debug, Error)]
pub enum InterventionError {
    /// The viewer may not hold repayments back.
    #[error("the viewer may not hold repayments back")]
    Forbidden,
    /// There is no such repayment.
    #[error("there is no such repayment")]
    Unknown,
    /// The reason has more than [`LONGEST_REASON`] characters.
    #[error("the reason is too long")]
    TooLong,
    /// It is on its way or will never be, is held back already, or is not held back.
    #[error("this cannot be done to the repayment")]
    Impossible,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(InterventionError);

/// What is done to a repayment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is held back.
    Block,
    /// It goes on.
    Allow,
}

row! {
    /// What was decided about a repayment.
    pub struct Intervention {
        /// The repayment.
        pub repayment_id: i64,
        /// `BLOCKED` or `ALLOWED`.
        pub outcome: String,
        /// Why.
        pub reason: Option<String>,
    }
}

statement!(static SWITCH: (i64,) = concat!("
    update account_repayments r set is_blocked = $4 from accounts a
    where r.id = $3 and a.id = r.account_id and r.status in ('REQUESTED', 'APPROVED') and r.is_blocked <> $4
        and ", account_is_visible!(), " returning r.id"));
statement!(static IS_THERE: (bool,) = concat!("
    select exists (select 1 from account_repayments r join accounts a on a.id = r.account_id
        where r.id = $3 and ", account_is_visible!(), ")"));
statement!(static NOTE: Intervention = "
    insert into repayment_interventions (repayment_id, outcome, reason, by_kind, by_id, at)
    values ($1, $2, $3, $4, $5, $6) returning repayment_id, outcome, reason");

/// Holds a repayment back, or lets it go on.
pub async fn intervene(
    tx: &mut Tx,
    viewer: &Viewer,
    id: &str,
    action: Action,
    reason: Option<&str>,
) -> Result<Intervention, InterventionError> {
    if !viewer.may(APPROVE_REPAYMENTS) {
        return Err(InterventionError::Forbidden);
    }
    if reason.is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        return Err(InterventionError::TooLong);
    }
    let id: i64 = id.parse().map_err(|_| InterventionError::Unknown)?;
    let is_block = action == Action::Block;
    let switch = SWITCH.seen_by(viewer).bind(id).bind(is_block);
    if switch.fetch_optional(&mut *tx).await?.is_none() {
        let is_there = IS_THERE.seen_by(viewer).bind(id);
        let (is_there,) = is_there.fetch_one(&mut *tx).await?;
        return Err(if is_there { InterventionError::Impossible } else { InterventionError::Unknown });
    }
    let outcome = if is_block { "BLOCKED" } else { "ALLOWED" };
    let ((kind, by), now) = (hand(viewer), tx.business_now().await?);
    let note = NOTE.query().bind(id).bind(outcome).bind(reason).bind(kind).bind(by).bind(now);
    let made = note.fetch_one(&mut *tx).await?;
    if !is_block {
        payouts::submit_soon(tx, id).await?;
    }
    Ok(made)
}
