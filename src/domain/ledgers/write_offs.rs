//! Writing off what a customer owes and nobody expects to be paid any more.

use thiserror::Error;

use super::books::{self, Book};
use super::journal::{self, Leg, PostError, posting_error};
use super::transactions::{self, Kind, New};
use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, statement};
use crate::platform::market;
use crate::platform::money::{AmountError, Minor, Split};

/// The reason of what was written off. Nobody can give it for anything else.
pub const REASON: &str = "WRITE_OFF";
const TITLE: &str = "Debt written off";
const ENTRY: &str = "write_off";

/// Why nothing was written off.
#[derive(Debug, Error)]
pub enum WriteOffError {
    /// There is no ledger of this number.
    #[error("there is no such ledger")]
    NoLedger,
    /// Nothing is owed on the ledger.
    #[error("nothing is owed on the ledger")]
    NothingOwed,
    /// Less than the amount is owed on it.
    #[error("less than that is owed on the ledger")]
    NotAsMuch,
    /// The amount is not positive.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The books could not be kept; never the caller's doing.
    #[error(transparent)]
    Books(PostError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(WriteOffError);
posting_error!(WriteOffError);

statement!(static LEDGER: (i64, String) = "
    select l.id, a.market from ledgers l join accounts a on a.id = l.account_id where l.number = $1");

/// Credits a ledger with what is owed on it, or with a part of that, in minor units, against the book of bad debts.
/// Answers the transaction's id; to reverse it brings the debt back. No viewer: the caller has seen to that.
pub async fn write_off(
    tx: &mut Tx,
    ledger_number: &str,
    amount: Option<i64>,
    note: Option<&str>,
) -> Result<i64, WriteOffError> {
    let amount = amount.map(Minor::positive_entry).transpose()?;
    let found = LEDGER.query().bind(ledger_number).fetch_optional(&mut *tx).await?;
    let (ledger, market) = found.ok_or(WriteOffError::NoLedger)?;
    let market = market::by_code(&market).ok_or(WriteOffError::NoLedger)?;
    let book = books::of_lane(tx, market).await?.get(Book::BadDebts);
    // Both at once, in the order in which they are posted.
    let held = journal::hold(tx, &[ledger, book], &market.currency.code).await?;
    let owed = held.get(&ledger).copied().unwrap_or_default().negated()?;
    if owed <= Minor::ZERO {
        return Err(WriteOffError::NothingOwed);
    }
    let amount = amount.unwrap_or(owed);
    if amount > owed {
        return Err(WriteOffError::NotAsMuch);
    }
    let credit =
        New { note, reason_code: Some(REASON), ..New::of(Kind::Credit, Split::untaxed(amount), TITLE) };
    let other = Leg { ledger: book, amount: amount.negated()? };
    let recorded =
        transactions::record_entry(tx, market, ENTRY, None, &[(ledger, &credit)], vec![other]).await?;
    Ok(recorded.first()?)
}

// A reversal names the reason too, and is negative.
statement!(static WITH: (i64,) = concat!("
    select a.id from accounts a where a.id = any($3::bigint[]) and exists (
        select 1 from ledgers l join transactions t on t.ledger_id = l.id
        where l.account_id = a.id and t.reason_code = 'WRITE_OFF' and t.amount > 0 and not t.is_reversed
    ) and ", account_is_visible!()));

/// Whether anything is written off on any ledger of each of these accounts.
pub async fn on_accounts(tx: &mut Tx, viewer: &Viewer, accounts: &[i64]) -> Result<Vec<bool>, sqlx::Error> {
    let query = WITH.seen_by(viewer).bind(accounts);
    let found = in_order(accounts, query.fetch_all(&mut *tx).await?, |(id,)| *id);
    Ok(found.iter().map(Option::is_some).collect())
}
