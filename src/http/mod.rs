//! The HTTP face: endpoint, GraphiQL, health, metrics.
//!
//! [`router`] puts a [`Service`] on its paths, [`serve`] listens. The endpoint keeps the rules, statuses
//! and sentences of graphene-django's view. It departs from them in four places: a POST is never answered
//! with a page; a body over the limit gives 413; what should not happen gives a coded 500 (a panic) or
//! 504 (a query past its deadline) that says nothing of its cause; JSON nested deeper than 128 levels
//! counts as invalid.

mod accept;
mod answer;
mod app;
mod authorize;
mod barcode;
mod client;
mod correlation;
mod edge;
mod endpoint;
mod files;
mod metrics;
mod observe;
mod operation;
mod operators;
mod pages;
mod params;
mod pay;
mod probes;
mod readings;
mod refer;
mod run;
mod serve;
mod service;
mod slip;
mod terms;
mod uploads;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::{any, get, post};

use crate::domain::operations::attachments::LARGEST;

pub use app::AppService;
pub use serve::serve;
pub use service::{
    File, GraphqlCall, HttpSettings, Offer, PayAnswer, PayForm, ReadingForm, Readings, Reply, Service, Slip,
    Standing, Terms,
};

/// Largest body that brings a file: the file, and some room for its form.
const UPLOAD_LIMIT: usize = LARGEST + 16 * 1024;

/// What every handler has.
struct App {
    service: Arc<dyn Service>,
    settings: HttpSettings,
}

/// Puts `service` on its paths.
pub fn router(service: Arc<dyn Service>, settings: HttpSettings) -> Router {
    // Counting starts with the first request.
    metrics::recorder();
    Router::new()
        .route("/v1/graphql/", any(endpoint::endpoint))
        .route("/v1/graphql", any(endpoint::endpoint))
        .route("/static/{*path}", get(pages::asset))
        .route("/operations/", get(pages::operations))
        .route("/operations", get(pages::operations))
        .route("/files/{*key}", get(files::file))
        .route("/uploads/", post(uploads::receive).layer(DefaultBodyLimit::max(UPLOAD_LIMIT)))
        .route("/pay/{token}", get(pay::look).post(pay::submit))
        .route("/slips/{reference}", get(slip::look).post(slip::pay))
        .route("/terms/{code}", get(terms::look))
        .route("/refer/{code}", get(refer::look))
        .route("/operators/{file}", get(operators::image))
        .route("/authorize/{step}", get(authorize::sign_in))
        .route("/authorized", get(authorize::back))
        .route("/virtual-key/{step}", get(authorize::key))
        .route("/readings/{target}", get(readings::look).post(readings::submit))
        .route("/", get(probes::home))
        .route("/healthz", get(probes::alive))
        .route("/readyz", get(probes::ready))
        .route("/external-client-healthcheck/", get(probes::alive))
        .route("/.well-known/jwks.json", get(probes::jwks))
        .route("/.well-known/openid-configuration", get(probes::openid))
        .route("/metrics", get(probes::prometheus))
        .fallback(probes::nowhere)
        .method_not_allowed_fallback(probes::wrong_method)
        .layer(from_fn(edge::edge))
        .with_state(Arc::new(App { service, settings }))
}
