//! Log-ins: one e-mail, one password, one owner.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::subjects::{self, Subject};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};

/// Why a log-in was not made or changed.
#[derive(Debug, Error)]
pub enum ChangeError {
    /// Somebody else logs in with this e-mail.
    #[error("the e-mail is taken")]
    EmailTaken,
    /// There is no such log-in.
    #[error("there is no such log-in")]
    Unknown,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(ChangeError);

impl From<sqlx::Error> for ChangeError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "logins_email_key") { Self::EmailTaken } else { Self::Database(error) }
    }
}

row! {
    /// What is needed to check a password.
    pub(super) struct LoginRow {
        pub id: i64,
        pub password_hash: Option<String>,
        pub password_set_at: DateTime<Utc>,
        pub account_user_id: Option<i64>,
        pub support_user_id: Option<i64>,
        pub partner_user_id: Option<i64>,
    }
}

impl LoginRow {
    pub(super) fn subject(&self) -> Option<Subject> {
        let user = self.account_user_id.map(Subject::AccountUser);
        let staff = self.support_user_id.map(Subject::SupportUser);
        user.or(staff).or(self.partner_user_id.map(Subject::PartnerUser))
    }
}

row! {
    /// An account user who logs in, as far as their password is concerned.
    pub struct Holder {
        /// Row id of the log-in.
        pub login: i64,
        /// What they log in with.
        pub email: String,
        /// The hash of their password, if they have one.
        pub password_hash: Option<String>,
        /// Where they are written to; may be empty.
        pub contact_email: String,
        /// Given name.
        pub given_name: String,
        /// Family name.
        pub family_name: String,
        /// What they like to be called.
        pub preferred_name: Option<String>,
    }
}

