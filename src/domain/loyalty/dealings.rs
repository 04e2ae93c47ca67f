//! What people do with points: they are given some and lose some, hand them on, and turn them into credit.

use thiserror::Error;
use uuid::Uuid;

use super::memberships::{self, Membership};
use super::points::{self, NewEntry, PointsError, Side};
use super::programmes::{self, Programme};
use crate::domain::accounts::Account;
use crate::domain::accounts::accounts;
use crate::domain::accounts::changes::hand;
use crate::domain::auth::Viewer;
use crate::domain::auth::viewer::POST_TRANSACTIONS;
use crate::domain::ledgers::credits::{self, GrantError};
use crate::platform::db::{Tx, database_error, statement};

/// The reason of an award for which none is given.
const AWARDED: &str = "POINTS_AWARDED_FOR_ACCOUNT_ACTION";
/// The reason of a deduction for which none is given.
const DEDUCTED: &str = "POINTS_DEDUCTED_FOR_ACCOUNT_ACTION";
const TRANSFERRED: &str = "POINTS_TRANSFERRED_BETWEEN_USERS";
const REDEEMED: &str = "POINTS_REDEEMED_FOR_ACCOUNT_CREDIT";
/// The reason of the credit that points become.
const CREDIT: &str = "LOYALTY_POINTS";

/// Why nothing was done with points.
#[derive(Debug, Error)]
pub enum DealError {
    /// The viewer may not give or take points.
    #[error("the viewer may not give or take points")]
    Forbidden,
    /// There is no such account, or the viewer may not see it.
    #[error("unknown account")]
    UnknownAccount,
    /// The account's market has no programme.
    #[error("the market has no programme")]
    NoProgramme,
    /// Nothing is redeemed for the moment.
    #[error("the programme is suspended")]
    Suspended,
    /// The number of points is not above zero.
    #[error("the number of points is not above zero")]
    NotPositive,
    /// More than is given at once, or than a wallet holds.
    #[error("too many points")]
    TooMany,
    /// Points are not given or taken for this reason.
    #[error("points are not given or taken for this reason")]
    Reason,
    /// Nobody has the account's points.
    #[error("nobody has the account's points")]
    NoHolder,
    /// The points are somebody else's than the viewer's.
    #[error("the points are somebody else's")]
    NotTheirs,
    /// The user has no role on the account, or has the points already.
    #[error("points are handed on to other users of the account")]
    UnknownUser,
    /// There has never been anything in the wallet.
    #[error("there has never been anything in the wallet")]
    NeverAny,
    /// There is nothing in the wallet.
    #[error("there is nothing in the wallet")]
    Empty,
    /// There are not as many in the wallet.
    #[error("there are not as many points in the wallet")]
    Insufficient,
    /// So many points are no whole minor units.
    #[error("so many points are no whole minor units")]
    Indivisible,
    /// The wallet has an entry of a later moment.
    #[error("the wallet has an entry of a later moment")]
    Backwards,
    /// An entry was made with this key.
    #[error("an entry was made with this key")]
    KeyUsed,
    /// The account could not be credited.
    #[error(transparent)]
    Credit(GrantError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(DealError);

impl From<PointsError> for DealError {
    fn from(error: PointsError) -> Self {
        match error {
            PointsError::Nothing => Self::NotPositive,
            PointsError::Insufficient => Self::Insufficient,
            PointsError::TooMany => Self::TooMany,
            PointsError::Backwards => Self::Backwards,
            PointsError::KeyUsed => Self::KeyUsed,
            PointsError::Unknown => Self::NoHolder,
            PointsError::Database(error) => Self::Database(error),
        }
    }
}

impl From<GrantError> for DealError {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Database(error) => Self::Database(error),
            other => Self::Credit(other),
        }
    }
}

/// Points that are given or taken by hand.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByHand<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// Whose points are taken, as clients name them; those of whoever has the account's, if nobody is named.
    pub user: Option<&'a str>,
    /// How many.
    pub points: i64,
    /// Why.
    pub reason: Option<&'a str>,
    /// A note for staff.
    pub note: Option<&'a str>,
    /// Keeps a retry from doing it twice.
    pub key: Option<Uuid>,
}

