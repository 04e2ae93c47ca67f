//! `kraken-api account`: what operations staff know about accounts beside what the API tells them.

use chrono::NaiveDate;
use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::accounts::applications;
use crate::domain::accounts::life_support::{self, NewRecord};
use crate::platform::db::Tx;

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
    /// Register equipment in Australia that somebody's life hangs on.
    LifeSupport {
        /// The account's number.
        account: String,
        /// What it is, such as OXYGEN_CONCENTRATOR.
        equipment: String,
        /// How to warn of a power cut: POSTAL_ADDRESS, SITE_ADDRESS, EMAIL_ADDRESS or PHONE.
        contact: String,
        /// What else there is to say.
        #[arg(long, default_value = "")]
        details: String,
        /// A doctor has confirmed it.
        #[arg(long)]
        confirmed: bool,
        /// The network keeps the record.
        #[arg(long)]
        of_network: bool,
    },
    /// Note that a doctor has confirmed such equipment, or why it is registered no longer.
    LifeSupportStatus {
        /// The record, by identifier.
        record: i64,
        /// Such as REGISTERED_MEDICAL_CONFIRMATION or DEREGISTERED_CUSTOMER_ADVICE.
        status: String,
    },
}

/// Does what was asked for.
pub async fn run(config: &Config, what: &Account) -> Result<(), Problem> {
    written(config, async |_, tx| carry_out(tx, what).await).await
}

async fn carry_out(tx: &mut Tx, what: &Account) -> Result<(), Problem> {
    match what {
        Account::TakenOver { account, source, agreed_on } => {
            applications::migrated(tx, account, source, *agreed_on).await.map_err(Problem::other)
        }
        Account::LifeSupport { account, equipment, contact, details, confirmed, of_network } => {
            let new = NewRecord {
                equipment,
                details,
                contact_method: contact,
                is_confirmed: *confirmed,
                is_ours: !of_network,
            };
            let record = life_support::register(tx, account, &new).await.map_err(Problem::other)?;
            println!("Record {record}");
            Ok(())
        }
        Account::LifeSupportStatus { record, status } => {
            life_support::set_status(tx, *record, status).await.map_err(Problem::other)
        }
    }
}
