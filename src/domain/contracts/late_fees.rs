//! What paying late costs by contract: a fee for each bill, a share of what is overdue for every interval, or both.
//!
//! An upkeep finds the bills, by business time, that cost something, and leaves a job for each. What is owed is told by the
//! bill's position, less payments that are under way. The terms are those that held when the bill became late. Whoever finds
//! it hard to pay is charged nothing, and a bill that holds nothing but fees costs no further ones.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

use crate::domain::auth::Viewer;
use crate::domain::billing::positions;
use crate::domain::ledgers::charges::{self, ChargeError, RuleCharge};
use crate::domain::ledgers::hardship::in_hardship;
use crate::domain::ledgers::journal;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market::{self, Market};

/// The job that charges for one bill.
const JOB: &str = "late-payment-fee";
/// The reason of the charge.
const REASON: &str = "LATE_PAYMENT_FEE";
/// How many bills are found in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 10_000;
/// For how many days after a bill was due it still costs something.
const MOST_DAYS: i32 = 400;

/// Has bills that are paid late charged for by this runner.
pub fn register(runner: &mut Runner) {
    runner.every(TimeDelta::hours(1), "upkeep-late-payment-fees", |tx, _| {
        Box::pin(async move { Ok(turn(tx).await?) })
    });
    runner.on(JOB, |tx, payload| {
        Box::pin(async move {
            let document = payload.get("document").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            charge(tx, document).await.map_err(of_charge)
        })
    });
}

fn of_charge(error: ChargeError) -> JobError {
    match error {
        ChargeError::Database(error) => JobError::Database(error),
        other => JobError::Other(other.to_string()),
    }
}

row! {
    struct Late {
        document_id: i64,
        number: Option<String>,
        ledger_id: i64,
        market: String,
        day: NaiveDate,
        due_date: NaiveDate,
        contract_id: i64,
        version: i32,
        flat_fee: Option<i64>,
        percentage: Option<Decimal>,
        interval_days: Option<i32>,
        has_flat: bool,
        last_step: i32,
    }
}

