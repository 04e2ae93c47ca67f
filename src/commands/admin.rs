//! Commands for whoever runs the server: migrate, check, clock, brownout, token.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};

use super::config::Config;
use super::open::{Opened, Problem};
use crate::api;
use crate::domain::auth::brownouts;
use crate::domain::check::{self as books, Finding};
use crate::platform::clock::{self, Deadline};
use crate::platform::db::{Stats, Tx};

/// Checking ten million postings takes a while.
const PATIENCE: Duration = Duration::from_secs(3600);

#[derive(Debug, Subcommand)]
pub enum Clock {
    /// Print business time.
    Show,
    /// Move business time forwards, in a demo world only: 45s, 90m, 36h, 3d or 2w.
    Advance { span: String },
}

#[derive(Debug, Subcommand)]
pub enum Brownout {
    /// Announce that requests to a field, such as Query.accounts, will be refused for a while.
    Announce {
        field: String,
        /// When it begins, such as 2026-05-04T10:00:00Z.
        #[arg(long)]
        from: DateTime<Utc>,
        /// When it ends.
        #[arg(long)]
        until: DateTime<Utc>,
    },
    /// Call a brownout off by its number.
    Cancel { id: i64 },
}

#[derive(Debug, Args)]
pub struct Token {
    /// E-mail that an account user or a member of staff logs in with.
    #[arg(long)]
    email: String,
}

pub(super) async fn writing(opened: &Opened) -> Result<Tx, Problem> {
    Ok(opened.database.write(Deadline::after(PATIENCE), &Stats::new()).await?)
}

pub async fn migrate(config: &Config) -> Result<(), Problem> {
    // Opening migrates.
    Opened::open(config).await?.close().await?;
    println!("The database is up to date.");
    Ok(())
}

pub async fn check(config: &Config) -> Result<(), Problem> {
    let opened = Opened::open(config).await?;
    let found = async {
        let mut view = opened.database.snapshot(Deadline::after(PATIENCE), &Stats::new()).await?;
        books::run(&mut view).await
    };
    let found = found.await;
    opened.close().await?;
    match report(&found?) {
        0 => Ok(()),
        broken => Err(Problem::Other(format!("the books are not sound: {broken} findings"))),
    }
}

/// Prints what each rule found, and answers how many break one.
pub(super) fn report(findings: &[Finding]) -> i64 {
    for Finding { rule, examined, broken } in findings {
        println!("{examined:>12} examined {broken:>8} broken  {rule}");
    }
    findings.iter().map(|finding| finding.broken).sum()
}

pub async fn clock(config: &Config, what: &Clock) -> Result<(), Problem> {
    let opened = Opened::open(config).await?;
    let told = async {
        let mut tx = writing(&opened).await?;
        let now = match what {
            Clock::Show => tx.business_now().await?,
            Clock::Advance { span } => {
                let moved = clock::advance(&mut tx, parse_span(span)?).await;
                moved.map_err(Problem::other)?
            }
        };
        tx.commit().await?;
        Ok::<_, Problem>(now)
    };
    let told = told.await;
    opened.close().await?;
    println!("{}", told?.to_rfc3339());
    Ok(())
}

fn parse_span(text: &str) -> Result<TimeDelta, Problem> {
    let wrong = || Problem::Other(format!("{text} is not a span of time; try 36h or 3d"));
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let number: i64 = number.parse().map_err(|_| wrong())?;
    let span = match unit {
        "s" => TimeDelta::try_seconds(number),
        "m" => TimeDelta::try_minutes(number),
        "h" => TimeDelta::try_hours(number),
        "d" => TimeDelta::try_days(number),
        "w" => TimeDelta::try_weeks(number),
        _ => None,
    };
    span.ok_or_else(wrong)
}

pub async fn brownout(config: &Config, what: &Brownout) -> Result<(), Problem> {
    if let Brownout::Announce { field, .. } = what {
        let engine = api::engine(None).map_err(Problem::other)?;
        if !engine.model().all_facts().any(|facts| facts.coordinate == *field) {
            return Err(Problem::Other(format!("{field} is not a served field")));
        }
    }
    let opened = Opened::open(config).await?;
    let done = async {
        let mut tx = writing(&opened).await?;
        let said = match what {
            Brownout::Announce { field, from, until } => {
                let id = brownouts::announce(&mut tx, field, *from, *until).await.map_err(Problem::other)?;
                format!("Brownout {id} of {field} is announced.")
            }
            Brownout::Cancel { id } => match brownouts::cancel(&mut tx, *id).await? {
                true => format!("Brownout {id} is called off."),
                false => return Err(Problem::Other(format!("brownout {id} is over or unknown"))),
            },
        };
        tx.commit().await?;
        Ok(said)
    };
    let done = done.await;
    opened.close().await?;
    println!("{}", done?);
    Ok(())
}

pub async fn token(config: &Config, what: &Token) -> Result<(), Problem> {
    let opened = Opened::open(config).await?;
    let issued = async {
        let mut tx = writing(&opened).await?;
        let token = opened.auth(config).issue_to(&mut tx, &what.email).await.map_err(Problem::other)?;
        tx.commit().await?;
        token.ok_or_else(|| Problem::Other(format!("nobody logs in with {}", what.email)))
    };
    let issued = issued.await;
    opened.close().await?;
    println!("{}", issued?);
    Ok(())
}
