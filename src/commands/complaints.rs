//! `kraken-api complaint`: what is done about complaints once they are filed.

use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::auth::Viewer;
use crate::domain::operations::complaints::{self, ComplaintError, NewContact};
use crate::platform::db::Tx;

#[derive(Debug, Subcommand)]
pub enum Complaint {
    /// Note what was said and done about a complaint. The status RESOLVED settles it.
    Contact {
        /// The complaint, by identifier.
        complaint: i32,
        /// What was done.
        action: String,
        /// OPEN, IN_PROGRESS or RESOLVED.
        #[arg(long, default_value = "IN_PROGRESS")]
        status: String,
        /// How it was talked about: TELEPHONE, ONLINE, PERSON, POST, SOCIAL_MEDIA or CUSTOMER_SURVEY.
        #[arg(long, default_value = "TELEPHONE")]
        source: String,
        /// What the customer said.
        #[arg(long)]
        summary: Option<String>,
    },
    /// Have somebody of the staff look after a complaint.
    Assign {
        /// The complaint, by identifier.
        complaint: i32,
        /// Their e-mail.
        email: String,
    },
    /// Have a complaint go by the formal procedure.
    Official {
        /// The complaint, by identifier.
        complaint: i32,
    },
}

pub async fn run(config: &Config, what: &Complaint) -> Result<(), Problem> {
    written(config, async |_, tx| carry_out(tx, what).await.map_err(Problem::other)).await?;
    println!("Noted.");
    Ok(())
}

async fn carry_out(tx: &mut Tx, what: &Complaint) -> Result<(), ComplaintError> {
    match what {
        Complaint::Contact { complaint, action, status, source, summary } => {
            let new = NewContact { source, summary: summary.as_deref(), action_taken: action, status };
            complaints::follow_up(tx, &Viewer::Anonymous, *complaint, &new).await
        }
        Complaint::Assign { complaint, email } => complaints::assign(tx, *complaint, email).await,
        Complaint::Official { complaint } => complaints::make_official(tx, *complaint).await,
    }
}
