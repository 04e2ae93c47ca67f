//! Pre-signed tokens: keys in links, with which a customer can do one kind of thing without logging in.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use super::refresh::{digest, hint};
use super::viewer::{PRE_SIGN, Viewer};
use crate::domain::accounts::users;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::ids;
use crate::platform::random::Randomness;

/// The most days that a key may be good for.
pub const MOST_DAYS: i64 = 365;

/// Why a key was not made or withdrawn.
#[derive(Debug, Error)]
pub enum PreSignError {
    /// The viewer may not make keys.
    #[error("the viewer may not make pre-signed tokens")]
    Forbidden,
    /// There is no such key or customer, or the viewer has nothing to do with them.
    #[error("no such key or customer for this viewer")]
    NotYours,
    /// It would have expired before it was made.
    #[error("the token would have expired already")]
    Expired,
    /// More than [`MOST_DAYS`].
    #[error("a pre-signed token lasts at most {MOST_DAYS} days")]
    TooLong,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PreSignError);

/// What a key is to be made for.
#[derive(Debug)]
pub struct NewKey<'a> {
    /// The e-mail of the customer for whom it stands.
    pub email: &'a str,
    /// The one kind of thing that it allows.
    pub scope: &'a str,
    /// How long it is good for, in days of wall time.
    pub days: i64,
}

/// A key that was just made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The key, shown this once.
    pub key: String,
    /// The first moment at which it is refused.
    pub expires_at: DateTime<Utc>,
    /// What it allows.
    pub scope: String,
}

row! {
    /// A key that was not withdrawn; it may have expired.
    pub(super) struct KeyRow {
        pub id: i64,
        pub account_user_id: i64,
        pub scope: String,
        pub expires_at: DateTime<Utc>,
    }
}

row! {
    /// A key that was withdrawn.
    pub struct Withdrawn {
        /// How it begins; the rest is not kept.
        pub hint: String,
        /// What it allowed.
        pub scope: String,
    }
}

statement!(static FIND: KeyRow = "
    select id, account_user_id, scope, expires_at from pre_signed_tokens
    where key_hash = $1 and invalidated_at is null");
statement!(static ADD: () = "
    insert into pre_signed_tokens (key_hash, hint, account_user_id, scope, issued_by_organisation_id,
        issued_by_support_user_id, created_at, expires_at)
    values ($1, $2, $3, $4, case when $5 = 'organisation' then $6::bigint end,
        case when $5 = 'support-user' then $6 end, $7, $8)");

// The keys that the viewer $1, $2 may withdraw: staff all, organisations those they made, customers their own.
macro_rules! may_withdraw {
    () => {
        "($1::text = 'support-user' or ($1 = 'organisation' and issued_by_organisation_id = $2::bigint)
          or ($1 = 'account-user' and account_user_id = $2))"
    };
}

statement!(static WITHDRAW: Withdrawn = concat!("
    update pre_signed_tokens set invalidated_at = coalesce(invalidated_at, $4)
    where key_hash = $3 and ", may_withdraw!(), " returning hint, scope"));
statement!(static WITHDRAW_ALL: Withdrawn = concat!("
    update pre_signed_tokens set invalidated_at = $5
    where account_user_id = $3 and ($4::text is null or scope = $4) and invalidated_at is null and expires_at > $5
        and ", may_withdraw!(), " returning hint, scope"));

pub(super) async fn find(tx: &mut Tx, key: &str) -> Result<Option<KeyRow>, sqlx::Error> {
    FIND.query().bind(digest(key)).fetch_optional(&mut *tx).await
}

/// Makes a key for a customer whom the viewer sees.
pub async fn generate(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    new: &NewKey<'_>,
) -> Result<Made, PreSignError> {
    let issuer = issuer(viewer)?;
    if new.days > MOST_DAYS {
        return Err(PreSignError::TooLong);
    }
    let user = users::id_by_email(tx, viewer, new.email).await?.ok_or(PreSignError::NotYours)?;
    if new.days < 1 {
        return Err(PreSignError::Expired);
    }
    let (key, now) = (ids::pre_signed_key(random), tx.wall_now());
    let expires_at = now + TimeDelta::days(new.days);
    let insert = ADD.command().bind(digest(&key)).bind(hint(&key)).bind(user).bind(new.scope);
    insert.bind(issuer.kind()).bind(issuer.id()).bind(now).bind(expires_at).execute(&mut *tx).await?;
    Ok(Made { key, expires_at, scope: new.scope.to_owned() })
}

/// Withdraws one key: the staff's to do, the organisation's that made it, and the customer's for whom it
/// stands. A key that was withdrawn before stays so.
pub async fn withdraw(tx: &mut Tx, viewer: &Viewer, key: &str) -> Result<Withdrawn, PreSignError> {
    let holder = match viewer {
        Viewer::AccountUser { .. } => viewer.subject(),
        _ => Some(issuer(viewer)?),
    };
    let holder = holder.ok_or(PreSignError::Forbidden)?;
    let now = tx.wall_now();
    let update = WITHDRAW.query().bind(holder.kind()).bind(holder.id()).bind(digest(key)).bind(now);
    update.fetch_optional(&mut *tx).await?.ok_or(PreSignError::NotYours)
}

/// Withdraws a customer's live keys, or those of one scope: all of them for staff, its own for an
/// organisation.
pub async fn withdraw_all(
    tx: &mut Tx,
    viewer: &Viewer,
    email: &str,
    scope: Option<&str>,
) -> Result<Vec<Withdrawn>, PreSignError> {
    let issuer = issuer(viewer)?;
    let user = users::id_by_email(tx, viewer, email).await?.ok_or(PreSignError::NotYours)?;
    let now = tx.wall_now();
    let update = WITHDRAW_ALL.query().bind(issuer.kind()).bind(issuer.id()).bind(user).bind(scope).bind(now);
    Ok(update.fetch_all(&mut *tx).await?)
}

fn issuer(viewer: &Viewer) -> Result<super::subjects::Subject, PreSignError> {
    let subject = viewer.subject().filter(|_| viewer.may(PRE_SIGN));
    subject.ok_or(PreSignError::Forbidden)
}
