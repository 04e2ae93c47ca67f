//! E-mail addresses that were proved to be their owner's, by a token that was sent there.

use chrono::TimeDelta;
use thiserror::Error;

use super::messages::{self, Channel, NewMessage};
use crate::domain::accounts::changes::may_edit;
use crate::domain::auth::refresh::digest;
use crate::domain::auth::viewer::{Viewer, user_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::ids;
use crate::platform::random::Randomness;

/// How long a token is good for.
pub const LIFETIME: TimeDelta = TimeDelta::days(1);

/// Why no mail was sent.
#[derive(Debug, Error)]
pub enum VerificationError {
    /// The viewer may not have anything sent.
    #[error("the viewer may not have addresses verified")]
    Forbidden,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(VerificationError);

row! {
    /// How far the proof of an address is.
    pub struct Verification {
        /// The address, as its owner spells it.
        pub email: String,
        /// One of `VerificationRequestStatus`.
        pub status: String,
    }
}

// Customers have their own address alone; others those of the users that they see.
macro_rules! owner {
    () => {
        concat!(
            "from account_users u left join email_verifications v \
                 on v.account_user_id = u.id and v.email = lower(u.email) \
             where lower(u.email) = lower(trim($3)) and u.email <> '' and u.is_active \
                 and ($1 <> 'account-user' or u.id = $2) and ",
            user_is_visible!(),
            " order by u.id limit 1"
        )
    };
}

statement!(static STATUS: Verification = concat!("
    select u.email, case when v.verified_at is not null then 'COMPLETED' when v.expires_at > $4 then 'PENDING'
        else 'NOT_SENT' end as status ", owner!()));
statement!(static OWNER: (i64, String, bool) = concat!("
    select u.id, u.email, v.verified_at is not null ", owner!()));
statement!(static PUT: () = "
    insert into email_verifications (account_user_id, email, token_hash, sent_at, expires_at)
    values ($1, lower($2), $3, $4, $5)
    on conflict (account_user_id, email) do update
        set token_hash = excluded.token_hash, sent_at = excluded.sent_at, expires_at = excluded.expires_at
        where email_verifications.verified_at is null");
// What was verified stays so: a link in a mail is followed twice by some.
statement!(static VERIFY: (i64,) = "
    update email_verifications v set verified_at = coalesce(v.verified_at, $3)
    from account_users u
    where v.token_hash = $1 and (v.expires_at > $2 or v.verified_at is not null) and u.id = v.account_user_id
        and lower(u.email) = v.email
    returning v.account_user_id");

statement!(static PROVED: () = "
    insert into email_verifications (account_user_id, email, token_hash, sent_at, expires_at, verified_at)
    values ($1, lower($2), $3, $4, $4, $5)
    on conflict (account_user_id, email) do update
        set verified_at = coalesce(email_verifications.verified_at, excluded.verified_at)");

/// Takes a user's address for proved in another way than by a token: the token that is kept with it is nobody's.
pub(in crate::domain) async fn take_for_proved(
    tx: &mut Tx,
    random: &Randomness,
    user: i64,
    email: &str,
) -> Result<(), sqlx::Error> {
    let (wall, now) = (tx.wall_now(), tx.business_now().await?);
    let token = digest(&ids::password_reset_token(random));
    let proved = PROVED.command().bind(user).bind(email).bind(token).bind(wall).bind(now);
    proved.execute(&mut *tx).await?;
    Ok(())
}

/// How far the proof of an address is; none for one whose owner the viewer does not see.
pub async fn status(tx: &mut Tx, viewer: &Viewer, email: &str) -> Result<Option<Verification>, sqlx::Error> {
    let now = tx.wall_now();
    let query = STATUS.seen_by(viewer).bind(email).bind(now);
    query.fetch_optional(&mut *tx).await
}

/// Sends a token to an address, which takes an older one's place, unless it has been proved. Says whether the address is
/// that of somebody for whom the viewer may ask; nobody is told whose it is.
pub async fn send(
    tx: &mut Tx,
    viewer: &Viewer,
    random: &Randomness,
    email: &str,
) -> Result<bool, VerificationError> {
    if !may_edit(viewer) {
        return Err(VerificationError::Forbidden);
    }
    let query = OWNER.seen_by(viewer).bind(email);
    let Some((user, email, is_verified)) = query.fetch_optional(&mut *tx).await? else { return Ok(false) };
    if is_verified {
        return Ok(true);
    }
    let token = ids::password_reset_token(random);
    let now = tx.wall_now();
    let put = PUT.command().bind(user).bind(&email).bind(digest(&token)).bind(now).bind(now + LIFETIME);
    put.execute(&mut *tx).await?;
    let text = format!("This proves that the address is yours. Use it within a day:\n\n{token}\n");
    let new = NewMessage {
        channel: Channel::Email,
        template: "email-verification",
        account_user: Some(user),
        to: &email,
        subject: "Is this your address?",
        text: &text,
        confidential: true,
    };
    messages::send(tx, &new).await?;
    Ok(true)
}

/// Takes an address for proved, if the token was sent to it lately and it still is its owner's.
pub async fn verify(tx: &mut Tx, token: &str) -> Result<bool, sqlx::Error> {
    let (wall, now) = (tx.wall_now(), tx.business_now().await?);
    let done = VERIFY.query().bind(digest(token)).bind(wall).bind(now).fetch_optional(&mut *tx).await?;
    Ok(done.is_some())
}
