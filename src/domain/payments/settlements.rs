//! Settling fixed instalments with the bill of the year. The instalments are payments on the ledger, so the balance with which
//! the bill closes is the result, and nothing is posted to get there: of a credit, what the next instalment comes to is set off
//! against it and the rest goes back; a shortfall is collected once, apart from the instalments, and they follow what was
//! charged.
//!
//! What is to happen is decided in the transaction that issues the bill, which says it, and carried out by a job: that holds how
//! the ledger is paid, which whoever bills a ledger must not wait for.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use super::adequacy::{LEAST, MONTHS, WEEKS, YEAR, share};
use super::collect;
use super::held_schedules::{CallsOff, Ledger, NewSchedule, ScheduleError};
use super::instructions::{self, DIRECT_DEBIT};
use super::life::{self, NewPayment};
use super::payouts::{self, OwnAccord};
use super::schedules::{self, Schedule, schedule_columns};
use super::{refunds, terms};
use crate::domain::auth::viewer::Viewer;
use crate::domain::billing::rhythms;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market::{self, Instalments, Market};
use crate::platform::money::Minor;

/// The jobs that carry a settlement out and call it off.
const CARRY_OUT: &str = "settle-instalments";
const CALL_OFF: &str = "unsettle-instalments";
const UNDONE: &str = "The bill was undone.";
const IN_ONE_TURN: i64 = 1000;

row! {
    struct Bill {
        ledger_id: i64,
        account_id: i64,
        market: String,
        from_date: NaiveDate,
        to_date: Option<NaiveDate>,
        issued_on: Option<NaiveDate>,
        due_date: Option<NaiveDate>,
        result: i64,
        instalments: i64,
        /// What supply cost, and the first day that it was charged for.
        charged: i64,
        charged_from: Option<NaiveDate>,
        /// Paid since the period, or on its way, and not for instalments that fell due since.
        paid_since: i64,
    }
}

