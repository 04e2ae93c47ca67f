//! The round of bills: a document is opened for each period of a ledger, takes in what was posted when the period is
//! over, and is issued.
//!
//! The upkeep finds the ledgers that are due by business time and leaves a job for each, so that every ledger is
//! billed in a transaction of its own, under the lock that postings take.

use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::issue;
use super::rhythms::{self, Billed};
use crate::domain::ledgers::dunning::today;
use crate::domain::payments::prepay::spending;
use crate::domain::supply::charging::{self, ChargingError};
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};
use crate::platform::market::{self, Market};

/// The job that bills one ledger.
const BILL: &str = "bill-ledger";
/// How many ledgers are found in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 10_000;
/// How many periods one job works through: more than anybody lets pile up.
const MOST_PERIODS: usize = 600;

statement!(static DUE: (i64, NaiveDate) = "
    select l.id, today.day
    from unnest($1::text[], $2::date[]) as today (market, day) join accounts a on a.market = today.market
        join ledgers l on l.account_id = a.id and (l.supports_statements or l.supports_invoices)
        left join billing_documents d on d.ledger_id = l.id and d.status = 'OPEN' and d.kind <> 'credit_note'
    where a.status not in ('WITHDRAWN', 'ENROLMENT_REJECTED', 'VOID') and (d.id is null or d.to_date <= today.day)
    order by l.id limit $3");

/// Has the ledgers billed whose period is over, and every ledger without an open document given one.
pub fn register(runner: &mut Runner) {
    runner.on(BILL, |tx, payload| {
        Box::pin(async move {
            let ledger = payload.get("ledger").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            Ok(bill(tx, ledger).await?)
        })
    });
    let hour = TimeDelta::from_std(Duration::from_secs(3600)).unwrap_or(TimeDelta::MAX);
    runner.every(hour, "upkeep-billing", |tx, _| Box::pin(async move { Ok(turn(tx).await?) }));
}

/// One turn of the upkeep. A ledger that has been found on a day is not found again on that day.
pub async fn turn(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let due = DUE.query().bind(markets).bind(days).bind(IN_ONE_TURN).fetch_all(&mut *tx).await?;
    let due: Vec<(String, Value)> = due
        .into_iter()
        .map(|(ledger, day)| (format!("{ledger}:{day}"), json!({ "ledger": ledger })))
        .collect();
    let at_once = tx.wall_now();
    jobs::enqueue_once(tx, BILL, &due, at_once).await
}

/// Bills every ledger that is due, in this transaction. For worlds that are told in one.
pub async fn bill_due(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let due = DUE.query().bind(markets).bind(days).bind(IN_ONE_TURN).fetch_all(&mut *tx).await?;
    let due: Vec<i64> = due.into_iter().map(|(ledger, _)| ledger).collect();
    for billed in rhythms::hold(tx, &due).await? {
        bring_up(tx, &billed).await?;
    }
    Ok(())
}

row! {
    struct Open {
        id: i64,
        from_date: NaiveDate,
        to_date: Option<NaiveDate>,
        is_held: bool,
    }
}

statement!(static OPEN: Open = "
    select id, from_date, to_date, held_reason is not null as is_held from billing_documents
    where ledger_id = $1 and status = 'OPEN' and kind <> 'credit_note' for no key update");
statement!(static BILLED_TO: (Option<NaiveDate>,) = "
    select max(to_date) from billing_documents where ledger_id = $1 and kind <> 'credit_note'");
statement!(static BEGIN: Open = "
    insert into billing_documents (ledger_id, kind, from_date, to_date, opened_at) values ($1, $2, $3, $4, $5)
    returning id, from_date, to_date, false as is_held");
statement!(static MOVE: () = "
    update billing_documents set from_date = $2, to_date = $3, kind = $4 where id = $1");
statement!(static TAKE_IN: () = "
    update transactions set billing_document_id = $1, is_held = $4
    where ledger_id = $2 and billing_document_id is null and (posted_date < $3 or id = any($5))");
statement!(static CLOSE: () = "
    update billing_documents d
    set status = 'CLOSED', to_date = coalesce($2, d.to_date), closed_at = $3, position = coalesce(last.position, 0) + 1,
        opening_balance = coalesce(last.closing_balance, 0), charges_net = held.charges_net,
        charges_tax = held.charges_tax, credits_net = held.credits_net, credits_tax = held.credits_tax,
        payments = held.payments, refunds = held.refunds, transactions = held.transactions,
        reversed_at_close = held.reversed, closing_balance = coalesce(last.closing_balance, 0)
            - held.charges_net - held.charges_tax + held.credits_net + held.credits_tax + held.payments - held.refunds
    from (
        select count(*) as transactions, count(*) filter (where is_reversed) as reversed,
            coalesce(sum(net_amount) filter (where kind = 'charge'), 0)::bigint as charges_net,
            coalesce(sum(tax_amount) filter (where kind = 'charge'), 0)::bigint as charges_tax,
            coalesce(sum(net_amount) filter (where kind = 'credit'), 0)::bigint as credits_net,
            coalesce(sum(tax_amount) filter (where kind = 'credit'), 0)::bigint as credits_tax,
            coalesce(sum(amount) filter (where kind = 'payment'), 0)::bigint as payments,
            coalesce(sum(amount) filter (where kind = 'refund'), 0)::bigint as refunds
        from transactions where billing_document_id = $1
    ) held left join (
        select b.position, b.closing_balance from billing_documents b
        where b.ledger_id = (select ledger_id from billing_documents where id = $1) and b.position is not null
        order by b.position desc limit 1
    ) last on true
    where d.id = $1 and d.status = 'OPEN'");

/// Brings the bills of a ledger up to now: closes each period that is over, issues what is closed and not held, and
/// leaves one open document.
pub async fn bill(tx: &mut Tx, ledger: i64) -> Result<(), sqlx::Error> {
    match hold(tx, ledger).await? {
        Some(billed) => bring_up(tx, &billed).await,
        None => Ok(()),
    }
}

async fn bring_up(tx: &mut Tx, billed: &Billed) -> Result<(), sqlx::Error> {
    let Some(market) = market::by_code(billed.market()) else { return Ok(()) };
    let today = market.day(tx.business_now().await?);
    let mut open = open(tx, billed).await?;
    for _ in 0..MOST_PERIODS {
        let Some(end) = open.to_date.filter(|end| *end <= today) else { break };
        open = if close(tx, (billed.ledger(), market), &open, end, end).await? {
            begin(tx, billed, end).await?
        } else {
            // Nothing happened, so there is nothing to bill: the document is for the next period.
            let (next, kind) = billed.period(end);
            MOVE.command().bind(open.id).bind(end).bind(next).bind(kind).execute(&mut *tx).await?;
            Open { from_date: end, to_date: next, ..open }
        };
    }
    issue::of_ledger(tx, billed.ledger()).await
}

/// Bills a ledger up to and with today, whatever its period, and answers whether there was anything to bill. The next
/// period begins tomorrow. What is used today is not known yet.
pub async fn bill_now(tx: &mut Tx, ledger: i64) -> Result<bool, sqlx::Error> {
    bill_ahead(tx, ledger, |today| Some((today.succ_opt()?, today))).await
}

/// Bills a ledger before a day that is not after today, whatever its period, and answers whether there was anything to bill.
/// The next period begins on that day.
pub async fn bill_until(tx: &mut Tx, ledger: i64, end: NaiveDate) -> Result<bool, sqlx::Error> {
    bill_ahead(tx, ledger, |today| Some((end.min(today), end.min(today)))).await
}

/// Ends the period of a ledger on the first of the days that `ends` names, and charges what was supplied before the second.
async fn bill_ahead(
    tx: &mut Tx,
    ledger: i64,
    ends: impl FnOnce(NaiveDate) -> Option<(NaiveDate, NaiveDate)>,
) -> Result<bool, sqlx::Error> {
    let Some(billed) = hold(tx, ledger).await? else { return Ok(false) };
    bring_up(tx, &billed).await?;
    let Some(market) = market::by_code(billed.market()) else { return Ok(false) };
    let now = tx.business_now().await?;
    let open = open(tx, &billed).await?;
    let Some((end, used_to)) = ends(market.day(now)).filter(|(end, _)| *end > open.from_date) else {
        return Ok(false);
    };
    let closed = close(tx, (ledger, market), &open, end, used_to).await?;
    if closed {
        begin(tx, &billed, end).await?;
        issue::of_ledger(tx, ledger).await?;
    }
    Ok(closed)
}

/// How a ledger is billed. Nothing is posted on it, and nobody else bills it, until the transaction ends.
async fn hold(tx: &mut Tx, ledger: i64) -> Result<Option<Billed>, sqlx::Error> {
    Ok(rhythms::hold(tx, &[ledger]).await?.pop())
}

/// Keeps everybody else from posting on a ledger, and from billing it, until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, ledger: i64) -> Result<(), sqlx::Error> {
    hold(tx, ledger).await.map(|_| ())
}

/// The open document of a ledger; a new one for its next period, or its first, if there is none.
async fn open(tx: &mut Tx, billed: &Billed) -> Result<Open, sqlx::Error> {
    if let Some(open) = OPEN.query().bind(billed.ledger()).fetch_optional(&mut *tx).await? {
        return Ok(open);
    }
    let (billed_to,) = BILLED_TO.query().bind(billed.ledger()).fetch_one(&mut *tx).await?;
    begin(tx, billed, billed_to.unwrap_or_else(|| billed.opened_on())).await
}

/// Opens a document for the period that begins on a day.
async fn begin(tx: &mut Tx, billed: &Billed, from: NaiveDate) -> Result<Open, sqlx::Error> {
    let (to, kind) = billed.period(from);
    let now = tx.business_now().await?;
    let begin = BEGIN.query().bind(billed.ledger()).bind(kind).bind(from).bind(to).bind(now);
    begin.fetch_one(&mut *tx).await
}

/// Closes a credit note, which holds its transactions already.
pub(super) async fn close_note(tx: &mut Tx, note: i64) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let as_begun: Option<NaiveDate> = None;
    CLOSE.command().bind(note).bind(as_begun).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Charges what was supplied before the day `used_to`, puts that and what was posted before `end` and is on no document on this
/// one, and closes it. Says no, and does nothing, if there is nothing.
async fn close(
    tx: &mut Tx,
    (ledger, market): (i64, &Market),
    open: &Open,
    end: NaiveDate,
    used_to: NaiveDate,
) -> Result<bool, sqlx::Error> {
    let mut charged =
        charging::of_ledger(tx, market, ledger, used_to).await.map_err(|error| match error {
            ChargingError::Database(error) => error,
            other => sqlx::Error::Protocol(other.to_string()),
        })?;
    // What was used of the credit on a meter pays for what it supplied, on the same bill.
    charged.extend(spending::settle(tx, market, ledger, &charged).await?);
    let take_in = TAKE_IN.command().bind(open.id).bind(ledger).bind(end).bind(open.is_held).bind(charged);
    if take_in.execute(&mut *tx).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let now = tx.business_now().await?;
    CLOSE.command().bind(open.id).bind(end).bind(now).execute(&mut *tx).await?;
    Ok(true)
}
