//! The built-in payout service. It pays nobody, and behaves over business time as a real one does: money arrives after a
//! day. What becomes of an order otherwise follows from its amount alone; `docs/payments.md` lists the amounts.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use super::payouts::{Order, PayoutService, Receipt, Report};
use crate::platform::db::{Tx, statement};

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
            Ok(Receipt::Accepted { reference: name(&order.reference) })
        })
    }
}

/// What the service calls an order: the same whenever it is given it.
fn name(reference: &str) -> String {
    format!("simulated-payout-{reference}")
}

statement!(static DUE: (String, String, bool) = "
    select reference, fate, reported is not null from simulated_payouts
    where due_at <= $1 and (reported is null or (fate = 'returned' and reported = 'paid'))
    order by due_at, reference limit $2 for update skip locked");
statement!(static REPORTED: () = "update simulated_payouts set reported = $2, due_at = $3 where reference = $1");

/// What the service has to report by now, each with our reference of the order.
pub(in crate::domain::payments) async fn reports(
    tx: &mut Tx,
    now: DateTime<Utc>,
    most: i64,
) -> Result<Vec<(String, Report)>, sqlx::Error> {
    let mut reports = Vec::new();
    for (reference, fate, is_second) in DUE.query().bind(now).bind(most).fetch_all(&mut *tx).await? {
        let (reported, report) = match fate.as_str() {
            "failed" => ("failed", Report::Failed(CLOSED)),
            "returned" if is_second => ("returned", Report::Failed(SENT_BACK)),
            _ => ("paid", Report::Paid),
        };
        let done = REPORTED.command().bind(&reference).bind(reported).bind(now + RETURNS_AFTER);
        done.execute(&mut *tx).await?;
        reports.push((reference, report));
    }
    Ok(reports)
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
