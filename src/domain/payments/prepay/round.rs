//! The round of prepayment: credit that can be moved on, what the network of meters and shops report, meters that are to be topped
//! up by themselves, and those that are paid for ahead no more.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::credits::{self, STEP};
use super::{meters, shop_sales, top_ups};
use crate::domain::ledgers::dunning::today;
use crate::domain::payments::vendors::meter_network::{MeterNetwork, Outcome, Report};
use crate::domain::payments::vendors::shops::{Sale, Shops};
use crate::platform::db::Tx;
use crate::platform::jobs::{self, JobError, Runner};

/// How often it is looked for what can be moved on, and for reports.
const TURN: TimeDelta = TimeDelta::minutes(10);
/// How often meters' balances are looked at.
const LOOK: TimeDelta = TimeDelta::hours(1);
/// How many are found in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 10_000;
/// The job that takes in one report of the network.
const REPORT: &str = "meter-credit-report";
/// The job that takes in one sale of a shop.
const SALE: &str = "meter-shop-sale";
/// The job that tops one meter up, if its balance is low.
const TOP_UP: &str = "meter-top-up";
/// The job that ends paying ahead for one meter.
const FINISH: &str = "meter-finish";

/// Has this runner look after prepayment meters, through `network` and `shops`.
pub fn register(runner: &mut Runner, network: Arc<dyn MeterNetwork>, shops: Arc<dyn Shops>) {
    let stepper = Arc::clone(&network);
    runner.on(STEP, move |tx, payload| {
        let network = Arc::clone(&stepper);
        Box::pin(async move { credits::step(tx, &*network, id(payload, "credit")?).await })
    });
    runner.on(REPORT, |tx, payload| {
        Box::pin(async move {
            let outcome = Outcome::of(text(payload, "outcome")?, text(payload, "token").ok());
            let reference = text(payload, "reference")?.to_owned();
            credits::take_in(tx, &Report { reference, outcome: outcome.ok_or(JobError::Payload)? }).await
        })
    });
    runner.on(SALE, |tx, payload| {
        Box::pin(async move {
            let sold_at: DateTime<Utc> = text(payload, "soldAt")?.parse().map_err(|_| JobError::Payload)?;
            let sale = Sale {
                reference: text(payload, "reference")?.to_owned(),
                pan: text(payload, "pan")?.to_owned(),
                amount: id(payload, "amount")?,
                sold_at,
            };
            shop_sales::take_in(tx, &sale).await
        })
    });
    runner.on(TOP_UP, |tx, payload| {
        Box::pin(async move { top_ups::look(tx, id(payload, "topUp")?).await.map_err(credits::failed) })
    });
    runner.on(FINISH, |tx, payload| {
        Box::pin(async move { meters::finish(tx, id(payload, "meter")?).await.map_err(credits::failed) })
    });
    runner.every(TURN, "upkeep-prepay", move |tx, _| {
        let (network, shops) = (Arc::clone(&network), Arc::clone(&shops));
        Box::pin(async move { Ok(turn(tx, &*network, &*shops).await?) })
    });
    runner.every(LOOK, "upkeep-meter-top-ups", |tx, _| {
        Box::pin(async move {
            let all = top_ups::all(tx, IN_ONE_TURN).await?;
            Ok(enqueue(tx, TOP_UP, "topUp", &all, LOOK).await?)
        })
    });
}

fn id(payload: &Value, key: &str) -> Result<i64, JobError> {
    payload.get(key).and_then(Value::as_i64).ok_or(JobError::Payload)
}

fn text<'p>(payload: &'p Value, key: &str) -> Result<&'p str, JobError> {
    payload.get(key).and_then(Value::as_str).ok_or(JobError::Payload)
}

/// A job for each of these, once in a slot of time.
async fn enqueue(
    tx: &mut Tx,
    kind: &str,
    key: &str,
    ids: &[i64],
    span: TimeDelta,
) -> Result<(), sqlx::Error> {
    let at_once = tx.wall_now();
    let slot = at_once.timestamp().div_euclid(span.num_seconds());
    let jobs: Vec<(String, Value)> =
        ids.iter().map(|id| (format!("{id}:{slot}"), json!({ key: id }))).collect();
    jobs::enqueue_once(tx, kind, &jobs, at_once).await
}

async fn turn(tx: &mut Tx, network: &dyn MeterNetwork, shops: &dyn Shops) -> Result<(), sqlx::Error> {
    let at_once = tx.wall_now();
    let days = today(tx).await?;
    let over = meters::over(tx, days, IN_ONE_TURN).await?;
    enqueue(tx, FINISH, "meter", &over, TURN).await?;
    let due = credits::due(tx, IN_ONE_TURN).await?;
    enqueue(tx, STEP, "credit", &due, TURN).await?;
    for Report { reference, outcome } in network.reports(tx, IN_ONE_TURN).await? {
        let (outcome, token) = outcome.parts();
        let payload = json!({ "reference": reference, "outcome": outcome, "token": token });
        jobs::enqueue(tx, REPORT, &payload, at_once).await?;
    }
    for sale in shops.sales(tx, IN_ONE_TURN).await? {
        let payload = json!({ "reference": sale.reference, "pan": sale.pan, "amount": sale.amount,
            "soldAt": sale.sold_at });
        jobs::enqueue(tx, SALE, &payload, at_once).await?;
    }
    Ok(())
}
