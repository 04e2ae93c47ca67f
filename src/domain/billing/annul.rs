//! Annulling a bill: a credit note undoes every charge and credit on it. The bill itself stays as it is; what it
//! settled is undone.

use thiserror::Error;

use super::{cycle, issue};
use crate::domain::ledgers::reversals::{self, ReversalError};
use crate::domain::payments::settlements;
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};

/// Why a bill was not annulled.
#[derive(Debug, Error)]
pub enum AnnulError {
    /// There is no such document.
    #[error("there is no such billing document")]
    Unknown,
    /// It has not gone to the customer, so that there is nothing to take back.
    #[error("the billing document has not been issued")]
    NotIssued,
    /// It is a credit note itself.
    #[error("a credit note cannot be annulled")]
    CreditNote,
    /// A credit note undoes it already.
    #[error("the billing document has been annulled already")]
    Annulled,
    /// Nothing on it can be undone.
    #[error("there is nothing on the billing document that can be undone")]
    Nothing,
    /// One of its transactions cannot be undone.
    #[error(transparent)]
    Reversal(ReversalError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(AnnulError);

impl From<ReversalError> for AnnulError {
    fn from(error: ReversalError) -> Self {
        match error {
            ReversalError::Database(error) => Self::Database(error),
            other => Self::Reversal(other),
        }
    }
}

row! {
    struct Bill {
        ledger_id: i64,
        kind: String,
        status: String,
    }
}

statement!(static BILL: Bill = "
    select ledger_id, kind, status from billing_documents where id = $1 for no key update");
statement!(static BEGIN: (i64,) = "
    insert into billing_documents (ledger_id, kind, from_date, to_date, annuls_id, opened_at)
    select ledger_id, 'credit_note', from_date, to_date, id, $2 from billing_documents where id = $1 returning id");
// A transfer has another side, which is not on this bill.
statement!(static UNDOABLE: (i64,) = "
    select t.id from transactions t join journal_entries e on e.id = t.journal_entry_id
    where t.billing_document_id = $1 and t.kind in ('charge', 'credit') and not t.is_reversed
        and e.kind in ('charge', 'credit')
    order by t.id");
statement!(static PUT_ON: () = "update transactions set billing_document_id = $1 where id = any($2)");

/// Undoes an issued bill by a credit note, and answers the credit note's id.
pub async fn annul(tx: &mut Tx, document: i64) -> Result<i64, AnnulError> {
    let bill = BILL.query().bind(document).fetch_optional(&mut *tx).await?.ok_or(AnnulError::Unknown)?;
    match (bill.kind.as_str(), bill.status.as_str()) {
        ("credit_note", _) => return Err(AnnulError::CreditNote),
        (_, "ISSUED") => {}
        _ => return Err(AnnulError::NotIssued),
    }
    let now = tx.business_now().await?;
    let begun = BEGIN.query().bind(document).bind(now).fetch_one(&mut *tx).await;
    let (note,) = begun.map_err(|error| match on_constraint(&error, "billing_documents_annuls_key") {
        true => AnnulError::Annulled,
        false => error.into(),
    })?;
    cycle::lock(tx, bill.ledger_id).await?;
    let mut undoing = Vec::new();
    for (transaction,) in UNDOABLE.query().bind(document).fetch_all(&mut *tx).await? {
        undoing.extend(reversals::reverse(tx, transaction, None).await?);
    }
    if undoing.is_empty() {
        return Err(AnnulError::Nothing);
    }
    PUT_ON.command().bind(note).bind(&undoing).execute(&mut *tx).await?;
    cycle::close_note(tx, note).await?;
    issue::of_ledger(tx, bill.ledger_id).await?;
    settlements::undo(tx, document).await?;
    Ok(note)
}
