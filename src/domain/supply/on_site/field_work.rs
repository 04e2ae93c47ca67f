//! Those who send engineers: what is asked of them, whoever they are.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

/// They do not answer for the moment; asking again later helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable;

/// A time in which somebody comes: half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub starts_at: DateTime<Utc>,
    /// The moment after the last.
    pub ends_at: DateTime<Utc>,
}

/// Where somebody is to come, and from when on.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Code of the market.
    pub market: &'a str,
    /// The property, by row id.
    pub property: i64,
    /// The first local day.
    pub from: NaiveDate,
    /// Whether it cannot wait for working hours.
    pub is_emergency: bool,
}

/// What came of a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The work was done, and the engineer wrote this down.
    Done(String),
    /// It was not, as the engineer wrote down.
    Missed(String),
}

/// Who sends engineers.
pub trait FieldWork: Send + Sync {
    /// When somebody could come, in order.
    ///
    /// # Errors
    /// They do not answer.
    fn slots(&self, place: &Place<'_>) -> Result<Vec<Span>, Unavailable>;

    /// Has somebody come. Answers the reference that they know the visit by, the same whenever it is asked for.
    ///
    /// # Errors
    /// They do not answer.
    fn book(&self, visit: Uuid, at: Span) -> Result<String, Unavailable>;

    /// What came of a visit that is over, once that is known.
    ///
    /// # Errors
    /// They do not answer.
    fn outcome(&self, visit: Uuid, at: Span, now: DateTime<Utc>) -> Result<Option<Outcome>, Unavailable>;
}
