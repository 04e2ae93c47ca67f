//! The program in-process: its own database, clock and randomness, requests through the router.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use chrono::{DateTime, Utc};
use kraken_api::api::{self, App, Session};
use kraken_api::domain::auth::{Auth, Issuer};
use kraken_api::domain::payments::sessions::Typed;
use kraken_api::graphql::{BoxFuture, Host};
use kraken_api::http::{self, AppService, GraphqlCall, HttpSettings, Service};
use kraken_api::platform::clock::WallClock;
use kraken_api::platform::db::Database;
use kraken_api::platform::random::Randomness;
use kraken_api::platform::sealing::Sealer;
use kraken_api::platform::storage::{Files, Folder};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::database::Fresh;
use super::{database, record};

pub const BASE_URL: &str = "http://kraken.test";

/// A server for one test.
pub struct Server {
    pub app: Arc<App>,
    pub database: Database,
    pub auth: Arc<Auth>,
    pub random: Randomness,
    pub wall: WallClock,
    pub router: Router,
    held: Arc<Fresh>,
}

/// Passes everything on and notes what came of it.
struct Recorded(Arc<AppService>);

impl Service for Recorded {
    fn execute(self: Arc<Self>, call: GraphqlCall) -> BoxFuture<'static, http::Reply> {
        Box::pin(async move {
            let reply = Arc::clone(&self.0).execute(call).await;
            record::note(&reply);
            reply
        })
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), String>> {
        self.0.ready()
    }

    fn jwks(&self) -> BoxFuture<'_, Result<Value, String>> {
        self.0.jwks()
    }

    fn file<'a>(
        &'a self,
        key: &'a str,
        expires: i64,
        signature: &'a str,
    ) -> BoxFuture<'a, Result<Option<http::File>, String>> {
        self.0.file(key, expires, signature)
    }

    fn upload<'a>(
        &'a self,
        key: &'a str,
        expires: i64,
        signature: &'a str,
        file: Option<Bytes>,
    ) -> BoxFuture<'a, Result<bool, String>> {
        self.0.upload(key, expires, signature, file)
    }

    fn pay<'a>(
        &'a self,
        token: &'a str,
        typed: Option<Typed>,
    ) -> BoxFuture<'a, Result<Option<http::PayForm>, String>> {
        self.0.pay(token, typed)
    }

    fn slip<'a>(
        &'a self,
        reference: &'a str,
        is_paid: bool,
    ) -> BoxFuture<'a, Result<Option<http::Slip>, String>> {
        self.0.slip(reference, is_paid)
    }

    fn terms<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<Option<http::Terms>, String>> {
        self.0.terms(code)
    }

    fn offer<'a>(&'a self, code: &'a str) -> BoxFuture<'a, Result<Option<http::Offer>, String>> {
        self.0.offer(code)
    }

    fn reading_form<'a>(
        &'a self,
        target: &'a str,
        expires: i64,
        signature: &'a str,
        typed: Option<http::Readings>,
    ) -> BoxFuture<'a, Result<Option<http::ReadingForm>, String>> {
        self.0.reading_form(target, expires, signature, typed)
    }

    fn issuer(&self) -> String {
        self.0.issuer()
    }
}

/// The moment at which tests begin.
pub fn beginning() -> DateTime<Utc> {
    "2026-03-02T09:30:00Z".parse().expect("a date")
}

/// A folder of files for one test.
pub fn files() -> Files {
    static TESTS: AtomicU64 = AtomicU64::new(0);
    let test = format!("{}-{}", std::process::id(), TESTS.fetch_add(1, Ordering::Relaxed));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("files").join(test);
    Files::new(Arc::new(Folder::new(folder)), BASE_URL)
}

/// What serves an edition: put together once for all tests, which takes a debug build longer than most of them.
pub fn host(edition: Option<&str>) -> Arc<Host<Session>> {
    static HOSTS: Mutex<BTreeMap<String, Arc<Host<Session>>>> = Mutex::new(BTreeMap::new());
    let mut hosts = HOSTS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = hosts.entry(edition.unwrap_or_default().to_owned());
    Arc::clone(known.or_insert_with(|| api::host(edition).expect("the API")))
}

