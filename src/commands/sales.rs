//! `kraken-api sales`: funnels, channels, and who is not signed up.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::leads::blocklist::{self, Entries};
use crate::domain::leads::channels::{self, NewChannel};
use crate::domain::leads::making::{self, Plan};
use crate::platform::db::Tx;

#[derive(Debug, Subcommand)]
pub enum Sales {
    /// Make a funnel of a JSON file: {"code", "name", "funnelType": "LEAD" or "OPPORTUNITY", "stages": [{"code", "name",
    /// "isInitial", "needsDetails", "outcome": "WON" or "LOST", "next": [codes]}], "collections": [{"name", "description",
    /// "fields"}], "fields": [{"code", "name", "fieldType", "textChoices", "textRegex", "isRequired"}]}. With "isDraft" it
    /// is not in use yet.
    Funnel {
        /// The file.
        file: PathBuf,
    },
    /// Put a funnel in use, or with --over out of it.
    FunnelStatus {
        /// Its code.
        code: String,
        /// It is not used any more; whatever is in it may go on.
        #[arg(long)]
        over: bool,
    },
    /// Open a sales channel.
    Channel {
        /// Its code, in capital letters.
        code: String,
        /// Its name.
        name: String,
        /// What it is.
        #[arg(long, default_value = "")]
        description: String,
        /// Code of the channel that it is a part of.
        #[arg(long)]
        parent: Option<String>,
        /// When it opens, such as 2026-04-01T00:00:00Z; now, unless given.
        #[arg(long)]
        from: Option<DateTime<Utc>>,
        /// When it closes.
        #[arg(long)]
        to: Option<DateTime<Utc>>,
    },
    /// Bar somebody from signing up: whoever has a word in their name, an e-mail in a domain, or a bank account.
    Bar {
        /// The word, or several in a row.
        #[arg(long)]
        name: Option<String>,
        /// The domain.
        #[arg(long)]
        email_domain: Option<String>,
        /// The account; only a digest of it is kept.
        #[arg(long)]
        iban: Option<String>,
    },
}

pub async fn run(config: &Config, what: &Sales) -> Result<(), Problem> {
    written(config, async |_, tx| carry_out(tx, what).await).await?;
    println!("Noted.");
    Ok(())
}

async fn carry_out(tx: &mut Tx, what: &Sales) -> Result<(), Problem> {
    match what {
        Sales::Funnel { file } => {
            let opened = File::open(file).map_err(Problem::other)?;
            let plan: Plan = serde_json::from_reader(BufReader::new(opened)).map_err(Problem::other)?;
            making::make(tx, &plan).await.map(|_| ()).map_err(Problem::other)
        }
        Sales::FunnelStatus { code, over } => {
            let status = if *over { "DEPRECATED" } else { "ACTIVE" };
            making::put_status(tx, code, status).await.map_err(Problem::other)
        }
        Sales::Channel { code, name, description, parent, from, to } => {
            let new = NewChannel { code, name, description, parent: parent.as_deref(), from: *from, to: *to };
            channels::open(tx, &new).await.map(|_| ()).map_err(Problem::other)
        }
        Sales::Bar { name, email_domain, iban } => {
            let entries = Entries {
                name: name.as_deref(),
                email_domain: email_domain.as_deref(),
                iban: iban.as_deref(),
            };
            blocklist::bar(tx, &entries).await.map_err(Problem::other)
        }
    }
}
