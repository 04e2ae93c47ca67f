//! The page of a payment slip: what a shop scans, and a button that stands for its till.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::{detail, not_found};
use super::pay::{escaped, html};
use super::service::{Slip, Standing};
use super::{App, barcode};

const TILL: &str = "<form method=\"post\"><button>Paid at the till</button></form>";
const NOTE: &str = "This is a simulated agency. No shop knows this slip.";

/// A slip as it stands.
pub(super) async fn look(State(app): State<Arc<App>>, Path(reference): Path<String>) -> Response {
    answered(app.service.slip(&reference, false).await)
}

/// A slip after its button was pressed.
pub(super) async fn pay(State(app): State<Arc<App>>, Path(reference): Path<String>) -> Response {
    answered(app.service.slip(&reference, true).await)
}

fn answered(slip: Result<Option<Slip>, String>) -> Response {
    match slip {
        Ok(Some(slip)) => page(&slip),
        Ok(None) => not_found(),
        Err(reason) => {
            tracing::error!(reason, "a payment slip cannot be shown");
            detail(StatusCode::SERVICE_UNAVAILABLE, "Service unavailable.")
        }
    }
}

fn page(slip: &Slip) -> Response {
    let (amount, number) = (escaped(&slip.amount), escaped(&slip.number));
    let rest = match slip.standing {
        Standing::Open => {
            format!("<p>Pay by {}.</p>{}<p>{number}</p>{TILL}", slip.pay_by, barcode::svg(&slip.number))
        }
        Standing::Paid => "<p>This slip has been paid. Thank you.</p>".to_owned(),
        Standing::Expired => format!("<p>This slip has expired: its last day was {}.</p>", slip.pay_by),
        Standing::Withdrawn => "<p>This slip is not needed any more. Do not pay it.</p>".to_owned(),
    };
    html(StatusCode::OK, &format!("<h1>{amount}</h1>{rest}"), NOTE)
}
