//! Promises: a customer says that they will pay by a day, and nobody collects.

use chrono::NaiveDate;

use super::collect::{self, CollectError};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::{MANAGE_DEBT, Viewer};
use crate::domain::ledgers::dunning::today;
use crate::platform::db::{Tx, statement};
use crate::platform::market;
use crate::platform::money::Minor;

/// What was promised.
#[derive(Clone, Copy, Debug)]
pub struct NewPromise<'a> {
    /// Number of the account.
    pub account_number: &'a str,
    /// Id or number of one of its ledgers.
    pub ledger: &'a str,
    /// In minor units; more than zero.
    pub amount: i64,
    /// The last day on which it is kept.
    pub day: NaiveDate,
}

statement!(static ADD: (i64,) = "
    insert into account_payments (account_id, ledger_id, amount, payment_date, status, reference, requested_at, made_by_kind,
        made_by_id)
    values ($1, $2, $3, $4, 'PROMISED', $5, $6, $7, $8) returning id");

/// Notes a promise, as told to somebody who deals with debts. Answers its id.
pub async fn note(tx: &mut Tx, viewer: &Viewer, new: &NewPromise<'_>) -> Result<i64, CollectError> {
    if !viewer.may(MANAGE_DEBT) {
        return Err(CollectError::Forbidden);
    }
    let payer = collect::payer(tx, viewer, new.account_number).await?;
    let ledger = collect::paid_ledger(tx, payer.id, new.ledger).await?;
    let amount = Minor::positive_entry(new.amount)?;
    let now = tx.business_now().await?;
    let today = market::by_code(&payer.market).ok_or(CollectError::UnknownAccount)?.day(now);
    if new.day < today {
        return Err(CollectError::Past);
    }
    let (kind, id) = hand(viewer);
    let add = ADD.query().bind(payer.id).bind(ledger).bind(amount).bind(new.day).bind(new.account_number);
    Ok(add.bind(now).bind(kind).bind(id).fetch_one(&mut *tx).await?.0)
}

// A payment that was undone was none: its reversal is a payment of less than zero. Each promise looks at everything that was
// paid since it was made, so two at once can be kept by the same money; whoever promises twice has said the same twice.
statement!(static SETTLE: () = "
    update account_payments p set status = case when paid.amount >= p.amount then 'FULFILLED' else 'PROMISE_BROKEN' end
    from (
        select open.id, today.day, (
            select coalesce(sum(t.amount), 0) from transactions t
            where t.ledger_id = open.ledger_id and t.kind = 'payment' and t.created_at >= open.requested_at
        ) as amount
        from unnest($1::text[], $2::date[]) as today (market, day) join accounts a on a.market = today.market
            join account_payments open on open.account_id = a.id and open.status = 'PROMISED'
    ) paid
    where p.id = paid.id and p.status = 'PROMISED' and (paid.amount >= p.amount or p.payment_date < paid.day)");

/// One turn of the upkeep: what was paid is kept, and what was not by its day is broken.
pub(super) async fn turn(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let (markets, days) = today(tx).await?;
    SETTLE.command().bind(markets).bind(days).execute(&mut *tx).await?;
    Ok(())
}
