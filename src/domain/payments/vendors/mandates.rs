//! The way to those who set mandates up with banks: the port, what is ordered through it, and what they report.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::domain::payments::bank::BankDetails;
use crate::domain::payments::direct_debits::{self, SEALED_AS};
use crate::domain::payments::instructions::{self, Ending};
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::outside::Receipt;

const ORDER: &str = "order-mandate";
const WITHDRAW: &str = "withdraw-mandate";

/// What a vendor is asked to set up.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// What we call it: the same whenever the same thing is ordered. A vendor sets nothing up twice by one name.
    pub reference: String,
    /// Who is asked.
    pub vendor: &'a str,
    /// The market whose scheme it is.
    pub market: &'a str,
    /// The bank account.
    pub details: &'a BankDetails,
}

/// What a vendor says afterwards of a mandate that it has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The bank lets us collect.
    Accepted,
    /// The bank does not.
    Refused,
    /// The bank does not, because it takes the order for a fraud.
    Suspected,
    /// The customer has told their bank to let us no longer.
    Cancelled,
    /// The bank account is no more.
    Closed,
}

/// What bank details are looked up for while somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookUp {
    /// To be kept for later.
    Store,
    /// To be used, having been kept.
    Use,
}

/// Whoever sets mandates up.
pub trait Mandates: Send + Sync {
    /// Whether the vendor answers at all about these details now.
    fn answers(&self, details: &BankDetails, what_for: LookUp) -> bool;

    /// Orders a mandate. `tx` is the job's transaction; a vendor outside of this program has no use for it.
    fn order<'a>(
        &'a self,
        tx: &'a mut Tx,
        order: &'a Order<'_>,
    ) -> BoxFuture<'a, Result<Receipt, sqlx::Error>>;

    /// Says that a mandate is not needed any more.
    fn withdraw<'a>(
        &'a self,
        tx: &'a mut Tx,
        vendor: &'a str,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>>;
}

/// Has mandates ordered from `vendors` by this runner.
pub fn register(runner: &mut Runner, vendors: Arc<dyn Mandates>) {
    let others = Arc::clone(&vendors);
    runner.on(ORDER, move |tx, payload| {
        let vendors = Arc::clone(&vendors);
        Box::pin(async move {
            let failures = payload.get("failures").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            order(tx, &*vendors, instruction(payload)?, failures.try_into().unwrap_or(i32::MAX)).await
        })
    });
    runner.on(WITHDRAW, move |tx, payload| {
        let vendors = Arc::clone(&others);
        Box::pin(async move { Ok(withdraw(tx, &*vendors, instruction(payload)?).await?) })
    });
}

fn instruction(payload: &Value) -> Result<i64, JobError> {
    payload.get("instruction").and_then(Value::as_i64).ok_or(JobError::Payload)
}

/// Has the mandate of an instruction ordered once this transaction commits.
pub(in crate::domain::payments) async fn order_later(
    tx: &mut Tx,
    instruction: i64,
) -> Result<(), sqlx::Error> {
    let at_once = tx.wall_now();
    jobs::enqueue(tx, ORDER, &json!({ "instruction": instruction, "failures": 0 }), at_once).await?;
    Ok(())
}

/// Has the vendor told that an instruction has ended once this transaction commits.
pub(in crate::domain::payments) async fn withdraw_later(
    tx: &mut Tx,
    instruction: i64,
) -> Result<(), sqlx::Error> {
    let at_once = tx.wall_now();
    jobs::enqueue(tx, WITHDRAW, &json!({ "instruction": instruction }), at_once).await?;
    Ok(())
}

row! {
    struct Wanted {
        vendor: String,
        market: String,
        details: Vec<u8>,
    }
}

