//! What customers and staff do to payment schedules.

use chrono::NaiveDate;
use thiserror::Error;

use super::adequacy;
use super::collect::{self, Payer};
use super::held_schedules::{CallsOff, LAST_SURE_DAY, Ledger, NewSchedule};
use super::instructions;
use super::schedules::{self, Schedule};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Cause, Tx, row, statement};
use crate::platform::market;
use crate::platform::money::Minor;

pub use super::held_schedules::{AmountFlaw, ScheduleError};

async fn shown(tx: &mut Tx, viewer: &Viewer, id: i64) -> Result<Schedule, ScheduleError> {
    let found = schedules::by_ids(tx, viewer, &[id]).await?.pop().flatten();
    found.ok_or(ScheduleError::NoneActive)
}

/// The kind of schedule by which a ledger can be collected from: what its instruction is for.
async fn collectable(tx: &mut Tx, account: i64, ledger: i64) -> Result<&'static str, ScheduleError> {
    let now = tx.business_now().await?;
    let usable = instructions::usable(tx, account, Some(ledger), now, None).await?;
    match usable.as_ref().map(|usable| usable.kind.as_str()) {
        Some("DIRECT_DEBIT") => Ok("DIRECT_DEBIT"),
        Some("CARD") => Ok("CARD_PAYMENT"),
        _ => Err(ScheduleError::NoInstruction),
    }
}

fn sure_day(day: i32) -> Result<i32, ScheduleError> {
    if (1..=LAST_SURE_DAY).contains(&day) { Ok(day) } else { Err(ScheduleError::Day) }
}

/// Looks at an amount: it must be possible, and in proportion to what is charged in a month, as far as that is known.
async fn judge(tx: &mut Tx, ledger: i64, today: NaiveDate, amount: i64) -> Result<Minor, ScheduleError> {
    let amount = Minor::positive_entry(amount).map_err(|_| ScheduleError::Amount(AmountFlaw::Impossible))?;
    let Some(usual) = adequacy::monthly_charge(tx, ledger, today).await? else { return Ok(amount) };
    if amount.0 < usual / 2 {
        return Err(ScheduleError::Amount(AmountFlaw::TooLow));
    }
    if amount.0 / 10 > usual {
        return Err(ScheduleError::Amount(AmountFlaw::TooHigh));
    }
    Ok(amount)
}

/// Starts payments on a ledger, or changes those that it has: so much on a day of every month, or without an amount what
/// each bill comes to. What is left out of the day stays.
pub async fn start(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    ledger: &str,
    day: Option<i32>,
    amount: Option<i64>,
) -> Result<Schedule, ScheduleError> {
    let payer = collect::payer(tx, viewer, account_number).await?;
    let ledger = collect::paid_ledger(tx, payer.id, ledger).await?;
    let ledger = Ledger::hold(tx, ledger).await?;
    let current = ledger.current();
    if current.is_some_and(|current| current.trigger == "PLAN") {
        return Err(ScheduleError::Planned);
    }
    let day = day.map(sure_day).transpose()?;
    let amount = match amount {
        Some(amount) => Some(judge(tx, ledger.id, ledger.today, amount).await?),
        None => None,
    };
    let known = current.and_then(|current| current.payment_day);
    if current.is_some_and(|now| {
        !now.is_holiday()
            && now.trigger != "BALANCE"
            && now.payment_amount == amount
            && day.is_none_or(|day| Some(day) == known)
    }) {
        return Err(ScheduleError::NothingNew);
    }
    let day = day.or(known);
    let kind = collectable(tx, payer.id, ledger.id).await?;
    let new = match (amount, day) {
        (Some(amount), Some(day)) => NewSchedule::monthly(kind, day, amount),
        (Some(_), None) => return Err(ScheduleError::NoneActive),
        (None, day) => NewSchedule::by_bill(kind, day),
    };
    let from = ledger.free_from(tx).await?;
    let id = ledger.put(tx, Some(viewer), &new, (from, None), CallsOff::Ordinary).await?;
    shown(tx, viewer, id).await
}

row! {
    struct MainOne {
        ledger_id: i64,
    }
}

