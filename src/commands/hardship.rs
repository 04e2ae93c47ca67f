//! `kraken-api hardship`: what was agreed with customers who find it hard to pay, and help that they were granted.

use chrono::NaiveDate;
use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::ledgers::hardship::{self, HardshipError, NewAgreement};
use crate::platform::db::Tx;

#[derive(Debug, Subcommand)]
pub enum Hardship {
    /// Agree on something. While it holds, nothing on the account is dunned.
    Agree {
        /// The account's number.
        account: String,
        /// Such as UNEMPLOYMENT or HOUSEHOLD_ILLNESS.
        #[arg(long = "type")]
        kind: String,
        /// How it came up: SELF_IDENTIFIED, EXTERNAL_REFERENCE or RETAILER_REFERRAL.
        #[arg(long)]
        reason: Option<String>,
        /// What has happened; the customer can read it.
        #[arg(long)]
        details: String,
        /// How the customer pays meanwhile; they can read it.
        #[arg(long)]
        plan: String,
        /// The first day; today unless said otherwise.
        #[arg(long)]
        from: Option<NaiveDate>,
    },
    /// End an agreement.
    End {
        /// Its id.
        agreement: i64,
        /// The first day on which it holds no more; tomorrow unless said otherwise.
        #[arg(long)]
        on: Option<NaiveDate>,
    },
    /// Note help with energy bills that a household was granted.
    Grant {
        /// The account's number.
        account: String,
        /// Such as WARM_HOME_DISCOUNT.
        #[arg(long = "type")]
        kind: String,
        /// The first day.
        #[arg(long)]
        from: NaiveDate,
        /// The first day without it.
        #[arg(long)]
        to: Option<NaiveDate>,
    },
}

pub async fn run(config: &Config, what: &Hardship) -> Result<(), Problem> {
    let said = written(config, async |_, tx| carry_out(tx, what).await.map_err(Problem::other)).await?;
    println!("{said}");
    Ok(())
}

async fn carry_out(tx: &mut Tx, what: &Hardship) -> Result<String, HardshipError> {
    match what {
        Hardship::Agree { account, kind, reason, details, plan, from } => {
            let new = NewAgreement {
                hardship_type: kind,
                entry_reason: reason.as_deref(),
                details,
                payment_plan: plan,
                from: *from,
            };
            let id = hardship::agree(tx, account, &new).await?;
            Ok(format!("Agreed with the id {id}."))
        }
        Hardship::End { agreement, on } => {
            hardship::end(tx, *agreement, *on).await?;
            Ok(format!("The agreement {agreement} ends."))
        }
        Hardship::Grant { account, kind, from, to } => {
            let id = hardship::grant(tx, account, kind, *from, *to).await?;
            Ok(format!("Noted with the id {id}."))
        }
    }
}
