//! The first password of somebody whom others sign up: the one given or one that is drawn, and a token by which they choose
//! their own.

use thiserror::Error;

use super::logins::{self, Holder};
use super::password_rules::{self, Rule, Unusable};
use super::passwords::PasswordError;
use super::{Auth, password_reset};
use crate::platform::db::Tx;
use crate::platform::ids;
use crate::platform::random::Randomness;

/// Why a first password is none.
#[derive(Debug, Error)]
pub enum FirstPasswordError {
    /// It is blank or too long.
    #[error("the password cannot be judged")]
    Unusable,
    /// It breaks this rule.
    #[error("the password breaks a rule")]
    Broken(&'static Rule),
    /// It could not be hashed just now.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
}

impl From<Unusable> for FirstPasswordError {
    fn from(_: Unusable) -> Self {
        Self::Unusable
    }
}

/// A first password, hashed. What was drawn is kept in the clear until it has been shown.
pub struct FirstPassword {
    hash: String,
    drawn: Option<String>,
}

/// What somebody who is new logs in with, to be shown this once.
pub struct Credentials {
    /// The password, if it was drawn.
    pub password: Option<String>,
    /// What `resetUserPassword` takes, once and within [`password_reset::LIFETIME`].
    pub token: String,
}

impl Auth {
    /// Judges and hashes the password given for somebody, or one that is drawn. No connection may be held meanwhile.
    ///
    /// # Errors
    /// See [`FirstPasswordError`].
    pub async fn first_password(
        &self,
        given: Option<&str>,
        whose: &Holder,
    ) -> Result<FirstPassword, FirstPasswordError> {
        let Some(given) = given else {
            let drawn = ids::first_password(&self.random);
            return Ok(FirstPassword { hash: self.passwords.hash(&drawn).await?, drawn: Some(drawn) });
        };
        if let Some(rule) = password_rules::judge(given, whose)?.first() {
            return Err(FirstPasswordError::Broken(rule));
        }
        Ok(FirstPassword { hash: self.passwords.hash(given).await?, drawn: None })
    }
}

/// Gives an account user a log-in with a first password, unless they have one or somebody else logs in with the e-mail.
pub async fn give(
    tx: &mut Tx,
    random: &Randomness,
    user: i64,
    email: &str,
    first: &FirstPassword,
) -> Result<Option<Credentials>, sqlx::Error> {
    if !logins::add_first(tx, user, email, &first.hash).await? {
        return Ok(None);
    }
    let token = password_reset::issue(tx, random, user).await?;
    Ok(Some(Credentials { password: first.drawn.clone(), token }))
}
