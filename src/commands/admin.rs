//! Commands for whoever runs the server: migrate, check, clock, brownout, token.

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};

use super::config::Config;
use super::open::{Opened, Problem, read, written};
use crate::api;
use crate::domain::auth::brownouts;
use crate::domain::check::{self as books, Finding};
use crate::platform::{clock, jobs};

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

pub async fn migrate(config: &Config) -> Result<(), Problem> {
    // Opening migrates.
    Opened::open(config).await?.close().await?;
    println!("The database is up to date.");
    Ok(())
}

pub async fn check(config: &Config) -> Result<(), Problem> {
    let found = read(config, async |view| Ok(books::run(view).await?)).await?;
    match report(&found) {
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
    let now = written(config, async |_, tx| match what {
        Clock::Show => Ok(tx.business_now().await?),
        Clock::Advance { span } => {
            let moved = clock::advance(tx, parse_span(span)?).await.map_err(Problem::other)?;
            jobs::wake(tx).await?;
            Ok(moved)
        }
    });
    println!("{}", now.await?.to_rfc3339());
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
    let said = written(config, async |_, tx| match what {
        Brownout::Announce { field, from, until } => {
            let id = brownouts::announce(tx, field, *from, *until).await.map_err(Problem::other)?;
            Ok(format!("Brownout {id} of {field} is announced."))
        }
        Brownout::Cancel { id } => match brownouts::cancel(tx, *id).await? {
            true => Ok(format!("Brownout {id} is called off.")),
            false => Err(Problem::Other(format!("brownout {id} is over or unknown"))),
        },
    });
    println!("{}", said.await?);
    Ok(())
}

pub async fn token(config: &Config, what: &Token) -> Result<(), Problem> {
    let token = written(config, async |opened, tx| {
        let token = opened.auth(config).issue_to(tx, &what.email).await.map_err(Problem::other)?;
        token.ok_or_else(|| Problem::Other(format!("nobody logs in with {}", what.email)))
    });
    println!("{}", token.await?);
    Ok(())
}
