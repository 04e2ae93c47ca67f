//! The network of smart devices in a home: meters, their communications hub, and displays.

use thiserror::Error;

use super::meters::{self, Meter};
use super::visible::{meter_is_visible, property_is_visible};
use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::random::Randomness;

row! {
    /// The network of a home.
    pub struct Network {
        /// Row id.
        pub id: i64,
        /// The property.
        pub property_id: i64,
    }
}

row! {
    /// A device in the network of a home.
    pub struct SmartDevice {
        /// Row id.
        pub id: i64,
        /// The network.
        pub network_id: i64,
        /// Its number for life: eight pairs of hexadecimal digits.
        pub device_id: String,
        /// What it is, such as `ESME` for an electricity meter.
        pub kind: String,
        /// How far it has come, such as `COMMISSIONED`.
        pub status: String,
        /// Who made it.
        pub manufacturer: String,
        /// What they call it.
        pub model: String,
        /// The program that it runs.
        pub firmware_version: String,
        /// What is written on it.
        pub serial_number: String,
        /// `CREDIT` or `PREPAY`, of meters.
        pub payment_mode: Option<String>,
        /// The meter that it is.
        pub meter_id: Option<i64>,
    }
}

/// A device that joins a network.
#[derive(Clone, Copy, Debug)]
pub struct NewDevice<'a> {
    /// What it is, such as `ESME`.
    pub kind: &'a str,
    /// Who made it.
    pub manufacturer: &'a str,
    /// What they call it.
    pub model: &'a str,
    /// The program that it runs.
    pub firmware_version: &'a str,
    /// What is written on it.
    pub serial_number: &'a str,
    /// `CREDIT` or `PREPAY`, of meters.
    pub payment_mode: Option<&'a str>,
    /// The meter that it is.
    pub meter: Option<i64>,
}

/// Why no device joined.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// There is no such property or meter.
    #[error("there is no such property or meter")]
    NotThere,
    /// The device is already as it should become, or not there.
    #[error("the device cannot change like that")]
    Status,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(DeviceError);

impl From<sqlx::Error> for DeviceError {
    fn from(error: sqlx::Error) -> Self {
        let unknown = ["smart_meter_networks_property_id_fkey", "smart_meter_devices_meter_id_fkey"];
        if unknown.iter().any(|name| on_constraint(&error, name)) {
            Self::NotThere
        } else {
            Self::Database(error)
        }
    }
}

macro_rules! device_columns {
    () => {
        "d.id, d.network_id, d.device_id, d.kind, d.status, d.manufacturer, d.model, d.firmware_version, \
         d.serial_number, d.payment_mode, d.meter_id"
    };
}

row! {
    struct OfMeter {
        parent: i64,
        device_row_id: i64,
    }
}

