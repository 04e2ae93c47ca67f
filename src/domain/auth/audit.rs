//! What staff did, one row a call, only ever added to.

use super::viewer::Viewer;
use crate::platform::db::{Tx, statement};

statement!(static ADD: () = "
    insert into support_audit (support_user_id, operation, subject, at, as_account_user_id)
    values ($1, $2, $3, $4, $5)");

/// Notes that staff called `operation` on `subject`, such as an account number: in their own name, or while
/// they looked at the service as a customer does. Others leave no trace here.
pub async fn note(
    tx: &mut Tx,
    viewer: &Viewer,
    operation: &str,
    subject: Option<&str>,
) -> Result<(), sqlx::Error> {
    let Some(staff) = viewer.staff() else {
        return Ok(());
    };
    add(tx, staff, operation, subject, viewer.account_user()).await
}

/// Notes what a member of staff did, and whom they stood in for.
pub(super) async fn add(
    tx: &mut Tx,
    staff: i64,
    operation: &str,
    subject: Option<&str>,
    as_account_user: Option<i64>,
) -> Result<(), sqlx::Error> {
    let now = tx.wall_now();
    let insert = ADD.command().bind(staff).bind(operation).bind(subject).bind(now).bind(as_account_user);
    insert.execute(&mut *tx).await?;
    Ok(())
}
