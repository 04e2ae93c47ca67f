//! Charges and credits that are planned now and posted later.
//!
//! An upkeep makes a job of each that is due by business time. The job posts it in a transaction of its own, so that
//! one that cannot be posted keeps no other from it.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use thiserror::Error;

use super::books::Book;
use super::by_hand::{self, Action, Amounts, HandError, Onto, Wanted};
use super::contributions;
use super::journal::PostError;
use super::ledgers::NameError;
use super::transactions::{self, New};
use crate::domain::auth::viewer::{POST_TRANSACTIONS, Viewer};
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market;
use crate::platform::money::{Minor, Split};

/// How many are planned at once, at most.
pub const MOST: usize = 100;
const LONGEST_KEY: usize = 200;

/// How often what is due is looked for.
const TURN: TimeDelta = TimeDelta::minutes(10);
/// When a job that was given up is made anew.
const AGAIN: TimeDelta = TimeDelta::days(1);
/// How many jobs are made in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 1000;
const JOB: &str = "scheduled-transaction";

/// Why nothing was planned.
#[derive(Debug, Error)]
pub enum ScheduleError {
    /// The viewer has no permission to post.
    #[error("the viewer may not post")]
    Forbidden,
    /// There are none, or more than [`MOST`].
    #[error("between 1 and {MOST} transactions can be planned at once")]
    Count,
    /// Something is wrong with the one at this place in the list.
    #[error("number {0}: {1}")]
    Each(usize, Flaw),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(ScheduleError);

/// What is wrong with a plan.
#[derive(Debug, Error)]
pub enum Flaw {
    /// It is null.
    #[error("there is nothing to plan")]
    Nothing,
    /// The action is neither `CHARGE` nor `CREDIT`.
    #[error("there is no such action")]
    Action,
    /// The text is no ledger number.
    #[error("the text is not the number of a ledger")]
    LedgerNumber,
    /// The tax is not what the rate makes of the net amount.
    #[error("the tax is not what the rate makes of the net amount")]
    TaxRate,
    /// The key is empty or too long.
    #[error("the key must have 1 to {LONGEST_KEY} characters")]
    Key,
    /// The key has been used.
    #[error("the key has been used for another transaction")]
    UsedKey,
    /// It could not be posted by hand either.
    #[error(transparent)]
    Hand(HandError),
}

/// A transaction to be planned. All amounts are minor units of the ledger's currency.
#[derive(Clone, Debug)]
pub struct NewScheduled<'a> {
    /// `CHARGE` or `CREDIT`.
    pub action: &'a str,
    /// Number of the ledger.
    pub ledger_number: &'a str,
    /// Before tax; zero or more.
    pub net: i64,
    /// The tax; zero or more.
    pub tax: i64,
    /// Both together; more than zero.
    pub gross: i64,
    /// The rate that the tax was worked out by; 0.05 is five per cent.
    pub tax_rate: Decimal,
    /// Code of a reason for such an action.
    pub reason: &'a str,
    /// Any text that nobody has used before.
    pub idempotency_key: &'a str,
    /// It is posted once business time has passed this moment.
    pub posted_after: DateTime<Utc>,
    /// Anything to keep with the plan.
    pub ancillary_data: &'a Value,
    /// Anything to keep with the transaction.
    pub metadata: &'a Value,
    /// A note for staff.
    pub internal_note: &'a str,
    /// A note for the customer.
    pub display_note: &'a str,
}

row! {
    /// A planned transaction.
    pub struct Scheduled {
        /// Row id.
        pub id: i64,
        /// Number of the ledger.
        pub ledger_number: String,
        /// `CHARGE` or `CREDIT`.
        pub action: String,
        /// Before tax, in minor units.
        pub net_amount: Minor,
        /// The tax, in minor units.
        pub tax_amount: Minor,
        /// Both together.
        pub gross_amount: Minor,
        /// The rate that the tax was worked out by.
        pub tax_rate: Option<Decimal>,
        /// Why it is posted.
        pub reason_code: String,
        /// A note for staff.
        pub internal_note: String,
        /// A note for the customer.
        pub display_note: String,
        /// Whatever goes with the transaction.
        pub metadata: Value,
        /// Whatever the caller keeps with the plan.
        pub ancillary_data: Value,
        /// It is posted once business time has passed this moment.
        pub posted_after: DateTime<Utc>,
    }
}