statement!(static OPEN_NETWORK: (i64,) = "
    insert into smart_meter_networks (property_id, created_at) values ($1, $2)
    on conflict on constraint smart_meter_networks_property_key do update set property_id = excluded.property_id
    returning id");
statement!(static JOIN: (i64,) = "
    insert into smart_meter_devices (network_id, device_id, kind, status, manufacturer, model, firmware_version,
        serial_number, payment_mode, meter_id, created_at)
    values ($1, $2, $3, 'INSTALLED_NOT_COMMISSIONED', $4, $5, $6, $7, $8, $9, $10)
    on conflict on constraint smart_meter_devices_device_id_key do nothing returning id");
statement!(static COMMISSION: (i64,) = "
    update smart_meter_devices set status = 'COMMISSIONED'
    where id = $1 and status in ('PENDING', 'WHITELISTED', 'INSTALLED_NOT_COMMISSIONED') returning id");
statement!(static RETIRE: () = "
    update smart_meter_devices set status = 'DECOMMISSIONED' where meter_id = $1 and status <> 'DECOMMISSIONED'");
statement!(static OF_PROPERTIES: Network = concat!("
    select n.id, n.property_id from smart_meter_networks n join properties pr on pr.id = n.property_id
    where n.property_id = any($3::bigint[]) and ", property_is_visible!(), " order by n.id"));
statement!(static BY_ID: Network = concat!("
    select n.id, n.property_id from smart_meter_networks n join properties pr on pr.id = n.property_id
    where n.id = any($3::bigint[]) and ", property_is_visible!()));
// What is no meter is seen by whoever holds the property now.
statement!(static DEVICES: SmartDevice = concat!(
    "select ", device_columns!(), " from smart_meter_devices d join smart_meter_networks n on n.id = d.network_id
        left join meters m on m.id = d.meter_id left join supply_points sp on sp.id = m.supply_point_id
    where d.network_id = any($3::bigint[]) and (m.id is not null and ", meter_is_visible!(), "
        or m.id is null and ($1 = 'support-user' or exists (select from occupancies o
            join accounts a on a.id = o.account_id where o.property_id = n.property_id and o.during @> $4::timestamptz
            and ", account_is_visible!(), ")))
    order by d.network_id, d.id"));
statement!(static DEVICE_BY_ID: SmartDevice = concat!(
    "select ", device_columns!(), " from smart_meter_devices d where d.id = any($1::bigint[])"));
// A meter that counts both ways is one device, known by the meter that counts what comes in. Whoever asks has been
// shown the meters.
statement!(static OF_METERS: OfMeter = "
    select m.id as parent, d.id as device_row_id from meters m join smart_meter_devices d on d.meter_id = m.id
    where m.id = any($1::bigint[])
    union all
    select m.id, d.id from meters m join supply_points sp on sp.id = m.supply_point_id and sp.direction = 'EXPORT'
        join supply_points isp on isp.property_id = sp.property_id and isp.market_name = sp.market_name
            and isp.direction = 'IMPORT'
        join meters im on im.supply_point_id = isp.id and im.serial_number = m.serial_number
        join smart_meter_devices d on d.meter_id = im.id
    where m.id = any($1) order by 1, 2");
// The meters that a device is, one for each way that energy runs.
statement!(static METERS_OF: (i64, i64) = concat!("
    select d.id, m.id from smart_meter_devices d join meters own on own.id = d.meter_id
        join supply_points osp on osp.id = own.supply_point_id
        join supply_points sp on sp.property_id = osp.property_id and sp.market_name = osp.market_name
        join meters m on m.supply_point_id = sp.id and m.serial_number = own.serial_number
    where d.id = any($3::bigint[]) and ", meter_is_visible!(), " order by 1, 2"));

/// Lets a device join the network of a property, which is opened if there is none, and commissions it. Answers its row
/// id.
pub async fn join(
    tx: &mut Tx,
    random: &Randomness,
    property: i64,
    new: &NewDevice<'_>,
) -> Result<i64, DeviceError> {
    let now = tx.business_now().await?;
    let (network,) = OPEN_NETWORK.query().bind(property).bind(now).fetch_one(&mut *tx).await?;
    loop {
        let join = JOIN.query().bind(network).bind(device_id(random)).bind(new.kind).bind(new.manufacturer);
        let join = join.bind(new.model).bind(new.firmware_version).bind(new.serial_number);
        let join = join.bind(new.payment_mode).bind(new.meter).bind(now);
        if let Some((id,)) = join.fetch_optional(&mut *tx).await? {
            return Ok(id);
        }
    }
}

/// A number that a device has for life.
fn device_id(random: &Randomness) -> String {
    (0..8).map(|_| random.hex(2)).collect::<Vec<_>>().join("-")
}

/// A device has been set up, and talks to the outside.
pub async fn commission(tx: &mut Tx, device: i64) -> Result<(), DeviceError> {
    let done = COMMISSION.query().bind(device).fetch_optional(&mut *tx).await?;
    done.map(drop).ok_or(DeviceError::Status)
}

/// The device of a meter that was taken off talks to nobody any more. A meter that is no device is left alone.
pub async fn retire(tx: &mut Tx, meter: i64) -> Result<(), sqlx::Error> {
    RETIRE.command().bind(meter).execute(&mut *tx).await?;
    Ok(())
}

/// The networks of each of these properties that the viewer may see.
pub async fn of_properties(
    tx: &mut Tx,
    viewer: &Viewer,
    properties: &[i64],
) -> Result<Vec<Vec<Network>>, sqlx::Error> {
    let query = OF_PROPERTIES.seen_by(viewer).bind(properties);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(properties, rows.into_iter().map(|network| (network.property_id, network)).collect()))
}

/// The networks with these ids that the viewer may see, in order.
pub async fn by_ids(tx: &mut Tx, viewer: &Viewer, ids: &[i64]) -> Result<Vec<Option<Network>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(ids);
    Ok(crate::domain::accounts::in_order(ids, query.fetch_all(&mut *tx).await?, |network| network.id))
}

/// The devices in each of these networks that the viewer may see, oldest first.
pub async fn devices(
    tx: &mut Tx,
    viewer: &Viewer,
    networks: &[i64],
) -> Result<Vec<Vec<SmartDevice>>, sqlx::Error> {
    let now = tx.business_now().await?;
    let query = DEVICES.seen_by(viewer).bind(networks).bind(now);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(networks, rows.into_iter().map(|device| (device.network_id, device)).collect()))
}

/// The devices that each of these meters is, which the caller has been shown.
pub async fn of_meters(tx: &mut Tx, meters: &[i64]) -> Result<Vec<Vec<SmartDevice>>, sqlx::Error> {
    let pairs = OF_METERS.query().bind(meters).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = pairs.iter().map(|pair| pair.device_row_id).collect();
    let devices = DEVICE_BY_ID.query().bind(&ids).fetch_all(&mut *tx).await?;
    let device = |id: i64| devices.iter().find(|device| device.id == id).cloned();
    let rows = pairs.iter().filter_map(|pair| Some((pair.parent, device(pair.device_row_id)?)));
    Ok(grouped(meters, rows.collect()))
}

/// The meters that each of these devices is, as far as the viewer may see them: one for each way that energy runs.
pub async fn meters_of(
    tx: &mut Tx,
    viewer: &Viewer,
    devices: &[i64],
) -> Result<Vec<Vec<Meter>>, sqlx::Error> {
    let query = METERS_OF.seen_by(viewer).bind(devices);
    let pairs = query.fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = pairs.iter().map(|(_, meter)| *meter).collect();
    let found = meters::by_ids(tx, viewer, &ids).await?;
    let rows = pairs.iter().zip(found).filter_map(|((device, _), meter)| Some((*device, meter?)));
    Ok(grouped(devices, rows.collect()))
}
