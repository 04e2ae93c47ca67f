//! What may be drawn from points at once.

use super::meter_points::ids;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::capacities::{self, Capacity};
use crate::domain::supply::supply_points::SupplyPoint;
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("ElectricitySupplyPoint.supplyDetails", all);
    b.batch("ElectricitySupplyPoint.contractedCapacity", present);
    b.batch("ElectricityMeterPointType.supplyDetails", present);
    b.batch("GasMeterPointType.supplyDetails", present);
    b.leaves::<Capacity>(
        "SupplyDetails",
        &[
            ("amperage", |c| c.amperage.into()),
            ("kva", |c| c.kva.into()),
            ("kw", |c| c.kw.into()),
            ("validFrom", |c| c.valid_from.into()),
        ],
    );
    b.leaves::<Capacity>(
        "ContractCapacityType",
        &[("value", |c| c.agreed().0.into()), ("unit", |c| c.agreed().1.into())],
    );
    b.leaves::<Capacity>(
        "SupplyDetailsType",
        &[
            ("agreedCapacity", |c| c.agreed().0.map(|value| value.to_string()).into()),
            ("connectionUnits", |c| c.agreed().1.map(symbol).into()),
        ],
    );
}

/// How people write a unit.
fn symbol(unit: &str) -> &'static str {
    match unit {
        "AMPERE" => "A",
        "KILOVOLT_AMPERE" => "kVA",
        _ => "kW",
    }
}

async fn all(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = capacities::of_points(&mut view, call.cx.viewer(), &ids(&call)?).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}

/// What has been agreed last, and holds by now.
async fn present(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let points = call.parents::<SupplyPoint>()?;
    let mut view = call.cx.read().await?;
    let now = view.business_now().await.map_err(FieldError::internal)?;
    let found = capacities::of_points(&mut view, call.cx.viewer(), &ids(&call)?).await;
    let found = found.map_err(FieldError::internal)?;
    let present = points.into_iter().zip(found).map(|(point, held)| {
        let today = point.market().map(|market| market.day(now));
        let holds = |capacity: &Capacity| today.is_some_and(|day| capacity.valid_from <= day);
        Resolved::maybe(held.into_iter().rfind(holds))
    });
    Ok(present.collect())
}
