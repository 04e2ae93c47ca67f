//! Pre-signed tokens: keys in links, with which a customer can do one kind of thing without logging in.

use chrono::{DateTime, Utc};

use super::refresh::digest;
use crate::platform::db::{Tx, row, statement};

row! {
    /// A key that was not withdrawn; it may have expired.
    pub(super) struct KeyRow {
        pub id: i64,
        pub account_user_id: i64,
        pub scope: String,
        pub expires_at: DateTime<Utc>,
    }
}

statement!(static FIND: KeyRow = "
    select id, account_user_id, scope, expires_at from pre_signed_tokens
    where key_hash = $1 and invalidated_at is null");

pub(super) async fn find(tx: &mut Tx, key: &str) -> Result<Option<KeyRow>, sqlx::Error> {
    FIND.query().bind(digest(key)).fetch_optional(&mut *tx).await
}
