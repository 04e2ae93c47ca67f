//! References: what other systems call an account, each in a namespace of its own. In a namespace an account has at
//! most one reference, and a reference is one account's.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::accounts::{self, Account};
use super::{contacts, grouped};
use crate::domain::auth::viewer::{EDIT_CUSTOMERS, Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};

/// Why a reference was not kept, forgotten or found.
#[derive(Debug, Error)]
pub enum ReferenceError {
    /// The viewer may not change references, or sees no such account.
    #[error("the viewer may not change this account")]
    Unauthorised,
    /// There is no such namespace.
    #[error("there is no such namespace")]
    UnknownNamespace,
    /// The account has a reference there already, or the reference is another account's.
    #[error("the reference is there already")]
    Taken,
    /// The account has no reference there.
    #[error("the account has no reference in this namespace")]
    Missing,
    /// The reference is blank or not one line of text.
    #[error("a reference is one line of text")]
    Value,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(ReferenceError);

impl From<sqlx::Error> for ReferenceError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "account_references_namespace_fkey") {
            Self::UnknownNamespace
        } else if on_constraint(&error, "account_references_value_key") {
            Self::Taken
        } else {
            Self::Database(error)
        }
    }
}

row! {
    /// What another system calls an account.
    pub struct Reference {
        /// The account.
        pub account_id: i64,
        /// Which system it is.
        pub namespace: String,
        /// What it calls the account.
        pub value: String,
        /// When the account was first given a reference there.
        pub created_at: DateTime<Utc>,
        /// When the reference was last changed.
        pub updated_at: DateTime<Utc>,
    }
}

/// Where a reference goes, and what it is.
#[derive(Clone, Copy, Debug)]
pub struct NewReference<'a> {
    /// Number of the account.
    pub account: &'a str,
    /// Which system it is.
    pub namespace: &'a str,
    /// What that system calls the account.
    pub value: &'a str,
}

macro_rules! columns {
    () => {
        "f.account_id, f.namespace, f.value, f.created_at, f.updated_at"
    };
}

statement!(static ADD: Reference = concat!("
    insert into account_references as f (account_id, namespace, value, created_at, updated_at)
    values ($1, $2, $3, $4, $4) on conflict (account_id, namespace) do nothing returning ", columns!()));
// The same value again changes nothing, not even when it was changed.
statement!(static PUT: Reference = concat!("
    insert into account_references as f (account_id, namespace, value, created_at, updated_at)
    values ($1, $2, $3, $4, $4) on conflict (account_id, namespace) do update set value = excluded.value,
        updated_at = case when f.value = excluded.value then f.updated_at else excluded.updated_at end
    returning ", columns!()));
statement!(static FORGET: Reference = concat!("
    delete from account_references f where f.account_id = $1 and f.namespace = $2 returning ", columns!()));
statement!(static IS_NAMESPACE: (bool,) = "
    select exists (select 1 from account_reference_namespaces where code = $1)");
statement!(static OF_ACCOUNTS: Reference = concat!("
    select ", columns!(), " from account_references f join accounts a on a.id = f.account_id
    where f.account_id = any($3::bigint[]) and ", account_is_visible!(), " order by f.namespace"));
statement!(static BY_VALUE: Reference = concat!("
    select ", columns!(), " from account_references f join accounts a on a.id = f.account_id
    where f.value = $3 and ($4::text is null or f.namespace = $4) and ", account_is_visible!(), " order by f.namespace"));

/// Gives an account a reference in a namespace where it has none. One that is taken answers so, whoever's it is.
pub async fn create(
    tx: &mut Tx,
    viewer: &Viewer,
    new: &NewReference<'_>,
) -> Result<Reference, ReferenceError> {
    let account = editable(tx, viewer, new.account).await?;
    let value = valid(new.value)?;
    let now = tx.business_now().await?;
    let add = ADD.query().bind(account.id).bind(new.namespace).bind(value).bind(now);
    add.fetch_optional(&mut *tx).await?.ok_or(ReferenceError::Taken)
}

/// Gives an account a reference in a namespace, in place of the one that it may have there.
pub async fn update(
    tx: &mut Tx,
    viewer: &Viewer,
    new: &NewReference<'_>,
) -> Result<Reference, ReferenceError> {
    let account = editable(tx, viewer, new.account).await?;
    let value = valid(new.value)?;
    let now = tx.business_now().await?;
    let put = PUT.query().bind(account.id).bind(new.namespace).bind(value).bind(now);
    Ok(put.fetch_one(&mut *tx).await?)
}

/// Forgets what a namespace calls an account.
pub async fn delete(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    namespace: &str,
) -> Result<Reference, ReferenceError> {
    let account = editable(tx, viewer, account).await?;
    known(tx, namespace).await?;
    let forgotten = FORGET.query().bind(account.id).bind(namespace).fetch_optional(&mut *tx).await?;
    forgotten.ok_or(ReferenceError::Missing)
}

/// The references of each of these accounts, by namespace.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Vec<Reference>>, sqlx::Error> {
    let query = OF_ACCOUNTS.seen_by(viewer).bind(accounts);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(accounts, rows.into_iter().map(|reference| (reference.account_id, reference)).collect()))
}

/// The references that read `text`, one a namespace, of accounts that the viewer may see. What stands before a first
/// colon is the namespace: only there it is looked for.
pub async fn search(tx: &mut Tx, viewer: &Viewer, text: &str) -> Result<Vec<Reference>, ReferenceError> {
    let (namespace, value) = match text.split_once(':') {
        Some((namespace, value)) => (Some(namespace.trim()), value.trim()),
        None => (None, text.trim()),
    };
    if let Some(namespace) = namespace {
        known(tx, namespace).await?;
    }
    let query = BY_VALUE.seen_by(viewer).bind(value).bind(namespace);
    Ok(query.fetch_all(&mut *tx).await?)
}

async fn editable(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Account, ReferenceError> {
    if !viewer.may(EDIT_CUSTOMERS) {
        return Err(ReferenceError::Unauthorised);
    }
    accounts::by_number(tx, viewer, number).await?.ok_or(ReferenceError::Unauthorised)
}

fn valid(value: &str) -> Result<String, ReferenceError> {
    contacts::line(value).filter(|value| !value.is_empty()).ok_or(ReferenceError::Value)
}

async fn known(tx: &mut Tx, namespace: &str) -> Result<(), ReferenceError> {
    let (is_known,) = IS_NAMESPACE.query().bind(namespace).fetch_one(&mut *tx).await?;
    if is_known { Ok(()) } else { Err(ReferenceError::UnknownNamespace) }
}
