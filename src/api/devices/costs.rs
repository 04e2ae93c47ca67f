//! `costOfCharge`.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::refusals;
use super::shown::{float, thousandths};
use crate::api::session::{Bindings, Call};
use crate::domain::devices::costs::{self, Cost, Report};
use crate::domain::devices::fleet::{self, Device};
use crate::domain::supply::grouping::Grouping;
use crate::graphql::{FieldError, Leaf, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.costOfCharge", cost_of_charge);
    b.leaves::<Report>(
        "CostOfChargeType",
        &[
            ("costOfChargeId", |r| id(r).into()),
            ("krakenflexDeviceId", |r| r.device.into()),
            ("reportDate", |r| r.date.into()),
            ("isSmartCharge", |r| r.is_smart.into()),
            ("totalConsumption", |r| float(Some(thousandths(r.wh)))),
            ("totalCostExclTax", |r| minor(r, |cost| cost.net)),
            ("totalCostInclTax", |r| minor(r, |cost| cost.gross)),
        ],
    );
}

fn id(report: &Report) -> String {
    let how = if report.is_smart { "smart" } else { "ordinary" };
    format!("{}-{}-{how}", report.device, report.date)
}

fn minor(report: &Report, part: fn(Cost) -> Decimal) -> Leaf<'static> {
    float(report.cost.map(|cost| part(cost).round_dp(4)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Args {
    account_number: String,
    frequency: String,
    start_date: Option<NaiveDate>,
}

async fn cost_of_charge(call: Call<'_>) -> Result<Resolved, FieldError> {
    let args: Args = call.args()?;
    let grouping = match args.frequency.as_str() {
        "WEEKLY" => Grouping::Week,
        "MONTHLY" => Grouping::MONTH,
        "ANNUALLY" => Grouping::Months(12),
        _ => Grouping::Day,
    };
    let mut view = call.cx.read().await?;
    let found = fleet::of_account(&mut view, call.cx.viewer(), &args.account_number, None, None).await;
    let mut devices: Vec<Device> = found.map_err(refusals::of_account)?;
    // Also what has been let go of: it was charged before.
    devices.retain(|device| device.kind.charges_cars());
    if devices.is_empty() {
        return Err(FieldError::code("KT-CT-4301"));
    }
    let reports = costs::reports(&mut view, call.cx.viewer(), &devices, grouping, args.start_date).await;
    Ok(Resolved::nodes(reports.map_err(FieldError::internal)?))
}
