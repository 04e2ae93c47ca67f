use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryFutureExt};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgQueryResult, PgRow, PgStatement, PgTypeInfo, Postgres};
use sqlx::{Describe, Either, Error, Execute, Executor, Transaction};

use super::copy::Rows;
use crate::phase::Phase;
use crate::platform::clock::{self, Deadline, WallClock};
use crate::platform::sealing::{SealError, Sealer};

/// Begins a view of one moment.
pub(super) const SNAPSHOT: &str = "begin isolation level repeatable read read only";
/// Begins a transaction that may write.
pub(super) const WRITE: &str = "begin isolation level read committed read write";

/// How long Postgres works on a statement unless it is told otherwise: as long as a request may take.
pub(super) const USUAL: Duration = Duration::from_secs(30);

/// What begins a transaction. Near enough to the usual deadline nothing has to be said about it.
pub(super) fn begin(how: &'static str, deadline: Deadline) -> Cow<'static, str> {
    let left = deadline.remaining();
    if left <= USUAL && left + Duration::from_secs(1) >= USUAL {
        return how.into();
    }
    // One round trip; a timeout of zero would mean none at all.
    let millis = left.as_millis().clamp(1, 3_600_000);
    format!("{how}; set local statement_timeout = {millis}").into()
}

/// Begins a transaction, in a task of its own: of a caller who gives up meanwhile (a browser that closes a page does),
/// sqlx would hand the connection to the next one with the transaction open on it.
pub(super) async fn begun(
    connection: PoolConnection<Postgres>,
    statement: Cow<'static, str>,
) -> Result<Transaction<'static, Postgres>, Error> {
    tokio::spawn(Transaction::begin(connection, Some(statement))).await.unwrap_or(Err(Error::BeginFailed))
}

/// As much of a COPY as is handed to the connection at once.
const CHUNK: usize = 1 << 18;

/// What one request asked of the database so far.
#[derive(Debug, Default)]
pub struct Stats {
    statements: AtomicU32,
    rows: AtomicU32,
}

impl Stats {
    /// A fresh count.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Statements run, apart from those that open and close transactions.
    pub fn statements(&self) -> u32 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Rows received.
    pub fn rows(&self) -> u32 {
        self.rows.load(Ordering::Relaxed)
    }
}

/// A connection: in a transaction, or in none, where each statement is one of its own.
#[derive(Debug)]
pub(super) enum Held {
    Alone(PoolConnection<Postgres>),
    Together(Transaction<'static, Postgres>),
}

/// A transaction that counts. Pass `&mut *tx` where sqlx wants an executor. Dropped, it rolls back.
#[derive(Debug)]
pub struct Tx {
    held: Held,
    stats: Arc<Stats>,
    wall: WallClock,
    sealer: Option<Sealer>,
    offset: Option<TimeDelta>,
    business: Option<DateTime<Utc>>,
}

impl Tx {
    pub(super) fn new(held: Held, stats: Arc<Stats>, wall: WallClock, sealer: Option<Sealer>) -> Self {
        Self { held, stats, wall, sealer, offset: None, business: None }
    }

    fn connection(&mut self) -> &mut PgConnection {
        match &mut self.held {
            Held::Alone(connection) => connection,
            Held::Together(transaction) => transaction,
        }
    }

    /// The same connection, from now on with a view of one moment; see [`super::Database::look`].
    pub async fn settle(self, deadline: Deadline) -> Result<Self, Error> {
        let held = match self.held {
            Held::Alone(connection) => {
                let _phase = Phase::begin("database");
                Held::Together(begun(connection, begin(SNAPSHOT, deadline)).await?)
            }
            settled => settled,
        };
        Ok(Self { held, ..self })
    }

    /// Makes everything done in it true at once.
    pub async fn commit(self) -> Result<(), Error> {
        let _phase = Phase::begin("database");
        match self.held {
            Held::Alone(_) => Ok(()),
            Held::Together(transaction) => transaction.commit().await,
        }
    }

    /// Undoes everything done in it.
    pub async fn rollback(self) -> Result<(), Error> {
        let _phase = Phase::begin("database");
        match self.held {
            Held::Alone(_) => Ok(()),
            Held::Together(transaction) => transaction.rollback().await,
        }
    }

    /// Wall time, for tokens and logs.
    pub fn wall_now(&self) -> DateTime<Utc> {
        self.wall.now()
    }

    /// Business time: read once, and then it stands still for the rest of the transaction.
    pub async fn business_now(&mut self) -> Result<DateTime<Utc>, Error> {
        if let Some(known) = self.business {
            return Ok(known);
        }
        let offset = match self.offset {
            Some(known) => known,
            None => clock::offset(self).await?,
        };
        let now = self.wall.now() + offset;
        self.business = Some(now);
        Ok(now)
    }

    /// What seals and opens what must not be read in the database.
    ///
    /// # Errors
    /// [`SealError::NoKey`] in a program that was started without a key.
    pub fn sealer(&self) -> Result<&Sealer, SealError> {
        self.sealer.as_ref().ok_or(SealError::NoKey)
    }

    /// The counters that this transaction adds to.
    pub fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// Copies rows into a table: `into` is a `copy … from stdin` in the binary format, constant text like all SQL.
    ///
    /// # Errors
    /// Those of Postgres, which takes all of the rows or none.
    pub async fn copy(&mut self, into: &'static str, rows: &mut Rows) -> Result<u64, Error> {
        self.stats.statements.fetch_add(1, Ordering::Relaxed);
        let mut copying = self.connection().copy_in_raw(into).await?;
        for chunk in rows.finished().chunks(CHUNK) {
            copying.send(chunk).await?;
        }
        copying.finish().await
    }

    /// The offset of business time from wall time, if another statement of the request brought it along.
    pub fn offset(&self) -> Option<TimeDelta> {
        self.offset
    }

    /// Has business time reckoned with an offset that the request has read already, which saves a round trip.
    pub fn reckon(&mut self, offset: Option<TimeDelta>) {
        self.offset = offset.or(self.offset);
    }

    pub(crate) fn forget_business_time(&mut self) {
        (self.offset, self.business) = (None, None);
    }
}

impl<'c> Executor<'c> for &'c mut Tx {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        self.stats.statements.fetch_add(1, Ordering::Relaxed);
        let stats = Arc::clone(&self.stats);
        let phase = Phase::begin("database");
        let count = move |step: &Result<Either<PgQueryResult, PgRow>, Error>| {
            let _ = &phase;
            if matches!(step, Ok(Either::Right(_))) {
                stats.rows.fetch_add(1, Ordering::Relaxed);
            }
        };
        self.connection().fetch_many(query).inspect(count).boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        self.stats.statements.fetch_add(1, Ordering::Relaxed);
        let stats = Arc::clone(&self.stats);
        let phase = Phase::begin("database");
        let count = move |row: &Option<PgRow>| {
            let _ = &phase;
            stats.rows.fetch_add(u32::from(row.is_some()), Ordering::Relaxed);
        };
        Box::pin(self.connection().fetch_optional(query).inspect_ok(count))
    }

    fn prepare_with<'e, 'q: 'e>(
        self,
        sql: &'q str,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement<'q>, Error>>
    where
        'c: 'e,
    {
        self.connection().prepare_with(sql, parameters)
    }

    fn describe<'e, 'q: 'e>(self, sql: &'q str) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        self.connection().describe(sql)
    }
}
