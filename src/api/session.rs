//! One request: who calls, what it may do, and the database view it reads.

use std::sync::Arc;

use futures_util::future::BoxFuture as Work;
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use super::app::App;
use super::auth::refusals;
use crate::domain::auth::{Viewer, audit};
use crate::graphql::facts::{DISABLED, FORBIDDEN, NO_CREDENTIAL};
use crate::graphql::{BoxFuture, Context, FieldError, FieldFacts};
use crate::platform::clock::Deadline;
use crate::platform::db::{Cause, Stats, Tx};

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

/// The state of one request.
pub struct Session {
    pub(super) app: Arc<App>,
    caller: Caller,
    viewer: Viewer,
    stats: Arc<Stats>,
    deadline: Deadline,
    /// The one moment that everything is read from; opened when first needed.
    snapshot: Mutex<Option<Tx>>,
}

/// The request's database view, while something reads from it.
pub type View<'a> = MappedMutexGuard<'a, Tx>;

/// What one write does, and for whom.
struct Job<'a, I, F> {
    viewer: &'a Viewer,
    operation: &'static str,
    subject: Option<&'a str>,
    input: &'a I,
    work: F,
}

impl Session {
    /// A session for whoever holds this `Authorization` header.
    pub(super) async fn open(app: Arc<App>, authorization: Option<&str>, deadline: Deadline) -> Self {
        let stats = Stats::new();
        let mut snapshot = None;
        let caller = match authorization {
            None => Caller::Known(Viewer::Anonymous),
            Some(header) => match app.database().snapshot(deadline, &stats).await {
                Ok(mut tx) => {
                    let caller = match app.auth().authenticate(&mut tx, Some(header)).await {
                        Ok(viewer) => Caller::Known(viewer),
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
        Self { app, caller, viewer, stats, deadline, snapshot: Mutex::new(snapshot) }
    }

    /// Who is calling; nobody, if the credential was refused.
    pub fn viewer(&self) -> &Viewer {
        &self.viewer
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
            *guard = Some(opened.map_err(FieldError::internal)?);
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
        self.end().await;
        let job = Job { viewer: &self.viewer, operation, subject, input, work };
        self.app
            .database()
            .writing(self.deadline, &self.stats, &job, |tx, job| {
                Box::pin(async move {
                    let made = (job.work)(&mut *tx, job.viewer, job.input).await?;
                    audit::note(tx, job.viewer, job.operation, job.subject).await?;
                    Ok(made)
                })
            })
            .await
    }

    /// Gives the database view back; the next read opens a new one.
    pub async fn end(&self) {
        if let Some(tx) = self.snapshot.lock().await.take() {
            // It only read: losing the connection now loses nothing.
            let _ = tx.rollback().await;
        }
    }

    fn allows(&self, field: &FieldFacts) -> bool {
        let kind = match self.viewer {
            Viewer::Anonymous => return false,
            Viewer::AccountUser { .. } => "CUSTOMER",
            Viewer::Organisation { .. } => "ORGANISATION",
            Viewer::Staff { .. } => "STAFF",
        };
        field.access.iter().any(|viewer| viewer == kind)
    }
}

impl Context for Session {
    fn guard(&self, field: &FieldFacts) -> Result<(), FieldError> {
        if self.app.brownouts().disables(&field.coordinate) {
            return Err(FieldError::code(DISABLED));
        }
        if field.access.is_empty() {
            return Ok(());
        }
        if let Caller::Refused(error) = &self.caller {
            return Err(error.clone());
        }
        if !field.is_guarded() || self.allows(field) {
            return Ok(());
        }
        Err(FieldError::code(if self.viewer.is_known() { FORBIDDEN } else { NO_CREDENTIAL }))
    }

    fn root_finished(&self) -> BoxFuture<'_, ()> {
        // The next root mutation's selection must see what this one wrote.
        Box::pin(self.end())
    }
}
