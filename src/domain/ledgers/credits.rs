//! Crediting accounts.

use serde_json::Value;
use thiserror::Error;

use super::books::Book;
use super::by_hand::{self, Action, Amounts, HandError, Notes, Onto, Posted, Wanted};
use super::journal::{PostError, posting_error};
use super::ledgers;
use super::reasons;
use super::transactions::{self, Kind, New};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error};
use crate::platform::market;
use crate::platform::money::{AmountError, Minor, Split};

/// A credit that somebody gives by hand. All amounts are minor units of the account's currency.
#[derive(Clone, Debug, Default)]
pub struct NewCredit<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// The id or the number of one of its ledgers; the main one if none is named.
    pub ledger: Option<&'a str>,
    /// Before tax; zero or more.
    pub net: i64,
    /// The tax; zero or more.
    pub tax: i64,
    /// Both together; more than zero.
    pub gross: i64,
    /// Code of a credit reason.
    pub reason: &'a str,
    /// A note for staff.
    pub note: Option<&'a str>,
    /// A note for the customer.
    pub display_note: Option<&'a str>,
    /// Anything to keep with it.
    pub metadata: Option<&'a Value>,
}

/// Credits a ledger of an account.
pub async fn create(tx: &mut Tx, viewer: &Viewer, new: &NewCredit<'_>) -> Result<Posted, HandError> {
    let main = Onto::Main(new.account_number);
    let wanted = Wanted {
        action: Action::Credit,
        onto: new.ledger.map_or(main, |ledger| Onto::Of(new.account_number, ledger)),
        amounts: Amounts::Parts(new.net, new.tax, new.gross),
        reason: new.reason,
    };
    let notes = Notes { note: new.note, display_note: new.display_note, metadata: new.metadata };
    by_hand::post(tx, viewer, &wanted, &notes).await
}

/// Why nothing was granted.
#[derive(Debug, Error)]
pub enum GrantError {
    /// There is no such account, or it has no main ledger.
    #[error("the account has no ledger to credit")]
    NoLedger,
    /// The amount is not positive, or the balance after it too large to be shown.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The books could not be kept; never the caller's doing.
    #[error(transparent)]
    Books(PostError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(GrantError);
posting_error!(GrantError);

/// Credits an account's main ledger, free of tax, for a reason of the server's own. The amount is in minor units. Answers
/// the transaction's id. No viewer: the caller has seen to that.
pub(in crate::domain) async fn grant(
    tx: &mut Tx,
    account: i64,
    amount: i64,
    reason: &str,
    title: &str,
) -> Result<i64, GrantError> {
    let amount = Minor::positive_entry(amount)?;
    let target = ledgers::target(tx, account, None).await?.ok_or(GrantError::NoLedger)?;
    let market = market::by_code(&target.market).ok_or(GrantError::NoLedger)?;
    let new = New { reason_code: Some(reason), ..New::of(Kind::Credit, Split::untaxed(amount), title) };
    Ok(transactions::record(tx, market, target.ledger_id, &new, Book::Credits).await?)
}

/// A credit that follows from a rule.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain) struct RuleCredit<'a> {
    /// The ledger, by row id.
    pub ledger: i64,
    /// In minor units; below zero where an earlier one gave too much.
    pub amount: i64,
    /// Code of a credit reason of the ledger's market.
    pub reason: &'a str,
    /// A note for the customer.
    pub display_note: &'a str,
}

/// Credits a ledger for a reason of the server's own, free of tax. Answers the transaction's id. No viewer: the caller has seen
/// to that.
pub(in crate::domain) async fn by_rule(tx: &mut Tx, new: &RuleCredit<'_>) -> Result<i64, GrantError> {
    let amount = Minor::entry(new.amount)?;
    let target = ledgers::target_by_id(tx, new.ledger).await?.ok_or(GrantError::NoLedger)?;
    let market = market::by_code(&target.market).ok_or(GrantError::NoLedger)?;
    let reason = reasons::credit(tx, &market.code, new.reason).await?;
    let title = reason.map_or_else(|| new.reason.to_owned(), |reason| reason.display);
    let credit = New {
        reason_code: Some(new.reason),
        display_note: Some(new.display_note),
        ..New::of(Kind::Credit, Split::untaxed(amount), &title)
    };
    Ok(transactions::record(tx, market, target.ledger_id, &credit, Book::Credits).await?)
}
