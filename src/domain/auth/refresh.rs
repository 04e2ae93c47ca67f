//! Refresh tokens: opaque, kept as hashes, good for seven days of wall time and never extended.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::subjects::Subject;
use crate::platform::db::{Tx, row, statement};
use crate::platform::ids;
use crate::platform::random::Randomness;

/// How long a refresh token is good for.
pub const LIFETIME: TimeDelta = TimeDelta::days(7);

/// How long an expired one is remembered, so that it is still called expired rather than unknown.
const MEMORY: TimeDelta = TimeDelta::days(30);

row! {
    /// A refresh token that is known, expired or not.
    pub(super) struct RefreshRow {
        pub account_user_id: Option<i64>,
        pub support_user_id: Option<i64>,
        pub organisation_id: Option<i64>,
        pub created_at: DateTime<Utc>,
        pub expires_at: DateTime<Utc>,
    }
}

impl RefreshRow {
    pub(super) fn subject(&self) -> Option<Subject> {
        let user = self.account_user_id.map(Subject::AccountUser);
        let staff = self.support_user_id.map(Subject::SupportUser);
        user.or(staff).or(self.organisation_id.map(Subject::Organisation))
    }
}

statement!(static FIND: RefreshRow = "
    select account_user_id, support_user_id, organisation_id, created_at, expires_at
    from refresh_tokens where token_hash = $1");
statement!(static ADD: () = "
    insert into refresh_tokens (token_hash, account_user_id, support_user_id, organisation_id, created_at, expires_at)
    values ($1, case when $2 = 'account-user' then $3::bigint end, case when $2 = 'support-user' then $3 end,
        case when $2 = 'organisation' then $3 end, $4, $5)");
statement!(static PURGE: () = "delete from refresh_tokens where expires_at < $1");

/// What is kept of a secret that is long and random by itself.
pub(super) fn digest(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

pub(super) async fn find(tx: &mut Tx, token: &str) -> Result<Option<RefreshRow>, sqlx::Error> {
    FIND.query().bind(digest(token)).fetch_optional(&mut *tx).await
}

/// Makes a token; answers it, this once, and when it expires.
pub(super) async fn add(
    tx: &mut Tx,
    random: &Randomness,
    subject: Subject,
) -> Result<(String, DateTime<Utc>), sqlx::Error> {
    let token = ids::refresh_token(random);
    let now = tx.wall_now();
    let expires = now + LIFETIME;
    let insert = ADD.command().bind(digest(&token)).bind(subject.kind()).bind(subject.id());
    insert.bind(now).bind(expires).execute(&mut *tx).await?;
    Ok((token, expires))
}

/// Forgets tokens that expired long ago. Answers how many.
pub async fn purge(tx: &mut Tx) -> Result<u64, sqlx::Error> {
    let before = tx.wall_now() - MEMORY;
    Ok(PURGE.command().bind(before).execute(&mut *tx).await?.rows_affected())
}
