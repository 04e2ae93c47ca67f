//! `instigateLeaveSupplier`, `updateLeaveSupplier` and `cancelLeaveSupplier`.

use chrono::NaiveDate;
use serde::Deserialize;

use super::{BAD_INPUT, NOT_YOURS};
use crate::api::session::{Bindings, Call};
use crate::domain::supply::processes::leaving::{self, Change, LeaveError, Leaving};
use crate::graphql::{FieldError, Resolved};

/// The brand does not do this.
const CLOSED: &str = "KT-CT-10304";
/// The viewer has no such process.
const UNKNOWN: &str = "KT-CT-10302";
/// The process is not named.
const EMPTY: &str = "KT-CT-1607";

/// Somebody leaves.
struct Instigated(i64, String);
/// A wish was changed; what became of it.
struct Told(&'static str);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.instigateLeaveSupplier", instigate);
    b.root("Mutation.updateLeaveSupplier", update);
    b.root("Mutation.cancelLeaveSupplier", cancel);
    b.leaves::<Instigated>(
        "LeaveSupplierInstigated",
        &[
            ("number", |i| (&i.1).into()),
            ("leaveSupplierProcessId", |i| i.0.to_string().into()),
            ("message", |_| "The supply ends once the market has confirmed it.".into()),
        ],
    );
    for shape in ["LeaveSupplierUpdated", "LeaveSupplierCancelled"] {
        b.leaves::<Told>(shape, &[("message", |t| t.0.into())]);
    }
    // Which points leave is settled when they begin to; where letters go is told by an operation of its own.
    b.dark(&[
        "UpdateLeaveSupplierInput.marketData",
        "UpdateLeaveSupplierInput.futureBillingAddress",
        "UpdateLeaveSupplierInput.isHouseMove",
        "UpdateLeaveSupplierInput.idempotencyKey",
    ]);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PointInput {
    supply_point_identifier: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MarketInput {
    supply_point_data: Option<Vec<Option<PointInput>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LeaveInput {
    account_number: String,
    requested_supply_end_date: NaiveDate,
    market_data: Option<MarketInput>,
    subtype: Option<String>,
}

async fn instigate(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: LeaveInput = call.arg("input")?;
    let points = input.market_data.and_then(|data| data.supply_point_data);
    let number = |point: PointInput| point.supply_point_identifier;
    let wanted = Leaving {
        account_number: input.account_number,
        last_day: input.requested_supply_end_date,
        points: points.map(|points| points.into_iter().flatten().map(number).collect()),
        subtype: input.subtype,
    };
    let subject = Some(wanted.account_number.as_str());
    let done = call.cx.write("Mutation.instigateLeaveSupplier", subject, &wanted, |tx, viewer, wanted| {
        Box::pin(leaving::instigate(tx, viewer, wanted))
    });
    let (id, number) = done.await.map_err(|error| match error {
        LeaveError::Unauthorized => FieldError::code(NOT_YOURS),
        LeaveError::Closed => said(CLOSED, &error),
        LeaveError::Unsupported => said("KT-CT-10330", &error).at_input(&["input", "subtype"]),
        LeaveError::Database(error) => FieldError::internal(error),
        other => said("KT-CT-10301", &other),
    })?;
    Ok(Resolved::node(Instigated(id, number)))
}

fn said(code: &'static str, error: &LeaveError) -> FieldError {
    FieldError::code(code).describe(format!("Nothing has changed: {error}."))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateInput {
    requested_supply_end_date: NaiveDate,
    subtype: Option<String>,
    number: Option<String>,
}

async fn update(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: UpdateInput = call.arg("input")?;
    let empty = || FieldError::code(EMPTY).at_input(&["input", "number"]);
    let wanted = Change {
        number: input.number.filter(|number| !number.trim().is_empty()).ok_or_else(empty)?,
        last_day: input.requested_supply_end_date,
        subtype: input.subtype,
    };
    let done = call.cx.write("Mutation.updateLeaveSupplier", None, &wanted, |tx, viewer, wanted| {
        Box::pin(leaving::change(tx, viewer, wanted))
    });
    done.await.map_err(|error| match error {
        LeaveError::Closed => said(CLOSED, &error),
        LeaveError::NoWish => said("KT-CT-10309", &error),
        LeaveError::Told | LeaveError::Over => said("KT-CT-10310", &error),
        LeaveError::Day => said(BAD_INPUT, &error).at_input(&["input", "requestedSupplyEndDate"]),
        LeaveError::Database(error) => FieldError::internal(error),
        _ => FieldError::code(UNKNOWN),
    })?;
    Ok(Resolved::node(Told("The supply ends on the new day.")))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelInput {
    leave_supplier_process_id: String,
    reason: Option<String>,
}

async fn cancel(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CancelInput = call.arg("input")?;
    if input.leave_supplier_process_id.trim().is_empty() {
        return Err(FieldError::code(EMPTY).at_input(&["input", "leaveSupplierProcessId"]));
    }
    let done = call.cx.write("Mutation.cancelLeaveSupplier", None, &input, |tx, viewer, input| {
        // What is no number names nothing.
        let process = input.leave_supplier_process_id.parse().unwrap_or(0);
        Box::pin(leaving::cancel(tx, viewer, process, input.reason.as_deref()))
    });
    done.await.map_err(|error| match error {
        LeaveError::Closed => said(CLOSED, &error),
        LeaveError::Told => said("KT-CT-10305", &error),
        LeaveError::NoWish => said("KT-CT-10306", &error),
        LeaveError::Over => said("KT-CT-10311", &error),
        LeaveError::Database(error) => FieldError::internal(error),
        _ => FieldError::code(UNKNOWN),
    })?;
    Ok(Resolved::node(Told("The supply goes on.")))
}
