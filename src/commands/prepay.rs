//! `kraken-api top-up`: what a customer does in a shop to top a prepayment meter up.

use clap::Args;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::payments::vendors::simulated_shops;

#[derive(Debug, Args)]
pub struct TopUp {
    /// The number on the top-up card: 19 digits.
    pan: String,
    /// In pence.
    #[arg(long)]
    amount: i64,
}

pub async fn run(config: &Config, what: &TopUp) -> Result<(), Problem> {
    let reference = written(config, async |opened, tx| {
        let sold = simulated_shops::sell(tx, &opened.random, &what.pan, what.amount).await;
        sold.map_err(Problem::other)
    });
    println!("Sold as {}.", reference.await?);
    Ok(())
}
