//! Supply points as agreements lead to them: `ElectricitySupplyPointType` and `GasSupplyPointType`.

use chrono::{DateTime, Utc};

use super::meter_points::{ids, node as meter_point, standings, statuses};
use super::supply_points::properties_of;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::meters::{self, Meter};
use crate::domain::supply::supply_points::{self, CalledOff, Standing, SupplyPeriod, SupplyPoint};
use crate::graphql::{FieldError, Leaves, Node, Resolved};

const ELECTRICITY: &str = "ElectricitySupplyPointType";
const GAS: &str = "GasSupplyPointType";

const FIELDS: Leaves<SupplyPoint> = &[("id", |p| p.id.into()), ("marketName", |p| (&p.market_name).into())];

pub(super) fn bind(b: &mut Bindings) {
    for object in [ELECTRICITY, GAS] {
        b.leaves(object, FIELDS);
    }
    b.leaves::<SupplyPoint>(ELECTRICITY, &[("pod", |p| (&p.identifier).into())]);
    b.leaves::<SupplyPoint>(GAS, &[("pdr", |p| (&p.identifier).into())]);
    b.batch("ElectricitySupplyPointType.status", statuses);
    b.batch("GasSupplyPointType.status", statuses);
    b.batch("ElectricitySupplyPointType.enrolmentStatus", enrolment_statuses);
    b.batch("GasSupplyPointType.enrolmentStatus", enrolment_statuses);
    b.batch("ElectricitySupplyPointType.cancellationReason", cancellation_reasons);
    b.batch("GasSupplyPointType.cancellationReason", cancellation_reasons);
    b.batch("ElectricitySupplyPointType.enrolmentStartDate", enrolment_dates);
    b.batch("GasSupplyPointType.enrolmentStartDate", enrolment_dates);
    b.batch("ElectricitySupplyPointType.supplyStartDate", start_dates);
    b.batch("GasSupplyPointType.supplyStartDate", start_dates);
    b.batch("ElectricitySupplyPointType.isSmartMeter", are_smart);
    b.batch("GasSupplyPointType.isSmartMeter", are_smart);
    b.batch("ElectricitySupplyPointType.property", properties_of);
    b.batch("GasSupplyPointType.property", properties_of);
    b.batch("ElectricitySupplyPointType.meterPoint", meter_points_of);
    b.batch("GasSupplyPointType.meterPoint", meter_points_of);
}

/// A point as the object that it is among those of markets.
pub(super) fn node(point: SupplyPoint) -> Node {
    Node::typed(if point.is_gas() { GAS } else { ELECTRICITY }, point)
}

/// What was called off counts where nothing else is under way.
async fn enrolment_statuses(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (standings, called_off) = (standings(call).await?, called_off(call).await?);
    let status = |(standing, gone): (&Standing, &Option<CalledOff>)| match (standing, gone) {
        (Standing::Ended { .. } | Standing::Never, Some(_)) => Resolved::leaf("CANCELLED"),
        _ => Resolved::leaf(standing.enrolment()),
    };
    Ok(standings.iter().zip(&called_off).map(status).collect())
}

async fn called_off(call: Call<'_>) -> Result<Vec<Option<CalledOff>>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = supply_points::called_off(&mut view, call.cx.viewer(), &ids(&call)?).await;
    found.map_err(FieldError::internal)
}

async fn cancellation_reasons(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let reason = |gone: &Option<CalledOff>| Resolved::leaf(gone.as_ref().map(|gone| gone.reason.as_str()));
    Ok(called_off(call).await?.iter().map(reason).collect())
}

/// The local day on which the latest supply began, or will.
async fn start_dates(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    days_of_latest(call, |period| period.starts_at).await
}

/// The local day on which the latest supply was agreed on.
async fn enrolment_dates(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    days_of_latest(call, |period| period.agreed_at).await
}

async fn days_of_latest(
    call: Call<'_>,
    read: fn(&SupplyPeriod) -> DateTime<Utc>,
) -> Result<Vec<Resolved>, FieldError> {
    let points = call.parents::<SupplyPoint>()?;
    let mut view = call.cx.read().await?;
    let found = supply_points::periods_of(&mut view, call.cx.viewer(), &ids(&call)?).await;
    let day = |(point, periods): (&SupplyPoint, Vec<SupplyPeriod>)| {
        let latest = periods.last().zip(point.market());
        Resolved::leaf(latest.map(|(period, market)| market.day(read(period))))
    };
    Ok(points.into_iter().zip(found.map_err(FieldError::internal)?).map(day).collect())
}

/// Whether the meter that hangs there sends what runs through it.
async fn are_smart(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = meters::of_points(&mut view, call.cx.viewer(), &ids(&call)?, false).await;
    let is_smart = |meters: Vec<Meter>| Resolved::leaf(meters.first().map(|meter| meter.sends_half_hourly));
    Ok(found.map_err(FieldError::internal)?.into_iter().map(is_smart).collect())
}

async fn meter_points_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let points = call.parents::<SupplyPoint>()?;
    Ok(points.into_iter().map(|point| Resolved::Node(meter_point(point.clone()))).collect())
}
