//! The one way in which points move: from wallet to wallet, or between a wallet and a book of the programme. An entry takes as
//! many as it gives, and no wallet ever holds less than nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;

use crate::platform::db::{Tx, database_error, on_constraint, row, statement};

/// The most points that a wallet can hold: it is shown as an `Int`.
pub const MOST: i64 = i32::MAX as i64;

/// Why no points were moved.
#[derive(Debug, Error)]
pub enum PointsError {
    /// The number of points is not above zero, or both sides are the same.
    #[error("no points, or both sides are the same")]
    Nothing,
    /// There are not as many in the wallet.
    #[error("there are not as many points in the wallet")]
    Insufficient,
    /// More than a wallet holds.
    #[error("more points than a wallet holds")]
    TooMany,
    /// The wallet has an entry of a later moment.
    #[error("a wallet has an entry of a later moment")]
    Backwards,
    /// An entry was made with this key.
    #[error("an entry was made with this key")]
    KeyUsed,
    /// The programme has no such wallet or book.
    #[error("the programme has no such wallet or book")]
    Unknown,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(PointsError);

impl From<sqlx::Error> for PointsError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "point_entries_idempotency_key") {
            Self::KeyUsed
        } else {
            Self::Database(error)
        }
    }
}

/// Where points come from or go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A user's wallet.
    Wallet(i64),
    /// A book of the programme: `awards`, `saving-sessions` or `redemptions`.
    Book(&'static str),
}

/// An entry about to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewEntry<'a> {
    /// Code of the market whose programme it is.
    pub market: &'a str,
    /// `award`, `deduction`, `transfer`, `redemption` or `saving-session`.
    pub kind: &'a str,
    /// Why, as clients are told.
    pub reason: &'a str,
    /// A note for staff.
    pub note: Option<&'a str>,
    /// The account that it is about.
    pub account: i64,
    /// Keeps it from being made twice.
    pub key: Option<Uuid>,
    /// Who makes it: kind and row id.
    pub by: (&'static str, i64),
    /// How many points; more than zero.
    pub points: i64,
    /// Where they come from.
    pub from: Side,
    /// Where they go.
    pub to: Side,
}

row! {
    /// What is in a wallet.
    pub struct Wallet {
        point_account_id: i64,
        /// Points.
        pub balance: i64,
        /// How many entries there have been.
        pub last_sequence: i64,
        last_posted_at: Option<DateTime<Utc>>,
    }
}

statement!(static OPEN: () = "
    with opened as (
        insert into point_accounts (market, user_id, created_at) values ($1, $2, $3)
        on conflict on constraint point_accounts_wallet_key do nothing returning id
    )
    insert into wallets (point_account_id) select id from opened");
statement!(static OF_USER: (i64,) = "select id from point_accounts where market = $1 and user_id = $2");
statement!(static OF_BOOK: (i64,) = "select id from point_accounts where market = $1 and book = $2");
// Held in the order of their ids, so that opposite transfers never wait for each other.
statement!(static HOLD: Wallet = "
    select w.point_account_id, w.balance, w.last_sequence, w.last_posted_at from wallets w
    where w.point_account_id = any($1::bigint[]) order by w.point_account_id for update");
// A book has no place in a sequence, which is told by zero.
statement!(static POST: (i64,) = "
    with entry as (
        insert into point_entries (market, kind, reason_code, note, account_id, idempotency_key, by_kind, by_id, posted_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id, market
    ), legs as (
        select * from unnest($10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[])
            as leg (point_account_id, points, sequence, balance)
    ), moved as (
        insert into point_postings (entry_id, market, point_account_id, points, sequence, balance_after)
        select entry.id, entry.market, leg.point_account_id, leg.points, nullif(leg.sequence, 0),
            case when leg.sequence > 0 then leg.balance end
        from legs leg, entry
    ), kept as (
        update wallets w set balance = leg.balance, last_sequence = leg.sequence, last_posted_at = $9
        from legs leg where w.point_account_id = leg.point_account_id and leg.sequence > 0
    )
    select id from entry");

/// Opens a user's wallet in the programme of a market, unless there is one.
pub(in crate::domain) async fn open(tx: &mut Tx, market: &str, user: i64) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    OPEN.command().bind(market).bind(user).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// A user's wallet, held until the transaction ends; none while it was not opened.
pub(super) async fn hold(tx: &mut Tx, market: &str, user: i64) -> Result<Option<Wallet>, sqlx::Error> {
    let found = OF_USER.query().bind(market).bind(user).fetch_optional(&mut *tx).await?;
    let Some((id,)) = found else { return Ok(None) };
    HOLD.query().bind(vec![id]).fetch_optional(&mut *tx).await
}

/// Makes an entry, whose wallets stay held until the transaction ends. Answers its row id. No viewer: the caller has seen to
/// that.
///
/// # Errors
/// As [`PointsError`] says; nothing has moved then, and the transaction is to be given up.
pub async fn post(tx: &mut Tx, new: &NewEntry<'_>) -> Result<i64, PointsError> {
    if new.points <= 0 || new.from == new.to {
        return Err(PointsError::Nothing);
    }
    if new.points > MOST {
        return Err(PointsError::TooMany);
    }
    let now = tx.business_now().await?;
    let (from, to) = (id(tx, new.market, new.from).await?, id(tx, new.market, new.to).await?);
    let held = HOLD.query().bind(vec![from, to]).fetch_all(&mut *tx).await?;
    let held: HashMap<i64, Wallet> =
        held.into_iter().map(|wallet| (wallet.point_account_id, wallet)).collect();
    let (mut sequences, mut balances) = (Vec::new(), Vec::new());
    for (account, points) in [(from, -new.points), (to, new.points)] {
        let (sequence, balance) =
            held.get(&account).map_or(Ok((0, 0)), |wallet| wallet.after(points, now))?;
        sequences.push(sequence);
        balances.push(balance);
    }
    let post = POST.query().bind(new.market).bind(new.kind).bind(new.reason).bind(new.note).bind(new.account);
    let post = post.bind(new.key).bind(new.by.0).bind(new.by.1).bind(now);
    let post = post.bind(vec![from, to]).bind(vec![-new.points, new.points]).bind(sequences).bind(balances);
    let (entry,) = post.fetch_one(&mut *tx).await?;
    Ok(entry)
}

async fn id(tx: &mut Tx, market: &str, side: Side) -> Result<i64, PointsError> {
    let found = match side {
        Side::Wallet(user) => OF_USER.query().bind(market).bind(user).fetch_optional(&mut *tx).await?,
        Side::Book(book) => OF_BOOK.query().bind(market).bind(book).fetch_optional(&mut *tx).await?,
    };
    found.map(|(id,)| id).ok_or(PointsError::Unknown)
}

impl Wallet {
    /// The place of the next entry, and what the wallet holds after it.
    fn after(&self, points: i64, now: DateTime<Utc>) -> Result<(i64, i64), PointsError> {
        if self.last_posted_at.is_some_and(|last| last > now) {
            return Err(PointsError::Backwards);
        }
        match self.balance.checked_add(points) {
            Some(balance) if balance < 0 => Err(PointsError::Insufficient),
            Some(balance) if balance <= MOST => Ok((self.last_sequence + 1, balance)),
            _ => Err(PointsError::TooMany),
        }
    }
}
