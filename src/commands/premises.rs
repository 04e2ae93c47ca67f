//! `kraken-api premises`: the addresses of Texas that can be supplied.

use std::fs::File;
use std::path::PathBuf;

use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::supply::premises;

#[derive(Debug, Subcommand)]
pub enum Premises {
    /// Take in the list that the market of Texas publishes of its points, as a whole or not at all: comma-separated, under
    /// a heading with at least ESIID, ADDRESS, CITY, STATE, ZIPCODE, DUNS, STATUS and PREMISE_TYPE. What it calls inactive
    /// is taken off the list, what it does not name stays.
    Import {
        /// The file.
        file: PathBuf,
    },
}

pub async fn run(config: &Config, what: &Premises) -> Result<(), Problem> {
    let Premises::Import { file } = what;
    let done =
        written(config, async |_, tx| premises::import(tx, File::open(file)?).await.map_err(Problem::other));
    let done = done.await?;
    println!("{} premises are listed, {} are not any longer.", done.active, done.retired);
    Ok(())
}
