use std::any::Any;
use std::borrow::Cow;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryFutureExt};
use sqlx::postgres::{PgQueryResult, PgRow, PgStatement, PgTypeInfo, Postgres};
use sqlx::{Describe, Either, Error, Execute, Executor, FromRow};

use super::copy::Rows;
use super::lasting::Lasting;
use super::link::{Link, Open};
use super::opening::{Later, Literal, Opening, bound};
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

/// How many statements go along with a commit.
const AT_ONCE: usize = 100;

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

/// What begins a transaction, until it has begun.
#[derive(Debug)]
pub(super) struct Begin {
    pub commands: Cow<'static, str>,
    pub open: Open,
}

/// A connection that a request keeps between two transactions, rather than wait for another. Dropped, it is given back.
#[derive(Debug)]
pub struct Held(pub(super) Link);

/// What the look-up of a caller brings along for the rest of the request, which saves round trips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brought {
    /// Of business time from wall time.
    pub offset: TimeDelta,
    /// Whether anybody wants to be told of events, if that was looked at.
    pub is_listened_to: Option<bool>,
}

/// A transaction that counts. Pass `&mut *tx` where sqlx wants an executor. It begins with the first statement; dropped, it
/// rolls back.
#[derive(Debug)]
pub struct Tx {
    link: Link,
    begin: Option<Begin>,
    /// What goes along with the commit.
    later: Vec<Later>,
    stats: Arc<Stats>,
    wall: WallClock,
    sealer: Option<Sealer>,
    lasting: Lasting,
    brought: Option<Brought>,
    business: Option<DateTime<Utc>>,
}

impl Tx {
    pub(super) fn new(
        link: Link,
        begin: Begin,
        stats: Arc<Stats>,
        wall: WallClock,
        sealer: Option<Sealer>,
        lasting: Lasting,
    ) -> Self {
        let (begin, later) = (Some(begin), Vec::new());
        Self { link, begin, later, stats, wall, sealer, lasting, brought: None, business: None }
    }

    /// Begins, unless it has begun.
    async fn begun(&mut self) -> Result<&mut Link, Error> {
        if let Some(Begin { commands, open }) = &self.begin {
            let _phase = Phase::begin("database");
            self.link.begin(commands, *open).await?;
            self.begin = None;
        }
        Ok(&mut self.link)
    }

    /// Keeps the connection of a view that is not needed any more, if something else can begin on it.
    pub fn hold(self) -> Option<Held> {
        self.link.is_free().then_some(Held(self.link))
    }

    /// Makes everything done in it true at once, and keeps the connection.
    ///
    /// # Errors
    /// Those of Postgres.
    pub async fn commit_and_hold(mut self) -> Result<Held, Error> {
        self.settle().await?;
        Ok(Held(self.link))
    }

    /// Runs a statement which, where nothing was asked before it, goes along with what begins the transaction.
    ///
    /// # Errors
    /// Those of Postgres.
    pub async fn first<R>(&mut self, what: &Opening<R>, values: &[Literal<'_>]) -> Result<Vec<R>, Error>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let Some(Begin { commands, open }) = &self.begin else {
            let rows = bound(what, values).fetch_all(self).await?;
            return rows.iter().map(R::from_row).collect();
        };
        let rows = {
            let _phase = Phase::begin("database");
            self.link.learn().await?;
            let separator = if commands.is_empty() { "" } else { "; " };
            self.link.begin(&format!("{commands}{separator}{}", what.call(values)), *open).await?
        };
        self.begin = None;
        self.counted(&rows)
    }

    /// Runs a statement that is all there is to do: it begins and is committed in one round trip.
    ///
    /// # Errors
    /// Those of Postgres.
    pub async fn only<R>(mut self, what: &Opening<R>, values: &[Literal<'_>]) -> Result<Vec<R>, Error>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let Some(Begin { commands, .. }) = &self.begin else {
            let rows = self.first(what, values).await?;
            return self.commit().await.map(|()| rows);
        };
        let _phase = Phase::begin("database");
        self.link.learn().await?;
        let rows = self.link.whole(&format!("{commands}; {}; commit", what.call(values))).await?;
        self.counted(&rows)
    }

