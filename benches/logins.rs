//! What a storm of log-ins does to everybody else: ordinary queries alone, and while 2,000 log-ins by password come
//! at once. Run it with `cargo bench --bench logins`; it needs Postgres' programs and keeps to a folder of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use kraken_api::api::{self, App};
use kraken_api::domain;
use kraken_api::domain::accounts::open::{self, NewUser};
use kraken_api::domain::auth::subjects::Subject;
use kraken_api::domain::auth::{Auth, Issuer, api_keys, logins};
use kraken_api::http::{self, AppService, HttpSettings};
use kraken_api::platform::clock::{Deadline, WallClock};
use kraken_api::platform::cluster::{Cluster, Settings};
use kraken_api::platform::db::{Database, Stats};
use kraken_api::platform::random::Randomness;
use kraken_api::platform::storage::{Files, Folder};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tower::ServiceExt;

const PEOPLE: usize = 200;
const STORM: usize = 2_000;
const LONGEST_STORM: Duration = Duration::from_secs(30);
const CALLERS: usize = 4;
const PASSWORD: &str = "correct horse battery staple";
const QUERY: &str = "{ viewer { id fullName accounts { number } } }";
const LOG_IN: &str = "mutation($i: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $i) { token } }";

/// Sends an operation, as if from the address with this number.
async fn send(router: &Router, client: usize, token: Option<&str>, query: &str, variables: Value) -> Value {
    let address = format!("10.0.{}.{}", client / 250, client % 250);
    let mut request = Request::post("/v1/graphql/")
        .header(header::CONTENT_TYPE, "application/json")
        .header("X-Forwarded-For", address);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, token);
    }
    let body = json!({ "query": query, "variables": variables }).to_string();
    let request = request.body(Body::from(body)).expect("a request");
    let response = router.clone().oneshot(request).await.expect("an answer");
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    serde_json::from_slice(&bytes).expect("json")
}

/// People who may log in, and the token of the first.
async fn people(database: &Database, auth: &Auth, random: &Randomness, router: &Router) -> String {
    let hash = auth.passwords().hash(PASSWORD).await.expect("a hash");
    let deadline = Deadline::after(Duration::from_secs(60));
    let mut tx = database.write(deadline, &Stats::new()).await.expect("a transaction");
    let mut key = String::new();
    for number in 0..PEOPLE {
        let email = format!("person{number}@example.org");
        let new = NewUser { given_name: "Ada", email: &email, ..NewUser::default() };
        let user = open::user(&mut tx, random, &new).await.expect("a user");
        logins::add(&mut tx, Subject::AccountUser(user), &email, Some(&hash)).await.expect("a log-in");
        if number == 0 {
            key = api_keys::regenerate(&mut tx, random, user).await.expect("a key");
        }
    }
    tx.commit().await.expect("committed");
    let answer = send(router, 0, None, LOG_IN, json!({ "i": { "APIKey": key } })).await;
    answer["data"]["obtainKrakenToken"]["token"].as_str().expect("a token").to_owned()
}

/// Asks ordinary queries until told to stop; answers how long each took.
async fn ask(router: Router, token: String, stop: Arc<AtomicBool>) -> Vec<Duration> {
    let mut took = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let answer = send(&router, 0, Some(&token), QUERY, json!({})).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        took.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    took
}

fn report(name: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "{name:24} {:6} queries   p50 {:7.2} ms   p99 {:7.2} ms   max {:7.2} ms",
        took.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

/// Logs everybody in; answers how often somebody was told to come back.
async fn storm(router: &Router) -> usize {
    let mut logins = JoinSet::new();
    for number in 0..STORM {
        logins.spawn(log_in(router.clone(), number));
    }
    // Dropped half way, it ends them all.
    logins.join_all().await.into_iter().sum()
}

/// Logs somebody in; answers how often they were told to come back.
async fn log_in(router: Router, number: usize) -> usize {
    let email = format!("person{}@example.org", number % PEOPLE);
    let input = json!({ "i": { "email": email, "password": PASSWORD } });
    let mut refused = 0;
    // Whoever is told to come back does, as a client would.
    loop {
        let answer = send(&router, number, None, LOG_IN, input.clone()).await;
        match answer["errors"][0]["extensions"]["errorCode"].as_str() {
            None => return refused,
            Some("KT-CT-1199") => refused += 1,
            Some(other) => panic!("{other}"),
        }
        let wait = answer["errors"][0]["extensions"]["retryAfter"].as_u64().unwrap_or(1);
        // Not all in the same moment.
        let spread = Duration::from_millis((number % 1_000) as u64);
        tokio::time::sleep(Duration::from_secs(wait) + spread).await;
    }
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` only builds it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("logins");
    let settings = Settings { home, durable: false, max_connections: 50 };
    let cluster = Cluster::join(&settings).await.expect("a private Postgres");
    let name = format!("logins_{}", std::process::id());
    cluster.create_database_if_missing(&name).await.expect("a database");
    let random = Randomness::from_system().expect("randomness");
    let database = Database::connect(&cluster.url(&name), 20, WallClock::System).await.expect("connected");
    domain::install(&database, &random).await.expect("installed");
    // It is not the allowance that is measured.
    let plenty = "update rate_allowances_by_kind set points = 1000000000";
    sqlx::query(plenty).execute(database.pool()).await.expect("plenty");
    let issuer = Issuer { url: "http://bench/v1/graphql/".into(), jwks_url: "http://bench/jwks.json".into() };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // As a server does.
    let auth = Auth::new(issuer, random.clone(), cores.saturating_sub(1).max(1));
    let storage = Folder::new(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("files"));
    let files = Files::new(Arc::new(storage), "http://bench");
    let app = App::new(database.clone(), Arc::clone(&auth), files, api::host(None).expect("the API"));
    let service = AppService::new(app, "http://bench".into());
    let router =
        http::router(Arc::new(service), HttpSettings { trusted_proxies: 1, ..HttpSettings::default() });
    let token = people(&database, &auth, &random, &router).await;

    for (name, with_storm) in [("alone", false), ("while 2,000 log in", true), ("afterwards", false)] {
        let stop = Arc::new(AtomicBool::new(false));
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| tokio::spawn(ask(router.clone(), token.clone(), Arc::clone(&stop))))
            .collect();
        let begun = Instant::now();
        if with_storm {
            match tokio::time::timeout(LONGEST_STORM, storm(&router)).await {
                Ok(refused) => {
                    let took = begun.elapsed().as_secs_f64();
                    println!("{STORM} log-ins in {took:.1} s; told to come back {refused} times");
                }
                Err(_) => println!("not all {STORM} are logged in after {LONGEST_STORM:?}"),
            }
            println!("{} passwords compared", auth.passwords().runs());
        } else {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        stop.store(true, Ordering::Relaxed);
        let mut took = Vec::new();
        for caller in callers {
            took.extend(caller.await.expect("a caller"));
        }
        report(name, took);
    }
    database.close().await;
    cluster.leave().await.expect("stopped");
}
