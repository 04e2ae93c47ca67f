//! Undoing charges and credits: each by an entry of its own that moves everything back.

use thiserror::Error;

use super::journal::{Leg, PostError, posting_error};
use super::transactions::{self, Kind, New};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::market;
use crate::platform::money::{AmountError, Minor, Split};

/// Why transactions were not undone.
#[derive(Debug, Error)]
pub enum ReversalError {
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
posting_error!(ReversalError);

row! {
    struct Original {
        id: i64,
        ledger_id: i64,
        journal_entry_id: i64,
        market: String,
        kind: String,
        net_amount: Minor,
        tax_amount: Minor,
        amount: Minor,
        title: String,
        display_note: Option<String>,
        reason_code: Option<String>,
    }
}

// What another customer's ledger is part of, such as a transfer, cannot be undone from one side.
statement!(static ORIGINALS: Original = "
    select t.id, t.ledger_id, t.journal_entry_id, a.market, t.kind, t.net_amount, t.tax_amount, t.amount, t.title,
        t.display_note, t.reason_code
    from transactions t join ledgers l on l.id = t.ledger_id join accounts a on a.id = l.account_id
    where t.id = any($1) and t.kind in ('charge', 'credit') and not t.is_reversed and t.reverses_id is null
        and not exists (select 1 from postings p join ledgers other on other.id = p.ledger_account_id
            where p.journal_entry_id = t.journal_entry_id and other.id <> t.ledger_id)
    order by t.id for no key update of t");
statement!(static OTHERS: (i64, i64) = "
    select ledger_account_id, amount from postings where journal_entry_id = $1 and ledger_account_id <> $2");
statement!(static NAME: () = "update transactions set reverses_id = $2 where id = $1");
statement!(static MARK: () = "update transactions set is_reversed = true where id = $1");

/// Undoes those of these transactions that can be: charges and credits that stand on one ledger alone and were not
/// undone before. Answers the ids of the transactions that undo them. The caller has settled whose they are.
pub async fn undo(tx: &mut Tx, transactions: &[i64]) -> Result<Vec<i64>, ReversalError> {
    let mut made = Vec::new();
    for original in ORIGINALS.query().bind(transactions).fetch_all(&mut *tx).await? {
        made.push(undo_one(tx, &original).await?);
    }
    Ok(made)
}

async fn undo_one(tx: &mut Tx, original: &Original) -> Result<i64, ReversalError> {
    let market = market::by_code(&original.market).ok_or(ReversalError::Books(PostError::UnknownLedger))?;
    let others = OTHERS.query().bind(original.journal_entry_id).bind(original.ledger_id);
    let mut legs = Vec::new();
    for (ledger, amount) in others.fetch_all(&mut *tx).await? {
        legs.push(Leg { ledger, amount: Minor(amount).negated()? });
    }
    let kind = if original.kind == "charge" { Kind::Credit } else { Kind::Charge };
    let split = Split { net: original.net_amount, tax: original.tax_amount, gross: original.amount };
    let note = format!("Undoes {}.", original.id);
    let new = New {
        note: Some(&note),
        display_note: original.display_note.as_deref(),
        reason_code: original.reason_code.as_deref(),
        ..New::of(kind, split, &original.title)
    };
    let id = transactions::record(tx, market, original.ledger_id, &new, &legs).await?;
    NAME.command().bind(id).bind(original.id).execute(&mut *tx).await?;
    MARK.command().bind(original.id).execute(&mut *tx).await?;
    Ok(id)
}
