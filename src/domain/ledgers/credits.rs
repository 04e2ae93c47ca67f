//! Crediting accounts.

use serde_json::Value;
use thiserror::Error;

use super::books;
use super::journal::PostError;
use super::ledgers::{self, LedgerName, NameError};
use super::reasons;
use super::transactions::{self, Kind, New, Transaction};
use crate::domain::accounts::accounts;
use crate::domain::auth::viewer::{POST_TRANSACTIONS, Viewer};
use crate::platform::db::{Tx, database_error};
use crate::platform::market;
use crate::platform::money::{AmountError, Minor, Split};

/// Why an account was not credited.
#[derive(Debug, Error)]
pub enum CreditError {
    /// The viewer has no permission to post.
    #[error("the viewer may not post credits")]
    Forbidden,
    /// A text names no one ledger.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is no such account, or not for this viewer.
    #[error("there is no such account")]
    UnknownAccount,
    /// The account has no such ledger, or none to post on.
    #[error("the account has no such ledger")]
    NoLedger,
    /// The account's market has no credit reason of this code.
    #[error("there is no such credit reason")]
    UnknownReason,
    /// The reason may no longer be used.
    #[error("the credit reason is deprecated")]
    DeprecatedReason,
    /// Net and tax do not add up to gross.
    #[error("net and tax do not add up to gross")]
    DoesNotAddUp,
    /// An amount is negative or zero, or too large to be shown.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The balance after it would be too large to be shown.
    #[error("the balance would be out of range")]
    Balance,
    /// The books could not be kept; never the caller's doing.
    #[error(transparent)]
    Books(PostError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(CreditError);

impl From<PostError> for CreditError {
    fn from(error: PostError) -> Self {
        match error {
            PostError::Amount(_) => Self::Balance,
            PostError::Database(error) => Self::Database(error),
            other => Self::Books(other),
        }
    }
}

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
pub async fn create(tx: &mut Tx, viewer: &Viewer, new: &NewCredit<'_>) -> Result<Transaction, CreditError> {
    if !viewer.may(POST_TRANSACTIONS) {
        return Err(CreditError::Forbidden);
    }
    let split = split(new)?;
    let name = new.ledger.map(LedgerName::parse).transpose()?;
    let account =
        accounts::by_number(tx, viewer, new.account_number).await?.ok_or(CreditError::UnknownAccount)?;
    let reason = reasons::credit(tx, &account.market, new.reason).await?.ok_or(CreditError::UnknownReason)?;
    if reason.is_deprecated {
        return Err(CreditError::DeprecatedReason);
    }
    let target = match &name {
        None => ledgers::target(tx, account.id, None).await?,
        Some(name) => ledgers::named(tx, viewer, new.account_number, name).await?,
    };
    let target = target.ok_or(CreditError::NoLedger)?;
    let market = market::by_code(&target.market).ok_or(CreditError::NoLedger)?;
    let credit = New {
        note: new.note,
        display_note: new.display_note,
        reason_code: Some(&reason.code),
        metadata: new.metadata,
        ..New::of(Kind::Credit, split, &reason.display)
    };
    let books = books::against(tx, &market.code, target.ledger_id).await?;
    let others = books.credited(&split)?;
    let id = transactions::record(tx, market, target.ledger_id, &credit, &others).await?;
    let made = transactions::by_ids(tx, viewer, &[id]).await?.pop().flatten();
    made.ok_or(CreditError::Database(sqlx::Error::RowNotFound))
}

fn split(new: &NewCredit<'_>) -> Result<Split, CreditError> {
    let gross = Minor::positive_entry(new.gross)?;
    let (net, tax) = (Minor::entry(new.net)?, Minor::entry(new.tax)?);
    if net < Minor::ZERO || tax < Minor::ZERO {
        return Err(AmountError::NotPositive.into());
    }
    if net.plus(tax)? != gross {
        return Err(CreditError::DoesNotAddUp);
    }
    Ok(Split { net, tax, gross })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credit(net: i64, tax: i64, gross: i64) -> Result<Split, CreditError> {
        let account_number = "A-00000000";
        split(&NewCredit { account_number, net, tax, gross, ..NewCredit::default() })
    }

    #[test]
    fn a_credit_adds_up() {
        assert!(credit(100, 20, 120).is_ok());
        assert!(matches!(credit(100, 20, 121), Err(CreditError::DoesNotAddUp)));
        assert!(matches!(credit(0, 0, 0), Err(CreditError::Amount(AmountError::NotPositive))));
        assert!(matches!(credit(-1, 2, 1), Err(CreditError::Amount(AmountError::NotPositive))));
        assert!(matches!(credit(1 << 31, 0, 1 << 31), Err(CreditError::Amount(AmountError::OutOfRange))));
    }
}
