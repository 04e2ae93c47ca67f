//! Logging in: a credential for an access token and a refresh token.

use std::sync::Arc;

use thiserror::Error;

use super::captcha::NoVerdict;
use super::keys::{KeyError, key_error};
use super::password_login::Attempt;
use super::passwords::{PasswordError, Seat};
use super::subjects::{self, Actor, Subject};
use super::tokens::{Grant, Payload};
use super::{Auth, api_keys, logins, organisations, partners, pre_signed, refresh};
use crate::platform::clock::Deadline;
use crate::platform::db::{Database, Stats, Tx, database_error};

/// What somebody logs in with.
#[derive(Clone)]
pub enum Credentials {
    /// E-mail and password, of an account user or of staff.
    Password {
        /// The e-mail; its case does not matter.
        email: String,
        /// The password.
        password: String,
        /// What the captcha gave, if there was one.
        captcha: Option<String>,
    },
    /// An account user's API key.
    ApiKey(String),
    /// An organisation's secret key.
    OrganisationKey(String),
    /// A refresh token that an earlier log-in gave out.
    RefreshToken(String),
    /// The key in a link that was sent to an account user.
    PreSignedKey(String),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Password { .. } => "Password",
            Self::ApiKey(_) => "ApiKey",
            Self::OrganisationKey(_) => "OrganisationKey",
            Self::RefreshToken(_) => "RefreshToken",
            Self::PreSignedKey(_) => "PreSignedKey",
        })
    }
}

/// What a log-in gives.
#[derive(Clone, Debug)]
pub struct Obtained {
    /// The access token.
    pub token: String,
    /// Its claims.
    pub payload: Payload,
    /// The refresh token; the same again when it was used to log in. A link gives none.
    pub refresh_token: Option<String>,
    /// When the refresh token expires, in seconds since 1970.
    pub refresh_expires_at: Option<i64>,
}

