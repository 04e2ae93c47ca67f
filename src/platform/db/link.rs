//! Connections as one request hands them to the next. A view that was only read from stays open until whoever comes next
//! closes it in the round trip that begins something new; if nobody comes soon, it is closed in passing.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, join_all, ready};
use futures_util::stream::{self, BoxStream};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool, PgQueryResult, PgRow, Postgres};
use sqlx::{Connection as _, Either, Error, Execute, Executor as _};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::places::{Place, Places};
use super::{ACQUIRE_TIMEOUT, TRUSTED, opening};

/// For how long a view that nobody reads from any more may stay open.
const STALE: Duration = Duration::from_millis(20);
/// How often connections that nobody needs are looked at.
const ROUND: Duration = Duration::from_secs(60);
/// For how long a connection that nobody needs is kept.
const KEPT: Duration = Duration::from_secs(600);

/// What is open on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    Nothing,
    /// A view of one moment, maybe an earlier one.
    View,
    /// What may have written.
    Write,
}

/// A connection that nobody uses just now.
#[derive(Debug)]
struct Idle {
    connection: PoolConnection<Postgres>,
    is_stale: bool,
    knows_names: bool,
    since: Instant,
}

#[derive(Debug)]
struct Inner {
    /// Opens connections, and takes back those of which nothing is certain.
    pool: PgPool,
    places: Places,
    idle: Mutex<Vec<Idle>>,
    left_stale: Arc<Notify>,
}

/// All connections of a database.
#[derive(Clone, Debug)]
pub(super) struct Links(Arc<Inner>);

impl Links {
    /// As many as `connections` at a time, opened by `pool`.
    pub fn new(pool: PgPool, connections: u32) -> Self {
        let places = Places::new(usize::try_from(connections).unwrap_or(1));
        let left_stale = Arc::new(Notify::new());
        let inner = Inner { pool, places, idle: Mutex::default(), left_stale: Arc::clone(&left_stale) };
        let inner = Arc::new(inner);
        tokio::spawn(sweep(Arc::downgrade(&inner), left_stale));
        Self(inner)
    }

    /// What opens them.
    pub fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    /// A connection, once there is one.
    ///
    /// # Errors
    /// [`Error::PoolTimedOut`] if there is none for too long; those of Postgres.
    pub async fn take(&self) -> Result<Link, Error> {
        let place = timeout(ACQUIRE_TIMEOUT, self.0.places.take()).await;
        let place = place.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?;
        while let Some(mut idle) = self.0.newest() {
            // A connection that was used a moment ago was there a moment ago.
            if idle.since.elapsed() < TRUSTED || idle.connection.ping().await.is_ok() {
                return Ok(self.lend(idle, place));
            }
            drop(idle.connection.detach());
        }
        let connection = self.0.pool.acquire().await?;
        let fresh = Idle { connection, is_stale: false, knows_names: false, since: Instant::now() };
        Ok(self.lend(fresh, place))
    }

    fn lend(&self, idle: Idle, place: Place) -> Link {
        let open = if idle.is_stale { Open::View } else { Open::Nothing };
        let held = Some((idle.connection, place));
        Link { held, open, knows_names: idle.knows_names, is_busy: false, inner: Arc::clone(&self.0) }
    }

    /// Waits for connections to come back and closes them.
    pub async fn close(&self) {
        let idle = {
            let mut idle = self.0.idle();
            // From here on nothing is kept; see `Inner::keep`.
            self.0.places.close();
            mem::take(&mut *idle)
        };
        join_all(idle.into_iter().map(|each| each.connection.close())).await;
        self.0.pool.close().await;
    }
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one used last, so that those not needed show.
    fn newest(&self) -> Option<Idle> {
        self.idle().pop()
    }

    /// Keeps a connection for the next who asks; gives it back once everything is being closed.
    fn keep(&self, idle: Idle) -> Option<Idle> {
        let is_stale = idle.is_stale;
        {
            let mut all = self.idle();
            if self.places.is_closed() {
                return Some(idle);
            }
            // In front are those that nobody has needed for a while.
            let place = if idle.since.elapsed() < STALE { all.len() } else { 0 };
            all.insert(place, idle);
        }
        if is_stale {
            self.left_stale.notify_one();
        }
        None
    }

    /// Closes views that were left open, and gives back connections that are not needed. Says whether views are left
    /// that are open for good reason.
    async fn sweep(&self) -> bool {
        let mut closing = Vec::new();
        let is_left = {
            let mut idle = self.idle();
            let due = |each: &mut Idle| each.is_stale && each.since.elapsed() >= STALE;
            while let Some(at) = idle.iter_mut().position(due) {
                // Whoever holds no place might keep a connection from somebody who does.
                let Some(place) = self.places.block() else { break };
                closing.push((idle.remove(at), place));
            }
            idle.retain(|each| each.since.elapsed() < KEPT);
            idle.iter().any(|each| each.is_stale)
        };
        let closed = closing.into_iter().map(closed);
        for (idle, _place) in join_all(closed).await.into_iter().flatten() {
            drop(self.keep(idle));
        }
        is_left
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // A pool connection would look for a runtime, which may be gone.
        for idle in mem::take(&mut *self.idle()) {
            drop(idle.connection.detach());
        }
    }
}

