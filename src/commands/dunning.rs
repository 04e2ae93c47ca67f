//! `kraken-api dunning`: what is done about debts that no rule sees to.

use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::auth::staff;
use crate::domain::ledgers::reminders::{self, ByHand};
use crate::platform::db::Tx;

#[derive(Debug, Subcommand)]
pub enum Dunning {
    /// Start to remind somebody of what is overdue, also where it is less than what is dunned by itself.
    Start {
        /// The account's number.
        account: String,
        /// The number of one of its ledgers; all on which something is overdue unless said otherwise.
        #[arg(long)]
        ledger: Option<String>,
        /// The path, such as STANDARD.
        #[arg(long)]
        path: String,
        /// E-mail of the member of staff who has decided it; they must be allowed to manage debts.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        note: String,
    },
}

pub async fn run(config: &Config, what: &Dunning) -> Result<(), Problem> {
    let started = written(config, async |_, tx| start(tx, what).await).await?;
    println!("Started {started}.");
    Ok(())
}

async fn start(tx: &mut Tx, what: &Dunning) -> Result<usize, Problem> {
    let Dunning::Start { account, ledger, path, by, note } = what;
    let clerk = staff::by_email(tx, by).await?;
    let clerk = clerk.ok_or_else(|| Problem::Other(format!("nobody of the staff has the e-mail {by}")))?;
    let what = ByHand { account_number: account, ledger_number: ledger.as_deref(), path, note };
    reminders::start_by_hand(tx, &clerk, &what).await.map_err(Problem::other)
}
