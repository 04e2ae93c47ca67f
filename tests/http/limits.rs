//! Bodies that are too large, too deep, too slow or cut off.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::Request;
use futures_util::stream;
use kraken_api::http::HttpSettings;
use serde_json::json;

use crate::harness::{ENDPOINT, Server};

const MEBIBYTE: usize = 1024 * 1024;

fn padded(length: usize) -> String {
    let body = json!({ "query": "{hello}" }).to_string();
    format!("{body}{}", " ".repeat(length - body.len()))
}

#[tokio::test]
async fn a_mebibyte_and_no_more() {
    let server = Server::new();
    server.send_body("application/json", padded(MEBIBYTE)).await.is_hello();
    let more = server.send_body("application/json", padded(MEBIBYTE + 1)).await;
    more.is_refused(413, "The request body is too large.");
    let chunks = stream::iter((0..64).map(|_| Ok::<_, io::Error>(Bytes::from(vec![b' '; 65_536]))));
    let streamed = server.send_body("application/json", Body::from_stream(chunks)).await;
    streamed.is_refused(413, "The request body is too large.");
}

#[tokio::test]
async fn a_document_of_nearly_a_mebibyte_is_refused_quickly() {
    let server = Server::new();
    let document = format!("{{{}}}", "hello ".repeat(170_000));
    let answer = server.query(&document).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.json().get("data").is_none());
}

#[tokio::test]
async fn json_nested_too_deeply_is_invalid() {
    let server = Server::new();
    for depth in [200, 100_000] {
        let list = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let body = format!(r#"{{"query":"{{hello}}","variables":{{"v":{list}}}}}"#);
        server.send_body("application/json", body).await.is_refused(400, "POST body sent invalid JSON.");
        let text = json!({ "query": "{hello}", "variables": format!("{{\"v\":{list}}}") });
        server.post(&text).await.is_refused(400, "Variables are invalid JSON.");
        let objects = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        server.send_body("application/json", objects).await.is_refused(400, "POST body sent invalid JSON.");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off() {
    let chunks = stream::iter([Ok(Bytes::from_static(b"{")), Err(io::Error::other("gone"))]);
    let answer = Server::new().send_body("application/json", Body::from_stream(chunks)).await;
    answer.is_refused(400, "The request body is incomplete.");
}

#[tokio::test]
async fn a_body_that_does_not_come() {
    let deadline = Duration::from_millis(1);
    let server = Server::with(HttpSettings { deadline, ..HttpSettings::default() });
    let never = Body::from_stream(stream::pending::<Result<Bytes, io::Error>>());
    let request = Request::post(ENDPOINT).header("content-type", "application/json").body(never).unwrap();
    server.send(request).await.is_refused(408, "The request body came too slowly.");
}

#[tokio::test]
async fn limits_are_settings() {
    let settings =
        HttpSettings { body_limit: 10, deadline: Duration::from_secs(1), ..HttpSettings::default() };
    let server = Server::with(settings);
    assert_eq!(server.send_body("application/graphql", "{hello}").await.status, 200);
    assert_eq!(server.send_body("application/graphql", "{hello}####").await.status, 413);
}
