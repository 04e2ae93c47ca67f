//! `kraken-api centrepay`: regular deductions from welfare benefits, set up with Services Australia for Australian accounts.

use chrono::NaiveDate;
use clap::{Args, Subcommand};

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::payments::centrepay::{self, CentrepayError, Change, NewDeduction};
use crate::platform::db::Tx;

#[derive(Debug, Subcommand)]
pub enum Centrepay {
    /// Ask for a deduction that somebody has agreed to.
    SetUp(SetUp),
    /// Ask for another amount, target or end.
    Change {
        /// The deduction's id.
        deduction: i64,
        /// Each fortnight, in cents.
        #[arg(long)]
        amount: Option<i64>,
        /// The deductions end when they have come to this, in cents.
        #[arg(long)]
        target: Option<i64>,
        /// The first day without it.
        #[arg(long)]
        to: Option<NaiveDate>,
    },
    /// Ask for a deduction to be cancelled.
    Cancel {
        /// The deduction's id.
        deduction: i64,
    },
}

#[derive(Debug, Args)]
pub struct SetUp {
    /// The account's number.
    account: String,
    /// What it pays for: ELE or GAS.
    #[arg(long = "for")]
    reason: String,
    /// Which benefits it comes out of, such as PEN or NSS.
    #[arg(long)]
    group: String,
    /// The customer reference number: nine digits and a letter.
    #[arg(long)]
    crn: String,
    /// Each fortnight, in cents.
    #[arg(long)]
    amount: i64,
    /// The deductions end when they have come to this, in cents.
    #[arg(long)]
    target: Option<i64>,
    /// The first day; today unless said otherwise.
    #[arg(long)]
    from: Option<NaiveDate>,
    /// The first day without it.
    #[arg(long)]
    to: Option<NaiveDate>,
    /// Given name of the person whose benefits they are.
    #[arg(long)]
    given_name: String,
    /// Their family name.
    #[arg(long)]
    family_name: String,
    /// When they were born.
    #[arg(long)]
    born: NaiveDate,
}

pub async fn run(config: &Config, what: &Centrepay) -> Result<(), Problem> {
    let said = written(config, async |_, tx| carry_out(tx, what).await.map_err(Problem::other)).await?;
    println!("{said}");
    Ok(())
}

async fn carry_out(tx: &mut Tx, what: &Centrepay) -> Result<String, CentrepayError> {
    match what {
        Centrepay::SetUp(new) => {
            let new = NewDeduction {
                account_number: &new.account,
                benefit_group: &new.group,
                service_reason: &new.reason,
                customer_reference_number: &new.crn,
                amount: new.amount,
                target_amount: new.target,
                valid_from: new.from,
                valid_to: new.to,
                given_name: &new.given_name,
                family_name: &new.family_name,
                date_of_birth: new.born,
            };
            let id = centrepay::set_up(tx, &new).await?;
            Ok(format!("Asked for with the id {id}."))
        }
        Centrepay::Change { deduction, amount, target, to } => {
            let wished = Change { amount: *amount, target_amount: *target, valid_to: *to };
            centrepay::change(tx, *deduction, wished).await?;
            Ok(format!("Asked for changes of the deduction {deduction}."))
        }
        Centrepay::Cancel { deduction } => {
            centrepay::cancel(tx, *deduction).await?;
            Ok(format!("Asked for an end of the deduction {deduction}."))
        }
    }
}
