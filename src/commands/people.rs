//! `kraken-api people`: what operations staff know about people beside what people say themselves.

use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::accounts::known::{self, FamilyIssues, KnownError};
use crate::platform::db::Tx;

#[derive(Debug, Subcommand)]
pub enum People {
    /// Label somebody, or take the label away.
    Label {
        /// The person's number, such as U-0A1B2C3D.
        user: String,
        /// The label; none takes it away.
        text: Option<String>,
    },
    /// Note a number that somebody has called from, beside their own.
    Phone {
        /// The person's number.
        user: String,
        /// With the country's code, such as +447700900101.
        phone: String,
    },
    /// Note that contact needs care because of violence in the family, or that it does no longer.
    Family {
        /// The person's number.
        user: String,
        /// It is not safe to send the policy about it.
        #[arg(long)]
        no_policy: bool,
        /// It is not safe to write about moving in.
        #[arg(long)]
        no_move_in: bool,
        /// There is nothing to take care of any more.
        #[arg(long, conflicts_with_all = ["no_policy", "no_move_in"])]
        over: bool,
    },
    /// Note something else, or forget it.
    Detail {
        /// The person's number.
        user: String,
        /// What kind of detail it is.
        namespace: String,
        /// What is known; none forgets it.
        value: Option<String>,
        /// Only staff may read it.
        #[arg(long)]
        sensitive: bool,
    },
}

pub async fn run(config: &Config, what: &People) -> Result<(), Problem> {
    written(config, async |_, tx| carry_out(tx, what).await.map_err(Problem::other)).await?;
    println!("Noted.");
    Ok(())
}

async fn carry_out(tx: &mut Tx, what: &People) -> Result<(), KnownError> {
    match what {
        People::Label { user, text } => known::put_label(tx, user, text.as_deref()).await,
        People::Phone { user, phone } => known::add_phone(tx, user, phone).await,
        People::Family { user, no_policy, no_move_in, over } => {
            let care = FamilyIssues { keeps_policy_back: *no_policy, keeps_move_in_back: *no_move_in };
            known::put_family_issues(tx, user, (!over).then_some(care)).await
        }
        People::Detail { user, namespace, value, sensitive } => {
            known::put_detail(tx, user, namespace, value.as_deref(), *sensitive).await
        }
    }
}
