//! The life of a payment: asked for, told to the customer, sent to the vendor, and known to have come or not.
//!
//! Whoever moves a payment on holds its row, so each step is taken once however many servers there are. Before the vendor
//! hears of a payment that is committed as PENDING: from then on nobody changes it, and whoever does not learn whether the
//! vendor has it asks again under the same reference, which the vendor takes once.

use chrono::NaiveDate;
use serde_json::json;

use super::instructions::{self, Ending};
use super::letters;
use super::terms::{self, Plan};
use super::vendors::collections::{Collections, Failure, Order, Outcome, Report};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::Viewer;
use crate::domain::ledgers::payments;
use crate::domain::ledgers::reversals::{self, ReversalError};
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError};
use crate::platform::market::{self, Market};
use crate::platform::money::Minor;
use crate::platform::outside::Receipt;

/// The job that moves one payment on.
pub(super) const STEP: &str = "account-payment-step";

/// A payment to be collected.
#[derive(Clone, Debug)]
pub struct NewPayment<'a> {
    /// The account that pays.
    pub account: i64,
    /// The ledger that is paid.
    pub ledger: i64,
    /// The instruction that is charged.
    pub instruction: Option<i64>,
    /// Kind of the instruction, such as `DIRECT_DEBIT`.
    pub method: &'a str,
    /// In minor units; more than zero.
    pub amount: Minor,
    /// When.
    pub plan: Plan,
    /// What led to it, as `PaymentReasonOptions`.
    pub reason: Option<&'a str>,
    /// What the customer's bank calls it.
    pub reference: &'a str,
    /// The schedule that it was made by.
    pub schedule: Option<i64>,
    /// The day of the schedule, of which it is the only payment.
    pub due_on: Option<NaiveDate>,
    /// The bill, of which it is the only payment.
    pub bill: Option<i64>,
    /// The failed payment that it repeats.
    pub represents: Option<i64>,
    /// Any text that this account has not used before.
    pub idempotency_key: Option<&'a str>,
}

