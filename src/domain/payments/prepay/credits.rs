//! Credit for meters: bought with a payment or from what an account has, or lent; sent until the meter has it, and taken by the
//! meter once.
//!
//! Whoever moves a credit on holds its row. It is taken from the account's ledger and committed before the network hears of it, and
//! it is sent under its own id, so that a lost answer, or a message that never arrives, is sent again.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::meters::{self, Asked, Meter, PrepayError};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::Viewer;
use crate::domain::ledgers::journal;
use crate::domain::ledgers::transfers;
use crate::domain::payments::letters;
use crate::domain::payments::vendors::meter_network::{Message, MeterNetwork, Outcome, Report};
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError};
use crate::platform::money::Minor;
use crate::platform::outside::Receipt;
use crate::platform::random::Randomness;

/// The job that moves one credit on.
pub(super) const STEP: &str = "meter-credit";
/// After how long without news credit is sent again.
pub(super) const SILENCE: TimeDelta = TimeDelta::hours(6);
/// How long what was lent counts towards the most that is lent.
const LENT_FOR: TimeDelta = TimeDelta::days(30);
const LONGEST_REASON: usize = 200;

/// Credit that somebody wants on a meter.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Which meter.
    pub asked: Asked<'a>,
    /// In minor units.
    pub amount: i64,
    /// The payment that buys it, by its id; the account's credit, without one.
    pub payment: Option<&'a str>,
    /// Whether it is lent, and paid back from what is paid next.
    pub is_lent: bool,
    /// Why, for staff.
    pub reason: Option<&'a str>,
}

/// Puts credit on a meter, now or once the payment for it has cleared. Answers the amount. The same payment again buys nothing
/// more.
pub async fn add(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    wanted: &Wanted<'_>,
) -> Result<i64, PrepayError> {
    let meter = meters::hold(tx, random, viewer, &wanted.asked).await?;
    let terms = meters::terms(tx, &meter.market).await?;
    terms.judge(wanted.amount)?;
    let reason = wanted.reason.map(str::trim).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        return Err(PrepayError::Reason);
    }
    let mut new = New { by: Some(hand(viewer)), reason, ..New::of(wanted.amount) };
    match (wanted.payment, wanted.is_lent) {
        (Some(_), true) => Err(PrepayError::Payment("What is lent is not bought with a payment.")),
        (Some(payment), false) => buy(tx, &meter, payment, new).await,
        (None, true) if viewer.account_user().is_some() => Err(PrepayError::Forbidden),
        (None, true) => {
            new.is_lent = true;
            lend(tx, &meter, terms.most_lent, &new).await
        }
        (None, false) => {
            let credit = on_ledger(tx, &meter).await?;
            if credit < wanted.amount {
                return Err(PrepayError::NotEnough(credit.max(0)));
            }
            take(tx, &meter, &new).await
        }
    }
}

/// A credit that is to be kept.
pub(super) struct New<'a> {
    pub amount: i64,
    pub is_lent: bool,
    pub payment: Option<i64>,
    pub top_up: Option<i64>,
    pub reason: Option<&'a str>,
    pub by: Option<(&'static str, i64)>,
}

impl New<'_> {
    pub fn of(amount: i64) -> Self {
        Self { amount, is_lent: false, payment: None, top_up: None, reason: None, by: None }
    }
}

