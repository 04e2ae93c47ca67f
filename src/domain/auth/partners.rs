//! Partner users: people who sell and serve on the retailer's behalf.

use thiserror::Error;

use super::logins::{self, ChangeError};
use super::subjects::Subject;
use super::viewer::Viewer;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::ids;
use crate::platform::random::Randomness;

/// Why a partner user was not added.
#[derive(Debug, Error)]
pub enum PartnerError {
    /// Somebody logs in with this e-mail already.
    #[error("the e-mail is taken")]
    EmailTaken,
    /// No free number was drawn.
    #[error("no free number was found")]
    NoNumber,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PartnerError);

impl From<ChangeError> for PartnerError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Database(error) => Self::Database(error),
            ChangeError::EmailTaken | ChangeError::Unknown => Self::EmailTaken,
        }
    }
}

row! {
    /// A partner user as they see themselves.
    pub struct Partner {
        /// Their name.
        pub name: String,
        /// The e-mail that they log in with.
        pub email: String,
        /// `PU-` and eight hexadecimal digits.
        pub number: String,
        /// What they may do.
        pub permissions: Vec<String>,
    }
}

statement!(static FIND: Partner = "select name, email, number, permissions from partner_users where id = $1");
statement!(static ADD: (i64,) = "
    insert into partner_users (number, name, email, permissions, created_at, given_name, family_name)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning id");
statement!(static NOTE_LOGIN: () = "update partner_users set last_login_at = $2 where id = $1");

/// The viewer as a partner user, if that is what they are.
pub async fn myself(tx: &mut Tx, viewer: &Viewer) -> Result<Option<Partner>, sqlx::Error> {
    match viewer {
        Viewer::Partner { id, .. } => FIND.query().bind(*id).fetch_optional(&mut *tx).await,
        _ => Ok(None),
    }
}

/// Notes that a partner user has just logged in.
pub(super) async fn note_login(tx: &mut Tx, id: i64) -> Result<(), sqlx::Error> {
    let now = tx.wall_now();
    NOTE_LOGIN.command().bind(id).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Adds a partner user, who logs in by e-mail and password. Answers their id.
pub async fn add(
    tx: &mut Tx,
    random: &Randomness,
    email: &str,
    name: &str,
    hash: &str,
    permissions: &[&str],
) -> Result<i64, PartnerError> {
    let now = tx.business_now().await?;
    let (given, family) = name.split_once(' ').unwrap_or((name, ""));
    for number in ids::candidates(|| ids::partner_number(random)) {
        let insert = ADD.query().bind(number).bind(name).bind(email.trim()).bind(permissions).bind(now);
        let insert = insert.bind(given).bind(family);
        if let Some((id,)) = insert.fetch_optional(&mut *tx).await? {
            logins::add(tx, Subject::PartnerUser(id), email, Some(hash)).await?;
            return Ok(id);
        }
    }
    Err(PartnerError::NoNumber)
}
