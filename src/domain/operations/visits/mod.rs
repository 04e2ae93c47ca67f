//! Visits of field agents, as the sales app tells of them: in the name of a link of a sales partner, with place, outcomes and a
//! recording of what was said. Staff read of all of them, an organisation of those that it told.

pub mod links;
pub mod reading;
pub mod recording;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use thiserror::Error;
use uuid::Uuid;

use crate::platform::db::{database_error, row};

/// Why a visit was not kept.
#[derive(Debug, Error)]
pub enum VisitError {
    /// The viewer may tell of no visits.
    #[error("the viewer may tell of no visits")]
    Forbidden,
    /// No recording is kept under such a key.
    #[error("the key does not hold the recording's UUID")]
    Place,
    /// There is no such link.
    #[error("there is no link with this subdomain")]
    Link,
    /// What is told of the field cannot be.
    #[error("{0} cannot be so: {1}")]
    Invalid(&'static str, &'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(VisitError);

row! {
    /// A visit.
    pub struct AppSession {
        /// Row id.
        pub id: Uuid,
        /// In whose name.
        pub link_id: i64,
        /// The account that it was about.
        pub account_id: Option<i64>,
        /// Five lines, empty ones behind.
        pub address_lines: Vec<String>,
        /// Where it was.
        pub postcode: String,
        /// When the place was measured.
        pub location_at: Option<DateTime<Utc>>,
        /// How well, in metres.
        pub location_accuracy: Option<i32>,
        /// Degrees north.
        pub latitude: Option<Decimal>,
        /// Degrees east.
        pub longitude: Option<Decimal>,
        /// `DOOR` or `VENUE`.
        pub sales_mode: Option<String>,
        /// Whether it is out of use.
        pub is_archived: bool,
        /// From when.
        pub started_at: DateTime<Utc>,
        /// Until when.
        pub stopped_at: DateTime<Utc>,
        /// When it was told.
        pub created_at: DateTime<Utc>,
    }
}

row! {
    /// What came of a visit.
    pub struct Outcome {
        /// The visit.
        pub session_id: Uuid,
        /// One of `AppSessionOutcomeType`.
        pub outcome_type: String,
        /// One of `AppSessionOutcomeCategory`.
        pub category: String,
        /// In the agent's words.
        pub reason: String,
    }
}

row! {
    /// A recording of a visit.
    pub struct Recording {
        /// Row id.
        pub id: Uuid,
        /// The visit.
        pub session_id: Uuid,
        /// Such as `audio/mp4`.
        pub content_type: String,
        /// Seconds.
        pub duration: Decimal,
        /// Bytes.
        pub file_size: i32,
        /// From when.
        pub started_at: DateTime<Utc>,
        /// Until when.
        pub stopped_at: DateTime<Utc>,
        /// Where it is kept.
        pub s3_bucket: String,
        /// Under which key.
        pub s3_key: String,
        /// When it was told.
        pub created_at: DateTime<Utc>,
    }
}
