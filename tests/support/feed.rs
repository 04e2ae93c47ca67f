//! What must hold for any bytes at all: an answer in JSON, and never a failure of the server.

use std::cell::OnceCell;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request as HttpRequest, StatusCode, header};
use kraken_api::graphql::{Request, Response};
use kraken_api::http::{HttpSettings, router};
use serde_json::{Map, Value};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use super::small::Small;

/// Every way to read a body, wrong ones included.
const CONTENT_TYPES: [&str; 7] = [
    "application/json",
    "application/json; charset=utf-8",
    "application/graphql",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=X",
    "multipart/form-data",
    "text/plain",
];

/// A document that takes variables of every kind.
const TAKES_ALL: &str = "
    query($int: Int, $float: Float, $id: ID, $flag: Boolean, $big: BigInt, $decimal: Decimal, $date: Date,
          $at: DateTime, $json: JSONString, $uuid: UUID, $kind: Kind, $kinds: [Kind!], $matrix: [[Int!]],
          $filter: Filter, $any: GenericScalar) {
        inputs(int: $int, float: $float, id: $id, flag: $flag, big: $big, decimal: $decimal, date: $date,
               at: $at, json: $json, uuid: $uuid, kind: $kind, kinds: $kinds, matrix: $matrix, filter: $filter)
        echo(value: $any)
        hello @skip(if: false)
    }";

struct World {
    runtime: Runtime,
    small: Arc<Small>,
    router: Router,
}

thread_local! {
    static WORLD: OnceCell<World> = const { OnceCell::new() };
}

fn with_world<T>(work: impl FnOnce(&World) -> T) -> T {
    WORLD.with(|cell| {
        work(cell.get_or_init(|| {
            let small = Arc::new(Small::new());
            let router = router(small.clone(), HttpSettings::default());
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            World { runtime, small, router }
        }))
    })
}

/// Sends `bytes` as a body of each type.
pub fn http_body(bytes: &[u8]) {
    with_world(|world| {
        for content_type in CONTENT_TYPES {
            let request = HttpRequest::post("/v1/graphql/").header(header::CONTENT_TYPE, content_type);
            let request = request.body(Body::from(bytes.to_vec())).expect("a request");
            world.runtime.block_on(async {
                let response = world.router.clone().oneshot(request).await.expect("an answer");
                let (head, body) = response.into_parts();
                assert!(head.status < StatusCode::INTERNAL_SERVER_ERROR, "{content_type}: {}", head.status);
                assert_eq!(head.headers[header::CONTENT_TYPE], "application/json");
                let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
                check(head.status.as_u16(), &body);
            });
        }
    });
}

/// Runs `bytes` as a document, without variables.
pub fn document(bytes: &[u8]) {
    let query = String::from_utf8_lossy(bytes).into_owned();
    run(Request { query, ..Request::default() });
}

/// Runs a document with `bytes` as its variables.
pub fn variables(bytes: &[u8]) {
    let Ok(Value::Object(variables)) = serde_json::from_slice(bytes) else { return };
    run(Request { query: TAKES_ALL.into(), variables, ..Request::default() });
}

fn run(request: Request) {
    with_world(|world| {
        let Response { status, body, .. } = world.runtime.block_on(world.small.answer(&request));
        check(status, &body);
    });
}

/// The body is JSON, in the shape that goes with its status.
fn check(status: u16, body: &[u8]) {
    let answer: Map<String, Value> = serde_json::from_slice(body).expect("JSON");
    let with_path = |error: &Value| error.get("path").is_some();
    let errors = answer.get("errors").map(|errors| errors.as_array().expect("a list"));
    if status == 200 {
        assert!(answer.contains_key("data"));
        assert!(errors.is_none_or(|errors| !errors.is_empty() && errors.iter().all(with_path)));
    } else {
        assert!(!answer.contains_key("data"));
        assert!(errors.is_some_and(|errors| !errors.is_empty() && !errors.iter().any(with_path)));
    }
}
