//! The device of an account in the older shape: `registeredKrakenflexDevice` and what the older mutations answer.

use std::sync::Arc;

use super::refusals;
use super::shown::{self, thousandths};
use crate::api::session::{Bindings, Call};
use crate::domain::devices::catalogue::{self, ChargePointModel, VehicleModel};
use crate::domain::devices::fleet::{self, Device};
use crate::domain::devices::life::Stage;
use crate::graphql::{FieldError, Resolved};

/// A device that charges a car, with what the catalogue says about both.
#[derive(Clone)]
pub(super) struct KrakenFlex {
    device: Arc<Device>,
    vehicle: Option<VehicleModel>,
    charge_point: Option<ChargePointModel>,
}

/// What an older mutation answers.
pub(super) struct Told(KrakenFlex);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.registeredKrakenflexDevice", registered);
    b.leaves::<KrakenFlex>(
        "KrakenFlexDeviceType",
        &[
            ("krakenflexDeviceId", |k| k.device.held.id.into()),
            ("provider", |k| (&k.device.held.provider).into()),
            ("vehicleMake", |k| k.vehicle.as_ref().map(|model| model.make.as_str()).into()),
            ("vehicleModel", |k| k.vehicle.as_ref().map(|model| model.model.as_str()).into()),
            ("vehicleBatterySizeInKwh", |k| k.device.held.battery_wh.map(thousandths).into()),
            ("chargePointMake", |k| k.charge_point.as_ref().map(|model| model.make.as_str()).into()),
            ("chargePointModel", |k| k.charge_point.as_ref().map(|model| model.model.as_str()).into()),
            ("chargePointPowerInKw", |k| {
                k.charge_point.as_ref().map(|model| thousandths(model.power_w)).into()
            }),
            ("status", |k| status(&k.device).into()),
            ("suspended", |k| k.device.state.suspended_at.is_some().into()),
            ("hasToken", |k| has_token(&k.device).into()),
            ("createdAt", |k| k.device.held.created_at.into()),
            ("testDispatchFailureReason", |k| shown::test_failure(&k.device).into()),
        ],
    );
    b.parts::<KrakenFlex>(
        "KrakenFlexDeviceType",
        &[("stateOfChargeLimit", |k| Resolved::maybe(shown::limit(&k.device)))],
    );
}

/// How far a device has come, in words.
fn status(device: &Device) -> &'static str {
    match device.state.codes().0 {
        "PENDING_LIVE" => "Pending live",
        "LIVE" => "Live",
        "ONBOARDING_TEST_IN_PROGRESS" => "Onboarding test in progress",
        "FAILED_ONBOARDING_TEST" => "Failed onboarding test",
        "RETIRED" => "Retired",
        _ => "Onboarding",
    }
}

/// Whether its maker's service lets us in.
fn has_token(device: &Device) -> bool {
    !matches!(device.state.stage, Stage::SigningIn { .. } | Stage::NotLetIn | Stage::Retired)
}

async fn described(call: &Call<'_>, device: Device) -> Result<KrakenFlex, FieldError> {
    let vehicles: Vec<i32> = device.held.vehicle_model_id.into_iter().collect();
    let points: Vec<i32> = device.held.charge_point_model_id.into_iter().collect();
    let mut view = call.cx.read().await?;
    let vehicle = catalogue::vehicles_by_id(&mut view, &vehicles).await.map_err(FieldError::internal)?.pop();
    let points = catalogue::charge_points_by_id(&mut view, &points).await;
    let charge_point = points.map_err(FieldError::internal)?.pop();
    Ok(KrakenFlex { device: Arc::new(device), vehicle, charge_point })
}

/// The answer of an older mutation.
pub(super) async fn told(call: &Call<'_>, device: Device) -> Result<Resolved, FieldError> {
    Ok(Resolved::node(Told(described(call, device).await?)))
}

/// The device in the answer of an older mutation.
pub(super) fn device(told: &Told) -> Resolved {
    Resolved::node(told.0.clone())
}

async fn registered(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let device = {
        let mut view = call.cx.read().await?;
        fleet::charger_of(&mut view, call.cx.viewer(), &number).await.map_err(refusals::of_account)?
    };
    Ok(Resolved::node(described(&call, device).await?))
}
