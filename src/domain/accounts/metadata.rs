//! Metadata: keys and values that other systems attach to things. [`Target`] is the one place that says to what, and
//! how the viewer sees it.

use serde_json::Value;
use thiserror::Error;

use super::{accounts, contacts, grouped, users};
use crate::domain::auth::viewer::{
    EDIT_CUSTOMERS, VIEW_ACCOUNTS, Viewer, account_is_visible, user_is_visible,
};
use crate::platform::db::{Tx, database_error, row, statement};

/// Largest value, in bytes of JSON.
const LARGEST: usize = 16 * 1024;

/// Kinds of things that metadata may be attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An account, known by its number.
    Account,
    /// An account user, known by row id or number.
    AccountUser,
    /// A property. There are none yet.
    Property,
    /// The time for which an account holds a property. There is none yet.
    Occupancy,
}

/// One thing that metadata is attached to, by its row id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// An account.
    Account(i64),
    /// An account user.
    AccountUser(i64),
}

impl Kind {
    /// The kind that is called so on the wire.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ACCOUNT" => Self::Account,
            "ACCOUNT_USER" => Self::AccountUser,
            "PROPERTY" => Self::Property,
            "ACCOUNT_PROPERTY_EFFECTIVE_PERIOD" => Self::Occupancy,
            _ => return None,
        })
    }

    /// The thing of this kind that is known as `identifier`, if the viewer may see it.
    async fn find(
        self,
        tx: &mut Tx,
        viewer: &Viewer,
        identifier: &str,
    ) -> Result<Option<Target>, sqlx::Error> {
        Ok(match self {
            Self::Account => {
                accounts::by_number(tx, viewer, identifier).await?.map(|account| Target::Account(account.id))
            }
            Self::AccountUser => {
                let id = match identifier.parse() {
                    Ok(id) => users::by_ids(tx, viewer, &[id]).await?.pop().flatten().map(|user| user.id),
                    Err(_) => users::id_by_number(tx, viewer, identifier).await?,
                };
                id.map(Target::AccountUser)
            }
            Self::Property | Self::Occupancy => None,
        })
    }
}

impl Target {
    fn account(self) -> Option<i64> {
        match self {
            Self::Account(id) => Some(id),
            Self::AccountUser(_) => None,
        }
    }

    fn user(self) -> Option<i64> {
        match self {
            Self::AccountUser(id) => Some(id),
            Self::Account(_) => None,
        }
    }
}

/// Why no metadata was read or attached.
#[derive(Debug, Error)]
pub enum MetadataError {
    /// The viewer may not see any accounts, or may not attach anything.
    #[error("the viewer may not do this")]
    Forbidden,
    /// There is no such thing, or the viewer may not see it.
    #[error("the viewer sees no such thing")]
    Unknown,
    /// The key is blank or no line of text.
    #[error("a key is one line of text")]
    Key,
    /// The value is too large.
    #[error("the value is too large")]
    Value,
    /// The thing has the key already.
    #[error("the key is there already")]
    Taken,
    /// The thing has no such key.
    #[error("there is no such key")]
    Missing,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(MetadataError);

row! {
    /// A key and its value.
    pub struct Entry {
        account_id: Option<i64>,
        account_user_id: Option<i64>,
        /// The key.
        pub key: String,
        /// The value: any JSON.
        pub value: Value,
    }
}

impl Entry {
    fn target(&self) -> Option<Target> {
        self.account_id.map(Target::Account).or(self.account_user_id.map(Target::AccountUser))
    }
}

/// A key of a thing, and what it is to hold.
#[derive(Clone, Copy, Debug)]
pub struct Attachment<'a> {
    /// What kind of thing it is.
    pub kind: Kind,
    /// By what it is known.
    pub identifier: &'a str,
    /// The key.
    pub key: &'a str,
    /// The value.
    pub value: &'a Value,
}

