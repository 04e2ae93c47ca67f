//! Payment slips: for each bill that nobody collects, a slip that shops take at their tills, in markets that have them.
//!
//! A slip asks for what is owed on the ledger when it is made, so a newer one takes the place of the one before. It is
//! committed before the agency hears of it, and is ordered under its own id, which the agency takes once. What else pays
//! the bill, or annuls it, calls the slip off; money that arrives for it all the same is posted all the same, once.

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::instructions::is_usable;
use super::letters;
use super::vendors::slips::{Order, Outcome, Report, Slips};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::ledgers::dunning::today;
use crate::domain::ledgers::journal;
use crate::domain::ledgers::payments::{self, PaymentError};
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market::{self, Market};
use crate::platform::money::Minor;
use crate::platform::outside::Receipt;

/// How often it is looked for bills without a slip, for slips that are not needed, and for reports.
const TURN: TimeDelta = TimeDelta::minutes(10);
/// How many of each are found in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 10_000;
/// What no job seems to order is given a new one once in this time.
const AGAIN: TimeDelta = TimeDelta::hours(6);
/// The job that makes the slip of one bill.
const MAKE: &str = "payment-slip";
/// The job that orders one slip.
const ORDER: &str = "payment-slip-order";
/// The job that has the agency take a slip no more.
const WITHDRAW: &str = "payment-slip-withdrawal";
/// The job that takes in one report.
const REPORT: &str = "payment-slip-report";

/// Has this runner make slips, through `agency`.
pub fn register(runner: &mut Runner, agency: Arc<dyn Slips>) {
    runner.on(MAKE, |tx, payload| Box::pin(async move { Ok(make(tx, id(payload, "bill")?).await?) }));
    let orders = Arc::clone(&agency);
    runner.on(ORDER, move |tx, payload| {
        let agency = Arc::clone(&orders);
        Box::pin(async move { order(tx, &*agency, id(payload, "slip")?).await })
    });
    let withdrawals = Arc::clone(&agency);
    runner.on(WITHDRAW, move |tx, payload| {
        let agency = Arc::clone(&withdrawals);
        Box::pin(async move { Ok(agency.withdraw(tx, &id(payload, "slip")?.to_string()).await?) })
    });
    runner.on(REPORT, |tx, payload| {
        Box::pin(async move {
            let text = |key: &str| payload.get(key).and_then(Value::as_str).ok_or(JobError::Payload);
            let outcome = Outcome::of(text("outcome")?).ok_or(JobError::Payload)?;
            take_in(tx, &Report { reference: text("reference")?.to_owned(), outcome }).await
        })
    });
    runner.every(TURN, "upkeep-payment-slips", move |tx, _| {
        let agency = Arc::clone(&agency);
        Box::pin(async move { Ok(turn(tx, &*agency).await?) })
    });
}

fn id(payload: &Value, key: &str) -> Result<i64, JobError> {
    payload.get(key).and_then(Value::as_i64).ok_or(JobError::Payload)
}

/// SQL for the bills, known as `d`, that are to have a slip today: the latest of a ledger that owes, if it was not annulled,
/// where no direct debit or card pays. What is on its way already is not asked for again.
macro_rules! without_slip {
    () => {
        concat!(
            " from unnest($1::text[], $2::date[]) as today (market, day) join slip_terms t on t.market = today.market \
              join accounts a on a.market = today.market \
              join ledgers l on l.account_id = a.id and l.accepts_payments \
              join ledger_balances b on b.ledger_account_id = l.id and b.balance < 0 \
              join billing_documents d on d.ledger_id = l.id and d.status = 'ISSUED' and d.kind <> 'credit_note' \
                  and d.closing_balance < 0 and d.due_date >= today.day \
              cross join lateral (select (b.balance + coalesce(sum(p.amount), 0))::bigint as balance \
                  from account_payments p where p.ledger_id = l.id \
                      and p.status in ('REQUESTED', 'SCHEDULED', 'PENDING')) open \
              where -open.balance between 1 and t.maximum \
                  and not exists (select 1 from payment_slips s where s.billing_document_id = d.id) \
                  and not exists (select 1 from billing_documents note where note.annuls_id = d.id) \
                  and not exists (select 1 from billing_documents later where later.ledger_id = d.ledger_id \
                      and later.position > d.position and later.status = 'ISSUED' and later.kind <> 'credit_note') \
                  and not exists (select 1 from payment_schedules s join payment_instructions i \
                          on i.account_id = s.account_id and (i.ledger_id is null or i.ledger_id = s.ledger_id) \
                      where s.ledger_id = l.id and s.valid_from <= today.day \
                          and (s.valid_to is null or s.valid_to > today.day) and not i.single_use \
                          and i.instruction_type = case s.schedule_type when 'DIRECT_DEBIT' then 'DIRECT_DEBIT' \
                              when 'CARD_PAYMENT' then 'CARD' end and ",
            is_usable!("$3"),
            ")"
        )
    };
}

