//! The retailer's staff. Roles are rows; what a role allows is data as well.

use thiserror::Error;

use super::logins::{self, ChangeError};
use super::subjects::Subject;
use crate::platform::db::{Tx, database_error, on_constraint, statement};

/// Why a member of staff was not added.
#[derive(Debug, Error)]
pub enum StaffError {
    /// Somebody logs in with this e-mail already.
    #[error("the e-mail is taken")]
    EmailTaken,
    /// There is no role of this name.
    #[error("there is no role {0}")]
    UnknownRole(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(StaffError);

impl From<ChangeError> for StaffError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Database(error) => Self::Database(error),
            ChangeError::EmailTaken | ChangeError::Unknown => Self::EmailTaken,
        }
    }
}

statement!(static ADD: (i64,) = "
    insert into support_users (email, name, created_at) values ($1, $2, $3) returning id");
statement!(static ADD_ROLE: () = "insert into support_user_roles (support_user_id, role) values ($1, $2)");

/// Adds a member of staff, who logs in by e-mail and password. Answers their id.
pub async fn add(
    tx: &mut Tx,
    email: &str,
    name: &str,
    hash: &str,
    roles: &[&str],
) -> Result<i64, StaffError> {
    let now = tx.business_now().await?;
    let (id,) = ADD.query().bind(email.trim()).bind(name).bind(now).fetch_one(&mut *tx).await?;
    for role in roles {
        let added = ADD_ROLE.command().bind(id).bind(*role).execute(&mut *tx).await;
        added.map_err(|error| match on_constraint(&error, "support_user_roles_role_fkey") {
            true => StaffError::UnknownRole((*role).to_owned()),
            false => StaffError::Database(error),
        })?;
    }
    logins::add(tx, Subject::SupportUser(id), email, Some(hash)).await?;
    Ok(id)
}