/// Why a log-in failed.
#[derive(Debug, Error)]
pub enum LoginError {
    /// The e-mail is unknown or the password is wrong.
    #[error("wrong e-mail or password")]
    WrongPassword,
    /// A captcha has to be solved first.
    #[error("the captcha response is missing")]
    CaptchaMissing,
    /// The captcha was not solved.
    #[error("the captcha response is wrong")]
    WrongCaptcha,
    /// Whether the captcha was solved could not be found out just now.
    #[error(transparent)]
    Captcha(#[from] NoVerdict),
    /// The password is right and too old.
    #[error("the password has expired")]
    PasswordExpired,
    /// The password is right and does not suffice by itself.
    #[error("a second factor is demanded")]
    MfaRequired,
    /// No live API key reads like this.
    #[error("wrong API key")]
    WrongApiKey,
    /// No organisation has this secret key.
    #[error("wrong organisation key")]
    WrongOrganisationKey,
    /// The refresh token's seven days are over.
    #[error("the refresh token has expired")]
    RefreshExpired,
    /// The refresh token was never given out, was dropped with its session, or expired long ago.
    #[error("the refresh token is unknown")]
    RefreshUnknown,
    /// No live pre-signed key reads like this.
    #[error("wrong pre-signed key")]
    WrongPreSignedKey,
    /// The days of the pre-signed key are over.
    #[error("the pre-signed key has expired")]
    PreSignedKeyExpired,
    /// Passwords could not be checked just now.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// There is no usable signing key.
    #[error(transparent)]
    Keys(KeyError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(LoginError);
key_error!(LoginError);

impl Auth {
    /// What [`Self::obtain_from`] takes from whoever logs in with a password, before anything else is done for them.
    pub fn seat(&self, credentials: &Credentials) -> Result<Option<Seat>, PasswordError> {
        match credentials {
            Credentials::Password { .. } => self.passwords.seat().map(Some),
            _ => Ok(None),
        }
    }

    /// Logs in. It opens its own transactions, because no connection may be held while a password is
    /// being hashed.
    pub async fn obtain(
        &self,
        db: &Database,
        deadline: Deadline,
        stats: &Arc<Stats>,
        credentials: &Credentials,
    ) -> Result<Obtained, LoginError> {
        self.obtain_from(self.seat(credentials)?, db, deadline, stats, credentials).await
    }

    /// As [`Self::obtain`], for whoever has asked for a seat already.
    pub async fn obtain_from(
        &self,
        seat: Option<Seat>,
        db: &Database,
        deadline: Deadline,
        stats: &Arc<Stats>,
        credentials: &Credentials,
    ) -> Result<Obtained, LoginError> {
        let checked = match (credentials, seat) {
            (Credentials::Password { email, password, captcha }, Some(seat)) => {
                let attempt = Attempt { email, password, captcha: captcha.as_deref() };
                Some(self.check_password(db, deadline, stats, seat, &attempt).await?)
            }
            _ => None,
        };
        let gate = match credentials {
            Credentials::RefreshToken(_) => db.renewals(),
            _ => db.gate(),
        };
        let _turn = gate.next(deadline).await?;
        let mut tx = db.write(deadline, stats).await?;
        let obtained = match (credentials, checked) {
            (Credentials::Password { .. }, Some(checked)) => self.by_password(&mut tx, &checked).await?,
            (Credentials::Password { .. }, None) => return Err(PasswordError::Busy.into()),
            (Credentials::ApiKey(key), _) => return self.by_api_key(tx, key).await,
            (Credentials::OrganisationKey(key), _) => self.by_organisation_key(&mut tx, key).await?,
            (Credentials::RefreshToken(token), _) => self.by_refresh_token(&mut tx, token).await?,
            (Credentials::PreSignedKey(key), _) => self.by_pre_signed_key(&mut tx, key).await?,
        };
        tx.commit().await?;
        Ok(obtained)
    }

    /// Most log-ins of programs are of this kind: all of it is one round trip, and the token is signed after it.
    async fn by_api_key(&self, mut tx: Tx, key: &str) -> Result<Obtained, LoginError> {
        let (ring, now) = (self.keys.current(&mut tx).await?, tx.wall_now());
        let fresh = refresh::Fresh::new(&self.random, now, refresh::LIFETIME);
        let owner = api_keys::log_in(tx, key, &fresh).await?.ok_or(LoginError::WrongApiKey)?;
        let grant = Grant {
            email: owner.email,
            valid_from: owner.tokens_valid_from,
            ..Grant::of(Subject::AccountUser(owner.id), "API-KEY")
        };
        let (token, payload) = self.granted(&ring, now, grant)?;
        let refresh_expires_at = Some(fresh.expires_at.timestamp());
        Ok(Obtained { token, payload, refresh_token: Some(fresh.token), refresh_expires_at })
    }

    async fn by_organisation_key(&self, tx: &mut Tx, key: &str) -> Result<Obtained, LoginError> {
        let owner = organisations::owner(tx, key).await?.ok_or(LoginError::WrongOrganisationKey)?;
        let begun = self.begin(tx, Subject::Organisation(owner), "ORGANIZATION-SECRET-KEY").await?;
        begun.ok_or(LoginError::WrongOrganisationKey)
    }

    async fn by_refresh_token(&self, tx: &mut Tx, token: &str) -> Result<Obtained, LoginError> {
        let known = refresh::find(tx, token).await?.ok_or(LoginError::RefreshUnknown)?;
        let subject = known.subject().ok_or(LoginError::RefreshUnknown)?;
        if known.expires_at <= tx.wall_now() {
            return Err(LoginError::RefreshExpired);
        }
        let found = subjects::find(tx, subject).await?.ok_or(LoginError::RefreshUnknown)?;
        let actor = known.actor();
        if let Some(organisation) = known.third_party_id {
            // An organisation that was closed acts for nobody.
            let holder = subjects::find(tx, Subject::Organisation(organisation)).await?;
            holder.ok_or(LoginError::RefreshUnknown)?;
        }
        let valid_from = if actor.is_some() { found.others_valid_from } else { found.tokens_valid_from };
        let session_from = Some(known.created_at.timestamp());
        let fresh = Grant::new(subject, found, "REFRESH-TOKEN");
        let grant = Grant { valid_from, session_from, actor, ..fresh };
        let (access, payload) = self.issue(tx, grant).await?;
        let refresh_expires_at = Some(known.expires_at.timestamp());
        Ok(Obtained { token: access, payload, refresh_token: Some(token.to_owned()), refresh_expires_at })
    }

    async fn by_pre_signed_key(&self, tx: &mut Tx, key: &str) -> Result<Obtained, LoginError> {
        let known = pre_signed::find(tx, key).await?.ok_or(LoginError::WrongPreSignedKey)?;
        if known.expires_at <= tx.wall_now() {
            return Err(LoginError::PreSignedKeyExpired);
        }
        let subject = Subject::AccountUser(known.account_user_id);
        let found = subjects::find(tx, subject).await?.ok_or(LoginError::WrongPreSignedKey)?;
        let grant = Grant {
            valid_from: found.others_valid_from,
            actor: Some(Actor::Link(known.id)),
            scope: Some(known.scope),
            until: Some(known.expires_at.timestamp()),
            ..Grant::new(subject, found, "PRE-SIGNED-KEY")
        };
        let (token, payload) = self.issue(tx, grant).await?;
        Ok(Obtained { token, payload, refresh_token: None, refresh_expires_at: None })
    }

    /// An access token for whoever logs in with this e-mail, without a password: for the command line of
    /// whoever runs the server.
    pub async fn issue_to(&self, tx: &mut Tx, email: &str) -> Result<Option<String>, LoginError> {
        let login = logins::by_email(tx, email).await?;
        let Some(subject) = login.and_then(|login| login.subject()) else {
            return Ok(None);
        };
        Ok(self.begin(tx, subject, "COMMAND-LINE").await?.map(|obtained| obtained.token))
    }

    /// Begins a session of an active subject.
    pub(super) async fn begin(
        &self,
        tx: &mut Tx,
        subject: Subject,
        gty: &'static str,
    ) -> Result<Option<Obtained>, LoginError> {
        let Some(found) = subjects::find(tx, subject).await? else {
            return Ok(None);
        };
        if let Subject::PartnerUser(id) = subject {
            partners::note_login(tx, id).await?;
        }
        let (token, payload) = self.issue(tx, Grant::new(subject, found, gty)).await?;
        let (refresh_token, expires) = refresh::add(tx, &self.random, subject).await?;
        let refresh_expires_at = Some(expires.timestamp());
        Ok(Some(Obtained { token, payload, refresh_token: Some(refresh_token), refresh_expires_at }))
    }
}