// The lock makes a second run of the same job wait, and then find nothing to order.
statement!(static WANTED: Wanted = "
    select i.vendor, a.market, coalesce(i.details, '') as details
    from payment_instructions i join accounts a on a.id = i.account_id
    where i.id = $1 and i.status = 'PROVISIONAL' and i.vendor_reference is null and i.details is not null
    for update of i");
statement!(static TAKEN: () = "update payment_instructions set vendor_reference = $2 where id = $1");

/// Orders the mandate of an instruction, unless that has been done or is no longer wanted.
pub async fn order(
    tx: &mut Tx,
    vendors: &dyn Mandates,
    instruction: i64,
    failures: i32,
) -> Result<(), JobError> {
    let Some(wanted) = WANTED.query().bind(instruction).fetch_optional(&mut *tx).await? else {
        return Ok(());
    };
    let details = direct_debits::opened(tx, SEALED_AS, &wanted.details)?;
    let reference = instruction.to_string();
    let order = Order { reference, vendor: &wanted.vendor, market: &wanted.market, details: &details };
    match vendors.order(tx, &order).await? {
        Receipt::Taken { reference } => {
            TAKEN.command().bind(instruction).bind(reference).execute(&mut *tx).await?;
        }
        Receipt::Later(why) if failures.saturating_add(1) < jobs::MAX_ATTEMPTS => {
            tracing::info!(instruction, why, "a mandate is ordered again later");
            let failures = failures.saturating_add(1);
            let again = tx.wall_now() + jobs::backoff(failures);
            let payload = json!({ "instruction": instruction, "failures": failures });
            jobs::enqueue(tx, ORDER, &payload, again).await?;
        }
        Receipt::Later(why) | Receipt::Refused(why) => {
            tracing::info!(instruction, why, "a mandate was not ordered");
            instructions::end(tx, instruction, Ending::Refused, None).await?;
        }
    }
    Ok(())
}

statement!(static ENDED: (String, String) = "
    select vendor, coalesce(vendor_reference, '') from payment_instructions
    where id = $1 and status = 'FAILED' and vendor_reference is not null");

async fn withdraw(tx: &mut Tx, vendors: &dyn Mandates, instruction: i64) -> Result<(), sqlx::Error> {
    match ENDED.query().bind(instruction).fetch_optional(&mut *tx).await? {
        Some((vendor, reference)) => vendors.withdraw(tx, &vendor, &reference).await,
        None => Ok(()),
    }
}

statement!(static KNOWN: (i64,) = "
    select id from payment_instructions where vendor = $1 and vendor_reference = $2 and status <> 'FAILED' for update");
statement!(static ACCEPT: (i64,) = "
    update payment_instructions set status = 'ACTIVE' where id = $1 and status = 'PROVISIONAL' returning id");
statement!(static OLDER: (i64,) = "
    select older.id from payment_instructions older join payment_instructions this on this.id = $1
    where older.account_id = this.account_id and older.ledger_id is not distinct from this.ledger_id
        and older.instruction_type = 'DIRECT_DEBIT' and older.status = 'ACTIVE'
        and exists (select 1 from payment_instructions newer
            where newer.account_id = older.account_id and newer.ledger_id is not distinct from older.ledger_id
                and newer.instruction_type = 'DIRECT_DEBIT' and newer.status = 'ACTIVE' and newer.id > older.id)
    order by older.id for update of older");
statement!(static LIST: () = "
    insert into payment_risks (fingerprint, reason, listed_at)
    select i.fingerprint, $2, $3::timestamptz from payment_instructions i where i.id = $1 and i.fingerprint is not null
    on conflict do nothing");

/// Takes in what a vendor reports of the mandate that it knows by `reference`. A report on an unknown mandate, and a
/// second one of the same, change nothing.
pub async fn report(tx: &mut Tx, vendor: &str, reference: &str, report: Report) -> Result<(), sqlx::Error> {
    let known = KNOWN.query().bind(vendor).bind(reference).fetch_optional(&mut *tx).await?;
    let Some((instruction,)) = known else { return Ok(()) };
    let ending = match report {
        Report::Accepted => return accepted(tx, instruction).await,
        Report::Suspected => {
            let now: DateTime<Utc> = tx.business_now().await?;
            let list = LIST.command().bind(instruction).bind("Suspected by the bank.").bind(now);
            list.execute(&mut *tx).await?;
            Ending::Refused
        }
        Report::Refused => Ending::Refused,
        Report::Cancelled => Ending::CancelledByBank,
        Report::Closed => Ending::AccountClosed,
    };
    instructions::end(tx, instruction, ending, None).await?;
    Ok(())
}

/// The newest mandate of a ledger takes the place of those before it, which were good until now. One that the bank has
/// accepted after a newer one comes too late.
async fn accepted(tx: &mut Tx, instruction: i64) -> Result<(), sqlx::Error> {
    if ACCEPT.query().bind(instruction).fetch_optional(&mut *tx).await?.is_none() {
        return Ok(());
    }
    for (older,) in OLDER.query().bind(instruction).fetch_all(&mut *tx).await? {
        instructions::end(tx, older, Ending::Replaced, None).await?;
        withdraw_later(tx, older).await?;
    }
    Ok(())
}
