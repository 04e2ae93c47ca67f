//! `kraken-api ledger`: corrections of the books that nobody makes through the API.

use clap::{Args, Subcommand};

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::ledgers::{reversals, set_aside, write_offs};
use crate::platform::db::Tx;

#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Undo a transaction, and the other side of it if it is a transfer.
    Reverse {
        /// The transaction's identifier.
        transaction: i64,
        #[command(flatten)]
        note: Note,
    },
    /// Set aside what is owed on a ledger, on a debt ledger where it is paid off.
    SetAside {
        /// The ledger's number, such as L-0A1B2C3D.
        ledger: String,
        /// How much of it, in minor units; all of it unless said otherwise.
        #[arg(long)]
        amount: Option<i64>,
        #[command(flatten)]
        note: Note,
    },
    /// Write off what is owed on a ledger.
    WriteOff {
        /// The ledger's number, such as L-0A1B2C3D.
        ledger: String,
        /// How much of it, in minor units; all of it unless said otherwise.
        #[arg(long)]
        amount: Option<i64>,
        #[command(flatten)]
        note: Note,
    },
}

#[derive(Debug, Args)]
pub struct Note {
    /// Why, for those who look at the transaction later.
    #[arg(long)]
    note: Option<String>,
}

pub async fn run(config: &Config, what: &Ledger) -> Result<(), Problem> {
    if let Ledger::SetAside { ledger, amount, note } = what {
        let note = note.note.as_deref();
        written(config, async |opened, tx| {
            let done = set_aside::set_aside(tx, &opened.random, ledger, *amount, note).await;
            done.map_err(Problem::other)
        })
        .await?;
        println!("Set aside.");
        return Ok(());
    }
    let posted = written(config, async |_, tx| post(tx, what).await).await?;
    let ids: Vec<String> = posted.iter().map(ToString::to_string).collect();
    println!("Posted as {}.", ids.join(" and "));
    Ok(())
}

async fn post(tx: &mut Tx, what: &Ledger) -> Result<Vec<i64>, Problem> {
    match what {
        Ledger::Reverse { transaction, note } => {
            reversals::reverse(tx, *transaction, note.note.as_deref()).await.map_err(Problem::other)
        }
        Ledger::SetAside { .. } => Ok(Vec::new()),
        Ledger::WriteOff { ledger, amount, note } => {
            let posted = write_offs::write_off(tx, ledger, *amount, note.note.as_deref()).await;
            Ok(vec![posted.map_err(Problem::other)?])
        }
    }
}
