//! Files that are uploaded with a form that this server signed: the fields of the form first, the file last.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::http::StatusCode;
use axum::response::Response;

use super::App;
use super::answer::{detail, not_found};
use super::service::{Slot, Uploaded};

/// Bytes that may be sent at once: a file of 10 MiB, and some room for its form.
pub(super) const LONGEST: usize = (10 * 1024 + 16) * 1024;

const INVALID: &str = "This is not what the form sends.";

/// Keeps a file, once, for whoever has a form that is good; for everybody else there is no such place.
pub(super) async fn upload(
    State(app): State<Arc<App>>,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let Ok(form) = form else { return detail(StatusCode::BAD_REQUEST, INVALID) };
    match taken(&app, form).await {
        Ok(Uploaded::Kept) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
        Ok(Uploaded::Known) => detail(StatusCode::CONFLICT, "The file has been uploaded."),
        Ok(Uploaded::Refused) => not_found(),
        Err(response) => *response,
    }
}

async fn taken(app: &App, mut form: Multipart) -> Result<Uploaded, Box<Response>> {
    let mut slot = Slot::default();
    while let Some(part) = form.next_field().await.map_err(|error| invalid(&error))? {
        if part.name() != Some("file") {
            fill(&mut slot, part).await?;
            continue;
        }
        // Nobody sends megabytes in vain.
        let answer = ask(app, &slot, None).await?;
        if answer != Uploaded::Kept {
            return Ok(answer);
        }
        let bytes = part.bytes().await.map_err(|error| invalid(&error))?;
        return ask(app, &slot, Some(bytes)).await;
    }
    Err(Box::new(detail(StatusCode::BAD_REQUEST, INVALID)))
}

async fn fill(slot: &mut Slot, part: Field<'_>) -> Result<(), Box<Response>> {
    let name = part.name().unwrap_or_default().to_owned();
    let text = part.text().await.map_err(|error| invalid(&error))?;
    match name.as_str() {
        "key" => slot.key = text,
        "expires" => slot.expires = text.parse().unwrap_or_default(),
        "signature" => slot.signature = text,
        _ => {}
    }
    Ok(())
}

async fn ask(app: &App, slot: &Slot, file: Option<bytes::Bytes>) -> Result<Uploaded, Box<Response>> {
    app.service.upload(slot, file).await.map_err(|reason| {
        tracing::error!(reason, "a file cannot be kept");
        Box::new(detail(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable."))
    })
}

fn invalid(error: &MultipartError) -> Box<Response> {
    Box::new(detail(error.status(), INVALID))
}
