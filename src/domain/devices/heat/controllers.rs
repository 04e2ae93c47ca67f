//! Controllers: which there are, what they go by and measure with.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::physics::Pump;
use super::settings::{Settings, ZoneName};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::domain::devices::DeviceError;
use crate::domain::devices::catalogue::{self, HeatPumpModel};
use crate::domain::devices::cloud::Kind;
use crate::domain::devices::fleet::{self, Device};
use crate::domain::devices::keep;
use crate::platform::db::{Tx, row, statement};

row! {
    /// Something that measures.
    pub struct Sensor {
        device_id: Uuid,
        /// What the controller calls it.
        pub code: String,
        /// One of `SensorType`.
        pub kind: String,
        /// Where it is.
        pub zone: String,
        /// What its owner calls it.
        pub display_name: String,
        /// Of a sensor that has a program of its own.
        pub firmware_version: Option<String>,
    }
}

row! {
    /// What a controller is.
    pub struct Made {
        device_id: Uuid,
        /// On its label.
        pub serial_number: String,
        /// How it is built.
        pub hardware_version: String,
        /// Since when it is on the account.
        pub provisioned_at: DateTime<Utc>,
    }
}

row! {
    struct Version {
        device_id: Uuid,
        since: DateTime<Utc>,
        settings: Value,
    }
}

