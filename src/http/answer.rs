//! Answers that HTTP gives by itself, without the engine.

use axum::body::Body;
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::graphql::error::INTERNAL;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A request that is refused before the engine sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub message: &'static str,
}

impl Refusal {
    pub(super) const fn bad(message: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message }
    }

    pub(super) const fn new(status: StatusCode, message: &'static str) -> Self {
        Self { status, message }
    }

    pub(super) fn body(&self) -> Bytes {
        Bytes::from(json!({ "errors": [{ "message": self.message }] }).to_string())
    }

    /// The answer, `Allow` included where the method was wrong.
    pub(super) fn response(&self) -> Response {
        let mut response = json_bytes(self.status, self.body());
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
        }
        response
    }
}

/// The body for whatever should not have happened. Says nothing of what did.
pub(super) fn internal_error() -> Bytes {
    let error = json!({
        "message": "An internal error occurred.",
        "extensions": { "errorType": "APPLICATION", "errorCode": INTERNAL, "errorDescription": "" },
    });
    Bytes::from(json!({ "errors": [error] }).to_string())
}

/// JSON that no cache may keep.
pub(super) fn json_bytes(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

/// As [`json_bytes`], from a value.
pub(super) fn json_value(status: StatusCode, value: &Value) -> Response {
    json_bytes(status, value.to_string())
}

/// An answer outside GraphQL in the form of the original's REST side: `{"detail":…}`.
pub(super) fn detail(status: StatusCode, sentence: &str) -> Response {
    json_value(status, &json!({ "detail": sentence }))
}

pub(super) fn not_found() -> Response {
    detail(StatusCode::NOT_FOUND, "Not found.")
}
