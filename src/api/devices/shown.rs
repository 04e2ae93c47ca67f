//! `devices`, `ocppConnection`, and what every device shows.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

use super::refusals;
use crate::api::session::{Bindings, Call};
use crate::domain::devices::alerts::{self, Alert};
use crate::domain::devices::catalogue;
use crate::domain::devices::cloud::{Kind, TestFailure};
use crate::domain::devices::fleet::{self, Device};
use crate::domain::devices::life::Stage;
use crate::graphql::{FieldError, Leaf, Leaves, Node, Parts, Resolved};

/// A device behind any of the types that devices have.
#[derive(Clone)]
pub(super) struct Shown(pub Arc<Device>);

/// How a device is.
pub(super) struct Status(pub Arc<Device>);

/// Something that was measured.
struct Reading {
    at: DateTime<Utc>,
    value: Decimal,
}

/// How far a car lets itself be charged.
pub(super) struct Limit {
    percent: i64,
    at: DateTime<Utc>,
    is_violated: bool,
}

/// The types of devices, by what they are.
pub(super) const TYPES: [&str; 6] = [
    "SmartFlexVehicle",
    "SmartFlexChargePoint",
    "SmartFlexBattery",
    "SmartFlexInverter",
    "SmartFlexThermostat",
    "SmartFlexDevice",
];
/// The types of what charges cars.
pub(super) const CHARGERS: [&str; 2] = ["SmartFlexVehicle", "SmartFlexChargePoint"];

const COMMON: Leaves<Shown> = &[
    ("id", |d| d.0.held.id.into()),
    ("name", |d| (&d.0.held.name).into()),
    ("deviceType", |d| device_type(d.0.kind).into()),
    ("provider", |d| (&d.0.held.provider).into()),
    ("integrationDeviceId", |d| (&d.0.held.reference).into()),
    ("propertyId", |d| d.0.held.property_id.into()),
];
const COMMON_PARTS: Parts<Shown> = &[
    ("status", |d| typed(status_type(d.0.kind), Status(Arc::clone(&d.0)))),
    ("alerts", |d| {
        Resolved::List(
            alerts::of(&d.0).into_iter().map(|alert| typed("SmartFlexDeviceAlert", alert)).collect(),
        )
    }),
];
const STATUS: Leaves<Status> = &[
    ("current", |s| s.0.state.codes().0.into()),
    ("currentState", |s| s.0.state.codes().1.into()),
    ("isSuspended", |s| s.0.state.suspended_at.is_some().into()),
];
const CAR_STATUS: Leaves<Status> = &[("testDispatchFailureReason", |s| test_failure(&s.0).into())];
const CAR_STATUS_PARTS: Parts<Status> = &[
    ("stateOfChargeLimit", |s| Resolved::maybe(limit(&s.0))),
    ("stateOfCharge", |s| Resolved::maybe(charge(&s.0))),
    ("activePower", |s| Resolved::maybe(power(&s.0))),
];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.devices", devices);
    b.root("Query.ocppConnection", ocpp_connection);
    for object in TYPES {
        b.leaves(object, COMMON).parts(object, COMMON_PARTS);
    }
    for object in TYPES.into_iter().take(5) {
        b.leaves::<Shown>(object, &[("make", |d| (&d.0.held.make).into())]);
    }
    for object in TYPES.into_iter().take(4) {
        b.leaves::<Shown>(object, &[("model", |d| (&d.0.held.model).into())]);
    }
    for object in CHARGERS {
        b.leaves::<Shown>(
            object,
            &[
                ("vehicleBatterySize", |d| d.0.held.battery_wh.map(thousandths).into()),
                ("chargePointPowerOutput", |d| {
                    d.0.held.charge_point_model_id.map(|_| thousandths(d.0.held.power_w)).into()
                }),
            ],
        );
    }
    b.batch("SmartFlexVehicle.vehicleVariant", vehicle_variants);
    b.batch("SmartFlexChargePoint.vehicleVariant", vehicle_variants);
    b.batch("SmartFlexVehicle.chargePointVariant", charge_point_variants);
    b.batch("SmartFlexChargePoint.chargePointVariant", charge_point_variants);
    let statuses = [
        "SmartFlexVehicleStatus",
        "SmartFlexChargePointStatus",
        "SmartFlexThermostatStatus",
        "SmartFlexDeviceStatus",
    ];
    for object in statuses {
        b.leaves(object, STATUS);
    }
    for object in ["SmartFlexVehicleStatus", "SmartFlexChargePointStatus"] {
        b.leaves(object, CAR_STATUS).parts(object, CAR_STATUS_PARTS);
    }
    b.leaves::<Reading>("DecimalReading", &[("timestamp", |r| r.at.into()), ("value", |r| r.value.into())]);
    b.leaves::<Limit>(
        "StateOfChargeLimit",
        &[
            ("upperSocLimit", |l| l.percent.into()),
            ("timestamp", |l| l.at.to_rfc3339().into()),
            ("isLimitViolated", |l| l.is_violated.into()),
        ],
    );
    b.leaves::<Alert>(
        "SmartFlexDeviceAlert",
        &[("message", |a| (&a.message).into()), ("publishedAt", |a| a.published_at.into())],
    );
    b.leaves::<Connected>("OCPPConnectionType", &[("isConnected", |c| c.0.into())]);
}

/// A row where an interface or a union leaves open of which type it is.
pub(super) fn typed<T: Send + Sync + 'static>(tag: &'static str, row: T) -> Resolved {
    Resolved::Node(Node::typed(tag, row))
}