statement!(static OF: Entry = concat!("
    select m.account_id, m.account_user_id, m.key, m.value from metadata m join accounts a on a.id = m.account_id
    where m.account_id = any($3::bigint[]) and ($5::text is null or m.key = $5) and ", account_is_visible!(), "
    union all
    select m.account_id, m.account_user_id, m.key, m.value from metadata m join account_users u on u.id = m.account_user_id
    where m.account_user_id = any($4::bigint[]) and ($5::text is null or m.key = $5) and ", user_is_visible!(), "
    order by key"));
statement!(static ADD: Entry = "
    insert into metadata (account_id, account_user_id, key, value, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $5) on conflict do nothing returning account_id, account_user_id, key, value");
statement!(static REPLACE: Entry = "
    update metadata set value = $4, updated_at = $5
    where account_id is not distinct from $1 and account_user_id is not distinct from $2 and key = $3
    returning account_id, account_user_id, key, value");

/// What is attached to each of these things that the viewer may see, by key; one key only, if it is named.
pub async fn of(
    tx: &mut Tx,
    viewer: &Viewer,
    targets: &[Target],
    key: Option<&str>,
) -> Result<Vec<Vec<Entry>>, sqlx::Error> {
    let accounts: Vec<i64> = targets.iter().filter_map(|target| target.account()).collect();
    let users: Vec<i64> = targets.iter().filter_map(|target| target.user()).collect();
    let query = OF.seen_by(viewer).bind(accounts).bind(users).bind(key);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(targets, rows.into_iter().filter_map(|entry| Some((entry.target()?, entry))).collect()))
}

/// What is attached to the thing of this kind that is known as `identifier`, by key.
pub async fn read(
    tx: &mut Tx,
    viewer: &Viewer,
    kind: Kind,
    identifier: &str,
) -> Result<Vec<Entry>, MetadataError> {
    let target = visible(tx, viewer, kind, identifier).await?;
    Ok(of(tx, viewer, &[target], None).await?.pop().unwrap_or_default())
}

/// What is attached to a thing under one key.
pub async fn read_key(
    tx: &mut Tx,
    viewer: &Viewer,
    kind: Kind,
    identifier: &str,
    key: &str,
) -> Result<Entry, MetadataError> {
    let target = visible(tx, viewer, kind, identifier).await?;
    let key = valid_key(key)?;
    let found = of(tx, viewer, &[target], Some(&key)).await?.pop().and_then(|mut entries| entries.pop());
    found.ok_or(MetadataError::Missing)
}

/// Attaches a value under a key that the thing does not have yet.
pub async fn create(tx: &mut Tx, viewer: &Viewer, new: &Attachment<'_>) -> Result<Entry, MetadataError> {
    let (target, key) = attachable(tx, viewer, new).await?;
    let now = tx.business_now().await?;
    let add = ADD.query().bind(target.account()).bind(target.user()).bind(key).bind(new.value).bind(now);
    add.fetch_optional(&mut *tx).await?.ok_or(MetadataError::Taken)
}

/// Puts a value in place of the one under a key.
pub async fn update(tx: &mut Tx, viewer: &Viewer, new: &Attachment<'_>) -> Result<Entry, MetadataError> {
    let (target, key) = attachable(tx, viewer, new).await?;
    let now = tx.business_now().await?;
    let put = REPLACE.query().bind(target.account()).bind(target.user()).bind(key).bind(new.value).bind(now);
    put.fetch_optional(&mut *tx).await?.ok_or(MetadataError::Missing)
}

async fn visible(
    tx: &mut Tx,
    viewer: &Viewer,
    kind: Kind,
    identifier: &str,
) -> Result<Target, MetadataError> {
    if matches!(viewer, Viewer::Organisation { .. }) && !viewer.may(VIEW_ACCOUNTS) {
        return Err(MetadataError::Forbidden);
    }
    kind.find(tx, viewer, identifier).await?.ok_or(MetadataError::Unknown)
}

async fn attachable(
    tx: &mut Tx,
    viewer: &Viewer,
    new: &Attachment<'_>,
) -> Result<(Target, String), MetadataError> {
    if !viewer.may(EDIT_CUSTOMERS) {
        return Err(MetadataError::Forbidden);
    }
    let target = visible(tx, viewer, new.kind, new.identifier).await?;
    let key = valid_key(new.key)?;
    if new.value.to_string().len() > LARGEST {
        return Err(MetadataError::Value);
    }
    Ok((target, key))
}

fn valid_key(key: &str) -> Result<String, MetadataError> {
    contacts::line(key).filter(|key| !key.is_empty()).ok_or(MetadataError::Key)
}
