//! What only had to be remembered until a token expired.

use crate::platform::db::{Tx, statement};

statement!(static DISABLED: () = "delete from disabled_tokens where expires_at < $1");
statement!(static MASQUERADE: () = "delete from used_masquerade_tokens where expires_at < $1");

/// Forgets tokens that were handed back or used up, and would have expired by now all the same.
pub async fn purge(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let now = tx.wall_now();
    DISABLED.command().bind(now).execute(&mut *tx).await?;
    MASQUERADE.command().bind(now).execute(&mut *tx).await?;
    Ok(())
}
