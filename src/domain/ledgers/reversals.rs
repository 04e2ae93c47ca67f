//! Undoing what was posted: a new entry with the opposite postings, and new transactions that show it.

use thiserror::Error;

use super::journal::{Leg, PostError};
use super::transactions::{self, Kind, New};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::market;
use crate::platform::money::{AmountError, Minor, Split};

const ENTRY: &str = "reversal";

/// Why nothing was undone.
#[derive(Debug, Error)]
pub enum ReversalError {
    /// There is no such transaction.
    #[error("there is no such transaction")]
    Unknown,
    /// It undoes another one itself.
    #[error("the transaction is a reversal")]
    IsReversal,
    /// It has been undone already.
    #[error("the transaction has been reversed already")]
    Already,
    /// The balance after it would be too large to be shown.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The books could not be kept; never the caller's doing.
    #[error(transparent)]
    Books(PostError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ReversalError);

impl From<PostError> for ReversalError {
    fn from(error: PostError) -> Self {
        match error {
            PostError::Amount(error) => Self::Amount(error),
            PostError::Database(error) if on_constraint(&error, "journal_entries_reverses_key") => {
                Self::Already
            }
            PostError::Database(error) => Self::Database(error),
            other => Self::Books(other),
        }
    }
}

row! {
    struct Original {
        entry_id: i64,
        entry_kind: String,
        market: String,
    }
}

row! {
    struct Side {
        ledger_id: i64,
        kind: String,
        amount: Minor,
        net_amount: Minor,
        tax_amount: Minor,
        title: String,
        display_note: Option<String>,
        reason_code: Option<String>,
        payment_type: Option<String>,
        supply: Option<String>,
        is_export: bool,
    }
}

statement!(static ORIGINAL: Original = "
    select e.id as entry_id, e.kind as entry_kind, a.market
    from transactions t join journal_entries e on e.id = t.journal_entry_id
        join ledgers l on l.id = t.ledger_id join accounts a on a.id = l.account_id
    where t.id = $1");
statement!(static SIDES: Side = "
    select ledger_id, kind, amount, net_amount, tax_amount, title, display_note, reason_code, payment_type, supply,
        is_export
    from transactions where journal_entry_id = $1 order by id");
statement!(static OTHERS: (i64, Minor) = "
    select p.ledger_account_id, p.amount from postings p join ledger_accounts s on s.id = p.ledger_account_id
    where p.journal_entry_id = $1 and s.owner = 'house'");
statement!(static MARK: () = "update transactions set is_reversed = true where journal_entry_id = $1");

/// Undoes the entry behind a transaction: both sides of a transfer, if it is one. Answers the ids of the new
/// transactions, in the order of those they undo. No viewer: the caller has seen to that.
pub async fn reverse(tx: &mut Tx, transaction: i64, note: Option<&str>) -> Result<Vec<i64>, ReversalError> {
    let original = ORIGINAL.query().bind(transaction).fetch_optional(&mut *tx).await?;
    let original = original.ok_or(ReversalError::Unknown)?;
    if original.entry_kind == ENTRY {
        return Err(ReversalError::IsReversal);
    }
    let market = market::by_code(&original.market).ok_or(ReversalError::Unknown)?;
    let sides = SIDES.query().bind(original.entry_id).fetch_all(&mut *tx).await?;
    let titles: Vec<String> = sides.iter().map(|side| format!("Reversal: {}", side.title)).collect();
    let mut shown = Vec::with_capacity(sides.len());
    for (side, title) in sides.iter().zip(&titles) {
        shown.push((side.ledger_id, opposite(side, title, note)?));
    }
    let shown: Vec<(i64, &New<'_>)> = shown.iter().map(|(ledger, new)| (*ledger, new)).collect();
    let mut others = Vec::new();
    for (ledger, amount) in OTHERS.query().bind(original.entry_id).fetch_all(&mut *tx).await? {
        others.push(Leg { ledger, amount: amount.negated()? });
    }
    let reverses = Some(original.entry_id);
    let recorded = transactions::record_entry(tx, market, ENTRY, reverses, &shown, others).await?;
    MARK.command().bind(original.entry_id).execute(&mut *tx).await?;
    Ok(recorded.made)
}

/// The same kind of transaction the other way round, so that what is summed by kind comes to nothing.
fn opposite<'a>(side: &'a Side, title: &'a str, note: Option<&'a str>) -> Result<New<'a>, AmountError> {
    let split = Split {
        net: side.net_amount.negated()?,
        tax: side.tax_amount.negated()?,
        gross: side.amount.negated()?,
    };
    Ok(New {
        note,
        display_note: side.display_note.as_deref(),
        reason_code: side.reason_code.as_deref(),
        payment_type: side.payment_type.as_deref(),
        supply: side.supply.as_deref(),
        is_export: side.is_export,
        ..New::of(Kind::parse(&side.kind), split, title)
    })
}
