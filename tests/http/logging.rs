//! One line a request, and nothing secret in it.

use axum::http::Request;
use serde_json::{Value, json};

use crate::harness::{ENDPOINT, Server, lines_of};

fn one_line(correlation_id: &str) -> Value {
    let lines = lines_of(correlation_id);
    let mut about = lines.iter().filter(|line| line["level"] == "INFO");
    let line = about.next().expect("a line").clone();
    assert!(about.next().is_none(), "{lines:?}");
    line
}

#[tokio::test]
async fn a_query_leaves_one_line() {
    let server = Server::new();
    let query = "query Greeting($n: String) { hello(name: $n) other: hello broken old }";
    let body = json!({ "query": query, "variables": { "n": "s3cret" }, "operationName": "Greeting" });
    let request = Request::post(ENDPOINT)
        .header("content-type", "application/json")
        .header("authorization", "t0ken")
        .body(body.to_string().into())
        .unwrap();
    let answer = server.send(request).await;
    let line = one_line(answer.correlation_id());
    let expected = json!({
        "target": "request", "kind": "query", "operation": "Greeting", "viewer": "anonymous", "status": 200,
        "roots": "Query.hello,Query.broken,Query.old", "codes": "KT-CT-7899", "request_errors": 0,
        "statements": 2, "rows": 3, "bytes": answer.body.len(),
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&line[key], value, "{key}");
    }
    assert!(line["ms"].is_string() && line["complexity"].is_u64());
    let all = Value::from(lines_of(answer.correlation_id())).to_string();
    for secret in ["s3cret", "t0ken", "hello(name"] {
        assert!(!all.contains(secret), "{all}");
    }
}

#[tokio::test]
async fn causes_go_to_the_log_once_and_nowhere_else() {
    let answer = Server::new().query("{ a: broken b: broken }").await;
    assert!(!answer.text().contains("the cause"));
    let lines = lines_of(answer.correlation_id());
    let causes: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(causes.len(), 1);
    assert_eq!(causes[0]["cause"], "the cause with secrets");
    assert_eq!(causes[0]["field"], "Query.broken");
    assert_eq!(causes[0]["path"], r#"["a"]"#);
}

#[tokio::test]
async fn refusals_leave_a_line_without_what_was_sent() {
    let server = Server::new();
    let query = "query($n: [Int!]) { inputs(kinds: [RED], matrix: [$n]) }";
    let engine = server.post(&json!({ "query": query, "variables": { "n": ["s3cret"] } })).await;
    assert!(engine.text().contains("s3cret"), "the caller may see it");
    let line = one_line(engine.correlation_id());
    assert_eq!((&line["kind"], &line["status"]), (&json!("refused"), &json!(400)));
    assert_eq!(line["request_errors"], 1);
    assert!(!line.to_string().contains("s3cret"));
    let early = server.send_body("application/json", "{\"password\":\"s3cret\"").await;
    let line = one_line(early.correlation_id());
    assert_eq!((&line["kind"], &line["viewer"]), (&json!("refused"), &json!("unknown")));
    assert!(!line.to_string().contains("s3cret"));
}

#[tokio::test]
async fn lines_are_of_bounded_length() {
    let aliases: String = (0..150).map(|n| format!("a{n}: inputs b{n}: hello ")).collect();
    let name = "N".repeat(5000);
    let answer = Server::new().query(&format!("query {name} {{ {aliases} }}")).await;
    let line = one_line(answer.correlation_id());
    assert_eq!(line["operation"].as_str().unwrap().len(), 100);
    assert!(line.to_string().len() < 1000);
}