statement!(static MAIN_ONE: MainOne = "
    select s.ledger_id from payment_schedules s join ledgers l on l.id = s.ledger_id
    where s.account_id = $1 and s.valid_from <= $2 and (s.valid_to is null or s.valid_to > $2)
    order by l.is_main desc, s.ledger_id limit 1");
statement!(static MAIN_LEDGER: (i64,) = "select id from ledgers where account_id = $1 and is_main");
statement!(static UNDER_WAY: (bool,) = "
    select exists (select 1 from account_payments where ledger_id = $1 and schedule_id is not null
        and status in ('SCHEDULED', 'PENDING'))");
statement!(static DUNNED: (bool,) = "
    select exists (select 1 from processes where account_id = $1 and kind = 'dunning' and ended_at is null)");

/// The ledger of an account whose schedule holds today, the main one before all others.
async fn ledger_with_schedule(tx: &mut Tx, payer: &Payer) -> Result<Ledger, ScheduleError> {
    let now = tx.business_now().await?;
    let today = market::by_code(&payer.market).ok_or(ScheduleError::NoLedger)?.day(now);
    let found = MAIN_ONE.query().bind(payer.id).bind(today).fetch_optional(&mut *tx).await?;
    Ledger::hold(tx, found.ok_or(ScheduleError::NoneActive)?.ledger_id).await
}

/// What holds in the end and may be changed: regular payments of a fixed amount that are not a plan's.
fn changeable(ledger: &Ledger) -> Result<&Schedule, ScheduleError> {
    let last = ledger.coming.last().ok_or(ScheduleError::NoneActive)?;
    match last.trigger.as_str() {
        "REGULAR" if !last.is_holiday() => Ok(last),
        _ if last.valid_from > ledger.today => Err(ScheduleError::InTheWay),
        "PLAN" => Err(ScheduleError::Planned),
        _ => Err(ScheduleError::Fixed),
    }
}

/// A refusal, and by the rules of which market it is told.
#[derive(Debug, Error)]
#[error("{error}")]
pub struct Refusal {
    /// The account's market; none where there is no account.
    pub market: Option<&'static str>,
    /// Why.
    pub error: ScheduleError,
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self { market: None, error: error.into() }
    }
}

impl Cause for Refusal {
    fn cause(&self) -> Option<&sqlx::Error> {
        self.error.cause()
    }
}

async fn payer_of(tx: &mut Tx, viewer: &Viewer, number: &str) -> Result<Payer, Refusal> {
    let payer = collect::payer(tx, viewer, number).await;
    payer.map_err(|error| Refusal { market: None, error: error.into() })
}

/// Puts the market of whoever pays to a refusal.
fn at_home<T>(payer: &Payer, done: Result<T, ScheduleError>) -> Result<T, Refusal> {
    let market = market::by_code(&payer.market).map(|market| market.code.as_str());
    done.map_err(|error| Refusal { market, error })
}

/// Changes how much an account pays each time.
pub async fn set_amount(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    amount: i64,
) -> Result<Schedule, Refusal> {
    let payer = payer_of(tx, viewer, account_number).await?;
    let done = amount_of(tx, viewer, &payer, amount).await;
    at_home(&payer, done)
}

async fn amount_of(
    tx: &mut Tx,
    viewer: &Viewer,
    payer: &Payer,
    amount: i64,
) -> Result<Schedule, ScheduleError> {
    let ledger = ledger_with_schedule(tx, payer).await?;
    let current = changeable(&ledger)?;
    let amount = judge(tx, ledger.id, ledger.today, amount).await?;
    let before = current.payment_amount.unwrap_or_default();
    if amount == before {
        return Err(ScheduleError::Amount(AmountFlaw::Same));
    }
    let (is_dunned,) = DUNNED.query().bind(payer.id).fetch_one(&mut *tx).await?;
    if amount < before && is_dunned {
        return Err(ScheduleError::Amount(AmountFlaw::InDebt));
    }
    let new = NewSchedule { payment_amount: Some(amount), ..NewSchedule::like(current) };
    let from = ledger.free_from(tx).await?;
    let id = ledger.put(tx, Some(viewer), &new, (from, current.valid_to), CallsOff::Ordinary).await?;
    shown(tx, viewer, id).await
}

/// Changes the day of the month on which an account pays.
pub async fn set_day(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    day: i32,
) -> Result<Schedule, Refusal> {
    let payer = payer_of(tx, viewer, account_number).await?;
    let done = day_of(tx, viewer, &payer, day, false).await;
    at_home(&payer, done)
}

/// As [`set_day`], for accounts that pay by direct debit.
pub async fn move_direct_debit(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    day: i32,
) -> Result<Schedule, Refusal> {
    let payer = payer_of(tx, viewer, account_number).await?;
    let done = day_of(tx, viewer, &payer, day, true).await;
    at_home(&payer, done)
}

async fn day_of(
    tx: &mut Tx,
    viewer: &Viewer,
    payer: &Payer,
    day: i32,
    by_direct_debit: bool,
) -> Result<Schedule, ScheduleError> {
    if payer.market == "gb" && payer.account_type.starts_with("BUSINESS") {
        return Err(ScheduleError::Business);
    }
    let ledger = ledger_with_schedule(tx, payer).await?;
    let current = changeable(&ledger)?;
    let is_direct_debit = current.schedule_type == "DIRECT_DEBIT";
    if current.frequency.as_deref() != Some("Monthly") || (by_direct_debit && !is_direct_debit) {
        return Err(ScheduleError::Fixed);
    }
    let day = sure_day(day)?;
    if current.payment_day == Some(day) {
        return Err(ScheduleError::SameDay);
    }
    let (under_way,) = UNDER_WAY.query().bind(ledger.id).fetch_one(&mut *tx).await?;
    if under_way {
        return Err(ScheduleError::UnderWay);
    }
    let new = NewSchedule { payment_day: Some(day), ..NewSchedule::like(current) };
    let from = ledger.free_from(tx).await?;
    let id = ledger.put(tx, Some(viewer), &new, (from, current.valid_to), CallsOff::Ordinary).await?;
    shown(tx, viewer, id).await
}

statement!(static BILLED_SINCE: (bool,) = "
    select exists (select 1 from billing_documents d join ledgers l on l.id = d.ledger_id
        where l.account_id = $1 and d.status = 'ISSUED' and d.kind <> 'credit_note' and d.issued_on >= $2)");
/// How recent a bill must be for an amount to be worked out from it.
const RECENT: chrono::TimeDelta = chrono::TimeDelta::days(60);

/// Sets the amount and day of an account's monthly payment, on its main ledger.
pub async fn set_monthly(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    amount: i64,
    day: i32,
) -> Result<Schedule, ScheduleError> {
    let payer = collect::payer(tx, viewer, account_number).await?;
    let main = MAIN_LEDGER.query().bind(payer.id).fetch_optional(&mut *tx).await?;
    let ledger = Ledger::hold(tx, main.ok_or(ScheduleError::NoLedger)?.0).await?;
    let (is_billed,) =
        BILLED_SINCE.query().bind(payer.id).bind(ledger.today - RECENT).fetch_one(&mut *tx).await?;
    if !is_billed {
        return Err(ScheduleError::NoRecentBill);
    }
    let day = sure_day(day)?;
    let amount = judge(tx, ledger.id, ledger.today, amount).await?;
    if ledger.current().is_some_and(|current| current.trigger == "PLAN") {
        return Err(ScheduleError::Planned);
    }
    let kind = collectable(tx, payer.id, ledger.id).await?;
    let from = ledger.free_from(tx).await?;
    let new = NewSchedule::monthly(kind, day, amount);
    let id = ledger.put(tx, Some(viewer), &new, (from, None), CallsOff::Ordinary).await?;
    shown(tx, viewer, id).await
}

/// A change to paying what each bill comes to.
#[derive(Clone, Copy, Debug)]
pub struct ToVariable<'a> {
    /// Number of the account.
    pub account_number: &'a str,
    /// Number of one of its ledgers.
    pub ledger: &'a str,
    /// The first day of it; as soon as possible if none is named.
    pub from: Option<NaiveDate>,
    /// For staff.
    pub note: Option<&'a str>,
    /// Whether schedules that would begin later are called off, instead of being in the way.
    pub calls_off: bool,
}

/// Has a ledger paid what each bill comes to.
pub async fn to_variable(
    tx: &mut Tx,
    viewer: &Viewer,
    wanted: &ToVariable<'_>,
) -> Result<Schedule, ScheduleError> {
    let payer = collect::payer(tx, viewer, wanted.account_number).await?;
    let ledger = collect::paid_ledger(tx, payer.id, wanted.ledger).await?;
    let ledger = Ledger::hold(tx, ledger).await?;
    let current = ledger.current();
    if current.is_some_and(|current| current.trigger == "PLAN") {
        return Err(ScheduleError::Planned);
    }
    if current.is_some_and(Schedule::is_variable) && ledger.coming.len() == 1 {
        return Err(ScheduleError::NothingNew);
    }
    let kind = collectable(tx, payer.id, ledger.id).await?;
    let earliest = ledger.free_from(tx).await?;
    let from = wanted.from.unwrap_or(earliest);
    if from < earliest {
        return Err(ScheduleError::TooSoon);
    }
    let day = current.and_then(|current| current.payment_day);
    let calls_off = if wanted.calls_off { CallsOff::All } else { CallsOff::Nothing };
    let new = NewSchedule { note: wanted.note, ..NewSchedule::by_bill(kind, day) };
    let id = ledger.put(tx, Some(viewer), &new, (from, None), calls_off).await?;
    shown(tx, viewer, id).await
}

/// Changes how much is collected each time the balance of a ledger runs low.
pub async fn set_top_up(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    ledger: i64,
    amount: i64,
) -> Result<Schedule, ScheduleError> {
    let payer = collect::payer(tx, viewer, account_number).await?;
    let ledger = collect::paid_ledger(tx, payer.id, &ledger.to_string()).await?;
    let ledger = Ledger::hold(tx, ledger).await?;
    let current = ledger.current().ok_or(ScheduleError::NoneActive)?;
    if current.trigger != "BALANCE" {
        return Err(ScheduleError::NotByBalance);
    }
    let amount = Minor::positive_entry(amount).map_err(|_| ScheduleError::Amount(AmountFlaw::Impossible))?;
    collectable(tx, payer.id, ledger.id).await?;
    let new = NewSchedule { payment_amount: Some(amount), ..NewSchedule::like(current) };
    let id = ledger.put(tx, Some(viewer), &new, (ledger.today, current.valid_to), CallsOff::Ordinary).await?;
    shown(tx, viewer, id).await
}
