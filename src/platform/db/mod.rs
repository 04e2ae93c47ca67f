//! Postgres: the pool, transactions that count what they do, and statements that can be checked.

mod copy;
mod errors;
mod gate;
mod lasting;
mod link;
mod migrations;
mod opening;
mod places;
mod sight;
mod statement;
mod tx;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection as _, Executor as _};

pub use copy::{Row, Rows};
pub(crate) use errors::database_error;
pub use errors::{Cause, is_transient, on_constraint, violated};
pub use gate::{Gate, Turn};
use lasting::Lasting;
use link::{Link, Links, Open};
pub(crate) use opening::opening;
pub use opening::{Literal, Named, Opening};
pub use sight::Seer;
pub use statement::{Bound, Column, Field, Registered, Shape, Statement, Under};
pub(crate) use statement::{field, row, statement};
use tx::Begin;
pub use tx::{Brought, Held, Stats, Tx};

use super::clock::{Deadline, WallClock};
use super::sealing::Sealer;
use crate::phase::Phase;

/// A pool that has no connection to give refuses after this long rather than let callers pile up.
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(900);

/// For how long a connection that nobody uses is trusted to be there without being asked.
const TRUSTED: Duration = Duration::from_secs(1);

/// How often a write is tried when Postgres asks for it to be tried again.
const WRITE_ATTEMPTS: u32 = 5;

/// The database: a pool of connections and the wall clock its transactions go by.
#[derive(Clone, Debug)]
pub struct Database {
    links: Links,
    wall: WallClock,
    sealer: Option<Sealer>,
    lasting: Lasting,
    gate: Gate,
    renewals: Gate,
}

impl Database {
    /// Opens up to `connections` connections to `url`. Errors are those of the address and of Postgres.
    pub async fn connect(url: &str, connections: u32, wall: WallClock) -> Result<Self, sqlx::Error> {
        Self::connect_with(PgConnectOptions::from_str(url)?, connections, wall).await
    }

    /// As [`Database::connect`], from options.
    pub async fn connect_with(
        options: PgConnectOptions,
        connections: u32,
        wall: WallClock,
    ) -> Result<Self, sqlx::Error> {
        let options = options.application_name("kraken-api").statement_cache_capacity(512).options([
            ("timezone", "UTC"),
            ("standard_conforming_strings", "on"),
            ("idle_in_transaction_session_timeout", "60s"),
            // Statements are constant and find their rows by key: planning one anew each time costs more than
            // running it.
            ("plan_cache_mode", "force_generic_plan"),
            ("statement_timeout", &format!("{}ms", tx::USUAL.as_millis())),
        ]);
        let pool = PgPoolOptions::new()
            // One more for whoever works outside requests.
            .max_connections(connections.saturating_add(1))
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A connection that was used a moment ago was there a moment ago.
            .test_before_acquire(false)
            .before_acquire(|connection, known| {
                Box::pin(async move {
                    let is_fresh = known.idle_for < TRUSTED;
                    Ok(is_fresh || connection.ping().await.is_ok())
                })
            })
            .connect_with(options)
            .await?;
        let links = Links::new(pool, connections);
        let (gate, renewals) = (Gate::new(connections), Gate::new(connections));
        Ok(Self { links, wall, sealer: None, lasting: Lasting::default(), gate, renewals })
    }

    /// The same, with what seals and opens the most private columns.
    pub fn sealed_by(self, sealer: Sealer) -> Self {
        Self { sealer: Some(sealer), ..self }
    }

    /// Brings the schema up to date; safe to call from several servers at once.
    pub async fn migrate(&self) -> Result<(), sqlx::migrate::MigrateError> {
        let mut connection = self.pool().acquire().await?;
        // A large table may take long to change.
        connection.execute("set statement_timeout = 0").await?;
        let done = migrations::all()?.run(&mut *connection).await;
        connection.execute("reset statement_timeout").await?;
        done
    }

    /// The wall clock.
    pub fn wall(&self) -> &WallClock {
        &self.wall
    }

    /// The door for callers whom nobody knows yet.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The door for those who renew a session: a flood of strangers must not keep them waiting.
    pub fn renewals(&self) -> &Gate {
        &self.renewals
    }

    /// The pool itself, for jobs that live outside requests.
    pub fn pool(&self) -> &PgPool {
        self.links.pool()
    }

    /// Waits for connections to come back and closes them.
    pub async fn close(&self) {
        self.links.close().await;
    }