statement!(static KEEP: () = "
    insert into point_redemptions (point_entry_id, transaction_id) values ($1, $2)");

async fn account(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Account, DealError> {
    accounts::by_number(tx, viewer, number).await?.ok_or(DealError::UnknownAccount)
}

async fn programme(tx: &mut Tx, account: &Account) -> Result<Programme, DealError> {
    programmes::of_account(tx, account).await?.ok_or(DealError::NoProgramme)
}

async fn member(tx: &mut Tx, account: &Account) -> Result<Membership, DealError> {
    memberships::current(tx, account.id).await?.ok_or(DealError::NoHolder)
}

/// Whether the viewer may deal with somebody's points: customers with their own, others with the permission to post.
fn deals_with(viewer: &Viewer, holder: i64) -> Result<(), DealError> {
    match viewer.account_user() {
        Some(user) if user == holder => Ok(()),
        Some(_) => Err(DealError::NotTheirs),
        None if viewer.may(POST_TRANSACTIONS) => Ok(()),
        None => Err(DealError::Forbidden),
    }
}

/// Gives points to whoever has an account's. Answers the entry's row id.
///
/// # Errors
/// As [`DealError`] says.
pub async fn award(tx: &mut Tx, viewer: &Viewer, new: &ByHand<'_>) -> Result<i64, DealError> {
    if !viewer.may(POST_TRANSACTIONS) {
        return Err(DealError::Forbidden);
    }
    if new.points <= 0 {
        return Err(DealError::NotPositive);
    }
    let account = account(tx, viewer, new.account_number).await?;
    let programme = programme(tx, &account).await?;
    if new.points > i64::from(programme.most_awarded) {
        return Err(DealError::TooMany);
    }
    let reason = new.reason.unwrap_or(AWARDED);
    if !programmes::has_reason(tx, &programme, "award", reason).await? {
        return Err(DealError::Reason);
    }
    let holder = member(tx, &account).await?.user_id;
    let entry = NewEntry {
        from: Side::Book("awards"),
        to: Side::Wallet(holder),
        ..entry(&programme, "award", reason, &account, viewer, new)
    };
    Ok(points::post(tx, &entry).await?)
}

/// Takes points from whoever has an account's, or from another of its users. Answers the entry's row id.
///
/// # Errors
/// As [`DealError`] says.
pub async fn deduct(tx: &mut Tx, viewer: &Viewer, new: &ByHand<'_>) -> Result<i64, DealError> {
    if !viewer.may(POST_TRANSACTIONS) {
        return Err(DealError::Forbidden);
    }
    if new.points <= 0 {
        return Err(DealError::NotPositive);
    }
    let account = account(tx, viewer, new.account_number).await?;
    let programme = programmes::of_account(tx, &account).await?.ok_or(DealError::NoHolder)?;
    let reason = new.reason.unwrap_or(DEDUCTED);
    if !programmes::has_reason(tx, &programme, "deduction", reason).await? {
        return Err(DealError::Reason);
    }
    let holder = match new.user {
        None => member(tx, &account).await?.user_id,
        Some(named) => {
            let user: i64 = named.parse().map_err(|_| DealError::NoHolder)?;
            memberships::role_of(tx, account.id, user).await?.map(|_| user).ok_or(DealError::NoHolder)?
        }
    };
    let entry = NewEntry {
        from: Side::Wallet(holder),
        to: Side::Book("awards"),
        ..entry(&programme, "deduction", reason, &account, viewer, new)
    };
    Ok(points::post(tx, &entry).await?)
}

fn entry<'a>(
    programme: &'a Programme,
    kind: &'a str,
    reason: &'a str,
    account: &Account,
    viewer: &Viewer,
    new: &ByHand<'a>,
) -> NewEntry<'a> {
    NewEntry {
        market: &programme.market,
        kind,
        reason,
        note: new.note,
        account: account.id,
        key: new.key,
        by: hand(viewer),
        points: new.points,
        from: Side::Book("awards"),
        to: Side::Book("awards"),
    }
}

/// What can be taken out of a wallet, which is held until the transaction ends.
async fn holds(tx: &mut Tx, market: &str, user: i64, wanted: i64) -> Result<i64, DealError> {
    let wallet = points::hold(tx, market, user).await?.ok_or(DealError::NoHolder)?;
    match wallet.balance {
        0 => Err(DealError::Empty),
        balance if balance < wanted => Err(DealError::Insufficient),
        balance => Ok(balance),
    }
}

