//! `kraken-api repayment`: what is decided about money back outside of the API.

use clap::Subcommand;

use super::admin::writing;
use super::config::Config;
use super::open::{Opened, Problem};
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
    let opened = Opened::open(config).await?;
    let done = refuse(&opened, what).await;
    opened.close().await?;
    println!("{}", done?);
    Ok(())
}

async fn refuse(opened: &Opened, what: &Repayment) -> Result<String, Problem> {
    let Repayment::Refuse { request, why } = what;
    let mut tx = writing(opened).await?;
    refusals::refuse_by_hand(&mut tx, *request, why).await.map_err(Problem::other)?;
    tx.commit().await?;
    Ok(format!("The request {request} is refused."))
}
