//! The built-in agency that pays benefits. It answers requests the next morning and pays every fortnight of business time.
//! What becomes of a deduction otherwise goes by the last three digits of the customer reference number;
//! `docs/payments.md` lists them.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;

use super::benefits::{Benefits, Report, Request};
use crate::domain::ledgers::dunning::today;
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;
use crate::platform::outside::Receipt;

/// The hour of the local day at which the agency answers.
const MORNING: TimeDelta = TimeDelta::hours(7);
/// How long a benefit is paid that stops.
const STOPS_AFTER: Days = Days::new(30);

/// An agency made of rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulator;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Slow,
    Unknown,
    NotAllowed,
    Fixed,
    Stops,
    NoTime,
    Lost,
    Usual,
}

fn fate(customer_reference_number: &str) -> Fate {
    match customer_reference_number.get(6..9) {
        Some("001") => Fate::Slow,
        Some("002") => Fate::Unknown,
        Some("003") => Fate::NotAllowed,
        Some("004") => Fate::Fixed,
        Some("005") => Fate::Stops,
        Some("007") => Fate::NoTime,
        Some("008") => Fate::Lost,
        _ => Fate::Usual,
    }
}

/// Why the agency does not do what it is asked for.
fn refusal(fate: Fate, kind: &str) -> Option<&'static str> {
    match (fate, kind) {
        (Fate::Unknown, "CREATING") => Some("Nobody has this customer reference number."),
        (Fate::NotAllowed, "CREATING") => Some("Nothing can be deducted from this benefit."),
        (Fate::Fixed, "CHANGING" | "CANCELLING") => Some("The deduction cannot be changed."),
        _ => None,
    }
}

/// The morning on which a request is answered.
fn answer_at(market: &str, now: DateTime<Utc>, fate: Fate) -> DateTime<Utc> {
    let days = Days::new(if fate == Fate::Slow { 2 } else { 1 });
    let market = market::by_code(market);
    let day = market.map_or(now.date_naive(), |market| market.day(now)) + days;
    let begins = market.map(|market| market.start_of(day));
    begins.unwrap_or_else(|| day.and_time(NaiveTime::MIN).and_utc()) + MORNING
}

