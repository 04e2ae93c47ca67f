//! Files that signed links lead to.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::App;
use super::answer::{detail, not_found};

/// What a link says beside the file.
#[derive(Deserialize)]
pub(super) struct Signed {
    pub expires: i64,
    pub signature: String,
}

/// A file, for whoever has a link to it that is good; to everybody else it is not there.
pub(super) async fn file(
    State(app): State<Arc<App>>,
    Path(key): Path<String>,
    signed: Result<Query<Signed>, QueryRejection>,
) -> Response {
    let Ok(Query(Signed { expires, signature })) = signed else { return not_found() };
    match app.service.file(&key, expires, &signature).await {
        Ok(Some(file)) => {
            let media_type = HeaderValue::try_from(file.media_type);
            let disposition =
                HeaderValue::try_from(format!("inline; filename=\"{}\"", plain(&file.filename)));
            let mut response = Response::new(Body::from(file.bytes));
            let headers = response.headers_mut();
            let unknown = HeaderValue::from_static("application/octet-stream");
            headers.insert(CONTENT_TYPE, media_type.unwrap_or(unknown));
            headers
                .insert(CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment")));
            // Caches that others share must not have it.
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
            headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
            response
        }
        Ok(None) => not_found(),
        Err(reason) => {
            tracing::error!(reason, "a file cannot be given out");
            detail(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable.")
        }
    }
}

/// A name that can stand in quotes.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')).collect()
}
