//! Permissions for credit of one ledger to move to another that owes, and the upkeep that moves it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use thiserror::Error;

use super::ledgers::LedgerName;
use super::transfers::{self, TransferError};
use crate::domain::accounts::changes::hand;
use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::{POST_TRANSACTIONS, Viewer, account_is_owned, account_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market;

/// How often it is looked for debts that stored credit can settle.
const TURN: TimeDelta = TimeDelta::hours(1);
/// How many jobs are made in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 1000;
const JOB: &str = "permitted-credit-transfer";
const NOTE: &str = "By a credit transfer permission.";

/// The end of a permission that a caller names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where the credit is.
    Source,
    /// Where it goes.
    Target,
}

/// Why no permission was given or withdrawn.
#[derive(Debug, Error)]
pub enum PermissionError {
    /// Neither a customer nor somebody who may post.
    #[error("the viewer may not permit transfers")]
    Forbidden,
    /// There is no such ledger for the viewer, or the credit is not theirs to give.
    #[error("there is no such ledger")]
    Unauthorised(Side),
    /// The text is no ledger number, or the ledger does not go with the other one.
    #[error("{1}")]
    NotValid(Side, &'static str),
    /// Neither ledger stores credit.
    #[error("neither ledger stores credit")]
    NoStorage,
    /// There is such a permission already.
    #[error("there is such a permission already")]
    Exists,
    /// There is no such permission that still holds.
    #[error("there is no such permission")]
    Unknown,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PermissionError);

/// The ledgers of a permission, by their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Between<'a> {
    /// Where the credit is.
    pub source: &'a str,
    /// Where it goes.
    pub target: &'a str,
}

row! {
    struct End {
        id: i64,
        number: String,
        market: String,
        stores_credit: bool,
        is_owned: bool,
    }
}

