//! One request: who calls, what it may do, and the database view it reads.

use std::any::Any;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

use futures_util::future::BoxFuture as Work;
use serde_json::{Map, Value};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use super::app::App;
use super::auth::refusals;
use super::spending::Spending;
use crate::domain::auth::tokens::Seen;
use crate::domain::auth::{Viewer, audit};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::{DISABLED, FORBIDDEN, NO_CREDENTIAL};
use crate::graphql::{BoxFuture, Context, FieldError, FieldFacts};
use crate::platform::clock::Deadline;
use crate::platform::db::{Brought, Cause, Held, Stats, Tx};

/// A call of one of the bound fields.
pub type Call<'a> = crate::graphql::Call<'a, Session>;
/// The bindings of the server.
pub type Bindings = crate::graphql::Bindings<Session>;

/// Who sent the request.
pub(super) enum Caller {
    Known(Viewer),
    /// There was a credential, and it is not good. Every field answers with this.
    Refused(FieldError),
}

/// Where a request came from, and what it brought.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The caller's address, as far as the proxies in front can be trusted.
    pub client: Option<IpAddr>,
}

/// The state of one request.
pub struct Session {
    pub(super) app: Arc<App>,
    caller: Caller,
    viewer: Viewer,
    /// The access token that came with the request, if it is good.
    token: Option<Seen>,
    client: Option<IpAddr>,
    /// The API key that this request made last.
    made_key: std::sync::Mutex<Option<String>>,
    stats: Arc<Stats>,
    deadline: Deadline,
    /// The one moment that everything is read from, the caller first.
    snapshot: Mutex<Option<Tx>>,
    /// What was read where the caller was looked up.
    brought: Option<Brought>,
    /// What was read from the view and may be asked for again, by what it is and of whom.
    known: std::sync::Mutex<HashMap<Known, Arc<dyn Any + Send + Sync>>>,
    pub(super) spending: Spending,
}

/// What is known: its name, and the row ids that it is about.
type Known = (&'static str, Vec<i64>);

/// The request's database view, while something reads from it.
pub type View<'a> = MappedMutexGuard<'a, Tx>;

/// What one write does, and for whom.
struct Job<'a, I, F> {
    viewer: &'a Viewer,
    operation: &'static str,
    subject: Option<&'a str>,
    input: &'a I,
    brought: Option<Brought>,
    work: F,
}

impl Session {
    /// What the caller is looked up with: the view that is read from afterwards, unless the request is expected to write. A
    /// write needs no view.
    async fn look(
        app: &App,
        writes: bool,
        deadline: Deadline,
        stats: &Arc<Stats>,
    ) -> Result<Tx, sqlx::Error> {
        let database = app.database();
        if writes { database.glance(stats).await } else { database.snapshot(deadline, stats).await }
    }

    /// A session for whoever sent the request, which looks like one that writes or does not.
    pub(super) async fn open(app: Arc<App>, from: Origin<'_>, writes: bool, deadline: Deadline) -> Self {
        let stats = Stats::new();
        let (mut snapshot, mut token) = (None, None);
        let caller = match from.authorization {
            None => Caller::Known(Viewer::Anonymous),
            Some(header) => match Self::look(&app, writes, deadline, &stats).await {
                Ok(mut tx) => {
                    let caller = match app.auth().authenticate(&mut tx, header).await {
                        Ok((viewer, seen)) => {
                            token = Some(seen);
                            Caller::Known(viewer)
                        }
                        Err(error) => Caller::Refused(refusals::token(error)),
                    };
                    snapshot = Some(tx);
                    caller
                }
                Err(error) => Caller::Refused(FieldError::internal(error)),
            },
        };
        let viewer = match &caller {
            Caller::Known(viewer) => viewer.clone(),
            Caller::Refused(_) => Viewer::Anonymous,
        };
        let brought = snapshot.as_ref().and_then(Tx::brought);
        // Whatever is read after a glance is read at one moment all the same.
        let held = if writes { snapshot.take().and_then(Tx::hold) } else { None };
        let session = Self {
            app,
            caller,
            viewer,
            token,
            client: from.client,
            made_key: std::sync::Mutex::default(),
            stats,
            deadline,
            snapshot: Mutex::new(snapshot),
            brought,
            known: std::sync::Mutex::default(),
            spending: Spending::default(),
        };
        if let Some(held) = held {
            session.resume(held).await;
        }
        session
    }

