//! What this server has taken of the points that all servers share, so that most requests are counted
//! without asking the database. A lease is spent here, returned when it lies idle, and ends with its hour.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use lru::LruCache;
use tokio::sync::Mutex as Turn;

use super::overrides::Mode;
use super::points::{Ask, Payer, Rule, Standing, Taken, take};
use super::{Limited, purge};
use crate::platform::clock::Deadline;
use crate::platform::db::{Database, Held, Stats, statement};

/// How many subjects are remembered.
const SUBJECTS: NonZeroUsize = NonZeroUsize::new(50_000).unwrap();
/// How many returned leases wait for the next time that they are written.
const RETURNS: usize = 10_000;
/// How old a rule may get before it is read again.
pub const RULE_AGE: TimeDelta = TimeDelta::minutes(1);
/// After how long a lease that nobody uses goes back.
pub const IDLE: TimeDelta = TimeDelta::seconds(10);

/// What came of counting a request.
#[derive(Debug)]
pub enum Spent {
    /// It is paid.
    Counted(Standing),
    /// There are not enough points.
    Refused(Standing, Limited),
    /// The count could not be asked. That is no reason to refuse anybody.
    Unknown,
}

/// The leases of one server.
#[derive(Debug)]
pub struct Leases {
    entries: Mutex<LruCache<String, Arc<Entry>>>,
    /// Leases of subjects that were forgotten.
    returns: Mutex<Vec<Return>>,
}

#[derive(Debug)]
struct Return {
    subject: String,
    window_ends_at: DateTime<Utc>,
    points: i64,
}

#[derive(Debug, Default)]
struct Entry {
    lease: Mutex<Lease>,
    /// Whose turn it is to ask the shared count: one request of a subject at a time.
    turn: Turn<()>,
}

#[derive(Clone, Debug)]
struct Lease {
    rule: Rule,
    /// When the rule was read.
    ruled_at: DateTime<Utc>,
    window_ends_at: DateTime<Utc>,
    /// The shared count when it was last asked; `left` is part of it.
    used: i64,
    /// Points that are ours to spend.
    left: i64,
    touched_at: DateTime<Utc>,
    /// How often the shared count was asked, and what came of it last.
    asked: u64,
    last: Last,
}

#[derive(Clone, Copy, Debug)]
enum Last {
    Granted,
    /// So many points were too many.
    Refused(i64, Limited),
    Failed,
}

impl Default for Lease {
    fn default() -> Self {
        let never = DateTime::UNIX_EPOCH;
        Self {
            rule: Rule { points: 0, mode: Mode::Block },
            ruled_at: never,
            window_ends_at: never,
            used: 0,
            left: 0,
            touched_at: never,
            asked: 0,
            last: Last::Granted,
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds one of these can panic half way.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lease {
    fn standing(&self) -> Standing {
        let Rule { points: limit, mode } = self.rule;
        Standing { limit, used: self.used - self.left, window_ends_at: self.window_ends_at, mode }
    }

    /// Pays from what is left, where the rule is fresh.
    fn pay(&mut self, cost: i64, now: DateTime<Utc>) -> Option<Standing> {
        self.touched_at = now;
        let is_live = now < self.window_ends_at && now - self.ruled_at < RULE_AGE;
        if !is_live || self.left < cost {
            return None;
        }
        self.left -= cost;
        Some(self.standing())
    }

    /// Sets aside what there is towards `cost`.
    fn hold(&mut self, cost: i64, now: DateTime<Utc>) -> Ask {
        if self.window_ends_at <= now {
            self.left = 0;
        }
        let held = self.left.min(cost);
        self.left -= held;
        Ask { cost, held, window_ends_at: self.window_ends_at }
    }

    /// Takes in what the shared count said.
    fn learn(&mut self, ask: Ask, taken: Result<Taken, sqlx::Error>, now: DateTime<Utc>) -> Spent {
        self.asked += 1;
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "a request was not counted");
                self.left += ask.held;
                self.last = Last::Failed;
                return Spent::Unknown;
            }
        };
        if self.window_ends_at != taken.shared.window_ends_at {
            self.left = 0;
            self.window_ends_at = taken.shared.window_ends_at;
        }
        (self.rule, self.ruled_at, self.used) = (taken.rule, now, taken.shared.used);
        match taken.left {
            Ok(left) => {
                self.left += left;
                self.last = Last::Granted;
                Spent::Counted(self.standing())
            }
            Err(limited) => {
                if ask.window_ends_at == self.window_ends_at {
                    self.left += ask.held;
                }
                self.last = Last::Refused(ask.cost - ask.held, limited);
                Spent::Refused(self.standing(), limited)
            }
        }
    }