statement!(static WITHOUT: (i64, NaiveDate) = concat!(
    "select d.id, today.day", without_slip!(), " order by d.id limit $4"));
statement!(static FORGOTTEN: (i64,) = "
    select id from payment_slips where status = 'ORDERED' order by id limit $1");

/// One turn: a job for each bill that is to have a slip, for each slip that nobody orders, and for each report; and slips
/// that are not needed any more are called off.
async fn turn(tx: &mut Tx, agency: &dyn Slips) -> Result<(), sqlx::Error> {
    call_off_settled(tx).await?;
    let at_once = tx.wall_now();
    let bills: Vec<(String, Value)> = without(tx)
        .await?
        .into_iter()
        .map(|(bill, day)| (format!("{bill}:{day}"), json!({ "bill": bill })))
        .collect();
    jobs::enqueue_once(tx, MAKE, &bills, at_once).await?;
    let slot = at_once.timestamp().div_euclid(AGAIN.num_seconds());
    let forgotten = FORGOTTEN.query().bind(IN_ONE_TURN).fetch_all(&mut *tx).await?;
    let forgotten: Vec<(String, Value)> =
        forgotten.into_iter().map(|(slip,)| (format!("{slip}:{slot}"), json!({ "slip": slip }))).collect();
    jobs::enqueue_once(tx, ORDER, &forgotten, at_once).await?;
    for Report { reference, outcome } in agency.reports(tx, IN_ONE_TURN).await? {
        let payload = json!({ "reference": reference, "outcome": outcome.code() });
        jobs::enqueue(tx, REPORT, &payload, at_once).await?;
    }
    Ok(())
}

async fn without(tx: &mut Tx) -> Result<Vec<(i64, NaiveDate)>, sqlx::Error> {
    let ((markets, days), now) = (today(tx).await?, tx.business_now().await?);
    WITHOUT.query().bind(markets).bind(days).bind(now).bind(IN_ONE_TURN).fetch_all(&mut *tx).await
}

/// Makes every slip that is wanted, orders it, and takes in what is reported, in this transaction. For worlds that are
/// told in one.
pub async fn bring_up(tx: &mut Tx, agency: &dyn Slips) -> Result<(), JobError> {
    for report in agency.reports(tx, IN_ONE_TURN).await? {
        take_in(tx, &report).await?;
    }
    call_off_settled(tx).await?;
    for (bill, _) in without(tx).await? {
        make(tx, bill).await?;
    }
    for (slip,) in FORGOTTEN.query().bind(IN_ONE_TURN).fetch_all(&mut *tx).await? {
        order(tx, agency, slip).await?;
    }
    Ok(())
}

row! {
    struct Wanted {
        account_id: i64,
        agency: String,
        amount: i64,
        owed: i64,
        due_date: Option<NaiveDate>,
        posted_to: i64,
    }
}

statement!(static LEDGER_OF_BILL: (i64, String) = "
    select d.ledger_id, s.currency from billing_documents d join ledger_accounts s on s.id = d.ledger_id where d.id = $1");
statement!(static WANTED: Wanted = concat!("
    select a.id as account_id, t.agency, -open.balance as amount, -b.balance as owed, d.due_date,
        b.last_sequence as posted_to",
    without_slip!(), " and d.id = $4"));
statement!(static TO_PAY: (i64,) = "
    select id from payment_slips where ledger_id = $1 and status in ('ORDERED', 'OFFERED') for no key update");
statement!(static ADD: (i64,) = "
    insert into payment_slips (account_id, ledger_id, billing_document_id, agency, amount, pay_by, owed, posted_to,
        ordered_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning id");

/// Makes the slip of a bill, unless it has one or is not to have one any more.
async fn make(tx: &mut Tx, bill: i64) -> Result<(), sqlx::Error> {
    let ledger = LEDGER_OF_BILL.query().bind(bill).fetch_optional(&mut *tx).await?;
    let Some((ledger, currency)) = ledger else { return Ok(()) };
    journal::hold(tx, &[ledger], &currency).await?;
    let ((markets, days), now) = (today(tx).await?, tx.business_now().await?);
    let wanted = WANTED.query().bind(markets).bind(days).bind(now).bind(bill);
    let Some(wanted) = wanted.fetch_optional(&mut *tx).await? else { return Ok(()) };
    for (older,) in TO_PAY.query().bind(ledger).fetch_all(&mut *tx).await? {
        call_off(tx, &[older]).await?;
    }
    let add = ADD.query().bind(wanted.account_id).bind(ledger).bind(bill).bind(&wanted.agency);
    let add =
        add.bind(wanted.amount).bind(wanted.due_date).bind(wanted.owed).bind(wanted.posted_to).bind(now);
    if let Some((slip,)) = add.fetch_optional(&mut *tx).await? {
        let at_once = tx.wall_now();
        jobs::enqueue(tx, ORDER, &json!({ "slip": slip }), at_once).await?;
    }
    Ok(())
}

// What has come in since the slip was made covers it: payments and credits less what was taken back of them, and charges
// that were taken back.
statement!(static SETTLED: (i64,) = "
    select s.id from payment_slips s join ledger_balances b on b.ledger_account_id = s.ledger_id
    where s.status in ('ORDERED', 'OFFERED') and (
        exists (select 1 from billing_documents note where note.annuls_id = s.billing_document_id)
        or (b.last_sequence > s.posted_to and s.owed <= (
            select coalesce(sum(p.amount), 0) from postings p
                join transactions t on t.ledger_id = p.ledger_account_id and t.sequence = p.sequence
            where p.ledger_account_id = s.ledger_id and p.sequence > s.posted_to
                and (t.kind in ('payment', 'credit') or (t.kind = 'charge' and p.amount > 0)))))
    order by s.id limit $1 for no key update of s skip locked");
statement!(static CALL_OFF: () = "
    update payment_slips set status = 'CANCELLED', ended_at = $2, failure = $3
    where id = any($1::bigint[]) and status in ('ORDERED', 'OFFERED')");

async fn call_off_settled(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let settled = SETTLED.query().bind(IN_ONE_TURN).fetch_all(&mut *tx).await?;
    let settled: Vec<i64> = settled.into_iter().map(|(slip,)| slip).collect();
    call_off(tx, &settled).await
}

/// Calls slips off that nobody has paid as far as is known, and has the agency told: also of those that it may have
/// although its answer was lost.
async fn call_off(tx: &mut Tx, slips: &[i64]) -> Result<(), sqlx::Error> {
    if slips.is_empty() {
        return Ok(());
    }
    let (now, at_once) = (tx.business_now().await?, tx.wall_now());
    CALL_OFF.command().bind(slips).bind(now).bind(None::<&str>).execute(&mut *tx).await?;
    for slip in slips {
        jobs::enqueue(tx, WITHDRAW, &json!({ "slip": slip }), at_once).await?;
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
        amount: i64,
        pay_by: NaiveDate,
        status: String,
        title: String,
        payment_type: String,
    }
}

// Whoever takes a step holds the slip, so that each is taken once.
statement!(static ORDERED: Order = "
    select s.id::text as reference, s.agency, a.market, s.amount, s.pay_by, s.orders
    from payment_slips s join accounts a on a.id = s.account_id
    where s.id = $1 and s.status = 'ORDERED' for no key update of s");
statement!(static HOLD: Held = "
    select s.id, s.account_id, a.number as account_number, s.ledger_id, a.market, s.amount, s.pay_by, s.status, t.title,
        t.payment_type
    from payment_slips s join accounts a on a.id = s.account_id join slip_terms t on t.market = a.market
    where s.id = $1 for no key update of s");
statement!(static OFFERED: () = "
    update payment_slips set status = 'OFFERED', vendor_reference = $2, offered_at = $3 where id = $1");
statement!(static PUT_OFF: () = "update payment_slips set orders = orders + 1 where id = $1");

impl Held {
    fn market(&self) -> Result<&'static Market, JobError> {
        market::by_code(&self.market).ok_or_else(|| JobError::Other("there is no such market".into()))
    }
}

/// Orders a slip, unless the agency has it or it is not wanted any more.
async fn order(tx: &mut Tx, agency: &dyn Slips, slip: i64) -> Result<(), JobError> {
    let Some(order) = ORDERED.query().bind(slip).fetch_optional(&mut *tx).await? else { return Ok(()) };
    match agency.order(tx, &order).await? {
        Receipt::Taken { reference } => offer(tx, slip, &reference).await,
        Receipt::Later(why) => {
            tracing::info!(slip, why, "a payment slip is ordered again later");
            PUT_OFF.command().bind(slip).execute(&mut *tx).await?;
            let again = tx.wall_now() + jobs::backoff(order.orders.saturating_add(1));
            jobs::enqueue(tx, ORDER, &json!({ "slip": slip }), again).await?;
            Ok(())
        }
        Receipt::Refused(why) => {
            let now = tx.business_now().await?;
            CALL_OFF.command().bind(vec![slip]).bind(now).bind(why).execute(&mut *tx).await?;
            Ok(())
        }
    }
}

async fn offer(tx: &mut Tx, slip: i64, reference: &str) -> Result<(), JobError> {
    let now = tx.business_now().await?;
    OFFERED.command().bind(slip).bind(reference).bind(now).execute(&mut *tx).await?;
    let held = HOLD.query().bind(slip).fetch_one(&mut *tx).await?;
    let text = format!(
        "Hello,\n\nyou can pay {} for your account {} at any convenience store until {}. Your account leads to the \
         payment slip that is scanned there.",
        letters::money(held.market()?, Minor(held.amount)),
        held.account_number,
        held.pay_by
    );
    letters::tell(tx, held.account_id, "payment-slip", "Your payment slip", &text).await?;
    Ok(())
}

statement!(static LEDGER_OF_SLIP: (i64, String) = "
    select s.ledger_id, l.currency from payment_slips s join ledger_accounts l on l.id = s.ledger_id where s.id = $1");
statement!(static PAID: () = "
    update payment_slips set status = 'PAID', paid_at = $2, transaction_id = $3 where id = $1");
statement!(static EXPIRED: () = "update payment_slips set status = 'EXPIRED', ended_at = $2 where id = $1");

/// Takes in what the agency reports, even if its receipt was lost. A report on an unknown slip, and the same one again,
/// change nothing.
async fn take_in(tx: &mut Tx, report: &Report) -> Result<(), JobError> {
    let Ok(slip) = report.reference.parse::<i64>() else { return Ok(()) };
    let ledger = LEDGER_OF_SLIP.query().bind(slip).fetch_optional(&mut *tx).await?;
    let Some((ledger, currency)) = ledger else { return Ok(()) };
    // Before the slip, as whoever makes a newer one does.
    journal::hold(tx, &[ledger], &currency).await?;
    let held = HOLD.query().bind(slip).fetch_one(&mut *tx).await?;
    let now = tx.business_now().await?;
    match (report.outcome, held.status.as_str()) {
        (Outcome::Paid, "PAID") => Ok(()),
        (Outcome::Paid, _) => {
            let amount = Minor(held.amount);
            let posted =
                payments::received(tx, held.ledger_id, amount, &held.title, &held.payment_type).await;
            let transaction = posted.map_err(|error| match error {
                PaymentError::Database(error) => JobError::Database(error),
                other => JobError::Other(other.to_string()),
            })?;
            PAID.command().bind(held.id).bind(now).bind(transaction).execute(&mut *tx).await?;
            Ok(())
        }
        (Outcome::Expired, "ORDERED" | "OFFERED") => {
            EXPIRED.command().bind(held.id).bind(now).execute(&mut *tx).await?;
            Ok(())
        }
        (Outcome::Expired, _) => Ok(()),
    }
}

row! {
    /// A slip that can be paid.
    pub struct Payable {
        /// The end of the address of the agency's page.
        pub reference: String,
        /// The last day.
        pub pay_by: NaiveDate,
    }
}

statement!(static LATEST: Payable = concat!("
    select coalesce(s.vendor_reference, '') as reference, s.pay_by
    from payment_slips s join accounts a on a.id = s.account_id
        join unnest($4::text[], $5::date[]) as today (market, day) on today.market = a.market
    where a.number = $3 and s.status = 'OFFERED' and s.pay_by >= today.day
        and ", account_is_visible!(), "
    order by s.id desc limit 1"));

/// The latest slip of an account that can be paid today; none if there is none, or the viewer does not see the account.
pub async fn latest(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
) -> Result<Option<Payable>, sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let query = LATEST.seen_by(viewer).bind(account_number);
    query.bind(markets).bind(days).fetch_optional(&mut *tx).await
}
