//! Logging in by e-mail and password.

use std::sync::Arc;

use super::obtain::{LoginError, Obtained};
use super::subjects::Subject;
use super::{Auth, logins};
use crate::platform::clock::Deadline;
use crate::platform::db::{Database, Stats, Tx};

/// A password that fitted a moment ago.
pub(super) struct Checked {
    login: i64,
    hash: String,
    subject: Subject,
}

impl Auth {
    /// Compares the password, with no connection held meanwhile.
    pub(super) async fn check_password(
        &self,
        db: &Database,
        deadline: Deadline,
        stats: &Arc<Stats>,
        email: &str,
        password: &str,
    ) -> Result<Checked, LoginError> {
        let mut tx = db.snapshot(deadline, stats).await?;
        let login = logins::by_email(&mut tx, email).await?;
        tx.commit().await?;
        let hash = login.as_ref().and_then(|login| login.password_hash.clone());
        let fits = self.passwords.verify(password, hash.as_deref()).await?;
        match (login.as_ref().and_then(|login| login.subject()), login, hash) {
            (Some(subject), Some(login), Some(hash)) if fits => {
                Ok(Checked { login: login.id, hash, subject })
            }
            _ => Err(LoginError::WrongPassword),
        }
    }

    /// Begins the session, unless the password has been changed since.
    pub(super) async fn by_password(&self, tx: &mut Tx, checked: &Checked) -> Result<Obtained, LoginError> {
        if !logins::is_unchanged(tx, checked.login, &checked.hash).await? {
            return Err(LoginError::WrongPassword);
        }
        self.begin(tx, checked.subject, "EMAIL-AND-PASSWORD").await?.ok_or(LoginError::WrongPassword)
    }
}