statement!(static BY_EMAIL: LoginRow = "
    select id, password_hash, password_set_at, account_user_id, support_user_id, partner_user_id
    from logins where lower(email) = lower($1)");
statement!(static UNCHANGED: (i64,) = "
    select id from logins where id = $1 and password_hash = $2 for share");
statement!(static ADD: (i64,) = "
    insert into logins (email, password_hash, account_user_id, support_user_id, partner_user_id, created_at,
        password_set_at)
    values ($1, $2, case when $3 = 'account-user' then $4::bigint end, case when $3 = 'support-user' then $4 end,
        case when $3 = 'partner-user' then $4 end, $5, $5) returning id");
statement!(static ADD_FIRST: (i64,) = "
    insert into logins (email, password_hash, account_user_id, created_at, password_set_at) values ($1, $2, $3, $4, $4)
    on conflict do nothing returning id");
statement!(static HOLDER: Holder = "
    select l.id as login, l.email, l.password_hash, u.email as contact_email, u.given_name, u.family_name,
        u.preferred_name
    from logins l join account_users u on u.id = l.account_user_id
    where l.account_user_id = $1 and u.is_active");
statement!(static HOLD: (i64,) = "
    select id from logins where id = $1 and password_hash is not distinct from $2 for update");
statement!(static DROP_RESETS: () = "
    delete from password_reset_tokens where $1 = 'account-user' and account_user_id = $2");
statement!(static SET_PASSWORD: (i64,) = "
    update logins set password_hash = $3, password_set_at = $4
    where ($1 = 'account-user' and account_user_id = $2) or ($1 = 'support-user' and support_user_id = $2)
        or ($1 = 'partner-user' and partner_user_id = $2)
    returning id");
statement!(static SET_EMAIL: (i64,) = "
    update logins set email = $3
    where ($1 = 'account-user' and account_user_id = $2) or ($1 = 'support-user' and support_user_id = $2)
        or ($1 = 'partner-user' and partner_user_id = $2)
    returning id");
statement!(static SET_USER_EMAIL: () = "update account_users set email = $2, updated_at = $3 where id = $1");
statement!(static SET_STAFF_EMAIL: () = "update support_users set email = $2 where id = $1");
statement!(static SET_PARTNER_EMAIL: () = "update partner_users set email = $2 where id = $1");

pub(super) async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<LoginRow>, sqlx::Error> {
    BY_EMAIL.query().bind(email.trim()).fetch_optional(&mut *tx).await
}

/// Whether the log-in still has the password that was just checked; it keeps it until the transaction ends.
pub(super) async fn is_unchanged(tx: &mut Tx, login: i64, hash: &str) -> Result<bool, sqlx::Error> {
    Ok(UNCHANGED.query().bind(login).bind(hash).fetch_optional(&mut *tx).await?.is_some())
}

/// The log-in of an active account user.
pub(super) async fn holder(tx: &mut Tx, account_user: i64) -> Result<Option<Holder>, sqlx::Error> {
    HOLDER.query().bind(account_user).fetch_optional(&mut *tx).await
}

/// Keeps the log-in to this transaction, which is about to change its password. Says whether it still has the
/// password that was read before.
pub(super) async fn hold(tx: &mut Tx, login: i64, hash: Option<&str>) -> Result<bool, sqlx::Error> {
    Ok(HOLD.query().bind(login).bind(hash).fetch_optional(&mut *tx).await?.is_some())
}

/// Gives a user, a partner user or a member of staff a log-in. The hash comes from [`super::passwords::Passwords`].
pub async fn add(tx: &mut Tx, owner: Subject, email: &str, hash: Option<&str>) -> Result<(), ChangeError> {
    if matches!(owner, Subject::Organisation(_)) {
        return Err(ChangeError::Unknown);
    }
    let now = tx.wall_now();
    let insert = ADD.query().bind(email.trim()).bind(hash).bind(owner.kind()).bind(owner.id());
    insert.bind(now).fetch_one(&mut *tx).await?;
    Ok(())
}

/// Gives an account user a log-in, unless they have one or somebody else has the e-mail. Answers whether they got it.
pub(super) async fn add_first(tx: &mut Tx, user: i64, email: &str, hash: &str) -> Result<bool, sqlx::Error> {
    let now = tx.wall_now();
    let add = ADD_FIRST.query().bind(email.trim()).bind(hash).bind(user).bind(now);
    Ok(add.fetch_optional(&mut *tx).await?.is_some())
}

/// Changes a password, which ends every session of its owner and every link to a new password.
pub async fn set_password(tx: &mut Tx, owner: Subject, hash: &str) -> Result<(), ChangeError> {
    let now = tx.wall_now();
    let update = SET_PASSWORD.query().bind(owner.kind()).bind(owner.id()).bind(hash).bind(now);
    update.fetch_optional(&mut *tx).await?.ok_or(ChangeError::Unknown)?;
    DROP_RESETS.command().bind(owner.kind()).bind(owner.id()).execute(&mut *tx).await?;
    subjects::end_sessions(tx, owner).await?;
    Ok(())
}

/// Changes the e-mail that somebody logs in with and is written to, which ends every session of theirs and
/// every link to a new password.
pub async fn set_email(tx: &mut Tx, owner: Subject, email: &str) -> Result<(), ChangeError> {
    let email = email.trim();
    let changed =
        SET_EMAIL.query().bind(owner.kind()).bind(owner.id()).bind(email).fetch_optional(&mut *tx).await?;
    changed.ok_or(ChangeError::Unknown)?;
    let now = tx.business_now().await?;
    let contact = match owner {
        Subject::AccountUser(id) => SET_USER_EMAIL.command().bind(id).bind(email).bind(now),
        Subject::PartnerUser(id) => SET_PARTNER_EMAIL.command().bind(id).bind(email),
        _ => SET_STAFF_EMAIL.command().bind(owner.id()).bind(email),
    };
    contact.execute(&mut *tx).await?;
    DROP_RESETS.command().bind(owner.kind()).bind(owner.id()).execute(&mut *tx).await?;
    subjects::end_sessions(tx, owner).await?;
    Ok(())
}
