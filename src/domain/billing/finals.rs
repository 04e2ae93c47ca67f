//! The bill for the last days at a home: on the day from which somebody has moved out, their ledgers are billed up to it,
//! whatever their periods. An account of which nothing is supplied any more lies dormant from then on.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::cycle;
use crate::domain::accounts::changes::hand;
use crate::domain::accounts::lifecycle::{self, LifecycleError, Status};
use crate::domain::auth::viewer::Viewer;
use crate::domain::ledgers::dunning::today;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{self, JobError, Runner};

/// The job that bills those who have moved out.
const BILL: &str = "final-bill";
/// How many are found in one turn; the rest waits for the next.
const IN_ONE_TURN: i64 = 1000;

statement!(static ADD: (i64,) = "
    insert into move_outs (account_id, property_id, moved_out_on, told_by_kind, told_by_id, told_at)
    values ($1, $2, $3, $4, $5, $6) on conflict on constraint move_outs_key do nothing returning id");
statement!(static DUE: (i64, NaiveDate) = "
    select m.id, today.day from unnest($1::text[], $2::date[]) as today (market, day) join accounts a on a.market = today.market
        join move_outs m on m.account_id = a.id
    where m.billed_at is null and m.moved_out_on <= today.day order by m.id limit $3");

row! {
    struct MoveOut {
        account_id: i64,
        moved_out_on: NaiveDate,
        is_supplied: bool,
        is_active: bool,
    }
}

// Whoever else is about to settle it waits.
statement!(static HOLD: MoveOut = "
    select m.account_id, m.moved_out_on, a.status = 'ACTIVE' as is_active, exists (select from supply_periods s
        where s.account_id = a.id and (upper_inf(s.during) or upper(s.during) > $2)) as is_supplied
    from move_outs m join accounts a on a.id = m.account_id where m.id = $1 and m.billed_at is null for no key update of m");
statement!(static LEDGERS: (i64,) = "
    select id from ledgers where account_id = $1 and (supports_statements or supports_invoices) order by id");
statement!(static SETTLE: () = "update move_outs set billed_at = $2 where id = $1");

/// Remembers that somebody moves out from a local day on, so that they are billed then. What is remembered already stays.
pub(in crate::domain) async fn expect(
    tx: &mut Tx,
    viewer: &Viewer,
    (account, property): (i64, i64),
    on: NaiveDate,
) -> Result<(), sqlx::Error> {
    let (kind, id) = hand(viewer);
    let now = tx.business_now().await?;
    let add = ADD.query().bind(account).bind(property).bind(on).bind(kind).bind(id).bind(now);
    add.fetch_optional(&mut *tx).await?;
    Ok(())
}

/// Has those billed who have moved out.
pub fn register(runner: &mut Runner) {
    runner.on(BILL, |tx, payload| {
        Box::pin(async move {
            let move_out = payload.get("moveOut").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            bill(tx, move_out).await
        })
    });
    runner.every(TimeDelta::hours(1), "upkeep-final-bills", |tx, _| {
        Box::pin(async move { Ok(turn(tx).await?) })
    });
}

/// One turn of the upkeep. What was found on a day is not found again on that day.
pub async fn turn(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let due = DUE.query().bind(markets).bind(days).bind(IN_ONE_TURN).fetch_all(&mut *tx).await?;
    let due: Vec<(String, Value)> =
        due.into_iter().map(|(id, day)| (format!("{id}:{day}"), json!({ "moveOut": id }))).collect();
    let at_once = tx.wall_now();
    jobs::enqueue_once(tx, BILL, &due, at_once).await
}

async fn bill(tx: &mut Tx, move_out: i64) -> Result<(), JobError> {
    let now = tx.business_now().await?;
    let Some(held) = HOLD.query().bind(move_out).bind(now).fetch_optional(&mut *tx).await? else {
        return Ok(());
    };
    for (ledger,) in LEDGERS.query().bind(held.account_id).fetch_all(&mut *tx).await? {
        cycle::bill_until(tx, ledger, held.moved_out_on).await?;
    }
    SETTLE.command().bind(move_out).bind(now).execute(&mut *tx).await?;
    if held.is_active && !held.is_supplied {
        let done = lifecycle::advance(tx, &Viewer::server(), held.account_id, Status::Dormant).await;
        done.map_err(|error| match error {
            LifecycleError::Database(error) => JobError::Database(error),
            other => JobError::Other(other.to_string()),
        })?;
    }
    Ok(())
}
