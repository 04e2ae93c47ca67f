//! The vendor's forms: a page for customers, and the same as JSON for a client's own page.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::App;
use super::answer::{detail, not_found};
use super::service::{PayAnswer, PayForm};
use crate::domain::payments::sessions::Typed;

const TOP: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width\"><title>Kraken</title><style>\
    body{font:16px system-ui,sans-serif;max-width:24em;margin:3em auto;padding:0 1em}\
    label{display:block;margin:.8em 0}input{display:block;width:100%;font:inherit;padding:.4em;box-sizing:border-box}\
    button{font:inherit;padding:.5em 1em;margin-right:.5em}.wrong{color:#a00}</style></head><body>";
const NOTE: &str = "This is a simulated payment provider. Use test cards only.";
const CARD: &str = "<form method=\"post\"><label>Card number<input name=\"number\" inputmode=\"numeric\" \
    autocomplete=\"off\"></label><label>Expires (MM/YY)<input name=\"expiry\" autocomplete=\"off\"></label>\
    <label>Security code<input name=\"cvc\" inputmode=\"numeric\" autocomplete=\"off\"></label>\
    <label>Name on the card<input name=\"holder\"></label><button>Continue</button>\
    <button name=\"cancel\" value=\"1\">Cancel</button></form>";
const CODE: &str = "<p>Your bank has sent you a code.</p><form method=\"post\"><label>Code<input name=\"code\" \
    inputmode=\"numeric\" autocomplete=\"off\"></label><button>Continue</button>\
    <button name=\"cancel\" value=\"1\">Cancel</button></form>";
/// The page runs nothing and is shown in no other page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// A form as it stands.
pub(super) async fn look(State(app): State<Arc<App>>, Path(token): Path<String>) -> Response {
    answered(app.service.pay(&token, None).await)
}

/// What was sent from a form.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    typed: Result<Form<Typed>, FormRejection>,
) -> Response {
    match typed {
        Ok(Form(typed)) => answered(app.service.pay(&token, Some(typed)).await),
        Err(_) => detail(StatusCode::BAD_REQUEST, "This is not what the form sends."),
    }
}

fn answered(form: Result<Option<PayForm>, String>) -> Response {
    match form {
        Ok(None) => not_found(),
        Ok(Some(form)) if form.is_hosted => page(&form.answer),
        Ok(Some(form)) => machine(&form.answer),
        Err(reason) => {
            tracing::error!(reason, "a payment form cannot be answered");
            detail(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable.")
        }
    }
}

fn page(answer: &PayAnswer) -> Response {
    match answer {
        PayAnswer::AsksCard(None) => html(StatusCode::OK, CARD, NOTE),
        PayAnswer::AsksCard(Some(wrong)) => html(
            StatusCode::UNPROCESSABLE_ENTITY,
            &format!("<p class=\"wrong\">{}</p>{CARD}", escaped(wrong)),
            NOTE,
        ),
        PayAnswer::AsksCode => html(StatusCode::OK, CODE, NOTE),
        PayAnswer::Over { return_url: Some(url), .. } => {
            let mut response = html(StatusCode::SEE_OTHER, "", NOTE);
            match HeaderValue::try_from(url) {
                Ok(url) => {
                    response.headers_mut().insert(LOCATION, url);
                    response
                }
                Err(_) => not_found(),
            }
        }
        PayAnswer::Over { outcome, .. } => html(
            StatusCode::OK,
            match *outcome {
                "success" => "<p>Thank you. You can close this page.</p>",
                "failure" => "<p>Your bank has refused this. You can close this page.</p>",
                "cancel" => "<p>Nothing was done. You can close this page.</p>",
                _ => "<p>This page has expired.</p>",
            },
            NOTE,
        ),
    }
}

/// A page for a customer, with a note at its foot.
pub(super) fn html(status: StatusCode, inside: &str, note: &str) -> Response {
    let body = format!("{TOP}{inside}<p><small>{note}</small></p></body></html>");
    private(status, "text/html; charset=utf-8", Body::from(body))
}

fn machine(answer: &PayAnswer) -> Response {
    let (status, said): (StatusCode, Value) = match answer {
        PayAnswer::AsksCard(None) => (StatusCode::OK, json!({ "status": "requires_card" })),
        PayAnswer::AsksCard(Some(wrong)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, json!({ "status": "requires_card", "message": wrong }))
        }
        PayAnswer::AsksCode => (StatusCode::OK, json!({ "status": "requires_code" })),
        PayAnswer::Over { outcome, vendor_reference, .. } => {
            (StatusCode::OK, json!({ "status": outcome, "vendorReference": vendor_reference }))
        }
    };
    private(status, "application/json", Body::from(said.to_string()))
}

/// What is at the end of the address must not get about, by caches or by the pages that follow.
fn private(status: StatusCode, media_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// Text as it stands in a page.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
