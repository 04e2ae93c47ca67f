//! Commands that let others in: staff, organisations and partner users.

use clap::Subcommand;

use super::config::Config;
use super::open::{Problem, written};
use crate::domain::accounts::accounts;
use crate::domain::auth::{Viewer, organisations, partners, staff};
use crate::domain::communications::calls::agents::{self, Presence};
use crate::platform::db::Tx;
use crate::platform::random::Randomness;

#[derive(Debug, Subcommand)]
pub enum Staff {
    /// Add somebody who may log in as staff. The password is drawn and printed once.
    Add {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// May be given several times.
        #[arg(long = "role", default_value = "admin")]
        roles: Vec<String>,
    },
    /// Say that somebody of the staff takes calls, or does not any more.
    Phone {
        email: String,
        /// What they can do, such as billing, language:de or team:Business service. May be given several times.
        #[arg(long = "skill")]
        skills: Vec<String>,
        /// They take no calls.
        #[arg(long)]
        away: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Organisation {
    /// Add an organisation that may integrate with the API. Its secret key is drawn and printed once.
    Add {
        #[arg(long)]
        name: String,
        /// What it may do, such as view-accounts, act-for-customers or pre-sign-tokens. May be given several times.
        #[arg(long = "permission")]
        permissions: Vec<String>,
        /// Number of an account that it may see. May be given several times.
        #[arg(long = "account")]
        accounts: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Partner {
    /// Add a partner user. The password is drawn and printed once.
    Add {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// What they may do. May be given several times.
        #[arg(long = "permission")]
        permissions: Vec<String>,
    },
}

fn borrowed(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

pub async fn organisation(config: &Config, what: Organisation) -> Result<(), Problem> {
    let Organisation::Add { name, permissions, accounts: numbers } = what;
    let key = written(config, async |opened, tx| {
        let (id, key) = organisations::add(tx, &opened.random, &name, &borrowed(&permissions)).await?;
        // Whoever may run this command may see every account.
        let operator = Viewer::Staff { id: 0, roles: Vec::new(), permissions: Vec::new() };
        for number in &numbers {
            let account = accounts::by_number(tx, &operator, number).await?;
            let account = account.ok_or_else(|| Problem::Other(format!("there is no account {number}")))?;
            organisations::grant(tx, id, account.id).await?;
        }
        Ok(key)
    });
    println!("{name} may log in with the secret key {}", key.await?);
    Ok(())
}

pub async fn staff(config: &Config, what: Staff) -> Result<(), Problem> {
    match what {
        Staff::Add { email, name, roles } => {
            add_person(config, &email, async |tx, _, hash| {
                staff::add(tx, &email, &name, hash, &borrowed(&roles)).await.map_err(Problem::other)
            })
            .await
        }
        Staff::Phone { email, skills, away } => {
            let presence = if away { Presence::Away } else { Presence::Available };
            written(config, async |_, tx| {
                agents::set(tx, &email, presence, &borrowed(&skills)).await.map_err(Problem::other)
            })
            .await
        }
    }
}

pub async fn partner(config: &Config, what: Partner) -> Result<(), Problem> {
    let Partner::Add { email, name, permissions } = what;
    add_person(config, &email, async |tx, random, hash| {
        let permissions = borrowed(&permissions);
        partners::add(tx, random, &email, &name, hash, &permissions).await.map_err(Problem::other)
    })
    .await
}

/// Draws a password, has somebody added with its hash, and prints it.
async fn add_person(
    config: &Config,
    email: &str,
    add: impl AsyncFnOnce(&mut Tx, &Randomness, &str) -> Result<i64, Problem>,
) -> Result<(), Problem> {
    let password = written(config, async |opened, tx| {
        let password = opened.random.alphanumeric(20);
        let hash = opened.auth(config).passwords().hash(&password).await.map_err(Problem::other)?;
        add(tx, &opened.random, &hash).await?;
        Ok(password)
    });
    println!("{email} may log in with the password {}", password.await?);
    Ok(())
}
