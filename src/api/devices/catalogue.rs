//! `electricVehicles`, `chargePointVariants` and `heatPumpVariants`: what can be controlled.

use serde::Deserialize;

use super::shown::thousandths;
use crate::api::session::{Bindings, Call};
use crate::domain::devices::catalogue::{self, ChargePointModel, HeatPumpModel, Make, VehicleModel, is_live};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.electricVehicles", vehicles);
    b.root("Query.chargePointVariants", charge_points);
    b.root("Query.heatPumpVariants", heat_pumps);
    b.leaves::<Make<VehicleModel>>("ElectricVehicleType", &[("make", |m| (&m.make).into())]);
    b.parts::<Make<VehicleModel>>(
        "ElectricVehicleType",
        &[("models", |m| Resolved::nodes(m.models.clone()))],
    );
    b.leaves::<VehicleModel>(
        "ElectricVehicleModelType",
        &[
            ("vehicleId", |m| m.id.into()),
            ("model", |m| (&m.model).into()),
            ("year", |m| m.available_from.into()),
            ("availableFrom", |m| m.available_from.into()),
            ("availableTo", |m| m.available_to.into()),
            ("batterySize", |m| thousandths(m.battery_wh).into()),
            ("supportedProviders", |m| (&m.providers).into()),
            ("isIntegrationLive", |m| is_live(&m.integration_status).into()),
            ("integrationStatus", |m| (&m.integration_status).into()),
        ],
    );
    b.leaves::<Make<ChargePointModel>>("ChargePointVariantType", &[("make", |m| (&m.make).into())]);
    b.parts::<Make<ChargePointModel>>(
        "ChargePointVariantType",
        &[("models", |m| Resolved::nodes(m.models.clone()))],
    );
    b.leaves::<ChargePointModel>(
        "ChargePointVariantModelType",
        &[
            ("variantId", |m| m.id.into()),
            ("model", |m| (&m.model).into()),
            ("powerInKw", |m| thousandths(m.power_w).into()),
            ("amperage", |m| m.amperage.into()),
            ("isIntegrationLive", |m| is_live(&m.integration_status).into()),
            ("integrationStatus", |m| (&m.integration_status).into()),
        ],
    );
    b.leaves::<Make<HeatPumpModel>>("HeatPumpVariantsType", &[("make", |m| (&m.make).into())]);
    b.parts::<Make<HeatPumpModel>>(
        "HeatPumpVariantsType",
        &[("models", |m| Resolved::nodes(m.models.clone()))],
    );
    b.leaves::<HeatPumpModel>(
        "HeatPumpVariantModelsType",
        &[
            ("heatPumpId", |m| m.id.into()),
            ("model", |m| (&m.model).into()),
            ("powerInKw", |m| thousandths(m.power_w).into()),
            ("isDeprecated", |m| m.is_deprecated.into()),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VehiclesArgs {
    make: Option<String>,
    supported_provider: Option<String>,
    is_integration_live: Option<bool>,
}

async fn vehicles(call: Call<'_>) -> Result<Resolved, FieldError> {
    let VehiclesArgs { make, supported_provider, is_integration_live } = call.args()?;
    let mut view = call.cx.read().await?;
    let found =
        catalogue::vehicles(&mut view, make.as_deref(), supported_provider.as_deref(), is_integration_live);
    Ok(Resolved::nodes(found.await.map_err(FieldError::internal)?))
}

async fn charge_points(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    Ok(Resolved::nodes(catalogue::charge_points(&mut view).await.map_err(FieldError::internal)?))
}

async fn heat_pumps(call: Call<'_>) -> Result<Resolved, FieldError> {
    let make: Option<String> = call.arg("make")?;
    let is_deprecated: Option<bool> = call.arg("isDeprecated")?;
    let mut view = call.cx.read().await?;
    let found = catalogue::heat_pumps(&mut view, make.as_deref(), is_deprecated).await;
    Ok(Resolved::nodes(found.map_err(FieldError::internal)?))
}
