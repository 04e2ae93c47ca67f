//! Money that really moved: payments received and refunds paid out, once they are known to have happened.

use thiserror::Error;

use super::books::Book;
use super::journal::{PostError, posting_error};
use super::ledgers;
use super::transactions::{self, Kind, New};
use crate::platform::db::{Tx, database_error};
use crate::platform::market;
use crate::platform::money::{AmountError, Minor, Split};

/// Why a payment or refund was not recorded.
#[derive(Debug, Error)]
pub enum PaymentError {
    /// The account has no such ledger, or it takes no payments.
    #[error("the account has no ledger for this")]
    NoLedger,
    /// The amount is not positive, or it or the balance after it is too large to be shown.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The books could not be kept; never the caller's doing.
    #[error(transparent)]
    Books(PostError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PaymentError);
posting_error!(PaymentError);

/// Money received or paid out.
#[derive(Clone, Debug)]
pub struct Movement<'a> {
    /// In minor units; more than zero.
    pub amount: i64,
    /// What the bill calls it, such as `Direct debit`.
    pub title: &'a str,
    /// One of `AccountPaymentTransactionTypeChoices`.
    pub payment_type: &'a str,
    /// The type of ledger; the main one if none is named.
    pub ledger_type: Option<&'a str>,
}

/// Records a payment received for an account. Answers the transaction's id.
pub async fn record(tx: &mut Tx, account: i64, movement: &Movement<'_>) -> Result<i64, PaymentError> {
    moved(tx, account, Kind::Payment, movement).await
}

/// Records money paid back to an account's holder. Answers the transaction's id.
pub async fn refund(tx: &mut Tx, account: i64, movement: &Movement<'_>) -> Result<i64, PaymentError> {
    moved(tx, account, Kind::Refund, movement).await
}

/// Records a payment received on a ledger. Answers the transaction's id. No viewer: the caller has seen to that.
pub async fn received(
    tx: &mut Tx,
    ledger: i64,
    amount: Minor,
    title: &str,
    payment_type: &str,
) -> Result<i64, PaymentError> {
    let target = ledgers::target_by_id(tx, ledger).await?.ok_or(PaymentError::NoLedger)?;
    let market = market::by_code(&target.market).ok_or(PaymentError::NoLedger)?;
    let new =
        New { payment_type: Some(payment_type), ..New::of(Kind::Payment, Split::untaxed(amount), title) };
    Ok(transactions::record(tx, market, ledger, &new, Book::Bank).await?)
}

async fn moved(tx: &mut Tx, account: i64, kind: Kind, movement: &Movement<'_>) -> Result<i64, PaymentError> {
    let amount = Minor::positive_entry(movement.amount)?;
    let target = ledgers::target(tx, account, movement.ledger_type).await?.ok_or(PaymentError::NoLedger)?;
    let market = market::by_code(&target.market).ok_or(PaymentError::NoLedger)?;
    if kind == Kind::Payment && !target.accepts_payments {
        return Err(PaymentError::NoLedger);
    }
    let payment_type = Some(movement.payment_type);
    let new = New { payment_type, ..New::of(kind, Split::untaxed(amount), movement.title) };
    Ok(transactions::record(tx, market, target.ledger_id, &new, Book::Bank).await?)
}
