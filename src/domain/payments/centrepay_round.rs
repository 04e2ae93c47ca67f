//! Centrepay over time: requests go to the agency, which answers them and pays.

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::letters;
use super::vendors::benefits::{Benefits, Report, Request};
use crate::domain::ledgers::payments::{self, PaymentError};
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market;
use crate::platform::money::Minor;
use crate::platform::outside::Receipt;

/// How often it is looked for requests that nobody makes, and for reports.
const TURN: TimeDelta = TimeDelta::minutes(10);
/// How many of each are found in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 10_000;
/// What no job seems to ask for is given a new one once in this time.
const AGAIN: TimeDelta = TimeDelta::hours(6);
/// The job that makes one request.
const ASK: &str = "centrepay-request";
/// The job that takes in one report.
const REPORT: &str = "centrepay-report";
const OVER: &str = "The deduction is over.";

/// Has this runner deal with `agency`.
pub fn register(runner: &mut Runner, agency: Arc<dyn Benefits>) {
    let requests = Arc::clone(&agency);
    runner.on(ASK, move |tx, payload| {
        let agency = Arc::clone(&requests);
        Box::pin(async move {
            let request = payload.get("request").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            ask(tx, &*agency, request).await
        })
    });
    runner.on(REPORT, |tx, payload| {
        Box::pin(async move {
            let report = payload.get("report").cloned().ok_or(JobError::Payload)?;
            take_in(tx, serde_json::from_value(report).map_err(|_| JobError::Payload)?).await
        })
    });
    runner.every(TURN, "upkeep-centrepay", move |tx, _| {
        let agency = Arc::clone(&agency);
        Box::pin(async move { Ok(turn(tx, &*agency).await?) })
    });
}

/// Has a request made once this transaction commits.
pub(super) async fn ask_later(tx: &mut Tx, request: i64) -> Result<(), sqlx::Error> {
    let at_once = tx.wall_now();
    jobs::enqueue(tx, ASK, &json!({ "request": request }), at_once).await?;
    Ok(())
}