statement!(static ADD: () = "
    insert into heat_pump_controllers (device_id, serial_number, hardware_version, provisioned_at)
    values ($1, $2, '4.2', $3)");
statement!(static MADE: Made = "
    select device_id, serial_number, hardware_version, provisioned_at from heat_pump_controllers
    where device_id = any($1::uuid[])");
statement!(static ADD_SETTINGS: () = "
    insert into heat_pump_settings (device_id, since, settings) values ($1, $2, $3)");
statement!(static ADD_SENSORS: () = "
    insert into heat_pump_sensors (device_id, code, kind, zone, display_name, firmware_version, added_at) values
        ($1, 'ADC1', 'NTC', 'WATER', 'Tank', null, $2),
        ($1, 'ADC2', 'NTC', 'AUXILIARY', 'Outside', null, $2),
        ($1, 'SENSOR01', 'ZIGBEE', 'ZONE_1', 'Hallway', '1.4.2', $2),
        ($1, 'SENSOR02', 'ZIGBEE', 'ZONE_1', 'Living room', '1.4.2', $2)");
statement!(static SETTINGS: Version = "
    select device_id, since, settings from heat_pump_settings where device_id = any($1::uuid[])
    order by since, id");
statement!(static SENSORS: Sensor = "
    select device_id, code, kind, zone, display_name, firmware_version from heat_pump_sensors
    where device_id = any($1::uuid[]) and removed_at is null order by code");
statement!(static BY_EUID: (Uuid,) = concat!("
    select d.id from devices d join accounts a on a.id = d.account_id
    where d.kind = 'HEAT_PUMP' and d.heat_pump_model_id is not null and d.retired_at is null and d.reference = $3
        and ($4::text is null or a.number = $4) and ", account_is_visible!()));
statement!(static EUIDS: (String,) = concat!("
    select d.reference from devices d join accounts a on a.id = d.account_id
    where d.kind = 'HEAT_PUMP' and d.heat_pump_model_id is not null and d.retired_at is null
        and ($3::text is null or a.number = $3) and ", account_is_visible!(), " order by d.created_at, d.number limit $4"));

/// How many identifiers are told at once.
const MOST: i64 = 100;

/// A controller with its heat pump.
#[derive(Clone, Debug)]
pub struct Controller {
    /// The heat pump.
    pub device: Device,
    /// What the heat pump is.
    pub model: HeatPumpModel,
    /// What the controller is.
    pub made: Made,
    /// How it performs.
    pub pump: Pump,
    /// What it goes by at present.
    pub settings: Settings,
    /// What it measures with, by code.
    pub sensors: Vec<Sensor>,
}

impl Controller {
    /// The moment that is known of: the present, or when it was last in reach.
    pub fn seen_at(&self) -> DateTime<Utc> {
        self.device.state.lost.map_or(self.device.state.condition.at, |(at, _)| at)
    }

    /// The sensors of a zone.
    pub fn sensors_of(&self, zone: ZoneName) -> impl Iterator<Item = &Sensor> {
        self.sensors.iter().filter(move |sensor| sensor.zone == zone.code())
    }

    /// What a sensor measures at the moment that is known of, in thousandths of a degree Celsius.
    pub fn measured(&self, sensor: &Sensor) -> i64 {
        let at = self.seen_at();
        let zone = ZoneName::of(&sensor.zone).and_then(|name| self.settings.zone(name));
        match zone {
            Some(zone) if zone.name == ZoneName::Water => self.pump.water(zone, at),
            // Not all rooms are as warm as the first.
            Some(zone) => self.pump.room(zone, at) - if sensor.code == zone.primary_sensor { 0 } else { 400 },
            None => self.pump.at(at).outdoor,
        }
    }
}

/// As [`by_euid`], brought forward to the present and held for a change until the transaction ends.
///
/// # Errors
/// As [`by_euid`], and [`DeviceError::Forbidden`] where the viewer may only look.
pub(super) async fn hold(
    tx: &mut Tx,
    viewer: &Viewer,
    euid: &str,
    account: Option<&str>,
) -> Result<Controller, DeviceError> {
    let query = BY_EUID.seen_by(viewer).bind(euid).bind(account);
    let (id,) = query.fetch_optional(&mut *tx).await?.ok_or(DeviceError::Unknown)?;
    let device = keep::hold(tx, viewer, id).await?;
    if device.is_gone() {
        return Err(DeviceError::Unknown);
    }
    complete(tx, vec![device]).await?.pop().ok_or(DeviceError::Unknown)
}

/// Adds what a controller goes by from now on.
pub(super) async fn add_settings(tx: &mut Tx, device: Uuid, settings: &Settings) -> Result<(), DeviceError> {
    // Devices are known by whole seconds.
    let now = tx.business_now().await?;
    let now = DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now);
    let settings = serde_json::to_value(settings);
    let settings = settings.map_err(|error| DeviceError::Unreadable(error.to_string()))?;
    ADD_SETTINGS.command().bind(device).bind(now).bind(settings).execute(&mut *tx).await?;
    Ok(())
}

/// Gives a new heat pump its controller.
pub(in crate::domain::devices) async fn provision(tx: &mut Tx, device: Uuid) -> Result<(), DeviceError> {
    let now = tx.business_now().await?;
    let digits = device.simple().to_string().to_uppercase();
    let serial_number = format!("HP{}", digits.get(..12).unwrap_or(&digits));
    ADD.command().bind(device).bind(serial_number).bind(now).execute(&mut *tx).await?;
    add_settings(tx, device, &Settings::first()).await?;
    ADD_SENSORS.command().bind(device).bind(now).execute(&mut *tx).await?;
    Ok(())
}

async fn complete(tx: &mut Tx, devices: Vec<Device>) -> Result<Vec<Controller>, DeviceError> {
    let ids: Vec<Uuid> = devices.iter().map(|device| device.held.id).collect();
    let models: Vec<i32> = devices.iter().filter_map(|device| device.held.heat_pump_model_id).collect();
    let versions = SETTINGS.query().bind(&ids).fetch_all(&mut *tx).await?;
    let sensors = SENSORS.query().bind(&ids).fetch_all(&mut *tx).await?;
    let models = catalogue::heat_pumps_by_id(tx, &models).await?;
    let made = MADE.query().bind(&ids).fetch_all(&mut *tx).await?;
    let controller = |device: Device| {
        let odd = || DeviceError::Unreadable(format!("the controller of {}", device.held.id));
        let model = models.iter().find(|model| Some(model.id) == device.held.heat_pump_model_id);
        let model = model.cloned().ok_or_else(odd)?;
        let made = made.iter().find(|made| made.device_id == device.held.id).cloned().ok_or_else(odd)?;
        let own = versions.iter().filter(|version| version.device_id == device.held.id);
        let read = |version: &Version| {
            Some((version.since, serde_json::from_value::<Settings>(version.settings.clone()).ok()?))
        };
        let settings: Option<Vec<(DateTime<Utc>, Settings)>> = own.map(read).collect();
        let settings = settings.ok_or_else(odd)?;
        let pump = Pump {
            market: device.market().to_owned(),
            zone: device.thing.zone,
            heat_w: model.power_w,
            since: device.held.created_at,
            settings,
        };
        let settings = pump.settings_at(device.state.condition.at).cloned().ok_or_else(odd)?;
        let sensors = sensors.iter().filter(|sensor| sensor.device_id == device.held.id).cloned().collect();
        Ok(Controller { device, model, made, pump, settings, sensors })
    };
    devices.into_iter().map(controller).collect()
}

/// The controller that was made with this identifier, provided that it is on this account, if one is named.
///
/// # Errors
/// [`DeviceError::Unknown`], if there is none for the viewer.
pub async fn by_euid(
    tx: &mut Tx,
    viewer: &Viewer,
    euid: &str,
    account: Option<&str>,
) -> Result<Controller, DeviceError> {
    let query = BY_EUID.seen_by(viewer).bind(euid).bind(account);
    let (id,) = query.fetch_optional(&mut *tx).await?.ok_or(DeviceError::Unknown)?;
    let device = fleet::by_id(tx, viewer, id).await?;
    complete(tx, vec![device]).await?.pop().ok_or(DeviceError::Unknown)
}

/// The controllers of an account, at one of its properties or all of them.
///
/// # Errors
/// [`DeviceError::Unknown`], if there are none.
pub async fn of_account(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    property: Option<i64>,
) -> Result<Vec<Controller>, DeviceError> {
    let devices = fleet::of_account(tx, viewer, account, None, property).await?;
    let is_ours = |device: &Device| {
        device.kind == Kind::HeatPump && device.held.heat_pump_model_id.is_some() && !device.is_gone()
    };
    let devices: Vec<Device> = devices.into_iter().filter(is_ours).collect();
    if devices.is_empty() {
        return Err(DeviceError::Unknown);
    }
    complete(tx, devices).await
}

/// The identifiers of the controllers that the viewer sees, on one account or all of theirs: the first hundred.
pub async fn euids(tx: &mut Tx, viewer: &Viewer, account: Option<&str>) -> Result<Vec<String>, sqlx::Error> {
    let query = EUIDS.seen_by(viewer).bind(account).bind(MOST);
    Ok(query.fetch_all(&mut *tx).await?.into_iter().map(|(euid,)| euid).collect())
}
