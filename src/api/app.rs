//! The running program: engine, database, credentials.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::OnceCell;

use super::brownouts::Brownouts;
use super::session::{Bindings, Origin, Session};
use super::sources;
use crate::domain::auth::limits::Leases;
use crate::domain::auth::{Auth, Viewer, audit};
use crate::domain::billing::files;
use crate::domain::communications::ink::uploads;
use crate::domain::loyalty::referrals::schemes::{self, Offer};
use crate::domain::operations::attachments;
use crate::domain::payments::sessions::{self, Form, SubmitError, Typed};
use crate::domain::payments::vendors::simulated_slips::{self, Slip};
use crate::domain::payments::vendors::simulated_vault::Simulator;
use crate::domain::supply::reading_links::{self, ReadingForm, Target};
use crate::domain::supply::taking::TakeError;
use crate::domain::supply::terms::{self, Terms};
use crate::graphql::{Engine, Host, LoadError, Rate, Request, Response};
use crate::platform::clock::Deadline;
use crate::platform::db::{Database, Stats, Tx};
use crate::platform::jobs::JobError;
use crate::platform::storage::{self, Files, LinkSecret};

/// Longest a request may take.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Why the API cannot be served.
#[derive(Debug, Error)]
pub enum StartError {
    #[error(transparent)]
    Schema(#[from] LoadError),
    #[error("async-graphql refuses the schema: {0}")]
    Host(String),
}

/// Everything that outlives a request.
pub struct App {
    database: Database,
    auth: Arc<Auth>,
    brownouts: Brownouts,
    leases: Leases,
    files: Files,
    link_secret: OnceCell<LinkSecret>,
    host: Arc<Host<Session>>,
}

/// A file as it is given out.
pub struct Given {
    pub bytes: Bytes,
    pub media_type: String,
    pub filename: String,
}

/// Media type and name.
fn described(file: files::File) -> (String, String) {
    (file.media_type, file.filename)
}

/// An answer and what the request took.
pub struct Answer {
    pub response: Response,
    pub viewer: Viewer,
    pub stats: Arc<Stats>,
    /// Headers for the answer, by name.
    pub headers: Vec<(&'static str, String)>,
}

/// The engine over the whole contract, as far as it is bound.
///
/// # Errors
/// The first contradiction between schema, edition and bindings.
pub fn engine(edition: Option<&str>) -> Result<Engine<Session>, LoadError> {
    let mut bindings = Bindings::default();
    super::bind(&mut bindings);
    Engine::new(&sources::SDL, &sources::edition(edition)?, &bindings)
}

/// What serves an edition, or the whole contract. It knows no database: several servers of a process may share one.
///
/// # Errors
/// Where schema and bindings contradict each other.
pub fn host(edition: Option<&str>) -> Result<Arc<Host<Session>>, StartError> {
    let host = Host::new(Arc::new(engine(edition)?)).map_err(|e| StartError::Host(e.to_string()))?;
    Ok(Arc::new(host))
}

impl App {
    /// Puts the API together over an open, migrated database.
    pub fn new(database: Database, auth: Arc<Auth>, files: Files, host: Arc<Host<Session>>) -> Arc<Self> {
        let (brownouts, leases) = (Brownouts::default(), Leases::default());
        let link_secret = OnceCell::new();
        Arc::new(Self { database, auth, brownouts, leases, files, link_secret, host })
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    pub fn auth(&self) -> &Arc<Auth> {
        &self.auth
    }

    pub fn brownouts(&self) -> &Brownouts {
        &self.brownouts
    }

    /// Where files are, and how links lead to them.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// What links to files are signed with, read once.
    pub(super) async fn link_secret(&self, tx: &mut Tx) -> Result<&LinkSecret, sqlx::Error> {
        self.link_secret.get_or_try_init(async || files::secret(tx).await).await
    }

    /// The file that a link leads to; none if the link is not good, or no longer.
    ///
    /// # Errors
    /// Why it cannot be given out.
    pub async fn file(&self, key: &str, expires: i64, signature: &str) -> Result<Option<Given>, JobError> {
        let mut tx = self.database.snapshot(Deadline::after(DEADLINE), &Stats::new()).await?;
        let secret = self.link_secret(&mut tx).await?;
        if !storage::is_good(key, expires, signature, secret, self.database.wall().now()) {
            return Ok(None);
        }
        let found = match uploads::described(key) {
            Some(file) => Some(file),
            None => files::by_key(&mut tx, key).await?.map(described),
        };
        tx.rollback().await?;
        let found = if found.is_none() { self.rendered(key).await?.map(described) } else { found };
        let Some((media_type, filename)) = found else { return Ok(None) };
        match self.files.storage.get(key).await? {
            Some(bytes) => Ok(Some(Given { bytes, media_type, filename })),
            None => Err(JobError::Other(format!("the storage has lost {key}"))),
        }
    }

    /// Keeps a file that comes with a form of [`Files::upload`]; without one it says whether the form is good. False where
    /// there is another file already, none if there is no such place.
    ///
    /// # Errors
    /// Why it cannot be kept.
    pub async fn upload(
        &self,
        key: &str,
        expires: i64,
        signature: &str,
        file: Option<Bytes>,
    ) -> Result<Option<bool>, JobError> {
        let mut tx = self.database.write(Deadline::after(DEADLINE), &Stats::new()).await?;
        let secret = self.link_secret(&mut tx).await?;
        if !storage::may_upload(key, expires, signature, secret, self.database.wall().now()) {
            return Ok(None);
        }
        let Some(file) = file else { return Ok(Some(true)) };
        let storage = &*self.files.storage;
        let kept = if uploads::is_key(key) {
            Some(uploads::receive(storage, key, file).await?)
        } else {
            attachments::receive(&mut tx, storage, key, file).await?
        };
        tx.commit().await?;
        Ok(kept)
    }

    /// The file of a bill that nobody has asked for before.
    async fn rendered(&self, key: &str) -> Result<Option<files::File>, JobError> {
        let mut tx = self.database.write(Deadline::after(DEADLINE), &Stats::new()).await?;
        let file = files::rendered(&mut tx, &*self.files.storage, key).await?;
        tx.commit().await?;
        Ok(file)
    }

    /// The form of a payment vendor that a token leads to, after what was sent from it, if anything was.
    ///
    /// # Errors
    /// Why it cannot be answered.
    pub async fn pay(&self, token: &str, typed: Option<Typed>) -> Result<Option<Form>, SubmitError> {
        let (deadline, stats) = (Deadline::after(DEADLINE), Stats::new());
        let Some(typed) = typed else {
            let mut tx = self.database.snapshot(deadline, &stats).await?;
            return Ok(sessions::look(&mut tx, token).await?);
        };
        let work = (Simulator(self.auth.random().clone()), token, typed);
        let done = self.database.writing(deadline, &stats, &work, |tx, (vault, token, typed)| {
            Box::pin(sessions::submit(tx, vault, token, typed))
        });
        done.await
    }

    /// The payment slip with this address, after it was paid at a till, if it was.
    ///
    /// # Errors
    /// Why it cannot be shown.
    pub async fn slip(&self, reference: &str, is_paid: bool) -> Result<Option<Slip>, sqlx::Error> {
        let (deadline, stats) = (Deadline::after(DEADLINE), Stats::new());
        if !is_paid {
            let mut tx = self.database.snapshot(deadline, &stats).await?;
            return simulated_slips::look(&mut tx, reference).await;
        }
        let paid = self.database.writing(deadline, &stats, &reference, |tx, reference| {
            Box::pin(simulated_slips::pay(tx, reference))
        });
        paid.await
    }

    /// What a code that a customer passes on is good for when a household joins.
    ///
    /// # Errors
    /// Why it cannot be shown.
    pub async fn offer(&self, code: &str) -> Result<Option<Offer>, sqlx::Error> {
        let stats = Stats::new();
        let mut tx = self.database.snapshot(Deadline::after(DEADLINE), &stats).await?;
        schemes::of_joining(&mut tx, code).await
    }

    /// The terms of the product with this code.
    ///
    /// # Errors
    /// Why they cannot be shown.
    pub async fn terms(&self, code: &str) -> Result<Option<Terms>, sqlx::Error> {
        let stats = Stats::new();
        let mut tx = self.database.snapshot(Deadline::after(DEADLINE), &stats).await?;
        terms::of_product(&mut tx, code).await
    }

    /// The page on which a meter is read, after what was sent from it, if anything was; none if the link is not good, or no
    /// longer.
    ///
    /// # Errors
    /// Why it cannot be shown.
    pub async fn reading_form(
        &self,
        target: &str,
        expires: i64,
        signature: &str,
        typed: Option<reading_links::Typed>,
    ) -> Result<Option<ReadingForm>, TakeError> {
        let (deadline, stats) = (Deadline::after(DEADLINE), Stats::new());
        let Some(target) = Target::parse(target) else { return Ok(None) };
        let mut tx = self.database.snapshot(deadline, &stats).await?;
        let secret = self.link_secret(&mut tx).await?;
        if !storage::is_good(&target.path(), expires, signature, secret, self.database.wall().now()) {
            return Ok(None);
        }
        let Some(typed) = typed else { return Ok(reading_links::look(&mut tx, target).await?) };
        tx.rollback().await?;
        let given = (target, typed);
        let done = self.database.writing(deadline, &stats, &given, |tx, (target, typed)| {
            Box::pin(reading_links::submit(tx, *target, typed))
        });
        done.await
    }

    /// The points that this server has leased.
    pub fn leases(&self) -> &Leases {
        &self.leases
    }

    /// How often a served root field may be tried, by its bare name.
    pub(super) fn rate(&self, field: &str) -> Option<Rate> {
        let facts = |mutation| self.engine().model().root_facts(mutation, field);
        facts(true).or_else(|| facts(false)).and_then(|facts| facts.rate)
    }

    /// The engine that serves requests.
    pub fn engine(&self) -> &Arc<Engine<Session>> {
        self.host.engine()
    }

    /// Answers one request; `None` only if async-graphql dropped it.
    pub async fn execute(self: &Arc<Self>, request: Request, from: Origin<'_>) -> Option<Answer> {
        let deadline = Deadline::after(DEADLINE);
        // Whoever writes otherwise is served as well, one round trip later.
        let writes = request.query.trim_start().starts_with("mutation");
        let session = Arc::new(Session::open(Arc::clone(self), from, writes, deadline).await);
        let response = self.host.execute(Arc::clone(&session), request).await?;
        self.note_queries(&session, &response).await;
        session.end().await;
        let headers = session.limit_headers(&response);
        let (viewer, stats) = (session.viewer().clone(), Arc::clone(session.stats()));
        Some(Answer { response, viewer, stats, headers })
    }

    /// Mutations note themselves, in their own transaction; what staff look at is noted here.
    async fn note_queries(&self, session: &Session, response: &Response) {
        let report = &response.report;
        let is_noted = session.viewer().staff().is_some() && !session.was_refused();
        if !is_noted || report.is_mutation || report.roots.is_empty() {
            return;
        }
        let held = session.hold().await;
        let roots = report.roots.join(" ");
        let noted = async {
            let mut tx = self.database.write_on(held, session.deadline(), session.stats()).await?;
            audit::note(&mut tx, session.viewer(), &roots, None);
            tx.commit().await
        };
        if let Err(error) = noted.await {
            tracing::error!(%error, "a staff query was not noted in the audit");
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Why not.
    pub async fn ready(&self) -> Result<(), String> {
        let probe = async {
            let mut tx =
                self.database.snapshot(Deadline::after(Duration::from_secs(2)), &Stats::new()).await?;
            crate::platform::clock::is_demo(&mut tx).await
        };
        probe.await.map(|_| ()).map_err(|e| e.to_string())
    }

    /// The public keys that tokens are signed with.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub async fn jwks(&self) -> Result<Value, String> {
        let opened = self.database.snapshot(Deadline::after(DEADLINE), &Stats::new()).await;
        let mut tx = opened.map_err(|e| e.to_string())?;
        self.auth.keys().jwks(&mut tx).await.map_err(|e| e.to_string())
    }
}