    fn counted<R: for<'r> FromRow<'r, PgRow>>(&self, rows: &[PgRow]) -> Result<Vec<R>, Error> {
        self.stats.statements.fetch_add(1, Ordering::Relaxed);
        self.stats.rows.fetch_add(u32::try_from(rows.len()).unwrap_or(u32::MAX), Ordering::Relaxed);
        rows.iter().map(R::from_row).collect()
    }

    /// Has a statement run along with the commit: nothing else in the transaction may depend on it. What goes wrong with it
    /// goes wrong with the commit.
    pub fn later(&mut self, what: &Opening<()>, values: &[Literal<'_>]) {
        self.later.push(Later::new(what, values));
    }

    /// Makes everything done in it true at once.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.settle().await
    }

    async fn settle(&mut self) -> Result<(), Error> {
        let later = mem::take(&mut self.later);
        if !later.is_empty() && (self.begin.is_some() || !self.link.knows_names()) {
            for Later { query, .. } in later {
                query.execute(&mut *self).await?;
            }
            return self.end("commit").await;
        }
        self.stats.statements.fetch_add(u32::try_from(later.len()).unwrap_or(u32::MAX), Ordering::Relaxed);
        let mut commands: Vec<&str> = later.iter().map(|each| each.call.as_str()).collect();
        // Postgres reads all of a message before it runs any of it.
        while commands.len() > AT_ONCE {
            let rest = commands.split_off(AT_ONCE);
            self.link.run(&commands.join("; ")).await?;
            commands = rest;
        }
        commands.push("commit");
        self.end(&commands.join("; ")).await
    }

    /// Undoes everything done in it.
    pub async fn rollback(mut self) -> Result<(), Error> {
        self.end("rollback").await
    }

    async fn end(&mut self, commands: &str) -> Result<(), Error> {
        if self.begin.is_some() {
            return Ok(());
        }
        let _phase = Phase::begin("database");
        self.link.end(commands).await
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
        let offset = match self.brought {
            Some(Brought { offset, .. }) => offset,
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
        let mut copying = self.begun().await?.connection()?.copy_in_raw(into).await?;
        for chunk in rows.finished().chunks(CHUNK) {
            copying.send(chunk).await?;
        }
        copying.finish().await
    }

    /// A number that no other transaction of this server has meanwhile: whoever writes to rows of which there are several to
    /// choose from need not meet others there.
    pub fn lane(&self) -> u64 {
        self.link.lane()
    }

    /// What never changes in this database, if it was read before.
    pub fn lasting<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.lasting.get()
    }

    /// Keeps what never changes for all transactions to come.
    pub fn keep_lasting<T: Any + Send + Sync>(&self, value: &Arc<T>) {
        self.lasting.keep(value);
    }

    /// Has it read anew.
    pub fn forget_lasting<T: Any + Send + Sync>(&self) {
        self.lasting.forget::<T>();
    }

    /// What the look-up of the caller brought along, if there was one.
    pub fn brought(&self) -> Option<Brought> {
        self.brought
    }

    /// Goes by what the look-up of the caller brought along.
    pub fn bring(&mut self, brought: Option<Brought>) {
        self.brought = brought.or(self.brought);
    }

    pub(crate) fn forget_business_time(&mut self) {
        (self.brought, self.business) = (None, None);
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
        if self.begin.is_none() {
            return self.link.fetch_many(query).inspect(count).boxed();
        }
        async move { self.begun().await.map(|link| link.fetch_many(query)) }
            .try_flatten_stream()
            .inspect(count)
            .boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(async move {
            self.stats.statements.fetch_add(1, Ordering::Relaxed);
            let _phase = Phase::begin("database");
            let row = self.begun().await?.fetch_optional(query).await?;
            self.stats.rows.fetch_add(u32::from(row.is_some()), Ordering::Relaxed);
            Ok(row)
        })
    }

    fn prepare_with<'e, 'q: 'e>(
        self,
        sql: &'q str,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement<'q>, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move { self.begun().await?.connection()?.prepare_with(sql, parameters).await })
    }

    fn describe<'e, 'q: 'e>(self, sql: &'q str) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        Box::pin(async move { self.begun().await?.connection()?.describe(sql).await })
    }
}
