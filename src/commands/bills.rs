//! `kraken-api bills`: hold bills back and let them go, annul them, bill a ledger at once.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::billing::earlier::{self, NewEarlier};
use crate::domain::billing::elsewhere::{self, GivenOut};
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
    /// Note that another system has given out a closed bill of an account that a third party bills.
    GivenOut {
        /// Its id.
        bill: String,
        /// The name of that system.
        #[arg(long)]
        by: String,
        /// The number that it gave the bill.
        #[arg(long)]
        number: String,
        /// The day of issue.
        #[arg(long)]
        on: NaiveDate,
        /// The day by which it is to be paid.
        #[arg(long)]
        due: NaiveDate,
        /// The bill as a PDF, if there is one.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Take over a bill from whoever kept an account before.
    Import {
        /// The account's number.
        account: String,
        /// What the customer knows the bill by.
        #[arg(long)]
        number: String,
        /// The first day that it is for.
        #[arg(long)]
        from: NaiveDate,
        /// The last day that it is for.
        #[arg(long)]
        to: NaiveDate,
        /// The day of issue.
        #[arg(long)]
        on: NaiveDate,
        /// What it asked for, in minor units.
        #[arg(long, allow_negative_numbers = true)]
        gross: i64,
        /// What else is known of it, as a JSON object.
        #[arg(long, default_value = "{}")]
        params: serde_json::Value,
        /// The bill as a PDF, if there is one.
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Bill a ledger up to and with today, whatever its period.
    Now {
        /// Its number.
        ledger: String,
    },
}

pub async fn run(config: &Config, what: &Bills) -> Result<(), Problem> {
    let said = written(config, async |_, tx| carry_out(config, tx, what).await).await?;
    println!("{said}");
    Ok(())
}

async fn carry_out(config: &Config, tx: &mut Tx, what: &Bills) -> Result<String, Problem> {
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
        Bills::GivenOut { bill, by, number, on, due, file } => {
            let id = named(tx, bill).await?;
            let pdf = file.as_ref().map(std::fs::read).transpose()?;
            let given = GivenOut { system: by, number, issued_on: *on, due_on: *due, pdf };
            let storage = config.storage()?;
            elsewhere::given_out(tx, &*storage, id, &given).await.map_err(Problem::other)?;
            Ok(format!("{bill} was given out as {number}."))
        }
        Bills::Import { account, number, from, to, on, gross, params, file } => {
            let new = NewEarlier {
                account_number: account,
                identifier: number,
                from_date: *from,
                to_date: *to,
                issued_on: *on,
                gross: *gross,
                params,
                pdf: file.as_ref().map(std::fs::read).transpose()?,
            };
            let storage = config.storage()?;
            let id = earlier::import(tx, &*storage, &new).await.map_err(Problem::other)?;
            Ok(format!("{number} was taken over with the id {id}."))
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