// Argument 4 names one bill.
statement!(static LATE: Late = concat!("
    select d.id as document_id, d.number, d.ledger_id, a.market, today.day, coalesce(d.due_date, today.day) as due_date, s.contract_id, v.version,
        t.flat_fee, t.percentage, t.interval_days, charged.has_flat, charged.last_step
    from unnest($1::text[], $2::date[], $3::text[]) as today (market, day, zone)
        join accounts a on a.market = today.market join contract_subjects s on s.account_id = a.id and not s.is_undone
        join ledgers l on l.account_id = a.id
        join ledger_balances b on b.ledger_account_id = l.id and b.balance < 0
        join billing_documents d on d.ledger_id = l.id and d.status = 'ISSUED' and d.kind <> 'credit_note'
            and d.due_date < today.day and d.due_date >= today.day - $5::integer
            and s.during @> ((d.due_date + 1)::timestamp at time zone today.zone)
        cross join lateral (
            select max(each.version) as version from contract_versions each where each.contract_id = s.contract_id
                and each.effective_from <= ((d.due_date + 1)::timestamp at time zone today.zone)
        ) v
        join contract_terms t on t.contract_id = s.contract_id and t.version = v.version
            and t.kind = 'LATE_PAYMENT_FEES'
        cross join lateral (
            select coalesce(bool_or(f.step = 0), false) as has_flat, coalesce(max(f.step), 0) as last_step
            from late_payment_fees f where f.document_id = d.id
        ) charged
    where ($4::bigint is null or d.id = $4)
        and ((t.flat_fee is not null and not charged.has_flat)
            or (today.day - d.due_date) / t.interval_days > charged.last_step)
        and not exists (select from billing_documents undone where undone.annuls_id = d.id)
        and exists (select from transactions x where x.billing_document_id = d.id and x.kind = 'charge'
            and not exists (select from late_payment_fees f where f.transaction_id = x.id))
        and not ", in_hardship!("a.id", "today.day"), "
    order by d.id limit $6"));
statement!(static KEEP: (i32,) = "
    insert into late_payment_fees (document_id, step, contract_id, version, open, amount, charged_at)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning step");
statement!(static CHARGED: () = "
    update late_payment_fees set transaction_id = $3 where document_id = $1 and step = $2");

async fn late(tx: &mut Tx, document: Option<i64>) -> Result<Vec<Late>, sqlx::Error> {
    let now: DateTime<Utc> = tx.business_now().await?;
    let zone = |market: &Market| (market.day(now), market.time_zone().name());
    let today = market::all().iter().map(|market| (market.code.clone(), zone(market)));
    let (codes, rest): (Vec<String>, Vec<(NaiveDate, &str)>) = today.unzip();
    let (days, zones): (Vec<NaiveDate>, Vec<&str>) = rest.into_iter().unzip();
    let late = LATE.query().bind(codes).bind(days).bind(zones).bind(document).bind(MOST_DAYS);
    late.bind(IN_ONE_TURN).fetch_all(&mut *tx).await
}

/// One turn of the upkeep. A bill that has been found on a day is not found again on that day.
///
/// # Errors
/// Those of the database.
pub async fn turn(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let found = late(tx, None).await?;
    let job =
        |late: &Late| (format!("{}:{}", late.document_id, late.day), json!({ "document": late.document_id }));
    let jobs: Vec<(String, Value)> = found.iter().map(job).collect();
    let at_once = tx.wall_now();
    jobs::enqueue_once(tx, JOB, &jobs, at_once).await
}

/// Charges what a bill has come to cost and was not charged yet.
async fn charge(tx: &mut Tx, document: i64) -> Result<(), ChargeError> {
    let Some(late) = late(tx, Some(document)).await?.pop() else { return Ok(()) };
    let Some(market) = market::by_code(&late.market) else { return Ok(()) };
    // Nobody pays, and no other server charges for it, in between.
    journal::hold(tx, &[late.ledger_id], &market.currency.code).await?;
    let position = positions::of_documents(tx, &Viewer::server(), &[document]).await?.pop().flatten();
    let Some(position) = position else { return Ok(()) };
    let coming: i64 = position.intentions.iter().map(|intention| intention.amount.0).sum();
    let open = position.remaining.0 - coming;
    if open <= 0 {
        return Ok(());
    }
    for (step, amount) in late.steps(open, market) {
        let now = tx.business_now().await?;
        let keep = KEEP.query().bind(document).bind(step).bind(late.contract_id).bind(late.version);
        let kept = keep.bind(open).bind(amount).bind(now).fetch_optional(&mut *tx).await?;
        if kept.is_none() || amount == 0 {
            continue;
        }
        let bill = late.number.as_deref().unwrap_or_default();
        let note = format!("{bill} ({})", late.due_date);
        let new = RuleCharge { ledger: late.ledger_id, gross: amount, reason: REASON, display_note: &note };
        let transaction = charges::by_rule(tx, &new).await?;
        CHARGED.command().bind(document).bind(step).bind(transaction).execute(&mut *tx).await?;
    }
    Ok(())
}

impl Late {
    /// What is due by now and was not charged: the step and its amount, where so much is open.
    fn steps(&self, open: i64, market: &Market) -> Vec<(i32, i64)> {
        let flat = self.flat_fee.filter(|_| !self.has_flat).map(|fee| (0, fee));
        let share = self.percentage.zip(self.interval_days.filter(|days| *days > 0));
        let shares = share.map(|(percentage, interval)| {
            let passed = (self.day - self.due_date).num_days() / i64::from(interval);
            let passed = i32::try_from(passed).unwrap_or(i32::MAX);
            let amount = share_of(open, percentage, market);
            (self.last_step + 1..=passed).map(move |step| (step, amount))
        });
        flat.into_iter().chain(shares.into_iter().flatten()).collect()
    }
}

/// So many per cent of an amount in minor units, rounded as the market rounds.
fn share_of(open: i64, percentage: Decimal, market: &Market) -> i64 {
    let exact = Decimal::from(open).checked_mul(percentage).map(|share| share / Decimal::ONE_HUNDRED);
    let whole = exact.map(|exact| exact.round_dp_with_strategy(0, market.tax.rounding.into()));
    whole.and_then(|whole| whole.to_i64()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn late(
        flat_fee: Option<i64>,
        percentage: Option<Decimal>,
        interval_days: Option<i32>,
        days: i64,
    ) -> Late {
        let due_date = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap_or_default();
        Late {
            document_id: 1,
            number: None,
            ledger_id: 1,
            market: "gb".into(),
            day: due_date + TimeDelta::days(days),
            due_date,
            contract_id: 1,
            version: 1,
            flat_fee,
            percentage,
            interval_days,
            has_flat: false,
            last_step: 0,
        }
    }

    fn market() -> &'static Market {
        market::by_code("gb").expect("a market")
    }

    #[test]
    fn a_fee_is_charged_once_and_shares_for_whole_intervals() {
        let five = Some(Decimal::from(5));
        assert_eq!(late(Some(1000), five, Some(30), 29).steps(4000, market()), [(0, 1000)]);
        assert_eq!(
            late(Some(1000), five, Some(30), 60).steps(4000, market()),
            [(0, 1000), (1, 200), (2, 200)]
        );
        let charged = Late { has_flat: true, last_step: 1, ..late(Some(1000), five, Some(30), 60) };
        assert_eq!(charged.steps(4000, market()), [(2, 200)]);
        assert_eq!(late(None, None, None, 60).steps(4000, market()), []);
    }

    proptest! {
        #[test]
        fn shares_never_exceed_what_is_open(open in 1_i64..1_000_000_000, hundredths in 1_i64..=10_000) {
            let share = share_of(open, Decimal::new(hundredths, 2), market());
            prop_assert!((0..=open).contains(&share));
            let exact = i128::from(open) * i128::from(hundredths);
            prop_assert!((i128::from(share) * 10_000 - exact).abs() <= 10_000);
        }

        #[test]
        fn however_often_it_is_looked_the_same_is_charged(days in 1_i64..400, interval in 1_i32..90, looks in 1_usize..5) {
            let all = late(Some(500), Some(Decimal::ONE), Some(interval), days).steps(10_000, market());
            let mut charged: Vec<(i32, i64)> = Vec::new();
            for look in 1..=looks {
                let so_far = days * i64::try_from(look).unwrap_or(1) / i64::try_from(looks).unwrap_or(1);
                let last_step = charged.iter().map(|(step, _)| *step).max().unwrap_or(0);
                let has_flat = !charged.is_empty();
                let next = Late { has_flat, last_step, ..late(Some(500), Some(Decimal::ONE), Some(interval), so_far) };
                charged.extend(next.steps(10_000, market()));
            }
            prop_assert_eq!(charged, all);
        }
    }
}