/// A connection whose view was closed, if it still works.
fn closed<P: Send + 'static>((mut idle, place): (Idle, P)) -> BoxFuture<'static, Option<(Idle, P)>> {
    Box::pin(async move {
        idle.connection.execute("rollback").await.ok()?;
        Some((Idle { is_stale: false, ..idle }, place))
    })
}

async fn sweep(inner: Weak<Inner>, left_stale: Arc<Notify>) {
    loop {
        // Whether somebody left something or it is time for a round.
        let _ = timeout(ROUND, left_stale.notified()).await;
        loop {
            sleep(STALE).await;
            let Some(inner) = inner.upgrade() else { return };
            if !inner.sweep().await {
                break;
            }
        }
    }
}

fn is_known_already(error: &Error) -> bool {
    error.as_database_error().and_then(|e| e.code()).as_deref() == Some("42P05")
}

/// A connection while somebody uses it.
#[derive(Debug)]
pub(super) struct Link {
    held: Option<(PoolConnection<Postgres>, Place)>,
    open: Open,
    /// Whether Postgres knows on it what statements are called.
    knows_names: bool,
    /// Something was sent, and not all of the answer was read.
    is_busy: bool,
    inner: Arc<Inner>,
}

impl Link {
    fn parts(&mut self) -> Result<(&mut PgConnection, &mut bool), Error> {
        let (connection, _) = self.held.as_mut().ok_or(Error::PoolClosed)?;
        Ok((connection, &mut self.is_busy))
    }

    /// The connection itself.
    pub fn connection(&mut self) -> Result<&mut PgConnection, Error> {
        self.parts().map(|(connection, _)| connection)
    }

    /// Runs commands that take no arguments, in one round trip.
    pub fn run<'a>(&'a mut self, commands: &'a str) -> BoxFuture<'a, Result<Vec<PgRow>, Error>> {
        Box::pin(async move {
            let (connection, is_busy) = self.parts()?;
            *is_busy = true;
            let rows = connection.fetch_all(sqlx::raw_sql(commands)).await?;
            *is_busy = false;
            Ok(rows)
        })
    }

    /// A number that no other connection in use has meanwhile.
    pub fn lane(&self) -> u64 {
        self.held.as_ref().map_or(0, |(_, place)| place.lane())
    }

    /// Whether something new can begin on it: all that was asked for was read, and nothing was written.
    pub fn is_free(&self) -> bool {
        self.held.is_some() && !self.is_busy && self.open != Open::Write
    }

    /// What has to be sent in front of `commands` so that nothing of an earlier request is left.
    fn afresh(&self, commands: &str) -> String {
        let close = if self.open == Open::Nothing { "" } else { "rollback; " };
        format!("{close}{commands}")
    }

    /// Begins with `commands`, in one round trip.
    pub async fn begin(&mut self, commands: &str, open: Open) -> Result<Vec<PgRow>, Error> {
        let commands = self.afresh(commands);
        self.open = open;
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        self.run(&commands).await
    }

    /// Ends what was begun with `command`: `commit` or `rollback`.
    pub async fn end(&mut self, command: &str) -> Result<(), Error> {
        self.run(command).await?;
        self.open = Open::Nothing;
        Ok(())
    }

    /// Begins and ends with `commands`, in one round trip.
    pub async fn whole(&mut self, commands: &str) -> Result<Vec<PgRow>, Error> {
        let rows = self.begin(commands, Open::Write).await?;
        self.open = Open::Nothing;
        Ok(rows)
    }

    /// Has Postgres know all names, unless it does. For use before anything has begun.
    pub async fn learn(&mut self) -> Result<(), Error> {
        if !self.knows_names {
            let commands = self.afresh(&opening::preparing());
            match self.run(&commands).await {
                // The pool had it meanwhile, which does not know what it knows.
                Err(error) if is_known_already(&error) => self.is_busy = false,
                done => drop(done?),
            }
            (self.open, self.knows_names) = (Open::Nothing, true);
        }
        Ok(())
    }

    /// Whether it has.
    pub fn knows_names(&self) -> bool {
        self.knows_names
    }

    pub fn fetch_many<'c, 'e, 'q, E>(
        &'c mut self,
        query: E,
    ) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        'q: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let (connection, is_busy) = match self.parts() {
            Ok(parts) => parts,
            Err(error) => return stream::once(ready(Err(error))).boxed(),
        };
        *is_busy = true;
        let ended = stream::poll_fn(move |_| {
            *is_busy = false;
            Poll::Ready(None)
        });
        connection.fetch_many(query).chain(ended).boxed()
    }

    pub fn fetch_optional<'c, 'e, 'q, E>(
        &'c mut self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        'q: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(async move {
            let (connection, is_busy) = self.parts()?;
            *is_busy = true;
            let row = connection.fetch_optional(query).await?;
            *is_busy = false;
            Ok(row)
        })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some((mut connection, place)) = self.held.take() else { return };
        if !self.is_busy && self.open != Open::Write {
            let (is_stale, knows_names) = (self.open == Open::View, self.knows_names);
            match self.inner.keep(Idle { connection, is_stale, knows_names, since: Instant::now() }) {
                None => return,
                Some(back) => connection = back.connection,
            }
        }
        let Ok(runtime) = Handle::try_current() else { return drop(connection.detach()) };
        let is_open = self.open != Open::Nothing;
        runtime.spawn(async move {
            if is_open {
                // Of one that fails, the pool finds out.
                let _ = connection.execute("rollback").await;
            }
            drop(connection);
            drop(place);
        });
    }
}