// A deposit, and what is on a meter, is no credit that its customer could give away.
statement!(static ENDS: End = concat!("
    select l.id, l.number, a.market, l.stores_credit, not l.holds_deposits
        and not l.holds_meter_credit and ", account_is_owned!(), " as is_owned
    from ledgers l join accounts a on a.id = l.account_id
    where l.number = any($3::text[]) and ", account_is_visible!()));

/// The ledgers of a permission that the viewer may give and withdraw.
async fn ends(tx: &mut Tx, viewer: &Viewer, between: &Between<'_>) -> Result<(End, End), PermissionError> {
    if viewer.account_user().is_none() && !viewer.may(POST_TRANSACTIONS) {
        return Err(PermissionError::Forbidden);
    }
    let (source, target) = (number(between.source, Side::Source)?, number(between.target, Side::Target)?);
    if source == target {
        return Err(PermissionError::NotValid(Side::Target, "A ledger cannot give to itself."));
    }
    let query = ENDS.seen_by(viewer).bind([&source, &target]);
    let found = query.fetch_all(&mut *tx).await?;
    let find = |number: &str| found.iter().find(|end| end.number == number).cloned();
    let source = find(&source).filter(|end| end.is_owned);
    let source = source.ok_or(PermissionError::Unauthorised(Side::Source))?;
    let target = find(&target).ok_or(PermissionError::Unauthorised(Side::Target))?;
    if source.market != target.market {
        return Err(PermissionError::NotValid(Side::Target, "The ledgers are in different markets."));
    }
    Ok((source, target))
}

fn number(text: &str, side: Side) -> Result<String, PermissionError> {
    match LedgerName::parse(text) {
        Ok(LedgerName::Number(number)) => Ok(number),
        _ => Err(PermissionError::NotValid(side, "This is not the number of a ledger.")),
    }
}

statement!(static ADD: (DateTime<Utc>,) = "
    insert into credit_transfer_permissions (source_ledger_id, target_ledger_id, valid_from, given_by_kind, given_by_id)
    values ($1, $2, $3, $4, $5) on conflict do nothing returning valid_from");

/// Lets credit of the source move to the target from now on, whenever that one owes. Answers since when.
pub async fn give(
    tx: &mut Tx,
    viewer: &Viewer,
    between: &Between<'_>,
) -> Result<DateTime<Utc>, PermissionError> {
    let (source, target) = ends(tx, viewer, between).await?;
    if !source.stores_credit && !target.stores_credit {
        return Err(PermissionError::NoStorage);
    }
    let now = tx.business_now().await?;
    let (kind, by) = hand(viewer);
    let add = ADD.query().bind(source.id).bind(target.id).bind(now).bind(kind).bind(by);
    add.fetch_optional(&mut *tx).await?.map(|(since,)| since).ok_or(PermissionError::Exists)
}

// Whoever moves credit by the permission holds it meanwhile.
statement!(static HOLD: (i64, Option<DateTime<Utc>>) = "
    select id, valid_to from credit_transfer_permissions
    where source_ledger_id = $1 and target_ledger_id = $2 and valid_from <= $3 and (valid_to is null or valid_to > $3)
    for update");
statement!(static END: () = "
    update credit_transfer_permissions set valid_to = $2, withdrawn_by_kind = $3, withdrawn_by_id = $4 where id = $1");

/// Withdraws the permission that holds at a moment, or now, unless it has been. Answers since when nothing moves.
pub async fn withdraw(
    tx: &mut Tx,
    viewer: &Viewer,
    between: &Between<'_>,
    at: Option<DateTime<Utc>>,
) -> Result<DateTime<Utc>, PermissionError> {
    let (source, target) = ends(tx, viewer, between).await?;
    let now = tx.business_now().await?;
    let hold = HOLD.query().bind(source.id).bind(target.id).bind(at.unwrap_or(now));
    let held = hold.fetch_optional(&mut *tx).await?;
    let Some((id, None)) = held else { return Err(PermissionError::Unknown) };
    let (kind, by) = hand(viewer);
    END.command().bind(id).bind(now).bind(kind).bind(by).execute(&mut *tx).await?;
    Ok(now)
}

row! {
    /// A permission as seen from one of its ledgers.
    pub struct Permission {
        parent: i64,
        is_source: bool,
        /// Number of the other ledger.
        pub ledger_number: String,
        /// Number of the account that it belongs to.
        pub account_number: String,
        /// Since when.
        pub valid_from: DateTime<Utc>,
        /// Until when; none while it holds.
        pub valid_to: Option<DateTime<Utc>>,
    }
}

/// The permissions around a ledger, also those that have been withdrawn, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Permissions {
    /// For credit to come.
    pub from: Vec<Permission>,
    /// For credit to go.
    pub to: Vec<Permission>,
}

// The viewer sees the parents; of the others only those that they may see.
statement!(static OF_LEDGERS: Permission = concat!("
    select parents.id as parent, p.target_ledger_id = parents.id as is_source, l.number as ledger_number,
        a.number as account_number, p.valid_from, p.valid_to
    from (select distinct id from unnest($3::bigint[]) as p (id)) parents
        join credit_transfer_permissions p on parents.id in (p.source_ledger_id, p.target_ledger_id)
        join ledgers l on l.id in (p.source_ledger_id, p.target_ledger_id) and l.id <> parents.id
        join accounts a on a.id = l.account_id
    where ", account_is_visible!(), " order by p.id desc"));

/// The permissions around each of these ledgers, between them and those that the viewer may see.
pub async fn of_ledgers(
    tx: &mut Tx,
    viewer: &Viewer,
    ledgers: &[i64],
) -> Result<Vec<Permissions>, sqlx::Error> {
    let query = OF_LEDGERS.seen_by(viewer).bind(ledgers);
    let rows = query.fetch_all(&mut *tx).await?;
    let all = grouped(ledgers, rows.into_iter().map(|permission| (permission.parent, permission)).collect());
    Ok(all.into_iter().map(sorted).collect())
}

fn sorted(all: Vec<Permission>) -> Permissions {
    let (from, to) = all.into_iter().partition(|permission| permission.is_source);
    Permissions { from, to }
}

/// Has this runner move what is permitted.
pub fn register(runner: &mut Runner) {
    runner.every(TURN, "upkeep-permitted-credit-transfers", |tx, _| {
        Box::pin(async move { Ok(queue(tx).await?) })
    });
    runner.on(JOB, |tx, payload| {
        Box::pin(async move {
            let id = payload["permission"].as_i64().ok_or(JobError::Payload)?;
            use_one(tx, id).await.map_err(|error| match error {
                TransferError::Database(error) => JobError::Database(error),
                other => JobError::Other(other.to_string()),
            })
        })
    });
}

statement!(static WANTED: (i64,) = "
    select p.id from credit_transfer_permissions p
        join ledger_balances source on source.ledger_account_id = p.source_ledger_id and source.balance > 0
        join ledger_balances target on target.ledger_account_id = p.target_ledger_id and target.balance < 0
    where p.valid_from <= $1 and p.valid_to is null order by p.id limit $2");

async fn queue(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let (now, wall) = (tx.business_now().await?, tx.wall_now());
    for (id,) in WANTED.query().bind(now).bind(IN_ONE_TURN).fetch_all(&mut *tx).await? {
        jobs::enqueue(tx, JOB, &json!({ "permission": id }), wall).await?;
    }
    Ok(())
}

row! {
    struct Given {
        source_ledger_id: i64,
        target_ledger_id: i64,
        market: String,
    }
}

// Until the transfer is made, the permission cannot be withdrawn.
statement!(static USE: Given = "
    select p.source_ledger_id, p.target_ledger_id, a.market
    from credit_transfer_permissions p join ledgers l on l.id = p.source_ledger_id join accounts a on a.id = l.account_id
    where p.id = $1 and p.valid_to is null for share of p");

/// Moves what the one ledger has and the other owes; nothing, if the permission has been withdrawn.
async fn use_one(tx: &mut Tx, id: i64) -> Result<(), TransferError> {
    let Some(given) = USE.query().bind(id).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let market = market::by_code(&given.market).ok_or(TransferError::OtherMarket)?;
    transfers::settle(tx, market, given.source_ledger_id, given.target_ledger_id, NOTE).await?;
    Ok(())
}
