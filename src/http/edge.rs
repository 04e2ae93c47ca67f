//! What holds for every answer: correlation id, CORS, no sniffing.

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::correlation::CorrelationId;

const CORRELATION_ID: HeaderName = HeaderName::from_static("x-kraken-correlation-id");
const ANY: HeaderValue = HeaderValue::from_static("*");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, OPTIONS");
const A_DAY: HeaderValue = HeaderValue::from_static("86400");
/// What scripts may send if they do not say what they want to.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, x-kraken-query-complexity, x-kraken-possible-errors",
);
/// What scripts may read.
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "x-kraken-correlation-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset",
);

/// Wraps every route.
pub(super) async fn edge(mut request: Request, next: Next) -> Response {
    let id = CorrelationId::new();
    let open = is_open(request.uri().path());
    let value = HeaderValue::from_str(&id.0);
    request.extensions_mut().insert(id);
    let mut response = match open && is_preflight(&request) {
        true => preflight(request.headers()),
        false => next.run(request).await,
    };
    let headers = response.headers_mut();
    if open {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
    }
    if let Ok(value) = value {
        headers.insert(CORRELATION_ID, value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Scripts of any site may call the API and read the keys. Nothing there goes by cookies, so any origin
/// is as good as another. Metrics and pages are not for them.
fn is_open(path: &str) -> bool {
    path.starts_with("/v1/") || path.starts_with("/.well-known/")
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Allows whatever headers are asked for: unknown ones are ignored anyway.
fn preflight(asked: &HeaderMap) -> Response {
    let wanted = asked.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let mut response = Response::default();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.unwrap_or(REQUEST_HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, A_DAY);
    headers.insert(VARY, HeaderValue::from_static("access-control-request-headers"));
    response
}
