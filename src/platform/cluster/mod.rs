//! A private Postgres cluster for this program.
//!
//! The first process that joins creates the cluster if need be and starts it;
//! later ones adopt it, also after a crash of either side; the last one that
//! leaves stops it. Postgres listens on one Unix socket in a private folder
//! and nowhere else.
//!
//! In `<home>/postgres`, or in `/var/lib/kraken-api/<hash of the home>` when
//! root starts the server and the user that runs Postgres cannot get there:
//!
//! | path | what |
//! |---|---|
//! | `data` | the data folder, always complete |
//! | `gate.lock` | held alone while starting and stopping |
//! | `members.lock` | held together by all that have joined |
//! | `server.log` | what Postgres says |

use std::{
    fmt::Write as _,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::timeout;

mod binaries;
mod config;
mod error;
mod initdb;
mod lock;
mod owner;
mod place;
mod postmaster;
mod process;
mod socket;
mod start;
mod wire;

pub use error::ClusterError;

use lock::LockFile;
use place::Place;
use postmaster::Found;
use start::Running;
use wire::{Report, Session, USER};

/// Longer than any one start or stop, so that only a stuck one is reported.
const GATE_LIMIT: Duration = Duration::from_secs(150);

/// How long creating a database may take.
const CREATE_LIMIT: Duration = Duration::from_secs(60);

/// The longest name Postgres does not cut.
const LONGEST_NAME: usize = 63;

/// Where the cluster lives and how it runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of the program, for example `.kraken`; created if missing.
    pub home: PathBuf,
    /// Whether committed data survives a crash of the machine; tests say no.
    pub durable: bool,
    /// How many connections all processes together may have.
    pub max_connections: u32,
}

/// A running private cluster this process has joined.
///
/// Dropping it without [`Cluster::leave`] leaves Postgres running for the next
/// process that joins.
#[derive(Debug)]
pub struct Cluster {
    running: Running,
    notes: Vec<String>,
    members: LockFile,
    gate: LockFile,
}

impl Cluster {
    /// Starts the cluster, creating it if need be, or adopts the running one.
    ///
    /// # Errors
    ///
    /// When Postgres is missing, too old or does not start, or when a folder
    /// it needs cannot be used; the sentence says what to do.
    pub async fn join(settings: &Settings) -> Result<Self, ClusterError> {
        let place = Place::of(&settings.home).await?;
        let gate = LockFile::open(place.root.join("gate.lock"), &place.owner)?;
        let members = LockFile::open(place.root.join("members.lock"), &place.owner)?;
        gate.lock_exclusive(GATE_LIMIT).await?;
        // On failure the gate opens when pg_ctl, if it still runs, is done too.
        let mut running = start::start_or_adopt(&place, settings, &gate).await?;
        // Nobody can leave meanwhile: that takes the gate.
        members.try_shared()?;
        gate.unlock();
        let mut notes = place.notes;
        notes.append(&mut running.notes);
        Ok(Self { running, notes, members, gate })
    }

    /// The folder of the Unix socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.running.socket_dir
    }

    /// The port, which is only part of the socket's name.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.running.port
    }

    /// The superuser to connect as; it needs no password.
    #[must_use]
    pub fn user(&self) -> &str {
        USER
    }

    /// The data folder, which may be outside the home.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.running.data.path()
    }

    /// The process id of the postmaster.
    #[must_use]
    pub fn postmaster_pid(&self) -> u32 {
        self.running.pid
    }

    /// Sentences a person who starts the server should read.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The address of a database, as sqlx and libpq understand it.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        // Without TLS whatever PGSSLMODE says: there is none on a socket.
        format!(
            "postgres://{USER}@localhost/{}?host={}&port={}&sslmode=disable",
            percent_encode(database.as_bytes()),
            percent_encode(self.socket_dir().as_os_str().as_bytes()),
            self.port(),
        )
    }

    /// Creates an empty database unless there is one of that name.
    ///
    /// # Errors
    ///
    /// When the name is no database name or Postgres refuses.
    pub async fn create_database_if_missing(&self, name: &str) -> Result<(), ClusterError> {
        if name.is_empty() || name.len() > LONGEST_NAME || name.contains('\0') {
            return Err(ClusterError::BadName { name: name.to_owned() });
        }
        let outcome = timeout(CREATE_LIMIT, self.try_create(name)).await;
        match outcome.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into())) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Report { code, message })) => {
                Err(ClusterError::Refused { action: format!("create the database {name}"), message, code })
            }
            Err(source) => Err(ClusterError::Talk { path: self.socket_dir().to_owned(), source }),
        }
    }

    async fn try_create(&self, name: &str) -> std::io::Result<Result<(), Report>> {
        let mut session = match Session::open(self.socket_dir(), self.port()).await? {
            Ok(session) => session,
            Err(report) => return Ok(Err(report)),
        };
        // The strings are standard ones, so only quotes need doubling.
        let literal = name.replace('\'', "''");
        let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{literal}'");
        let identifier = name.replace('"', "\"\"");
        // template0 has no sessions that could be in the way.
        let create = format!("CREATE DATABASE \"{identifier}\" TEMPLATE template0");
        let created = match session.run(&exists).await? {
            Ok(true) => Ok(()),
            Ok(false) => session.run(&create).await?.map(|_| ()),
            Err(report) => Err(report),
        };
        session.close().await;
        Ok(match created {
            // Another process was faster, by a little or by very little.
            Err(report) if ["42P04", "23505"].contains(&&*report.code) => Ok(()),
            other => other,
        })
    }

    /// Leaves the cluster; the last process to leave stops it and waits.
    ///
    /// # Errors
    ///
    /// When Postgres does not stop in time.
    pub async fn leave(self) -> Result<(), ClusterError> {
        self.gate.lock_exclusive(GATE_LIMIT).await?;
        let outcome = self.stop_if_last().await;
        self.members.unlock();
        self.gate.unlock();
        outcome
    }

    /// The caller holds the gate.
    async fn stop_if_last(&self) -> Result<(), ClusterError> {
        // Asking for the only lock gives up the shared one either way.
        if !self.members.try_exclusive()? {
            tracing::info!("left Postgres running for other processes");
            return Ok(());
        }
        let data = &self.running.data;
        let pid = match data.inspect() {
            Ok(Found::Live(postmaster)) => postmaster.pid,
            // The data may have been deleted under a live postmaster.
            _ => self.running.pid,
        };
        data.stop(pid, start::STOP_LIMIT).await?;
        socket::discard(self.socket_dir());
        tracing::info!(pid, "stopped Postgres");
        Ok(())
    }
}

/// Encodes everything that could mean something in an address.
fn percent_encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