    /// What somebody learnt while this request waited for its turn, if that settles it.
    fn since(&mut self, asked: u64, cost: i64, now: DateTime<Utc>) -> Option<Spent> {
        if let Some(standing) = self.pay(cost, now) {
            return Some(Spent::Counted(standing));
        }
        match self.last {
            _ if self.asked == asked => None,
            Last::Failed => Some(Spent::Unknown),
            Last::Refused(need, limited) if cost - self.left >= need => {
                Some(Spent::Refused(self.standing(), limited))
            }
            Last::Refused(..) | Last::Granted => None,
        }
    }

    /// Takes back what is left: where it is of use to others.
    fn clear(&mut self, now: DateTime<Utc>) -> i64 {
        let left = std::mem::take(&mut self.left);
        self.used -= left;
        if self.window_ends_at <= now { 0 } else { left }
    }
}

impl Default for Leases {
    fn default() -> Self {
        Self { entries: Mutex::new(LruCache::new(SUBJECTS)), returns: Mutex::default() }
    }
}

impl Leases {
    /// Counts a request of `cost` points for `payer`, if the lease has them. Asks nobody.
    pub fn pay(&self, db: &Database, payer: &Payer, cost: i64) -> Option<Standing> {
        let now = db.wall().now();
        let entry = self.entry(payer.subject_key(), now);
        locked(&entry.lease).pay(cost, now)
    }

    /// Counts a request of `cost` points for `payer`. It asks the database only when the lease is spent or its rule is old:
    /// on the connection that the request has, if it has one, which comes back where it can go on being used.
    pub async fn spend(
        &self,
        db: &Database,
        mut held: Option<Held>,
        payer: &Payer,
        cost: i64,
    ) -> (Spent, Option<Held>) {
        let wall = db.wall();
        let entry = self.entry(payer.subject_key(), wall.now());
        let asked = {
            let mut lease = locked(&entry.lease);
            if let Some(standing) = lease.pay(cost, wall.now()) {
                return (Spent::Counted(standing), held);
            }
            lease.asked
        };
        let _turn = match entry.turn.try_lock() {
            Ok(turn) => turn,
            Err(_) => {
                // Whoever waits keeps no connection from others.
                drop(held.take());
                entry.turn.lock().await
            }
        };
        let ask = {
            let mut lease = locked(&entry.lease);
            if let Some(spent) = lease.since(asked, cost, wall.now()) {
                return (spent, held);
            }
            lease.hold(cost, wall.now())
        };
        let (taken, held) = match take(db, held, payer, ask).await {
            Ok((taken, held)) => (Ok(taken), held),
            Err(error) => (Err(error), None),
        };
        (locked(&entry.lease).learn(ask, taken, wall.now()), held)
    }

    fn entry(&self, subject: &str, now: DateTime<Utc>) -> Arc<Entry> {
        let mut entries = locked(&self.entries);
        if let Some(known) = entries.get(subject) {
            return Arc::clone(known);
        }
        let new = Arc::new(Entry::default());
        if let Some((forgotten, entry)) = entries.push(subject.to_owned(), Arc::clone(&new)) {
            drop(entries);
            self.put_back(forgotten, &entry, now);
        }
        new
    }

    fn put_back(&self, subject: String, entry: &Entry, now: DateTime<Utc>) {
        let mut lease = locked(&entry.lease);
        let points = lease.clear(now);
        let mut returns = locked(&self.returns);
        if points > 0 && returns.len() < RETURNS {
            returns.push(Return { subject, window_ends_at: lease.window_ends_at, points });
        }
    }

