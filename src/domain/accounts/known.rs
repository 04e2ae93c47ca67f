//! What operations staff know about people beside the details that people give themselves. Staff see all of it,
//! organisations that may edit customers what is not sensitive, and people themselves only the numbers they have called
//! from: whoever is watched at home must be able to open their account without giving themselves away.

use thiserror::Error;

use super::notes::is_insider;
use super::{contacts, grouped, in_order};
use crate::domain::auth::viewer::{Viewer, user_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};

/// The most numbers that are kept of anybody.
const MOST_PHONES: usize = 10;
/// Characters in the value of a detail.
const LONGEST: usize = 1000;

row! {
    /// What is known about somebody.
    pub struct Known {
        user_id: i64,
        /// What staff call them.
        pub label: Option<String>,
        /// Numbers that they have called from, beside their own.
        pub phones: Vec<String>,
        /// Whether contact needs care because of violence in the family.
        pub has_family_issues: bool,
        /// Whether it is not safe to send them the policy about that.
        pub keeps_policy_back: bool,
        /// Whether it is not safe to write to them about moving in.
        pub keeps_move_in_back: bool,
    }
}

row! {
    /// Something else that is known.
    pub struct Detail {
        user_id: i64,
        /// What kind of detail it is.
        pub namespace: String,
        /// What is known.
        pub value: String,
        /// Whether only staff may read it.
        pub is_sensitive: bool,
    }
}

