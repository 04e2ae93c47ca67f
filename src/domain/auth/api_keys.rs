//! API keys of account users. A key is shown once; only its hash is kept.

use super::refresh::{Fresh, digest};
use crate::platform::db::{Literal, Tx, opening, row, statement};
use crate::platform::ids;
use crate::platform::random::Randomness;

row! {
    /// Who logged in by an API key.
    pub(super) struct Owner {
        pub id: i64,
        pub email: Option<String>,
        pub tokens_valid_from: i64,
    }
}

statement!(static LOG_IN: Owner = "
    with owner as (
        select u.id, u.email, u.tokens_valid_from from api_keys k join account_users u on u.id = k.account_user_id
        where k.key_hash = $1 and k.revoked_at is null and u.is_active
    ), kept as (
        insert into refresh_tokens (token_hash, hint, account_user_id, created_at, expires_at)
        select $2, $3, o.id, $4, $5 from owner o
    )
    select id, email, tokens_valid_from from owner");

opening!(
    static LOGGING_IN: Owner = "kraken_api_key" ("bytea, bytea, text, timestamptz, timestamptz") LOG_IN
);

statement!(static LOCK_OWNER: (i64,) = "select id from account_users where id = $1 for update");
statement!(static REVOKE: () = "
    update api_keys set revoked_at = $2 where account_user_id = $1 and revoked_at is null");
statement!(static ADD: () = "
    insert into api_keys (account_user_id, key_hash, hint, created_at) values ($1, $2, $3, $4)");

/// The owner of a key, for whom `fresh` is kept, if the owner is active. Looked up by hash, so no comparison of secrets can be
/// timed. All there is to do in a transaction.
pub(super) async fn log_in(tx: Tx, key: &str, fresh: &Fresh) -> Result<Option<Owner>, sqlx::Error> {
    let (key, hint) = (digest(key), fresh.hint());
    let values = [
        Literal::Bytes(&key),
        Literal::Bytes(&fresh.digest),
        Literal::Text(&hint),
        Literal::Moment(fresh.created_at),
        Literal::Moment(fresh.expires_at),
    ];
    Ok(tx.only(&LOGGING_IN, &values).await?.into_iter().next())
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
