//! What other machines ask: is it alive, is it ready, what are its keys, how is it doing?

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::json;
use tokio::time::timeout;

use super::accept::prefers_html;
use super::answer::{detail, json_value, not_found};
use super::{App, metrics};

const PROMETHEUS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const FIVE_MINUTES: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// Orchestrators ask every few seconds; a database that takes longer is not there.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process runs.
pub(super) async fn alive() -> Response {
    json_value(StatusCode::OK, &json!({ "status": "ok" }))
}

/// The service can answer. Why it cannot is for the log.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let state = timeout(PATIENCE, app.service.ready()).await.unwrap_or_else(|_| Err("no answer".into()));
    match state {
        Ok(()) => json_value(StatusCode::OK, &json!({ "status": "ready" })),
        Err(reason) => {
            tracing::warn!(reason, "not ready");
            json_value(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "unavailable" }))
        }
    }
}

/// The keys that tokens are verified with.
pub(super) async fn jwks(State(app): State<Arc<App>>) -> Response {
    match app.service.jwks().await {
        Ok(keys) => cacheable(json_value(StatusCode::OK, &keys)),
        Err(reason) => {
            tracing::error!(reason, "no signing keys");
            detail(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable.")
        }
    }
}

/// Where the issuer's keys are.
pub(super) async fn openid(State(app): State<Arc<App>>) -> Response {
    let issuer = app.service.issuer();
    let keys = format!("{}/.well-known/jwks.json", origin(&issuer));
    cacheable(json_value(StatusCode::OK, &json!({ "issuer": issuer, "jwks_uri": keys })))
}

/// Scheme and host of a URL; nothing if it has none.
fn origin(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    let origin = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?)));
    origin.map_or_else(String::new, |(scheme, authority)| format!("{scheme}://{authority}"))
}

fn cacheable(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, FIVE_MINUTES);
    response
}

/// All numbers, in the text format of Prometheus.
pub(super) async fn prometheus(State(app): State<Arc<App>>) -> Response {
    let Some(recorder) = metrics::recorder().filter(|_| app.settings.metrics) else { return not_found() };
    let mut response = Response::new(recorder.render().into());
    response.headers_mut().insert(CONTENT_TYPE, PROMETHEUS);
    response
}

/// Sends browsers to GraphiQL.
pub(super) async fn home(headers: HeaderMap) -> Response {
    let mut response = not_found();
    if prefers_html(&headers) {
        *response.status_mut() = StatusCode::FOUND;
        response.headers_mut().insert(LOCATION, HeaderValue::from_static("/v1/graphql/"));
    }
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}

/// Any other path.
pub(super) async fn nowhere() -> Response {
    not_found()
}

/// A known path, another method.
pub(super) async fn wrong_method(method: Method) -> Response {
    detail(StatusCode::METHOD_NOT_ALLOWED, &format!("Method \"{method}\" not allowed."))
}