impl Server {
    /// A server on a fresh database, the clock standing still.
    pub async fn start() -> Self {
        Self::start_edition(None).await
    }

    pub async fn start_edition(edition: Option<&str>) -> Self {
        record::keep_log();
        let wall = WallClock::fixed(beginning());
        let random = Randomness::seeded(7);
        let held = Arc::new(database::fresh().await);
        let database = Database::connect(&held.url, 5, wall.clone()).await.expect("the test's database");
        let database = database.sealed_by(Sealer::new(&[7; 32], Randomness::seeded(8)));
        let issuer = Issuer {
            url: format!("{BASE_URL}/v1/graphql/"),
            jwks_url: format!("{BASE_URL}/.well-known/jwks.json"),
        };
        let auth = Auth::new(issuer, random.clone(), 2);
        Self::over((database, held), auth, random, wall, files(), edition)
    }

    /// Another server process over the same database.
    pub fn twin(&self) -> Self {
        let database = (self.database.clone(), Arc::clone(&self.held));
        let auth = Arc::clone(&self.auth);
        let files = self.app.files().clone();
        Self::over(database, auth, self.random.clone(), self.wall.clone(), files, None)
    }

    fn over(
        (database, held): (Database, Arc<Fresh>),
        auth: Arc<Auth>,
        random: Randomness,
        wall: WallClock,
        files: Files,
        edition: Option<&str>,
    ) -> Self {
        let app = App::new(database.clone(), Arc::clone(&auth), files, host(edition));
        let service = Recorded(Arc::new(AppService::new(Arc::clone(&app), BASE_URL.into())));
        let router = http::router(Arc::new(service), HttpSettings::default());
        Self { app, database, auth, random, wall, router, held }
    }

    /// Sends one operation.
    pub async fn send(&self, token: Option<&str>, query: &str, variables: Value) -> Reply {
        self.send_from(None, token, query, variables).await
    }

    /// Sends one operation from an address.
    pub async fn send_from(
        &self,
        client: Option<&str>,
        token: Option<&str>,
        query: &str,
        variables: Value,
    ) -> Reply {
        let mut request = Request::post("/v1/graphql/").header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, token);
        }
        let body = json!({ "query": query, "variables": &variables }).to_string();
        let mut request = request.body(Body::from(body)).expect("a request");
        if let Some(client) = client {
            let client: IpAddr = client.parse().expect("an address");
            request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, 4242)));
        }
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
        let json = serde_json::from_slice(&bytes)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&bytes)));
        let reply = Reply { status: parts.status, headers: parts.headers, json };
        judge_secrets(token, &variables, &reply);
        reply
    }

    /// Sends one operation and expects no error.
    pub async fn ask(&self, token: Option<&str>, query: &str, variables: Value) -> Value {
        let reply = self.send(token, query, variables).await;
        assert!(reply.json.get("errors").is_none(), "{query}: {}", reply.json);
        reply.json["data"].clone()
    }
}

/// No error repeats a secret, and no log will.
fn judge_secrets(token: Option<&str>, variables: &Value, reply: &Reply) {
    let mut used = record::secrets_in(variables);
    used.extend(token.map(|token| token.trim_start_matches("Bearer ").trim_start_matches("JWT ").to_owned()));
    let errors = Value::from(reply.errors()).to_string();
    for secret in used.iter().filter(|secret| secret.len() > 10) {
        assert!(!errors.contains(secret.as_str()), "{secret}: {errors}");
    }
    used.extend(record::secrets_in(&reply.json["data"]));
    record::secrets(used.into_iter().filter(|secret| secret.len() > 10));
}

/// An answer as the client sees it.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub json: Value,
}

impl Reply {
    /// The codes of all errors.
    pub fn codes(&self) -> Vec<&str> {
        self.errors().iter().filter_map(|e| e["extensions"]["errorCode"].as_str()).collect()
    }

    /// A header that holds a number.
    pub fn number(&self, header: &str) -> Option<i64> {
        self.headers.get(header)?.to_str().ok()?.parse().ok()
    }

    pub fn errors(&self) -> &[Value] {
        self.json["errors"].as_array().map_or(&[], Vec::as_slice)
    }
}
