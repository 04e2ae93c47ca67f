//! Journeys of other systems that failed, and that somebody must look into: what happened since, what was noted, and the calls
//! to the API that show it. Staff read of all of them.

pub mod reading;
pub mod reporting;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use thiserror::Error;

use crate::platform::db::{database_error, on_constraint, row};

/// How many tags an exception has at most.
pub const MOST_TAGS: usize = 5;

/// Why nothing was reported or changed.
#[derive(Debug, Error)]
pub enum ExceptionError {
    /// The viewer may not deal with exceptions.
    #[error("the viewer may not deal with exceptions")]
    Forbidden,
    /// There is no such exception.
    #[error("there is no such exception")]
    Unknown,
    /// There is no such note.
    #[error("there is no such note")]
    UnknownNote,
    /// Somebody else wrote the note.
    #[error("the note is somebody else's")]
    OthersNote,
    /// There is an exception with this identifier.
    #[error("the external identifier is taken")]
    Taken,
    /// There is no such team.
    #[error("there is no such team")]
    Team,
    /// There is no such member of staff.
    #[error("there is no such member of staff")]
    Assignee,
    /// The member of staff has left.
    #[error("the member of staff is no longer there")]
    Left,
    /// There are too many tags.
    #[error("an exception has at most {MOST_TAGS} tags")]
    ManyTags,
    /// A tag is named twice.
    #[error("a tag is named twice")]
    SameTags,
    /// Nothing is to be changed.
    #[error("nothing is to be changed")]
    Nothing,
    /// Everything is so already.
    #[error("everything is so already")]
    Unchanged,
    /// A text, which is named, is blank, too long or no text.
    #[error("{0} is no text of a fitting length")]
    Text(&'static str),
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(ExceptionError);

impl From<sqlx::Error> for ExceptionError {
    fn from(error: sqlx::Error) -> Self {
        let of_exception = ["events", "notes", "calls"]
            .iter()
            .any(|what| on_constraint(&error, &format!("api_exception_{what}_exception_fkey")));
        if of_exception {
            Self::Unknown
        } else if on_constraint(&error, "api_exceptions_external_identifier_key") {
            Self::Taken
        } else if on_constraint(&error, "api_exceptions_team_fkey") {
            Self::Team
        } else if on_constraint(&error, "api_exceptions_user_fkey") {
            Self::Assignee
        } else {
            Self::Database(error)
        }
    }
}

row! {
    /// A journey that failed.
    pub struct Exception {
        /// Row id.
        pub id: i32,
        /// What the other system knows it by.
        pub external_identifier: String,
        /// When it was reported.
        pub created_at: DateTime<Utc>,
        /// Where the journey was made, such as a site.
        pub channel: String,
        /// One of `APIExceptionCategories`.
        pub category: String,
        /// As it was told.
        pub account_number: Option<String>,
        /// As it was told.
        pub user_id: Option<i64>,
        /// As it was told.
        pub customer_contact: Option<String>,
        /// As it was told.
        pub supply_point_identifier: Option<String>,
        /// One of `APIExceptionResolutionStatus`.
        pub resolution_status: String,
        /// One of `APIExceptionResolutionType`.
        pub resolution_type: String,
        /// One of `APIExceptionPriority`.
        pub priority: String,
        /// Values of `APIExceptionTags`.
        pub tags: Vec<String>,
        /// What else there is to know.
        pub context: Option<Value>,
        /// The day that it is about.
        pub key_date: Option<NaiveDate>,
        /// Row id of the team that looks into it.
        pub operations_team_id: Option<i64>,
        /// Its name.
        pub operations_team: Option<String>,
        /// Row id of the member of staff who looks into it.
        pub assigned_user_id: Option<i64>,
        /// Their e-mail.
        pub assigned_user: Option<String>,
    }
}

row! {
    /// What happened since.
    pub struct ExceptionEvent {
        /// Row id.
        pub id: i64,
        /// The exception.
        pub exception_id: i32,
        /// What happened, as a code of the other system's.
        pub event_type: String,
        /// Its kind.
        pub category: String,
        /// In a sentence.
        pub description: String,
        /// What else there is to know.
        pub context: Option<Value>,
        /// When it was told.
        pub created_at: DateTime<Utc>,
    }
}

row! {
    /// What somebody wrote about an exception.
    pub struct ExceptionNote {
        /// Row id.
        pub id: i64,
        /// The exception.
        pub exception_id: i32,
        /// What it says.
        pub body: String,
        /// When it was written.
        pub created_at: DateTime<Utc>,
    }
}

row! {
    /// A call to the API that shows what went wrong.
    pub struct ApiCall {
        /// Row id.
        pub id: i64,
        /// The exception.
        pub exception_id: i32,
        /// What the call can be found by in logs.
        pub correlation_id: String,
        /// What was called.
        pub operation_name: String,
        /// With what.
        pub input_data: Option<Value>,
        /// What came back.
        pub response: Value,
        /// What else there is to know.
        pub context: Option<Value>,
        /// When it was told.
        pub created_at: DateTime<Utc>,
    }
}
