//! The built-in vendor of mandates. It asks no bank, and behaves over business time as vendors and banks do. What
//! becomes of a mandate is told by the last four digits of the account's number; `docs/payments.md` lists them.

use chrono::TimeDelta;
use futures_util::future::BoxFuture;

use super::mandates::{self, LookUp, Mandates, Order, Report};
use crate::domain::payments::bank::BankDetails;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::Runner;
use crate::platform::outside::Receipt;

/// How often the vendor looks at what has become due.
const TURN: TimeDelta = TimeDelta::minutes(10);
/// How many mandates it deals with in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 1000;
/// How long a mandate holds of which the customer's bank gets rid.
const SHORT_LIFE: TimeDelta = TimeDelta::days(30);
/// How long slow banks take.
const SLOW: TimeDelta = TimeDelta::days(14);

/// A vendor made of rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulator;

/// Has the vendor's reports come in by this runner.
pub fn register(runner: &mut Runner) {
    runner.every(TURN, "simulated-mandates", |tx, _| Box::pin(async move { Ok(turn(tx).await?) }));
}

statement!(static ADD: (String,) = "
    insert into simulated_mandates (reference, vendor, order_reference, answer, answer_at, ending, ends_at)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning reference");
statement!(static WITHDRAW: () = "
    update simulated_mandates set answered = true, ended = true where vendor = $1 and reference = $2");

impl Mandates for Simulator {
    fn answers(&self, details: &BankDetails, what_for: LookUp) -> bool {
        match what_for {
            LookUp::Store => details.last_four() != "0006",
            LookUp::Use => details.last_four() != "0007",
        }
    }

    fn order<'a>(
        &'a self,
        tx: &'a mut Tx,
        order: &'a Order<'_>,
    ) -> BoxFuture<'a, Result<Receipt, sqlx::Error>> {
        Box::pin(async move {
            let fate = fate(order.market, order.details.last_four());
            if fate.answer == NO_ACCOUNT {
                return Ok(Receipt::Refused("there is no such bank account"));
            }
            let now = tx.business_now().await?;
            let reference = format!("MD-{}-{}", order.vendor, order.reference);
            let answer_at = now + fate.takes;
            let ends_at = fate.ending.map(|_| answer_at + SHORT_LIFE);
            let add = ADD.query().bind(&reference).bind(order.vendor).bind(&order.reference);
            let add = add.bind(fate.answer).bind(answer_at).bind(fate.ending).bind(ends_at);
            let is_new = add.fetch_optional(&mut *tx).await?.is_some();
            if is_new && fate.is_lost {
                return Ok(Receipt::Later("the answer was lost"));
            }
            Ok(Receipt::Taken { reference })
        })
    }

    fn withdraw<'a>(
        &'a self,
        tx: &'a mut Tx,
        vendor: &'a str,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(async move {
            WITHDRAW.command().bind(vendor).bind(reference).execute(&mut *tx).await?;
            Ok(())
        })
    }
}

const NO_ACCOUNT: &str = "none";

/// What becomes of a mandate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fate {
    takes: TimeDelta,
    answer: &'static str,
    ending: Option<&'static str>,
    is_lost: bool,
}

fn fate(market: &str, last_four: &str) -> Fate {
    let usual = match market {
        "gb" => TimeDelta::days(3),
        "jp" => TimeDelta::days(7),
        "au" | "us" => TimeDelta::days(1),
        _ => TimeDelta::days(2),
    };
    let good = Fate { takes: usual, answer: "accepted", ending: None, is_lost: false };
    match last_four {
        "0000" => Fate { answer: NO_ACCOUNT, ..good },
        "0001" => Fate { takes: SLOW, ..good },
        "0002" => Fate { answer: "refused", ..good },
        "0003" => Fate { ending: Some("cancelled"), ..good },
        "0004" => Fate { ending: Some("closed"), ..good },
        "0005" => Fate { answer: "suspected", ..good },
        "0008" => Fate { is_lost: true, ..good },
        _ => good,
    }
}

row! {
    struct Due {
        reference: String,
        vendor: String,
        what: String,
    }
}

statement!(static ANSWERS: Due = "
    update simulated_mandates set answered = true
    where reference in (select reference from simulated_mandates where not answered and answer_at <= $1
        order by answer_at, reference limit $2 for update skip locked)
    returning reference, vendor, answer as what");
statement!(static ENDINGS: Due = "
    update simulated_mandates set ended = true
    where reference in (select reference from simulated_mandates where answered and not ended and ends_at <= $1
        order by ends_at, reference limit $2 for update skip locked)
    returning reference, vendor, coalesce(ending, '') as what");

/// Reports what banks have answered, and what they have ended, by now.
pub async fn turn(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    for statement in [&ANSWERS, &ENDINGS] {
        for due in statement.query().bind(now).bind(IN_ONE_TURN).fetch_all(&mut *tx).await? {
            let report = match due.what.as_str() {
                "accepted" => Report::Accepted,
                "refused" => Report::Refused,
                "suspected" => Report::Suspected,
                "cancelled" => Report::Cancelled,
                _ => Report::Closed,
            };
            mandates::report(tx, &due.vendor, &due.reference, report).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_tell_what_becomes_of_a_mandate() {
        assert_eq!(fate("gb", "9911").takes, TimeDelta::days(3));
        assert_eq!(fate("gb", "0001").takes, SLOW);
        assert_eq!(fate("de", "0002").answer, "refused");
        assert_eq!(fate("de", "0003").ending, Some("cancelled"));
        assert!(fate("jp", "0008").is_lost);
    }

    #[test]
    fn the_digits_are_in_the_docs() {
        let docs = include_str!("../../../../docs/payments.md");
        for digits in ["0000", "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008"] {
            assert!(docs.contains(&format!("| `{digits}` |")), "{digits}");
        }
    }
}
