//! Supply points as Japan knows them: `ElectricitySupplyPoint`, `ElectricityGenerationPoint` and `GasSupplyPoint`.

use super::meter_points::{ids, points_of_properties, statuses};
use crate::api::session::{Bindings, Call};
use crate::domain::supply::meters::{self, Meter};
use crate::domain::supply::supply_points::{self, SupplyPeriod, SupplyPoint};
use crate::graphql::{FieldError, Node, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("PropertyType.electricitySupplyPoints", electricity);
    b.batch("PropertyType.electricityGenerationPoints", generation);
    b.batch("PropertyType.gasSupplyPoints", gas);
    b.leaves::<SupplyPoint>("GasSupplyPoint", &[("mprn", |p| (&p.identifier).into())]);
    b.batch("ElectricitySupplyPoint.status", statuses);
    b.batch("ElectricityGenerationPoint.status", statuses);
    b.leaves::<SupplyPoint>(
        "ElectricityGenerationPoint",
        &[("id", |p| p.id.into()), ("gpin", |p| (&p.identifier).into())],
    );
    b.batch("ElectricitySupplyPoint.supplyPeriods", periods);
    b.batch("ElectricitySupplyPoint.nextReadingDate", next_reading);
    b.batch("ElectricitySupplyPoint.nextNextReadingDate", reading_after_next);
    b.batch("ElectricitySupplyPoint.meters", meters_of);
    b.leaves::<SupplyPoint>(
        "ElectricitySupplyPoint",
        &[
            ("id", |p| p.id.into()),
            ("spin", |p| (&p.identifier).into()),
            ("readingDateDayOfMonth", |p| p.reading_day.into()),
        ],
    );
    b.leaves::<SupplyPeriod>(
        "SupplyPeriodType",
        &[
            ("supplyStartAt", |s| s.starts_at.into()),
            ("supplyEndAt", |s| s.ends_at.into()),
            ("isBillable", |s| s.is_billable.into()),
        ],
    );
    b.leaves::<Meter>(
        "ElectricityMeter",
        &[("serialNumber", |m| (&m.serial_number).into()), ("capacity", |m| m.capacity.into())],
    );
    b.batch("ElectricityMeter.removedAt", removed_at);
}

async fn electricity(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    points_of_properties(call, |point| is_of_electricity(point, "IMPORT"), Node::new).await
}

async fn generation(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    points_of_properties(call, |point| is_of_electricity(point, "EXPORT"), Node::new).await
}

fn is_of_electricity(point: &SupplyPoint, direction: &str) -> bool {
    point.market == "jp" && !point.is_gas() && point.direction == direction
}

/// Britain's are supply points to some clients as well.
async fn gas(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let is_one = |point: &SupplyPoint| ["gb", "jp"].contains(&point.market.as_str()) && point.is_gas();
    points_of_properties(call, is_one, Node::new).await
}

async fn periods(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = supply_points::periods_of(&mut view, call.cx.viewer(), &ids(&call)?).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}

async fn next_reading(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    reading_dates(call, 0).await
}

async fn reading_after_next(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    reading_dates(call, 1).await
}

/// The day of the next reading, or the one after so many others.
async fn reading_dates(call: Call<'_>, after: u32) -> Result<Vec<Resolved>, FieldError> {
    let now = call.cx.read().await?.business_now().await.map_err(FieldError::internal)?;
    let points = call.parents::<SupplyPoint>()?;
    Ok(points.into_iter().map(|point| Resolved::leaf(point.reading_date(now, after))).collect())
}

async fn meters_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = meters::of_points(&mut view, call.cx.viewer(), &ids(&call)?, true).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}

/// The beginning of the local day on which a meter was taken off.
async fn removed_at(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let meters = call.parents::<Meter>()?;
    Ok(meters.into_iter().map(|meter| Resolved::leaf(meter.removed_at())).collect())
}
