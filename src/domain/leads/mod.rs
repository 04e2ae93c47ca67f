//! The sales pipeline: leads, who may become customers, and opportunities, sales that may come about with one.
//!
//! Staff see all of it, an organisation the leads that it brought. Nobody else knows that there are any.

pub mod assignment;
pub mod blocklist;
pub mod channels;
pub(in crate::domain) mod check;
pub mod contacts;
pub mod conversion;
pub mod details;
pub mod fields;
pub mod funnels;
pub mod lead;
pub mod making;
pub mod notes;
pub mod opening;
pub mod opportunities;
pub mod quotes;
pub mod stages;

use thiserror::Error;

use crate::domain::accounts::sign_up::SignUpError;
use crate::domain::auth::viewer::{MANAGE_LEADS, Viewer};
use crate::platform::db::database_error;

/// Why nothing was done in the pipeline.
#[derive(Debug, Error)]
pub enum LeadError {
    /// The viewer may not work leads.
    #[error("the viewer may not work leads")]
    Forbidden,
    /// There is no such lead that the viewer may see.
    #[error("there is no such lead")]
    NoLead,
    /// There is no such opportunity that the viewer may see.
    #[error("there is no such opportunity")]
    NoOpportunity,
    /// There is no such funnel in use.
    #[error("there is no such funnel")]
    NoFunnel,
    /// Nothing can enter the funnel: none of its stages comes first.
    #[error("the funnel has no initial stage")]
    NoInitialStage,
    /// There is no such stage.
    #[error("there is no such stage")]
    NoStage,
    /// The stages belong to different funnels.
    #[error("the stages are not in the same funnel")]
    OtherFunnel,
    /// It stands in another stage than the caller believes.
    #[error("it stands in another stage by now")]
    Moved,
    /// It cannot stand in the stage that the caller believes it in.
    #[error("it cannot stand in that stage")]
    NeverThere,
    /// One stage does not follow the other.
    #[error("the stage does not follow the current one")]
    NoStep,
    /// Details that the stage needs are missing, and which.
    #[error("the stage needs {0}")]
    Needs(String),
    /// The account is not one that the lead may become.
    #[error("{0}")]
    Account(&'static str),
    /// The lead could not be made; a sentence.
    #[error("{0}")]
    BadLead(String),
    /// What was given about the opportunity cannot be; a sentence.
    #[error("{0}")]
    Invalid(String),
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(LeadError);

impl From<sqlx::Error> for LeadError {
    fn from(error: sqlx::Error) -> Self {
        if crate::platform::db::on_constraint(&error, "leads_account_key") {
            Self::Account("Another lead has become this account.")
        } else {
            Self::Database(error)
        }
    }
}

impl From<SignUpError> for LeadError {
    fn from(error: SignUpError) -> Self {
        match error {
            SignUpError::Forbidden => Self::Forbidden,
            SignUpError::Closed => Self::Invalid("The brand opens no accounts.".to_owned()),
            SignUpError::Invalid(wrong) => {
                let sentences: Vec<String> =
                    wrong.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.why)).collect();
                Self::Invalid(sentences.join(" "))
            }
            SignUpError::Refused(why) => Self::Invalid(why.to_owned()),
            SignUpError::Database(error) => Self::Database(error),
        }
    }
}

/// The viewer's kind as the pipeline's SQL knows it: whoever may not work leads, other than staff, reads nothing.
fn kind(viewer: &Viewer) -> &'static str {
    if viewer.is_staff() || viewer.may(MANAGE_LEADS) { viewer.kind() } else { "anonymous" }
}

/// Refuses whoever may not work leads.
fn admit(viewer: &Viewer) -> Result<(), LeadError> {
    if viewer.may(MANAGE_LEADS) { Ok(()) } else { Err(LeadError::Forbidden) }
}

/// SQL that holds for the leads, known as `l`, that the viewer `$1`, `$2` may see.
macro_rules! lead_is_visible {
    () => {
        "($1::text = 'support-user' or ($1 = 'organisation' and l.organisation_id = $2::bigint))"
    };
}
use lead_is_visible;
