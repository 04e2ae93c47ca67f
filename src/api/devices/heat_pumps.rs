//! Heat pumps with a controller: what they go by and measure.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::refusals;
use super::shown::device_type;
use crate::api::session::{Bindings, Call};
use crate::domain::devices::heat::controllers::{self, Controller, Sensor};
use crate::domain::devices::heat::settings::{FLOW, Settings, WATER, Zone, ZoneName};
use crate::graphql::{FieldError, Leaf, Leaves, Node, Resolved};

/// A controller behind any of the types that show something of it.
#[derive(Clone)]
struct Shown(Arc<Controller>);
/// Behind `controller` in a configuration.
struct Itself(Arc<Controller>);
/// Behind `heatPump`.
struct Pump(Arc<Controller>);
/// A zone by its place among the settings.
pub(super) struct OfZone(Arc<Controller>, usize);
/// What a zone does now.
struct Operation(Arc<Controller>, usize);
/// A sensor by its place.
struct OfSensor(Arc<Controller>, usize);
/// Whether a sensor is in reach.
struct Reach(Arc<Controller>);
/// How the water for radiators is.
struct Flow(Arc<Controller>);
/// How it goes by the weather.
struct Compensation(Arc<Controller>);
/// Lowest and highest, in thousandths of a degree.
struct Range((i64, i64));
/// Thousandths of a degree Celsius.
pub(super) struct Degrees(pub i64);
/// Rooms in the older shape.
struct Climate(Arc<Controller>);
/// Hot water in the older shape.
struct Water(Arc<Controller>);
/// A heat pump in the older shape.
pub(super) struct Older(pub Arc<Controller>);
struct Params(i32);
struct Place(i64);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.octoHeatPumpControllerConfiguration", by_euid);
    b.root("Query.heatPumpControllerConfiguration", by_euid);
    b.root("Query.octoHeatPumpControllerStatus", by_euid);
    b.root("Query.heatPumpControllerStatus", by_euid);
    b.root("Query.octoHeatPumpControllerEuids", euids);
    b.root("Query.octoHeatPumpControllersAtLocation", at_location);
    b.root("Query.heatPumpStatus", status);
    b.root("Query.heatPumpDevice", device);
    bind_configuration(b);
    bind_zones(b);
    bind_sensors(b);
    bind_older(b);
    b.leaves::<Degrees>(
        "Temperature",
        &[
            ("value", |t| degrees(t.0).into()),
            ("scale", |_| "CELSIUS".into()),
            ("unit", |_| "DEGREES_CELSIUS".into()),
        ],
    );
    b.parts::<Range>(
        "TemperatureRange",
        &[("minimum", |r| Resolved::node(Degrees(r.0.0))), ("maximum", |r| Resolved::node(Degrees(r.0.1)))],
    );
}

/// Thousandths of a degree as degrees, to a tenth.
pub(super) fn degrees(thousandths: i64) -> Decimal {
    Decimal::new(thousandths, 3).round_dp(1).normalize()
}

fn float(thousandths: i64) -> Leaf<'static> {
    degrees(thousandths).into()
}

