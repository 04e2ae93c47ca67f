use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryFutureExt};
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo, Postgres};
use sqlx::{Describe, Either, Error, Execute, Executor, Transaction};

use super::copy::Rows;
use crate::phase::Phase;
use crate::platform::clock::{self, WallClock};
use crate::platform::sealing::{SealError, Sealer};

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

/// A transaction that counts. Pass `&mut *tx` where sqlx wants an executor. Dropped, it rolls back.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    stats: Arc<Stats>,
    wall: WallClock,
    sealer: Option<Sealer>,
    business: Option<DateTime<Utc>>,
}

impl Tx {
    pub(super) fn new(
        inner: Transaction<'static, Postgres>,
        stats: Arc<Stats>,
        wall: WallClock,
        sealer: Option<Sealer>,
    ) -> Self {
        Self { inner, stats, wall, sealer, business: None }
    }

    /// Makes everything done in it true at once.
    pub async fn commit(self) -> Result<(), Error> {
        let _phase = Phase::begin("database");
        self.inner.commit().await
    }

    /// Undoes everything done in it.
    pub async fn rollback(self) -> Result<(), Error> {
        let _phase = Phase::begin("database");
        self.inner.rollback().await
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
        let now = self.wall.now() + clock::offset(self).await?;
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
        let mut copying = self.inner.copy_in_raw(into).await?;
        for chunk in rows.finished().chunks(CHUNK) {
            copying.send(chunk).await?;
        }
        copying.finish().await
    }

    pub(crate) fn forget_business_time(&mut self) {
        self.business = None;
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
        (*self.inner).fetch_many(query).inspect(count).boxed()
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
        Box::pin((*self.inner).fetch_optional(query).inspect_ok(count))
    }

    fn prepare_with<'e, 'q: 'e>(
        self,
        sql: &'q str,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement<'q>, Error>>
    where
        'c: 'e,
    {
        (*self.inner).prepare_with(sql, parameters)
    }

    fn describe<'e, 'q: 'e>(self, sql: &'q str) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        (*self.inner).describe(sql)
    }
}
