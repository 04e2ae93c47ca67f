//! Bills that another system gives out: of accounts that a third party bills. They are closed here as all others are, and wait
//! until that system has told their number.

use chrono::NaiveDate;
use thiserror::Error;

use super::files;
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::jobs::JobError;
use crate::platform::market;
use crate::platform::storage::Storage;

/// Why a bill was not taken for given out.
#[derive(Debug, Error)]
pub enum ElsewhereError {
    /// There is no such document.
    #[error("there is no such billing document")]
    Unknown,
    /// The account is billed by this system.
    #[error("the account is not billed by a third party")]
    NotThirdParty,
    /// Its period still runs.
    #[error("the billing document is not closed yet")]
    Open,
    /// It has been given out already.
    #[error("the billing document has been issued already")]
    Issued,
    /// Somebody keeps it back.
    #[error("the billing document is held back")]
    Held,
    /// The system or the number is empty, or the days do not fit.
    #[error("a bill needs the name of a system, a number, and a due day that is not before its issue")]
    Facts,
    /// Another bill has this number.
    #[error("another bill has this number")]
    NumberTaken,
    /// The file could not be kept.
    #[error("the file could not be kept: {0}")]
    File(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ElsewhereError);

/// What the other system has given out.
#[derive(Clone, Debug)]
pub struct GivenOut<'a> {
    /// What it is called.
    pub system: &'a str,
    /// The number that the customer knows the bill by.
    pub number: &'a str,
    /// The local day of issue.
    pub issued_on: NaiveDate,
    /// The day by which it is to be paid.
    pub due_on: NaiveDate,
    /// The bill itself, a PDF, if it was sent.
    pub pdf: Option<Vec<u8>>,
}

row! {
    struct Bill {
        status: String,
        market: String,
        is_held: bool,
        is_third_party: bool,
    }
}

statement!(static BILL: Bill = "
    select d.status, a.market, d.held_reason is not null as is_held,
        a.account_type in ('BUSINESS_THIRD_PARTY_BILLED', 'DOMESTIC_THIRD_PARTY_BILLED') as is_third_party
    from billing_documents d join ledgers l on l.id = d.ledger_id join accounts a on a.id = l.account_id
    where d.id = $1 for no key update of d");
statement!(static ISSUE: () = "
    update billing_documents set status = 'ISSUED', number = $2, issued_at = $3, issued_on = $4, due_date = $5,
        issued_by = $6
    where id = $1");
statement!(static MARK: () = "update transactions set is_issued = true where billing_document_id = $1");

/// Takes a closed document for given out by another system, under that system's number.
///
/// # Errors
/// See [`ElsewhereError`].
pub async fn given_out(
    tx: &mut Tx,
    storage: &dyn Storage,
    document: i64,
    given: &GivenOut<'_>,
) -> Result<(), ElsewhereError> {
    let bill = BILL.query().bind(document).fetch_optional(&mut *tx).await?.ok_or(ElsewhereError::Unknown)?;
    let market = market::by_code(&bill.market).ok_or(ElsewhereError::Unknown)?;
    match bill.status.as_str() {
        _ if !bill.is_third_party => return Err(ElsewhereError::NotThirdParty),
        "OPEN" => return Err(ElsewhereError::Open),
        "ISSUED" => return Err(ElsewhereError::Issued),
        _ if bill.is_held => return Err(ElsewhereError::Held),
        _ => {}
    }
    let (system, number) = (given.system.trim(), given.number.trim());
    let now = tx.business_now().await?;
    let is_late = given.issued_on > market.day(now);
    if system.is_empty() || number.is_empty() || given.due_on < given.issued_on || is_late {
        return Err(ElsewhereError::Facts);
    }
    let issue = ISSUE.command().bind(document).bind(number).bind(now).bind(given.issued_on);
    let issued = issue.bind(given.due_on).bind(system).execute(&mut *tx).await;
    issued.map_err(|error| match on_constraint(&error, "billing_documents_number_key") {
        true => ElsewhereError::NumberTaken,
        false => error.into(),
    })?;
    MARK.command().bind(document).execute(&mut *tx).await?;
    let Some(pdf) = given.pdf.clone() else { return Ok(()) };
    files::keep(tx, storage, files::named(document, number), pdf).await.map_err(|error| match error {
        JobError::Database(error) => ElsewhereError::Database(error),
        other => ElsewhereError::File(other.to_string()),
    })
}
