//! How heat pumps perform: now, since they were installed, over a period, step by step.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::heat_pumps::Degrees;
use super::refusals;
use super::shown::thousandths;
use crate::api::session::{Bindings, Call};
use crate::domain::devices::DeviceError;
use crate::domain::devices::heat::controllers::{self, Controller};
use crate::domain::devices::heat::physics::{Now, Performance};
use crate::domain::devices::heat::series::{self, Grouping, Step};
use crate::domain::devices::sessions::watt_hours;
use crate::graphql::{FieldError, Resolved};

/// What a heat pump does at a moment.
struct Live {
    now: Now,
    at: DateTime<Utc>,
}
/// What it has done so far.
struct Lifetime {
    sum: Performance,
    at: DateTime<Utc>,
}
/// What it did in a period.
struct Ranged(Performance);
/// Watts.
struct Power(i64);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.octoHeatPumpLivePerformance", live);
    b.root("Query.octoHeatPumpLifetimePerformance", lifetime);
    b.root("Query.octoHeatPumpTimeRangedPerformance", ranged);
    b.root("Query.octoHeatPumpTimeSeriesPerformance", time_series);
    b.leaves::<Power>("Power", &[("value", |p| thousandths(p.0).into()), ("unit", |_| "KILOWATT".into())]);
    b.leaves::<Live>(
        "LiveTelemetry",
        &[("coefficientOfPerformance", |l| coefficient(momentary(l)).into()), ("readAt", |l| l.at.into())],
    );
    b.parts::<Live>(
        "LiveTelemetry",
        &[
            ("outdoorTemperature", |l| Resolved::node(Degrees(l.now.outdoor))),
            ("heatOutput", |l| Resolved::node(Power(l.now.rooms_w + l.now.water_w))),
            ("powerInput", |l| Resolved::node(Power(l.now.input_w))),
        ],
    );
    b.leaves::<Lifetime>(
        "LifetimeTelemetry",
        &[
            ("seasonalCoefficientOfPerformance", |l| coefficient(l.sum.coefficient()).into()),
            ("readAt", |l| l.at.into()),
        ],
    );
    b.parts::<Lifetime>(
        "LifetimeTelemetry",
        &[("heatOutput", |l| energy(l.sum.output_j)), ("energyInput", |l| energy(l.sum.input_j))],
    );
    b.leaves::<Ranged>(
        "HeatPumpTimeRangedPerformance",
        &[("coefficientOfPerformance", |r| coefficient(r.0.coefficient()).into())],
    );
    b.parts::<Ranged>(
        "HeatPumpTimeRangedPerformance",
        &[("energyOutput", |r| energy(r.0.output_j)), ("energyInput", |r| energy(r.0.input_j))],
    );
    b.leaves::<Step>(
        "HeatPumpPerformanceGroupingNode",
        &[("startAt", |s| s.from.into()), ("endAt", |s| s.to.into())],
    );
    b.parts::<Step>(
        "HeatPumpPerformanceGroupingNode",
        &[
            ("energyInput", |s| energy(s.performance.input_j)),
            ("energyOutput", |s| energy(s.performance.output_j)),
            ("outdoorTemperature", |s| Resolved::maybe(s.performance.outdoor.map(Degrees))),
        ],
    );
}

fn energy(joules: i64) -> Resolved {
    Resolved::node(super::charging::Amount(watt_hours(joules)))
}

fn momentary(live: &Live) -> Option<i64> {
    let output = live.now.rooms_w + live.now.water_w;
    (live.now.input_w > 0).then(|| output * 1000 / live.now.input_w)
}

/// Thousandths as a number with two decimals.
fn coefficient(thousandths: Option<i64>) -> Option<Decimal> {
    thousandths.map(|value| Decimal::new(value, 3).round_dp(2).normalize())
}

async fn controller(call: &Call<'_>) -> Result<Controller, FieldError> {
    let euid: String = call.arg("euid")?;
    let mut view = call.cx.read().await?;
    controllers::by_euid(&mut view, call.cx.viewer(), &euid, None).await.map_err(refusals::of_account)
}

async fn live(call: Call<'_>) -> Result<Resolved, FieldError> {
    let controller = controller(&call).await?;
    let at = controller.seen_at();
    Ok(Resolved::node(Live { now: controller.pump.at(at), at }))
}

async fn lifetime(call: Call<'_>) -> Result<Resolved, FieldError> {
    let controller = controller(&call).await?;
    let at = controller.seen_at();
    Ok(Resolved::node(Lifetime { sum: controller.pump.between(controller.pump.since, at), at }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Period {
    start_at: DateTime<Utc>,
    end_at: DateTime<Utc>,
}

fn invalid(error: DeviceError) -> FieldError {
    match error {
        DeviceError::Invalid(at, why) => FieldError::code("KT-CT-4321").describe(why).at_input(&[at]),
        other => refusals::of_account(other),
    }
}

async fn ranged(call: Call<'_>) -> Result<Resolved, FieldError> {
    let Period { start_at, end_at } = call.args()?;
    let controller = controller(&call).await?;
    let sum = series::sum(&controller.pump, start_at, end_at, controller.seen_at()).map_err(invalid)?;
    Ok(Resolved::node(Ranged(sum)))
}

async fn time_series(call: Call<'_>) -> Result<Resolved, FieldError> {
    let Period { start_at, end_at } = call.args()?;
    let grouping: String = call.arg("performanceGrouping")?;
    let controller = controller(&call).await?;
    let steps =
        series::steps(&controller.pump, start_at, end_at, controller.seen_at(), Grouping::of(&grouping));
    Ok(Resolved::nodes(steps.map_err(invalid)?))
}
