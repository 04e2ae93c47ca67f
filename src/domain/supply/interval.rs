//! Energy over time.

use chrono::{DateTime, Utc};

/// A half-open period; without an end, it goes on.
pub type Period = (DateTime<Utc>, Option<DateTime<Utc>>);

/// Energy that ran one way through a supply point within a half-open period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The first moment.
    pub start: DateTime<Utc>,
    /// The moment after the last one.
    pub end: DateTime<Utc>,
    /// How much, in Wh.
    pub wh: i64,
}
