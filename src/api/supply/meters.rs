//! Meters and registers under their British names, which others use as well: `ElectricityMeterType`, `GasMeterType`.

use rust_decimal::prelude::ToPrimitive;

use super::meter_points;
use crate::api::nodes::global_id;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::meters::{self, Meter, Register};
use crate::domain::supply::supply_points::{self, SupplyPoint};
use crate::graphql::{FieldError, Leaf, Leaves, Node, Resolved};

/// An electricity meter by its name in the merged edition.
pub(in crate::api) const ELECTRICITY_METER: &str = "ElectricityMeterType";
/// A gas meter by its name in the merged edition.
pub(in crate::api) const GAS_METER: &str = "GasMeterType";

const FIELDS: Leaves<Meter> = &[
    ("id", |m| m.id.into()),
    ("nodeId", |m| global_id(type_name(m), m.id).into()),
    ("serialNumber", |m| (&m.serial_number).into()),
    ("activeFrom", |m| m.active_from.into()),
    ("activeTo", |m| m.active_to.into()),
    // What a gas meter counts is converted before it is shown.
    ("consumptionUnits", |_| "kWh".into()),
    ("hasAndAllowsHhReadings", |m| m.sends_half_hourly.into()),
    ("fuelType", |m| if m.is_gas() { "GAS" } else { "ELECTRICITY" }.into()),
];

const REGISTER: Leaves<Register> = &[
    ("id", |r| r.id.into()),
    ("name", |r| (&r.name).into()),
    ("unitRateType", |r| (&r.band).into()),
    ("identifier", |r| (&r.identifier).into()),
    ("digits", |r| r.digits.into()),
    ("decimalPlaces", |r| r.decimal_places.into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.batch("ElectricityMeterPointType.meters", of_points);
    b.batch("GasMeterPointType.meters", of_points);
    for (object, register) in
        [(ELECTRICITY_METER, "ElectricityMeterRegisterType"), (GAS_METER, "GasMeterRegisterType")]
    {
        b.leaves(object, FIELDS);
        b.leaves(register, REGISTER);
    }
    b.batch("ElectricityMeterType.registers", registers_of);
    b.batch("GasMeterType.registers", registers_of);
    b.batch("ElectricityMeterType.meterPoint", meter_points_of);
    b.batch("GasMeterType.meterPoint", meter_points_of);
    b.batch("ElectricityMeterType.importMeter", import_meters);
    b.leaves::<Meter>(
        ELECTRICITY_METER,
        &[("makeAndType", |m| (&m.make_and_type).into()), ("meterType", british_type)],
    );
    b.leaves::<Register>("ElectricityMeterRegisterType", &[("multiplier", |r| r.multiplier.to_f64().into())]);
    bind_facts(b);
}

fn type_name(meter: &Meter) -> &'static str {
    if meter.is_gas() { GAS_METER } else { ELECTRICITY_METER }
}

/// The kinds of meter that clients know are Britain's.
fn british_type(meter: &Meter) -> Leaf<'_> {
    Some(meter.meter_type.as_str()).filter(|_| meter.market_name == "GBR_ELECTRICITY").into()
}

/// The meter with a row id as the object that `node` was asked for, if the viewer may see it.
pub(in crate::api) async fn by_id(
    call: Call<'_>,
    id: i64,
    wanted: &'static str,
) -> Result<Option<Node>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = meters::by_ids(&mut view, call.cx.viewer(), &[id]).await.map_err(FieldError::internal)?;
    let meter = found.into_iter().flatten().next().filter(|meter| type_name(meter) == wanted);
    Ok(meter.map(|meter| Node::typed(wanted, meter)))
}

/// The meters of each point, newest first. One is found by its id whether or not it still hangs there.
async fn of_points(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let wanted: Option<i64> = call.arg("id")?;
    let including_old = call.arg::<Option<bool>>("includeInactive")? == Some(true) || wanted.is_some();
    let mut view = call.cx.read().await?;
    let points = meter_points::ids(&call)?;
    let found = meters::of_points(&mut view, call.cx.viewer(), &points, including_old).await;
    let list = |meters: Vec<Meter>| {
        Resolved::nodes(meters.into_iter().filter(|meter| wanted.is_none_or(|id| meter.id == id)))
    };
    Ok(found.map_err(FieldError::internal)?.into_iter().map(list).collect())
}

fn ids(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Meter>()?.iter().map(|m| m.id).collect())
}

async fn registers_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = meters::registers(&mut view, &ids(&call)?).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

async fn meter_points_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Meter>()?.iter().map(|m| m.supply_point_id).collect();
    let mut view = call.cx.read().await?;
    let found =
        supply_points::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    let node =
        |point: Option<SupplyPoint>| point.map_or(Resolved::Null, |p| Resolved::Node(meter_points::node(p)));
    Ok(found.into_iter().map(node).collect())
}

async fn import_meters(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = meters::import_meters(&mut view, call.cx.viewer(), &ids(&call)?).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}

/// Fields of `GasMeterType` that are read from what is known of gas meters. What must not be null is empty, or that of
/// a metric meter, where nothing is known.
fn bind_facts(b: &mut Bindings) {
    b.leaves::<Meter>(
        GAS_METER,
        &[
            ("meterType", |m| (&m.meter_type).into()),
            ("modelName", |m| text(m.facts().map(|f| &f.model_name))),
            ("manufacturerCode", |m| text(m.facts().map(|f| &f.manufacturer_code))),
            ("manufacturedYear", |m| m.facts().and_then(|f| f.manufactured_year).into()),
            ("mechanism", |m| m.facts().map(|f| f.mechanism.as_str()).into()),
            ("location", |m| text(m.facts().map(|f| &f.location))),
            ("locationDescription", |m| text(m.facts().map(|f| &f.location_description))),
            ("owner", |m| text(m.facts().map(|f| &f.owner))),
            ("imperial", |m| m.facts().map(|f| f.is_imperial).into()),
            ("units", |m| i64::from(!is_imperial(m)).into()),
            ("correction", |m| m.facts().and_then(|f| f.correction.to_f64()).into()),
            ("readingFactor", |m| m.facts().map(|f| f.reading_factor).into()),
            ("pulseValue", |m| m.facts().map(|f| f.pulse_value).into()),
            ("installationDate", |m| m.active_from.into()),
            ("lastInspectionDate", |m| m.facts().and_then(|f| f.inspected_on).into()),
        ],
    );
}

fn text(known: Option<&String>) -> Leaf<'_> {
    known.map_or("", String::as_str).into()
}

fn is_imperial(meter: &Meter) -> bool {
    meter.facts().is_some_and(|facts| facts.is_imperial)
}