statement!(static ADD: (i64,) = "
    insert into meter_credits (prepay_meter_id, amount, is_lent, payment_id, auto_top_up_id, status, transaction_id, reason,
        asked_at, made_by_kind, made_by_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing returning id");

/// Keeps a credit, and has it moved on. None where its payment has bought one, or the meter is being topped up by itself.
pub(super) async fn keep(
    tx: &mut Tx,
    meter: &Meter,
    new: &New<'_>,
    transaction: Option<i64>,
) -> Result<Option<i64>, sqlx::Error> {
    let now = tx.business_now().await?;
    let (kind, by) = new.by.unzip();
    let status = if new.payment.is_some() { "WAITING" } else { "ORDERED" };
    let add =
        ADD.query().bind(meter.id).bind(new.amount).bind(new.is_lent).bind(new.payment).bind(new.top_up);
    let add = add.bind(status).bind(transaction).bind(new.reason).bind(now).bind(kind).bind(by);
    let Some((id,)) = add.fetch_optional(&mut *tx).await? else { return Ok(None) };
    let at_once = tx.wall_now();
    jobs::enqueue(tx, STEP, &json!({ "credit": id }), at_once).await?;
    Ok(Some(id))
}

/// What an account has in credit on its main ledger. The ledgers are held.
async fn on_ledger(tx: &mut Tx, meter: &Meter) -> Result<i64, sqlx::Error> {
    let ends = [meter.main_ledger_id, meter.ledger_id];
    let held = journal::hold(tx, &ends, &meter.market()?.currency.code).await?;
    Ok(held.get(&meter.main_ledger_id).copied().unwrap_or_default().0)
}

/// Takes credit from the account's ledger for the meter. Answers the transaction on that ledger.
async fn carry(tx: &mut Tx, meter: &Meter, amount: i64) -> Result<i64, PrepayError> {
    let note = format!("Credit for the meter {}.", meter.serial_number);
    let ends = [meter.main_ledger_id, meter.ledger_id];
    let [charge, _] = transfers::carry(tx, meter.market()?, ends, Minor(amount), &note).await?;
    Ok(charge)
}

async fn take(tx: &mut Tx, meter: &Meter, new: &New<'_>) -> Result<i64, PrepayError> {
    let transaction = carry(tx, meter, new.amount).await?;
    keep(tx, meter, new, Some(transaction)).await?;
    Ok(new.amount)
}

/// Passes as much of an amount to a meter as the account has in credit.
pub(super) async fn pass(tx: &mut Tx, meter: &Meter, amount: i64) -> Result<(), PrepayError> {
    let amount = amount.min(on_ledger(tx, meter).await?);
    if amount > 0 {
        take(tx, meter, &New::of(amount)).await?;
    }
    Ok(())
}

statement!(static LENT: (i64,) = "
    select coalesce(sum(amount), 0)::bigint from meter_credits
    where prepay_meter_id = $1 and is_lent and status <> 'REFUSED' and asked_at > $2");

async fn lend(tx: &mut Tx, meter: &Meter, most: i64, new: &New<'_>) -> Result<i64, PrepayError> {
    let since: DateTime<Utc> = tx.business_now().await? - LENT_FOR;
    let (lent,) = LENT.query().bind(meter.id).bind(since).fetch_one(&mut *tx).await?;
    if lent + new.amount > most {
        return Err(PrepayError::LentEnough((most - lent).max(0)));
    }
    keep(tx, meter, new, None).await?;
    Ok(new.amount)
}

row! {
    struct Paid {
        id: i64,
        amount: i64,
        status: String,
    }
}

row! {
    struct Bought {
        prepay_meter_id: i64,
        amount: i64,
    }
}

statement!(static PAYMENT: Paid = "
    select id, amount, status from account_payments where id = $1 and account_id = $2 and ledger_id = $3");
statement!(static BOUGHT: Bought = "
    select prepay_meter_id, amount from meter_credits where payment_id = $1");

async fn buy(tx: &mut Tx, meter: &Meter, payment: &str, mut new: New<'_>) -> Result<i64, PrepayError> {
    let payment: i64 = payment.parse().map_err(|_| PrepayError::UnknownPayment)?;
    let query = PAYMENT.query().bind(payment).bind(meter.account_id).bind(meter.main_ledger_id);
    let paid = query.fetch_optional(&mut *tx).await?.ok_or(PrepayError::UnknownPayment)?;
    if !matches!(paid.status.as_str(), "REQUESTED" | "SCHEDULED" | "PENDING" | "CLEARED") {
        return Err(PrepayError::Payment("Nothing is paid by this payment."));
    }
    if new.amount > paid.amount {
        return Err(PrepayError::Payment("The payment is for less than that."));
    }
    new.payment = Some(paid.id);
    if keep(tx, meter, &new, None).await?.is_some() {
        return Ok(new.amount);
    }
    // Whoever has not heard the answer asks again.
    let bought = BOUGHT.query().bind(paid.id).fetch_optional(&mut *tx).await?;
    let is_same = |bought: &Bought| bought.prepay_meter_id == meter.id && bought.amount == new.amount;
    let bought = bought.filter(is_same);
    bought.map(|bought| bought.amount).ok_or(PrepayError::Payment("The payment has bought other credit."))
}

row! {
    struct Held {
        id: i64,
        prepay_meter_id: i64,
        amount: i64,
        is_lent: bool,
        status: String,
        orders: i32,
        sent_at: Option<DateTime<Utc>>,
        payment_id: Option<i64>,
        auto_top_up_id: Option<i64>,
    }
}

statement!(static HOLD: Held = "
    select id, prepay_meter_id, amount, is_lent, status, orders, sent_at, payment_id, auto_top_up_id
    from meter_credits where id = $1 for no key update");
statement!(static STATUS: (String,) = "select status from account_payments where id = $1");
statement!(static FOLLOW: (i64,) = "
    update meter_credits c set payment_id = p.id from account_payments p
    where c.id = $1 and p.represents_id = c.payment_id returning c.id");
statement!(static PASSED: () = "
    update meter_credits set status = 'ORDERED', amount = $2, transaction_id = $3 where id = $1");
statement!(static CANCEL: () = "
    update meter_credits set status = 'CANCELLED', ended_at = $2, reason = coalesce(reason, $3) where id = $1");

/// Moves a credit on as far as it can go now.
pub(super) async fn step(tx: &mut Tx, network: &dyn MeterNetwork, credit: i64) -> Result<(), JobError> {
    let Some(held) = HOLD.query().bind(credit).fetch_optional(&mut *tx).await? else { return Ok(()) };
    if held.status == "WAITING" {
        let payment = held.payment_id.unwrap_or_default();
        let status = STATUS.query().bind(payment).fetch_optional(&mut *tx).await?;
        match status.as_ref().map(|(status,)| status.as_str()) {
            Some("CLEARED") => paid(tx, &held).await.map_err(failed)?,
            Some("FAILED" | "DELETED") => unpaid(tx, &held).await?,
            _ => {}
        }
        // What has been paid for is committed before the network hears of it.
        return Ok(());
    }
    let now = tx.business_now().await?;
    let is_silent = held.status == "SENT" && held.sent_at.is_some_and(|sent| sent + SILENCE <= now);
    if held.status == "ORDERED" || is_silent { send(tx, network, &held).await } else { Ok(()) }
}

/// The payment has failed; one that is collected again may still clear.
async fn unpaid(tx: &mut Tx, held: &Held) -> Result<(), sqlx::Error> {
    let follows = FOLLOW.query().bind(held.id).fetch_optional(&mut *tx).await?.is_some();
    if follows { Ok(()) } else { cancel(tx, held, "The payment has failed.").await }
}

/// What a use case could not do, as jobs have it.
pub(super) fn failed(error: PrepayError) -> JobError {
    match error {
        PrepayError::Database(error) => JobError::Database(error),
        other => JobError::Other(other.to_string()),
    }
}

/// The payment has cleared: as much goes to the meter as the account does not owe otherwise.
async fn paid(tx: &mut Tx, held: &Held) -> Result<(), PrepayError> {
    let meter = meters::by_id(tx, held.prepay_meter_id).await?;
    let amount = held.amount.min(on_ledger(tx, &meter).await?);
    if amount <= 0 || meter.is_over {
        return Ok(cancel(tx, held, "Nothing was left of the payment.").await?);
    }
    let transaction = carry(tx, &meter, amount).await?;
    PASSED.command().bind(held.id).bind(amount).bind(transaction).execute(&mut *tx).await?;
    let at_once = tx.wall_now();
    jobs::enqueue(tx, STEP, &json!({ "credit": held.id }), at_once).await?;
    Ok(())
}

statement!(static STOP: (i64,) = "
    update auto_top_ups set effective_to = greatest(effective_from, $2)
    where id = $1 and effective_to is null returning id");

/// A credit that is not to be. Where a meter was to be topped up by itself, that is over: nobody's card is tried for ever.
async fn cancel(tx: &mut Tx, held: &Held, why: &str) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    CANCEL.command().bind(held.id).bind(now).bind(why).execute(&mut *tx).await?;
    let Some(top_up) = held.auto_top_up_id else { return Ok(()) };
    if STOP.query().bind(top_up).bind(now).fetch_optional(&mut *tx).await?.is_some() {
        let meter = meters::by_id(tx, held.prepay_meter_id).await?;
        let text = format!(
            "Hello,\n\nyour meter {} could not be topped up by itself, and will not be any more. {why} Please top it up in \
             another way, and set automatic top-ups up again.",
            meter.serial_number
        );
        let subject = "Automatic top-ups have been stopped";
        letters::tell(tx, meter.account_id, "meter-top-ups-stopped", subject, &text).await?;
    }
    Ok(())
}

statement!(static SENT: () = "update meter_credits set status = 'SENT', sent_at = $2 where id = $1");
statement!(static UNANSWERED: () = "update meter_credits set orders = orders + 1 where id = $1");

async fn send(tx: &mut Tx, network: &dyn MeterNetwork, held: &Held) -> Result<(), JobError> {
    let meter = meters::by_id(tx, held.prepay_meter_id).await?;
    let message = Message {
        reference: held.id.to_string(),
        device_id: meter.device_id.clone(),
        amount: held.amount,
        orders: held.orders,
    };
    match network.send(tx, &message).await? {
        Receipt::Taken { .. } => {
            let now = tx.business_now().await?;
            SENT.command().bind(held.id).bind(now).execute(&mut *tx).await?;
            Ok(())
        }
        Receipt::Refused(why) => refuse(tx, held, &meter, why).await.map_err(failed),
        Receipt::Later(_) => {
            UNANSWERED.command().bind(held.id).execute(&mut *tx).await?;
            let again = tx.wall_now() + jobs::backoff(held.orders.saturating_add(1));
            jobs::enqueue(tx, STEP, &json!({ "credit": held.id }), again).await?;
            Ok(())
        }
    }
}

statement!(static ARRIVED: () = "update meter_credits set status = 'ARRIVED', arrived_at = $2 where id = $1");
statement!(static TOKEN: () = "update meter_credits set status = 'TOKEN', token = $2 where id = $1");
statement!(static REFUSED: () = "
    update meter_credits set status = 'REFUSED', ended_at = $2, reason = coalesce(reason, $3) where id = $1");

/// Takes in what the network reports. A second report on the same changes nothing.
pub(super) async fn take_in(tx: &mut Tx, report: &Report) -> Result<(), JobError> {
    let credit: i64 = report.reference.parse().map_err(|_| JobError::Payload)?;
    let Some(held) = HOLD.query().bind(credit).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let is_out = matches!(held.status.as_str(), "ORDERED" | "SENT");
    let now = tx.business_now().await?;
    match &report.outcome {
        Outcome::Arrived if is_out || held.status == "TOKEN" => {
            ARRIVED.command().bind(held.id).bind(now).execute(&mut *tx).await?;
        }
        Outcome::Unreachable(token) if is_out => {
            TOKEN.command().bind(held.id).bind(token).execute(&mut *tx).await?;
            let meter = meters::by_id(tx, held.prepay_meter_id).await?;
            let text = format!(
                "Hello,\n\nyour meter {} could not be reached. Please type {token} into it: that puts {} on it.",
                meter.serial_number,
                letters::money(meter.market()?, Minor(held.amount))
            );
            letters::tell(tx, meter.account_id, "meter-token", "Credit for your meter", &text).await?;
        }
        Outcome::Refused if is_out => {
            let meter = meters::by_id(tx, held.prepay_meter_id).await?;
            refuse(tx, &held, &meter, "The meter does not take it.").await.map_err(failed)?;
        }
        _ => {}
    }
    Ok(())
}

/// The meter does not take a credit, which goes back to the account's ledger.
async fn refuse(tx: &mut Tx, held: &Held, meter: &Meter, why: &str) -> Result<(), PrepayError> {
    let now = tx.business_now().await?;
    REFUSED.command().bind(held.id).bind(now).bind(why).execute(&mut *tx).await?;
    if !held.is_lent {
        let ends = [meter.ledger_id, meter.main_ledger_id];
        let balances = journal::hold(tx, &ends, &meter.market()?.currency.code).await?;
        let left = balances.get(&meter.ledger_id).copied().unwrap_or_default().0.min(held.amount);
        if left > 0 {
            let note = format!("The meter {} did not take its credit.", meter.serial_number);
            transfers::carry(tx, meter.market()?, ends, Minor(left), &note).await?;
        }
    }
    let text = format!(
        "Hello,\n\nyour meter {} did not take {}. What you paid is in credit on your account {}.",
        meter.serial_number,
        letters::money(meter.market()?, Minor(held.amount)),
        meter.account_number
    );
    letters::tell(tx, meter.account_id, "meter-credit-refused", "Credit for your meter", &text).await?;
    Ok(())
}

statement!(static DUE: (i64,) = "
    select c.id from meter_credits c left join account_payments p on p.id = c.payment_id
    where c.status = 'ORDERED' or (c.status = 'SENT' and c.sent_at <= $1)
        or (c.status = 'WAITING' and p.status in ('CLEARED', 'FAILED', 'DELETED'))
    order by c.id limit $2");

/// The credits that can be moved on.
pub(super) async fn due(tx: &mut Tx, limit: i64) -> Result<Vec<i64>, sqlx::Error> {
    let silent: DateTime<Utc> = tx.business_now().await? - SILENCE;
    let due = DUE.query().bind(silent).bind(limit).fetch_all(&mut *tx).await?;
    Ok(due.into_iter().map(|(id,)| id).collect())
}
