//! Points an hour: whose they are, and how a server takes some of them from the count that all share.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::overrides::Mode;
use super::{Limited, seconds_until};
use crate::domain::auth::refresh;
use crate::domain::auth::subjects::Subject;
use crate::domain::auth::viewer::{Through, Viewer};
use crate::platform::clock::Deadline;
use crate::platform::db::{Database, Held, Stats, Tx, row, statement};

/// The kind of those who are known by their address alone.
const ADDRESS: &str = "address";
/// How long an allowance lasts, from the first request on.
pub const WINDOW: TimeDelta = TimeDelta::hours(1);
/// What part of the allowance a server takes at once: one in a hundred.
const BLOCKS: i64 = 100;
/// How long the count may take to answer before a request goes on uncounted.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whose points a request spends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer {
    kind: &'static str,
    subject: String,
}

impl Payer {
    /// Somebody with a credential.
    pub fn subject(subject: Subject) -> Self {
        Self { kind: subject.kind(), subject: subject.claim() }
    }

    /// Anybody at an address. A network of IPv6 is one caller: its addresses cost nothing.
    pub fn address(client: Option<IpAddr>) -> Self {
        Self { kind: ADDRESS, subject: format!("address:{}", network(client)) }
    }

    /// Whoever is behind a request: staff and organisations pay for what they do in a customer's name.
    pub fn of(viewer: &Viewer, client: Option<IpAddr>) -> Self {
        let actor = match viewer {
            Viewer::AccountUser { through: Through::Masquerade { staff }, .. } => {
                Some(Subject::SupportUser(*staff))
            }
            Viewer::AccountUser { through: Through::ThirdParty { organisation }, .. } => {
                Some(Subject::Organisation(*organisation))
            }
            other => other.subject(),
        };
        actor.map_or_else(|| Self::address(client), Self::subject)
    }

    /// Whoever is behind a refresh token, if it is good.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of_refresh_token(tx: &mut Tx, token: &str) -> Result<Option<Self>, sqlx::Error> {
        let now = tx.wall_now();
        let known = refresh::find(tx, token).await?.filter(|known| known.expires_at > now);
        let acting = known.as_ref().and_then(|known| known.third_party_id).map(Subject::Organisation);
        Ok(acting.or(known.and_then(|known| known.subject())).map(Self::subject))
    }

    /// Whether it is somebody with a credential.
    pub fn is_known(&self) -> bool {
        self.kind != ADDRESS
    }

    /// The kind that decides the allowance.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The subject as it is kept: a claim, or `address:` and an address.
    pub fn subject_key(&self) -> &str {
        &self.subject
    }
}

/// An address as it is counted: IPv6 by its /64.
pub(super) fn network(client: Option<IpAddr>) -> String {
    match client.map(|address| address.to_canonical()) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// What a subject may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Points an hour.
    pub points: i64,
    /// What happens beyond them.
    pub mode: Mode,
}

impl Rule {
    /// What a server takes at once.
    fn block(self) -> i64 {
        (self.points / BLOCKS).max(1)
    }
}

row! {
    /// The count that all servers share. What is leased counts as used.
    pub struct Shared {
        /// When it starts again.
        pub window_ends_at: DateTime<Utc>,
        /// Points used since it started.
        pub used: i64,
    }
}

/// How much is wanted of the shared count.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// What the request costs.
    pub cost: i64,
    /// What the server has set aside for it from its lease, at most `cost`.
    pub held: i64,
    /// The window that `held` belongs to.
    pub window_ends_at: DateTime<Utc>,
}

/// What was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// The shared count afterwards.
    pub shared: Shared,
    /// What remains for the lease once the request is paid.
    pub left: i64,
}

/// Takes what is asked from the shared count, and a block with it while there is one; towards the end exactly
/// what is needed, so that no server sits on the last points.
///
/// # Errors
/// When to come back.
pub fn grant(rule: Rule, shared: &Shared, ask: Ask, now: DateTime<Utc>) -> Result<Grant, DateTime<Utc>> {
    let (window_ends_at, used) = match shared.window_ends_at <= now {
        true => (now + WINDOW, 0),
        false => (shared.window_ends_at, shared.used),
    };
    // What was set aside from an hour that is over pays for nothing in the next.
    let held = if ask.window_ends_at == window_ends_at { ask.held } else { 0 };
    let need = (ask.cost - held).max(0);
    let rest = (rule.points - used).max(0);
    let block = if need == 0 { 0 } else { rule.block().max(need) };
    let taken = match rule.mode {
        Mode::DenyList => return Err(now + WINDOW),
        Mode::Block if need > rest => return Err(window_ends_at),
        Mode::Block if block > rest => need,
        Mode::Block | Mode::Count => block,
    };
    let shared = Shared { window_ends_at, used: used.saturating_add(taken) };
    Ok(Grant { shared, left: taken + held - ask.cost })
}

/// What the count had to say.
#[derive(Debug)]
pub struct Taken {
    /// What the subject may spend.
    pub rule: Rule,
    /// The shared count: after the grant, or as it stood at the refusal.
    pub shared: Shared,
    /// What is left for the lease, or when to come back.
    pub left: Result<i64, Limited>,
}

