//! `kraken-api readings`: measured data from files, and readings that nobody believed.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::supply::{import, readings};
use crate::platform::db::Tx;

#[derive(Debug, Subcommand)]
pub enum Readings {
    /// Take in a file of comma-separated lines, as a whole or not at all. It is of readings if its first line is
    /// market_name,identifier,serial_number,register,read_at,source,value, and of intervals if it is
    /// market_name,identifier,day,minutes,wh (all entries of the day in Wh with blanks between them, - for none).
    Import {
        /// The file.
        file: PathBuf,
    },
    /// Confirm a reading that was held back because it was hard to believe.
    Confirm {
        /// Its id.
        reading: i64,
    },
    /// Withdraw a reading that is wrong.
    Withdraw {
        /// Its id.
        reading: i64,
    },
}

pub async fn run(config: &Config, what: &Readings) -> Result<(), Problem> {
    let done = written(config, async |_, tx| carry_out(tx, what).await).await?;
    println!("{done}");
    Ok(())
}

async fn carry_out(tx: &mut Tx, what: &Readings) -> Result<String, Problem> {
    match what {
        Readings::Import { file } => {
            let file = BufReader::new(File::open(file)?);
            let done = import::import(tx, file).await.map_err(Problem::other)?;
            Ok(format!("Took in {} lines; {} say something new.", done.lines, done.new))
        }
        Readings::Confirm { reading } => {
            let is_there = readings::confirm(tx, *reading).await?;
            said(is_there, "The reading counts.", "No reading with this id is held back.")
        }
        Readings::Withdraw { reading } => {
            let is_there = readings::withdraw(tx, *reading).await?;
            said(is_there, "The reading is withdrawn.", "There is no reading with this id.")
        }
    }
}

fn said(is_there: bool, done: &str, unknown: &str) -> Result<String, Problem> {
    if is_there { Ok(done.to_owned()) } else { Err(Problem::other(unknown)) }
}
