//! Sends what is due to endpoints. Any number of couriers may do so side by side.
//!
//! A courier leases deliveries, each the oldest that is due in its lane, sends them with no transaction open, and settles
//! each by what came of it. Where a courier dies, its leases run out and another sends again: at least once.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;
use tokio::time::MissedTickBehavior;

use super::carrier::{Carrier, Refusal};
use super::envelope::{self, Letter};
use crate::platform::clock::Deadline;
use crate::platform::db::{Database, Stats, Tx, row, statement};
use crate::platform::jobs;

/// How often a server looks for what is due.
const TICK: Duration = Duration::from_secs(1);
/// How long a statement may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Requests under way to one endpoint, each for another lane.
const WIDTH: usize = 8;
/// Deliveries looked at together. Those that wait behind another are put aside, so each is looked at once.
const BATCH: i64 = 200;
/// How long nobody else sends what a courier has taken; a request may take far less.
const LEASE: TimeDelta = TimeDelta::minutes(1);
/// How long after its first attempt an event is given up.
const GIVES_UP: TimeDelta = TimeDelta::days(1);

row! {
    struct Taken {
        event_id: i64,
        attempts: i32,
        url: String,
        secret: String,
        name: String,
        account_number: Option<String>,
        occurred_at: DateTime<Utc>,
        data: Value,
    }
}

