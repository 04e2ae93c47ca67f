//! `kraken-api limits`: what single callers may ask for.

use clap::{Args, Subcommand, ValueEnum};

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::auth::limits::overrides::{self, Shown};
use crate::domain::auth::limits::{self, Payer};
use crate::platform::db::Tx;

#[derive(Debug, Subcommand)]
pub enum Limits {
    /// Print what a subject may spend an hour and what it has spent.
    Show(Whose),
    /// Give a subject an allowance of its own, in place of its kind's.
    Set {
        #[command(flatten)]
        whose: Whose,
        /// Points an hour; those of the subject's kind unless said otherwise.
        #[arg(long)]
        points: Option<i64>,
        /// What happens when the points are spent.
        #[arg(long, value_enum, default_value_t)]
        mode: Mode,
    },
    /// Put a subject back under the rule of its kind.
    Clear(Whose),
}

#[derive(Debug, Args)]
pub struct Whose {
    /// Such as kraken|account-user:4001 or address:192.0.2.7.
    subject: String,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Mode {
    /// Count, never refuse.
    Count,
    /// Refuse until the hour is over.
    #[default]
    Block,
    /// Refuse always.
    DenyList,
}

impl From<Mode> for limits::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Count => Self::Count,
            Mode::Block => Self::Block,
            Mode::DenyList => Self::DenyList,
        }
    }
}

pub async fn run(config: &Config, what: &Limits) -> Result<(), Problem> {
    let (Limits::Show(whose) | Limits::Set { whose, .. } | Limits::Clear(whose)) = what;
    let payer = overrides::payer(&whose.subject).map_err(Problem::other)?;
    let said = written(config, async |_, tx| change(tx, what, &payer).await).await?;
    println!("{said}");
    Ok(())
}

async fn change(tx: &mut Tx, what: &Limits, payer: &Payer) -> Result<String, Problem> {
    let note = match what {
        Limits::Show(_) => "",
        Limits::Set { points, mode, .. } => {
            overrides::set(tx, payer, *points, (*mode).into()).await.map_err(Problem::other)?;
            "\nRunning servers heed it within a minute."
        }
        Limits::Clear(_) => match overrides::clear(tx, payer).await.map_err(Problem::other)? {
            true => "\nRunning servers heed it within a minute.",
            false => "\nThere was nothing to clear.",
        },
    };
    let shown = overrides::show(tx, payer).await.map_err(Problem::other)?;
    Ok(format!("{}{note}", describe(payer, &shown)))
}

fn describe(payer: &Payer, shown: &Shown) -> String {
    let by = if shown.is_override { "by exception" } else { "as its kind" };
    let until = shown.window_ends_at.map_or_else(String::new, |at| format!(" until {}", at.to_rfc3339()));
    let (subject, points, mode, used) = (payer.subject_key(), shown.points, &shown.mode, shown.used);
    format!("{subject}: {points} points an hour, {mode}, {by}; {used} used{until}")
}
