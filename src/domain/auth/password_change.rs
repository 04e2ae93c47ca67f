//! New passwords: set by their owner, who knows the old one.

use std::sync::Arc;

use thiserror::Error;

use super::logins::{self, ChangeError, Holder};
use super::password_rules::{self, Rule, Unusable};
use super::passwords::PasswordError;
use super::subjects::Subject;
use super::{Auth, Viewer};
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::platform::clock::Deadline;
use crate::platform::db::{Database, Stats, Tx, database_error};

/// The old password, and the new one twice.
pub struct Wish<'a> {
    /// The password as it is.
    pub old: &'a str,
    /// What it is to be.
    pub new: &'a str,
    /// What it is to be, typed again.
    pub again: &'a str,
}

/// Why a password was not changed.
#[derive(Debug, Error)]
pub enum PasswordChangeError {
    /// Not an account user with a credential of their own.
    #[error("the viewer has no password to change")]
    Forbidden,
    /// The old password is wrong, or was changed meanwhile.
    #[error("the old password is wrong")]
    WrongOld,
    /// The new password was typed differently the second time.
    #[error("the new password was confirmed with another")]
    NotConfirmed,
    /// The new password is blank or too long.
    #[error("the new password cannot be judged")]
    Unusable,
    /// The new password breaks these rules.
    #[error("the new password breaks the rules")]
    Broken(Vec<&'static Rule>),
    /// Passwords could not be checked just now.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PasswordChangeError);

impl From<ChangeError> for PasswordChangeError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Database(error) => Self::Database(error),
            ChangeError::EmailTaken | ChangeError::Unknown => Self::Forbidden,
        }
    }
}

impl From<Unusable> for PasswordChangeError {
    fn from(_: Unusable) -> Self {
        Self::Unusable
    }
}

/// A new password, hashed and ready to take the place of the one that it was compared with.
pub struct NewPassword {
    user: i64,
    holder: Holder,
    hash: String,
}

impl Auth {
    /// Checks the old password and hashes the new one, with no connection held meanwhile.
    pub async fn prepare_password(
        &self,
        db: &Database,
        deadline: Deadline,
        stats: &Arc<Stats>,
        viewer: &Viewer,
        wish: &Wish<'_>,
    ) -> Result<NewPassword, PasswordChangeError> {
        let user = viewer.account_user().filter(|_| viewer.is_in_person());
        let user = user.ok_or(PasswordChangeError::Forbidden)?;
        let mut tx = db.snapshot(deadline, stats).await?;
        let holder = logins::holder(&mut tx, user).await?.ok_or(PasswordChangeError::Forbidden)?;
        tx.commit().await?;
        if !self.passwords.verify(wish.old, holder.password_hash.as_deref()).await? {
            return Err(PasswordChangeError::WrongOld);
        }
        if wish.new != wish.again {
            return Err(PasswordChangeError::NotConfirmed);
        }
        let mut broken = password_rules::judge(wish.new, &holder)?;
        if wish.new == wish.old {
            broken.push(&password_rules::UNCHANGED);
        }
        if !broken.is_empty() {
            return Err(PasswordChangeError::Broken(broken));
        }
        let hash = self.passwords.hash(wish.new).await?;
        Ok(NewPassword { user, holder, hash })
    }
}

/// Sets the new password, unless the old one has been changed since. Every session of the user ends.
pub async fn apply(tx: &mut Tx, new: &NewPassword) -> Result<(), PasswordChangeError> {
    if !logins::hold(tx, new.holder.login, new.holder.password_hash.as_deref()).await? {
        return Err(PasswordChangeError::WrongOld);
    }
    Ok(set(tx, new.user, &new.holder, &new.hash).await?)
}

/// Sets a password and tells its owner, in case it was not them.
pub(super) async fn set(tx: &mut Tx, user: i64, holder: &Holder, hash: &str) -> Result<(), ChangeError> {
    logins::set_password(tx, Subject::AccountUser(user), hash).await?;
    let notice = NewMessage {
        channel: Channel::Email,
        template: "password-changed",
        account_user: Some(user),
        to: &holder.email,
        subject: "Your password was changed",
        text: "The password of your account was changed just now, and you were signed out everywhere. \
               If this was not you, ask for a password reset at once.",
        confidential: false,
    };
    messages::send(tx, &notice).await?;
    Ok(())
}