row! {
    struct RuleRow {
        points: i64,
        mode: String,
        window_ends_at: Option<DateTime<Utc>>,
        used: Option<i64>,
    }
}

statement!(static RULE: RuleRow = "
    select coalesce(o.points, k.points) as points, coalesce(o.mode, 'BLOCK') as mode, p.window_ends_at, p.used
    from rate_allowances_by_kind k
    left join rate_overrides o on o.subject = $1
    left join rate_points p on p.subject = $1
    where k.kind = $2");
statement!(static LOCK: Shared = "
    insert into rate_points as p (subject, window_ends_at, used) values ($1, $2, 0)
    on conflict (subject) do update set used = p.used
    returning p.window_ends_at, p.used");
statement!(static KEEP: () = "update rate_points set window_ends_at = $2, used = $3 where subject = $1");

/// Asks the shared count, on a connection that the caller has already, if there is one. It comes back unless the count
/// refuses. A refusal reads only; nobody waits for a lock to be refused. These statements are not the request's: they
/// are not among its counters.
///
/// # Errors
/// Those of the database.
pub async fn take(
    db: &Database,
    held: Option<Held>,
    payer: &Payer,
    ask: Ask,
) -> Result<(Taken, Option<Held>), sqlx::Error> {
    let mut tx = db.write_on(held, Deadline::after(PATIENCE), &Stats::new()).await?;
    let now = tx.wall_now();
    let row = RULE.query().bind(&payer.subject).bind(payer.kind).fetch_one(&mut tx).await?;
    let rule = Rule { points: row.points, mode: Mode::from_column(&row.mode) };
    let seen = match (row.window_ends_at, row.used) {
        (Some(window_ends_at), Some(used)) => Shared { window_ends_at, used },
        _ => Shared { window_ends_at: now, used: 0 },
    };
    let refused = |shared: Shared, resets_at| Taken { rule, shared, left: Err(Limited::new(now, resets_at)) };
    match grant(rule, &seen, ask, now) {
        Err(resets_at) => return Ok((refused(seen, resets_at), None)),
        // Only the rule was wanted.
        Ok(granted) if granted.shared == seen => {
            let taken = Taken { rule, shared: seen, left: Ok(granted.left) };
            return Ok((taken, Some(tx.commit_and_hold().await?)));
        }
        Ok(_) => {}
    }
    let locked = LOCK.query().bind(&payer.subject).bind(now).fetch_one(&mut tx).await?;
    match grant(rule, &locked, ask, now) {
        Err(resets_at) => Ok((refused(locked, resets_at), None)),
        Ok(Grant { shared, left }) => {
            let keep = KEEP.command().bind(&payer.subject).bind(shared.window_ends_at).bind(shared.used);
            keep.execute(&mut tx).await?;
            let held = tx.commit_and_hold().await?;
            Ok((Taken { rule, shared, left: Ok(left) }, Some(held)))
        }
    }
}

/// How a subject stands, as one server knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Points an hour.
    pub limit: i64,
    /// Points used in the hour that is running; those that other servers have leased are among them.
    pub used: i64,
    /// When the hour ends.
    pub window_ends_at: DateTime<Utc>,
    /// What happens when the points are spent.
    pub mode: Mode,
}

impl Standing {
    /// Points that are left.
    pub fn remaining(&self) -> i64 {
        match self.mode {
            Mode::DenyList => 0,
            Mode::Count | Mode::Block => (self.limit - self.used).max(0),
        }
    }

    /// Whether nothing more is let through.
    pub fn is_blocked(&self) -> bool {
        self.mode != Mode::Count && self.remaining() == 0
    }

    /// Whole seconds until the hour is over.
    pub fn resets_in(&self, now: DateTime<Utc>) -> i64 {
        seconds_until(now, self.window_ends_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_one_caller_and_a_mapped_address_is_its_ipv4() {
        let key = |text: &str| Payer::address(text.parse().ok()).subject;
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "address:2001:db8:1:2::/64");
        assert_eq!(key("2001:db8:1:2::9"), key("2001:db8:1:2:3:4:5:6"));
        assert_ne!(key("2001:db8:1:3::9"), key("2001:db8:1:2::9"));
        assert_eq!(key("::ffff:192.0.2.7"), "address:192.0.2.7");
        assert_eq!(Payer::address(None).subject, "address:unknown");
    }

    #[test]
    fn who_acts_for_a_customer_pays() {
        let through = |through| Payer::of(&Viewer::AccountUser { id: 5, through }, None).subject;
        assert_eq!(through(Through::InPerson), "kraken|account-user:5");
        assert_eq!(through(Through::Masquerade { staff: 7 }), "kraken|support-user:7");
        assert_eq!(through(Through::ThirdParty { organisation: 8 }), "kraken|organisation:8");
        assert_eq!(through(Through::Link { scope: "X".into() }), "kraken|account-user:5");
    }
}
