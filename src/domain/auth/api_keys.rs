//! API keys of account users. A key is shown once; only its hash is kept.

use super::refresh::digest;
use crate::platform::db::{Tx, statement};
use crate::platform::ids;
use crate::platform::random::Randomness;

statement!(static OWNER: (i64,) = "
    select account_user_id from api_keys where key_hash = $1 and revoked_at is null");
statement!(static LOCK_OWNER: (i64,) = "select id from account_users where id = $1 for update");
statement!(static REVOKE: () = "
    update api_keys set revoked_at = $2 where account_user_id = $1 and revoked_at is null");
statement!(static ADD: () = "
    insert into api_keys (account_user_id, key_hash, hint, created_at) values ($1, $2, $3, $4)");

/// Looked up by hash, so no comparison of secrets can be timed.
pub(super) async fn owner(tx: &mut Tx, key: &str) -> Result<Option<i64>, sqlx::Error> {
    Ok(OWNER.query().bind(digest(key)).fetch_optional(&mut *tx).await?.map(|(id,)| id))
}

/// Gives an account user a new key in place of the one they had. Answers it, this once.
pub async fn regenerate(tx: &mut Tx, random: &Randomness, account_user: i64) -> Result<String, sqlx::Error> {
    let key = ids::api_key(random);
    let hint: String = key.chars().take(12).collect();
    let now = tx.wall_now();
    // Of two at once, the second replaces the first one's key.
    LOCK_OWNER.query().bind(account_user).fetch_optional(&mut *tx).await?;
    REVOKE.command().bind(account_user).bind(now).execute(&mut *tx).await?;
    ADD.command().bind(account_user).bind(digest(&key)).bind(hint).bind(now).execute(&mut *tx).await?;
    Ok(key)
}