    /// Who is calling; nobody, if the credential was refused.
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Whether there was a credential that is not good.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.caller, Caller::Refused(_))
    }

    /// The address that the request came from, where it is known.
    pub fn client(&self) -> Option<IpAddr> {
        self.client
    }

    /// The access token that came with the request, if it is good.
    pub(super) fn token(&self) -> Option<&Seen> {
        self.token.as_ref()
    }

    /// Lets the rest of this root field's answer show an API key that was just made.
    pub(super) fn show_key(&self, key: String) {
        *self.made_key.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
    }

    /// The API key that this request made last.
    pub(super) fn shown_key(&self) -> Option<String> {
        self.made_key.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What this request has read of `ids` from its view under this name, if it has.
    pub(super) fn known<T: Any + Send + Sync>(&self, name: &'static str, ids: &[i64]) -> Option<Arc<T>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.get(&(name, ids.to_vec()))?).downcast().ok()
    }

    /// Remembers what was read of `ids`, for as long as the view lasts.
    pub(super) fn remember<T: Any + Send + Sync>(
        &self,
        name: &'static str,
        ids: Vec<i64>,
        what: T,
    ) -> Arc<T> {
        let what = Arc::new(what);
        let kept = Arc::clone(&what) as Arc<dyn Any + Send + Sync>;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert((name, ids), kept);
        what
    }

    /// Statements and rows so far.
    pub fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// How long the request may still take.
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// The snapshot that this request reads from.
    ///
    /// # Errors
    /// Internal, if the database cannot be reached.
    pub async fn read(&self) -> Result<View<'_>, FieldError> {
        let mut guard = self.snapshot.lock().await;
        if guard.is_none() {
            let opened = self.app.database().snapshot(self.deadline, &self.stats).await;
            let mut opened = opened.map_err(FieldError::internal)?;
            opened.bring(self.brought);
            *guard = Some(opened);
        }
        MutexGuard::try_map(guard, Option::as_mut).map_err(|_| FieldError::internal("no snapshot"))
    }

    /// Runs `work` on `input` in a transaction and commits it. What staff did is noted in the same
    /// transaction.
    ///
    /// # Errors
    /// Those of `work`, and of the database.
    pub async fn write<I, T, E, F>(
        &self,
        operation: &'static str,
        subject: Option<&str>,
        input: &I,
        work: F,
    ) -> Result<T, E>
    where
        I: Sync,
        T: Send,
        E: From<sqlx::Error> + Cause + Send,
        F: for<'t> Fn(&'t mut Tx, &'t Viewer, &'t I) -> Work<'t, Result<T, E>> + Sync,
    {
        // A second connection while holding one could starve the pool.
        let held = self.hold().await;
        let job = Job { viewer: &self.viewer, operation, subject, input, brought: self.brought, work };
        self.app
            .database()
            .writing_on(held, self.deadline, &self.stats, &job, |tx, job| {
                tx.bring(job.brought);
                Box::pin(async move {
                    let made = (job.work)(&mut *tx, job.viewer, job.input).await?;
                    audit::note(tx, job.viewer, job.operation, job.subject);
                    Ok(made)
                })
            })
            .await
    }

    /// Gives the database view back; the next read opens a new one.
    pub async fn end(&self) {
        // It only read, so nobody waits until Postgres has heard of the end.
        drop(self.hold().await);
    }

    /// Ends the database view and keeps its connection, if there is one.
    pub(super) async fn hold(&self) -> Option<Held> {
        let view = self.snapshot.lock().await.take();
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
        view.and_then(Tx::hold)
    }

    /// Has whatever comes next use this connection.
    pub(super) async fn resume(&self, held: Held) {
        let mut view = self.app.database().snapshot_on(held, self.deadline, &self.stats);
        view.bring(self.brought);
        *self.snapshot.lock().await = Some(view);
    }

    /// Whether a field that is not for everybody is for this viewer. A session that is good for one kind of
    /// thing may use only what serves that; on objects that say so of any of their fields this goes for each.
    fn allows(&self, field: &FieldFacts) -> bool {
        if let Some(scope) = self.viewer.scope() {
            let is_open = !field.is_guarded() && !field.in_scoped_type;
            return is_open || field.scopes.iter().any(|listed| listed == scope);
        }
        let kinds: &[&str] = match self.viewer {
            Viewer::Anonymous => &[],
            Viewer::AccountUser { .. } if self.viewer.is_in_person() => &["CUSTOMER", "IN_PERSON"],
            Viewer::AccountUser { .. } => &["CUSTOMER"],
            Viewer::Organisation { .. } => &["ORGANISATION"],
            Viewer::Staff { .. } => &["STAFF"],
            Viewer::Partner { .. } => &["PARTNER"],
        };
        !field.is_guarded() || field.access.iter().any(|viewer| kinds.contains(&viewer.as_str()))
    }
}

/// Whether any text inside holds the one character that no database keeps.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.as_bytes().contains(&0),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(map) => map.iter().any(|(key, each)| key.as_bytes().contains(&0) || has_nul(each)),
        _ => false,
    }
}

impl Context for Session {
    fn guard(&self, field: &FieldFacts) -> Result<(), FieldError> {
        if self.app.brownouts().disables(&field.coordinate) {
            return Err(FieldError::code(DISABLED));
        }
        if field.is_root
            && let Caller::Refused(error) = &self.caller
        {
            return Err(error.clone());
        }
        if self.allows(field) {
            return Ok(());
        }
        Err(FieldError::code(if self.viewer.is_known() { FORBIDDEN } else { NO_CREDENTIAL }))
    }

    fn examine(&self, arguments: &Map<String, Value>) -> Result<(), FieldError> {
        match arguments.iter().find(|(_, value)| has_nul(value)) {
            None => Ok(()),
            Some((name, _)) => {
                let text = "Text cannot hold the character U+0000.";
                Err(FieldError::code(INVALID_INPUT).describe(text).at_input(&[name]))
            }
        }
    }

    fn admit(&self, complexity: u64, roots: &[&FieldFacts]) -> BoxFuture<'_, Result<(), FieldError>> {
        let says_who_pays = Self::says_who_pays(roots);
        let points = i64::try_from(complexity).unwrap_or(i64::MAX);
        Box::pin(self.spend(points, says_who_pays))
    }

    fn root_finished(&self) -> BoxFuture<'_, ()> {
        // The next root mutation's selection must see what this one wrote.
        Box::pin(self.end())
    }
}
