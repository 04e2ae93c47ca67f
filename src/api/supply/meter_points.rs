//! Supply points as meter points, which is what Britain, Australia and Texas call them: `ElectricityMeterPointType`,
//! `GasMeterPointType`, and the root field `meterPoint`.

use super::{NOT_YOURS, properties};
use crate::api::session::{Bindings, Call};
use crate::domain::supply::identifiers::MarketName;
use crate::domain::supply::properties::Property;
use crate::domain::supply::supply_points::{self, Standing, SupplyPoint};
use crate::graphql::{FieldError, Leaves, Node, Resolved};

const ELECTRICITY: &str = "ElectricityMeterPointType";
pub(super) const GAS: &str = "GasMeterPointType";

/// The countries whose points are called meter points.
const COUNTRIES: [&str; 3] = ["gb", "au", "us"];

const FIELDS: Leaves<SupplyPoint> = &[
    ("id", |p| p.id.into()),
    ("identifier", |p| (&p.identifier).into()),
    ("supplyType", |p| if p.is_gas() { "GAS" } else { "ELECTRICITY" }.into()),
];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.meterPoint", meter_point);
    b.batch("PropertyType.meterPoints", of_properties);
    b.batch("PropertyType.electricityMeterPoints", electricity_of_properties);
    b.batch("PropertyType.gasMeterPoints", gas_of_properties);
    b.batch("ElectricityMeterPointType.status", statuses);
    b.batch("GasMeterPointType.status", statuses);
    b.batch("ElectricityMeterPointType.supplyEndDate", end_dates);
    b.batch("GasMeterPointType.supplyEndDate", end_dates);
    b.leaves(ELECTRICITY, FIELDS);
    b.leaves(GAS, FIELDS);
    b.leaves::<SupplyPoint>(
        ELECTRICITY,
        &[
            ("mpan", |p| (&p.identifier).into()),
            ("esiId", |p| Some(p.identifier.as_str()).filter(|_| p.market == "us").into()),
            ("direction", |p| (&p.direction).into()),
            ("gspGroupId", |p| (p.market == "gb").then(|| format!("_{}", p.region)).into()),
            ("serviceProvider", |p| p.network_operator.as_deref().filter(|_| p.market == "us").into()),
            ("loadZone", |p| Some(p.region.as_str()).filter(|_| p.market == "us").into()),
            ("hasCriticalCare", |p| p.has_critical_care.into()),
            ("loadProfile", |p| (&p.load_profile).into()),
        ],
    );
    b.leaves::<SupplyPoint>(GAS, &[("mprn", |p| (&p.identifier).into()), ("ldz", |p| (&p.region).into())]);
}

/// A point as the object that it is among meter points.
pub(super) fn node(point: SupplyPoint) -> Node {
    Node::typed(if point.is_gas() { GAS } else { ELECTRICITY }, point)
}

async fn meter_point(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("nmi")?;
    let market = MarketName::AusElectricity;
    let identifier = properties::identifier(market, &number, "nmi")?;
    let mut view = call.cx.read().await?;
    let found = supply_points::by_identifier(&mut view, call.cx.viewer(), market, &identifier).await;
    let found = found.map_err(FieldError::internal)?.ok_or_else(|| FieldError::code(NOT_YOURS))?;
    Ok(Resolved::Node(node(found)))
}

/// The points of properties of which `wants` holds, as `turn` makes them.
pub(super) async fn points_of_properties(
    call: Call<'_>,
    wants: impl Fn(&SupplyPoint) -> bool,
    turn: impl Fn(SupplyPoint) -> Node,
) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Property>()?.iter().map(|p| p.id).collect();
    let mut view = call.cx.read().await?;
    let found = supply_points::of_properties(&mut view, call.cx.viewer(), &ids).await;
    let list = |points: Vec<SupplyPoint>| {
        Resolved::List(
            points
                .into_iter()
                .filter(|point| wants(point))
                .map(|point| Resolved::Node(turn(point)))
                .collect(),
        )
    };
    Ok(found.map_err(FieldError::internal)?.into_iter().map(list).collect())
}

fn is_meter_point(point: &SupplyPoint) -> bool {
    COUNTRIES.contains(&point.market.as_str())
}

async fn of_properties(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    points_of_properties(call, is_meter_point, node).await
}

async fn electricity_of_properties(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    points_of_properties(call, |point| is_meter_point(point) && !point.is_gas(), node).await
}

async fn gas_of_properties(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    points_of_properties(call, |point| is_meter_point(point) && point.is_gas(), node).await
}

/// The row ids of the parents, which are points.
pub(super) fn ids(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<SupplyPoint>()?.iter().map(|p| p.id).collect())
}

/// How the parents stand now.
pub(super) async fn standings(call: Call<'_>) -> Result<Vec<Standing>, FieldError> {
    let mut view = call.cx.read().await?;
    supply_points::standings(&mut view, call.cx.viewer(), &ids(&call)?).await.map_err(FieldError::internal)
}

pub(super) async fn statuses(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    Ok(standings(call).await?.iter().map(|standing| Resolved::leaf(standing.code())).collect())
}

/// The last local day of a supply that has an end.
async fn end_dates(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let points = call.parents::<SupplyPoint>()?;
    let standings = standings(call).await?;
    let day = |(point, standing): (&&SupplyPoint, &Standing)| Resolved::leaf(standing.last_day(point));
    Ok(points.iter().zip(&standings).map(day).collect())
}
