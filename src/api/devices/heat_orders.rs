//! What controllers of heat pumps are told. The shorter names are older and do the same.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

use super::refusals::Codes;
use crate::api::session::{Bindings, Call};
use crate::domain::devices::DeviceError;
use crate::domain::devices::heat::orders::{self, WantedFlow, Which, ZoneMode};
use crate::domain::devices::heat::settings::{Mode, ZoneName};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Resolved};

/// The number of an order.
pub(super) struct Ordered(pub i64);
/// The numbers of several.
struct AllOrdered(Vec<(String, i64)>);
/// One of them.
struct OneOrdered(String, i64);
/// What became of a controller.
struct Gone;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.octoHeatPumpSetZoneMode", set_mode);
    b.root("Mutation.setZoneMode", set_mode);
    b.root("Mutation.octoHeatPumpUpdateWaterSetpoint", set_water);
    b.root("Mutation.updateWaterSetpoint", set_water);
    b.root("Mutation.octoHeatPumpUpdateFlowTemperatureConfiguration", set_flow);
    b.root("Mutation.octoHeatPumpSetZonePrimarySensor", set_primary);
    b.root("Mutation.octoHeatPumpUpdateSensorDisplayName", rename);
    b.root("Mutation.updateSensorDisplayName", rename);
    b.root("Mutation.octoHeatPumpBulkUpdateSensorDisplayName", rename_all);
    b.root("Mutation.bulkUpdateSensorDisplayName", rename_all);
    b.root("Mutation.octoHeatPumpRemoveSensor", remove);
    b.root("Mutation.removeSensor", remove);
    b.root("Mutation.octoHeatPumpDeprovisionHeatingController", deprovision);
    b.root("Mutation.deprovisionHeatingController", deprovision);
    let payloads = [
        "SetZoneMode",
        "UpdateWaterSetpoint",
        "UpdateFlowTemperatureConfiguration",
        "SetZonePrimarySensor",
        "UpdateSensorDisplayName",
        "RemoveSensor",
    ];
    for payload in payloads {
        b.leaves::<Ordered>(payload, &[("transactionId", |o| o.0.into())]);
    }
    b.parts::<AllOrdered>(
        "BulkUpdateSensorDisplayName",
        &[("transactionIds", |all| {
            Resolved::nodes(all.0.iter().cloned().map(|(code, order)| OneOrdered(code, order)))
        })],
    );
    b.leaves::<OneOrdered>(
        "SensorUpdateTransactionId",
        &[("sensorCode", |o| (&o.0).into()), ("transactionId", |o| o.1.into())],
    );
    b.leaves::<Gone>(
        "DeprovisionHeatingController",
        &[("message", |_| "The controller has been taken off the account.".into())],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Controller {
    euid: String,
    pub account_number: Option<String>,
}

impl Controller {
    pub fn which(&self) -> Which<'_> {
        Which { euid: &self.euid, account: self.account_number.as_deref() }
    }
}

/// Answers an operation that has one code for input and one for everything else.
pub(super) fn refused(error: DeviceError, invalid: &'static str, failed: &'static str) -> FieldError {
    match error {
        DeviceError::Invalid(at, why) => FieldError::code(invalid).describe(why).at_input(&[at]),
        DeviceError::Unknown if failed == invalid => FieldError::code(invalid).at_input(&["euid"]),
        other => Codes { unknown: failed, not_ready: failed, failed }.refuse(other),
    }
}

