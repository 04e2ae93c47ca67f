//! Points as their owners read them.

use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;

use super::{memberships, programmes};
use crate::domain::accounts::accounts;
use crate::domain::auth::Viewer;
use crate::domain::auth::viewer::user_is_visible;
use crate::platform::db::{Tx, database_error, row, statement};

/// More entries than are shown at once.
const MOST: i64 = 1_000;

row! {
    /// What an entry did to a wallet.
    pub struct Entry {
        /// Row id.
        pub id: i64,
        /// How many points it put in, or took out if below zero.
        pub points: i64,
        /// What was in the wallet afterwards.
        pub balance: i64,
        /// Why.
        pub reason_code: String,
        /// What it was kept from being made twice by.
        pub idempotency_key: Option<Uuid>,
        /// When it was made.
        pub posted_at: DateTime<Utc>,
        /// The account that it is about.
        pub account_number: String,
    }
}

row! {
    struct Balance {
        balance: i64,
    }
}

macro_rules! entry_columns {
    () => {
        "p.id, p.points, coalesce(p.balance_after, 0) as balance, e.reason_code, e.idempotency_key, e.posted_at, \
         a.number as account_number"
    };
}

/// SQL that holds for the users, known as `u`, whose points are the viewer's to look at: of customers only their own.
macro_rules! points_are_visible {
    () => {
        concat!("($1::text <> 'account-user' or u.id = $2::bigint) and ", user_is_visible!())
    };
}
pub(super) use points_are_visible;

statement!(static BALANCE: Balance = "
    select w.balance from point_accounts held join wallets w on w.point_account_id = held.id
    where held.market = $1 and held.user_id = $2");
statement!(static IS_SHOWN: (bool,) = concat!(
    "select exists (select from account_users u where u.id = $3 and ", points_are_visible!(), ")"));
statement!(static OF_USER: Entry = concat!(
    "select ", entry_columns!(), "
    from account_users u join point_accounts held on held.user_id = u.id
        join point_postings p on p.point_account_id = held.id join point_entries e on e.id = p.entry_id
        join accounts a on a.id = e.account_id
    where u.id = $3 and ", points_are_visible!(), " order by e.posted_at desc, p.id desc limit $4"));
statement!(static BY_KEY: Entry = concat!(
    "select ", entry_columns!(), "
    from point_entries e join point_postings p on p.entry_id = e.id
        join point_accounts held on held.id = p.point_account_id join account_users u on u.id = held.user_id
        join accounts a on a.id = e.account_id
    where e.idempotency_key = $3 and ", points_are_visible!(), " order by p.id limit 1"));
statement!(static IS_SUSPENDED: (bool,) = "
    select exists (select from point_entries e join loyalty_programmes p on p.market = e.market
        where e.idempotency_key = $1 and p.is_suspended)");
statement!(static BY_ENTRY: Entry = concat!(
    "select ", entry_columns!(), "
    from point_entries e join point_postings p on p.entry_id = e.id and p.sequence is not null
        join accounts a on a.id = e.account_id
    where e.id = $1 order by p.id limit 1"));

/// Why no balance is told.
#[derive(Debug, Error)]
pub enum BalanceError {
    /// The viewer has no business with customers' points.
    #[error("the viewer has no business with points")]
    Forbidden,
    /// There is no such account, or the viewer may not see it.
    #[error("unknown account")]
    UnknownAccount,
    /// The user has no role on the account, or the points are not the viewer's to look at.
    #[error("the points are not the viewer's to look at")]
    UnknownUser,
    /// Nothing is shown for the moment.
    #[error("the programme is suspended")]
    Suspended,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(BalanceError);

/// Points, and what they are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// How many there are.
    pub points: i64,
    /// Their worth in minor units of the market's currency, rounded down.
    pub worth: i64,
}

/// What is in the wallet of whoever has an account's points, or of the user of it who is named; none where nobody has a
/// wallet. Customers see their own, and owners of an account that of whoever has its points.
///
/// # Errors
/// As [`BalanceError`] says.
pub async fn of_account(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    user: Option<&str>,
) -> Result<Option<Held>, BalanceError> {
    if matches!(viewer.kind(), "anonymous" | "partner-user") {
        return Err(BalanceError::Forbidden);
    }
    let account = accounts::by_number(tx, viewer, number).await?.ok_or(BalanceError::UnknownAccount)?;
    let holder = memberships::current(tx, account.id).await?.map(|membership| membership.user_id);
    let user = match user {
        None => holder,
        Some(named) => {
            let user: i64 = named.parse().map_err(|_| BalanceError::UnknownUser)?;
            memberships::role_of(tx, account.id, user).await?.ok_or(BalanceError::UnknownUser)?;
            Some(user)
        }
    };
    if let Some(own) = viewer.account_user().filter(|own| user.is_some_and(|user| user != *own)) {
        let is_owner = memberships::role_of(tx, account.id, own).await? == Some(true);
        if !is_owner || user != holder {
            return Err(BalanceError::UnknownUser);
        }
    }
    let Some(programme) = programmes::of_account(tx, &account).await? else { return Ok(None) };
    if programme.is_suspended {
        return Err(BalanceError::Suspended);
    }
    let Some(user) = user else { return Ok(None) };
    let points = balance(tx, &programme.market, user).await?;
    Ok(points.map(|points| Held { points, worth: programme.worth(points) }))
}

/// How many points a user has in the programme of a market; none where they have no wallet.
pub(in crate::domain) async fn balance(
    tx: &mut Tx,
    market: &str,
    user: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let query = BALANCE.query().bind(market).bind(user);
    Ok(query.fetch_optional(&mut *tx).await?.map(|row| row.balance))
}

/// The entries of a user's wallets, the latest first; `None` for a user whose points the viewer may not see.
///
/// # Errors
/// Those of the database.
pub async fn of_user(tx: &mut Tx, viewer: &Viewer, user: i64) -> Result<Option<Vec<Entry>>, sqlx::Error> {
    let (kind, id) = (viewer.kind(), viewer.id());
    let (is_shown,) = IS_SHOWN.query().bind(kind).bind(id).bind(user).fetch_one(&mut *tx).await?;
    if !is_shown {
        return Ok(None);
    }
    let query = OF_USER.query().bind(kind).bind(id).bind(user).bind(MOST);
    Ok(Some(query.fetch_all(&mut *tx).await?))
}

/// The entry that was made with a key, if the viewer may see whose it is.
///
/// # Errors
/// `Suspended` if nothing is shown for the moment, and those of the database.
pub async fn by_key(tx: &mut Tx, viewer: &Viewer, key: Uuid) -> Result<Option<Entry>, BalanceError> {
    let query = BY_KEY.seen_by(viewer).bind(key);
    let Some(found) = query.fetch_optional(&mut *tx).await? else { return Ok(None) };
    let (is_suspended,) = IS_SUSPENDED.query().bind(key).fetch_one(&mut *tx).await?;
    if is_suspended { Err(BalanceError::Suspended) } else { Ok(Some(found)) }
}

/// What an entry, which the caller may see, did to the first wallet that it touched.
///
/// # Errors
/// Those of the database.
pub async fn by_entry(tx: &mut Tx, entry: i64) -> Result<Option<Entry>, sqlx::Error> {
    BY_ENTRY.query().bind(entry).fetch_optional(&mut *tx).await
}
