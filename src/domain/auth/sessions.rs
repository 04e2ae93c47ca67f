//! Ending sessions: one access token, all of them, one refresh token, all of somebody's.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::refresh::digest;
use super::subjects;
use super::tokens::Seen;
use super::viewer::{ACT_FOR_CUSTOMERS, MANAGE_SESSIONS, Viewer};
use crate::domain::accounts::users;
use crate::platform::db::{Tx, database_error, row, statement};

/// Why a session was not ended.
#[derive(Debug, Error)]
pub enum WithdrawError {
    /// There is no such token or customer, or the viewer may not end their sessions.
    #[error("no such token or customer for this viewer")]
    NotYours,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(WithdrawError);

row! {
    /// A refresh token that was withdrawn.
    pub struct Withdrawn {
        /// How it begins; the rest is not kept.
        pub hint: String,
        /// When it would have expired.
        pub expires_at: DateTime<Utc>,
    }
}

statement!(static DISABLE: () = "
    insert into disabled_tokens (token_hash, expires_at) values ($1, $2) on conflict do nothing");
statement!(static WITHDRAW: Withdrawn = "
    update refresh_tokens set invalidated_at = coalesce(invalidated_at, $5)
    where token_hash = $3 and expires_at > $5 and ($4::boolean
        or ($1 = 'account-user' and account_user_id = $2) or ($1 = 'support-user' and support_user_id = $2)
        or ($1 = 'organisation' and (organisation_id = $2 or third_party_id = $2))
        or ($1 = 'partner-user' and partner_user_id = $2))
    returning hint, expires_at");
statement!(static WITHDRAW_ALL: Withdrawn = "
    update refresh_tokens set invalidated_at = $3
    where account_user_id = $1 and ($2::bigint is null or third_party_id = $2)
        and invalidated_at is null and expires_at > $3
    returning hint, expires_at");

/// Refuses an access token from now on.
pub async fn disable(tx: &mut Tx, token: &Seen) -> Result<(), sqlx::Error> {
    DISABLE.command().bind(&token.digest).bind(token.expires_at).execute(&mut *tx).await?;
    Ok(())
}

/// Ends every session that the viewer has, with or without those of the applications and links that act for
/// them. Answers the moment from which new tokens count.
pub async fn end_all(
    tx: &mut Tx,
    viewer: &Viewer,
    with_third_parties: bool,
) -> Result<DateTime<Utc>, WithdrawError> {
    let subject = viewer.subject().ok_or(WithdrawError::NotYours)?;
    Ok(match with_third_parties {
        true => subjects::end_sessions(tx, subject).await?,
        false => subjects::end_own_sessions(tx, subject).await?,
    })
}

/// Withdraws one refresh token: its owner's to do, in person; the organisation's that holds it; and of whoever
/// may manage sessions. One that was withdrawn before stays so.
pub async fn withdraw(tx: &mut Tx, viewer: &Viewer, token: &str) -> Result<Withdrawn, WithdrawError> {
    let owner = viewer.subject().filter(|_| viewer.account_user().is_none() || viewer.is_in_person());
    let owner = owner.ok_or(WithdrawError::NotYours)?;
    let any = viewer.is_staff() && viewer.may(MANAGE_SESSIONS);
    let now = tx.wall_now();
    let update = WITHDRAW.query().bind(owner.kind()).bind(owner.id()).bind(digest(token)).bind(any).bind(now);
    update.fetch_optional(&mut *tx).await?.ok_or(WithdrawError::NotYours)
}

/// Withdraws a customer's refresh tokens: all of them for the customer and for staff that may manage sessions,
/// those that it holds for an organisation.
pub async fn withdraw_all(
    tx: &mut Tx,
    viewer: &Viewer,
    email: &str,
) -> Result<Vec<Withdrawn>, WithdrawError> {
    let user = users::id_by_email(tx, viewer, email).await?.ok_or(WithdrawError::NotYours)?;
    let held_by = match viewer {
        Viewer::AccountUser { id, .. } if viewer.is_in_person() && *id == user => None,
        Viewer::Staff { .. } if viewer.may(MANAGE_SESSIONS) => None,
        Viewer::Organisation { id, .. } if viewer.may(ACT_FOR_CUSTOMERS) => Some(*id),
        _ => return Err(WithdrawError::NotYours),
    };
    let now = tx.wall_now();
    Ok(WITHDRAW_ALL.query().bind(user).bind(held_by).bind(now).fetch_all(&mut *tx).await?)
}
