//! Pages, scripts of other sites, and what programs may know of an answer.

use axum::body::Body;
use axum::http::{Method, Request};

use crate::harness::{Answer, ENDPOINT, Server, bare};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[track_caller]
fn is_page(answer: &Answer) {
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(answer.header("vary"), "accept");
    let policy = answer.header("content-security-policy");
    for directive in ["default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"]
    {
        assert!(policy.contains(directive), "{policy}");
    }
}

#[tokio::test]
async fn browsers_get_the_page() {
    let server = Server::new();
    for path in ["/v1/graphql/", "/v1/graphql", "/v1/graphql/?query=%7Bhello%7D"] {
        is_page(&server.get_as(path, BROWSER).await);
    }
    is_page(&server.get_as(ENDPOINT, "application/json;q=0.8, text/html;q=0.9").await);
    let mut head = bare(Method::HEAD, ENDPOINT);
    head.headers_mut().insert("accept", "text/html".parse().unwrap());
    let answer = server.send(head).await;
    is_page(&answer);
    assert_eq!(answer.text(), "");
}

#[tokio::test]
async fn operations_staff_have_a_page_of_their_own() {
    let server = Server::new();
    for path in ["/operations/", "/operations"] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert!(answer.header("content-security-policy").contains("default-src 'self'"));
    }
}

#[tokio::test]
async fn programs_get_data() {
    let server = Server::new();
    let path = "/v1/graphql/?query=%7Bhello%7D";
    for accept in
        ["*/*", "application/json", "text/html;q=0.5, application/json", "text/html;q=0", "nonsense"]
    {
        server.get_as(path, accept).await.is_hello();
    }
    server.get_as("/v1/graphql/?query=%7Bhello%7D&raw", BROWSER).await.is_hello();
    assert_eq!(server.get(path).await.header("vary"), "accept");
}

#[tokio::test]
async fn a_post_is_never_answered_with_a_page() {
    let request = Request::post(ENDPOINT)
        .header("content-type", "application/json")
        .header("accept", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2")
        .body(Body::from(r#"{"query":"{hello}"}"#))
        .unwrap();
    Server::new().send(request).await.is_hello();
}

#[tokio::test]
async fn scripts_of_other_sites_may_call() {
    let server = Server::new();
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri(ENDPOINT)
        .header("origin", "https://elsewhere.example")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type,x-kraken-query-complexity,x-mine",
        );
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-methods"), "GET, POST, OPTIONS");
    assert_eq!(
        answer.header("access-control-allow-headers"),
        "authorization,content-type,x-kraken-query-complexity,x-mine"
    );
    assert_eq!(answer.header("access-control-max-age"), "86400");
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri("/v1/graphql")
        .header("access-control-request-method", "POST");
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    assert!(
        answer.header("access-control-allow-headers").starts_with("authorization, content-type, x-kraken-")
    );
}

#[tokio::test]
async fn every_answer_of_the_api_is_open_to_scripts() {
    let server = Server::new();
    let answers = [
        server.query("{hello}").await,
        server.query("{nope}").await,
        server.send_body("application/json", "[").await,
        server.send(bare(Method::PUT, ENDPOINT)).await,
        server.send_body("application/json", vec![b' '; 2 << 20]).await,
        server.get("/.well-known/jwks.json").await,
    ];
    for answer in answers {
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{answer:?}");
        assert!(answer.header("access-control-expose-headers").contains("x-kraken-correlation-id"));
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
    assert_eq!(server.get("/metrics").await.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn every_answer_has_a_correlation_id_of_its_own() {
    let server = Server::new();
    let mut seen = Vec::new();
    for path in ["/v1/graphql/", "/", "/nowhere", "/healthz", "/metrics", "/static/nothing.js"] {
        let mut request = bare(Method::GET, path);
        request.headers_mut().insert("x-kraken-correlation-id", "mine".parse().unwrap());
        let answer = server.send(request).await;
        let id = answer.correlation_id().to_owned();
        let parts: Vec<&str> = id.split('-').collect();
        assert!(matches!(parts[..], ["1", time, random] if time.len() == 8 && random.len() == 24), "{id}");
        assert!(id.bytes().all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{id}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(!seen.contains(&id));
        seen.push(id);
    }
}

#[tokio::test]
async fn the_service_is_told_who_calls() {
    let server = Server::new();
    let request = Request::post(ENDPOINT)
        .header("content-type", "application/graphql")
        .header("AUTHORIZATION", "JWT abc")
        .header("x-forwarded-for", "6.6.6.6")
        .body(Body::from("{hello}"))
        .unwrap();
    let answer = server.send(request).await;
    let seen = server.fake.seen();
    assert_eq!(seen.authorization.as_deref(), Some("JWT abc"));
    assert_eq!(seen.correlation_id, answer.correlation_id());
    assert_eq!(seen.client, None, "no proxy is trusted, and there is no connection");
    server.query("{hello}").await;
    assert_eq!(server.fake.seen().authorization, None);
}

#[tokio::test]
async fn headers_of_the_service_are_passed_on() {
    let server = Server::new();
    let body = serde_json::json!({ "query": "query Throttled { hello }", "operationName": "Throttled" });
    assert_eq!(server.post(&body).await.header("retry-after"), "7");
    assert_eq!(server.query("{hello}").await.header("cache-control"), "no-store");
}
