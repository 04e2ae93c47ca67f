//! Work for later: rows that any server may take, each done in a transaction of its own.
//!
//! Jobs go by wall time. What must happen at a business moment needs a look at business time when it runs.

mod runner;
mod upkeep;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use thiserror::Error;

use super::db::{Tx, statement, violated};

pub use runner::{Runner, Work};
pub use upkeep::wake;

/// After how many failures a job is given up.
pub const MAX_ATTEMPTS: i32 = 10;

const FIRST_WAIT: TimeDelta = TimeDelta::seconds(5);
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// Why a job did not do its work. It is kept beside the job: no personal data, no secrets.
#[derive(Debug, Error)]
pub enum JobError {
    /// The payload is not what the handler expects.
    #[error("the payload does not fit")]
    Payload,
    /// It did not end in time.
    #[error("it took too long")]
    TooLong,
    /// The handler panicked.
    #[error("it panicked")]
    Panicked,
    /// Something else, as one sentence.
    #[error("{0}")]
    Other(String),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl JobError {
    /// What is kept: of Postgres' own words only the code and the constraint, because they may quote a row.
    fn kept(&self) -> String {
        let Self::Database(error) = self else { return self.to_string() };
        let Some(code) = error.as_database_error().and_then(|e| e.code()) else { return error.to_string() };
        match violated(error) {
            Some(constraint) => format!("Postgres refused it with {code}, constraint {constraint}"),
            None => format!("Postgres refused it with {code}"),
        }
    }
}

statement!(static ADD: (i64,) = "
    insert into jobs (kind, payload, run_at, created_at) values ($1, $2, $3, $4) returning id");

/// Has a job of this kind run once wall time reaches `run_at`, provided that this transaction commits.
/// Answers its row id. It may run more than once if a server dies while running it, so its handler must not
/// mind. The payload is kept in the clear: ids, never personal data or secrets.
pub async fn enqueue(
    tx: &mut Tx,
    kind: &str,
    payload: &Value,
    run_at: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    let now = tx.wall_now();
    let insert = ADD.query().bind(kind).bind(payload).bind(run_at).bind(now);
    let (id,) = insert.fetch_one(&mut *tx).await?;
    Ok(id)
}

statement!(static ADD_ONCE: () = "
    insert into jobs (kind, slot, payload, run_at, created_at)
    select $1, slot, payload, $4, $5 from unnest($2::text[], $3::jsonb[]) as each (slot, payload)
    on conflict on constraint jobs_slot_key do nothing");

/// As [`enqueue`], for many jobs at once, each with a name under which it is done once: what was enqueued by that
/// name before, by whomever, stays as it is.
pub async fn enqueue_once(
    tx: &mut Tx,
    kind: &str,
    jobs: &[(String, Value)],
    run_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (slots, payloads): (Vec<&str>, Vec<&Value>) =
        jobs.iter().map(|(slot, payload)| (slot.as_str(), payload)).unzip();
    let now = tx.wall_now();
    let insert = ADD_ONCE.command().bind(kind).bind(slots).bind(payloads).bind(run_at).bind(now);
    insert.execute(&mut *tx).await?;
    Ok(())
}

/// How long to wait after so many failures: five seconds, doubled each time, an hour at most.
pub fn backoff(failures: i32) -> TimeDelta {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(0);
    let factor = 2_i32.checked_pow(doublings).unwrap_or(i32::MAX);
    FIRST_WAIT.checked_mul(factor).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        assert_eq!([1, 2, 3, 4].map(|n| backoff(n).num_seconds()), [5, 10, 20, 40]);
        assert_eq!(backoff(0), FIRST_WAIT);
        assert_eq!(backoff(i32::MAX), LONGEST_WAIT);
    }
}
