//! Payments that schedules lead to: on days that come round, for bills, and when a balance runs low.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::held_schedules::plan_next;
use super::instructions;
use super::life::{self, NewPayment};
use super::schedules::{Schedule, schedule_columns};
use super::settled::{self, SetOff};
use super::terms;
use crate::domain::ledgers::dunning::today;
use crate::platform::calendar;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market;
use crate::platform::money::Minor;

/// How often it is looked for what falls due.
const TURN: TimeDelta = TimeDelta::minutes(10);
const IN_ONE_TURN: i64 = 10_000;
/// The job that makes the payment of one schedule that is due.
const JOB: &str = "payment-schedule-due";
/// What fell due longer ago, while no server was there, is not collected later.
const LATEST: TimeDelta = TimeDelta::days(7);

// A bill that nothing is owed for any more, such as one of before the schedule, is left alone.
statement!(static DUE: (i64, Option<i64>) = "
    select s.id, null::bigint as bill
    from unnest($1::text[], $2::date[]) as today (market, day) join accounts a on a.market = today.market
        join payment_schedules s on s.account_id = a.id
    where s.plan_on <= today.day
    union all
    select s.id, d.id
    from unnest($1::text[], $2::date[]) as today (market, day) join accounts a on a.market = today.market
        join payment_schedules s on s.account_id = a.id and s.trigger = 'BILL' and s.holiday_reason is null
            and s.schedule_type in ('DIRECT_DEBIT', 'CARD_PAYMENT')
        join billing_documents d on d.ledger_id = s.ledger_id and d.status = 'ISSUED' and d.kind <> 'credit_note'
            and d.closing_balance < 0 and d.issued_on > today.day - 60
            and d.issued_on >= s.valid_from and (s.valid_to is null or d.issued_on < s.valid_to)
        join ledger_balances b on b.ledger_account_id = s.ledger_id and b.balance < 0
    where not exists (select 1 from account_payments p where p.billing_document_id = d.id)
        and not exists (select 1 from billing_documents note where note.annuls_id = d.id)
    union all
    select s.id, null
    from unnest($1::text[], $2::date[]) as today (market, day) join accounts a on a.market = today.market
        join payment_schedules s on s.account_id = a.id and s.trigger = 'BALANCE' and s.holiday_reason is null
            and s.schedule_type in ('DIRECT_DEBIT', 'CARD_PAYMENT')
            and s.valid_from <= today.day and (s.valid_to is null or s.valid_to > today.day)
        join ledger_balances b on b.ledger_account_id = s.ledger_id and b.balance < s.balance_below
    where not exists (select 1 from account_payments p where p.schedule_id = s.id
        and (p.status in ('REQUESTED', 'SCHEDULED', 'PENDING') or p.due_on = today.day))
    limit $3");

/// Has this runner make the payments that schedules lead to.
pub fn register(runner: &mut Runner) {
    runner.every(TURN, "upkeep-payment-schedules", |tx, _| Box::pin(async move { Ok(turn(tx).await?) }));
    runner.on(JOB, |tx, payload| {
        Box::pin(async move {
            let schedule = payload.get("schedule").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            Ok(fall_due(tx, schedule, payload.get("bill").and_then(Value::as_i64)).await?)
        })
    });
}

/// Makes the payments that are due, in this transaction. For worlds that are told.
pub(super) async fn bring_up(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let (markets, days) = today(tx).await?;
    for (schedule, bill) in DUE.query().bind(markets).bind(days).bind(IN_ONE_TURN).fetch_all(&mut *tx).await?
    {
        fall_due(tx, schedule, bill).await?;
    }
    Ok(())
}

async fn turn(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let due = DUE.query().bind(markets).bind(days).bind(IN_ONE_TURN).fetch_all(&mut *tx).await?;
    let at_once = tx.wall_now();
    let slot = at_once.timestamp().div_euclid(TURN.num_seconds());
    let name = |bill: Option<i64>| bill.map_or_else(|| slot.to_string(), |bill| format!("{slot}:{bill}"));
    let due: Vec<(String, Value)> = due
        .into_iter()
        .map(|(id, bill)| (format!("{id}:{}", name(bill)), json!({ "schedule": id, "bill": bill })))
        .collect();
    jobs::enqueue_once(tx, JOB, &due, at_once).await
}

row! {
    struct Bill {
        closing_balance: Option<Minor>,
        issued_on: Option<NaiveDate>,
        due_date: Option<NaiveDate>,
    }
}

// Whoever changes the schedule, or makes its payment as well, waits.
statement!(static HOLD: Schedule = concat!("
    select ", schedule_columns!(), " from payment_schedules s join accounts a on a.id = s.account_id
    where s.id = $1 for no key update of s"));
statement!(static NEXT: (Option<NaiveDate>, String) = "
    select s.next_due, a.number from payment_schedules s join accounts a on a.id = s.account_id where s.id = $1");
statement!(static BILL: Bill = "
    select d.closing_balance, d.issued_on, d.due_date from billing_documents d
    where d.id = $1 and not exists (select 1 from account_payments p where p.billing_document_id = d.id)");
// What is on its way already is not asked for again.
statement!(static OPEN: (i64,) = "
    select (b.balance + coalesce((select sum(p.amount) from account_payments p where p.ledger_id = b.ledger_account_id
        and p.status in ('REQUESTED', 'SCHEDULED', 'PENDING')), 0))::bigint
    from ledger_balances b where b.ledger_account_id = $1");

/// Makes the payment of a schedule that is due, unless that has been done.
async fn fall_due(tx: &mut Tx, schedule: i64, bill: Option<i64>) -> Result<(), sqlx::Error> {
    let Some(schedule) = HOLD.query().bind(schedule).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let Some(market) = market::by_code(&schedule.market) else { return Ok(()) };
    let today = market.day(tx.business_now().await?);
    let (next, number) = NEXT.query().bind(schedule.id).fetch_one(&mut *tx).await?;
    let fall = match (schedule.trigger.as_str(), bill) {
        ("REGULAR", _) => regular(tx, &schedule, next, today).await?,
        ("BILL", Some(bill)) => for_bill(tx, &schedule, bill).await?,
        ("BALANCE", _) => for_balance(tx, &schedule, today).await?,
        _ => None,
    };
    match fall {
        Some(fall) => ask(tx, &schedule, &fall, &number, today).await,
        None => Ok(()),
    }
}

/// A payment that falls due.
struct Fall {
    day: NaiveDate,
    due_on: Option<NaiveDate>,
    bill: Option<i64>,
    amount: Minor,
    reason: &'static str,
    /// What of the bill is not collected, because its balance has been raised since.
    settled: i64,
    /// What it is lower by.
    set_off: Option<SetOff>,
}

async fn regular(
    tx: &mut Tx,
    schedule: &Schedule,
    next: Option<NaiveDate>,
    today: NaiveDate,
) -> Result<Option<Fall>, sqlx::Error> {
    let (Some(due), Some(amount)) = (next, schedule.payment_amount) else { return Ok(None) };
    plan_next(tx, schedule.id, due.succ_opt().unwrap_or(due)).await?;
    if due < today - LATEST {
        return Ok(None);
    }
    let reason = "REGULAR_SCHEDULE";
    let set_off = settled::set_off(tx, schedule.ledger_id, amount).await?;
    let amount = Minor(amount.0 - set_off.as_ref().map_or(0, |off| off.amount));
    if let Some(whole) = set_off.as_ref().filter(|_| amount == Minor::ZERO) {
        settled::note(tx, whole, due, None).await?;
        return Ok(None);
    }
    let fall = Fall { day: due, due_on: Some(due), bill: None, amount, reason, settled: 0, set_off };
    Ok(Some(fall))
}

async fn for_bill(tx: &mut Tx, schedule: &Schedule, bill: i64) -> Result<Option<Fall>, sqlx::Error> {
    let Some(found) = BILL.query().bind(bill).fetch_optional(&mut *tx).await? else { return Ok(None) };
    let (Some(closing), Some(issued), Some(due)) = (found.closing_balance, found.issued_on, found.due_date)
    else {
        return Ok(None);
    };
    let (open,) = OPEN.query().bind(schedule.ledger_id).fetch_one(&mut *tx).await?;
    let amount = Minor(closing.0.max(open).saturating_neg());
    let day = schedule.payment_day.and_then(|day| u32::try_from(day).ok());
    let day = day.and_then(|day| calendar::next_in_months(issued, 1, day, issued));
    let day = day.unwrap_or(due);
    let settled = amount.0.saturating_neg().saturating_sub(closing.0);
    let fall =
        Fall { day, due_on: None, bill: Some(bill), amount, reason: "BILL_ISSUED", settled, set_off: None };
    Ok((amount > Minor::ZERO).then_some(fall))
}

async fn for_balance(
    tx: &mut Tx,
    schedule: &Schedule,
    today: NaiveDate,
) -> Result<Option<Fall>, sqlx::Error> {
    let (Some(below), Some(amount)) = (schedule.balance_below, schedule.payment_amount) else {
        return Ok(None);
    };
    let (open,) = OPEN.query().bind(schedule.ledger_id).fetch_one(&mut *tx).await?;
    let holds = schedule.valid_from <= today && schedule.valid_to.is_none_or(|end| end > today);
    let reason = "BALANCE_THRESHOLD_CROSSED";
    let fall =
        Fall { day: today, due_on: Some(today), bill: None, amount, reason, settled: 0, set_off: None };
    Ok((holds && open < below.0).then_some(fall))
}

async fn ask(
    tx: &mut Tx,
    schedule: &Schedule,
    fall: &Fall,
    account_number: &str,
    today: NaiveDate,
) -> Result<(), sqlx::Error> {
    let Some(method) = schedule.method() else { return Ok(()) };
    let Some(terms) = terms::of(tx, &schedule.market, method).await? else { return Ok(()) };
    let now = tx.business_now().await?;
    // Without one the payment fails, and the customer is told.
    let usable =
        instructions::usable(tx, schedule.account_id, Some(schedule.ledger_id), now, Some(method)).await?;
    let new = NewPayment {
        account: schedule.account_id,
        ledger: schedule.ledger_id,
        instruction: usable.map(|usable| usable.id),
        method,
        amount: fall.amount,
        plan: terms.announced(today, fall.day),
        reason: Some(fall.reason),
        reference: account_number,
        schedule: Some(schedule.id),
        due_on: fall.due_on,
        bill: fall.bill,
        represents: None,
        idempotency_key: None,
    };
    let requested = life::request(tx, None, &new).await?;
    if let (Some(payment), Some(off), Some(day)) = (requested, &fall.set_off, fall.due_on) {
        settled::note(tx, off, day, Some(payment)).await?;
    }
    if let (Some(payment), Some(bill)) = (requested, fall.bill) {
        FUND.command().bind(payment).bind(bill).bind(fall.settled).execute(&mut *tx).await?;
    }
    Ok(())
}

// Credits that are on none of the bills up to this one, the oldest first, as far as they account for what is not collected.
statement!(static FUND: () = "
    with given as (
        select t.id, coalesce(t.reason_code, t.title) as reason, t.amount,
            coalesce(sum(t.amount) over (order by t.id rows between unbounded preceding and 1 preceding), 0) as before
        from billing_documents d join transactions t on t.ledger_id = d.ledger_id and t.kind = 'credit' and t.amount > 0
            and not t.is_reversed
            left join billing_documents on_bill on on_bill.id = t.billing_document_id
        where d.id = $2 and (t.billing_document_id is null or on_bill.position is null or on_bill.position > d.position)
    )
    insert into payment_fundings (payment_id, transaction_id, reason, amount)
    select $1, id, reason, least(amount, $3::bigint - before)::bigint from given where before < $3::bigint
    on conflict do nothing");
