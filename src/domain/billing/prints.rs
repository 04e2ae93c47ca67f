//! Printed bills: a letter with the bill enclosed, for whoever wants it on paper.

use thiserror::Error;

use super::documents;
use super::files;
use crate::domain::accounts::accounts;
use crate::domain::accounts::changes::may_edit;
use crate::domain::auth::viewer::Viewer;
use crate::domain::communications::messages::{self, NewLetter};
use crate::platform::db::{Tx, database_error, statement};

/// Why a bill was not printed.
#[derive(Debug, Error)]
pub enum PrintError {
    /// There is no such account with such a bill, or not for this viewer.
    #[error("there is no such bill, or not for this viewer")]
    Unauthorised,
    /// It has not gone to the customer yet.
    #[error("the billing document has not been issued")]
    NotIssued,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PrintError);

statement!(static CLAIM: (i64,) = "
    insert into billing_prints (document_id, requested_on, actor_kind, actor_id, requested_at)
    values ($1, $2, $3, $4, $5) on conflict do nothing returning document_id");
statement!(static SENT: () = "
    update billing_prints set message_id = $3 where document_id = $1 and requested_on = $2");

/// Has a bill printed and sent to the account's billing address. Asked for again on the same day, it is under way
/// already. Customers may, and others who may change what is known about customers.
pub async fn request(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    document: &str,
) -> Result<(), PrintError> {
    if !may_edit(viewer) {
        return Err(PrintError::Unauthorised);
    }
    let account = accounts::by_number(tx, viewer, account_number).await?;
    let found = documents::named(tx, viewer, account_number, document).await?;
    let (Some(account), Some(bill)) = (account, found) else { return Err(PrintError::Unauthorised) };
    let (Some(market), true) = (account.market(), bill.is_issued()) else {
        return Err(PrintError::NotIssued);
    };
    let now = tx.business_now().await?;
    let today = market.day(now);
    let claim = CLAIM.query().bind(bill.id).bind(today).bind(viewer.kind()).bind(viewer.id()).bind(now);
    if claim.fetch_optional(&mut *tx).await?.is_none() {
        return Ok(());
    }
    let number = bill.number.as_deref().unwrap_or_default();
    let to = format!("{}, {}", account.billing_name, account.billing_address());
    let letter = NewLetter {
        template: "printed-bill",
        account: account.id,
        to: &to,
        subject: number,
        text: &format!("Enclosed is bill {number} of account {}.", account.number),
        enclosure: &files::key(bill.id),
    };
    let message = messages::send_letter(tx, &letter).await?;
    SENT.command().bind(bill.id).bind(today).bind(message).execute(&mut *tx).await?;
    Ok(())
}
