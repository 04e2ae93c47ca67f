//! What inverters and thermostats measure.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::heat_pumps::Degrees;
use super::shown::{Shown, Status, percent, thousandths};
use crate::api::session::Bindings;
use crate::domain::devices::fleet::Device;
use crate::domain::devices::home_energy::{self, Flows};
use crate::domain::devices::rooms;
use crate::graphql::Resolved;

/// What runs where, and whether that is told at present.
#[derive(Clone, Copy)]
struct Telemetry {
    flows: Flows,
    is_online: bool,
}
struct Inverter(Telemetry);
struct Battery(Telemetry);
struct Solar(Telemetry);
struct Grid(Telemetry);
struct Site(Telemetry);

pub(super) fn bind(b: &mut Bindings) {
    b.parts::<Shown>("SmartFlexInverter", &[("telemetry", |d| Resolved::node(telemetry(&d.0)))]);
    b.parts::<Telemetry>(
        "SmartFlexInverterTelemetry",
        &[
            ("inverter", |t| Resolved::node(Inverter(*t))),
            ("battery", |t| Resolved::node(Battery(*t))),
            ("solar", |t| Resolved::node(Solar(*t))),
            ("grid", |t| Resolved::node(Grid(*t))),
            ("site", |t| Resolved::node(Site(*t))),
        ],
    );
    b.leaves::<Inverter>(
        "InverterTelemetry",
        &[
            ("connectionStatus", |t| online(t.0).into()),
            // What it turns into mains current: from the roof and the battery.
            ("powerInKw", |t| thousandths(t.0.flows.solar_w - t.0.flows.battery_w).into()),
        ],
    );
    b.leaves::<Battery>(
        "BatteryTelemetry",
        &[
            ("connectionStatus", |t| online(t.0).into()),
            ("powerInKw", |t| thousandths(t.0.flows.battery_w).into()),
            ("stateOfCharge", |t| percent(t.0.flows.charge).into()),
        ],
    );
    b.leaves::<Solar>("SolarTelemetry", &[("powerInKw", |t| thousandths(t.0.flows.solar_w).into())]);
    b.leaves::<Grid>("GridTelemetry", &[("powerInKw", |t| thousandths(t.0.flows.grid_w).into())]);
    b.leaves::<Site>(
        "SiteTelemetry",
        &[
            ("consumptionInKw", |t| thousandths(t.0.flows.site_w).into()),
            ("exportInKw", |t| thousandths((-t.0.flows.grid_w).max(0)).into()),
        ],
    );
    b.leaves::<Status>(
        "SmartFlexThermostatStatus",
        &[
            ("mode", |s| if s.0.wishes.mode == "COOL" { "COOLING".into() } else { "HEATING".into() }),
            ("timestamp", |s| seen_at(&s.0).into()),
        ],
    );
    b.parts::<Status>(
        "SmartFlexThermostatStatus",
        &[
            ("currentTemperature", |s| Resolved::maybe(room(&s.0))),
            ("targetHeatTemperature", |s| Resolved::maybe(target(&s.0, "HEAT"))),
            ("targetCoolTemperature", |s| Resolved::maybe(target(&s.0, "COOL"))),
        ],
    );
}

/// The moment that is known of.
pub(super) fn seen_at(device: &Device) -> DateTime<Utc> {
    device.state.lost.map_or(device.state.condition.at, |(at, _)| at)
}

fn telemetry(device: &Arc<Device>) -> Telemetry {
    let flows = home_energy::at(device, seen_at(device));
    Telemetry { flows, is_online: device.state.condition.is_connected }
}

fn online(telemetry: Telemetry) -> &'static str {
    if telemetry.is_online { "ONLINE" } else { "OFFLINE" }
}

fn room(device: &Device) -> Option<Degrees> {
    rooms::warmth(device, seen_at(device)).map(Degrees)
}

fn target(device: &Device, mode: &str) -> Option<Degrees> {
    let wanted: Option<Decimal> =
        rooms::wanted(device, seen_at(device)).filter(|_| device.wishes.mode == mode);
    wanted.map(rooms::thousandths).map(Degrees)
}
