//! `kraken-api repayment`: what is decided about money back outside of the API.

use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::payments::refusals;

#[derive(Debug, Subcommand)]
pub enum Repayment {
    /// Refuse a request for money back, and tell the customer why.
    Refuse {
        /// Its identifier.
        request: i64,
        /// A sentence for the customer.
        #[arg(long)]
        why: String,
    },
}

pub async fn run(config: &Config, what: &Repayment) -> Result<(), Problem> {
    let Repayment::Refuse { request, why } = what;
    written(config, async |_, tx| refusals::refuse_by_hand(tx, *request, why).await.map_err(Problem::other))
        .await?;
    println!("The request {request} is refused.");
    Ok(())
}
