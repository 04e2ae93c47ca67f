//! The signs of those who run public charge points.

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use super::answer::not_found;
use crate::domain::devices::operators;

/// The sign of an operator, by a file name such as `tidewater.svg`.
pub(super) async fn image(Path(file): Path<String>) -> Response {
    let operator = file.strip_suffix(".svg").and_then(operators::by_code);
    let Some(operator) = operator else { return not_found() };
    let headers = [
        (CONTENT_TYPE, "image/svg+xml"),
        (CACHE_CONTROL, "public, max-age=86400"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ];
    (headers, operator.image()).into_response()
}