/// Degrees in thousandths; what is no such number is out of any bounds.
pub(super) fn thousandths(degrees: Decimal) -> i64 {
    (degrees * Decimal::ONE_THOUSAND)
        .normalize()
        .to_i64()
        .filter(|_| degrees.scale() <= 3)
        .unwrap_or(i64::MIN)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModeInput {
    zone: String,
    mode: String,
    setpoint_in_celsius: Option<Decimal>,
    end_at: Option<DateTime<Utc>>,
}

fn mode(code: &str) -> Mode {
    match code {
        "ON" => Mode::On,
        "OFF" => Mode::Off,
        "BOOST" => Mode::Boost,
        _ => Mode::Auto,
    }
}

async fn set_mode(call: Call<'_>) -> Result<Resolved, FieldError> {
    let controller: Controller = call.args()?;
    let input: ModeInput = call.arg("operationParameters")?;
    let wanted = ZoneMode {
        zone: ZoneName::of(&input.zone).unwrap_or(ZoneName::Auxiliary),
        mode: mode(&input.mode),
        setpoint: input.setpoint_in_celsius.map(thousandths),
        ends_at: input.end_at,
    };
    let asked = (&controller, wanted);
    let subject = controller.account_number.as_deref();
    let done = call.cx.write("Mutation.octoHeatPumpSetZoneMode", subject, &asked, |tx, viewer, asked| {
        Box::pin(orders::set_mode(tx, viewer, asked.0.which(), &asked.1))
    });
    let order = done.await.map_err(|error| refused(error, "KT-CT-4333", "KT-CT-4306"))?;
    Ok(Resolved::node(Ordered(order)))
}

async fn set_water(call: Call<'_>) -> Result<Resolved, FieldError> {
    let controller: Controller = call.args()?;
    let setpoint: i64 = call.arg("setpoint")?;
    let asked = (&controller, setpoint.saturating_mul(1000));
    let subject = controller.account_number.as_deref();
    let done =
        call.cx.write("Mutation.octoHeatPumpUpdateWaterSetpoint", subject, &asked, |tx, viewer, asked| {
            Box::pin(orders::set_water(tx, viewer, asked.0.which(), asked.1))
        });
    let order = done.await.map_err(|error| refused(error, "KT-CT-4321", "KT-CT-4321"))?;
    Ok(Resolved::node(Ordered(order)))
}

#[derive(Deserialize)]
struct TemperatureInput {
    value: Decimal,
}

#[derive(Deserialize)]
struct RangeInput {
    minimum: TemperatureInput,
    maximum: TemperatureInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FlowInput {
    use_weather_compensation: bool,
    weather_compensation_values: Option<RangeInput>,
    flow_temperature: Option<TemperatureInput>,
}

async fn set_flow(call: Call<'_>) -> Result<Resolved, FieldError> {
    let controller: Controller = call.args()?;
    let input: FlowInput = call.arg("flowTemperatureInput")?;
    let range = input.weather_compensation_values;
    let wanted = WantedFlow {
        is_compensated: input.use_weather_compensation,
        range: range.map(|range| (thousandths(range.minimum.value), thousandths(range.maximum.value))),
        fixed: input.flow_temperature.map(|flow| thousandths(flow.value)),
    };
    let asked = (&controller, wanted);
    let operation = "Mutation.octoHeatPumpUpdateFlowTemperatureConfiguration";
    let done = call.cx.write(operation, Some(&controller.euid), &asked, |tx, viewer, asked| {
        Box::pin(orders::set_flow(tx, viewer, asked.0.which(), &asked.1))
    });
    let order = done.await.map_err(|error| refused(error, "KT-CT-4321", "KT-CT-4321"))?;
    Ok(Resolved::node(Ordered(order)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PrimaryInput {
    zone: String,
    sensor_code: String,
}

async fn set_primary(call: Call<'_>) -> Result<Resolved, FieldError> {
    let controller: Controller = call.args()?;
    let input: PrimaryInput = call.arg("operationParameters")?;
    let asked = (&controller, &input);
    let subject = controller.account_number.as_deref();
    let done =
        call.cx.write("Mutation.octoHeatPumpSetZonePrimarySensor", subject, &asked, |tx, viewer, asked| {
            let (controller, input) = *asked;
            let zone = ZoneName::of(&input.zone).unwrap_or(ZoneName::Auxiliary);
            Box::pin(orders::set_primary_sensor(tx, viewer, controller.which(), zone, &input.sensor_code))
        });
    let order = done.await.map_err(|error| refused(error, INVALID_INPUT, INVALID_INPUT))?;
    Ok(Resolved::node(Ordered(order)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NameInput {
    sensor_code: String,
    new_display_name: String,
}

async fn renamed(call: &Call<'_>, names: &[NameInput]) -> Result<Vec<i64>, FieldError> {
    let controller: Controller = call.args()?;
    let asked = (&controller, names);
    let subject = controller.account_number.as_deref();
    let operation = "Mutation.octoHeatPumpBulkUpdateSensorDisplayName";
    let done = call.cx.write(operation, subject, &asked, |tx, viewer, asked| {
        let (controller, names) = *asked;
        Box::pin(async move {
            let names: Vec<(&str, &str)> = names
                .iter()
                .map(|name| (name.sensor_code.as_str(), name.new_display_name.as_str()))
                .collect();
            orders::rename_sensors(tx, viewer, controller.which(), &names).await
        })
    });
    done.await.map_err(|error| refused(error, "KT-CT-4321", "KT-CT-4321"))
}

async fn rename(call: Call<'_>) -> Result<Resolved, FieldError> {
    let name = NameInput { sensor_code: call.arg("sensorCode")?, new_display_name: call.arg("displayName")? };
    let orders = renamed(&call, &[name]).await?;
    Ok(Resolved::maybe(orders.first().copied().map(Ordered)))
}

async fn rename_all(call: Call<'_>) -> Result<Resolved, FieldError> {
    let names: Vec<Option<NameInput>> = call.arg("updates")?;
    let names: Vec<NameInput> = names.into_iter().flatten().collect();
    let orders = renamed(&call, &names).await?;
    let codes = names.into_iter().map(|name| name.sensor_code);
    Ok(Resolved::node(AllOrdered(codes.zip(orders).collect())))
}

async fn remove(call: Call<'_>) -> Result<Resolved, FieldError> {
    let controller: Controller = call.args()?;
    let sensor: String = call.arg("sensorId")?;
    let asked = (&controller, sensor.as_str());
    let subject = controller.account_number.as_deref();
    let done = call.cx.write("Mutation.octoHeatPumpRemoveSensor", subject, &asked, |tx, viewer, asked| {
        let (controller, sensor) = *asked;
        Box::pin(orders::remove_sensor(tx, viewer, controller.which(), sensor))
    });
    let order = done.await.map_err(|error| refused(error, "KT-CT-4309", "KT-CT-4309"))?;
    Ok(Resolved::node(Ordered(order)))
}

async fn deprovision(call: Call<'_>) -> Result<Resolved, FieldError> {
    let controller: Controller = call.args()?;
    let subject = controller.account_number.as_deref();
    let operation = "Mutation.octoHeatPumpDeprovisionHeatingController";
    let done = call.cx.write(operation, subject, &controller, |tx, viewer, controller| {
        Box::pin(async move { orders::deprovision(tx, viewer, controller.which()).await.map(|_| ()) })
    });
    done.await.map_err(|error| refused(error, "KT-CT-4307", "KT-CT-4307"))?;
    Ok(Resolved::node(Gone))
}
