//! How much a caller may ask for: points an hour for each subject, and places in the counts of single
//! fields. Wall time decides; what is counted is shared by all servers through the database.

pub mod fields;
pub mod leases;
pub mod overrides;
pub mod points;

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::platform::db::{Tx, database_error, statement};
use crate::platform::random::Randomness;

pub use fields::{FieldRate, Key, Reservation, reserve};
pub use leases::{Leases, Spent};
pub use overrides::Mode;
pub use points::{Payer, Standing};

/// How long, at most, somebody waits who was turned away for want of hands.
const BUSY_SECONDS: u64 = 10;

/// Asked too often: what to tell whoever did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// The first moment at which asking again may help.
    pub resets_at: DateTime<Utc>,
    /// Whole seconds until then, at least one.
    pub retry_after: i64,
}

impl Limited {
    /// Refused at `now`, until `resets_at`.
    pub fn new(now: DateTime<Utc>, resets_at: DateTime<Utc>) -> Self {
        Self { resets_at, retry_after: seconds_until(now, resets_at).max(1) }
    }

    /// Refused at `now` for want of hands rather than of allowance. A crowd that is turned away is told
    /// different times, lest it comes back as one.
    pub fn busy(now: DateTime<Utc>, random: &Randomness) -> Self {
        let seconds = i64::try_from(random.below(BUSY_SECONDS)).unwrap_or(0);
        Self::new(now, now + TimeDelta::seconds(1 + seconds))
    }
}

/// Whole seconds from `now` to `end`, rounded up; zero once it is over.
pub fn seconds_until(now: DateTime<Utc>, end: DateTime<Utc>) -> i64 {
    let left = (end - now).max(TimeDelta::zero());
    left.num_seconds() + i64::from(left.subsec_nanos() > 0)
}

/// Why there is no place.
#[derive(Debug, Error)]
pub enum LimitError {
    /// Too many were taken already.
    #[error("too many requests")]
    Limited(Limited),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(LimitError);

// Rows that somebody has locked are in use and can wait for the next time.
statement!(static PURGE_POINTS: () = "
    delete from rate_points p using (
        select subject from rate_points where window_ends_at <= $1 for update skip locked) over
    where p.subject = over.subject");
statement!(static PURGE_FIELDS: () = "
    delete from rate_field_counts c using (
        select field, key_hash from rate_field_counts where window_ends_at <= $1 for update skip locked) over
    where c.field = over.field and c.key_hash = over.key_hash");

/// Forgets counts whose window is over. Answers how many.
///
/// # Errors
/// Those of the database.
pub async fn purge(tx: &mut Tx) -> Result<u64, sqlx::Error> {
    let now = tx.wall_now();
    let points = PURGE_POINTS.command().bind(now).execute(&mut *tx).await?.rows_affected();
    let fields = PURGE_FIELDS.command().bind(now).execute(&mut *tx).await?.rows_affected();
    Ok(points + fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up_and_never_negative() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
        assert_eq!(seconds_until(now, now + TimeDelta::milliseconds(1_200)), 2);
        assert_eq!(seconds_until(now, now + TimeDelta::seconds(2)), 2);
        assert_eq!(seconds_until(now, now - TimeDelta::seconds(2)), 0);
        assert_eq!(Limited::new(now, now).retry_after, 1);
    }
}