statement!(static KNOWN: (bool,) = "
    select coalesce(exists (select 1 from simulated_benefit_requests where request_reference = $1), false)");
statement!(static OPEN: () = "
    insert into simulated_benefits (reference, customer_reference_number, market, amount, target_amount, valid_to)
    values ($1, $2, $3, $4, $5, $6) on conflict do nothing");
statement!(static TAKE: () = "
    insert into simulated_benefit_requests (request_reference, reference, kind, amount, target_amount, valid_from, valid_to,
        refusal, answer_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing");

async fn take(tx: &mut Tx, request: &Request, fate: Fate) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let Request { reference, deduction, kind, amount, target_amount, valid_from, valid_to, .. } = request;
    let open = OPEN.command().bind(deduction).bind(&request.customer_reference_number).bind(&request.market);
    open.bind(amount).bind(target_amount).bind(valid_to).execute(&mut *tx).await?;
    let take = TAKE.command().bind(reference).bind(deduction).bind(kind).bind(amount).bind(target_amount);
    let take = take.bind(valid_from).bind(valid_to).bind(refusal(fate, kind));
    take.bind(answer_at(&request.market, now, fate)).execute(&mut *tx).await?;
    Ok(())
}

row! {
    struct Answer {
        request_reference: String,
        reference: String,
        kind: String,
        amount: i64,
        target_amount: Option<i64>,
        valid_from: NaiveDate,
        valid_to: Option<NaiveDate>,
        refusal: Option<String>,
        customer_reference_number: String,
        today: NaiveDate,
    }
}

statement!(static ANSWERS: Answer = "
    with due as (
        select request_reference from simulated_benefit_requests where not answered and answer_at <= $1
        order by answer_at, request_reference limit $4 for update skip locked
    )
    update simulated_benefit_requests q set answered = true
    from due, simulated_benefits b, unnest($2::text[], $3::date[]) as today (market, day)
    where q.request_reference = due.request_reference and b.reference = q.reference and today.market = b.market
    returning q.request_reference, q.reference, q.kind, q.amount, q.target_amount, q.valid_from, q.valid_to, q.refusal,
        b.customer_reference_number, today.day as today");
statement!(static BEGIN: () = "
    update simulated_benefits set pays_on = $2, valid_to = $3 where reference = $1 and payments = 0 and pays_on is null");
statement!(static CHANGE: () = "
    update simulated_benefits set amount = $2, target_amount = $3, valid_to = $4
    where reference = $1 and pays_on is not null");
statement!(static STOP: () = "update simulated_benefits set pays_on = null where reference = $1");

async fn heed(tx: &mut Tx, answer: Answer) -> Result<Report, sqlx::Error> {
    if let Some(why) = answer.refusal {
        return Ok(Report::Refused(answer.request_reference, why));
    }
    match answer.kind.as_str() {
        "CREATING" => {
            let first = answer.valid_from.max(answer.today);
            let stops = fate(&answer.customer_reference_number) == Fate::Stops;
            let last = answer.valid_to.into_iter().chain(stops.then_some(first + STOPS_AFTER)).min();
            BEGIN.command().bind(&answer.reference).bind(first).bind(last).execute(&mut *tx).await?;
        }
        "CHANGING" => {
            let change = CHANGE.command().bind(&answer.reference).bind(answer.amount);
            change.bind(answer.target_amount).bind(answer.valid_to).execute(&mut *tx).await?;
        }
        _ => {
            STOP.command().bind(&answer.reference).execute(&mut *tx).await?;
        }
    }
    Ok(Report::Confirmed(answer.request_reference))
}

row! {
    struct Over {
        reference: String,
        over_on: Option<NaiveDate>,
    }
}

row! {
    struct Payment {
        reference: String,
        number: i32,
        amount: i64,
        paid_on: NaiveDate,
        is_over: bool,
    }
}

statement!(static OVER: Over = "
    update simulated_benefits b set pays_on = null
    from unnest($1::text[], $2::date[]) as today (market, day)
    where today.market = b.market and b.pays_on is not null
        and (b.valid_to <= least(today.day, b.pays_on) or b.paid >= b.target_amount)
    returning b.reference, least(b.valid_to, today.day) as over_on");
// One fortnight at a time: those before this one that no server was there for come in the next turns.
statement!(static PAYMENTS: Payment = "
    with due as (
        select b.reference, coalesce(b.pays_on, today.day) as paid_on, least(b.amount, b.target_amount - b.paid) as amount,
            coalesce(b.paid + b.amount >= b.target_amount, false) as is_over
        from simulated_benefits b join unnest($1::text[], $2::date[]) as today (market, day) on today.market = b.market
        where b.pays_on <= today.day and (b.valid_to is null or b.pays_on < b.valid_to)
            and (b.target_amount is null or b.paid < b.target_amount)
        order by b.pays_on, b.reference limit $3 for update of b skip locked
    )
    update simulated_benefits b set paid = b.paid + due.amount, payments = b.payments + 1,
        pays_on = case when due.is_over then null else due.paid_on + 14 end
    from due where b.reference = due.reference
    returning b.reference, b.payments as number, due.amount, due.paid_on, due.is_over");

/// What was paid, and what is over by it.
fn paid(payment: Payment) -> Vec<Report> {
    let Payment { reference: deduction, number, amount, paid_on, is_over } = payment;
    let after = paid_on.succ_opt().unwrap_or(paid_on);
    let over = is_over.then(|| Report::Ended(deduction.clone(), after));
    let reference = format!("simulated-{deduction}-{number}");
    [Report::Paid { deduction, reference, amount, paid_on }].into_iter().chain(over).collect()
}

impl Benefits for Simulator {
    fn ask<'a>(
        &'a self,
        tx: &'a mut Tx,
        request: &'a Request,
    ) -> BoxFuture<'a, Result<Receipt, sqlx::Error>> {
        Box::pin(async move {
            let reference = format!("simulated-{}", request.reference);
            if KNOWN.query().bind(&request.reference).fetch_one(&mut *tx).await?.0 {
                return Ok(Receipt::Taken { reference });
            }
            let fate = fate(&request.customer_reference_number);
            if fate == Fate::NoTime && request.orders == 0 {
                return Ok(Receipt::Later("the agency has no time"));
            }
            take(tx, request, fate).await?;
            Ok(match fate {
                Fate::Lost => Receipt::Later("the answer was lost"),
                _ => Receipt::Taken { reference },
            })
        })
    }

    fn reports<'a>(&'a self, tx: &'a mut Tx, limit: i64) -> BoxFuture<'a, Result<Vec<Report>, sqlx::Error>> {
        Box::pin(async move {
            let now = tx.business_now().await?;
            let (markets, days) = today(tx).await?;
            let mut reports = Vec::new();
            let due = ANSWERS.query().bind(now).bind(&markets).bind(&days).bind(limit);
            for answer in due.fetch_all(&mut *tx).await? {
                reports.push(heed(tx, answer).await?);
            }
            for over in OVER.query().bind(&markets).bind(&days).fetch_all(&mut *tx).await? {
                reports.extend(over.over_on.map(|day| Report::Ended(over.reference, day)));
            }
            let due = PAYMENTS.query().bind(&markets).bind(&days).bind(limit);
            reports.extend(due.fetch_all(&mut *tx).await?.into_iter().flat_map(paid));
            Ok(reports)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_fates() {
        let fates = ["204000000A", "204000001A", "204000002A", "204000003A", "204000004A"].map(fate);
        assert_eq!(fates, [Fate::Usual, Fate::Slow, Fate::Unknown, Fate::NotAllowed, Fate::Fixed]);
        assert_eq!(
            ["204000005A", "204000007A", "204000008A"].map(fate),
            [Fate::Stops, Fate::NoTime, Fate::Lost]
        );
        assert_eq!(fate(""), Fate::Usual);
        assert!(refusal(Fate::Fixed, "CREATING").is_none() && refusal(Fate::Fixed, "CANCELLING").is_some());
    }

    #[test]
    fn requests_are_answered_in_the_morning() {
        let now = "2026-03-02T12:00:00Z".parse().expect("a moment");
        // Eleven hours ahead in summer.
        assert_eq!(answer_at("au", now, Fate::Usual).to_rfc3339(), "2026-03-02T20:00:00+00:00");
        assert_eq!(answer_at("au", now, Fate::Slow).to_rfc3339(), "2026-03-03T20:00:00+00:00");
    }

    #[test]
    fn the_numbers_are_in_the_docs() {
        let docs = include_str!("../../../../docs/payments.md");
        for digits in ["001", "002", "003", "004", "005", "007", "008"] {
            assert!(docs.contains(&format!("| `{digits}` |")), "{digits}");
        }
    }
}
