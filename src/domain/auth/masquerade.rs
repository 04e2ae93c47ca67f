//! Masquerade: staff look at the service as a customer does. They read a token beside the customer, good for
//! five minutes and one session, and exchange it; both leave a row in the audit, and so does each later call.

use chrono::DateTime;
use thiserror::Error;

use super::keys::{KeyError, key_error};
use super::refresh::digest;
use super::subjects::{self, Actor, Subject};
use super::tokens::{Act, Grant, Payload, TokenError};
use super::viewer::{MASQUERADE, Viewer};
use super::{Auth, audit};
use crate::platform::db::{Tx, database_error, statement};

/// How long a masquerade token may wait to be exchanged, in seconds.
pub const LIFETIME: i64 = 300;

/// What such a token is for; `token_use` names it.
const USE: &str = "masquerade";

/// Why no session was opened.
#[derive(Debug, Error)]
pub enum MasqueradeError {
    /// The token is not one of ours, has expired, was used before, or belongs to staff that may no longer.
    #[error("the masquerade token is not valid")]
    WrongToken,
    /// The token was made for another customer.
    #[error("the masquerade token is for somebody else")]
    WrongUser,
    /// There is no usable signing key.
    #[error(transparent)]
    Keys(KeyError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(MasqueradeError);
key_error!(MasqueradeError);

impl From<TokenError> for MasqueradeError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Keys(error) => Self::Keys(error),
            TokenError::Database(error) => Self::Database(error),
            _ => Self::WrongToken,
        }
    }
}

statement!(static USE_UP: (bool,) = "
    insert into used_masquerade_tokens (token_hash, expires_at) values ($1, $2)
    on conflict do nothing returning true");

impl Auth {
    /// A token that the viewer may exchange for a session of this customer. None unless they are staff that may
    /// masquerade.
    pub async fn masquerade_token(
        &self,
        tx: &mut Tx,
        viewer: &Viewer,
        account_user: i64,
    ) -> Result<Option<String>, KeyError> {
        let Viewer::Staff { id, .. } = viewer else {
            return Ok(None);
        };
        if !viewer.may(MASQUERADE) {
            return Ok(None);
        }
        let now = tx.wall_now().timestamp();
        let payload = Payload {
            sub: Subject::AccountUser(account_user).claim(),
            gty: "MASQUERADE".to_owned(),
            email: None,
            token_use: USE.to_owned(),
            iss: self.issuer.url.clone(),
            iat: now,
            exp: now + LIFETIME,
            orig_iat: now,
            scope: None,
            act: Some(Act { sub: Actor::Staff(*id).claim() }),
            jti: Some(self.random.uuid().to_string()),
        };
        Ok(Some(self.sign(tx, &payload).await?))
    }

    /// Exchanges a masquerade token for an access token of the customer `user`, once.
    pub async fn masquerade(&self, tx: &mut Tx, token: &str, user: &str) -> Result<String, MasqueradeError> {
        let payload = self.verify(tx, token).await?;
        let actor = payload.act.as_ref().and_then(|act| Actor::from_claim(&act.sub));
        let (USE, Some(Actor::Staff(staff))) = (payload.token_use.as_str(), actor) else {
            return Err(MasqueradeError::WrongToken);
        };
        let subject = Subject::from_claim(&payload.sub).ok_or(MasqueradeError::WrongToken)?;
        if subject.id().to_string() != user {
            return Err(MasqueradeError::WrongUser);
        }
        let may = subjects::find(tx, Subject::SupportUser(staff)).await?.is_some_and(|found| {
            let (_, permissions) = subjects::granted(&found.grants);
            payload.iat >= found.tokens_valid_from && permissions.iter().any(|p| p == MASQUERADE)
        });
        let found = subjects::find(tx, subject).await?.filter(|_| may).ok_or(MasqueradeError::WrongToken)?;
        let expires = DateTime::from_timestamp(payload.exp, 0).unwrap_or_default();
        let used = USE_UP.query().bind(digest(token)).bind(expires).fetch_optional(&mut *tx).await?;
        used.ok_or(MasqueradeError::WrongToken)?;
        let operation = "Mutation.masqueradeAuthentication";
        audit::add(tx, staff, operation, Some(&subject.claim()), Some(subject.id()));
        let grant = Grant { actor: Some(Actor::Staff(staff)), ..Grant::new(subject, found, "MASQUERADE") };
        Ok(self.issue(tx, grant).await?.0)
    }
}
