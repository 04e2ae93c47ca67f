//! The forms a body may have.

use serde_json::json;

use crate::harness::Server;

const QUERY: &str = "query A($n: String) { hello(name: $n) }";
const HELLO_X: &str = r#"{"data":{"hello":"Hello x!"}}"#;

#[tokio::test]
async fn application_graphql_is_the_document() {
    let server = Server::new();
    server.send_body("application/graphql", "{hello}").await.is_hello();
    server.send_body("application/graphql", "").await.is_refused(400, "Must provide query string.");
    let wrong = server.send_body("application/graphql", vec![0x7b, 0xff, 0x7d]).await;
    wrong.is_refused(400, "The body is not valid UTF-8.");
}

#[tokio::test]
async fn content_types_may_have_parameters_and_capitals() {
    let server = Server::new();
    let body = json!({ "query": "{hello}" }).to_string();
    for name in ["application/json; charset=utf-8", "Application/JSON", "application/json ;charset=utf8"] {
        server.send_body(name, body.clone()).await.is_hello();
    }
}

#[tokio::test]
async fn other_types_are_not_read() {
    let server = Server::new();
    for name in ["text/plain", "", "application/xml", "application/jsonx"] {
        let answer = server.send_body(name, r#"{"query":"{hello}"}"#).await;
        answer.is_refused(400, "Must provide query string.");
    }
}

#[tokio::test]
async fn forms() {
    let server = Server::new();
    let form =
        "query=query+A(%24n:String)%7Bhello(name:%24n)%7D&variables=%7B%22n%22%3A%22x%22%7D&operationName=A";
    server.send_body("application/x-www-form-urlencoded", form).await.is(200, HELLO_X);
    let last_wins = "query=%7Bold%7D&query=%7Bhello%7D";
    server.send_body("application/x-www-form-urlencoded", last_wins).await.is_hello();
    let invalid = "query=%7Bhello%7D&variables=%7B";
    let answer = server.send_body("application/x-www-form-urlencoded", invalid).await;
    answer.is_refused(400, "Variables are invalid JSON.");
    let json = server.send_body("application/x-www-form-urlencoded", r#"{"query":"{hello}"}"#).await;
    json.is_refused(400, "Must provide query string.");
}

fn multipart(parts: &[(&str, &str)]) -> String {
    let part = |(disposition, text): &(&str, &str)| {
        format!("--X\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{text}\r\n")
    };
    parts.iter().map(part).chain(["--X--\r\n".to_owned()]).collect()
}

#[tokio::test]
async fn multipart_forms() {
    let server = Server::new();
    let content_type = "multipart/form-data; boundary=X";
    let variables = r#"{"n":"x"}"#;
    let body = multipart(&[
        ("name=\"query\"", QUERY),
        ("name=\"variables\"", variables),
        ("name=\"operationName\"", "A"),
        ("name=\"query\"; filename=\"a.txt\"", "{old}"),
        ("name=\"other\"", "ignored"),
    ]);
    server.send_body(content_type, body).await.is(200, HELLO_X);
    for broken in ["", "--X\r\nContent-Disposition: form-data; name=\"query\"\r\n\r\n{hello}", "--Y--"] {
        let answer = server.send_body(content_type, broken).await;
        assert_eq!(answer.status, 400, "{broken}");
    }
    let unbounded = server.send_body("multipart/form-data", multipart(&[])).await;
    unbounded.is_refused(400, "The multipart body is not valid.");
}

#[tokio::test]
async fn no_content_type() {
    let server = Server::new();
    let mut request = crate::harness::bare(axum::http::Method::POST, "/v1/graphql/?query=%7Bhello%7D");
    *request.body_mut() = "{old}".into();
    server.send(request).await.is_hello();
}
