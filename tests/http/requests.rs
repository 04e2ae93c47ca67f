//! What each kind of request is answered with, row by row as graphene-django answers it.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use crate::harness::{ENDPOINT, Server, bare};

#[tokio::test]
async fn a_post_executes_with_and_without_the_slash() {
    let server = Server::new();
    for path in ["/v1/graphql/", "/v1/graphql"] {
        let request = Request::post(path).header("content-type", "application/json");
        server.send(request.body(r#"{"query":"{hello}"}"#.into()).unwrap()).await.is_hello();
    }
}

#[tokio::test]
async fn errors_of_fields_come_first_and_with_200() {
    let answer = Server::new().query("{ hello broken }").await;
    answer.is(
        200,
        concat!(
            r#"{"errors":[{"message":"An internal error occurred.","locations":[{"line":1,"column":9}],"#,
            r#""path":["broken"],"extensions":{"errorType":"APPLICATION","errorCode":"KT-CT-7899","#,
            r#""errorDescription":""}}],"data":{"hello":"Hello world!","broken":null}}"#,
        ),
    );
}

#[tokio::test]
async fn documents_that_are_wrong_give_400_without_data() {
    let server = Server::new();
    for document in ["{ nope }", "{ thing }", "{ hello", "query($x: String!) { inputs(id: $x) }"] {
        let answer = server.query(document).await;
        assert_eq!(answer.status, 400, "{document}");
        let body = answer.json();
        let error = &body["errors"][0];
        assert!(error["message"].is_string() && error["locations"].is_array());
        assert!(body.get("data").is_none() && error.get("path").is_none());
        assert!(error.get("extensions").is_none());
    }
}

#[tokio::test]
async fn wrong_values_of_variables_give_400() {
    let query = "query($to: [Int!]) { inputs(matrix: [$to]) }";
    let answer = Server::new().post(&json!({ "query": query, "variables": { "to": [1.5] } })).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("got invalid value"), "{}", answer.text());
}

#[tokio::test]
async fn no_query_at_all() {
    let server = Server::new();
    server.get(ENDPOINT).await.is_refused(400, "Must provide query string.");
    server.get_as(ENDPOINT, "application/json").await.is_refused(400, "Must provide query string.");
    for body in [json!({}), json!({ "query": null }), json!({ "query": "" }), json!({ "query": 5 })] {
        server.post(&body).await.is_refused(400, "Must provide query string.");
    }
}

#[tokio::test]
async fn a_get_executes_queries_only() {
    let server = Server::new();
    server.get("/v1/graphql/?query=%7Bhello%7D").await.is_hello();
    server.get("/v1/graphql?query=query+A%7Bhello%7Dquery+B%7Bold%7D&operationName=A").await.is_hello();
    let named = "/v1/graphql/?query=query(%24n:String)%7Bhello(name:%24n)%7D&variables=%7B%22n%22:%22x%22%7D";
    server.get(named).await.is(200, r#"{"data":{"hello":"Hello x!"}}"#);
    let refused = server.get("/v1/graphql/?query=mutation%7Bchange(to:%22x%22)%7D").await;
    refused.is_refused(405, "Can only perform a mutation operation from a POST request.");
    assert!(server.fake.seen().read_only);
}

#[tokio::test]
async fn a_get_may_name_a_type_for_the_body_it_has_not() {
    let mut request = bare(Method::GET, "/v1/graphql/?query=%7Bhello%7D");
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    Server::new().send(request).await.is_hello();
}

#[tokio::test]
async fn the_url_goes_before_the_body() {
    let server = Server::new();
    let request = Request::post("/v1/graphql/?query=%7Bhello%7D&operationName=")
        .header("content-type", "application/json")
        .body(Body::from(r#"{"query":"{old}"}"#))
        .unwrap();
    server.send(request).await.is_hello();
}

#[tokio::test]
async fn json_that_is_none_or_no_object() {
    let server = Server::new();
    for body in ["", "{", "{\"query\":}", "nonsense", "{\"query\":\"{hello}\"} x", "\u{feff}{}"] {
        let answer = server.send_body("application/json", body).await;
        answer.is_refused(400, "POST body sent invalid JSON.");
    }
    for body in ["[]", r#"[{"query":"{hello}"}]"#, "null", "5", "\"{hello}\""] {
        let answer = server.send_body("application/json", body).await;
        answer.is_refused(400, "The received data is not a valid JSON query.");
    }
}

#[tokio::test]
async fn variables_as_text_and_as_nothing() {
    let server = Server::new();
    let query = "query($n: String) { hello(name: $n) }";
    let answer = server.post(&json!({ "query": query, "variables": "{\"n\":\"text\"}" })).await;
    answer.is(200, r#"{"data":{"hello":"Hello text!"}}"#);
    for nothing in [json!(null), json!(""), json!("null"), json!({})] {
        server.post(&json!({ "query": "{hello}", "variables": nothing })).await.is_hello();
    }
    let invalid = server.post(&json!({ "query": query, "variables": "{n:" })).await;
    invalid.is_refused(400, "Variables are invalid JSON.");
    for wrong in [json!([]), json!("[1]"), json!(5), json!(false)] {
        let answer = server.post(&json!({ "query": query, "variables": wrong })).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains("must be provided as a dictionary"));
    }
}

#[tokio::test]
async fn no_operation_name_in_several_words() {
    let server = Server::new();
    for name in [json!(null), json!(""), json!("null"), json!(7)] {
        server.post(&json!({ "query": "query A { hello }", "operationName": name })).await.is_hello();
        assert_eq!(server.fake.seen().operation_name, None);
    }
    let unknown = server.post(&json!({ "query": "query A { hello }", "operationName": "B" })).await;
    unknown.is_refused(400, "Unknown operation named 'B'.");
}

#[tokio::test]
async fn other_methods_are_refused() {
    let server = Server::new();
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE, Method::OPTIONS] {
        for path in ["/v1/graphql/", "/v1/graphql"] {
            let answer = server.send(bare(method.clone(), path)).await;
            answer.is_refused(405, "GraphQL only supports GET and POST requests.");
            assert_eq!(answer.header("allow"), "GET, POST");
        }
    }
}

#[tokio::test]
async fn head_is_a_get_without_its_body() {
    let server = Server::new();
    let answer = server.send(bare(Method::HEAD, "/v1/graphql/?query=%7Bhello%7D")).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, ""));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(server.send(bare(Method::HEAD, ENDPOINT)).await.status, 400);
    let mutation = server.send(bare(Method::HEAD, "/v1/graphql/?query=mutation%7Bchange(to:%22x%22)%7D"));
    assert_eq!(mutation.await.status, 405);
}

#[tokio::test]
async fn digits_of_numbers_are_kept() {
    let body =
        r#"{"query":"query($v:GenericScalar){echo(value:$v)}","variables":{"v":12345678901234567890.10}}"#;
    Server::new()
        .send_body("application/json", body)
        .await
        .is(200, r#"{"data":{"echo":12345678901234567890.10}}"#);
}

#[tokio::test]
async fn complexity_and_possible_errors_on_request() {
    let server = Server::new();
    for (header, value, key) in [
        ("X-Kraken-Query-Complexity", "true", "complexity"),
        ("x-kraken-query-complexity", "True", "complexity"),
        ("X-Kraken-Possible-Errors", "true", "possibleErrors"),
    ] {
        let request = Request::post(ENDPOINT).header("content-type", "application/graphql");
        let request = request.header(header, value).body("{hello}".into()).unwrap();
        let extensions = server.send(request).await.json()["extensions"].clone();
        assert!(extensions.get(key).is_some(), "{extensions}");
        assert_eq!(extensions.as_object().unwrap().len(), 1);
    }
    server.query("{hello}").await.is_hello();
}