    /// A read-only view of one moment, whatever is written meanwhile: the moment of the first statement.
    pub async fn snapshot(&self, deadline: Deadline, stats: &Arc<Stats>) -> Result<Tx, sqlx::Error> {
        let link = self.link(None).await?;
        Ok(self.snapshot_on(Held(link), deadline, stats))
    }

    /// The same, on a connection that the request has already.
    pub fn snapshot_on(&self, held: Held, deadline: Deadline, stats: &Arc<Stats>) -> Tx {
        self.begin(held.0, Begin { commands: tx::begin(tx::SNAPSHOT, deadline), open: Open::View }, stats)
    }

    /// Statements each of which is by itself, at a moment of its own: for what one of them says before something else begins.
    pub async fn glance(&self, stats: &Arc<Stats>) -> Result<Tx, sqlx::Error> {
        let link = self.link(None).await?;
        Ok(self.begin(link, Begin { commands: "".into(), open: Open::Nothing }, stats))
    }

    /// A transaction that may write; it does nothing unless it is committed.
    pub async fn write(&self, deadline: Deadline, stats: &Arc<Stats>) -> Result<Tx, sqlx::Error> {
        self.write_on(None, deadline, stats).await
    }

    /// The same, on a connection that the request has already, if it has one.
    pub async fn write_on(
        &self,
        held: Option<Held>,
        deadline: Deadline,
        stats: &Arc<Stats>,
    ) -> Result<Tx, sqlx::Error> {
        let link = self.link(held).await?;
        Ok(self.begin(link, Begin { commands: tx::begin(tx::WRITE, deadline), open: Open::Write }, stats))
    }

    async fn link(&self, held: Option<Held>) -> Result<Link, sqlx::Error> {
        let _phase = Phase::begin("database");
        match held {
            Some(Held(link)) => Ok(link),
            None => self.links.take().await,
        }
    }

    fn begin(&self, link: Link, begin: Begin, stats: &Arc<Stats>) -> Tx {
        let (wall, sealer) = (self.wall.clone(), self.sealer.clone());
        Tx::new(link, begin, Arc::clone(stats), wall, sealer, self.lasting.clone())
    }

    /// Runs `work` on `input` in a transaction of its own and commits it; where Postgres gave up on it for
    /// the sake of another transaction, runs it again, a few times and not beyond the deadline.
    pub async fn writing<I, T, E, F>(
        &self,
        deadline: Deadline,
        stats: &Arc<Stats>,
        input: &I,
        work: F,
    ) -> Result<T, E>
    where
        E: From<sqlx::Error> + Cause,
        F: for<'t> FnMut(&'t mut Tx, &'t I) -> BoxFuture<'t, Result<T, E>>,
    {
        self.writing_on(None, deadline, stats, input, work).await
    }

    /// The same, at first on a connection that the request has already, if it has one.
    pub async fn writing_on<I, T, E, F>(
        &self,
        mut held: Option<Held>,
        deadline: Deadline,
        stats: &Arc<Stats>,
        input: &I,
        mut work: F,
    ) -> Result<T, E>
    where
        E: From<sqlx::Error> + Cause,
        F: for<'t> FnMut(&'t mut Tx, &'t I) -> BoxFuture<'t, Result<T, E>>,
    {
        let mut attempt = 1;
        loop {
            let mut tx = self.write_on(held.take(), deadline, stats).await?;
            let done = match work(&mut tx, input).await {
                Ok(made) => tx.commit().await.map(|()| made).map_err(E::from),
                Err(error) => tx.rollback().await.map_or_else(|e| Err(e.into()), |()| Err(error)),
            };
            match done {
                Err(error) if error.cause().is_some_and(is_transient) => {
                    if attempt == WRITE_ATTEMPTS || deadline.remaining().is_zero() {
                        return Err(error);
                    }
                }
                done => return done,
            }
            tokio::time::sleep(Duration::from_millis(5 << attempt)).await;
            attempt += 1;
        }
    }

    /// Prepares every registered statement and says where Postgres and the row types disagree.
    pub async fn mismatched_statements(&self) -> Result<Vec<String>, sqlx::Error> {
        let mut connection = self.pool().acquire().await?;
        let mut found = Vec::new();
        for known in inventory::iter::<Registered> {
            match connection.describe(known.sql).await {
                Ok(described) => found.extend(known.mismatches(&described)),
                Err(error) => found.push(format!("{}: {error}", known.name)),
            }
        }
        Ok(found)
    }
}
