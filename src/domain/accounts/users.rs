//! Account users as clients read them.

use chrono::{DateTime, NaiveDate, Utc};

use super::{grouped, in_order};
use crate::domain::auth::viewer::{Viewer, user_is_visible};
use crate::platform::db::{Tx, Under, row, statement};

row! {
    /// Someone who holds accounts, or acts for those who do.
    pub struct AccountUser {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// `U-` and eight hexadecimal digits.
        pub number: String,
        /// Given name.
        pub given_name: String,
        /// Family name.
        pub family_name: String,
        /// E-mail; may be empty.
        pub email: String,
        /// Mobile number; may be empty.
        pub mobile: String,
        /// Landline number; may be empty.
        pub landline: String,
        /// Title, such as `Dr`.
        pub title: Option<String>,
        /// Pronouns.
        pub pronouns: Option<String>,
        /// What they like to be called.
        pub preferred_name: Option<String>,
        /// Date of birth.
        pub date_of_birth: Option<NaiveDate>,
        /// Whether they have died.
        pub is_deceased: bool,
        /// Whether they may log in.
        pub is_active: bool,
        /// When they were added.
        pub created_at: DateTime<Utc>,
        /// When they were last changed.
        pub updated_at: DateTime<Utc>,
        /// Whether they have accepted the terms of the wheel of fortune.
        pub is_in_for_wheel: bool,
    }
}

impl AccountUser {
    /// Given and family name.
    pub fn full_name(&self) -> String {
        [&self.given_name, &self.family_name].map(|part| part.trim()).join(" ").trim().to_owned()
    }

    /// The preferred name, or else the full name.
    pub fn display_name(&self) -> String {
        let preferred = self.preferred_name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        preferred.map_or_else(|| self.full_name(), str::to_owned)
    }
}

macro_rules! user_columns {
    () => {
        "u.id, u.number, u.given_name, u.family_name, u.email, u.mobile, u.landline, u.title, u.pronouns, \
         u.preferred_name, u.date_of_birth, u.is_deceased, u.is_active, u.created_at, u.updated_at, \
         u.wheel_terms_accepted_at is not null as is_in_for_wheel"
    };
}

/// SQL for the oldest account that the account user known as `u` holds; null without one.
macro_rules! first_account_of_user {
    () => {
        "(select min(held.id) from (\
            select r.account_id as id from account_user_roles r where r.user_id = u.id \
            union all \
            select inside.id from portfolio_user_roles r \
                join accounts inside on inside.portfolio_id = r.portfolio_id where r.user_id = u.id) held)"
    };
}
pub(in crate::domain) use first_account_of_user;

/// SQL for the market of the account user known as `u`: that of the oldest account they hold; null without one.
macro_rules! market_of_user {
    () => {
        concat!(
            "(select first.market from accounts first where first.id = ",
            $crate::domain::accounts::users::first_account_of_user!(),
            ")"
        )
    };
}
pub(in crate::domain) use market_of_user;

statement!(static BY_ID: AccountUser = concat!(
    "select ", user_columns!(), " from account_users u where u.id = any($3::bigint[]) and ", user_is_visible!()));

statement!(static ID_BY_NUMBER: (i64,) = concat!(
    "select u.id from account_users u where u.number = $3 and ", user_is_visible!()));

// Whoever logs in with the address comes first, then the oldest whose contact it is.
statement!(static BY_EMAIL: (i64,) = concat!("
    select u.id from account_users u left join logins l on l.account_user_id = u.id
    where (lower(l.email) = lower($3) or lower(u.email) = lower($3)) and u.is_active and ", user_is_visible!(), "
    order by lower(l.email) = lower($3) desc nulls last, u.id limit 1"));

statement!(static OF_ACCOUNTS: Under<AccountUser> = concat!("
    select held.account_id as parent, ", user_columns!(), "
    from (
        select r.account_id, r.user_id from account_user_roles r where r.account_id = any($3::bigint[])
        union
        select inside.id, r.user_id from accounts inside
            join portfolio_user_roles r on r.portfolio_id = inside.portfolio_id where inside.id = any($3)
    ) held join account_users u on u.id = held.user_id
    where ", user_is_visible!(), " order by held.account_id, u.id"));

/// The users with these ids that the viewer may see, in order.
pub async fn by_ids(
    tx: &mut Tx,
    viewer: &Viewer,
    ids: &[i64],
) -> Result<Vec<Option<AccountUser>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(in_order(ids, query.fetch_all(&mut *tx).await?, |user| user.id))
}

/// The user with this number, if the viewer may see them.
pub async fn id_by_number(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Option<i64>, sqlx::Error> {
    let query = ID_BY_NUMBER.seen_by(viewer).bind(number);
    Ok(query.fetch_optional(&mut *tx).await?.map(|(id,)| id))
}

/// The active user with this e-mail, if the viewer may see them.
pub async fn id_by_email(tx: &mut Tx, viewer: &Viewer, email: &str) -> Result<Option<i64>, sqlx::Error> {
    let query = BY_EMAIL.seen_by(viewer).bind(email.trim());
    Ok(query.fetch_optional(&mut *tx).await?.map(|(id,)| id))
}

/// The viewer as an account user, if that is what they are.
pub async fn myself(tx: &mut Tx, viewer: &Viewer) -> Result<Option<AccountUser>, sqlx::Error> {
    match viewer.account_user() {
        Some(id) => Ok(by_ids(tx, viewer, &[id]).await?.pop().flatten()),
        None => Ok(None),
    }
}

/// The users of each of these accounts, by a role on it or on its portfolio.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Vec<AccountUser>>, sqlx::Error> {
    let query = OF_ACCOUNTS.seen_by(viewer).bind(accounts);
    let held = query.fetch_all(&mut *tx).await?;
    Ok(grouped(accounts, held.into_iter().map(Under::pair).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(given: &str, family: &str, preferred: Option<&str>) -> AccountUser {
        let epoch = DateTime::UNIX_EPOCH;
        AccountUser {
            id: 1,
            number: "U-00000001".into(),
            given_name: given.into(),
            family_name: family.into(),
            email: String::new(),
            mobile: String::new(),
            landline: String::new(),
            title: None,
            pronouns: None,
            preferred_name: preferred.map(str::to_owned),
            date_of_birth: None,
            is_deceased: false,
            is_active: true,
            created_at: epoch,
            updated_at: epoch,
            is_in_for_wheel: false,
        }
    }

    #[test]
    fn names_leave_no_blanks() {
        assert_eq!(user("Ada", "Lovelace", None).full_name(), "Ada Lovelace");
        assert_eq!(user("Ada", "", Some(" ")).display_name(), "Ada");
        assert_eq!(user("Augusta", "King", Some("Ada")).display_name(), "Ada");
    }
}
