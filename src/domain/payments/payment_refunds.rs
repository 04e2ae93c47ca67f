//! Paying a payment back, in full or in part, the way it came. It needs no credit: the payment is undone as far as it goes.
//!
//! Whoever asks holds the payment's row, so that no more goes back than came.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::repayments::{self, Repayment};
use super::requests::{self, LONGEST_REASON, NewRow, RequestError};
use crate::domain::auth::viewer::{MANAGE_PAYMENTS, Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;

/// Why a payment is not paid back.
#[derive(Debug, Error)]
pub enum RefundError {
    /// The viewer may not pay payments back, or there is no such payment of such an account for them.
    #[error("there is no such payment that the viewer may pay back")]
    Forbidden,
    /// The key stands for another request.
    #[error("the key has been used for another request")]
    UsedKey,
    /// It has not arrived, or was taken back.
    #[error("the payment has not arrived, or was taken back")]
    NotCleared,
    /// More than came, or than is left of it.
    #[error("no more than {0} is left of the payment")]
    TooMuch(i64),
    /// Money that came this way cannot go back by it.
    #[error("money that came this way cannot go back by it")]
    NoWayBack,
    /// The amount is zero or less, or the key or the reason is empty or too long.
    #[error("{0}")]
    Invalid(&'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(RefundError);

/// What is to be paid back.
#[derive(Clone, Copy, Debug)]
pub struct NewRefund<'a> {
    /// Number of the account.
    pub account_number: &'a str,
    /// The payment, by its id.
    pub payment: &'a str,
    /// In minor units; more than zero.
    pub amount: i64,
    /// Any text that was not used for another request of the account.
    pub idempotency_key: &'a str,
    /// Why.
    pub reason: &'a str,
}

row! {
    struct Paid {
        id: i64,
        account_id: i64,
        ledger_id: i64,
        market: String,
        instruction_id: Option<i64>,
        amount: i64,
        is_cleared: bool,
        is_reversed: bool,
        method: Option<String>,
    }
}

statement!(static HOLD: Paid = concat!("
    select p.id, p.account_id, p.ledger_id, a.market, p.instruction_id, p.amount, p.status = 'CLEARED' as is_cleared,
        coalesce((select t.is_reversed from transactions t where t.id = p.transaction_id), false) as is_reversed,
        (select w.method from refund_ways w where w.payment_type = p.payment_type) as method
    from account_payments p join accounts a on a.id = p.account_id
    where p.id = $3 and a.number = $4 and ", account_is_visible!(), " for no key update of p"));
statement!(static REFUNDED: (i64,) = "
    select coalesce(sum(r.amount), 0)::bigint from repayment_requests q join account_repayments r on r.request_id = q.id
    where q.payment_id = $1 and r.status not in ('WITHDRAWN', 'FAILED')");

/// Has a cleared payment paid back, once somebody else has approved it.
pub async fn refund(tx: &mut Tx, viewer: &Viewer, new: &NewRefund<'_>) -> Result<Repayment, RefundError> {
    if !viewer.may(MANAGE_PAYMENTS) {
        return Err(RefundError::Forbidden);
    }
    let id: i64 = new.payment.parse().map_err(|_| RefundError::Forbidden)?;
    let query = HOLD.seen_by(viewer).bind(id).bind(new.account_number);
    let paid = query.fetch_optional(&mut *tx).await?.ok_or(RefundError::Forbidden)?;
    let market = market::by_code(&paid.market).ok_or(RefundError::Forbidden)?;
    if new.reason.chars().count() > LONGEST_REASON {
        return Err(RefundError::Invalid("The reason must have no more than 500 characters."));
    }
    requests::check_key(new.idempotency_key).map_err(RefundError::Invalid)?;
    if requests::knows_key(tx, paid.account_id, new.idempotency_key).await? {
        return Err(RefundError::UsedKey);
    }
    if !paid.is_cleared || paid.is_reversed {
        return Err(RefundError::NotCleared);
    }
    let method = paid.method.as_deref().filter(|_| paid.instruction_id.is_some());
    let method = method.ok_or(RefundError::NoWayBack)?;
    let (refunded,) = REFUNDED.query().bind(id).fetch_one(&mut *tx).await?;
    let left = paid.amount - refunded;
    if new.amount <= 0 {
        return Err(RefundError::Invalid("The amount must be more than zero."));
    }
    if new.amount > left {
        return Err(RefundError::TooMuch(left));
    }
    let now: DateTime<Utc> = tx.business_now().await?;
    let row = NewRow {
        account: paid.account_id,
        ledger: paid.ledger_id,
        payment: Some(paid.id),
        instruction: paid.instruction_id,
        amount: new.amount,
        method,
        reason: Some(new.reason),
        idempotency_key: Some(new.idempotency_key),
        is_plain: false,
        today: market.day(now),
    };
    let request = requests::add(tx, viewer, &row).await.map_err(|error| match error {
        RequestError::UsedKey => RefundError::UsedKey,
        RequestError::Database(error) => RefundError::Database(error),
        _ => RefundError::Forbidden,
    })?;
    let made = repayments::of_request(tx, viewer, request.id).await?;
    Ok(made.ok_or(sqlx::Error::RowNotFound)?)
}
