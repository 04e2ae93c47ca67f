//! Moving credit from one customer's ledger to another: one entry, shown as a charge here and a credit there.

use std::collections::HashMap;

use thiserror::Error;

use super::by_hand::Posted;
use super::journal::{self, PostError, posting_error};
use super::ledgers::{self, LedgerName, NameError, Target};
use super::transactions::{self, Kind, New, Recorded};
use crate::domain::auth::viewer::{POST_TRANSACTIONS, Viewer};
use crate::platform::db::{Tx, database_error};
use crate::platform::market::{self, Market};
use crate::platform::money::{AmountError, Minor, Split};

/// The reason of both sides of a transfer. Nobody can give it for anything else.
pub const REASON: &str = "BALANCE_TRANSFER";
/// What both sides are called.
pub(crate) const TITLE: &str = "Balance transfer";
/// The kind of their entry.
pub(crate) const ENTRY: &str = "transfer";

/// Why nothing was moved.
#[derive(Debug, Error)]
pub enum TransferError {
    /// The viewer has no permission to post.
    #[error("the viewer may not move balances")]
    Forbidden,
    /// A text names no one ledger.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is no such account and ledger to take from, or not for this viewer.
    #[error("there is no such ledger to take from")]
    UnknownSource,
    /// There is no such account and ledger to give to, or not for this viewer.
    #[error("there is no such ledger to give to")]
    UnknownTarget,
    /// Source and target are the same ledger.
    #[error("a ledger cannot give to itself")]
    SameLedger,
    /// The ledgers are in different markets or currencies.
    #[error("the ledgers are in different markets")]
    OtherMarket,
    /// The balance of the source is zero.
    #[error("the ledger has nothing to give")]
    NothingThere,
    /// The source is in debt, or in credit with less than the amount.
    #[error("the ledger has less than that to give")]
    NotEnough,
    /// The amount is not positive, or the balance after it is too large to be shown.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The books could not be kept; never the caller's doing.
    #[error(transparent)]
    Books(PostError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(TransferError);
posting_error!(TransferError);

/// A ledger of an account.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The account's number.
    pub account_number: &'a str,
    /// The id or the number of one of its ledgers.
    pub ledger: &'a str,
}

/// A transfer that somebody makes by hand.
#[derive(Clone, Copy, Debug)]
pub struct NewTransfer<'a> {
    /// Where the credit is.
    pub source: Place<'a>,
    /// Where it goes.
    pub target: Place<'a>,
    /// In minor units; more than zero, and no more than the source is in credit.
    pub amount: i64,
    /// A note for staff, kept with both sides.
    pub note: Option<&'a str>,
}

/// A transfer that was made.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// Row id of the journal entry.
    pub id: i64,
    /// What the source shows.
    pub charge: Posted,
    /// What the target shows.
    pub credit: Posted,
}

/// Moves credit between two ledgers that the viewer may see, of one account or of two.
pub async fn create(tx: &mut Tx, viewer: &Viewer, new: &NewTransfer<'_>) -> Result<Transfer, TransferError> {
    if !viewer.may(POST_TRANSACTIONS) {
        return Err(TransferError::Forbidden);
    }
    let amount = Minor::positive_entry(new.amount)?;
    let (from, to) = (LedgerName::parse(new.source.ledger)?, LedgerName::parse(new.target.ledger)?);
    let source = ledgers::named(tx, viewer, new.source.account_number, &from).await?;
    let source = source.ok_or(TransferError::UnknownSource)?;
    let target = ledgers::named(tx, viewer, new.target.account_number, &to).await?;
    let target = target.ok_or(TransferError::UnknownTarget)?;
    let recorded = make(tx, &source, &target, amount, new.note).await?;
    let now = tx.business_now().await?;
    let [charge, credit] = ends_of(&recorded)?;
    let posted = |id, kind| Posted::of(id, &side(kind, amount, new.note), now);
    let (charge, credit) = (posted(charge, Kind::Charge), posted(credit, Kind::Credit));
    Ok(Transfer { id: recorded.entry, charge, credit })
}

/// The ids of the transactions that its source and its target show.
fn ends_of(recorded: &Recorded) -> Result<[i64; 2], TransferError> {
    <[i64; 2]>::try_from(recorded.made.as_slice())
        .map_err(|_| TransferError::Database(sqlx::Error::RowNotFound))
}

fn side(kind: Kind, amount: Minor, note: Option<&str>) -> New<'_> {
    New { note, reason_code: Some(REASON), ..New::of(kind, Split::untaxed(amount), TITLE) }
}

async fn make(
    tx: &mut Tx,
    source: &Target,
    target: &Target,
    amount: Minor,
    note: Option<&str>,
) -> Result<Recorded, TransferError> {
    if source.ledger_id == target.ledger_id {
        return Err(TransferError::SameLedger);
    }
    let market = market::by_code(&source.market).filter(|market| market.code == target.market);
    let market = market.ok_or(TransferError::OtherMarket)?;
    let ends = [source.ledger_id, target.ledger_id];
    let held = journal::hold(tx, &ends, &market.currency.code).await?;
    afford(&held, source.ledger_id, amount)?;
    put(tx, market, ends, amount, note).await
}

/// Moves as much as the source has and the target owes, which may be nothing. No viewer: the caller has seen to that.
pub(super) async fn settle(
    tx: &mut Tx,
    market: &Market,
    source: i64,
    target: i64,
    note: &str,
) -> Result<(), TransferError> {
    let ends = [source, target];
    let held = journal::hold(tx, &ends, &market.currency.code).await?;
    let balance = |ledger| held.get(&ledger).copied().unwrap_or_default();
    let amount = balance(source).min(balance(target).negated()?);
    if amount > Minor::ZERO {
        put(tx, market, ends, amount, Some(note)).await?;
    }
    Ok(())
}

/// Moves an amount between two ledgers of one market, the first of which has it. Answers the ids of what both show. No viewer:
/// the caller has seen to that.
pub(in crate::domain) async fn carry(
    tx: &mut Tx,
    market: &Market,
    ends: [i64; 2],
    amount: Minor,
    note: &str,
) -> Result<[i64; 2], TransferError> {
    let held = journal::hold(tx, &ends, &market.currency.code).await?;
    afford(&held, ends[0], amount)?;
    ends_of(&put(tx, market, ends, amount, Some(note)).await?)
}

/// Moves an amount between two ledgers that the caller holds, the second of which owes it or has room for it.
pub(super) async fn put(
    tx: &mut Tx,
    market: &Market,
    [source, target]: [i64; 2],
    amount: Minor,
    note: Option<&str>,
) -> Result<Recorded, TransferError> {
    let (charge, credit) = (side(Kind::Charge, amount, note), side(Kind::Credit, amount, note));
    let shown = [(source, &charge), (target, &credit)];
    Ok(transactions::record_entry(tx, market, ENTRY, None, &shown, Vec::new()).await?)
}

fn afford(held: &HashMap<i64, Minor>, source: i64, amount: Minor) -> Result<(), TransferError> {
    match held.get(&source) {
        None => Err(TransferError::UnknownSource),
        Some(&Minor::ZERO) => Err(TransferError::NothingThere),
        Some(balance) if *balance < amount => Err(TransferError::NotEnough),
        Some(_) => Ok(()),
    }
}
