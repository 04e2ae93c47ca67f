//! The round of payments: finds by business time what can be moved on, and takes in what the vendor reports.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::due;
use super::life::{self, STEP};
use super::vendors::collections::{Collections, Outcome, Report};
use super::{plans, promises};
use crate::domain::ledgers::dunning::today;
use crate::platform::db::{Tx, statement};
use crate::platform::jobs::{self, JobError, Runner};

/// How often it is looked for what is due.
const TURN: TimeDelta = TimeDelta::minutes(10);
/// How many are found in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 10_000;
/// The job that takes in one report.
const REPORT: &str = "account-payment-report";

// One that waits for an answer has a job already; it gets another once that has been given up.
statement!(static DUE: (i64, String) = "
    select p.id, p.status
    from unnest($1::text[], $2::date[]) as today (market, day) join accounts a on a.market = today.market
        join account_payments p on p.account_id = a.id
    where (p.status = 'REQUESTED' and p.announce_on <= today.day)
        or (p.status = 'SCHEDULED' and p.send_on <= today.day)
        or (p.status = 'PENDING' and p.vendor_reference is null and p.send_on < today.day)
    order by p.payment_date, p.id limit $3");

/// Has this runner collect payments through `vendor`.
pub fn register(runner: &mut Runner, vendor: Arc<dyn Collections>) {
    due::register(runner);
    let stepper = Arc::clone(&vendor);
    runner.on(STEP, move |tx, payload| {
        let vendor = Arc::clone(&stepper);
        Box::pin(async move {
            let payment = payload.get("payment").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            life::step(tx, &*vendor, payment).await
        })
    });
    runner.on(REPORT, |tx, payload| {
        Box::pin(async move {
            let text = |key: &str| payload.get(key).and_then(Value::as_str);
            let outcome = text("outcome").and_then(|name| Outcome::of(name, text("failure")));
            let reference = text("reference").ok_or(JobError::Payload)?.to_owned();
            let report = Report { reference, outcome: outcome.ok_or(JobError::Payload)? };
            life::take_in(tx, &report).await
        })
    });
    runner.every(TURN, "upkeep-payments", move |tx, _| {
        let vendor = Arc::clone(&vendor);
        Box::pin(async move {
            plans::turn(tx).await?;
            promises::turn(tx).await?;
            Ok(turn(tx, &*vendor).await?)
        })
    });
}

statement!(static WAITING: (i64,) = "
    select p.id
    from unnest($1::text[], $2::date[]) as today (market, day) join accounts a on a.market = today.market
        join account_payments p on p.account_id = a.id
    where (p.status = 'REQUESTED' and p.announce_on <= today.day)
        or (p.status = 'SCHEDULED' and p.send_on <= today.day)
        or (p.status = 'PENDING' and p.vendor_reference is null and p.send_on <= today.day)
    order by p.payment_date, p.id limit $3");
/// How many steps a payment can take in a day: it is announced and committed, and then the vendor hears of it.
const STEPS: usize = 2;

/// Makes what is due, moves it on and takes in what the vendor reports, in this transaction. For worlds that are told.
pub async fn bring_up(tx: &mut Tx, vendor: &dyn Collections) -> Result<(), JobError> {
    due::bring_up(tx).await?;
    for _ in 0..STEPS {
        let (markets, days) = today(tx).await?;
        let waiting = WAITING.query().bind(markets).bind(days).bind(IN_ONE_TURN);
        for (payment,) in waiting.fetch_all(&mut *tx).await? {
            life::step(tx, vendor, payment).await?;
        }
    }
    for report in vendor.reports(tx, IN_ONE_TURN).await? {
        life::take_in(tx, &report).await?;
    }
    Ok(())
}

/// One turn: a job for each payment that can be moved on, and for each report.
async fn turn(tx: &mut Tx, vendor: &dyn Collections) -> Result<(), sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let due = DUE.query().bind(markets).bind(days).bind(IN_ONE_TURN).fetch_all(&mut *tx).await?;
    let at_once = tx.wall_now();
    let slot = at_once.timestamp().div_euclid(TURN.num_seconds());
    let due: Vec<(String, Value)> = due
        .into_iter()
        .map(|(id, status)| (format!("{id}:{status}:{slot}"), json!({ "payment": id })))
        .collect();
    jobs::enqueue_once(tx, STEP, &due, at_once).await?;
    for report in vendor.reports(tx, IN_ONE_TURN).await? {
        let (outcome, failure) = report.outcome.parts();
        let payload = json!({ "reference": report.reference, "outcome": outcome, "failure": failure });
        jobs::enqueue(tx, REPORT, &payload, at_once).await?;
    }
    Ok(())
}
