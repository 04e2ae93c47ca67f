//! Paying out what was approved.
//!
//! The ledger is debited first, in the transaction that submits the repayment; a job of its own then gives the order to
//! the payout service, under our number for it, until the service says that it has it. What it refuses, and what comes
//! back, is put back on the ledger by a reversal.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use super::instructions;
use super::refusals::{self, Whom};
use super::vendors::payouts::{Order, PayoutService, Report};
use crate::domain::ledgers::journal;
use crate::domain::ledgers::payments::{self, Movement, PaymentError};
use crate::domain::ledgers::reversals::{self, ReversalError};
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market;
use crate::platform::outside::Receipt;

const SUBMIT: &str = "repayment-submission";
const HAND_OVER: &str = "repayment-hand-over";

/// How often it is looked for what was forgotten and what nobody decides on.
const TURN: TimeDelta = TimeDelta::minutes(10);
/// How many are looked at in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 1000;
/// What no job seems to look after is given a new one once in this time.
const AGAIN: TimeDelta = TimeDelta::hours(6);

const GONE: &str = "The credit is not there any more.";
const NOWHERE: &str = "The bank account cannot be used any more.";

/// Has this runner pay out what was approved, through `service`.
pub fn register(runner: &mut Runner, service: Arc<dyn PayoutService>) {
    runner.on(SUBMIT, |tx, payload| Box::pin(async move { submit(tx, repayment(payload)?).await }));
    runner.on(HAND_OVER, move |tx, payload| {
        let service = Arc::clone(&service);
        Box::pin(async move { hand_over(tx, &*service, repayment(payload)?).await })
    });
    runner.every(TURN, "upkeep-repayments", |tx, _| {
        Box::pin(async move {
            refusals::lapse(tx, IN_ONE_TURN).await?;
            Ok(queue(tx).await?)
        })
    });
}

fn repayment(payload: &Value) -> Result<i64, JobError> {
    payload.get("repayment").and_then(Value::as_i64).ok_or(JobError::Payload)
}

/// Has a repayment submitted once this transaction commits, if it may be by then.
pub(super) async fn submit_soon(tx: &mut Tx, repayment: i64) -> Result<(), sqlx::Error> {
    let at_once = tx.wall_now();
    jobs::enqueue(tx, SUBMIT, &json!({ "repayment": repayment }), at_once).await?;
    Ok(())
}

/// Credit that goes back to a customer without being asked for, to a bank account.
pub(super) struct OwnAccord {
    pub account: i64,
    pub ledger: i64,
    /// The instruction whose bank account it goes to.
    pub instruction: i64,
    /// In minor units; more than zero.
    pub amount: i64,
    pub today: NaiveDate,
}

