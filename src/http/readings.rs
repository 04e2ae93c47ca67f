//! The page on which somebody with a link hands in what a meter shows.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::App;
use super::answer::{detail, not_found};
use super::files::Signed;
use super::pay::{escaped, html};
use super::service::{ReadingForm, ReadingOutcome, Readings};

const NOTE: &str =
    "Whoever has this link can hand in readings of this meter. It stops working after two weeks.";

/// The page of a link.
pub(super) async fn look(
    State(app): State<Arc<App>>,
    Path(target): Path<String>,
    signed: Result<Query<Signed>, QueryRejection>,
) -> Response {
    answered(&app, &target, signed, None).await
}

/// What was sent from the page.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Path(target): Path<String>,
    signed: Result<Query<Signed>, QueryRejection>,
    typed: Result<Form<Readings>, FormRejection>,
) -> Response {
    match typed {
        Ok(Form(typed)) => answered(&app, &target, signed, Some(typed)).await,
        Err(_) => detail(StatusCode::BAD_REQUEST, "This is not what the form sends."),
    }
}

async fn answered(
    app: &App,
    target: &str,
    signed: Result<Query<Signed>, QueryRejection>,
    typed: Option<Readings>,
) -> Response {
    let Ok(Query(Signed { expires, signature })) = signed else { return not_found() };
    match app.service.reading_form(target, expires, &signature, typed).await {
        Ok(Some(form)) => page(&form),
        Ok(None) => not_found(),
        Err(reason) => {
            tracing::error!(reason, "a reading cannot be taken");
            detail(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable.")
        }
    }
}

fn page(form: &ReadingForm) -> Response {
    let heading = format!("<h1>Meter {}</h1>", escaped(&form.serial_number));
    match &form.outcome {
        Some(ReadingOutcome::Taken(day)) => {
            let thanks = format!("{heading}<p>Thank you. We have your reading of {day}.</p>");
            html(StatusCode::OK, &thanks, NOTE)
        }
        Some(ReadingOutcome::Wrong(why)) => {
            let wrong = format!("{heading}<p class=\"wrong\">{}</p>{}", escaped(why), fields(form));
            html(StatusCode::UNPROCESSABLE_ENTITY, &wrong, NOTE)
        }
        None => html(StatusCode::OK, &format!("{heading}{}", fields(form)), NOTE),
    }
}

fn fields(form: &ReadingForm) -> String {
    let mut inside = String::from("<form method=\"post\">");
    let today = form.today;
    // Writing to a string cannot fail.
    let _ = write!(
        inside,
        "<label>Day<input type=\"date\" name=\"day\" value=\"{today}\" max=\"{today}\"></label>"
    );
    for (name, title) in &form.registers {
        let (name, title) = (escaped(name), escaped(title));
        let _ = write!(inside, "<label>{title}<input name=\"{name}\" inputmode=\"decimal\"></label>");
    }
    inside + "<button>Send</button></form>"
}
