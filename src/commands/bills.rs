//! `kraken-api bills`: hold bills back and let them go, annul them, bill a ledger at once.

use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::billing::{annul, cycle, documents, holds};
use crate::domain::ledgers::ledgers;
use crate::platform::db::Tx;

#[derive(Debug, Subcommand)]
pub enum Bills {
    /// Keep a bill back from the customer, from its close on.
    Hold {
        /// Its number or id.
        bill: String,
        /// Why; customers can read it.
        #[arg(long)]
        reason: String,
    },
    /// Let a bill go that was held back.
    Release {
        /// Its id.
        bill: String,
    },
    /// Undo an issued bill by a credit note.
    Annul {
        /// Its number or id.
        bill: String,
    },
    /// Bill a ledger up to and with today, whatever its period.
    Now {
        /// Its number.
        ledger: String,
    },
}

pub async fn run(config: &Config, what: &Bills) -> Result<(), Problem> {
    let said = written(config, async |_, tx| carry_out(tx, what).await).await?;
    println!("{said}");
    Ok(())
}

async fn carry_out(tx: &mut Tx, what: &Bills) -> Result<String, Problem> {
    match what {
        Bills::Hold { bill, reason } => {
            let id = named(tx, bill).await?;
            holds::hold(tx, id, reason).await.map_err(Problem::other)?;
            Ok(format!("{bill} is held back."))
        }
        Bills::Release { bill } => {
            let id = named(tx, bill).await?;
            holds::release(tx, id).await.map_err(Problem::other)?;
            Ok(format!("{bill} is held back no longer."))
        }
        Bills::Annul { bill } => {
            let id = named(tx, bill).await?;
            let note = annul::annul(tx, id).await.map_err(Problem::other)?;
            Ok(format!("{bill} is annulled by the credit note with the id {note}."))
        }
        Bills::Now { ledger } => {
            let found = ledgers::id_of(tx, ledger).await?;
            let id = found.ok_or_else(|| Problem::Other(format!("there is no ledger {ledger}")))?;
            let billed = cycle::bill_now(tx, id).await?;
            Ok(if billed { format!("{ledger} is billed.") } else { format!("{ledger} has nothing to bill.") })
        }
    }
}

async fn named(tx: &mut Tx, bill: &str) -> Result<i64, Problem> {
    let found = documents::id_of(tx, bill).await?;
    found.ok_or_else(|| Problem::Other(format!("there is no bill {bill}")))
}
