//! Home batteries in the older shape: `setBatteryChargingPreferences`.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

use super::refusals::Codes;
use super::shown::{device_type, float, percent, thousandths};
use super::telemetry::seen_at;
use crate::api::session::{Bindings, Call};
use crate::domain::devices::DeviceError;
use crate::domain::devices::fleet::Device;
use crate::domain::devices::home_energy;
use crate::domain::devices::preferences;
use crate::domain::devices::wishes::Target;
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Resolved};

/// What the mutation answers.
struct Told(Arc<Device>);
/// The battery.
struct Battery(Arc<Device>);
/// How it is.
struct Status(Arc<Device>);
/// What it measures.
struct Readings(Arc<Device>);
/// Something that was measured.
struct Reading(Decimal, DateTime<Utc>);
/// What is wanted of it today.
struct Limits(Target);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.setBatteryChargingPreferences", set_reserve);
    b.parts::<Told>(
        "SetBatteryChargingPreferences",
        &[("krakenflexDevice", |t| Resolved::node(Battery(Arc::clone(&t.0))))],
    );
    b.leaves::<Battery>(
        "BatteryDeviceType",
        &[
            ("krakenflexDeviceId", |b| b.0.held.id.into()),
            ("deviceType", |b| device_type(b.0.kind).into()),
            ("provider", |b| (&b.0.held.provider).into()),
        ],
    );
    b.parts::<Battery>(
        "BatteryDeviceType",
        &[
            ("deviceStatus", |b| Resolved::node(Status(Arc::clone(&b.0)))),
            ("chargingPreferences", |b| Resolved::maybe(today(&b.0).map(Limits))),
        ],
    );
    b.leaves::<Status>(
        "DeviceStatusType",
        &[
            ("status", |s| s.0.state.codes().0.into()),
            ("suspended", |s| s.0.state.suspended_at.is_some().into()),
            ("maxImportInKw", |s| float(Some(thousandths(s.0.held.power_w)))),
            ("maxExportInKw", |s| float(Some(thousandths(most_out(&s.0))))),
            ("pluggedIn", |s| s.0.state.condition.is_plugged.into()),
        ],
    );
    b.parts::<Status>("DeviceStatusType", &[("readings", |s| Resolved::node(Readings(Arc::clone(&s.0))))]);
    b.parts::<Readings>(
        "DeviceStatusReadingsType",
        &[
            ("activePowerInKw", |r| measured(&r.0, |_, flows| thousandths(flows.battery_w))),
            ("energyInKwh", |r| measured(&r.0, energy)),
            ("socPercentage", |r| measured(&r.0, |_, flows| percent(flows.charge))),
        ],
    );
    b.leaves::<Reading>(
        "DeviceStatusReadingType",
        &[("value", |r| float(Some(r.0))), ("timestamp", |r| r.1.into())],
    );
    b.leaves::<Limits>(
        "BatteryChargingPreferencesType",
        &[
            ("minimumSocPercentage", |l| l.0.min.and_then(|min| min.to_i64()).into()),
            ("maximumSocPercentage", |l| l.0.max.to_i64().into()),
        ],
    );
}

/// What it may feed into the grid, in watts.
fn most_out(device: &Device) -> i64 {
    if device.held.exports == Some(true) { device.held.power_w } else { 0 }
}

fn energy(device: &Device, flows: home_energy::Flows) -> Decimal {
    thousandths(device.held.battery_wh.unwrap_or(0) * flows.charge / 10_000)
}

fn measured(device: &Device, read: fn(&Device, home_energy::Flows) -> Decimal) -> Resolved {
    let at = seen_at(device);
    Resolved::node(Reading(read(device, home_energy::at(device, at)), at))
}

fn today(device: &Device) -> Option<Target> {
    let local = device.state.condition.at.with_timezone(&device.thing.zone);
    device.wishes.on(local.weekday().number_from_monday()).cloned()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    account_number: String,
    minimum_soc_percentage: i64,
}

async fn set_reserve(call: Call<'_>) -> Result<Resolved, FieldError> {
    let Some(input) = call.arg::<Option<Input>>("input")? else {
        return Err(FieldError::code(INVALID_INPUT).at_input(&["input"]));
    };
    let subject = Some(input.account_number.as_str());
    let done =
        call.cx.write("Mutation.setBatteryChargingPreferences", subject, &input, |tx, viewer, input| {
            Box::pin(preferences::set_reserve(
                tx,
                viewer,
                &input.account_number,
                input.minimum_soc_percentage,
            ))
        });
    let device = done.await.map_err(|error| match error {
        DeviceError::Invalid(_, why) => {
            FieldError::code("KT-CT-4321").describe(why).at_input(&["input", "minimumSocPercentage"])
        }
        DeviceError::NoPreferences => FieldError::code("KT-CT-4353"),
        other => Codes { unknown: "KT-CT-4301", not_ready: "KT-CT-4353", failed: "KT-CT-4353" }.refuse(other),
    })?;
    Ok(Resolved::node(Told(Arc::new(device))))
}