    /// Gives leases back that nobody has used for `idle`, so that no other server refuses for their sake, and
    /// forgets counts whose window is over. To be called every now and then, and with an `idle` of zero at
    /// the end.
    ///
    /// # Errors
    /// Those of the database; what was to be given back is lost then, until its hour is over.
    pub async fn tidy(&self, db: &Database, idle: TimeDelta) -> Result<(), sqlx::Error> {
        let now = db.wall().now();
        let known: Vec<(String, Arc<Entry>)> = locked(&self.entries)
            .iter()
            .map(|(subject, entry)| (subject.clone(), Arc::clone(entry)))
            .collect();
        for (subject, entry) in known {
            let Ok(_turn) = entry.turn.try_lock() else { continue };
            let idles = {
                let lease = locked(&entry.lease);
                lease.left > 0 && now - lease.touched_at >= idle
            };
            if idles {
                self.put_back(subject, &entry, now);
            }
        }
        let returns = std::mem::take(&mut *locked(&self.returns));
        let mut tx = db.write(Deadline::after(Duration::from_secs(10)), &Stats::new()).await?;
        if !returns.is_empty() {
            let subjects: Vec<&str> = returns.iter().map(|each| each.subject.as_str()).collect();
            let windows: Vec<DateTime<Utc>> = returns.iter().map(|each| each.window_ends_at).collect();
            let points: Vec<i64> = returns.iter().map(|each| each.points).collect();
            GIVE_BACK.command().bind(subjects).bind(windows).bind(points).execute(&mut tx).await?;
        }
        purge(&mut tx).await?;
        tx.commit().await
    }
}