fn bind_configuration(b: &mut Bindings) {
    b.parts::<Shown>(
        "ControllerAndZoneConfiguration",
        &[
            ("controller", |c| Resolved::node(Itself(Arc::clone(&c.0)))),
            ("heatPump", |c| Resolved::node(Pump(Arc::clone(&c.0)))),
            ("zones", zones),
        ],
    );
    b.leaves::<Itself>(
        "ControllerConfiguration",
        &[
            ("state", |c| vec![state(&c.0)].into()),
            ("heatPumpTimezone", |c| c.0.pump.zone.name().into()),
            ("connected", |c| c.0.device.state.condition.is_connected.into()),
        ],
    );
    b.leaves::<Pump>(
        "HeatPumpConfiguration",
        &[
            ("serialNumber", |c| (&c.0.made.serial_number).into()),
            ("model", |c| (&c.0.model.model).into()),
            ("hardwareVersion", |c| (&c.0.made.hardware_version).into()),
            ("minWaterSetpoint", |_| float(WATER.0)),
            ("maxWaterSetpoint", |_| float(WATER.1)),
        ],
    );
    b.parts::<Pump>(
        "HeatPumpConfiguration",
        &[
            ("heatingFlowTemperature", |c| Resolved::node(Flow(Arc::clone(&c.0)))),
            ("weatherCompensation", |c| Resolved::node(Compensation(Arc::clone(&c.0)))),
        ],
    );
    b.parts::<Flow>(
        "FlowTemperatureConfiguration",
        &[
            ("currentTemperature", |c| Resolved::node(Degrees(flow(&c.0)))),
            ("allowableRange", |_| Resolved::node(Range(FLOW))),
        ],
    );
    b.leaves::<Compensation>(
        "WeatherCompensationConfiguration",
        &[("enabled", |c| c.0.settings.flow.is_compensated.into())],
    );
    b.parts::<Compensation>(
        "WeatherCompensationConfiguration",
        &[
            ("currentRange", |c| Resolved::node(Range(c.0.settings.flow.range))),
            ("allowableRange", |_| Resolved::node(Range(FLOW))),
        ],
    );
    b.parts::<Shown>(
        "ControllerAtLocation",
        &[
            ("controller", |c| Resolved::node(Itself(Arc::clone(&c.0)))),
            ("location", |c| Resolved::node(Place(c.0.device.held.property_id))),
        ],
    );
    b.leaves::<Shown>(
        "ControllerAtLocation",
        &[
            ("heatPumpModel", |c| (&c.0.model.model).into()),
            ("provisionedAt", |c| c.0.made.provisioned_at.into()),
        ],
    );
    b.leaves::<Itself>("Controller", &[("euid", |c| (&c.0.device.held.reference).into())]);
    b.leaves::<Place>("Location", &[("propertyId", |p| p.0.into())]);
}

/// One of `State`.
fn state(controller: &Controller) -> &'static str {
    if controller.device.state.is_live() { "NORMAL_MODE" } else { "SETUP" }
}

fn flow(controller: &Controller) -> i64 {
    let outdoor = controller.pump.at(controller.seen_at()).outdoor;
    controller.pump.flow(&controller.settings, outdoor)
}

fn zones(controller: &Shown) -> Resolved {
    let count = controller.0.settings.zones.len();
    Resolved::nodes((0..count).map(|place| OfZone(Arc::clone(&controller.0), place)))
}

impl OfZone {
    pub fn zone(&self) -> Option<&Zone> {
        self.0.settings.zones.get(self.1)
    }
}

/// What a zone keeps and does at the moment that is known of.
struct Doing {
    mode: &'static str,
    keeps: Option<i64>,
    /// Whether it wants heat, and gets it.
    wants: bool,
    gets: bool,
    /// Whether it wants more than there is.
    is_short: bool,
    ends_at: Option<DateTime<Utc>>,
}

fn doing(controller: &Controller, zone: &Zone) -> Doing {
    let at = controller.seen_at();
    let now = controller.pump.at(at);
    let is_water = zone.name == ZoneName::Water;
    let keeps = zone.keeps(controller.pump.zone, at);
    Doing {
        mode: zone.mode_at(at).code(),
        keeps,
        wants: if is_water { keeps.is_some() } else { now.wanted_w > 0 },
        gets: if is_water { now.water_w > 0 } else { now.rooms_w > 0 },
        is_short: !is_water && now.wanted_w > now.rooms_w,
        ends_at: zone.ends_at.filter(|end| *end > at),
    }
}

fn of_zone(zone: &OfZone) -> Option<Doing> {
    zone.zone().map(|found| doing(&zone.0, found))
}

fn of_operation(operation: &Operation) -> Option<Doing> {
    operation.0.settings.zones.get(operation.1).map(|zone| doing(&operation.0, zone))
}