statement!(static FORGOTTEN: (i64,) = "
    select id from centrepay_requests where status = 'WAITING' and vendor_reference is null order by id limit $1");

/// One turn: a job for each request that nobody makes, and for each report.
async fn turn(tx: &mut Tx, agency: &dyn Benefits) -> Result<(), sqlx::Error> {
    let at_once = tx.wall_now();
    let slot = at_once.timestamp().div_euclid(AGAIN.num_seconds());
    let forgotten = FORGOTTEN.query().bind(IN_ONE_TURN).fetch_all(&mut *tx).await?;
    let forgotten: Vec<(String, Value)> =
        forgotten.into_iter().map(|(id,)| (format!("{id}:{slot}"), json!({ "request": id }))).collect();
    jobs::enqueue_once(tx, ASK, &forgotten, at_once).await?;
    for report in agency.reports(tx, IN_ONE_TURN).await? {
        jobs::enqueue(tx, REPORT, &json!({ "report": report }), at_once).await?;
    }
    Ok(())
}

/// Makes every request and takes in every report, in this transaction. For worlds that are told in one.
pub async fn bring_up(tx: &mut Tx, agency: &dyn Benefits) -> Result<(), JobError> {
    for (request,) in FORGOTTEN.query().bind(IN_ONE_TURN).fetch_all(&mut *tx).await? {
        ask(tx, agency, request).await?;
    }
    loop {
        let reports = agency.reports(tx, IN_ONE_TURN).await?;
        if reports.is_empty() {
            return Ok(());
        }
        for report in reports {
            take_in(tx, report).await?;
        }
    }
}

// The lock makes a second run of the same job wait, and then find nothing to ask for.
statement!(static WANTED: Request = "
    select r.id::text as reference, d.id::text as deduction, r.kind, a.market, d.customer_reference_number, d.given_name,
        d.family_name, d.date_of_birth, d.benefit_group, d.service_reason, r.amount, r.target_amount, d.valid_from,
        r.valid_to, r.orders
    from centrepay_requests r join centrepay_deductions d on d.id = r.deduction_id join accounts a on a.id = d.account_id
    where r.id = $1 and r.status = 'WAITING' and r.vendor_reference is null for no key update of r");
statement!(static TAKEN: () = "update centrepay_requests set vendor_reference = $2 where id = $1");
statement!(static PUT_OFF: () = "update centrepay_requests set orders = orders + 1 where id = $1");

/// Makes a request, unless the agency has it or it is not waited for any more.
async fn ask(tx: &mut Tx, agency: &dyn Benefits, request: i64) -> Result<(), JobError> {
    let Some(wanted) = WANTED.query().bind(request).fetch_optional(&mut *tx).await? else { return Ok(()) };
    match agency.ask(tx, &wanted).await? {
        Receipt::Taken { reference } => {
            TAKEN.command().bind(request).bind(reference).execute(&mut *tx).await?;
        }
        Receipt::Later(why) => {
            tracing::info!(request, why, "a request about Centrepay is made again later");
            PUT_OFF.command().bind(request).execute(&mut *tx).await?;
            let again = tx.wall_now() + jobs::backoff(wanted.orders.saturating_add(1));
            jobs::enqueue(tx, ASK, &json!({ "request": request }), again).await?;
        }
        Receipt::Refused(why) => {
            // As a report, because whoever settles a request holds the deduction first.
            let report = Report::Refused(wanted.reference, why.to_owned());
            let at_once = tx.wall_now();
            jobs::enqueue(tx, REPORT, &json!({ "report": report }), at_once).await?;
        }
    }
    Ok(())
}

row! {
    struct Held {
        id: i64,
        account_id: i64,
        account_number: String,
        ledger_id: i64,
        market: String,
        status: String,
        valid_from: NaiveDate,
        title: String,
        payment_type: String,
    }
}

row! {
    struct Asked {
        kind: String,
        amount: i64,
        target_amount: Option<i64>,
        valid_to: Option<NaiveDate>,
    }
}

statement!(static HOLD: Held = "
    select d.id, a.id as account_id, a.number as account_number, d.ledger_id, a.market, d.status, d.valid_from, t.title,
        t.payment_type
    from centrepay_deductions d join accounts a on a.id = d.account_id
        join centrepay_terms t on t.market = a.market and t.service_reason = d.service_reason
    where d.id = $1 for no key update of d");
statement!(static DEDUCTION_OF: (i64,) = "select deduction_id from centrepay_requests where id = $1");
statement!(static ANSWER: Asked = "
    update centrepay_requests set status = $2, failure = $3, answered_at = $4 where id = $1 and status = 'WAITING'
    returning kind, amount, target_amount, valid_to");
statement!(static AGREED: () = "
    update centrepay_deductions set status = 'ACTIVE', amount = $2, target_amount = $3, valid_to = $4 where id = $1");
statement!(static NEVER: () = "update centrepay_deductions set status = 'REFUSED' where id = $1 and status = 'ASKED'");
statement!(static END: (i64,) = "
    update centrepay_deductions set status = 'ENDED', valid_to = greatest(valid_from, least(valid_to, $2))
    where id = $1 and status = 'ACTIVE' returning id");
statement!(static LEAVE: () = "
    update centrepay_requests set status = 'REFUSED', failure = $2, answered_at = $3
    where deduction_id = $1 and status = 'WAITING'");

/// The deduction with this name, held until the transaction ends.
async fn hold(tx: &mut Tx, deduction: i64) -> Result<Option<Held>, sqlx::Error> {
    HOLD.query().bind(deduction).fetch_optional(&mut *tx).await
}

/// The deduction that a request is about, held until the transaction ends, and the request's id.
async fn hold_for(tx: &mut Tx, request: &str) -> Result<Option<(Held, i64)>, sqlx::Error> {
    let Ok(request) = request.parse::<i64>() else { return Ok(None) };
    let found = DEDUCTION_OF.query().bind(request).fetch_optional(&mut *tx).await?;
    let Some((deduction,)) = found else { return Ok(None) };
    Ok(hold(tx, deduction).await?.map(|held| (held, request)))
}

/// Takes in what the agency reports, even if its receipt was lost. A report on something unknown, and the same one again,
/// change nothing.
async fn take_in(tx: &mut Tx, report: Report) -> Result<(), JobError> {
    match report {
        Report::Confirmed(request) => confirmed(tx, &request).await,
        Report::Refused(request, why) => refused(tx, &request, &why).await,
        Report::Paid { deduction, reference, amount, paid_on } => {
            let Ok(deduction) = deduction.parse::<i64>() else { return Ok(()) };
            paid(tx, deduction, &reference, amount, paid_on).await
        }
        Report::Ended(deduction, on) => {
            let Ok(deduction) = deduction.parse::<i64>() else { return Ok(()) };
            let Some(held) = hold(tx, deduction).await? else { return Ok(()) };
            Ok(end(tx, &held, on).await?)
        }
    }
}

async fn confirmed(tx: &mut Tx, request: &str) -> Result<(), JobError> {
    let Some((held, request)) = hold_for(tx, request).await? else { return Ok(()) };
    let now = tx.business_now().await?;
    let answer = ANSWER.query().bind(request).bind("CONFIRMED").bind(None::<&str>).bind(now);
    let Some(asked) = answer.fetch_optional(&mut *tx).await? else { return Ok(()) };
    let market = market::by_code(&held.market).ok_or_else(|| JobError::Other("an unknown market".into()))?;
    if asked.kind == "CANCELLING" {
        end(tx, &held, market.day(now)).await?;
        let text = "the regular deduction from your benefit has been cancelled.".to_owned();
        return Ok(tell(tx, &held, "centrepay-cancelled", &text).await?);
    }
    let agreed = AGREED.command().bind(held.id).bind(asked.amount).bind(asked.target_amount);
    agreed.bind(asked.valid_to).execute(&mut *tx).await?;
    let text = format!(
        "from {} on, Services Australia deducts {} from your benefit each fortnight and pays it to us.",
        held.valid_from.max(market.day(now)),
        letters::money(market, Minor(asked.amount))
    );
    Ok(tell(tx, &held, "centrepay-confirmed", &text).await?)
}

async fn refused(tx: &mut Tx, request: &str, why: &str) -> Result<(), JobError> {
    let Some((held, request)) = hold_for(tx, request).await? else { return Ok(()) };
    let now = tx.business_now().await?;
    let answer = ANSWER.query().bind(request).bind("REFUSED").bind(why).bind(now);
    if answer.fetch_optional(&mut *tx).await?.is_none() {
        return Ok(());
    }
    NEVER.command().bind(held.id).execute(&mut *tx).await?;
    let text = format!("Services Australia has not agreed to what was asked about your benefit. {why}");
    Ok(tell(tx, &held, "centrepay-refused", &text).await?)
}

statement!(static IS_KNOWN: (bool,) = "
    select coalesce(exists (select 1 from centrepay_payments where vendor_reference = $1), false)");
statement!(static PAID: () = "
    insert into centrepay_payments (vendor_reference, deduction_id, amount, paid_on, transaction_id)
    values ($1, $2, $3, $4, $5)");

/// Posts what came in. Whoever does holds the deduction, so that each payment is posted once.
async fn paid(
    tx: &mut Tx,
    deduction: i64,
    reference: &str,
    amount: i64,
    paid_on: NaiveDate,
) -> Result<(), JobError> {
    let Some(held) = hold(tx, deduction).await? else { return Ok(()) };
    if IS_KNOWN.query().bind(reference).fetch_one(&mut *tx).await?.0 {
        return Ok(());
    }
    let posted = payments::received(tx, held.ledger_id, Minor(amount), &held.title, &held.payment_type).await;
    let transaction = posted.map_err(|error| match error {
        PaymentError::Database(error) => JobError::Database(error),
        other => JobError::Other(other.to_string()),
    })?;
    let paid = PAID.command().bind(reference).bind(held.id).bind(amount).bind(paid_on).bind(transaction);
    paid.execute(&mut *tx).await?;
    Ok(())
}

/// Ends a deduction that holds, and whatever was asked about it.
async fn end(tx: &mut Tx, held: &Held, on: NaiveDate) -> Result<(), sqlx::Error> {
    if END.query().bind(held.id).bind(on).fetch_optional(&mut *tx).await?.is_some() {
        let now = tx.business_now().await?;
        LEAVE.command().bind(held.id).bind(OVER).bind(now).execute(&mut *tx).await?;
    }
    Ok(())
}

async fn tell(tx: &mut Tx, held: &Held, template: &'static str, text: &str) -> Result<(), sqlx::Error> {
    let text = format!("Hello,\n\nabout your account {}: {text}", held.account_number);
    letters::tell(tx, held.account_id, template, "Your Centrepay deduction", &text).await?;
    Ok(())
}
