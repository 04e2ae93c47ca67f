//! `kraken-api webhook`: where events are sent.

use clap::Subcommand;

use super::config::Config;
use super::open::{Opened, Problem, written};
use crate::domain::events::endpoints::{self, Dead, Endpoint};
use crate::platform::db::Tx;

#[derive(Debug, Subcommand)]
pub enum Webhook {
    /// Have events sent to an address from now on. The secret that signs them is drawn and printed once.
    Add {
        /// An https address, or http to this machine.
        url: String,
        /// Which events: a name, or the beginning of one, such as ledgers.*; may be given several times.
        #[arg(long = "events", value_name = "PATTERN", default_value = "*")]
        patterns: Vec<String>,
    },
    /// Print where events are sent, how many wait, and which were given up.
    List,
    /// Send an endpoint again what was given up.
    Retry { id: i64 },
    /// Send nothing to an endpoint any more.
    Remove { id: i64 },
}

pub async fn run(config: &Config, what: &Webhook) -> Result<(), Problem> {
    let said = written(config, async |opened, tx| change(opened, tx, what).await).await?;
    print!("{said}");
    Ok(())
}

async fn change(opened: &Opened, tx: &mut Tx, what: &Webhook) -> Result<String, Problem> {
    Ok(match what {
        Webhook::Add { url, patterns } => {
            let added = endpoints::add(tx, &opened.random, url, patterns).await;
            let (id, secret) = added.map_err(Problem::other)?;
            format!("Endpoint {id} gets what happens from now on, signed with the secret {secret}\n")
        }
        Webhook::List => {
            let (found, dead) = endpoints::list(tx).await?;
            found.iter().map(|endpoint| told(endpoint, &dead)).collect()
        }
        Webhook::Retry { id } => {
            let count = endpoints::revive(tx, *id).await?;
            format!("Events that are sent again: {count}\n")
        }
        Webhook::Remove { id } => {
            endpoints::remove(tx, *id).await.map_err(Problem::other)?;
            format!("Endpoint {id} is removed.\n")
        }
    })
}

fn told(endpoint: &Endpoint, dead: &[Dead]) -> String {
    let Endpoint { id, url, patterns, waiting, .. } = endpoint;
    let since = endpoint.waiting_since.map_or_else(String::new, |at| format!(" since {}", at.to_rfc3339()));
    let mut text = format!(
        "{id}  {url}\n    events {}, from {}\n    {waiting} waiting{since}, {} given up\n",
        patterns.join(" "),
        endpoint.created_at.to_rfc3339(),
        endpoint.dead
    );
    for event in dead.iter().filter(|event| event.endpoint_id == *id) {
        let why = event.failure.as_deref().unwrap_or("no reason was noted");
        text += &format!(
            "    given up: {} {} after {} attempts: {why}\n",
            event.event_id, event.name, event.attempts
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_up_stands_below_its_endpoint() {
        let endpoint = |id| Endpoint {
            id,
            url: "https://receiver.example/".into(),
            patterns: vec!["accounts.*".into(), "ledgers.*".into()],
            created_at: chrono::DateTime::UNIX_EPOCH,
            waiting: 0,
            waiting_since: None,
            dead: 1,
        };
        let dead = Dead {
            endpoint_id: 2,
            event_id: 7,
            name: "accounts.account.opened-v1".into(),
            attempts: 30,
            failure: Some("took too long".into()),
        };
        assert!(!told(&endpoint(1), std::slice::from_ref(&dead)).contains("took"));
        assert_eq!(
            told(&endpoint(2), &[dead]),
            "2  https://receiver.example/\n    events accounts.* ledgers.*, from 1970-01-01T00:00:00+00:00\n    \
             0 waiting, 1 given up\n    given up: 7 accounts.account.opened-v1 after 30 attempts: took too long\n"
        );
    }
}
