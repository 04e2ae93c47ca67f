//! What staff did, one row a call, only ever added to.

use super::viewer::Viewer;
use crate::platform::db::{Tx, statement};

statement!(static ADD: () = "
    insert into support_audit (support_user_id, operation, subject, at) values ($1, $2, $3, $4)");

/// Notes that staff called `operation` on `subject`, such as an account number. Others leave no trace here.
pub async fn note(
    tx: &mut Tx,
    viewer: &Viewer,
    operation: &str,
    subject: Option<&str>,
) -> Result<(), sqlx::Error> {
    if !viewer.is_staff() {
        return Ok(());
    }
    let now = tx.wall_now();
    ADD.command().bind(viewer.id()).bind(operation).bind(subject).bind(now).execute(&mut *tx).await?;
    Ok(())
}
