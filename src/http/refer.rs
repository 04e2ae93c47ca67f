//! The page that a customer's link to a friend leads to.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::App;
use super::answer::{detail, not_found};
use super::pay::{escaped, html};
use super::service::Offer;

const NOTE: &str =
    "Name this code when you join. The reward is credited once you have been supplied for a while.";

/// What the code is good for.
pub(super) async fn look(State(app): State<Arc<App>>, Path(code): Path<String>) -> Response {
    match app.service.offer(&code).await {
        Ok(Some(offer)) => page(&offer),
        Ok(None) => not_found(),
        Err(reason) => {
            tracing::error!(reason, "a referral cannot be shown");
            detail(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable.")
        }
    }
}

fn page(offer: &Offer) -> Response {
    let amount = offer.newcomers_share();
    let heading = match &offer.referrer_given_name {
        Some(name) => format!("{} gives you {}", escaped(name), escaped(&amount)),
        None => format!("{} for joining", escaped(&amount)),
    };
    let closed = if offer.is_open() { "" } else { "<p class=\"wrong\">Nobody else can join by it.</p>" };
    let body =
        format!("<h1>{heading}</h1>{closed}<p>Your code: <strong>{}</strong></p>", escaped(&offer.code));
    html(StatusCode::OK, &body, NOTE)
}
