//! `kraken-api serve`.

use std::convert::Infallible;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::config::Config;
use super::open::{Opened, Problem};
use crate::api::{self, App};
use crate::domain::auth::limits::leases;
use crate::domain::demo::{self, DemoCredentials};
use crate::domain::events::carrier::Web;
use crate::domain::events::courier::Courier;
use crate::domain::work;
use crate::http;
use crate::platform::clock::Deadline;
use crate::platform::db::Stats;
use crate::platform::storage::Files;
use crate::platform::telemetry::{self, LogFormat};

/// After how many looks at the brownouts idle points go back and old counts are forgotten.
const TIDY_EVERY: u32 = 5;
/// How stale the list of brownouts may get.
const BROWNOUT_REFRESH: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub struct Serve {
    /// Address to listen on.
    #[arg(long, env = "KRAKEN_LISTEN", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// How log lines look: text on a terminal, JSON elsewhere, unless said otherwise.
    #[arg(long, env = "KRAKEN_LOG_FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
    /// How many proxies in front append the caller's address to X-Forwarded-For.
    #[arg(long, env = "KRAKEN_TRUSTED_PROXIES", default_value_t = 0)]
    trusted_proxies: usize,
    /// Make the demo data in a given database too.
    #[arg(long, env = "KRAKEN_DEMO")]
    demo: bool,
    /// Leave the private database without demo data.
    #[arg(long, conflicts_with = "demo")]
    no_demo: bool,
    /// Answer requests only; leave jobs, upkeep and webhooks to other servers on the same database.
    #[arg(long, env = "KRAKEN_NO_WORK")]
    no_work: bool,
}

pub async fn run(config: &Config, options: &Serve) -> Result<(), Problem> {
    let _telemetry = telemetry::init(options.log_format).map_err(Problem::other)?;
    let address = SocketAddr::new(options.listen, config.port);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|e| Problem::Other(format!("cannot listen on {address}: {e}; PORT chooses another port")))?;
    let mut opened = Opened::open(config).await?;
    let served = match opened.unlock(config).await {
        Ok(()) => serve(config, options, &opened, listener).await,
        Err(problem) => Err(problem),
    };
    opened.close().await?;
    served
}

async fn serve(
    config: &Config,
    options: &Serve,
    opened: &Opened,
    listener: TcpListener,
) -> Result<(), Problem> {
    let wants_demo = options.demo || (opened.is_private() && !options.no_demo);
    if wants_demo {
        make_demo(config, opened).await?;
    }
    let files = Files::new(config.storage()?, &config.base_url());
    let host = api::host(config.edition()).map_err(Problem::other)?;
    let app = App::new(opened.database.clone(), opened.auth(config), files, host);
    refresh_brownouts(&app).await.map_err(Problem::Database)?;
    let service = Arc::new(http::AppService::new(Arc::clone(&app), config.base_url()));
    let settings = http::HttpSettings { trusted_proxies: options.trusted_proxies, ..Default::default() };
    let router = http::router(service, settings);
    announce(config, opened, wants_demo)?;
    let (stop, stopping) = oneshot::channel();
    let workers = if options.no_work { Vec::new() } else { start_work(opened, &app, stopping)? };
    let served = tokio::select! {
        served = http::serve(listener, router, stop_signal()) => served.map_err(Problem::from),
        never = watch(opened, &app) => match never {},
    };
    // A job that is running is finished, and so are requests to webhooks; what is lost with a worker that panicked
    // comes back.
    let _ = stop.send(());
    for worker in workers {
        let _ = worker.await;
    }
    served?;
    tidy(&app, TimeDelta::zero()).await;
    Ok(())
}

/// Does the jobs that are due and sends the events that are, until it is told to stop.
fn start_work(
    opened: &Opened,
    app: &App,
    stopping: oneshot::Receiver<()>,
) -> Result<Vec<JoinHandle<()>>, Problem> {
    let courier = Courier::new(Arc::new(Web::new().map_err(Problem::other)?));
    let storage = Arc::clone(&app.files().storage);
    let (runner, billing) = (work::runner(&opened.random), work::billing(storage));
    let (database, events) = (opened.database.clone(), opened.database.clone());
    let stop = stopping.map(|_| ()).shared();
    let stop_sending = stop.clone();
    let jobs = tokio::spawn(async move {
        tokio::join!(runner.work(&database, stop.clone()), billing.work(&database, stop));
    });
    let sending = tokio::spawn(async move { courier.work(&events, stop_sending).await });
    Ok(vec![jobs, sending])
}

