//! Where events are sent: addresses that the operator adds, with what each wants to hear of.

use chrono::{DateTime, Utc};
use thiserror::Error;
use url::{Host, Url};

use super::ALL;
use crate::platform::db::{Tx, database_error, row, statement};
use crate::platform::random::Randomness;

/// How many events that were given up are listed for an endpoint.
const LISTED: i64 = 20;

/// Why an endpoint was not added or changed.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// Events would travel in the clear, or nowhere.
    #[error(
        "{0} will not do: it takes an https address, or http to this machine, without a user or a fragment"
    )]
    BadUrl(String),
    /// No event has such a name.
    #[error(
        "no event fits {0}; ledgers.* and accounts.account.opened-v1 are patterns, docs/events.md lists the names"
    )]
    BadPattern(String),
    /// There is no such endpoint, or it has been removed.
    #[error("there is no endpoint {0}")]
    Unknown(i64),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(EndpointError);

row! {
    /// An endpoint, and how it is doing.
    pub struct Endpoint {
        /// Row id.
        pub id: i64,
        /// Where events go.
        pub url: String,
        /// What it wants to hear of.
        pub patterns: Vec<String>,
        /// Since when, in wall time.
        pub created_at: DateTime<Utc>,
        /// Events on their way.
        pub waiting: i64,
        /// When the oldest of these was recorded.
        pub waiting_since: Option<DateTime<Utc>>,
        /// Events that were given up.
        pub dead: i64,
    }
}

row! {
    /// An event that an endpoint did not take for a day.
    pub struct Dead {
        /// The endpoint.
        pub endpoint_id: i64,
        /// The event.
        pub event_id: i64,
        /// Its name.
        pub name: String,
        /// How often it was sent.
        pub attempts: i32,
        /// Why it failed last.
        pub failure: Option<String>,
    }
}

statement!(static ADD: (i64,) = "
    insert into webhook_endpoints (url, patterns, secret, created_at) values ($1, $2, $3, $4) returning id");
statement!(static REMOVE: (i64,) = "
    update webhook_endpoints set secret = null, removed_at = $2 where id = $1 and removed_at is null returning id");
statement!(static ALL_ACTIVE: Endpoint = "
    select e.id, e.url, e.patterns, e.created_at, count(d.event_id) filter (where d.status = 'due') as waiting,
        min(o.recorded_at) filter (where d.status = 'due') as waiting_since,
        count(d.event_id) filter (where d.status = 'dead') as dead
    from webhook_endpoints e
        left join webhook_deliveries d on d.endpoint_id = e.id and d.status in ('due', 'dead')
        left join outbox o on o.id = d.event_id
    where e.removed_at is null group by e.id order by e.id");
statement!(static DEAD: Dead = "
    select inside.* from unnest($1::bigint[]) as wanted (id) cross join lateral (
        select d.endpoint_id, d.event_id, o.name, d.attempts, d.failure
        from webhook_deliveries d join outbox o on o.id = d.event_id
        where d.endpoint_id = wanted.id and d.status = 'dead' order by d.event_id desc limit $2) inside
    order by inside.endpoint_id, inside.event_id");
statement!(static REVIVE: () = "
    update webhook_deliveries d
    set status = 'due', due_at = $2, attempts = 0, first_tried_at = null, failure = null, finished_at = null
    from webhook_endpoints e where e.id = d.endpoint_id and e.removed_at is null and e.id = $1 and d.status = 'dead'");

/// Adds an endpoint. It hears of what is done from now on; a request that is under way may have looked already whether
/// anybody listens. Answers its row id and the secret that everything sent to it is signed with.
pub async fn add(
    tx: &mut Tx,
    random: &Randomness,
    url: &str,
    patterns: &[String],
) -> Result<(i64, String), EndpointError> {
    let url = judged(url).ok_or_else(|| EndpointError::BadUrl(url.to_owned()))?;
    if let Some(bad) = patterns.iter().find(|pattern| !fits_any(pattern)) {
        return Err(EndpointError::BadPattern(bad.clone()));
    }
    let secret = format!("whsec_{}", random.alphanumeric(40));
    let now = tx.wall_now();
    let insert = ADD.query().bind(url.as_str()).bind(patterns).bind(&secret).bind(now);
    let (id,) = insert.fetch_one(&mut *tx).await?;
    Ok((id, secret))
}

/// Removes an endpoint: nothing is sent to it any more, and its secret is forgotten.
pub async fn remove(tx: &mut Tx, id: i64) -> Result<(), EndpointError> {
    let now = tx.wall_now();
    let removed = REMOVE.query().bind(id).bind(now).fetch_optional(&mut *tx).await?;
    removed.map(|_| ()).ok_or(EndpointError::Unknown(id))
}

/// Has what was given up sent again, for another day at most. Answers how much that is.
pub async fn revive(tx: &mut Tx, id: i64) -> Result<u64, sqlx::Error> {
    let now = tx.wall_now();
    Ok(REVIVE.command().bind(id).bind(now).execute(&mut *tx).await?.rows_affected())
}

/// All endpoints, and the newest events that each did not take.
pub async fn list(tx: &mut Tx) -> Result<(Vec<Endpoint>, Vec<Dead>), sqlx::Error> {
    let endpoints = ALL_ACTIVE.query().fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = endpoints.iter().map(|endpoint| endpoint.id).collect();
    let dead = DEAD.query().bind(ids).bind(LISTED).fetch_all(&mut *tx).await?;
    Ok((endpoints, dead))
}

/// An address that events may be sent to.
fn judged(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    let is_local = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let is_private = url.scheme() == "https" || (url.scheme() == "http" && is_local);
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    (is_private && is_plain).then_some(url)
}

/// Whether a pattern, a name or the beginning of one with a `*` behind it, fits any event.
fn fits_any(pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => {
            let ends = start.is_empty() || start.ends_with('.');
            ends && ALL.iter().any(|name| name.text().starts_with(start))
        }
        None => ALL.iter().any(|name| name.text() == pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_never_travel_in_the_clear() {
        for good in [
            "https://receiver.example/kraken?x=1",
            "http://127.0.0.1:9000/",
            "http://localhost:9000/hook",
            "http://[::1]/",
        ] {
            assert!(judged(good).is_some(), "{good}");
        }
        for bad in [
            "http://receiver.example/",
            "http://192.168.0.1/",
            "http://127.0.0.1.example/",
            "https://user:word@receiver.example/",
            "https://receiver.example/#part",
            "ftp://127.0.0.1/",
            "receiver.example",
            "https://",
            "",
        ] {
            assert!(judged(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_pattern_fits_something() {
        for good in ["*", "ledgers.*", "accounts.account.*", "accounts.account.opened-v1"] {
            assert!(fits_any(good), "{good}");
        }
        for bad in ["", "ledger.*", "led*", "%", "*.account.*", "ledgers.**", "accounts.account.opened"] {
            assert!(!fits_any(bad), "{bad}");
        }
    }
}
