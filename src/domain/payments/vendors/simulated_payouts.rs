//! The built-in payout service. It pays nobody, and behaves over business time as a real one does: money arrives after a
//! day. What becomes of an order otherwise follows from its amount alone; `docs/payments.md` lists the amounts.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::payouts::{Order, PayoutService, Report};
use crate::domain::payments::payouts;
use crate::platform::db::{Tx, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::outside::Receipt;

const REPORT: &str = "simulated-payout-report";
/// How often the service looks at what it has to report.
const TURN: TimeDelta = TimeDelta::minutes(10);
/// How much it reports in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 1000;

/// How long money takes to arrive, and to come back at once.
const USUAL: TimeDelta = TimeDelta::days(1);
/// When money that had arrived comes back.
const RETURNS_AFTER: TimeDelta = TimeDelta::days(5);

const CLOSED: &str = "the account is closed";
const SENT_BACK: &str = "the payee's bank sent the money back";

/// What becomes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Paid,
    Refused,
    Failed,
    Returned,
    /// It is paid, and the first answer is lost.
    Unheard,
    /// It is paid, and not taken at the first time.
    Busy,
}

/// By amount, in minor units.
fn fate(amount: i64) -> Fate {
    match amount {
        6602 => Fate::Refused,
        6603 => Fate::Failed,
        6604 => Fate::Returned,
        6605 => Fate::Unheard,
        6606 => Fate::Busy,
        _ => Fate::Paid,
    }
}

fn code(fate: Fate) -> &'static str {
    match fate {
        Fate::Failed => "failed",
        Fate::Returned => "returned",
        _ => "paid",
    }
}

/// The service: a table of its own, and rules.
#[derive(Clone, Copy, Debug)]
pub struct Simulator;

statement!(static TAKE: (String,) = "
    insert into simulated_payouts (reference, amount, currency, method, taken_at, due_at, fate)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict (reference) do nothing returning reference");

impl PayoutService for Simulator {
    fn pay_out<'a>(
        &'a self,
        tx: &'a mut Tx,
        order: &'a Order,
    ) -> BoxFuture<'a, Result<Receipt, sqlx::Error>> {
        Box::pin(async move {
            let fate = fate(order.amount);
            if fate == Fate::Refused {
                return Ok(Receipt::Refused("nobody by this account"));
            }
            if fate == Fate::Busy && order.attempts == 0 {
                return Ok(Receipt::Later("the service has no time"));
            }
            let now = tx.business_now().await?;
            let take = TAKE.query().bind(&order.reference).bind(order.amount).bind(&order.currency);
            let take = take.bind(&order.method).bind(now).bind(now + USUAL).bind(code(fate));
            let is_new = take.fetch_optional(&mut *tx).await?.is_some();
            if fate == Fate::Unheard && is_new {
                return Ok(Receipt::Later("no answer"));
            }
            Ok(Receipt::Taken { reference: name(&order.reference) })
        })
    }
}

/// What the service calls an order: the same whenever it is given it.
fn name(reference: &str) -> String {
    format!("simulated-payout-{reference}")
}

/// Has the simulated service's reports come in by this runner.
pub fn register(runner: &mut Runner) {
    runner.every(TURN, "simulated-payouts", |tx, _| Box::pin(async move { Ok(tell(tx).await?) }));
    runner.on(REPORT, |tx, payload| {
        Box::pin(async move {
            let text = |key: &str| payload.get(key).and_then(Value::as_str).ok_or(JobError::Payload);
            let report = match text("report")? {
                "paid" => Report::Paid,
                "failed" => Report::Failed(CLOSED),
                "returned" => Report::Failed(SENT_BACK),
                _ => return Err(JobError::Payload),
            };
            payouts::report(tx, text("reference")?, report).await
        })
    });
}

statement!(static DUE: (String, String, bool) = "
    select reference, fate, reported is not null from simulated_payouts
    where due_at <= $1 and (reported is null or (fate = 'returned' and reported = 'paid'))
    order by due_at, reference limit $2 for update skip locked");
statement!(static REPORTED: () = "update simulated_payouts set reported = $2, due_at = $3 where reference = $1");

/// Makes a job of each report that is due, so that one that cannot be taken in keeps no other from it.
async fn tell(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let (now, wall): (DateTime<Utc>, _) = (tx.business_now().await?, tx.wall_now());
    for (reference, fate, is_second) in DUE.query().bind(now).bind(IN_ONE_TURN).fetch_all(&mut *tx).await? {
        let report = match fate.as_str() {
            "returned" if !is_second => "paid",
            fate => fate,
        };
        let done = REPORTED.command().bind(&reference).bind(report).bind(now + RETURNS_AFTER);
        done.execute(&mut *tx).await?;
        jobs::enqueue(tx, REPORT, &json!({ "reference": reference, "report": report }), wall).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_decides_what_becomes_of_an_order() {
        assert_eq!([6600, 6602, 6603].map(fate), [Fate::Paid, Fate::Refused, Fate::Failed]);
        assert_eq!([6604, 6605, 6606].map(fate), [Fate::Returned, Fate::Unheard, Fate::Busy]);
        assert_eq!([Fate::Returned, Fate::Busy].map(code), ["returned", "paid"]);
    }
}
