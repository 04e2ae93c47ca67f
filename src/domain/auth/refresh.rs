//! Refresh tokens: opaque, kept as hashes, never extended. A session's own is good for seven days of wall time;
//! an organisation that a customer lets act for them holds one for half a year.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

use super::subjects::{Actor, Subject};
use crate::platform::db::{Tx, row, statement};
use crate::platform::ids;
use crate::platform::random::Randomness;

/// How long a refresh token is good for.
pub const LIFETIME: TimeDelta = TimeDelta::days(7);

/// How long an organisation's refresh token for a customer is good for.
pub const LONG_LIFETIME: TimeDelta = TimeDelta::days(180);

/// How long an expired one is still called expired rather than unknown.
const MEMORY: TimeDelta = TimeDelta::minutes(30);

/// How much of a token is kept to tell it from others.
const HINT: usize = 8;

row! {
    /// A refresh token that is known.
    pub(super) struct RefreshRow {
        pub account_user_id: Option<i64>,
        pub support_user_id: Option<i64>,
        pub organisation_id: Option<i64>,
        pub partner_user_id: Option<i64>,
        pub third_party_id: Option<i64>,
        pub created_at: DateTime<Utc>,
        pub expires_at: DateTime<Utc>,
    }
}

impl RefreshRow {
    pub(super) fn subject(&self) -> Option<Subject> {
        let user = self.account_user_id.map(Subject::AccountUser);
        let staff = self.support_user_id.map(Subject::SupportUser);
        let partner = self.partner_user_id.map(Subject::PartnerUser);
        user.or(staff).or(partner).or(self.organisation_id.map(Subject::Organisation))
    }

    pub(super) fn actor(&self) -> Option<Actor> {
        self.third_party_id.map(Actor::Organisation)
    }
}

statement!(static FIND: RefreshRow = "
    select account_user_id, support_user_id, organisation_id, partner_user_id, third_party_id, created_at, expires_at
    from refresh_tokens where token_hash = $1 and invalidated_at is null and expires_at > $2");
statement!(static ADD: () = "
    insert into refresh_tokens (token_hash, hint, account_user_id, support_user_id, organisation_id, partner_user_id,
        third_party_id, created_at, expires_at)
    values ($1, $2, case when $3 = 'account-user' then $4::bigint end, case when $3 = 'support-user' then $4 end,
        case when $3 = 'organisation' then $4 end, case when $3 = 'partner-user' then $4 end, $5, $6, $7)");
statement!(static PURGE: () = "delete from refresh_tokens where expires_at < $1");

/// What is kept of a secret that is long and random by itself.
pub(in crate::domain) fn digest(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// The token's row, also for half an hour after it has expired.
pub(super) async fn find(tx: &mut Tx, token: &str) -> Result<Option<RefreshRow>, sqlx::Error> {
    let forgotten = tx.wall_now() - MEMORY;
    FIND.query().bind(digest(token)).bind(forgotten).fetch_optional(&mut *tx).await
}

/// Makes a token; answers it, this once, and when it expires.
pub(super) async fn add(
    tx: &mut Tx,
    random: &Randomness,
    subject: Subject,
) -> Result<(String, DateTime<Utc>), sqlx::Error> {
    insert(tx, random, subject, None, LIFETIME).await
}

/// Makes a token with which an organisation acts for an account user.
pub(super) async fn add_for_third_party(
    tx: &mut Tx,
    random: &Randomness,
    account_user: i64,
    organisation: i64,
) -> Result<(String, DateTime<Utc>), sqlx::Error> {
    insert(tx, random, Subject::AccountUser(account_user), Some(organisation), LONG_LIFETIME).await
}

/// A token that was just made, and what is kept of it.
pub(super) struct Fresh {
    pub token: String,
    pub digest: Vec<u8>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

impl Fresh {
    /// A token that is good for so long from `now` on.
    pub fn new(random: &Randomness, now: DateTime<Utc>, lifetime: TimeDelta) -> Self {
        let token = ids::refresh_token(random);
        Self { digest: digest(&token), token, created_at: now, expires_at: now + lifetime }
    }

    pub fn hint(&self) -> String {
        hint(&self.token)
    }
}

async fn insert(
    tx: &mut Tx,
    random: &Randomness,
    subject: Subject,
    third_party: Option<i64>,
    lifetime: TimeDelta,
) -> Result<(String, DateTime<Utc>), sqlx::Error> {
    let fresh = Fresh::new(random, tx.wall_now(), lifetime);
    let insert = ADD.command().bind(&fresh.digest).bind(fresh.hint()).bind(subject.kind()).bind(subject.id());
    insert.bind(third_party).bind(fresh.created_at).bind(fresh.expires_at).execute(&mut *tx).await?;
    Ok((fresh.token, fresh.expires_at))
}

/// How a secret begins: enough to tell it from others, too little to guess the rest.
pub(super) fn hint(secret: &str) -> String {
    secret.chars().take(HINT).collect()
}

/// Forgets tokens that have expired for good. Answers how many.
pub async fn purge(tx: &mut Tx) -> Result<u64, sqlx::Error> {
    let before = tx.wall_now() - MEMORY;
    Ok(PURGE.command().bind(before).execute(&mut *tx).await?.rows_affected())
}