/// A device as a client sees it.
pub(super) fn shown(device: Device) -> Resolved {
    let tag = match device.kind {
        Kind::Vehicle => "SmartFlexVehicle",
        Kind::ChargePoint => "SmartFlexChargePoint",
        Kind::Battery => "SmartFlexBattery",
        Kind::Inverter => "SmartFlexInverter",
        Kind::Thermostat => "SmartFlexThermostat",
        Kind::HeatPump => "SmartFlexDevice",
    };
    Resolved::Node(Node::typed(tag, Shown(Arc::new(device))))
}

/// One of `KrakenFlexDeviceTypes`.
pub(super) fn device_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Vehicle | Kind::ChargePoint => "ELECTRIC_VEHICLES",
        Kind::Battery => "BATTERIES",
        Kind::Inverter => "INVERTERS",
        Kind::HeatPump => "HEAT_PUMPS",
        Kind::Thermostat => "THERMOSTATS",
    }
}

fn status_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Vehicle => "SmartFlexVehicleStatus",
        Kind::ChargePoint => "SmartFlexChargePointStatus",
        Kind::Thermostat => "SmartFlexThermostatStatus",
        _ => "SmartFlexDeviceStatus",
    }
}

/// W as kW, Wh as kWh.
pub(super) fn thousandths(amount: i64) -> Decimal {
    Decimal::new(amount, 3).normalize()
}

/// Hundredths of a per cent as per cent.
pub(super) fn percent(hundredths: i64) -> Decimal {
    Decimal::new(hundredths, 2).normalize()
}

/// One of `TestDispatchAssessmentFailureReason`.
pub(super) fn test_failure(device: &Device) -> &'static str {
    match device.state.stage {
        Stage::TestFailed(TestFailure::AssessmentsFailed) => "ASSESSMENTS_FAILED",
        Stage::TestFailed(TestFailure::UnableToCommunicate) => "UNABLE_TO_COMMUNICATE",
        _ => "NONE",
    }
}

pub(super) fn limit(device: &Device) -> Option<Limit> {
    let percent = i64::from(device.held.charge_limit_percent?);
    let (at, _) = device.state.known_charge(&device.thing);
    Some(Limit { percent, at, is_violated: alerts::wants_too_much(device) })
}

fn charge(device: &Device) -> Option<Reading> {
    let (at, charge) = device.state.known_charge(&device.thing);
    device.knows_charge().then(|| Reading { at, value: percent(charge) })
}

fn power(device: &Device) -> Option<Reading> {
    let condition = &device.state.condition;
    condition.is_connected.then(|| Reading { at: condition.at, value: thousandths(condition.power_w) })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DevicesArgs {
    account_number: String,
    property_id: Option<String>,
    device_id: Option<String>,
}

async fn devices(call: Call<'_>) -> Result<Resolved, FieldError> {
    let args: DevicesArgs = call.args()?;
    let none = || FieldError::code("KT-CT-4301");
    let id = args.device_id.map(|id| id.parse::<Uuid>()).transpose().map_err(|_| none())?;
    let property = args.property_id.map(|id| id.parse::<i64>()).transpose().map_err(|_| none())?;
    let mut view = call.cx.read().await?;
    let found = fleet::of_account(&mut view, call.cx.viewer(), &args.account_number, id, property).await;
    Ok(Resolved::List(found.map_err(refusals::of_account)?.into_iter().map(shown).collect()))
}

/// Whether a charge point is talking to us.
struct Connected(bool);

async fn ocpp_connection(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let mut view = call.cx.read().await?;
    let found = fleet::of_account(&mut view, call.cx.viewer(), &number, None, None).await;
    let found = found.map_err(refusals::of_account)?;
    let speaks = |device: &&Device| {
        matches!(device.held.provider.as_str(), "OCPP" | "OCPP_WALLBOX") && device.is_registered_charger()
    };
    let point = found.iter().rfind(speaks).ok_or_else(|| FieldError::code("KT-CT-4301"))?;
    Ok(Resolved::node(Connected(point.state.condition.is_connected)))
}

async fn vehicle_variants(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let wanted: Vec<Option<i32>> =
        call.parents::<Shown>()?.iter().map(|d| d.0.held.vehicle_model_id).collect();
    let ids: Vec<i32> = wanted.iter().flatten().copied().collect();
    let mut view = call.cx.read().await?;
    let found = catalogue::vehicles_by_id(&mut view, &ids).await.map_err(FieldError::internal)?;
    let of = |id: Option<i32>| found.iter().find(|model| Some(model.id) == id).cloned();
    Ok(wanted.into_iter().map(|id| Resolved::maybe(of(id))).collect())
}

async fn charge_point_variants(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let wanted: Vec<Option<i32>> =
        call.parents::<Shown>()?.iter().map(|d| d.0.held.charge_point_model_id).collect();
    let ids: Vec<i32> = wanted.iter().flatten().copied().collect();
    let mut view = call.cx.read().await?;
    let found = catalogue::charge_points_by_id(&mut view, &ids).await.map_err(FieldError::internal)?;
    let of = |id: Option<i32>| found.iter().find(|model| Some(model.id) == id).cloned();
    Ok(wanted.into_iter().map(|id| Resolved::maybe(of(id))).collect())
}

/// A decimal that a `Float` is written from.
pub(super) fn float(value: Option<Decimal>) -> Leaf<'static> {
    value.map(|value| value.normalize()).into()
}
