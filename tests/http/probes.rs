//! Health, keys, metrics and the paths around the endpoint.

use std::sync::atomic::Ordering;

use axum::http::Method;
use kraken_api::http::HttpSettings;
use serde_json::json;

use crate::harness::{Server, bare};

#[tokio::test]
async fn the_process_is_up() {
    let server = Server::new();
    server.fake.ready.store(false, Ordering::SeqCst);
    server.get("/healthz").await.is(200, r#"{"status":"ok"}"#);
    server.get("/external-client-healthcheck/").await.is(200, r#"{"status":"ok"}"#);
}

#[tokio::test]
async fn readiness_turns_with_the_service() {
    let server = Server::new();
    server.get("/readyz").await.is(200, r#"{"status":"ready"}"#);
    server.fake.ready.store(false, Ordering::SeqCst);
    server.get("/readyz").await.is(503, r#"{"status":"unavailable"}"#);
    server.fake.ready.store(true, Ordering::SeqCst);
    server.get("/readyz").await.is(200, r#"{"status":"ready"}"#);
}

#[tokio::test]
async fn keys_and_where_they_are() {
    let server = Server::new();
    let keys = server.get("/.well-known/jwks.json").await;
    keys.is(200, r#"{"keys":[{"kid":"one"}]}"#);
    assert_eq!(keys.header("cache-control"), "public, max-age=300");
    let metadata = server.get("/.well-known/openid-configuration").await;
    assert_eq!(
        metadata.json(),
        json!({
            "issuer": "https://auth.example.com/token/",
            "jwks_uri": "https://auth.example.com/.well-known/jwks.json",
        })
    );
    server.fake.ready.store(false, Ordering::SeqCst);
    server.get("/.well-known/jwks.json").await.is(503, r#"{"detail":"Service unavailable."}"#);
}

#[tokio::test]
async fn browsers_are_sent_to_the_page() {
    let server = Server::new();
    let answer = server.get_as("/", "text/html").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/v1/graphql/"));
    server.get("/").await.is(404, r#"{"detail":"Not found."}"#);
}

#[tokio::test]
async fn unknown_paths_and_methods() {
    let server = Server::new();
    for path in ["/nowhere", "/v1/", "/v1/graphql/more", "/static/../Cargo.toml", "/static/%2e%2e/x", "//"] {
        server.get(path).await.is(404, r#"{"detail":"Not found."}"#);
    }
    let answer = server.send(bare(Method::POST, "/healthz")).await;
    answer.is(405, r#"{"detail":"Method \"POST\" not allowed."}"#);
    assert_eq!(server.send(bare(Method::HEAD, "/healthz")).await.status, 200);
}

/// The value of the one sample that starts with `name` and holds all `labels`.
fn sample(text: &str, name: &str, labels: &[&str]) -> f64 {
    let mut found = text.lines().filter(|line| {
        line.starts_with(name) && !line.starts_with('#') && labels.iter().all(|label| line.contains(label))
    });
    let value = found.next().map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap());
    assert!(found.next().is_none(), "more than one {name} {labels:?}");
    value
}

// Other tests of this process count as well: what is asserted is that counts grow.

#[tokio::test]
async fn metrics_count_what_happens() {
    let server = Server::new();
    let before = server.get("/metrics").await;
    assert_eq!(before.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    server.query("{ hello broken old }").await;
    server.query("mutation { change(to: \"x\") }").await;
    server.query("{ nope }").await;
    let after = server.get("/metrics").await;
    for (name, labels, least) in [
        ("kraken_graphql_requests_total", &["kind=\"query\"", "status=\"200\""][..], 1.0),
        ("kraken_graphql_requests_total", &["kind=\"mutation\"", "status=\"200\""], 1.0),
        ("kraken_graphql_requests_total", &["kind=\"refused\"", "status=\"400\""], 1.0),
        ("kraken_graphql_errors_total", &["code=\"KT-CT-7899\""], 1.0),
        ("kraken_graphql_deprecated_fields_total", &["field=\"Query.old\""], 1.0),
        ("kraken_sql_statements_total", &[], 6.0),
        ("kraken_graphql_request_duration_seconds_bucket", &["kind=\"query\"", "le=\"+Inf\""], 1.0),
        ("kraken_graphql_request_duration_seconds_count", &["kind=\"mutation\""], 1.0),
    ] {
        let grown = sample(after.text(), name, labels) - sample(before.text(), name, labels);
        assert!(grown >= least, "{name} {labels:?}: {grown}");
    }
    assert!(after.text().contains("kraken_graphql_requests_in_flight"));
}

#[tokio::test]
async fn metrics_can_be_kept_to_oneself() {
    let server = Server::with(HttpSettings { metrics: false, ..HttpSettings::default() });
    server.get("/metrics").await.is(404, r#"{"detail":"Not found."}"#);
}
