//! What makers of cars and charge points show to customers who let us in: the simulated page on which they sign in, the one that
//! they are sent back to where no app takes over, and the one that puts our key into a car. What is typed goes back in the address
//! alone, as with real makers; nothing of it is kept here.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::answer::not_found;
use super::pay::html;

const NOTE: &str = "This is a simulated maker of cars. Any text is a good sign-in.";

/// The page on which a customer signs in.
pub(super) async fn sign_in(Path(step): Path<String>) -> Response {
    let Ok(step) = step.parse::<Uuid>() else { return not_found() };
    let form = format!(
        "<h1>Let your supplier in</h1><form action=\"/authorized\"><input type=\"hidden\" name=\"state\" \
         value=\"{step}\"><label>Your sign-in<input name=\"code\" autocomplete=\"off\" required></label>\
         <button>Allow</button></form><form action=\"/authorized\"><input type=\"hidden\" name=\"state\" \
         value=\"{step}\"><button name=\"error\" value=\"access_denied\">Refuse</button></form>"
    );
    html(StatusCode::OK, &form, NOTE)
}

/// Where the customer is sent back to.
pub(super) async fn back() -> Response {
    html(StatusCode::OK, "<p>Go back to your app, which goes on from the address of this page.</p>", NOTE)
}

/// The page that puts our key into a car.
pub(super) async fn key(Path(step): Path<String>) -> Response {
    if step.parse::<Uuid>().is_err() {
        return not_found();
    }
    html(StatusCode::OK, "<p>Your car has taken the key. Go back to your app.</p>", NOTE)
}