statement!(static DUE: (i64,) = "
    select e.id from webhook_endpoints e where e.removed_at is null and exists (
        select 1 from webhook_deliveries d where d.endpoint_id = e.id and d.status = 'due' and d.due_at <= $1)");
statement!(static HOLD: (i64,) = "
    select event_id from webhook_deliveries where endpoint_id = $1 and status = 'due' and due_at <= $2
    order by due_at, event_id limit $3 for update skip locked");
// Once the rows are held, because what came before them may have been settled until then.
statement!(static LEASE_HEADS: Taken = "
    with held as (
        select d.event_id, not exists (
            select 1 from webhook_deliveries before where before.endpoint_id = d.endpoint_id and before.lane = d.lane
                and before.status = 'due' and before.event_id < d.event_id) as is_head
        from webhook_deliveries d where d.endpoint_id = $1 and d.event_id = any($2::bigint[])
    ), ranked as (
        select event_id, is_head, row_number() over (partition by is_head order by event_id) as place from held
    ), taken as (
        update webhook_deliveries d set due_at = case when is_head then $4::timestamptz else 'infinity' end,
            attempts = attempts + is_head::integer,
            first_tried_at = case when is_head then coalesce(first_tried_at, $3::timestamptz) else first_tried_at end
        from ranked where d.endpoint_id = $1 and d.event_id = ranked.event_id and (not is_head or place <= $5)
        returning d.event_id, d.attempts, is_head
    )
    select o.id as event_id, taken.attempts, e.url, coalesce(e.secret, '') as secret, o.name, a.number as account_number,
        o.occurred_at, o.data
    from taken join outbox o on o.id = taken.event_id join webhook_endpoints e on e.id = $1 and e.removed_at is null
        left join accounts a on a.id = o.account_id
    where taken.is_head order by o.id");
statement!(static DELIVERED: (String,) = "
    update webhook_deliveries set status = 'delivered', failure = null, finished_at = $3
    where endpoint_id = $1 and event_id = $2 and status = 'due' returning lane");
// Compared by the number of attempts: another courier may have taken it meanwhile.
statement!(static FAILED: (String, bool) = "
    update webhook_deliveries set failure = $4, due_at = $5,
        status = case when first_tried_at <= $6 then 'dead' else 'due' end,
        finished_at = case when first_tried_at <= $6 then $7::timestamptz end
    where endpoint_id = $1 and event_id = $2 and attempts = $3 and status = 'due' returning lane, status = 'dead' is true");
// What nobody has tried is woken even where it is not aside yet: whoever is putting it aside holds its row until then.
statement!(static WAKE: () = "
    update webhook_deliveries set due_at = $3
    where endpoint_id = $1 and (due_at = 'infinity' or attempts = 0) and status = 'due' and event_id = (
        select min(event_id) from webhook_deliveries where endpoint_id = $1 and lane = $2 and status = 'due')");

/// Sends events by way of a carrier.
pub struct Courier {
    carrier: Arc<dyn Carrier>,
}

/// What became of a delivery.
struct Outcome {
    event: i64,
    attempts: i32,
    answer: Result<(), Refusal>,
}

impl Courier {
    /// A courier whose requests `carrier` carries.
    pub fn new(carrier: Arc<dyn Carrier>) -> Self {
        Self { carrier }
    }

    /// Sends everything that is due, and what becomes due by that. Answers how many requests were made.
    ///
    /// # Errors
    /// Those of the database; what an endpoint answers is kept with the delivery instead.
    pub async fn run_due(&self, db: &Database) -> Result<usize, sqlx::Error> {
        let stopping = AtomicBool::new(false);
        let rounds = due(db).await?.into_iter().map(|endpoint| self.round(db, endpoint, &stopping));
        futures_util::future::try_join_all(rounds).await.map(|sent| sent.into_iter().sum())
    }

    /// Sends events as they become due until `stop` resolves; requests under way are finished. Endpoints do not wait
    /// for one another.
    pub async fn work(&self, db: &Database, stop: impl Future<Output = ()>) {
        let stopping = AtomicBool::new(false);
        let (mut busy, mut rounds) = (HashSet::new(), FuturesUnordered::<BoxFuture<'_, i64>>::new());
        let mut stop = std::pin::pin!(stop.fuse());
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                Some(endpoint) = rounds.next() => {
                    busy.remove(&endpoint);
                }
                _ = tick.tick() => match due(db).await {
                    Ok(due) => for endpoint in due.into_iter().filter(|endpoint| busy.insert(*endpoint)) {
                        rounds.push(self.told_round(db, endpoint, &stopping).boxed());
                    },
                    Err(error) => tracing::warn!(%error, "events cannot be taken"),
                },
            }
        }
        stopping.store(true, Ordering::Relaxed);
        while rounds.next().await.is_some() {}
    }

    async fn told_round(&self, db: &Database, endpoint: i64, stopping: &AtomicBool) -> i64 {
        if let Err(error) = self.round(db, endpoint, stopping).await {
            tracing::warn!(endpoint, %error, "events were not sent");
        }
        endpoint
    }

    /// Sends to one endpoint until nothing is due there. What is under way when the database fails is sent again later.
    async fn round(&self, db: &Database, endpoint: i64, stopping: &AtomicBool) -> Result<usize, sqlx::Error> {
        let (mut under_way, mut sent) = (FuturesUnordered::new(), 0);
        loop {
            if !stopping.load(Ordering::Relaxed) {
                for taken in take(db, endpoint, WIDTH.saturating_sub(under_way.len())).await? {
                    under_way.push(self.send(db, taken));
                }
            }
            let Some(outcome) = under_way.next().await else { return Ok(sent) };
            settle(db, endpoint, &outcome).await?;
            sent += 1;
        }
    }

    async fn send(&self, db: &Database, taken: Taken) -> Outcome {
        let letter = Letter {
            id: taken.event_id,
            name: &taken.name,
            account_number: taken.account_number.as_deref(),
            occurred_at: taken.occurred_at,
            data: &taken.data,
        };
        let call = envelope::call(&letter, &taken.url, &taken.secret, db.wall().now());
        let answer = self.carrier.carry(&call).await;
        Outcome { event: taken.event_id, attempts: taken.attempts, answer }
    }
}

async fn write(db: &Database) -> Result<Tx, sqlx::Error> {
    db.write(Deadline::after(PATIENCE), &Stats::new()).await
}

/// Endpoints with something due.
async fn due(db: &Database) -> Result<Vec<i64>, sqlx::Error> {
    let mut tx = db.snapshot(Deadline::after(PATIENCE), &Stats::new()).await?;
    let now = tx.wall_now();
    let rows = DUE.query().bind(now).fetch_all(&mut tx).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Leases up to `free` deliveries, each the oldest of its lane.
async fn take(db: &Database, endpoint: i64, free: usize) -> Result<Vec<Taken>, sqlx::Error> {
    let Some(free) = i64::try_from(free).ok().filter(|free| *free > 0) else { return Ok(Vec::new()) };
    loop {
        let mut tx = write(db).await?;
        let now = tx.wall_now();
        let held = HOLD.query().bind(endpoint).bind(now).bind(BATCH).fetch_all(&mut tx).await?;
        if held.is_empty() {
            tx.rollback().await?;
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = held.into_iter().map(|(id,)| id).collect();
        let lease = LEASE_HEADS.query().bind(endpoint).bind(ids).bind(now).bind(now + LEASE).bind(free);
        let taken = lease.fetch_all(&mut tx).await?;
        tx.commit().await?;
        // Otherwise all of them wait behind others, and have been put aside.
        if !taken.is_empty() {
            return Ok(taken);
        }
    }
}

/// Notes what came of a delivery, and lets the next of its lane go unless this one is to be sent again.
async fn settle(db: &Database, endpoint: i64, outcome: &Outcome) -> Result<(), sqlx::Error> {
    let mut tx = write(db).await?;
    let now = tx.wall_now();
    let lane = match &outcome.answer {
        Ok(()) => {
            let update = DELIVERED.query().bind(endpoint).bind(outcome.event).bind(now);
            update.fetch_optional(&mut tx).await?.map(|(lane,)| lane)
        }
        Err(refusal) => {
            let again = now + jobs::backoff(outcome.attempts);
            let update = FAILED.query().bind(endpoint).bind(outcome.event).bind(outcome.attempts);
            let update = update.bind(refusal.to_string()).bind(again).bind(now - GIVES_UP).bind(now);
            let failed = update.fetch_optional(&mut tx).await?;
            let is_dead = failed.as_ref().is_some_and(|(_, is_dead)| *is_dead);
            let (event, attempts) = (outcome.event, outcome.attempts);
            tracing::warn!(endpoint, event, attempts, is_dead, %refusal, "an event was not taken");
            failed.filter(|(_, is_dead)| *is_dead).map(|(lane, _)| lane)
        }
    };
    if let Some(lane) = lane {
        WAKE.command().bind(endpoint).bind(lane).bind(now).execute(&mut tx).await?;
    }
    tx.commit().await
}
