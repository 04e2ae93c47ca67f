//! One private Postgres for the whole run, a migrated template, a clone for each test.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{OnceLock, mpsc};

use kraken_api::domain;
use kraken_api::platform::clock::WallClock;
use kraken_api::platform::cluster::{Cluster, Settings};
use kraken_api::platform::db::Database;
use kraken_api::platform::random::Randomness;
use sqlx::{Connection, PgConnection};

const TEMPLATE: &str = "kraken_template";
/// Tests run side by side, each with a few connections.
const MAX_CONNECTIONS: u32 = 200;

/// The folder of the run's Postgres.
pub fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("postgres")
}

pub fn settings() -> Settings {
    Settings { home: home(), durable: false, max_connections: MAX_CONNECTIONS }
}

static READY: OnceLock<String> = OnceLock::new();

/// The URL pattern of the run's databases, with `{}` for the name; the template stands when it returns.
fn pattern() -> &'static str {
    READY.get_or_init(|| {
        // The first test to come prepares for all; its own runtime may end before the others do.
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build();
            runtime.expect("a runtime").block_on(prepare())
        })
        .join()
        .expect("the test database is prepared")
    })
}

async fn prepare() -> String {
    std::fs::create_dir_all(home()).expect("the folder for Postgres");
    let cluster = Cluster::join(&settings()).await.expect("a private Postgres");
    let pattern = cluster.url("{}");
    let mut admin = PgConnection::connect(&cluster.url("postgres")).await.expect("a connection");
    // Other test programs may be preparing at the same moment.
    sqlx::query("select pg_advisory_lock(4242)").execute(&mut admin).await.expect("the lock");
    for (name,) in stale(&mut admin).await {
        execute(&mut admin, &format!("drop database if exists \"{name}\" with (force)")).await;
    }
    execute(&mut admin, &format!("drop database if exists {TEMPLATE} with (force)")).await;
    execute(&mut admin, &format!("create database {TEMPLATE}")).await;
    let database =
        Database::connect(&cluster.url(TEMPLATE), 2, WallClock::System).await.expect("the template");
    domain::install(&database, &Randomness::seeded(1)).await.expect("the template is installed");
    database.close().await;
    drop(admin);
    // The postmaster stays for the whole run; the scorecard, which runs last, stops it.
    std::mem::forget(cluster);
    pattern
}

/// Databases of test programs that are gone.
async fn stale(admin: &mut PgConnection) -> Vec<(String,)> {
    let all: Vec<(String,)> = sqlx::query_as("select datname from pg_database where datname like 'test\\_%'")
        .fetch_all(&mut *admin)
        .await
        .expect("the list of databases");
    all.into_iter().filter(|(name,)| !owner_lives(name)).collect()
}

fn owner_lives(name: &str) -> bool {
    name.split('_').nth(1).is_some_and(|pid| std::path::Path::new("/proc").join(pid).exists())
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(sql).execute(connection).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
}

/// A clone of the template, dropped with this: a run leaves no more on the disk than the tests under way.
pub struct Fresh {
    name: String,
    pub url: String,
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // What is not dropped in time, the next run takes for stale.
        let _ = dropper().send(std::mem::take(&mut self.name));
    }
}

/// Takes the names of databases that nobody needs any longer.
fn dropper() -> &'static mpsc::Sender<String> {
    static DROPPER: OnceLock<mpsc::Sender<String>> = OnceLock::new();
    DROPPER.get_or_init(|| {
        let (sender, names) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(drop_all(&names));
        });
        sender
    })
}

async fn drop_all(names: &mpsc::Receiver<String>) {
    let mut admin = PgConnection::connect(&url(pattern(), "postgres")).await.expect("a connection");
    while let Ok(name) = names.recv() {
        execute(&mut admin, &format!("drop database if exists {name} with (force)")).await;
    }
}

/// A fresh clone of the template.
pub async fn fresh() -> Fresh {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let pattern = tokio::task::spawn_blocking(pattern).await.expect("the test database is prepared");
    let mut admin = PgConnection::connect(&url(pattern, "postgres")).await.expect("a connection");
    // One clone at a time: Postgres allows no other connection to a template meanwhile.
    sqlx::query("select pg_advisory_lock(4242)").execute(&mut admin).await.expect("the lock");
    execute(&mut admin, &format!("create database {name} template {TEMPLATE} strategy file_copy")).await;
    Fresh { url: url(pattern, &name), name }
}

fn url(pattern: &str, name: &str) -> String {
    // Braces may come out percent-encoded.
    pattern.replace("%7B%7D", name).replace("{}", name)
}
