//! Logs and traces of a process of its own: their set-up is global.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use kraken_api::http::{HttpSettings, router};
use kraken_api::platform::telemetry::{self, LogFormat};
use serde_json::Value;
use tower::ServiceExt;

use crate::support::small::Small;

const CHILD: &str = "traces::child";
const IS_CHILD: &str = "KRAKEN_TEST_CHILD";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Not a test by itself: the process that the others look at.
#[tokio::test]
async fn child() {
    if std::env::var_os(IS_CHILD).is_none() {
        return;
    }
    let telemetry = telemetry::init(LogFormat::Auto).unwrap();
    assert!(telemetry::init(LogFormat::Text).is_err());
    let router = router(Arc::new(Small::new()), HttpSettings::default());
    let request = Request::post("/v1/graphql/")
        .header("content-type", "application/graphql")
        .header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
        .body(Body::from("query Greeting { hello }"))
        .unwrap();
    assert_eq!(router.oneshot(request).await.unwrap().status(), 200);
    drop(telemetry);
}

fn start_child(variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", CHILD, "--nocapture"]).env(IS_CHILD, "1");
    command.env_remove("KRAKEN_LOG").envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn lines(stderr: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(stderr);
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn lines_are_json_where_nobody_looks() {
    let output = start_child(&[]).output().unwrap();
    assert!(output.status.success());
    let lines = lines(&output.stderr);
    let about: Vec<_> = lines.iter().filter(|line| line["target"] == "request").collect();
    assert_eq!(about.len(), 1, "{lines:?}");
    assert_eq!((&about[0]["operation"], &about[0]["level"]), (&"Greeting".into(), &"INFO".into()));
    assert!(about[0].get("span").is_none() && about[0].get("spans").is_none());
}

#[test]
fn the_filter_comes_from_the_environment() {
    let output = start_child(&[("KRAKEN_LOG", "request=warn")]).output().unwrap();
    assert!(output.status.success() && lines(&output.stderr).is_empty());
    assert!(!start_child(&[("KRAKEN_LOG", "request=loud")]).output().unwrap().status.success());
}

#[test]
fn an_operation_is_a_span_in_the_trace_of_its_caller() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let silent = [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("KRAKEN_LOG", "off")];
    let child = start_child(&silent).spawn().unwrap();
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).unwrap();
    assert_eq!(line.trim_end(), "POST /v1/traces HTTP/1.1");
    while !line.trim_end().is_empty() {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    let holds = |bytes: &[u8]| body.windows(bytes.len()).any(|window| window == bytes);
    let trace: Vec<u8> =
        (0..16).map(|at| u8::from_str_radix(&TRACE[2 * at..2 * at + 2], 16).unwrap()).collect();
    assert!(holds(&trace), "not in the caller's trace");
    for text in ["query Greeting", "graphql.operation.type", "correlation_id", "kraken-api"] {
        assert!(holds(text.as_bytes()), "{text}");
    }
    assert!(!holds(b"code.line") && !holds(b"{ hello }"));
}
