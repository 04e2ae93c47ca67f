//! Files that come by forms which this server signed.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::App;
use super::answer::{detail, not_found};

const INVALID: &str = "The multipart body is not valid.";

/// What a form says in front of its file.
#[derive(Default)]
struct Fields {
    key: String,
    expires: i64,
    signature: String,
}

/// Takes a file in, if its form is good; to everybody else there is no such place. Nothing is read of a file whose form is not.
pub(super) async fn receive(
    State(app): State<Arc<App>>,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let Ok(mut form) = form else { return detail(StatusCode::BAD_REQUEST, INVALID) };
    let mut fields = Fields::default();
    loop {
        let part = match form.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => return detail(StatusCode::BAD_REQUEST, "There is no file."),
            Err(error) => return detail(error.status(), INVALID),
        };
        let name = part.name().unwrap_or_default().to_owned();
        if name == "file" {
            return match taken(&app, &fields, None).await {
                Ok(true) => match part.bytes().await {
                    Ok(bytes) => answered(taken(&app, &fields, Some(bytes)).await),
                    Err(error) => detail(error.status(), "The file is too large, or did not come."),
                },
                other => answered(other),
            };
        }
        let Ok(text) = part.text().await else { return detail(StatusCode::BAD_REQUEST, INVALID) };
        match name.as_str() {
            "key" => fields.key = text,
            "expires" => fields.expires = text.parse().unwrap_or_default(),
            "signature" => fields.signature = text,
            _ => {}
        }
    }
}

async fn taken(app: &App, fields: &Fields, file: Option<Bytes>) -> Result<bool, String> {
    app.service.upload(&fields.key, fields.expires, &fields.signature, file).await
}

fn answered(taken: Result<bool, String>) -> Response {
    match taken {
        Ok(true) => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Ok(false) => not_found(),
        Err(reason) => {
            tracing::error!(reason, "a file cannot be taken in");
            detail(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable.")
        }
    }
}