statement!(static ADD: (i64,) = "
    insert into scheduled_transactions (ledger_id, action, book, net_amount, tax_amount, gross_amount, tax_rate,
        reason_code, title, internal_note, display_note, metadata, ancillary_data, idempotency_key, posted_after, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text::json, $13::text::json, $14, $15, $16)
    on conflict on constraint scheduled_transactions_idempotency_key do nothing returning id");
statement!(static BY_ID: Scheduled = "
    select s.id, l.number as ledger_number, s.action, s.net_amount, s.tax_amount, s.gross_amount, s.tax_rate,
        s.reason_code, s.internal_note, s.display_note, s.metadata, s.ancillary_data, s.posted_after
    from scheduled_transactions s join ledgers l on l.id = s.ledger_id where s.id = any($1) order by s.id");

/// Plans all of these or none. `None` stands for one that the caller left out.
pub async fn create(
    tx: &mut Tx,
    viewer: &Viewer,
    all: &[Option<NewScheduled<'_>>],
) -> Result<Vec<Scheduled>, ScheduleError> {
    if !viewer.may(POST_TRANSACTIONS) {
        return Err(ScheduleError::Forbidden);
    }
    if all.is_empty() || all.len() > MOST {
        return Err(ScheduleError::Count);
    }
    let mut ids = Vec::with_capacity(all.len());
    for (place, new) in all.iter().enumerate() {
        let flawed = |flaw| ScheduleError::Each(place, flaw);
        let new = new.as_ref().ok_or_else(|| flawed(Flaw::Nothing))?;
        match create_one(tx, viewer, new).await {
            Ok(id) => ids.push(id),
            Err(Flaw::Hand(HandError::Database(error))) => return Err(error.into()),
            Err(flaw) => return Err(flawed(flaw)),
        }
    }
    Ok(BY_ID.query().bind(ids).fetch_all(&mut *tx).await?)
}

async fn create_one(tx: &mut Tx, viewer: &Viewer, new: &NewScheduled<'_>) -> Result<i64, Flaw> {
    let action = Action::parse(new.action).ok_or(Flaw::Action)?;
    if new.idempotency_key.is_empty() || new.idempotency_key.chars().count() > LONGEST_KEY {
        return Err(Flaw::Key);
    }
    let wanted = Wanted {
        action,
        onto: Onto::Numbered(new.ledger_number),
        amounts: Amounts::Parts(new.net, new.tax, new.gross),
        reason: new.reason,
    };
    let judged = by_hand::judge(tx, viewer, &wanted).await.map_err(|error| match error {
        HandError::Name(NameError::Neither | NameError::Both) => Flaw::LedgerNumber,
        other => Flaw::Hand(other),
    })?;
    if !fits(new.tax_rate, judged.split) {
        return Err(Flaw::TaxRate);
    }
    let plan = Plan {
        ledger: judged.ledger,
        action,
        book: action.book(),
        split: judged.split,
        tax_rate: Some(new.tax_rate),
        reason: &judged.reason.code,
        title: &judged.reason.display,
        internal_note: new.internal_note,
        display_note: new.display_note,
        metadata: new.metadata,
        ancillary_data: new.ancillary_data,
        idempotency_key: Some(new.idempotency_key),
        posted_after: new.posted_after,
    };
    let planned = plan_for(tx, &plan).await.map_err(|error| Flaw::Hand(error.into()))?;
    planned.ok_or(Flaw::UsedKey)
}

/// Whether the tax is that on the net amount, however it was rounded.
fn fits(rate: Decimal, split: Split) -> bool {
    let exact = Decimal::from(split.net.0).checked_mul(rate);
    let off = exact.and_then(|exact| exact.checked_sub(Decimal::from(split.tax.0)));
    rate >= Decimal::ZERO && off.is_some_and(|off| off.abs() < Decimal::ONE)
}

/// A plan that is known to be right.
#[derive(Clone, Debug)]
pub(super) struct Plan<'a> {
    pub ledger: i64,
    pub action: Action,
    pub book: Book,
    pub split: Split,
    pub tax_rate: Option<Decimal>,
    pub reason: &'a str,
    pub title: &'a str,
    pub internal_note: &'a str,
    pub display_note: &'a str,
    pub metadata: &'a Value,
    pub ancillary_data: &'a Value,
    pub idempotency_key: Option<&'a str>,
    pub posted_after: DateTime<Utc>,
}

/// Plans a transaction, unless its key has been used. Answers its id.
pub(super) async fn plan_for(tx: &mut Tx, plan: &Plan<'_>) -> Result<Option<i64>, sqlx::Error> {
    let now = tx.business_now().await?;
    let add = ADD.query().bind(plan.ledger).bind(plan.action.code()).bind(plan.book.code());
    let add = add.bind(plan.split.net).bind(plan.split.tax).bind(plan.split.gross).bind(plan.tax_rate);
    let add = add.bind(plan.reason).bind(plan.title).bind(plan.internal_note).bind(plan.display_note);
    let add = add.bind(plan.metadata.to_string()).bind(plan.ancillary_data.to_string());
    let add = add.bind(plan.idempotency_key).bind(plan.posted_after).bind(now);
    Ok(add.fetch_optional(&mut *tx).await?.map(|(id,)| id))
}

/// Has this runner post what is due.
pub fn register(runner: &mut Runner) {
    runner.every(TURN, "upkeep-scheduled-transactions", |tx, _| {
        Box::pin(async move {
            contributions::go_on(tx).await?;
            Ok(queue_due(tx).await?)
        })
    });
    runner.on(JOB, |tx, payload| {
        Box::pin(async move {
            let id = payload["scheduledTransaction"].as_i64().ok_or(JobError::Payload)?;
            post(tx, id).await.map_err(|error| match error {
                PostError::Database(error) => JobError::Database(error),
                other => JobError::Other(other.to_string()),
            })
        })
    });
}

statement!(static QUEUE: (i64, DateTime<Utc>) = "
    update scheduled_transactions set queued_at = $2 where id in (
        select id from scheduled_transactions
        where transaction_id is null and withdrawn_at is null and posted_after < $1
            and (queued_at is null or queued_at <= $3)
        order by posted_after, id limit $4 for update skip locked
    ) returning id, posted_after");

/// The planned transactions that are due, in the order in which they were to be posted.
async fn claim_due(tx: &mut Tx) -> Result<Vec<(i64, DateTime<Utc>)>, sqlx::Error> {
    let (now, wall) = (tx.business_now().await?, tx.wall_now());
    let queue = QUEUE.query().bind(now).bind(wall).bind(wall - AGAIN).bind(IN_ONE_TURN);
    let mut due = queue.fetch_all(&mut *tx).await?;
    due.sort_by_key(|(id, moment)| (*moment, *id));
    Ok(due)
}

async fn queue_due(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let wall = tx.wall_now();
    for (id, _) in claim_due(tx).await? {
        jobs::enqueue(tx, JOB, &json!({ "scheduledTransaction": id }), wall).await?;
    }
    Ok(())
}

/// Posts everything that is due, in this transaction. For worlds that are told in one.
pub async fn post_due(tx: &mut Tx) -> Result<(), PostError> {
    contributions::go_on(tx).await?;
    for (id, _) in claim_due(tx).await? {
        post(tx, id).await?;
    }
    Ok(())
}

row! {
    struct Due {
        ledger_id: i64,
        market: String,
        action: String,
        book: String,
        net_amount: Minor,
        tax_amount: Minor,
        gross_amount: Minor,
        reason_code: String,
        title: String,
        internal_note: String,
        display_note: String,
        metadata: Value,
    }
}

// The lock makes a second run of the same job wait, and then find nothing to post.
statement!(static TAKE: Due = "
    select s.ledger_id, a.market, s.action, s.book, s.net_amount, s.tax_amount, s.gross_amount, s.reason_code, s.title,
        s.internal_note, s.display_note, s.metadata
    from scheduled_transactions s join ledgers l on l.id = s.ledger_id join accounts a on a.id = l.account_id
    where s.id = $1 and s.transaction_id is null and s.withdrawn_at is null for update of s");
statement!(static POSTED: () = "
    update scheduled_transactions set transaction_id = $2, posted_at = $3 where id = $1");

/// Posts a planned transaction, unless that was done or it was withdrawn.
async fn post(tx: &mut Tx, id: i64) -> Result<(), PostError> {
    let Some(due) = TAKE.query().bind(id).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let unknown = || PostError::Database(sqlx::Error::RowNotFound);
    let action = Action::parse(&due.action).ok_or_else(unknown)?;
    let market = market::by_code(&due.market).ok_or_else(unknown)?;
    let book = Book::parse(&due.book).ok_or_else(unknown)?;
    let split = Split { net: due.net_amount, tax: due.tax_amount, gross: due.gross_amount };
    let text = |text: &'_ String| (!text.is_empty()).then(|| text.clone());
    let (note, display_note) = (text(&due.internal_note), text(&due.display_note));
    let new = New {
        note: note.as_deref(),
        display_note: display_note.as_deref(),
        reason_code: Some(&due.reason_code),
        metadata: Some(&due.metadata).filter(|data| **data != json!({})),
        ..New::of(action.kind(), split, &due.title)
    };
    let transaction = transactions::record(tx, market, due.ledger_id, &new, book).await?;
    let now = tx.business_now().await?;
    POSTED.command().bind(id).bind(transaction).bind(now).execute(&mut *tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tax_is_that_of_the_rate_however_it_was_rounded() {
        let fits = |percent: i64, net, tax| {
            let split = Split { net: Minor(net), tax: Minor(tax), gross: Minor(net + tax) };
            super::fits(Decimal::new(percent, 2), split)
        };
        assert!(fits(20, 100, 20) && fits(20, 103, 20) && fits(20, 103, 21) && fits(0, 100, 0));
        assert!(!fits(20, 103, 22) && !fits(5, 100, 20) && !fits(-20, 100, 20));
        let huge = Split { net: Minor(i64::MAX), tax: Minor(0), gross: Minor(i64::MAX) };
        assert!(!super::fits(Decimal::MAX, huge));
    }
}