/// Makes the demo data unless it is there; answers the file with the credentials if it was made now.
pub(super) async fn make_demo(config: &Config, opened: &Opened) -> Result<Option<PathBuf>, Problem> {
    let file = config.home()?.join("demo.json");
    let auth = opened.auth(config);
    let made = demo::make(&opened.database, &auth, &opened.random).await.map_err(Problem::other)?;
    match made {
        Some(credentials) => {
            write_private(&file, &describe(config, &credentials)?)?;
            Ok(Some(file))
        }
        None => {
            keep_url(config, &file)?;
            Ok(None)
        }
    }
}

fn describe(config: &Config, demo: &DemoCredentials) -> Result<Value, Problem> {
    let mut file = json!({ "url": format!("{}/v1/graphql/", config.base_url()) });
    if let (Value::Object(file), Value::Object(demo)) =
        (&mut file, serde_json::to_value(demo).map_err(Problem::other)?)
    {
        file.extend(demo);
    }
    Ok(file)
}

/// The port may differ from the last time.
fn keep_url(config: &Config, file: &Path) -> Result<(), Problem> {
    let Ok(text) = std::fs::read_to_string(file) else {
        return Ok(());
    };
    let Ok(Value::Object(mut known)) = serde_json::from_str(&text) else {
        return Ok(());
    };
    let url = json!(format!("{}/v1/graphql/", config.base_url()));
    if known.get("url") != Some(&url) {
        known.insert("url".into(), url);
        write_private(file, &Value::Object(known))?;
    }
    Ok(())
}

/// Writes a file that only its owner can read, all of it or nothing.
pub(super) fn write_private(file: &Path, content: &Value) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let draft = file.with_extension("draft");
    let mut out =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writeln!(out, "{content:#}")?;
    out.sync_all()?;
    std::fs::rename(draft, file)
}

fn announce(config: &Config, opened: &Opened, demo: bool) -> Result<(), Problem> {
    let base = config.base_url();
    let mut out = std::io::stdout().lock();
    for note in opened.notes() {
        writeln!(out, "{note}")?;
    }
    writeln!(out, "GraphQL   {base}/v1/graphql/")?;
    writeln!(out, "GraphiQL  {base}/v1/graphql/ in a browser")?;
    let file = config.home()?.join("demo.json");
    if demo && file.exists() {
        writeln!(out, "Demo log-ins are in {}", file.display())?;
    }
    Ok(out.flush()?)
}

async fn stop_signal() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

async fn refresh_brownouts(app: &App) -> Result<(), sqlx::Error> {
    let mut tx = app.database().snapshot(Deadline::after(BROWNOUT_REFRESH), &Stats::new()).await?;
    app.brownouts().refresh(&mut tx).await
}

/// Gives points back that this server has leased and not used for `idle`.
async fn tidy(app: &App, idle: TimeDelta) {
    if let Err(error) = app.leases().tidy(app.database(), idle).await {
        tracing::warn!(%error, "leased points were not given back");
    }
}

/// Keeps the list of brownouts fresh, the private Postgres alive, and points from lying idle.
async fn watch(opened: &Opened, app: &App) -> Infallible {
    let mut tick = tokio::time::interval(BROWNOUT_REFRESH);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut looks = 0_u32;
    loop {
        tick.tick().await;
        looks = looks.wrapping_add(1);
        match refresh_brownouts(app).await {
            Ok(()) if looks.is_multiple_of(TIDY_EVERY) => tidy(app, leases::IDLE).await,
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(%error, "the database does not answer");
                if let Err(problem) = opened.revive().await {
                    tracing::error!(%problem, "the private database was not started again");
                }
            }
        }
    }
}
