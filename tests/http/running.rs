//! Panics, deadlines and callers who hang up.

use std::time::Duration;

use kraken_api::http::HttpSettings;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::harness::{Answer, Event, Server, lines_of};

const INTERNAL: &str = concat!(
    r#"{"errors":[{"message":"An internal error occurred.","extensions":"#,
    r#"{"errorType":"APPLICATION","errorCode":"KT-CT-7899","errorDescription":""}}]}"#,
);

fn call(server: &Server, query: &'static str) -> JoinHandle<Answer> {
    let router = server.router.clone();
    let body = json!({ "query": query, "operationName": "Wait" }).to_string();
    let request = axum::http::Request::post("/v1/graphql/")
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap();
    tokio::spawn(crate::harness::send(router, request))
}

async fn hang_up(caller: JoinHandle<Answer>) {
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_panic_is_an_internal_error() {
    let server = Server::new();
    for name in ["PanicAtOnce", "PanicLater"] {
        let answer = server.post(&json!({ "query": "query { hello }", "operationName": name })).await;
        answer.is(500, INTERNAL);
        let lines = lines_of(answer.correlation_id());
        let cause = lines.iter().find(|line| line["level"] == "ERROR").unwrap();
        assert!(cause["cause"].as_str().unwrap().contains("with a secret"));
        assert!(lines.iter().any(|line| line["level"] == "INFO" && line["status"] == 500));
    }
    server.query("{hello}").await.is_hello();
}

#[tokio::test]
async fn a_field_that_panics_fails_alone() {
    let answer = Server::new().query("{ panics hello }").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["errors"][0]["extensions"]["errorCode"], "KT-CT-7899");
    assert_eq!(answer.json()["data"], json!({ "panics": null, "hello": "Hello world!" }));
    assert!(!answer.text().contains("the field panics"));
}

#[tokio::test]
async fn a_query_ends_with_its_caller() {
    let mut server = Server::new();
    let caller = call(&server, "query Wait { mutation: hello }");
    assert_eq!(server.events.recv().await, Some(Event::Entered));
    hang_up(caller).await;
    assert_eq!(server.events.recv().await, Some(Event::Dropped));
    let id = server.fake.seen().correlation_id;
    assert!(lines_of(&id).iter().any(|line| line["status"] == 499 && line["kind"] == "query"));
}

#[tokio::test]
async fn a_mutation_runs_to_its_end() {
    let mut server = Server::new();
    let caller = call(&server, "# {\nmutation Wait { change(to: \"x\") }");
    assert_eq!(server.events.recv().await, Some(Event::Entered));
    hang_up(caller).await;
    server.fake.release.notify_one();
    assert_eq!(server.events.recv().await, Some(Event::Finished));
}

#[tokio::test]
async fn callers_who_wait_are_answered() {
    let mut server = Server::new();
    for query in ["query Wait { hello }", "mutation Wait { change(to: \"x\") }"] {
        let caller = call(&server, query);
        assert_eq!(server.events.recv().await, Some(Event::Entered));
        server.fake.release.notify_one();
        assert_eq!(server.events.recv().await, Some(Event::Finished));
        assert_eq!(caller.await.unwrap().status, 200);
    }
}

fn impatient() -> Server {
    Server::with(HttpSettings { deadline: Duration::from_millis(1), ..HttpSettings::default() })
}

#[tokio::test]
async fn a_query_has_a_deadline() {
    let mut server = impatient();
    let answer = call(&server, "query Wait { hello }").await.unwrap();
    answer.is(504, INTERNAL);
    assert_eq!(server.events.recv().await, Some(Event::Entered));
    assert_eq!(server.events.recv().await, Some(Event::Dropped));
}

#[tokio::test]
async fn a_mutation_has_none() {
    let mut server = impatient();
    let caller = call(&server, "mutation Wait { change(to: \"x\") }");
    assert_eq!(server.events.recv().await, Some(Event::Entered));
    // Twice as long as a query would have had.
    let longer = timeout(Duration::from_millis(2), server.events.recv()).await;
    assert!(longer.is_err());
    server.fake.release.notify_one();
    assert_eq!(caller.await.unwrap().status, 200);
}
