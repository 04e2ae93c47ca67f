//! Opening the database, given or private, and leaving it as it was.

use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Mutex;

use super::config::Config;
use super::sealing;
use crate::domain;
use crate::domain::auth::{Auth, Issuer};
use crate::domain::payments;
use crate::platform::clock::{Deadline, WallClock};
use crate::platform::cluster::{Cluster, ClusterError, Settings};
use crate::platform::db::{Database, Stats, Tx};
use crate::platform::random::Randomness;
use crate::platform::sealing::Sealer;

/// Checking ten million postings takes a while.
pub const PATIENCE: Duration = Duration::from_secs(3600);
/// Connections that a private Postgres allows; several servers may share it.
const CLUSTER_CONNECTIONS: u32 = 120;
/// How long it may take to see which key a database is sealed with.
const LONG: Duration = Duration::from_secs(60);
const DATABASE: &str = "kraken";

/// Why a command failed, for whoever typed it.
#[derive(Debug, Error)]
pub enum Problem {
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    #[error("the database cannot be used: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the database cannot be brought up to date: {0}")]
    Install(#[from] domain::InstallError),
    #[error(transparent)]
    SealingKey(#[from] payments::sealing::KeyError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the system gives no randomness: {0}")]
    Randomness(String),
    #[error("{0}")]
    Other(String),
}

impl Problem {
    /// A problem that is its own sentence.
    pub fn other(error: impl std::fmt::Display) -> Self {
        Self::Other(error.to_string())
    }
}

/// Opens the database, does some work in one transaction, and leaves the database as it was. Work that fails has done
/// nothing.
pub async fn written<T>(
    config: &Config,
    work: impl AsyncFnOnce(&Opened, &mut Tx) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let opened = Opened::open(config).await?;
    let done = opened.write(work).await;
    opened.close().await?;
    done
}

/// Opens the database, reads it at one moment, and leaves it as it was.
pub async fn read<T>(
    config: &Config,
    look: impl AsyncFnOnce(&mut Tx) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let opened = Opened::open(config).await?;
    let found = async {
        let mut view = opened.database.snapshot(Deadline::after(PATIENCE), &Stats::new()).await?;
        look(&mut view).await
    };
    let found = found.await;
    opened.close().await?;
    found
}

/// An open, migrated database and what goes with it.
pub struct Opened {
    pub database: Database,
    pub random: Randomness,
    private: Option<Private>,
}

/// The private Postgres, and how to join it again should it die.
struct Private {
    settings: Settings,
    notes: Vec<String>,
    cluster: Mutex<Cluster>,
}

impl Opened {
    /// Opens the given database, or starts and joins the private one.
    ///
    /// # Errors
    /// One sentence that says what to do.
    pub async fn open(config: &Config) -> Result<Self, Problem> {
        let random = Randomness::from_system().map_err(|e| Problem::Randomness(e.to_string()))?;
        let (url, private) = match config.given_database() {
            Some(url) => (url.to_owned(), None),
            None => {
                let home = config.home()?;
                let settings = Settings { home, durable: true, max_connections: CLUSTER_CONNECTIONS };
                let cluster = Cluster::join(&settings).await?;
                cluster.create_database_if_missing(DATABASE).await?;
                let notes = cluster.notes().to_vec();
                (cluster.url(DATABASE), Some(Private { settings, notes, cluster: Mutex::new(cluster) }))
            }
        };
        let database = Database::connect(&url, config.connections, WallClock::System).await?;
        domain::install(&database, &random).await?;
        Ok(Self { database, random, private })
    }

    /// True for the database that the program keeps for itself.
    pub fn is_private(&self) -> bool {
        self.private.is_some()
    }

    /// What the start should say of the private database.
    pub fn notes(&self) -> &[String] {
        self.private.as_ref().map_or(&[], |private| &private.notes)
    }

    /// Lets bank details be sealed and opened, with the installation's key.
    ///
    /// # Errors
    /// If there is no key to be had, or it is not the one that this database is sealed with.
    pub async fn unlock(&mut self, config: &Config) -> Result<(), Problem> {
        let key = sealing::key(config, &self.random)?;
        let mut tx = self.database.write(Deadline::after(LONG), &Stats::new()).await?;
        payments::sealing::claim(&mut tx, &key).await?;
        tx.commit().await?;
        let sealer = Sealer::new(&key, self.random.clone());
        self.database = self.database.clone().sealed_by(sealer);
        Ok(())
    }

    async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&Self, &mut Tx) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let mut tx = self.database.write(Deadline::after(PATIENCE), &Stats::new()).await?;
        let done = work(self, &mut tx).await?;
        tx.commit().await?;
        Ok(done)
    }

    /// Authentication over this database.
    pub fn auth(&self, config: &Config) -> Arc<Auth> {
        let base = config.base_url();
        let issuer =
            Issuer { url: format!("{base}/v1/graphql/"), jwks_url: format!("{base}/.well-known/jwks.json") };
        // One core is left to everybody who is not logging in.
        let hashers = available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1));
        Auth::new(issuer, self.random.clone(), hashers)
    }

    /// Starts the private Postgres again if it has died. A given one is its owner's to start.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn revive(&self) -> Result<(), Problem> {
        if let Some(private) = &self.private {
            let joined = Cluster::join(&private.settings).await?;
            *private.cluster.lock().await = joined;
        }
        Ok(())
    }

    /// Gives the connections back; the last to leave stops the private database.
    ///
    /// # Errors
    /// If the private database does not stop.
    pub async fn close(self) -> Result<(), Problem> {
        self.database.close().await;
        match self.private {
            Some(private) => Ok(private.cluster.into_inner().leave().await?),
            None => Ok(()),
        }
    }
}