statement!(static ADD: (i64,) = "
    insert into account_repayments (account_id, ledger_id, instruction_id, amount, method, draws_on_credit, status,
        payment_date, requested_by_kind, requested_by_id, created_at)
    values ($1, $2, $3, $4, 'BANK_TRANSFER', true, 'APPROVED', $5, 'server', 0, $6) returning id");

/// Has credit paid back that nobody needs to ask for or to approve, and answers the repayment's id.
pub(super) async fn of_own_accord(tx: &mut Tx, new: &OwnAccord) -> Result<i64, sqlx::Error> {
    let now: DateTime<Utc> = tx.business_now().await?;
    let add = ADD.query().bind(new.account).bind(new.ledger).bind(new.instruction).bind(new.amount);
    let (id,) = add.bind(new.today).bind(now).fetch_one(&mut *tx).await?;
    submit_soon(tx, id).await?;
    Ok(id)
}

/// Submits what was approved and gives the orders that the service has not had, in this transaction. For worlds that are told.
pub async fn bring_up(tx: &mut Tx, service: &dyn PayoutService) -> Result<(), JobError> {
    for (id, is_submitted) in FORGOTTEN.query().bind(IN_ONE_TURN).fetch_all(&mut *tx).await? {
        if !is_submitted {
            submit(tx, id).await?;
        }
        hand_over(tx, service, id).await?;
    }
    Ok(())
}

statement!(static FORGOTTEN: (i64, bool) = "
    select id, transaction_id is not null from account_repayments
    where (status = 'APPROVED' and not is_blocked) or (status = 'SUBMITTED' and handed_over_at is null)
    order by id limit $1");

/// Makes a job of what is left lying, once in a while: jobs that failed too often are given up.
async fn queue(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let wall = tx.wall_now();
    let slot = wall.timestamp().div_euclid(AGAIN.num_seconds().max(1));
    let (mut submit, mut hand_over) = (Vec::new(), Vec::new());
    for (id, is_submitted) in FORGOTTEN.query().bind(IN_ONE_TURN).fetch_all(&mut *tx).await? {
        let job = (format!("{id}:{slot}"), json!({ "repayment": id }));
        if is_submitted { hand_over.push(job) } else { submit.push(job) }
    }
    jobs::enqueue_once(tx, SUBMIT, &submit, wall).await?;
    jobs::enqueue_once(tx, HAND_OVER, &hand_over, wall).await
}

row! {
    struct Approved {
        account_id: i64,
        ledger_id: i64,
        ledger_type: String,
        market: String,
        request_id: Option<i64>,
        instruction_id: Option<i64>,
        amount: i64,
        method: String,
        draws_on_credit: bool,
    }
}

// The lock makes a second run of the same job wait, and then find nothing approved. Nobody holds it back meanwhile.
statement!(static TAKE: Approved = "
    select r.account_id, r.ledger_id, l.ledger_type, a.market, r.request_id, r.instruction_id, r.amount, r.method,
        r.draws_on_credit
    from account_repayments r join ledgers l on l.id = r.ledger_id join accounts a on a.id = r.account_id
    where r.id = $1 and r.status = 'APPROVED' and not r.is_blocked for update of r");
statement!(static SUBMITTED: () = "
    update account_repayments set status = 'SUBMITTED', transaction_id = $2, submitted_at = $3, payment_date = $4
    where id = $1");
statement!(static WITHDRAW: () = "
    update account_repayments set status = 'WITHDRAWN', failure = $2 where id = $1");

/// Debits the ledger of a repayment that was approved, and has the order given; nothing, if it is held back. Where the
/// credit is gone, or the bank account that it was to go to, the request is refused after all.
async fn submit(tx: &mut Tx, id: i64) -> Result<(), JobError> {
    let Some(due) = TAKE.query().bind(id).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let market = market::by_code(&due.market).ok_or_else(|| JobError::Other("an unknown market".into()))?;
    if let Some(why) = obstacle(tx, &due, &market.currency.code).await? {
        if let Some(request) = due.request_id {
            refusals::refuse(tx, request, why).await?;
        }
        WITHDRAW.command().bind(id).bind(why).execute(&mut *tx).await?;
        return Ok(());
    }
    let movement = Movement {
        amount: due.amount,
        title: "Refund",
        payment_type: payment_type(&due.method),
        ledger_type: Some(&due.ledger_type),
    };
    let transaction = payments::refund(tx, due.account_id, &movement).await.map_err(|error| match error {
        PaymentError::Database(error) => JobError::Database(error),
        other => JobError::Other(other.to_string()),
    })?;
    let now: DateTime<Utc> = tx.business_now().await?;
    let done = SUBMITTED.command().bind(id).bind(transaction).bind(now).bind(market.day(now));
    done.execute(&mut *tx).await?;
    let at_once = tx.wall_now();
    jobs::enqueue(tx, HAND_OVER, &json!({ "repayment": id }), at_once).await?;
    Ok(())
}

/// Why it cannot be paid after all. What is not in the way stays so until the transaction ends.
async fn obstacle(tx: &mut Tx, due: &Approved, currency: &str) -> Result<Option<&'static str>, sqlx::Error> {
    let balances = journal::hold(tx, &[due.ledger_id], currency).await?;
    let balance = balances.get(&due.ledger_id).copied().unwrap_or_default().0;
    if due.draws_on_credit && balance < due.amount {
        return Ok(Some(GONE));
    }
    let now = tx.business_now().await?;
    // What goes back the way it came needs no mandate that still holds.
    Ok(match due.instruction_id.filter(|_| due.draws_on_credit) {
        Some(instruction) if !instructions::hold(tx, instruction, now).await? => Some(NOWHERE),
        _ => None,
    })
}

/// One of `AccountPaymentTransactionTypeChoices`.
fn payment_type(method: &str) -> &'static str {
    match method {
        "CHEQUE" => "CHEQUE",
        "CARD" => "CREDIT_CARD",
        _ => "BACS_DEPOSIT",
    }
}

statement!(static ORDER: Order = "
    select r.id::text as reference, r.amount, s.currency, r.method,
        coalesce(i.account_holder, a.billing_name) as payee, i.vendor_reference as destination, concat_ws(', ', nullif(a.billing_address_line1, ''),
            nullif(a.billing_address_line2, ''), nullif(a.billing_address_line3, ''),
            nullif(a.billing_address_line4, ''), nullif(a.billing_address_line5, ''), nullif(a.billing_postcode, ''))
        as address, r.attempts
    from account_repayments r join ledger_accounts s on s.id = r.ledger_id join accounts a on a.id = r.account_id
        left join payment_instructions i on i.id = r.instruction_id
    where r.id = $1 and r.status = 'SUBMITTED' and r.handed_over_at is null for update of r");
statement!(static HANDED_OVER: () = "
    update account_repayments set handed_over_at = $2, vendor_reference = $3 where id = $1");
statement!(static PUT_OFF: () = "update account_repayments set attempts = attempts + 1 where id = $1");

/// Gives an order to the payout service, unless it has it.
async fn hand_over(tx: &mut Tx, service: &dyn PayoutService, id: i64) -> Result<(), JobError> {
    let Some(order) = ORDER.query().bind(id).fetch_optional(&mut *tx).await? else { return Ok(()) };
    match service.pay_out(tx, &order).await? {
        Receipt::Taken { reference } => {
            let now = tx.business_now().await?;
            HANDED_OVER.command().bind(id).bind(now).bind(reference).execute(&mut *tx).await?;
        }
        Receipt::Later(_) => {
            PUT_OFF.command().bind(id).execute(&mut *tx).await?;
            let again = tx.wall_now() + jobs::backoff(order.attempts.saturating_add(1));
            jobs::enqueue(tx, HAND_OVER, &json!({ "repayment": id }), again).await?;
        }
        Receipt::Refused(why) => put_back(tx, id, why).await?,
    }
    Ok(())
}

row! {
    struct Sent {
        id: i64,
        market: String,
        status: String,
    }
}

statement!(static SENT: Sent = "
    select r.id, a.market, r.status from account_repayments r join accounts a on a.id = r.account_id
    where r.id = $1 for update of r");
statement!(static PAID: () = "
    update account_repayments set status = 'PAID', settled_at = $2, payment_date = $3 where id = $1");

/// Takes in what the payout service reports of the order with our `reference`, even if its receipt was lost. A report on
/// an unknown order, and the same one again, change nothing.
pub async fn report(tx: &mut Tx, reference: &str, report: Report) -> Result<(), JobError> {
    let Ok(id) = reference.parse::<i64>() else { return Ok(()) };
    let Some(sent) = SENT.query().bind(id).fetch_optional(&mut *tx).await? else { return Ok(()) };
    match (report, sent.status.as_str()) {
        (Report::Paid, "SUBMITTED") => {
            let now: DateTime<Utc> = tx.business_now().await?;
            let day = market::by_code(&sent.market).map_or(now.date_naive(), |market| market.day(now));
            PAID.command().bind(sent.id).bind(now).bind(day).execute(&mut *tx).await?;
            Ok(())
        }
        (Report::Failed(why), "SUBMITTED" | "PAID") => put_back(tx, sent.id, why).await,
        _ => Ok(()),
    }
}

row! {
    struct Failed {
        transaction_id: i64,
        account_id: i64,
        billing_email: String,
        billing_name: String,
    }
}

statement!(static FAIL: Failed = "
    update account_repayments r set status = 'FAILED', failure = $2, settled_at = $3
    from accounts a where r.id = $1 and a.id = r.account_id and r.status in ('SUBMITTED', 'PAID')
    returning coalesce(r.transaction_id, 0) as transaction_id, a.id as account_id, a.billing_email, a.billing_name");

/// Puts money that did not arrive back on its ledger.
async fn put_back(tx: &mut Tx, id: i64, why: &str) -> Result<(), JobError> {
    let now = tx.business_now().await?;
    let fail = FAIL.query().bind(id).bind(why).bind(now);
    let Some(failed) = fail.fetch_optional(&mut *tx).await? else { return Ok(()) };
    match reversals::reverse(tx, failed.transaction_id, Some("The refund did not arrive.")).await {
        // Whoever has undone it by hand put the money back.
        Ok(_) | Err(ReversalError::Already) => {}
        Err(ReversalError::Database(error)) => return Err(error.into()),
        Err(other) => return Err(JobError::Other(other.to_string())),
    }
    let Failed { account_id, billing_email, billing_name, .. } = failed;
    let whom = Whom { account_id, billing_email, billing_name };
    let text = "we could not pay your refund out, and have put the money back on your account.";
    refusals::tell(tx, &whom, "repayment-failed", "Your refund", text).await?;
    Ok(())
}
