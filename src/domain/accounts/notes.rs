//! Notes on accounts: what the retailer's people write down for one another. Customers never see them.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use super::changes::hand;
use super::{accounts, contacts, grouped};
use crate::domain::auth::viewer::{EDIT_CUSTOMERS, Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};

/// How long a pinned note stays on top: what is older than that is rarely what matters most.
pub const PINNED_FOR: TimeDelta = TimeDelta::days(90);
/// Longest note, in characters.
const LONGEST: usize = 10_000;

/// Why no note was made.
#[derive(Debug, Error)]
pub enum NoteError {
    /// The viewer may write no notes, or sees no such account.
    #[error("the viewer may not write about this account")]
    Unauthorised,
    /// The note is blank, too long or no text.
    #[error("a note is between 1 and {LONGEST} characters of text")]
    Body,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(NoteError);

row! {
    /// A note.
    pub struct Note {
        /// The account.
        pub account_id: i64,
        /// What it says.
        pub body: String,
        /// When it stops, or stopped, being shown on top; none if it never was.
        pub unpin_at: Option<DateTime<Utc>>,
        /// Whether it is shown on top now.
        pub is_pinned: bool,
        /// When it was written.
        pub created_at: DateTime<Utc>,
    }
}

statement!(static ADD: () = "
    insert into account_notes (account_id, body, unpin_at, by_kind, by_id, created_at) values ($1, $2, $3, $4, $5, $6)");
statement!(static OF_ACCOUNTS: Note = concat!("
    select n.account_id, n.body, n.unpin_at, coalesce(n.unpin_at > $4::timestamptz, false) as is_pinned, n.created_at
    from account_notes n join accounts a on a.id = n.account_id
    where n.account_id = any($3::bigint[]) and ", account_is_visible!(), "
    order by is_pinned desc, n.created_at desc, n.id desc"));

/// Whether the viewer reads and writes what is kept about customers behind their backs: staff read all of it,
/// organisations that may edit customers what is about the accounts they see.
pub fn is_insider(viewer: &Viewer) -> bool {
    viewer.is_staff() || viewer.may(EDIT_CUSTOMERS)
}

/// Writes a note on an account. Whoever writes twice has written two notes.
pub async fn add(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    body: &str,
    pinned: bool,
) -> Result<(), NoteError> {
    if !viewer.may(EDIT_CUSTOMERS) {
        return Err(NoteError::Unauthorised);
    }
    let account = accounts::by_number(tx, viewer, account).await?.ok_or(NoteError::Unauthorised)?;
    let body = contacts::text(body, LONGEST).ok_or(NoteError::Body)?;
    Ok(write(tx, viewer, account.id, &body, pinned).await?)
}

/// Writes down what somebody said about an account, whoever they are.
pub(in crate::domain) async fn keep(
    tx: &mut Tx,
    viewer: &Viewer,
    account: i64,
    body: &str,
) -> Result<(), sqlx::Error> {
    write(tx, viewer, account, body, false).await
}

async fn write(
    tx: &mut Tx,
    viewer: &Viewer,
    account: i64,
    body: &str,
    pinned: bool,
) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let (kind, id) = hand(viewer);
    let add = ADD.command().bind(account).bind(body).bind(pinned.then(|| now + PINNED_FOR));
    add.bind(kind).bind(id).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// The notes on each of these accounts, pinned ones first, then the latest first; `None` for whoever is no
/// [insider](is_insider).
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Option<Vec<Vec<Note>>>, sqlx::Error> {
    if !is_insider(viewer) {
        return Ok(None);
    }
    let now = tx.business_now().await?;
    let query = OF_ACCOUNTS.seen_by(viewer).bind(accounts).bind(now);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(Some(grouped(accounts, rows.into_iter().map(|note| (note.account_id, note)).collect())))
}