/// What a zone keeps, or would if it were not off.
fn setpoint(doing: &Doing, zone: Option<&Zone>) -> Leaf<'static> {
    doing.keeps.or(zone.map(|zone| zone.setpoint)).map(degrees).into()
}

fn bind_zones(b: &mut Bindings) {
    b.parts::<OfZone>(
        "ZoneInformation",
        &[("configuration", |z| Resolved::node(OfZone(Arc::clone(&z.0), z.1)))],
    );
    b.leaves::<OfZone>(
        "ZoneConfiguration",
        &[
            ("code", |z| z.zone().map(|zone| zone.name.code()).into()),
            ("zoneType", |z| z.zone().map(|zone| zone.name.zone_type()).into()),
            ("enabled", |z| z.zone().map(|zone| zone.mode_at(z.0.seen_at()).code() != "OFF").into()),
            ("displayName", |z| z.zone().map(|zone| zone.display_name.as_str()).into()),
            ("primarySensor", |z| z.zone().map(|zone| zone.primary_sensor.as_str()).into()),
            ("callForHeat", |z| of_zone(z).map(|doing| doing.gets).into()),
            ("heatDemand", |z| of_zone(z).map(|doing| doing.wants).into()),
            ("emergency", |z| of_zone(z).map(|doing| doing.is_short).into()),
        ],
    );
    b.parts::<OfZone>(
        "ZoneConfiguration",
        &[
            ("currentOperation", |z| Resolved::node(Operation(Arc::clone(&z.0), z.1))),
            ("sensors", sensors_of_zone),
        ],
    );
    b.leaves::<Operation>(
        "ZoneCurrentOperation",
        &[
            ("mode", |o| of_operation(o).map(|doing| doing.mode).into()),
            ("setpointInCelsius", |o| {
                of_operation(o).map_or(Leaf::Null, |doing| setpoint(&doing, o.0.settings.zones.get(o.1)))
            }),
            ("action", |o| {
                of_operation(o).map(|doing| if doing.keeps.is_some() { "ON" } else { "OFF" }).into()
            }),
            ("end", |o| of_operation(o).and_then(|doing| doing.ends_at).into()),
        ],
    );
    b.parts::<Shown>("ControllerStatus", &[("zones", zones), ("sensors", sensors)]);
    b.leaves::<OfZone>("ZoneStatus", &[("zone", |z| z.zone().map(|zone| zone.name.code()).into())]);
    b.parts::<OfZone>("ZoneStatus", &[("telemetry", |z| Resolved::node(Operation(Arc::clone(&z.0), z.1)))]);
    b.leaves::<Operation>(
        "ZoneTelemetry",
        &[
            ("setpointInCelsius", |o| {
                of_operation(o).map_or(Leaf::Null, |doing| setpoint(&doing, o.0.settings.zones.get(o.1)))
            }),
            ("mode", |o| of_operation(o).map(|doing| doing.mode).into()),
            ("relaySwitchedOn", |o| of_operation(o).map(|doing| doing.gets).into()),
            ("heatDemand", |o| of_operation(o).map(|doing| doing.wants).into()),
            ("retrievedAt", |o| o.0.seen_at().into()),
        ],
    );
}

impl OfSensor {
    fn sensor(&self) -> Option<&Sensor> {
        self.0.sensors.get(self.1)
    }

    fn is_wireless(&self) -> bool {
        self.sensor().is_some_and(|sensor| sensor.kind == "ZIGBEE")
    }
}

fn sensors(controller: &Shown) -> Resolved {
    let count = controller.0.sensors.len();
    Resolved::nodes((0..count).map(|place| OfSensor(Arc::clone(&controller.0), place)))
}

fn sensors_of_zone(zone: &OfZone) -> Resolved {
    let Some(name) = zone.zone().map(|zone| zone.name.code()) else { return Resolved::List(Vec::new()) };
    let places = zone.0.sensors.iter().enumerate().filter(|(_, sensor)| sensor.zone == name);
    let shown = places.map(|(place, sensor)| {
        let tag =
            if sensor.kind == "ZIGBEE" { "ZigbeeSensorConfiguration" } else { "ADCSensorConfiguration" };
        Resolved::Node(Node::typed(tag, OfSensor(Arc::clone(&zone.0), place)))
    });
    Resolved::List(shown.collect())
}