statement!(static OF_USERS: Known = concat!("
    select u.id as user_id, u.label, u.alternative_phones as phones, u.has_family_issues, u.keeps_policy_back,
        u.keeps_move_in_back
    from account_users u where u.id = any($3::bigint[]) and ", user_is_visible!()));
statement!(static DETAILS: Detail = concat!("
    select d.account_user_id as user_id, d.namespace, d.value, d.is_sensitive
    from account_user_details d join account_users u on u.id = d.account_user_id
    where d.account_user_id = any($3::bigint[]) and ", user_is_visible!(), "
    order by d.account_user_id, d.namespace"));

/// What is known about each of these users; `None` for whoever the viewer does not see.
pub async fn of_users(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
) -> Result<Vec<Option<Known>>, sqlx::Error> {
    let query = OF_USERS.seen_by(viewer).bind(users);
    Ok(in_order(users, query.fetch_all(&mut *tx).await?, |known| known.user_id))
}

/// What else is known about each of these users, by kind; `None` for whoever may not know.
pub async fn details(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
) -> Result<Vec<Option<Vec<Detail>>>, sqlx::Error> {
    if !is_insider(viewer) {
        return Ok(vec![None; users.len()]);
    }
    let query = DETAILS.seen_by(viewer).bind(users);
    let rows = query.fetch_all(&mut *tx).await?.into_iter();
    let rows = rows.filter(|detail| viewer.is_staff() || !detail.is_sensitive);
    let rows = rows.map(|detail| (detail.user_id, detail)).collect();
    Ok(grouped(users, rows).into_iter().map(Some).collect())
}

impl Known {
    /// What staff call them, for whoever may know.
    pub fn label_for(&self, viewer: &Viewer) -> Option<&str> {
        self.label.as_deref().filter(|_| is_insider(viewer))
    }

    /// The numbers they have called from, for whoever may know.
    pub fn phones_for(&self, viewer: &Viewer) -> Option<&[String]> {
        let may_know = is_insider(viewer) || viewer.account_user() == Some(self.user_id);
        may_know.then_some(self.phones.as_slice())
    }

    /// Whether contact needs care, for whoever may know: staff alone.
    pub fn family_issues_for(&self, viewer: &Viewer) -> Option<bool> {
        viewer.is_staff().then_some(self.has_family_issues)
    }
}

/// Why something was not written down.
#[derive(Debug, Error)]
pub enum KnownError {
    /// There is no such person.
    #[error("there is no account user with this number")]
    Unknown,
    /// The text is empty, too long or holds odd characters.
    #[error("the text is empty, too long, or has characters that cannot be kept")]
    Text,
    /// It is no telephone number.
    #[error("this is no telephone number with its country's code")]
    Phone,
    /// There are too many numbers.
    #[error("no more than {MOST_PHONES} numbers are kept")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(KnownError);

statement!(static HOLD: (i64, Vec<String>) = "
    select id, alternative_phones from account_users where number = $1 for update");
statement!(static LABEL: () = "update account_users set label = $2, updated_at = $3 where id = $1");
statement!(static PHONES: () = "update account_users set alternative_phones = $2, updated_at = $3 where id = $1");
statement!(static FAMILY: () = "
    update account_users set has_family_issues = $2, keeps_policy_back = $3, keeps_move_in_back = $4, updated_at = $5
    where id = $1");
statement!(static KEEP: () = "
    insert into account_user_details (account_user_id, namespace, value, is_sensitive, created_at)
    values ($1, $2, $3, $4, $5)
    on conflict (account_user_id, namespace) do update set value = excluded.value, is_sensitive = excluded.is_sensitive");
statement!(static FORGET: () = "delete from account_user_details where account_user_id = $1 and namespace = $2");

async fn hold(tx: &mut Tx, number: &str) -> Result<(i64, Vec<String>), KnownError> {
    HOLD.query().bind(number).fetch_optional(&mut *tx).await?.ok_or(KnownError::Unknown)
}

/// Labels the person with this number, or takes their label away. As with the others here, the caller is operations
/// staff.
pub async fn put_label(tx: &mut Tx, number: &str, label: Option<&str>) -> Result<(), KnownError> {
    let label = label.map(|text| contacts::text(text, 100).ok_or(KnownError::Text)).transpose()?;
    let (id, _) = hold(tx, number).await?;
    let now = tx.business_now().await?;
    LABEL.command().bind(id).bind(label).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Notes a number that somebody has called from. What is known already is not noted twice.
pub async fn add_phone(tx: &mut Tx, number: &str, phone: &str) -> Result<(), KnownError> {
    let phone = contacts::phone(phone, None).ok_or(KnownError::Phone)?;
    let (id, mut phones) = hold(tx, number).await?;
    if phones.contains(&phone) {
        return Ok(());
    }
    if phones.len() >= MOST_PHONES {
        return Err(KnownError::TooMany);
    }
    phones.push(phone);
    let now = tx.business_now().await?;
    PHONES.command().bind(id).bind(phones).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// What to take care of because of violence in a family.
#[derive(Clone, Copy, Debug, Default)]
pub struct FamilyIssues {
    /// Not to send the policy about it.
    pub keeps_policy_back: bool,
    /// Not to write about moving in.
    pub keeps_move_in_back: bool,
}

/// Notes that contact needs care, or that it does no longer.
pub async fn put_family_issues(
    tx: &mut Tx,
    number: &str,
    issues: Option<FamilyIssues>,
) -> Result<(), KnownError> {
    let (id, _) = hold(tx, number).await?;
    let now = tx.business_now().await?;
    let care = issues.unwrap_or_default();
    let put = FAMILY.command().bind(id).bind(issues.is_some()).bind(care.keeps_policy_back);
    put.bind(care.keeps_move_in_back).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Notes a detail of a kind in place of what was known before, or forgets it.
pub async fn put_detail(
    tx: &mut Tx,
    number: &str,
    namespace: &str,
    value: Option<&str>,
    is_sensitive: bool,
) -> Result<(), KnownError> {
    let namespace = contacts::text(namespace, 100).ok_or(KnownError::Text)?;
    let value = value.map(|text| contacts::text(text, LONGEST).ok_or(KnownError::Text)).transpose()?;
    let (id, _) = hold(tx, number).await?;
    let Some(value) = value else {
        FORGET.command().bind(id).bind(namespace).execute(&mut *tx).await?;
        return Ok(());
    };
    let now = tx.business_now().await?;
    let keep = KEEP.command().bind(id).bind(namespace).bind(value);
    keep.bind(is_sensitive).bind(now).execute(&mut *tx).await?;
    Ok(())
}
