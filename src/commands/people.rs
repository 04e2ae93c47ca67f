//! `kraken-api people`: what operations staff know about people beside what people say themselves.

use chrono::NaiveDate;
use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::accounts::concessions::{self, Answer, NewCard};
use crate::domain::accounts::known::{self, FamilyIssues};
use crate::platform::db::Tx;

#[derive(Debug, Subcommand)]
pub enum People {
    /// Label somebody, or take the label away.
    Label {
        /// The person's number, such as U-0A1B2C3D.
        user: String,
        /// The label; none takes it away.
        text: Option<String>,
    },
    /// Note a number that somebody has called from, beside their own.
    Phone {
        /// The person's number.
        user: String,
        /// With the country's code, such as +447700900101.
        phone: String,
    },
    /// Note that contact needs care because of violence in the family, or that it does no longer.
    Family {
        /// The person's number.
        user: String,
        /// It is not safe to send the policy about it.
        #[arg(long)]
        no_policy: bool,
        /// It is not safe to write about moving in.
        #[arg(long)]
        no_move_in: bool,
        /// There is nothing to take care of any more.
        #[arg(long, conflicts_with_all = ["no_policy", "no_move_in"])]
        over: bool,
    },
    /// Note a concession card that somebody has shown.
    Card {
        /// The person's number.
        user: String,
        /// The kind of card, such as CENTRELINK_PENSIONER.
        card_type: String,
        /// What is printed on it.
        number: String,
        /// The day on which it was issued.
        #[arg(long)]
        issued: Option<NaiveDate>,
        /// The day on which it expires.
        #[arg(long)]
        expires: Option<NaiveDate>,
    },
    /// Note that the office that issued a concession card said that it counts, or why it does not.
    CardChecked {
        /// The card, by identifier.
        card: i64,
        /// Why not: a code for programs.
        #[arg(long, requires = "reason")]
        failure: Option<String>,
        /// Why not, in a sentence.
        #[arg(long, requires = "failure")]
        reason: Option<String>,
        /// What else was said.
        #[arg(long)]
        notes: Option<String>,
        /// The day from which on that holds; today unless given.
        #[arg(long)]
        since: Option<NaiveDate>,
    },
    /// Take a concession card off.
    CardRemoved {
        /// The card, by identifier.
        card: i64,
        /// The day from which on it counts no longer; today unless given.
        #[arg(long)]
        on: Option<NaiveDate>,
    },
    /// Note something else, or forget it.
    Detail {
        /// The person's number.
        user: String,
        /// What kind of detail it is.
        namespace: String,
        /// What is known; none forgets it.
        value: Option<String>,
        /// Only staff may read it.
        #[arg(long)]
        sensitive: bool,
    },
}

pub async fn run(config: &Config, what: &People) -> Result<(), Problem> {
    written(config, async |_, tx| carry_out(tx, what).await).await?;
    println!("Noted.");
    Ok(())
}

async fn carry_out(tx: &mut Tx, what: &People) -> Result<(), Problem> {
    match what {
        People::Card { user, card_type, number, issued, expires } => {
            let new = NewCard { card_type, number, issued_on: *issued, expires_on: *expires };
            let card = concessions::note(tx, user, &new).await.map_err(Problem::other)?;
            println!("Card {card}");
            return Ok(());
        }
        People::CardChecked { card, failure, reason, notes, since } => {
            let failure = failure.as_deref().zip(reason.as_deref());
            let said = Answer { failure, notes: notes.as_deref(), since: *since };
            return concessions::validated(tx, *card, &said).await.map_err(Problem::other);
        }
        People::CardRemoved { card, on } => {
            return concessions::remove(tx, *card, *on).await.map_err(Problem::other);
        }
        People::Label { user, text } => known::put_label(tx, user, text.as_deref()).await,
        People::Phone { user, phone } => known::add_phone(tx, user, phone).await,
        People::Family { user, no_policy, no_move_in, over } => {
            let care = FamilyIssues { keeps_policy_back: *no_policy, keeps_move_in_back: *no_move_in };
            known::put_family_issues(tx, user, (!over).then_some(care)).await
        }
        People::Detail { user, namespace, value, sensitive } => {
            known::put_detail(tx, user, namespace, value.as_deref(), *sensitive).await
        }
    }
    .map_err(Problem::other)
}