/// Moves points from the viewer to another user of an account. Whoever may post does so for the one who has its points.
///
/// # Errors
/// As [`DealError`] says.
pub async fn transfer(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    to: &str,
    points: i64,
) -> Result<(), DealError> {
    if points <= 0 {
        return Err(DealError::NotPositive);
    }
    if viewer.account_user().is_none() && !viewer.may(POST_TRANSACTIONS) {
        return Err(DealError::Forbidden);
    }
    let account = account(tx, viewer, number).await?;
    let programme = programme(tx, &account).await?;
    let from = match viewer.account_user() {
        Some(user) => user,
        None => member(tx, &account).await?.user_id,
    };
    let to: i64 = to.parse().map_err(|_| DealError::UnknownUser)?;
    if to == from || memberships::role_of(tx, account.id, to).await?.is_none() {
        return Err(DealError::UnknownUser);
    }
    points::open(tx, &programme.market, to).await?;
    let new = ByHand { points, ..ByHand::default() };
    let entry = NewEntry {
        from: Side::Wallet(from),
        to: Side::Wallet(to),
        ..entry(&programme, "transfer", TRANSFERRED, &account, viewer, &new)
    };
    match points::post(tx, &entry).await {
        Err(PointsError::Insufficient) => {
            holds(tx, &programme.market, from, points).await?;
            Err(DealError::Insufficient)
        }
        done => done.map(|_| ()).map_err(DealError::from),
    }
}

/// Turns points of whoever has an account's into credit on it.
///
/// # Errors
/// As [`DealError`] says.
pub async fn redeem(tx: &mut Tx, viewer: &Viewer, number: &str, points: i64) -> Result<(), DealError> {
    if points <= 0 {
        return Err(DealError::NotPositive);
    }
    let account = account(tx, viewer, number).await?;
    let programme = programme(tx, &account).await?;
    let holder = member(tx, &account).await?.user_id;
    deals_with(viewer, holder)?;
    if programme.is_suspended {
        return Err(DealError::Suspended);
    }
    let wallet = points::hold(tx, &programme.market, holder).await?.ok_or(DealError::NoHolder)?;
    if wallet.last_sequence == 0 {
        return Err(DealError::NeverAny);
    }
    if programme.redeemable(points) != points {
        return Err(DealError::Indivisible);
    }
    holds(tx, &programme.market, holder, points).await?;
    turn(tx, viewer, &programme, &account, holder, points).await
}

/// Turns as many points of whoever has an account's into credit as make whole minor units. Answers how many, and how many are
/// left.
///
/// # Errors
/// As [`DealError`] says.
pub async fn redeem_all(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<(i64, i64), DealError> {
    let account = account(tx, viewer, number).await?;
    let programme = programme(tx, &account).await?;
    let holder = member(tx, &account).await?.user_id;
    deals_with(viewer, holder)?;
    if programme.is_suspended {
        return Err(DealError::Suspended);
    }
    let wallet = points::hold(tx, &programme.market, holder).await?.ok_or(DealError::NoHolder)?;
    let points = programme.redeemable(wallet.balance);
    if points == 0 {
        return Err(DealError::Insufficient);
    }
    turn(tx, viewer, &programme, &account, holder, points).await?;
    Ok((points, wallet.balance - points))
}

async fn turn(
    tx: &mut Tx,
    viewer: &Viewer,
    programme: &Programme,
    account: &Account,
    holder: i64,
    points: i64,
) -> Result<(), DealError> {
    let new = ByHand { points, ..ByHand::default() };
    let entry = NewEntry {
        from: Side::Wallet(holder),
        to: Side::Book("redemptions"),
        ..entry(programme, "redemption", REDEEMED, account, viewer, &new)
    };
    let id = points::post(tx, &entry).await?;
    let title = format!("{} points", programme.name);
    let transaction = credits::grant(tx, account.id, programme.worth(points), CREDIT, &title).await?;
    KEEP.command().bind(id).bind(transaction).execute(&mut *tx).await?;
    Ok(())
}