// What was charged for a reason is a fee, and says nothing about the year to come.
statement!(static BILL: Bill = "
    select d.ledger_id, l.account_id, a.market, d.from_date, d.to_date, d.issued_on, d.due_date,
        coalesce(d.closing_balance, 0) as result, coalesce(d.payments, 0) as instalments,
        coalesce((select sum(t.amount) from transactions t where t.billing_document_id = d.id and t.kind = 'charge'
            and not t.is_reversed and t.reason_code is null), 0)::bigint as charged,
        (select min(lower(c.days)) from transactions t join supply_charges c on c.transaction_id = t.id
            where t.billing_document_id = d.id and c.corrects_id is null) as charged_from,
        (coalesce((select sum(p.amount) from account_payments p where p.ledger_id = d.ledger_id
                and p.status in ('REQUESTED', 'SCHEDULED', 'PENDING') and (p.due_on is null or p.due_on < d.to_date)), 0)
            + coalesce((select sum(t.amount) from transactions t where t.ledger_id = d.ledger_id and t.kind = 'payment'
                and not t.is_reversed and t.posted_date >= d.to_date and t.billing_document_id is distinct from d.id
                and not exists (select from account_payments p where p.transaction_id = t.id and p.due_on >= d.to_date)
            ), 0))::bigint as paid_since
    from billing_documents d join ledgers l on l.id = d.ledger_id join accounts a on a.id = l.account_id
    where d.id = $1 and d.status = 'ISSUED' and d.kind <> 'credit_note'");
statement!(static PAID_BY: Schedule = concat!("
    select ", schedule_columns!(), " from payment_schedules s join accounts a on a.id = s.account_id
    where s.ledger_id = $1 and s.trigger = 'REGULAR' and s.valid_from < $2
        and (s.valid_to is null or (s.valid_to >= $2 and s.valid_to > s.valid_from))"));
statement!(static IS_OVER: (bool,) = "
    select exists (select from supply_periods s where s.account_id = $1)
        and not exists (select from supply_periods s where s.account_id = $1
            and (upper_inf(s.during) or upper(s.during) > $2))");
statement!(static KEEP: (i64,) = "
    insert into instalment_settlements (billing_document_id, account_id, ledger_id, schedule_id, instalments, result, set_off,
        paid_out, collected, unasked, collect_on, monthly_charge, old_instalment, new_instalment, new_from, is_final,
        next_settlement_on, decided_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    on conflict on constraint instalment_settlements_document_key do nothing returning id");

/// Decides what a bill that has just been issued settles, and has it carried out; nothing, unless the ledger is paid by fixed
/// instalments and billed by the periods in which its market settles them. The caller holds the ledger's balance.
pub(in crate::domain) async fn decide(tx: &mut Tx, document: i64) -> Result<(), sqlx::Error> {
    let Some(bill) = BILL.query().bind(document).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let Some(market) = market::by_code(&bill.market) else { return Ok(()) };
    let (Some(rules), Some(end)) = (&market.instalments, bill.to_date) else { return Ok(()) };
    let last_moment = market.start_of(end) - TimeDelta::seconds(1);
    if !rhythms::is_billed_every(tx, bill.ledger_id, last_moment, rules.settled_every).await? {
        return Ok(());
    }
    let paid_by = PAID_BY.query().bind(bill.ledger_id).bind(end).fetch_optional(&mut *tx).await?;
    let Some(paid_by) = paid_by else { return Ok(()) };
    let next = next(tx, market, &bill, (rules, end)).await?;
    let owed = owed(tx, &bill, (rules, &paid_by)).await?;
    let payable = payable(tx, &bill).await?;
    let credit = Split::of(bill.result.max(0), next.to_come, payable);
    let old = next.before.or(paid_by.payment_amount).unwrap_or_default();
    let next_on = rhythms::next_of(tx, bill.ledger_id, end).await?.filter(|_| !next.is_over);
    let now = tx.business_now().await?;
    let keep = KEEP.query().bind(document).bind(bill.account_id).bind(bill.ledger_id).bind(paid_by.id);
    let keep = keep.bind(bill.instalments).bind(bill.result).bind(credit.set_off).bind(credit.paid_out);
    let keep = keep.bind(owed.collected).bind(owed.unasked).bind(owed.collect_on).bind(next.monthly_charge);
    let keep = keep.bind(old).bind(next.instalment).bind(next.from).bind(next.is_over).bind(next_on);
    if let Some((id,)) = keep.bind(now).fetch_optional(&mut *tx).await? {
        soon(tx, CARRY_OUT, id).await?;
    }
    Ok(())
}

async fn soon(tx: &mut Tx, kind: &'static str, settlement: i64) -> Result<(), sqlx::Error> {
    let at_once = tx.wall_now();
    jobs::enqueue(tx, kind, &json!({ "settlement": settlement }), at_once).await.map(|_| ())
}

/// The instalments that follow a bill.
#[derive(Default)]
struct Next {
    is_over: bool,
    /// What is paid each time as yet, and from when on what.
    before: Option<Minor>,
    instalment: Option<Minor>,
    from: Option<NaiveDate>,
    /// What the next instalment comes to, in minor units.
    to_come: i64,
    monthly_charge: Option<i64>,
}

async fn next(
    tx: &mut Tx,
    market: &Market,
    bill: &Bill,
    (rules, end): (&Instalments, NaiveDate),
) -> Result<Next, sqlx::Error> {
    let over = IS_OVER.query().bind(bill.account_id).bind(market.start_of(end));
    let (is_over,) = over.fetch_one(&mut *tx).await?;
    let begun = bill.charged_from.unwrap_or(bill.from_date).max(bill.from_date);
    let days = (end - begun).num_days();
    let monthly_charge = if bill.charged > 0 && days >= LEAST {
        share(bill.charged, YEAR, MONTHS * days).filter(|charge| *charge > 0)
    } else {
        None
    };
    let none = Next { is_over, monthly_charge, ..Next::default() };
    let ledger = match Ledger::look(tx, bill.ledger_id).await {
        Ok(ledger) => ledger,
        Err(ScheduleError::Database(error)) => return Err(error),
        Err(_) => return Ok(none),
    };
    let follows = ledger.coming.last().filter(|last| last.trigger == "REGULAR" && !is_over);
    let Some(schedule) = follows else { return Ok(none) };
    let before = schedule.payment_amount;
    let from = schedule.next_due(ledger.free_from(tx).await?);
    let instalment =
        monthly_charge.and_then(|charge| fitting(charge, every(schedule), rules.step)).or(before);
    let instalment = instalment.filter(|_| from.is_some());
    let to_come = instalment.or(before).unwrap_or_default().0;
    Ok(Next { before, instalment, from: from.filter(|_| instalment.is_some()), to_come, ..none })
}

/// In which units, and how many of them, one payment of a schedule comes after another.
fn every(schedule: &Schedule) -> (Option<&str>, i64) {
    (schedule.frequency.as_deref(), i64::from(schedule.multiplier))
}

/// What a month's charge comes to each time that is paid, rounded up to a multiple of `step`.
fn fitting(monthly: i64, (unit, times): (Option<&str>, i64), step: i64) -> Option<Minor> {
    let exact = match unit {
        Some("Monthly") => monthly.checked_mul(times)?,
        Some("Weekly") => share(monthly, MONTHS * times, WEEKS)?,
        _ => return None,
    };
    let step = step.max(1);
    let whole = exact.checked_add(step - 1)? / step * step;
    Minor::positive_entry(whole).ok()
}

/// What becomes of a shortfall.
#[derive(Default)]
struct Owed {
    collected: i64,
    unasked: i64,
    collect_on: Option<NaiveDate>,
}

async fn owed(
    tx: &mut Tx,
    bill: &Bill,
    (rules, paid_by): (&Instalments, &Schedule),
) -> Result<Owed, sqlx::Error> {
    let shortfall = bill.result.min(0).saturating_neg();
    let missing = (shortfall - bill.paid_since.max(0)).max(0);
    let terms = match paid_by.method() {
        Some(method) => terms::of(tx, &bill.market, method).await?,
        None => None,
    };
    let (Some(terms), Some(issued), true) = (terms, bill.issued_on, missing > 0) else {
        return Ok(Owed { unasked: shortfall, ..Owed::default() });
    };
    let earliest = issued.checked_add_days(Days::new(rules.days_to_pay.into())).unwrap_or(issued);
    let due = bill.due_date.unwrap_or(earliest).max(earliest);
    let collect_on = Some(terms.announced(issued, due).payment_date);
    Ok(Owed { collected: missing, unasked: shortfall - missing, collect_on })
}

/// How much credit can be paid out: nothing without a bank account, and nothing that is owed or spoken for.
async fn payable(tx: &mut Tx, bill: &Bill) -> Result<i64, sqlx::Error> {
    let now = tx.business_now().await?;
    let ledger = Some(bill.ledger_id);
    if instructions::usable(tx, bill.account_id, ledger, now, Some(DIRECT_DEBIT)).await?.is_none() {
        return Ok(0);
    }
    let means = refunds::of_ledger(tx, &Viewer::server(), bill.ledger_id).await?;
    Ok(means.map_or(0, |means| means.credit()))
}

/// What becomes of a credit, in minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Split {
    set_off: i64,
    paid_out: i64,
}

impl Split {
    /// The next instalment takes what it can; what is more goes back, as far as it can be paid.
    fn of(credit: i64, instalment: i64, payable: i64) -> Self {
        let paid_out = (credit - instalment.max(0)).clamp(0, payable.max(0));
        Self { set_off: credit - paid_out, paid_out }
    }
}

/// Has settlements carried out and called off.
pub fn register(runner: &mut Runner) {
    let settlement =
        |payload: &Value| payload.get("settlement").and_then(Value::as_i64).ok_or(JobError::Payload);
    runner
        .on(CARRY_OUT, move |tx, payload| Box::pin(async move { carry_out(tx, settlement(payload)?).await }));
    runner.on(CALL_OFF, move |tx, payload| Box::pin(async move { call_off(tx, settlement(payload)?).await }));
}

statement!(static OPEN: (i64,) = "
    select id from instalment_settlements where carried_out_at is null and undone_at is null order by id limit $1");

/// Carries out what was decided, in this transaction. For worlds that are told.
pub async fn bring_up(tx: &mut Tx) -> Result<(), JobError> {
    for (id,) in OPEN.query().bind(IN_ONE_TURN).fetch_all(&mut *tx).await? {
        carry_out(tx, id).await?;
    }
    Ok(())
}

row! {
    struct Held {
        billing_document_id: i64,
        account_id: i64,
        account_number: String,
        schedule_type: String,
        paid_out: i64,
        collected: Minor,
        collect_on: Option<NaiveDate>,
        old_instalment: Minor,
        new_instalment: Option<Minor>,
        is_final: bool,
        repayment_id: Option<i64>,
        payment_id: Option<i64>,
        new_schedule_id: Option<i64>,
        is_done: bool,
        is_undone: bool,
    }
}

statement!(static LEDGER: (i64,) = "select ledger_id from instalment_settlements where id = $1");
statement!(static HOLD: Held = "
    select t.billing_document_id, t.account_id, a.number as account_number, s.schedule_type, t.paid_out, t.collected,
        t.collect_on, t.old_instalment, t.new_instalment, t.is_final, t.repayment_id, t.payment_id, t.new_schedule_id,
        t.carried_out_at is not null as is_done, t.undone_at is not null as is_undone
    from instalment_settlements t join payment_schedules s on s.id = t.schedule_id join accounts a on a.id = t.account_id
    where t.id = $1 for no key update of t");
statement!(static DONE: () = "
    update instalment_settlements set carried_out_at = $2, repayment_id = $3, payment_id = $4, new_schedule_id = $5
    where id = $1");

/// Holds how the ledger is paid, and then the settlement: whoever comes second finds it done.
async fn hold(tx: &mut Tx, id: i64) -> Result<Option<(Ledger, Held)>, JobError> {
    let Some((ledger,)) = LEDGER.query().bind(id).fetch_optional(&mut *tx).await? else { return Ok(None) };
    let ledger = Ledger::hold(tx, ledger).await.map_err(unexpected)?;
    let held = HOLD.query().bind(id).fetch_optional(&mut *tx).await?;
    Ok(held.map(|held| (ledger, held)))
}

async fn carry_out(tx: &mut Tx, id: i64) -> Result<(), JobError> {
    let Some((ledger, held)) = hold(tx, id).await?.filter(|(_, held)| !held.is_done && !held.is_undone)
    else {
        return Ok(());
    };
    let now = tx.business_now().await?;
    let repayment = pay_out(tx, &ledger, &held, now).await?;
    let payment = collect_shortfall(tx, &ledger, &held, now).await?;
    let schedule = if held.is_final {
        let from = ledger.free_from(tx).await?;
        ledger.end(tx, from).await?;
        None
    } else {
        reschedule(tx, &ledger, held.new_instalment).await?
    };
    let done = DONE.command().bind(id).bind(now).bind(repayment).bind(payment).bind(schedule);
    done.execute(&mut *tx).await?;
    Ok(())
}

async fn pay_out(
    tx: &mut Tx,
    ledger: &Ledger,
    held: &Held,
    now: DateTime<Utc>,
) -> Result<Option<i64>, sqlx::Error> {
    if held.paid_out == 0 {
        return Ok(None);
    }
    let usable = instructions::usable(tx, held.account_id, Some(ledger.id), now, Some(DIRECT_DEBIT)).await?;
    let Some(usable) = usable else { return Ok(None) };
    let new = OwnAccord {
        account: held.account_id,
        ledger: ledger.id,
        instruction: usable.id,
        amount: held.paid_out,
        today: ledger.today,
    };
    payouts::of_own_accord(tx, &new).await.map(Some)
}

/// Asks for a shortfall. A bill has one payment, so it is asked for once.
async fn collect_shortfall(
    tx: &mut Tx,
    ledger: &Ledger,
    held: &Held,
    now: DateTime<Utc>,
) -> Result<Option<i64>, sqlx::Error> {
    let (Some(day), Some(method)) = (held.collect_on, schedules::method(&held.schedule_type)) else {
        return Ok(None);
    };
    let Some(terms) = terms::of(tx, &ledger.market, method).await? else { return Ok(None) };
    // Without one the payment fails, and the customer is told.
    let usable = instructions::usable(tx, held.account_id, Some(ledger.id), now, Some(method)).await?;
    let new = NewPayment {
        account: held.account_id,
        ledger: ledger.id,
        instruction: usable.map(|usable| usable.id),
        method,
        amount: held.collected,
        plan: terms.announced(ledger.today, day),
        reason: Some("BILL_ISSUED"),
        reference: &held.account_number,
        schedule: None,
        due_on: None,
        bill: Some(held.billing_document_id),
        represents: None,
        idempotency_key: None,
    };
    life::request(tx, None, &new).await
}

/// Has another amount paid each time, from the next payment on that has not been asked for.
async fn reschedule(
    tx: &mut Tx,
    ledger: &Ledger,
    instalment: Option<Minor>,
) -> Result<Option<i64>, JobError> {
    let last = ledger.coming.last().filter(|last| last.trigger == "REGULAR" && !last.is_holiday());
    let (Some(amount), Some(last)) = (instalment, last) else { return Ok(None) };
    if last.payment_amount == Some(amount) {
        return Ok(None);
    }
    let from = ledger.free_from(tx).await?;
    let new = NewSchedule { payment_amount: Some(amount), ..NewSchedule::like(last) };
    match ledger.put(tx, None, &new, (from, last.valid_to), CallsOff::Ordinary).await {
        Ok(id) => Ok(Some(id)),
        // Somebody has arranged something else.
        Err(ScheduleError::InTheWay) => Ok(None),
        Err(error) => Err(unexpected(error)),
    }
}

fn unexpected(error: ScheduleError) -> JobError {
    match error {
        ScheduleError::Database(error) => JobError::Database(error),
        other => JobError::Other(other.to_string()),
    }
}

statement!(static UNDO: (i64,) = "
    update instalment_settlements set undone_at = $2 where billing_document_id = $1 and undone_at is null returning id");

/// Undoes what a bill settled that is undone itself: what has not been collected or paid is called off, by a job.
pub(in crate::domain) async fn undo(tx: &mut Tx, document: i64) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    match UNDO.query().bind(document).bind(now).fetch_optional(&mut *tx).await? {
        Some((id,)) => soon(tx, CALL_OFF, id).await,
        None => Ok(()),
    }
}

// A payment that failed may be about to be collected once more.
statement!(static CALL_PAYMENTS_OFF: (i64,) = "
    update account_payments set status = 'DELETED', deleted_at = $2
    where (id = $1 or represents_id = $1) and status in ('REQUESTED', 'SCHEDULED') returning id");
statement!(static CALL_REPAYMENT_OFF: () = "
    update account_repayments set status = 'WITHDRAWN', failure = $2 where id = $1 and status = 'APPROVED'");

async fn call_off(tx: &mut Tx, id: i64) -> Result<(), JobError> {
    let Some((ledger, held)) = hold(tx, id).await?.filter(|(_, held)| held.is_undone) else {
        return Ok(());
    };
    let now = tx.business_now().await?;
    if let Some(payment) = held.payment_id {
        for (gone,) in CALL_PAYMENTS_OFF.query().bind(payment).bind(now).fetch_all(&mut *tx).await? {
            collect::note(tx, &Viewer::server(), gone, "cancelled", Some(UNDONE), &json!({})).await?;
        }
    }
    CALL_REPAYMENT_OFF.command().bind(held.repayment_id).bind(UNDONE).execute(&mut *tx).await?;
    let is_last = |schedule: &Schedule| Some(schedule.id) == held.new_schedule_id;
    if ledger.coming.last().is_some_and(is_last) {
        reschedule(tx, &ledger, Some(held.old_instalment)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_next_instalment_takes_what_it_can() {
        let split = |credit, instalment, payable| {
            let Split { set_off, paid_out } = Split::of(credit, instalment, payable);
            (set_off, paid_out)
        };
        assert_eq!(split(18_000, 7_700, 18_000), (7_700, 10_300));
        assert_eq!(split(5_000, 7_700, 5_000), (5_000, 0));
        assert_eq!(split(18_000, 0, 18_000), (0, 18_000), "nothing more is supplied");
        assert_eq!(split(18_000, 7_700, 0), (18_000, 0), "there is no bank account");
        assert_eq!(split(0, 7_700, 0), (0, 0));
    }

    #[test]
    fn instalments_are_whole_and_cover_what_is_charged() {
        let every = |unit, times, monthly| fitting(monthly, (Some(unit), times), 100).map(|amount| amount.0);
        assert_eq!(every("Monthly", 1, 5950), Some(6000));
        assert_eq!(every("Monthly", 1, 6000), Some(6000));
        assert_eq!(every("Monthly", 3, 5950), Some(17_900));
        // 714.00 in 52 weeks are 13.73 a week.
        assert_eq!(every("Weekly", 2, 5950), Some(2800));
        assert_eq!(fitting(5950, (None, 1), 100), None, "what a bill comes to is no instalment");
        assert_eq!(every("Monthly", 12, i64::MAX / 2), None);
    }

    proptest! {
        #[test]
        fn a_credit_is_set_off_and_paid_out_to_the_cent(
            credit in 0..=i64::from(i32::MAX), instalment in 0..=i64::from(i32::MAX), payable in 0..=i64::from(i32::MAX),
        ) {
            let split = Split::of(credit, instalment, payable);
            prop_assert_eq!(split.set_off + split.paid_out, credit);
            prop_assert!(split.set_off >= credit.min(instalment) && split.paid_out >= 0);
            prop_assert!(split.paid_out <= payable);
            // What is set off beyond an instalment could not be paid.
            prop_assert!(split.set_off <= instalment || split.paid_out == payable);
        }
    }
}
