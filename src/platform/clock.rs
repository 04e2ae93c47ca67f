//! The two clocks. Wall time is for tokens, limits and logs; business time decides days, periods and
//! postings, and is wall time plus an offset that every server reads from the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use super::db::{Tx, on_constraint, statement};

/// Wall time, injected. Precise to the microsecond, which is what Postgres keeps.
#[derive(Clone, Debug)]
pub enum WallClock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is set: microseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl WallClock {
    /// A clock for tests that stands at `at`.
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.timestamp_micros())))
    }

    /// Puts a manual clock to `at`; the system's clock is left alone.
    pub fn set(&self, at: DateTime<Utc>) {
        if let Self::Manual(micros) = self {
            micros.store(at.timestamp_micros(), Ordering::SeqCst);
        }
    }

    /// The present moment.
    #[expect(clippy::disallowed_methods, reason = "this is the wall clock")]
    pub fn now(&self) -> DateTime<Utc> {
        let micros = match self {
            Self::System => Utc::now().timestamp_micros(),
            Self::Manual(micros) => micros.load(Ordering::SeqCst),
        };
        DateTime::from_timestamp_micros(micros).unwrap_or_default()
    }
}

/// The moment by which a request must be answered, on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// A deadline `span` from now.
    pub fn after(span: Duration) -> Self {
        Self(Instant::now() + span)
    }

    /// What is left; zero once it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

statement!(static OFFSET: (i64, bool) = "select offset_micros, demo_mode from platform_clock");
statement!(static ADVANCE: () = "update platform_clock set offset_micros = offset_micros + $1");
statement!(static ENTER_DEMO: () = "update platform_clock set demo_mode = true, offset_micros = $1 where not demo_mode");

/// Why business time was not moved.
#[derive(Debug, Error)]
pub enum ClockError {
    /// Only a demo world may move its clock.
    #[error("business time moves only in demo mode")]
    NotDemo,
    /// Time never runs back.
    #[error("business time never moves back")]
    Backwards,
    /// The offset would leave the range of dates.
    #[error("business time cannot move that far")]
    TooFar,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// How far business time may be moved by one call: ten years.
const FURTHEST: TimeDelta = TimeDelta::days(3653);

/// The offset of business time from wall time, as this transaction sees it.
pub(crate) async fn offset(tx: &mut Tx) -> Result<TimeDelta, sqlx::Error> {
    let (micros, _) = OFFSET.query().fetch_one(&mut *tx).await?;
    Ok(TimeDelta::microseconds(micros))
}

/// Whether this database holds a demo world, whose clock may be moved.
pub async fn is_demo(tx: &mut Tx) -> Result<bool, sqlx::Error> {
    Ok(OFFSET.query().fetch_one(&mut *tx).await?.1)
}

/// Moves business time forward by `span`, for all servers, once the transaction commits.
pub async fn advance(tx: &mut Tx, span: TimeDelta) -> Result<DateTime<Utc>, ClockError> {
    if span < TimeDelta::zero() {
        return Err(ClockError::Backwards);
    }
    let micros = span.num_microseconds().filter(|_| span <= FURTHEST).ok_or(ClockError::TooFar)?;
    ADVANCE.command().bind(micros).execute(&mut *tx).await.map_err(refused)?;
    tx.forget_business_time();
    Ok(tx.business_now().await?)
}

/// Enters demo mode with business time at `from`, which may lie in the past. Only once per database.
pub async fn enter_demo(tx: &mut Tx, from: DateTime<Utc>) -> Result<(), ClockError> {
    let offset = from - tx.wall_now();
    let micros = offset.num_microseconds().ok_or(ClockError::TooFar)?;
    ENTER_DEMO.command().bind(micros).execute(&mut *tx).await.map_err(refused)?;
    tx.forget_business_time();
    Ok(())
}

fn refused(error: sqlx::Error) -> ClockError {
    if on_constraint(&error, "platform_clock_needs_demo_mode") {
        ClockError::NotDemo
    } else if on_constraint(&error, "platform_clock_moves_forward") {
        ClockError::Backwards
    } else {
        ClockError::Database(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_stands_until_set() {
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
        let clock = WallClock::fixed(start);
        let twin = clock.clone();
        assert_eq!(clock.now(), start);
        twin.set(start + TimeDelta::hours(2));
        assert_eq!(clock.now(), start + TimeDelta::hours(2));
    }

    #[test]
    fn a_deadline_never_goes_below_zero() {
        assert_eq!(Deadline::after(Duration::ZERO).remaining(), Duration::ZERO);
        assert!(Deadline::after(Duration::from_secs(9)).remaining() > Duration::from_secs(8));
    }
}
