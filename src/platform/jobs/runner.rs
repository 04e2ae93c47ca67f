//! Takes jobs and runs them. Any number of runners may do so side by side.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::time::MissedTickBehavior;

use super::upkeep::Upkeep;
use super::{JobError, MAX_ATTEMPTS, backoff};
use crate::platform::clock::Deadline;
use crate::platform::db::{Database, Stats, Tx, row, statement};

/// How often a server looks for due jobs.
const TICK: Duration = Duration::from_secs(1);
/// How long a job may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long finished jobs are kept: those done, and those given up or in a slot, which is not to be done again.
const KEPT: [TimeDelta; 2] = [TimeDelta::days(7), TimeDelta::days(90)];

/// What a handler answers. It works in the transaction in which the job is marked as done.
pub type Work<'t> = BoxFuture<'t, Result<(), JobError>>;
type Handler = Box<dyn for<'t> Fn(&'t mut Tx, &'t Value) -> Work<'t> + Send + Sync>;

row! {
    struct Taken {
        id: i64,
        kind: String,
        payload: Value,
        attempts: i32,
    }
}

statement!(static TAKE: Taken = "
    select id, kind, payload, attempts from jobs
    where status = 'due' and run_at <= $1 and kind = any($2::text[])
    order by run_at, id limit 1 for update skip locked");
statement!(static DONE: () = "update jobs set status = 'done', failure = null, finished_at = $2 where id = $1");
// Compared by the number of attempts: another runner may have taken the job meanwhile.
statement!(static FAILED: () = "
    update jobs set attempts = attempts + 1, failure = $3, run_at = $4,
        status = case when $5::boolean then 'failed' else 'due' end, finished_at = case when $5 then $6::timestamptz end
    where id = $1 and attempts = $2 and status = 'due'");
statement!(static PURGE: () = "
    delete from jobs where finished_at < case when status = 'done' and slot is null then $1::timestamptz else $2 end");

/// Handlers by kind of job, and the work that recurs. Kinds without a handler here are left to servers
/// that have one.
pub struct Runner {
    handlers: HashMap<&'static str, Handler>,
    kinds: Vec<String>,
    upkeep: Vec<Upkeep>,
}

impl Default for Runner {
    /// A runner that knows how to purge finished jobs.
    fn default() -> Self {
        let mut runner = Self { handlers: HashMap::new(), kinds: Vec::new(), upkeep: Vec::new() };
        runner.every(TimeDelta::days(1), "upkeep-jobs", |tx, _| Box::pin(purge(tx)));
        runner
    }
}

impl Runner {
    /// Has jobs of `kind` done by `handler`, which may see the same job twice.
    pub fn on<F>(&mut self, kind: &'static str, handler: F)
    where
        F: for<'t> Fn(&'t mut Tx, &'t Value) -> Work<'t> + Send + Sync + 'static,
    {
        if self.handlers.insert(kind, Box::new(handler)).is_none() {
            self.kinds.push(kind.to_owned());
        }
    }

    /// Has `handler` run once in each `every` of wall time, by whichever server comes first. A month at most:
    /// finished jobs are not remembered for ever.
    pub fn every<F>(&mut self, every: TimeDelta, kind: &'static str, handler: F)
    where
        F: for<'t> Fn(&'t mut Tx, &'t Value) -> Work<'t> + Send + Sync + 'static,
    {
        self.on(kind, handler);
        self.upkeep.push(Upkeep::new(kind, every));
    }

    /// Runs everything that is due, and answers how many jobs were taken, successfully or not.
    ///
    /// # Errors
    /// Those of the database; a failure of a job is kept in its row instead.
    pub async fn run_due(&self, db: &Database) -> Result<u64, sqlx::Error> {
        self.enqueue_upkeep(db).await?;
        let mut taken = 0;
        while self.run_next(db).await? {
            taken += 1;
        }
        Ok(taken)
    }

    /// Runs jobs as they become due until `stop` resolves; a job that is running then is finished.
    pub async fn work(&self, db: &Database, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop.fuse());
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => return,
                _ = tick.tick() => {}
            }
            if let Err(error) = self.enqueue_upkeep(db).await {
                tracing::warn!(%error, "upkeep was not enqueued");
                continue;
            }
            loop {
                match self.run_next(db).await {
                    Ok(true) if (&mut stop).now_or_never().is_some() => return,
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        tracing::warn!(%error, "jobs cannot be taken");
                        break;
                    }
                }
            }
        }
    }

    async fn enqueue_upkeep(&self, db: &Database) -> Result<(), sqlx::Error> {
        let now = db.wall().now();
        let new: Vec<&Upkeep> = self.upkeep.iter().filter(|upkeep| upkeep.is_new(now)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut tx = db.write(Deadline::after(PATIENCE), &Stats::new()).await?;
        for upkeep in &new {
            upkeep.enqueue(&mut tx, now).await?;
        }
        tx.commit().await?;
        for upkeep in new {
            upkeep.note(now);
        }
        Ok(())
    }

    /// Takes the job that has been due longest and runs it. Says whether there was one.
    async fn run_next(&self, db: &Database) -> Result<bool, sqlx::Error> {
        let mut tx = db.write(Deadline::after(PATIENCE), &Stats::new()).await?;
        let now = tx.wall_now();
        let Some(job) = TAKE.query().bind(now).bind(&self.kinds).fetch_optional(&mut tx).await? else {
            tx.rollback().await?;
            return Ok(false);
        };
        let done = match self.run(&mut tx, &job).await {
            Ok(()) => finish(tx, &job).await.map_err(JobError::from),
            Err(error) => {
                // The failure below is what counts; a transaction that cannot be undone is gone already.
                let _ = tx.rollback().await;
                Err(error)
            }
        };
        if let Err(error) = done {
            put_off(db, &job, &error).await?;
        }
        Ok(true)
    }

    async fn run(&self, tx: &mut Tx, job: &Taken) -> Result<(), JobError> {
        let handler = self.handlers.get(job.kind.as_str()).ok_or(JobError::Payload)?;
        let guarded = AssertUnwindSafe(async { handler(tx, &job.payload).await }).catch_unwind();
        match tokio::time::timeout(PATIENCE, guarded).await {
            Ok(Ok(done)) => done,
            Ok(Err(panic)) => {
                tracing::error!(job = job.id, kind = job.kind, panic = said(&*panic), "a job panicked");
                Err(JobError::Panicked)
            }
            Err(_) => Err(JobError::TooLong),
        }
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default()
}

async fn finish(mut tx: Tx, job: &Taken) -> Result<(), sqlx::Error> {
    let now = tx.wall_now();
    DONE.command().bind(job.id).bind(now).execute(&mut tx).await?;
    tx.commit().await
}

/// Notes a failure, and lets the job come back later or gives it up.
async fn put_off(db: &Database, job: &Taken, error: &JobError) -> Result<(), sqlx::Error> {
    let failures = job.attempts.saturating_add(1);
    let gives_up = failures >= MAX_ATTEMPTS;
    let cause = error.kept();
    tracing::warn!(job = job.id, kind = job.kind, failures, gives_up, cause, "a job failed");
    let mut tx = db.write(Deadline::after(PATIENCE), &Stats::new()).await?;
    let now = tx.wall_now();
    let update = FAILED.command().bind(job.id).bind(job.attempts).bind(&cause);
    let update = update.bind(now + backoff(failures)).bind(gives_up).bind(now);
    update.execute(&mut tx).await?;
    tx.commit().await
}

async fn purge(tx: &mut Tx) -> Result<(), JobError> {
    let [done, failed] = KEPT.map(|span| tx.wall_now() - span);
    PURGE.command().bind(done).bind(failed).execute(&mut *tx).await?;
    Ok(())
}