// Rows are locked in one order, so that two servers that tidy up do not wait for each other.
statement!(static GIVE_BACK: () = "
    with held as (select subject from rate_points where subject = any($1::text[]) order by subject for update),
    given as (
        select g.subject, g.window_ends_at, sum(g.points)::bigint as points
        from unnest($1, $2::timestamptz[], $3::bigint[]) as g (subject, window_ends_at, points)
        group by g.subject, g.window_ends_at)
    update rate_points p set used = greatest(p.used - given.points, 0)
    from given join held on held.subject = given.subject
    where p.subject = given.subject and p.window_ends_at = given.window_ends_at");

#[cfg(test)]
mod tests {
    use super::super::points::{Shared, grant};
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const SERVERS: usize = 3;

    /// What can happen next, and on which server.
    #[derive(Clone, Debug)]
    enum Step {
        /// A request comes; it asks the shared count if the lease will not do.
        Come(usize, i64),
        /// The shared count answers the request that asked first.
        Answer(usize),
        /// The shared count does not answer it.
        Fail(usize),
        /// What lies idle is given back.
        Tidy(usize),
        /// Seconds pass.
        Pass(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let server = 0..SERVERS;
        let step = prop_oneof![
            6 => (server.clone(), 1..30_i64).prop_map(|(server, cost)| Step::Come(server, cost)),
            6 => server.clone().prop_map(Step::Answer),
            1 => server.clone().prop_map(Step::Fail),
            1 => server.prop_map(Step::Tidy),
            1 => (1..2_000_i64).prop_map(Step::Pass),
        ];
        prop::collection::vec(step, 1..200)
    }

    /// Servers with a lease each over one shared count, without a database.
    struct World {
        rule: Rule,
        now: DateTime<Utc>,
        shared: Shared,
        leases: [Lease; SERVERS],
        asking: [Option<Ask>; SERVERS],
        /// Points spent, by the end of their hour.
        spent: BTreeMap<DateTime<Utc>, i64>,
        uncounted: usize,
    }

    impl World {
        fn new(points: i64, mode: Mode) -> Self {
            let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
            Self {
                rule: Rule { points, mode },
                now,
                shared: Shared { window_ends_at: now, used: 0 },
                leases: std::array::from_fn(|_| Lease::default()),
                asking: [None; SERVERS],
                spent: BTreeMap::new(),
                uncounted: 0,
            }
        }

        fn note(&mut self, cost: i64, standing: Standing) {
            *self.spent.entry(standing.window_ends_at).or_default() += cost;
        }

        fn step(&mut self, step: Step) {
            match step {
                // One request of a subject at a time asks; the others of the same server pay or wait.
                Step::Come(at, cost) => match self.leases[at].pay(cost, self.now) {
                    Some(standing) => self.note(cost, standing),
                    None if self.asking[at].is_none() => {
                        self.asking[at] = Some(self.leases[at].hold(cost, self.now));
                    }
                    None => {}
                },
                Step::Answer(at) => {
                    let Some(ask) = self.asking[at].take() else { return };
                    let left = match grant(self.rule, &self.shared, ask, self.now) {
                        Ok(granted) => {
                            self.shared = granted.shared;
                            Ok(granted.left)
                        }
                        Err(resets_at) => Err(Limited::new(self.now, resets_at)),
                    };
                    let taken = Taken { rule: self.rule, shared: self.shared.clone(), left };
                    match self.leases[at].learn(ask, Ok(taken), self.now) {
                        Spent::Counted(standing) => self.note(ask.cost, standing),
                        Spent::Refused(..) => {}
                        Spent::Unknown => self.uncounted += 1,
                    }
                }
                Step::Fail(at) => {
                    let Some(ask) = self.asking[at].take() else { return };
                    let spent = self.leases[at].learn(ask, Err(sqlx::Error::PoolTimedOut), self.now);
                    self.uncounted += usize::from(matches!(spent, Spent::Unknown));
                }
                Step::Tidy(at) if self.asking[at].is_none() => {
                    let window = self.leases[at].window_ends_at;
                    let left = self.leases[at].clear(self.now);
                    if window == self.shared.window_ends_at {
                        self.shared.used -= left;
                    }
                }
                Step::Tidy(_) => {}
                Step::Pass(seconds) => self.now += TimeDelta::seconds(seconds),
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_the_order_no_more_is_spent_than_the_limit(points in 0..800_i64, steps in steps()) {
            let mut world = World::new(points, Mode::Block);
            for step in steps {
                world.step(step);
                for spent in world.spent.values() {
                    prop_assert!(*spent <= points, "{spent} of {points}");
                }
                prop_assert!(world.leases.iter().all(|lease| lease.left >= 0));
                prop_assert!(world.shared.used >= 0 && world.shared.used <= points.max(0));
            }
        }

        #[test]
        fn once_idle_leases_are_back_exactly_what_was_spent_is_counted(steps in steps()) {
            let mut world = World::new(1_000_000, Mode::Count);
            // Within one hour and with nothing in flight at the end.
            for step in steps.into_iter().filter(|step| !matches!(step, Step::Pass(_))) {
                world.step(step);
            }
            for at in 0..SERVERS {
                world.step(Step::Answer(at));
                world.step(Step::Tidy(at));
            }
            prop_assert_eq!(world.shared.used, world.spent.values().sum::<i64>());
        }
    }

    #[test]
    fn whoever_waited_learns_from_the_one_before() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
        let limited = Limited::new(now, now + TimeDelta::minutes(5));
        let refused = Lease { asked: 4, last: Last::Refused(7, limited), ..Lease::default() };
        assert!(matches!(refused.clone().since(3, 7, now), Some(Spent::Refused(..))));
        // Less may fit, and what came before this request says nothing of now.
        assert!(refused.clone().since(3, 6, now).is_none());
        assert!(refused.clone().since(4, 7, now).is_none());
        let failed = Lease { last: Last::Failed, ..refused };
        assert!(matches!(failed.clone().since(3, 1, now), Some(Spent::Unknown)));
    }

    #[test]
    fn the_lease_of_a_subject_that_is_forgotten_goes_back() {
        let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap_or_default();
        let leases = Leases { entries: Mutex::new(LruCache::new(NonZeroUsize::MIN)), ..Leases::default() };
        let ends = now + TimeDelta::hours(1);
        *locked(&leases.entry("one", now).lease) =
            Lease { window_ends_at: ends, left: 9, used: 9, ..Lease::default() };
        leases.entry("two", now);
        let returns = locked(&leases.returns);
        assert_eq!(
            returns.iter().map(|each| (each.subject.as_str(), each.points)).collect::<Vec<_>>(),
            [("one", 9)]
        );
    }
}