statement!(static ADD: (i64,) = "
    insert into account_payments (account_id, ledger_id, instruction_id, schedule_id, due_on, represents_id, method,
        amount, payment_date, announce_on, send_on, reason, reference, idempotency_key, requested_at, made_by_kind,
        made_by_id, billing_document_id, status, payment_type)
    select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 'REQUESTED',
        case when $6::bigint is not null and $7 = 'DIRECT_DEBIT' then 'DD_RE_PRESENTATION'
            when $7 <> 'DIRECT_DEBIT' then coalesce((select i.card_type || '_CARD' from payment_instructions i
                where i.id = $3), 'CREDIT_CARD')
            when exists (select 1 from account_payments p where p.instruction_id = $3 and p.status <> 'DELETED')
                then 'DD_REGULAR_COLLECTION' else 'DD_FIRST_COLLECTION' end
    on conflict do nothing returning id");

/// Asks for a payment, unless its key has been used, or it has been asked for for its due day or instead of the payment
/// that it repeats. Answers its id. Nobody for whatever the server does of its own.
pub async fn request(
    tx: &mut Tx,
    by: Option<&Viewer>,
    new: &NewPayment<'_>,
) -> Result<Option<i64>, sqlx::Error> {
    let now = tx.business_now().await?;
    let (kind, id) = by.map(hand).unzip();
    // The order of announcement and sending is a rule of the table; what comes at short notice is told at once.
    let announce_on = new.plan.announce_on.min(new.plan.send_on);
    let add = ADD.query().bind(new.account).bind(new.ledger).bind(new.instruction).bind(new.schedule);
    let add = add.bind(new.due_on);
    let add = add.bind(new.represents).bind(new.method).bind(new.amount).bind(new.plan.payment_date);
    let add = add.bind(announce_on).bind(new.plan.send_on).bind(new.reason).bind(new.reference);
    let add = add.bind(new.idempotency_key).bind(now).bind(kind).bind(id).bind(new.bill);
    let Some((id,)) = add.fetch_optional(&mut *tx).await? else { return Ok(None) };
    move_on(tx, id).await?;
    Ok(Some(id))
}

/// Has a payment moved on by a job, as soon as this transaction commits.
pub(super) async fn move_on(tx: &mut Tx, payment: i64) -> Result<(), sqlx::Error> {
    let at_once = tx.wall_now();
    jobs::enqueue(tx, STEP, &json!({ "payment": payment }), at_once).await.map(|_| ())
}

row! {
    struct Held {
        id: i64,
        account_id: i64,
        account_number: String,
        ledger_id: i64,
        market: String,
        method: Option<String>,
        amount: Minor,
        surcharge: Minor,
        payment_date: NaiveDate,
        payment_type: Option<String>,
        reference: String,
        reason: Option<String>,
        status: String,
        announce_on: Option<NaiveDate>,
        send_on: Option<NaiveDate>,
        vendor_reference: Option<String>,
        orders: i32,
        represents_id: Option<i64>,
        transaction_id: Option<i64>,
        instruction_id: Option<i64>,
        instruction: Option<String>,
        instruction_status: Option<String>,
    }
}

macro_rules! held {
    ($which:literal) => {
        concat!(
            "select p.id, p.account_id, a.number as account_number, p.ledger_id, a.market, p.method, p.amount, \
             p.surcharge, p.payment_date, p.payment_type, p.reference, p.reason, p.status, p.announce_on, p.send_on, \
             p.vendor_reference, p.orders, p.represents_id, p.transaction_id, p.instruction_id, \
             i.vendor_reference as instruction, i.status as instruction_status \
             from account_payments p join accounts a on a.id = p.account_id \
                 left join payment_instructions i on i.id = p.instruction_id where ",
            $which,
            " for no key update of p"
        )
    };
}

statement!(static HOLD: Held = held!("p.id = $1"));
statement!(static HOLD_REPORTED: Held = held!("p.vendor_reference = $1"));
statement!(static ANNOUNCED: () = "
    update account_payments set status = 'SCHEDULED', announced_at = $2 where id = $1");
statement!(static SENDING: () = "update account_payments set status = 'PENDING', sent_at = $2 where id = $1");
statement!(static TAKEN: () = "update account_payments set vendor_reference = $2 where id = $1");
statement!(static UNANSWERED: () = "update account_payments set orders = orders + 1 where id = $1");
statement!(static CLEARED: () = "
    update account_payments set status = 'CLEARED', cleared_at = $2, transaction_id = $3 where id = $1");
statement!(static FAILED: () = "
    update account_payments set status = 'FAILED', failed_at = $2, failure = $3 where id = $1");

impl Held {
    fn market(&self) -> Result<&'static Market, JobError> {
        market::by_code(&self.market).ok_or_else(|| JobError::Other("there is no such market".into()))
    }

    fn title(&self) -> &'static str {
        if self.method.as_deref() == Some("CARD") { "Card payment" } else { "Direct debit" }
    }
}

/// Moves a payment on as far as it can go today.
pub(super) async fn step(tx: &mut Tx, vendor: &dyn Collections, payment: i64) -> Result<(), JobError> {
    let Some(mut held) = HOLD.query().bind(payment).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let today = held.market()?.day(tx.business_now().await?);
    let is_due = |day: Option<NaiveDate>| day.is_some_and(|day| day <= today);
    if held.status == "REQUESTED" && is_due(held.announce_on) {
        match held.instruction_status.as_deref() {
            Some("ACTIVE") => announce(tx, &mut held).await?,
            // The bank has not agreed to be collected from yet.
            Some("PROVISIONAL") => return Ok(()),
            _ => return fail(tx, &held, Failure::NoInstruction).await,
        }
    }
    if held.status == "SCHEDULED" && is_due(held.send_on) {
        let now = tx.business_now().await?;
        let instruction = held.instruction_id.unwrap_or_default();
        if !instructions::hold(tx, instruction, now).await? {
            return fail(tx, &held, Failure::NoInstruction).await;
        }
        SENDING.command().bind(held.id).bind(now).execute(&mut *tx).await?;
        return Ok(move_on(tx, held.id).await?);
    }
    if held.status == "PENDING" && held.vendor_reference.is_none() && held.send_on.is_some() {
        return order(tx, vendor, &held).await;
    }
    Ok(())
}

async fn announce(tx: &mut Tx, held: &mut Held) -> Result<(), JobError> {
    let text = format!(
        "Hello,\n\nwe will collect {} on {} for your account {}.\n\nIf that is not right, let us know before.",
        letters::money(held.market()?, held.amount),
        held.payment_date,
        held.account_number
    );
    if !letters::tell(tx, held.account_id, "payment-notice", "Your next payment", &text).await? {
        return Ok(());
    }
    let now = tx.business_now().await?;
    ANNOUNCED.command().bind(held.id).bind(now).execute(&mut *tx).await?;
    "SCHEDULED".clone_into(&mut held.status);
    Ok(())
}

async fn order(tx: &mut Tx, vendor: &dyn Collections, held: &Held) -> Result<(), JobError> {
    let market = held.market()?;
    let order = Order {
        reference: held.id.to_string(),
        instruction: held.instruction.clone(),
        amount: held.amount.plus(held.surcharge).map_err(|error| JobError::Other(error.to_string()))?.0,
        currency: market.currency.code.clone(),
        payment_date: held.payment_date,
        is_repeated: held.represents_id.is_some(),
        attempt: held.orders,
        market: held.market.clone(),
    };
    match vendor.order(tx, &order).await? {
        Receipt::Taken { reference } => {
            TAKEN.command().bind(held.id).bind(reference).execute(&mut *tx).await?;
            Ok(())
        }
        Receipt::Refused(failure) => fail(tx, held, failure).await,
        Receipt::Later(_) => {
            UNANSWERED.command().bind(held.id).execute(&mut *tx).await?;
            let again = tx.wall_now() + jobs::backoff(held.orders.saturating_add(1));
            jobs::enqueue(tx, STEP, &json!({ "payment": held.id }), again).await?;
            Ok(())
        }
    }
}

/// Takes in what the vendor reports. A report on an unknown payment, and a second one on the same, change nothing.
pub(super) async fn take_in(tx: &mut Tx, report: &Report) -> Result<(), JobError> {
    let hold = HOLD_REPORTED.query().bind(&report.reference).fetch_optional(&mut *tx).await?;
    let Some(held) = hold else { return Ok(()) };
    match (held.status.as_str(), report.outcome) {
        ("PENDING", Outcome::Cleared) => clear(tx, &held).await,
        ("PENDING", Outcome::Failed(failure)) => fail(tx, &held, failure).await,
        ("CLEARED", Outcome::Failed(failure)) => {
            undo(tx, &held, "The payment failed after it had been counted.").await?;
            fail(tx, &held, failure).await
        }
        ("CLEARED", Outcome::ClaimedBack) => {
            undo(tx, &held, "The payment was claimed back.").await?;
            let now = tx.business_now().await?;
            FAILED.command().bind(held.id).bind(now).bind("CLAIMED_BACK").execute(&mut *tx).await?;
            Ok(())
        }
        _ => Ok(()),
    }
}

async fn clear(tx: &mut Tx, held: &Held) -> Result<(), JobError> {
    let payment_type = held.payment_type.as_deref().unwrap_or("DD_REGULAR_COLLECTION");
    let transaction = payments::received(tx, held.ledger_id, held.amount, held.title(), payment_type).await;
    let transaction = transaction.map_err(|error| match error {
        payments::PaymentError::Database(error) => JobError::Database(error),
        other => JobError::Other(other.to_string()),
    })?;
    let now = tx.business_now().await?;
    CLEARED.command().bind(held.id).bind(now).bind(transaction).execute(&mut *tx).await?;
    Ok(())
}

/// Takes what was posted off the books again.
async fn undo(tx: &mut Tx, held: &Held, note: &str) -> Result<(), JobError> {
    let Some(transaction) = held.transaction_id else { return Ok(()) };
    match reversals::reverse(tx, transaction, Some(note)).await {
        // Somebody did so by hand.
        Ok(_) | Err(ReversalError::Already) => Ok(()),
        Err(ReversalError::Database(error)) => Err(JobError::Database(error)),
        Err(other) => Err(JobError::Other(other.to_string())),
    }
}

/// Notes that a payment failed, tells the customer, and asks for it once more where that is worth it.
async fn fail(tx: &mut Tx, held: &Held, failure: Failure) -> Result<(), JobError> {
    let now = tx.business_now().await?;
    FAILED.command().bind(held.id).bind(now).bind(failure.code()).execute(&mut *tx).await?;
    end_instruction(tx, held, failure).await?;
    let again =
        if failure.may_pass() && held.represents_id.is_none() { repeat(tx, held).await? } else { None };
    let market = held.market()?;
    let next = again.map_or_else(
        || "Please pay it in another way.".to_owned(),
        |plan| format!("We will try again on {}.", plan.payment_date),
    );
    let text = format!(
        "Hello,\n\nwe could not collect {} for your account {}: {}. {next}",
        letters::money(market, held.amount),
        held.account_number,
        failure.wording()
    );
    letters::tell(tx, held.account_id, "payment-failed", "Your payment has failed", &text).await?;
    Ok(())
}

/// What the bank says about the account or the permission goes for every further payment.
async fn end_instruction(tx: &mut Tx, held: &Held, failure: Failure) -> Result<(), sqlx::Error> {
    let why = match failure {
        Failure::Closed => Ending::AccountClosed,
        Failure::NoMandate => Ending::CancelledByBank,
        Failure::NoFunds | Failure::Declined | Failure::NoInstruction => return Ok(()),
    };
    if let Some(instruction) = held.instruction_id {
        instructions::end(tx, instruction, why, None).await?;
    }
    Ok(())
}

async fn repeat(tx: &mut Tx, held: &Held) -> Result<Option<Plan>, JobError> {
    let method = held.method.as_deref().unwrap_or_default();
    let today = held.market()?.day(tx.business_now().await?);
    let Some(terms) = terms::of(tx, &held.market, method).await? else { return Ok(None) };
    let Some(plan) = terms.again(today) else { return Ok(None) };
    let new = NewPayment {
        account: held.account_id,
        ledger: held.ledger_id,
        instruction: held.instruction_id,
        method,
        amount: held.amount,
        plan,
        reason: held.reason.as_deref(),
        reference: &held.reference,
        schedule: None,
        due_on: None,
        bill: None,
        represents: Some(held.id),
        idempotency_key: None,
    };
    Ok(request(tx, None, &new).await?.map(|_| plan))
}
