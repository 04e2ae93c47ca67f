//! The retailer's staff. Roles are rows; what a role allows is data as well.

use thiserror::Error;

use super::logins::{self, ChangeError};
use super::subjects::Subject;
use super::viewer::Viewer;
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};

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

row! {
    struct Member {
        id: i64,
        roles: Vec<String>,
        permissions: Vec<String>,
    }
}

statement!(static BY_EMAIL: Member = "
    select s.id, array(select r.role from support_user_roles r where r.support_user_id = s.id order by 1) as roles,
        array(select distinct unnest(k.permissions) from support_user_roles r join support_roles k on k.code = r.role
            where r.support_user_id = s.id order by 1) as permissions
    from support_users s where lower(s.email) = lower($1) and s.is_active");

/// The member of staff with this e-mail, for whoever runs the server and acts in their name.
pub async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<Viewer>, sqlx::Error> {
    let found = BY_EMAIL.query().bind(email.trim()).fetch_optional(&mut *tx).await?;
    Ok(found.map(|Member { id, roles, permissions }| Viewer::Staff { id, roles, permissions }))
}
