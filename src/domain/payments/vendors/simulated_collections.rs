//! The built-in collector of payments. It moves no money, and behaves over business time as banks do. What becomes of a
//! payment goes by the last two digits of its amount; `docs/payments.md` lists them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use super::collections::{Collections, Failure, Order, Outcome, Report};
use crate::platform::calendar;
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;
use crate::platform::outside::Receipt;

/// The hour of the local day at which banks tell what happened.
const MORNING: TimeDelta = TimeDelta::hours(7);
/// After how many working days a payment counts as there.
const CLEARS: u32 = 2;
/// After how many more a late failure comes.
const LATE: u32 = 3;
/// After how many days a customer has it taken back.
const CLAIMED: i64 = 20;

/// A collector made of rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulator;

/// What the last two digits of an amount ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Refused,
    NoFundsAtFirst,
    NoFunds,
    Late,
    ClaimedBack,
    Closed,
    NoTime,
    Lost,
    Usual,
}

fn fate(amount: i64) -> Fate {
    match amount % 100 {
        91 => Fate::Refused,
        92 => Fate::NoFundsAtFirst,
        93 => Fate::NoFunds,
        94 => Fate::Late,
        95 => Fate::ClaimedBack,
        96 => Fate::Closed,
        97 => Fate::NoTime,
        98 => Fate::Lost,
        _ => Fate::Usual,
    }
}

/// What happens to an order, and on which days.
fn story(order: &Order) -> Vec<(NaiveDate, Outcome)> {
    let days = calendar::of(&order.market);
    let day = order.payment_date;
    let cleared = (days.after(day, CLEARS), Outcome::Cleared);
    let failed = |failure| vec![(days.after(day, 1), Outcome::Failed(failure))];
    match fate(order.amount) {
        Fate::NoFundsAtFirst if !order.is_repeated => failed(Failure::NoFunds),
        Fate::NoFunds => failed(Failure::NoFunds),
        Fate::Closed => failed(Failure::Closed),
        Fate::Late => {
            vec![cleared, (days.after(cleared.0, LATE), Outcome::Failed(Failure::NoMandate))]
        }
        Fate::ClaimedBack => vec![cleared, (cleared.0 + TimeDelta::days(CLAIMED), Outcome::ClaimedBack)],
        _ => vec![cleared],
    }
}

statement!(static KNOWN: (String,) = "
    select vendor_reference from simulated_collections where order_reference = $1");
statement!(static TAKE: (String,) = "
    insert into simulated_collections (order_reference, vendor_reference, amount, payment_date, taken_at)
    values ($1, $2, $3, $4, $5) on conflict (order_reference) do nothing returning vendor_reference");
statement!(static FORESEE: () = "
    insert into simulated_collection_events (order_reference, outcome, failure, happens_at) values ($1, $2, $3, $4)");

async fn take(tx: &mut Tx, order: &Order) -> Result<String, sqlx::Error> {
    let (reference, now) = (format!("simulated-{}", order.reference), tx.business_now().await?);
    let take = TAKE.query().bind(&order.reference).bind(&reference).bind(order.amount);
    if take.bind(order.payment_date).bind(now).fetch_optional(&mut *tx).await?.is_none() {
        return Ok(reference);
    }
    for (day, outcome) in story(order) {
        let (name, failure) = outcome.parts();
        let foresee = FORESEE.command().bind(&order.reference).bind(name).bind(failure);
        foresee.bind(moment(&order.market, day)).execute(&mut *tx).await?;
    }
    Ok(reference)
}

fn moment(market: &str, day: NaiveDate) -> DateTime<Utc> {
    let midnight = market::by_code(market).map(|market| market.start_of(day));
    midnight.unwrap_or_else(|| day.and_time(chrono::NaiveTime::MIN).and_utc()) + MORNING
}

row! {
    struct Told {
        vendor_reference: String,
        outcome: String,
        failure: Option<String>,
    }
}

statement!(static TELL: Told = "
    with news as (
        select id from simulated_collection_events where told_at is null and happens_at <= $1
        order by happens_at, id limit $2 for update skip locked
    ), told as (
        update simulated_collection_events e set told_at = $1 from news where e.id = news.id
        returning e.id, e.order_reference, e.outcome, e.failure, e.happens_at
    )
    select c.vendor_reference, t.outcome, t.failure
    from told t join simulated_collections c on c.order_reference = t.order_reference order by t.happens_at, t.id");

impl Collections for Simulator {
    fn order<'a>(
        &'a self,
        tx: &'a mut Tx,
        order: &'a Order,
    ) -> BoxFuture<'a, Result<Receipt<Failure>, sqlx::Error>> {
        Box::pin(async move {
            if let Some((reference,)) = KNOWN.query().bind(&order.reference).fetch_optional(&mut *tx).await? {
                return Ok(Receipt::Taken { reference });
            }
            match fate(order.amount) {
                Fate::Refused => Ok(Receipt::Refused(Failure::Declined)),
                Fate::NoTime if order.attempt == 0 => Ok(Receipt::Later("the vendor has no time")),
                Fate::Lost => {
                    take(tx, order).await?;
                    Ok(Receipt::Later("the answer was lost"))
                }
                _ => Ok(Receipt::Taken { reference: take(tx, order).await? }),
            }
        })
    }

    fn reports<'a>(&'a self, tx: &'a mut Tx, limit: i64) -> BoxFuture<'a, Result<Vec<Report>, sqlx::Error>> {
        Box::pin(async move {
            let now = tx.business_now().await?;
            let told = TELL.query().bind(now).bind(limit).fetch_all(&mut *tx).await?;
            let reports = told.into_iter().filter_map(|told| {
                let outcome = Outcome::of(&told.outcome, told.failure.as_deref())?;
                Some(Report { reference: told.vendor_reference, outcome })
            });
            Ok(reports.collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(amount: i64, is_repeated: bool) -> Vec<(String, Outcome)> {
        let order = Order {
            reference: "1".into(),
            instruction: None,
            amount,
            currency: "GBP".into(),
            payment_date: "2026-04-01".parse().expect("a date"),
            is_repeated,
            attempt: 0,
            market: "gb".into(),
        };
        story(&order).into_iter().map(|(day, outcome)| (day.to_string(), outcome)).collect()
    }

    #[test]
    fn amounts_have_their_fates() {
        // Good Friday is on the 3rd, Easter Monday on the 6th.
        let cleared = ("2026-04-07".to_owned(), Outcome::Cleared);
        assert_eq!(told(5000, false), std::slice::from_ref(&cleared));
        let failed = |failure| [("2026-04-02".to_owned(), Outcome::Failed(failure))];
        assert_eq!(told(5092, false), failed(Failure::NoFunds));
        assert_eq!(told(5092, true), std::slice::from_ref(&cleared));
        assert_eq!(told(5093, true), failed(Failure::NoFunds));
        assert_eq!(told(5096, false), failed(Failure::Closed));
        let late = ("2026-04-10".to_owned(), Outcome::Failed(Failure::NoMandate));
        assert_eq!(told(5094, false), [cleared.clone(), late]);
        assert_eq!(told(5095, false), [cleared, ("2026-04-27".to_owned(), Outcome::ClaimedBack)]);
    }
}
