//! GraphiQL, the operations page and the files they are made of, embedded in the program.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;

use super::answer::not_found;

/// A file of `web/dist`.
struct Asset {
    path: &'static str,
    bytes: &'static [u8],
    /// Quoted, as it goes over the wire.
    etag: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

static BY_PATH: LazyLock<HashMap<&str, &Asset>> =
    LazyLock::new(|| ASSETS.iter().map(|asset| (asset.path, asset)).collect());

const GRAPHIQL: &str = "graphiql.html";
const OPERATIONS: &str = "operations.html";
const NOT_BUILT: &str = include_str!("not_built.html");
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; frame-ancestors 'none'; \
    base-uri 'none'";
/// Names of built files hold a hash of their content.
const FOREVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// The GraphiQL page, or how to build it.
pub(super) fn graphiql() -> Response {
    page(GRAPHIQL)
}

/// The page of operations staff, or how to build it.
pub(super) async fn operations() -> Response {
    page(OPERATIONS)
}

fn page(name: &str) -> Response {
    match BY_PATH.get(name) {
        Some(page) => file(page),
        None => content("text/html; charset=utf-8", ASK_AGAIN, Bytes::from_static(NOT_BUILT.as_bytes())),
    }
}

/// A file below `/static/`.
pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = BY_PATH.get(path.as_str()) else { return not_found() };
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut response = file(asset);
    if known.flat_map(|value| value.split(',')).any(|tag| matches(tag.trim(), asset.etag)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
    }
    response
}

fn matches(tag: &str, etag: &str) -> bool {
    tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
}

fn file(asset: &Asset) -> Response {
    let cache = if asset.path.starts_with("assets/") { FOREVER } else { ASK_AGAIN };
    let mut response = content(media_type(asset.path), cache, Bytes::from_static(asset.bytes));
    response.headers_mut().insert(ETAG, HeaderValue::from_static(asset.etag));
    response
}

fn content(media_type: &'static str, cache: &'static str, bytes: Bytes) -> Response {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    // Workers go by the policy of their own script, so every file carries it.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}