const SENSOR: Leaves<OfSensor> = &[
    ("code", |s| s.sensor().map(|sensor| sensor.code.as_str()).into()),
    ("displayName", |s| s.sensor().map(|sensor| sensor.display_name.as_str()).into()),
    ("type", |s| s.sensor().map(|sensor| sensor.kind.as_str()).into()),
];

/// What sensors without wires measure of the air: the colder it is outside, the drier it is inside.
fn humidity(sensor: &OfSensor) -> Option<i64> {
    let outdoor = sensor.0.pump.at(sensor.0.seen_at()).outdoor;
    sensor.is_wireless().then(|| (44 + outdoor / 1_000).clamp(30, 65))
}

/// Volts of a battery that lasts for about three years, in hundredths.
fn voltage(sensor: &OfSensor) -> Option<Decimal> {
    let days = (sensor.0.seen_at() - sensor.0.made.provisioned_at).num_days().max(0);
    sensor.is_wireless().then(|| Decimal::new((310 - days / 25).max(250), 2))
}

fn bind_sensors(b: &mut Bindings) {
    b.leaves("ADCSensorConfiguration", SENSOR);
    b.leaves::<OfSensor>("ADCSensorConfiguration", &[("enabled", |s| s.0.device.state.is_live().into())]);
    b.leaves("ZigbeeSensorConfiguration", SENSOR);
    b.leaves::<OfSensor>(
        "ZigbeeSensorConfiguration",
        &[
            ("firmwareVersion", |s| s.sensor().and_then(|sensor| sensor.firmware_version.as_deref()).into()),
            ("boostEnabled", |s| is_primary(s).into()),
        ],
    );
    b.leaves::<OfSensor>(
        "SensorStatus",
        &[("code", |s| s.sensor().map(|sensor| sensor.code.as_str()).into())],
    );
    b.parts::<OfSensor>(
        "SensorStatus",
        &[
            ("connectivity", |s| Resolved::node(Reach(Arc::clone(&s.0)))),
            ("telemetry", |s| Resolved::node(OfSensor(Arc::clone(&s.0), s.1))),
        ],
    );
    b.leaves::<Reach>(
        "SensorConnectivity",
        &[
            ("online", |r| r.0.device.state.condition.is_connected.into()),
            ("retrievedAt", |r| r.0.seen_at().into()),
        ],
    );
    b.leaves::<OfSensor>(
        "SensorTelemetry",
        &[
            ("temperatureInCelsius", |s| s.sensor().map(|sensor| degrees(s.0.measured(sensor))).into()),
            ("humidityPercentage", |s| humidity(s).into()),
            ("voltage", |s| voltage(s).into()),
            ("retrievedAt", |s| s.0.seen_at().into()),
        ],
    );
}

/// Whether a boost can be asked for at a sensor: at the one that its zone goes by.
fn is_primary(sensor: &OfSensor) -> bool {
    let found = sensor.sensor();
    found.is_some_and(|found| sensor.0.settings.zones.iter().any(|zone| zone.primary_sensor == found.code))
}

