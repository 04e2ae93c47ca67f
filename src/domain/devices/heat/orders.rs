//! What controllers are told.

use chrono::{DateTime, TimeDelta, Utc};

use super::controllers::{self, Controller};
use super::settings::{FLOW, Mode, ROOMS, Settings, WATER, Zone, ZoneName};
use crate::domain::accounts::changes::hand;
use crate::domain::auth::viewer::Viewer;
use crate::domain::devices::DeviceError;
use crate::domain::devices::cloud::{Order, Receipt};
use crate::domain::devices::fleet::Device;
use crate::domain::devices::register;
use crate::platform::db::{Tx, statement};

/// Temperatures go by half degrees.
const STEP: i64 = 500;
/// The longest that a boost may last.
const LONGEST_BOOST: TimeDelta = TimeDelta::hours(24);
/// The longest name of a sensor, in characters.
const LONGEST_NAME: usize = 60;

statement!(static NOTE: (i64,) = "
    insert into heat_pump_orders (device_id, what, by_kind, by_id, at) values ($1, $2, $3, $4, $5) returning id");
statement!(static RENAME: () = "
    update heat_pump_sensors set display_name = $3 where device_id = $1 and code = $2 and removed_at is null");
statement!(static REMOVE: () = "
    update heat_pump_sensors set removed_at = $3 where device_id = $1 and code = $2 and removed_at is null");

/// A controller by its identifier, on an account if one is named.
#[derive(Clone, Copy, Debug)]
pub struct Which<'a> {
    /// What it was made with.
    pub euid: &'a str,
    /// Account number.
    pub account: Option<&'a str>,
}

pub(super) fn invalid<T>(at: &'static str, why: impl Into<String>) -> Result<T, DeviceError> {
    Err(DeviceError::Invalid(at, why.into()))
}

async fn hold(tx: &mut Tx, viewer: &Viewer, which: Which<'_>) -> Result<Controller, DeviceError> {
    controllers::hold(tx, viewer, which.euid, which.account).await
}

/// Tells a controller something. Answers the number of the order.
async fn tell(tx: &mut Tx, viewer: &Viewer, controller: &Controller, what: &str) -> Result<i64, DeviceError> {
    let device = &controller.device;
    match device.cloud().order(&device.thing, &device.state.condition, Order::Prefer) {
        Receipt::Taken(_) => {}
        Receipt::Refused => return Err(DeviceError::Refused),
        Receipt::Silent => return Err(DeviceError::Silent),
    }
    let (kind, id) = hand(viewer);
    let now = tx.business_now().await?;
    let note = NOTE.query().bind(device.held.id).bind(what).bind(kind).bind(id).bind(now);
    Ok(note.fetch_one(&mut *tx).await?.0)
}

pub(super) async fn set(
    tx: &mut Tx,
    viewer: &Viewer,
    controller: &Controller,
    what: &str,
    settings: &Settings,
) -> Result<i64, DeviceError> {
    let order = tell(tx, viewer, controller, what).await?;
    controllers::add_settings(tx, controller.device.held.id, settings).await?;
    Ok(order)
}

pub(super) fn zone_of(settings: &mut Settings, name: ZoneName) -> Result<&mut Zone, DeviceError> {
    let found = settings.zones.iter_mut().find(|zone| zone.name == name);
    found.ok_or_else(|| DeviceError::Invalid("zone", "The controller has no such zone.".to_owned()))
}

pub(super) fn check(at: &'static str, value: i64, (least, most): (i64, i64)) -> Result<(), DeviceError> {
    if value < least || value > most || value % STEP != 0 {
        let why = format!("It must be {} to {} degrees, in halves.", least / 1000, most / 1000);
        return invalid(at, why);
    }
    Ok(())
}

/// What a zone is to go by.
#[derive(Clone, Copy, Debug)]
pub struct ZoneMode {
    /// Which zone.
    pub zone: ZoneName,
    /// What it goes by.
    pub mode: Mode,
    /// What it keeps where it does not go by its times, in thousandths of a degree; as before, if not given.
    pub setpoint: Option<i64>,
    /// When a boost ends.
    pub ends_at: Option<DateTime<Utc>>,
}

/// Says what a zone is to go by.
///
/// # Errors
/// [`DeviceError::Invalid`], if the controller has no such zone, a temperature is out of bounds, or a boost does not end
/// within a day; what its service says.
pub async fn set_mode(
    tx: &mut Tx,
    viewer: &Viewer,
    which: Which<'_>,
    wanted: &ZoneMode,
) -> Result<i64, DeviceError> {
    let controller = hold(tx, viewer, which).await?;
    let now = controller.device.state.condition.at;
    let mut settings = controller.settings.clone();
    let zone = zone_of(&mut settings, wanted.zone)?;
    if let Some(setpoint) = wanted.setpoint {
        check("setpointInCelsius", setpoint, if wanted.zone == ZoneName::Water { WATER } else { ROOMS })?;
        zone.setpoint = setpoint;
    }
    match (wanted.mode, wanted.ends_at) {
        (Mode::Boost, Some(end)) if end > now && end <= now + LONGEST_BOOST => {}
        (Mode::Boost, _) => return invalid("endAt", "A boost ends within a day."),
        (_, Some(_)) => return invalid("endAt", "Nothing but a boost ends by itself."),
        (_, None) => {}
    }
    (zone.mode, zone.ends_at) = (wanted.mode, wanted.ends_at);
    set(tx, viewer, &controller, "zone mode", &settings).await
}

/// Says how hot the water is made, in thousandths of a degree.
///
/// # Errors
/// As [`set_mode`].
pub async fn set_water(
    tx: &mut Tx,
    viewer: &Viewer,
    which: Which<'_>,
    setpoint: i64,
) -> Result<i64, DeviceError> {
    let controller = hold(tx, viewer, which).await?;
    check("setpoint", setpoint, WATER)?;
    let mut settings = controller.settings.clone();
    let zone = zone_of(&mut settings, ZoneName::Water)?;
    zone.setpoint = setpoint;
    for time in &mut zone.times {
        time.keeps = time.keeps.map(|_| setpoint);
    }
    set(tx, viewer, &controller, "water setpoint", &settings).await
}

/// Says how warm the water for radiators is: between two temperatures by the weather, or always the same.
#[derive(Clone, Copy, Debug)]
pub struct WantedFlow {
    /// Whether it goes by the weather.
    pub is_compensated: bool,
    /// On warm days and on cold ones; as before, if not given.
    pub range: Option<(i64, i64)>,
    /// Always; as before, if not given.
    pub fixed: Option<i64>,
}

/// Says how warm the water for radiators is.
///
/// # Errors
/// As [`set_mode`].
pub async fn set_flow(
    tx: &mut Tx,
    viewer: &Viewer,
    which: Which<'_>,
    wanted: &WantedFlow,
) -> Result<i64, DeviceError> {
    let controller = hold(tx, viewer, which).await?;
    let mut settings = controller.settings.clone();
    if let Some((least, most)) = wanted.range {
        check("weatherCompensationValues", least, FLOW)?;
        check("weatherCompensationValues", most, FLOW)?;
        if least > most {
            return invalid("weatherCompensationValues", "The minimum is above the maximum.");
        }
        settings.flow.range = (least, most);
    }
    if let Some(fixed) = wanted.fixed {
        check("flowTemperature", fixed, FLOW)?;
        settings.flow.fixed = fixed;
    }
    settings.flow.is_compensated = wanted.is_compensated;
    set(tx, viewer, &controller, "flow temperature", &settings).await
}

/// Says which of its sensors a zone goes by.
///
/// # Errors
/// As [`set_mode`].
pub async fn set_primary_sensor(
    tx: &mut Tx,
    viewer: &Viewer,
    which: Which<'_>,
    name: ZoneName,
    code: &str,
) -> Result<i64, DeviceError> {
    let controller = hold(tx, viewer, which).await?;
    if !controller.sensors_of(name).any(|sensor| sensor.code == code) {
        return invalid("sensorCode", "The zone has no such sensor.");
    }
    let mut settings = controller.settings.clone();
    code.clone_into(&mut zone_of(&mut settings, name)?.primary_sensor);
    set(tx, viewer, &controller, "primary sensor", &settings).await
}

/// Gives sensors other names, all of them or none. Answers the numbers of the orders.
///
/// # Errors
/// [`DeviceError::Invalid`] for no sensor at all, one that there is not, and a name that is empty or too long.
pub async fn rename_sensors(
    tx: &mut Tx,
    viewer: &Viewer,
    which: Which<'_>,
    names: &[(&str, &str)],
) -> Result<Vec<i64>, DeviceError> {
    let controller = hold(tx, viewer, which).await?;
    if names.is_empty() || names.len() > controller.sensors.len() {
        return invalid("updates", "Name each sensor at most once, and one at least.");
    }
    let mut orders = Vec::new();
    for (code, name) in names {
        let name = name.trim();
        if !controller.sensors.iter().any(|sensor| sensor.code == *code) {
            return invalid("sensorCode", "The controller has no such sensor.");
        }
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return invalid("displayName", format!("A name has 1 to {LONGEST_NAME} characters."));
        }
        orders.push(tell(tx, viewer, &controller, "sensor name").await?);
        let rename = RENAME.command().bind(controller.device.held.id).bind(*code).bind(name);
        rename.execute(&mut *tx).await?;
    }
    Ok(orders)
}

/// Takes a sensor off a controller, unless a zone goes by it or it is wired.
///
/// # Errors
/// As [`rename_sensors`].
pub async fn remove_sensor(
    tx: &mut Tx,
    viewer: &Viewer,
    which: Which<'_>,
    code: &str,
) -> Result<i64, DeviceError> {
    let controller = hold(tx, viewer, which).await?;
    let sensor = controller.sensors.iter().find(|sensor| sensor.code == code);
    let is_needed = controller.settings.zones.iter().any(|zone| zone.primary_sensor == code);
    match sensor {
        None => return invalid("sensorId", "The controller has no such sensor."),
        Some(sensor) if sensor.kind != "ZIGBEE" => return invalid("sensorId", "The sensor is wired."),
        Some(_) if is_needed => return invalid("sensorId", "A zone goes by this sensor."),
        Some(_) => {}
    }
    let order = tell(tx, viewer, &controller, "sensor off").await?;
    let now = tx.business_now().await?;
    REMOVE.command().bind(controller.device.held.id).bind(code).bind(now).execute(&mut *tx).await?;
    Ok(order)
}

/// Takes a controller off its account.
///
/// # Errors
/// What its service says.
pub async fn deprovision(tx: &mut Tx, viewer: &Viewer, which: Which<'_>) -> Result<Device, DeviceError> {
    let controller = hold(tx, viewer, which).await?;
    tell(tx, viewer, &controller, "off the account").await?;
    register::retire(tx, viewer, controller.device.held.id).await
}
