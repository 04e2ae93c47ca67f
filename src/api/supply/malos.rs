//! Supply points as Germany knows them: `ElectricityMalo` and `GasMalo`.

use rust_decimal::prelude::ToPrimitive;

use super::meter_points::{ids, points_of_properties};
use crate::api::session::{Bindings, Call};
use crate::domain::supply::meters::{self, Meter};
use crate::domain::supply::reading_links::{self, Target};
use crate::domain::supply::supply_points::SupplyPoint;
use crate::graphql::{FieldError, Leaves, Node, Resolved};

const FIELDS: Leaves<SupplyPoint> = &[
    ("id", |p| p.id.into()),
    ("maloNumber", |p| (&p.identifier).into()),
    ("meloNumber", |p| (&p.metering_location).into()),
    ("referenceConsumption", |p| p.annual_kwh().and_then(|kwh| kwh.to_f64()).into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.batch("PropertyType.electricityMalos", electricity);
    b.batch("PropertyType.gasMalos", gas);
    b.leaves("ElectricityMalo", FIELDS);
    b.leaves("GasMalo", FIELDS);
    b.batch("ElectricityMalo.meter", present_meters);
    b.batch("GasMalo.meter", present_meters);
    b.leaves::<Meter>(
        "DeuMeterType",
        &[
            ("id", |m| m.id.into()),
            ("number", |m| (&m.serial_number).into()),
            ("meterType", |m| (&m.meter_type).into()),
            ("shouldReceiveSmartMeterData", |m| m.sends_half_hourly.into()),
        ],
    );
    b.batch("DeuMeterType.submitMeterReadingUrl", links);
}

async fn electricity(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    points_of_properties(call, |point| point.market == "de" && !point.is_gas(), Node::new).await
}

async fn gas(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    points_of_properties(call, |point| point.market == "de" && point.is_gas(), Node::new).await
}

/// The meter that hangs at each point, or hung there last while it was the viewer's.
async fn present_meters(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = meters::of_points(&mut view, call.cx.viewer(), &ids(&call)?, true).await;
    let newest = |meters: Vec<Meter>| Resolved::maybe(meters.into_iter().next());
    Ok(found.map_err(FieldError::internal)?.into_iter().map(newest).collect())
}

/// A link on which each meter can be read without a log-in, for whoever may give readings of it.
async fn links(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let meters: Vec<i64> = call.parents::<Meter>()?.iter().map(|meter| meter.id).collect();
    let mut view = call.cx.read().await?;
    let until = view.wall_now() + reading_links::LIFETIME;
    let targets = reading_links::targets(&mut view, call.cx.viewer(), &meters).await;
    let targets = targets.map_err(FieldError::internal)?;
    let secret = call.cx.app.link_secret(&mut view).await.map_err(FieldError::internal)?;
    let files = call.cx.app.files();
    let link = |target: Target| files.page_link(&target.path(), secret, until).url;
    Ok(targets.into_iter().map(|target| Resolved::leaf(target.map(link))).collect())
}
