//! `kraken-api account`: what operations staff know about accounts beside what the API tells them.

use chrono::NaiveDate;
use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::accounts::applications;

#[derive(Debug, Subcommand)]
pub enum Account {
    /// Note that an account came with a supplier that was taken over.
    TakenOver {
        /// The account's number, such as A-1B2C3D4E.
        account: String,
        /// Where it was kept before.
        source: String,
        /// The day on which the customer had agreed to be supplied; by default that on which it was opened here.
        #[arg(long)]
        agreed_on: Option<NaiveDate>,
    },
}

/// Does what was asked for.
pub async fn run(config: &Config, what: &Account) -> Result<(), Problem> {
    let Account::TakenOver { account, source, agreed_on } = what;
    written(config, async |_, tx| {
        applications::migrated(tx, account, source, *agreed_on).await.map_err(Problem::other)
    })
    .await
}
