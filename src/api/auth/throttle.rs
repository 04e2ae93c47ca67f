//! Logging in, with its failures counted.

use super::refusals;
use crate::api::session::Session;
use crate::domain::auth::limits::{Key, Payer};
use crate::domain::auth::passwords::{PasswordError, Seat};
use crate::domain::auth::subjects::Subject;
use crate::domain::auth::{Credentials, LoginError, Obtained};
use crate::graphql::FieldError;

/// A seat for whoever logs in by password, taken before anything is paid or counted: a crowd that is turned away
/// asks nothing of the database.
///
/// # Errors
/// KT-CT-1199, if too many are waiting.
pub(super) fn seat(session: &Session, credentials: &Credentials) -> Result<Option<Seat>, FieldError> {
    session.app.auth().seat(credentials).map_err(|_| session.busy())
}

/// Settles who pays for the points of a log-in: the owner of a good refresh token, else the address.
///
/// # Errors
/// KT-CT-1199.
pub(super) async fn pay(session: &Session, credentials: Option<&Credentials>) -> Result<(), FieldError> {
    let payer = match credentials {
        Some(Credentials::RefreshToken(token)) if session.owes() => {
            let turn = session.app.database().renewals().next(session.deadline()).await;
            let _turn = turn.map_err(FieldError::internal)?;
            let payer = {
                let mut view = session.read().await?;
                Payer::of_refresh_token(&mut view, token).await.map_err(FieldError::internal)?
            };
            session.end().await;
            payer
        }
        _ => None,
    };
    session.settle(payer).await
}

/// Makes an attempt at `field`, which has a `@rate`, for which `key` is counted. A place is taken first, and given
/// back where the outcome does not count.
///
/// # Errors
/// KT-CT-1199, once there were too many.
pub(in crate::api) async fn counted<T>(
    session: &Session,
    field: &'static str,
    key: Key<'_>,
    attempt: impl Future<Output = T>,
    counts: impl FnOnce(&T) -> bool,
) -> Result<T, FieldError> {
    let place = session.reserve(field, &[key]).await?;
    let done = attempt.await;
    if !counts(&done) {
        session.give_back(place).await;
    }
    Ok(done)
}

/// The name by which a viewer is counted.
pub(in crate::api) fn name(session: &Session) -> String {
    session.viewer().subject().map(Subject::claim).unwrap_or_default()
}

/// Logs in by `credentials` from `seat` at `field`, which has a `@rate`. A place is taken before a password is compared,
/// and given back unless it was wrong. Keys and tokens are too long to be guessed and are looked up in no
/// time: there the wrong ones are counted, and a good one is never refused.
///
/// # Errors
/// The code of the refusal; KT-CT-1199 instead, once there were too many.
pub(super) async fn log_in(
    session: &Session,
    field: &'static str,
    credentials: &Credentials,
    seat: Option<Seat>,
) -> Result<Obtained, FieldError> {
    let key = match credentials {
        Credentials::Password { email, .. } => Key::Identifier(email),
        Credentials::ApiKey(secret)
        | Credentials::OrganisationKey(secret)
        | Credentials::RefreshToken(secret)
        | Credentials::PreSignedKey(secret) => Key::Secret(secret),
    };
    let place = match credentials {
        Credentials::Password { .. } => Some(session.reserve(field, &[key]).await?),
        _ => None,
    };
    session.end().await;
    let (auth, database) = (session.app.auth(), session.app.database());
    let done = auth.obtain_from(seat, database, session.deadline(), session.stats(), credentials).await;
    let is_wrong = done.as_ref().is_err_and(is_wrong);
    match place {
        Some(place) if !is_wrong => session.give_back(place).await,
        None if is_wrong => drop(session.reserve(field, &[key]).await?),
        _ => {}
    }
    done.map_err(|error| match error {
        LoginError::Passwords(PasswordError::Busy) => session.busy(),
        error => refusals::login(error),
    })
}

/// Whether the credential was at fault, and not the server.
fn is_wrong(error: &LoginError) -> bool {
    !matches!(
        error,
        LoginError::CaptchaMissing
            | LoginError::PasswordExpired
            | LoginError::MfaRequired
            | LoginError::Captcha(_)
            | LoginError::Passwords(_)
            | LoginError::Keys(_)
            | LoginError::Database(_)
    )
}
