//! Logging in by e-mail and password.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::obtain::{LoginError, Obtained};
use super::passwords::Seat;
use super::settings::{self, Settings};
use super::subjects::Subject;
use super::{Auth, captcha, logins, mfa};
use crate::platform::clock::Deadline;
use crate::platform::db::{Database, Stats, Tx};

/// What somebody logs in with.
pub(super) struct Attempt<'a> {
    pub email: &'a str,
    pub password: &'a str,
    /// What the captcha gave, if there was one.
    pub captcha: Option<&'a str>,
}

/// A password that fitted a moment ago.
pub(super) struct Checked {
    login: i64,
    hash: String,
    subject: Subject,
    set_at: DateTime<Utc>,
    settings: Settings,
}

impl Auth {
    /// Judges the captcha, where one is demanded, and then compares the password, with no connection held
    /// meanwhile.
    pub(super) async fn check_password(
        &self,
        db: &Database,
        deadline: Deadline,
        stats: &Arc<Stats>,
        seat: Seat,
        attempt: &Attempt<'_>,
    ) -> Result<Checked, LoginError> {
        let turn = db.gate().next(deadline).await?;
        let mut tx = db.snapshot(deadline, stats).await?;
        let settings = settings::read(&mut tx).await?;
        let login = logins::by_email(&mut tx, attempt.email).await?;
        tx.commit().await?;
        drop(turn);
        check_captcha(&settings, attempt.captcha).await?;
        let hash = login.as_ref().and_then(|login| login.password_hash.clone());
        let fits = self.passwords.verify_from(seat, attempt.password, hash.as_deref()).await?;
        match (login.as_ref().and_then(|login| login.subject()), login, hash) {
            (Some(subject), Some(login), Some(hash)) if fits => {
                Ok(Checked { login: login.id, hash, subject, set_at: login.password_set_at, settings })
            }
            _ => Err(LoginError::WrongPassword),
        }
    }

    /// Begins the session, unless the password has been changed since or does not suffice by itself.
    pub(super) async fn by_password(&self, tx: &mut Tx, checked: &Checked) -> Result<Obtained, LoginError> {
        if !logins::is_unchanged(tx, checked.login, &checked.hash).await? {
            return Err(LoginError::WrongPassword);
        }
        // No new password would help where passwords are not enough.
        if checked.settings.mfa_enforced || mfa::is_enabled(tx, checked.subject).await? {
            return Err(LoginError::MfaRequired);
        }
        if has_expired(&checked.settings, checked.set_at, tx.wall_now()) {
            return Err(LoginError::PasswordExpired);
        }
        self.begin(tx, checked.subject, "EMAIL-AND-PASSWORD").await?.ok_or(LoginError::WrongPassword)
    }
}

/// A response that nobody asked for is not looked at.
async fn check_captcha(settings: &Settings, response: Option<&str>) -> Result<(), LoginError> {
    if !settings.captcha_required {
        return Ok(());
    }
    let response = response.map(str::trim).filter(|response| !response.is_empty());
    let response = response.ok_or(LoginError::CaptchaMissing)?;
    if captcha::passes(&settings.captcha, response).await? { Ok(()) } else { Err(LoginError::WrongCaptcha) }
}

/// Whether a password that was set at `set_at` is past its age.
fn has_expired(settings: &Settings, set_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let age = settings.password_max_age_days.and_then(|days| TimeDelta::try_days(days.into()));
    age.is_some_and(|age| now - set_at >= age)
}