fn bind_older(b: &mut Bindings) {
    b.leaves::<Shown>(
        "HeatPumpStatusType",
        &[("isConnected", |c| c.0.device.state.condition.is_connected.into())],
    );
    b.parts::<Shown>(
        "HeatPumpStatusType",
        &[
            ("climateControlStatus", |c| Resolved::node(Climate(Arc::clone(&c.0)))),
            ("waterTemperatureStatus", |c| Resolved::node(Water(Arc::clone(&c.0)))),
        ],
    );
    b.leaves::<Climate>(
        "ClimateControlDetailsType",
        &[
            ("climateControlEnabled", |c| is_on(&c.0, ZoneName::First).into()),
            ("targetClimateControlTemperature", |c| target(&c.0, ZoneName::First).into()),
            ("currentClimateControlTemperature", |c| current(&c.0, ZoneName::First).into()),
        ],
    );
    b.leaves::<Water>(
        "WaterTemperatureDetailsType",
        &[
            ("waterTemperatureEnabled", |c| is_on(&c.0, ZoneName::Water).into()),
            ("currentWaterTemperature", |c| current(&c.0, ZoneName::Water).into()),
        ],
    );
    b.leaves::<Older>(
        "HeatPumpDeviceType",
        &[
            ("krakenflexDeviceId", |c| c.0.device.held.id.into()),
            ("deviceType", |c| device_type(c.0.device.kind).into()),
            ("provider", |c| (&c.0.device.held.provider).into()),
        ],
    );
    b.parts::<Older>("HeatPumpDeviceType", &[("params", |c| Resolved::node(Params(c.0.model.id)))]);
    b.leaves::<Params>("HeatPumpParamsType", &[("heatPumpId", |p| p.0.into())]);
}

fn zone_of(settings: &Settings, name: ZoneName) -> Option<&Zone> {
    settings.zone(name)
}

fn is_on(controller: &Controller, name: ZoneName) -> Option<bool> {
    zone_of(&controller.settings, name).map(|zone| zone.mode_at(controller.seen_at()).code() != "OFF")
}

fn target(controller: &Controller, name: ZoneName) -> Option<Decimal> {
    let zone = zone_of(&controller.settings, name)?;
    zone.keeps(controller.pump.zone, controller.seen_at()).map(degrees)
}

fn current(controller: &Controller, name: ZoneName) -> Option<Decimal> {
    let zone = zone_of(&controller.settings, name)?;
    let sensor = controller.sensors_of(name).find(|sensor| sensor.code == zone.primary_sensor)?;
    Some(degrees(controller.measured(sensor)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByEuid {
    account_number: String,
    euid: String,
}

async fn by_euid(call: Call<'_>) -> Result<Resolved, FieldError> {
    let args: ByEuid = call.args()?;
    let mut view = call.cx.read().await?;
    let found =
        controllers::by_euid(&mut view, call.cx.viewer(), &args.euid, Some(&args.account_number)).await;
    Ok(Resolved::node(Shown(Arc::new(found.map_err(refusals::of_account)?))))
}

async fn euids(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: Option<String> = call.arg("accountNumber")?;
    let mut view = call.cx.read().await?;
    let found = controllers::euids(&mut view, call.cx.viewer(), number.as_deref()).await;
    Ok(Resolved::List(found.map_err(FieldError::internal)?.into_iter().map(Resolved::leaf).collect()))
}

async fn of_account(call: &Call<'_>, property: Option<i64>) -> Result<Vec<Controller>, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let mut view = call.cx.read().await?;
    let found = controllers::of_account(&mut view, call.cx.viewer(), &number, property).await;
    found.map_err(refusals::of_account)
}

async fn at_location(call: Call<'_>) -> Result<Resolved, FieldError> {
    let property: String = call.arg("propertyId")?;
    let property = property.parse().map_err(|_| FieldError::code("KT-CT-4301"))?;
    let found = of_account(&call, Some(property)).await?;
    Ok(Resolved::nodes(found.into_iter().map(|controller| Shown(Arc::new(controller)))))
}

/// The controller that was put in last.
fn last(found: Vec<Controller>) -> Result<Arc<Controller>, FieldError> {
    found.into_iter().next_back().map(Arc::new).ok_or_else(|| FieldError::code("KT-CT-4301"))
}

async fn status(call: Call<'_>) -> Result<Resolved, FieldError> {
    Ok(Resolved::node(Shown(last(of_account(&call, None).await?)?)))
}

async fn device(call: Call<'_>) -> Result<Resolved, FieldError> {
    let property: i64 = call.arg("propertyId")?;
    Ok(Resolved::node(Older(last(of_account(&call, Some(property)).await?)?)))
}
