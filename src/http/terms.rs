//! The page with the terms of a product.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::App;
use super::answer::{detail, not_found};
use super::pay::html;
use super::service::Terms;

const NOTE: &str = "This product is part of a simulation.";

/// The terms of the product with this code.
pub(super) async fn look(State(app): State<Arc<App>>, Path(code): Path<String>) -> Response {
    match app.service.terms(&code).await {
        Ok(Some(terms)) => page(&terms),
        Ok(None) => not_found(),
        Err(reason) => {
            tracing::error!(reason, "the terms of a product cannot be shown");
            detail(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable.")
        }
    }
}

fn page(terms: &Terms) -> Response {
    html(StatusCode::OK, &terms.html(), NOTE)
}
