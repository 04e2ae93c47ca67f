//! Taking devices in, and letting go of them.

use chrono_tz::Tz;
use thiserror::Error;
use uuid::Uuid;

use super::DeviceError;
use super::catalogue;
use super::cloud::{self, Kind};
use super::fleet::Device;
use super::heat::controllers;
use super::keep::keep;
use super::life::State;
use super::preferences;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, database_error, on_constraint, statement};
use crate::platform::market;
use crate::platform::random::Randomness;

/// Why a device was not taken in.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// The account does not hold the property.
    #[error("the account does not hold this property")]
    NoProperty,
    /// No such model, or not reached through this provider.
    #[error("the provider does not reach this model")]
    NotSupported,
    /// It is registered already.
    #[error("the device is registered already")]
    Already,
    /// The device cannot be read back.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(RegisterError);

/// What a new device is.
#[derive(Clone, Copy, Debug)]
pub enum Make<'a> {
    /// A car by the number of its model, and the charge point at home, if that is known.
    Vehicle { model: i32, charge_point: Option<i32> },
    /// A charge point by the number of its model, and the car that is charged at it.
    ChargePoint { model: i32, vehicle: i32 },
    /// A heat pump by the number of its model, with a controller of ours whose identifier is the reference.
    HeatPump { model: i32 },
    /// Anything else.
    Other { kind: Kind, make: &'a str, model: &'a str, power_w: i64, battery_wh: Option<i64> },
}

/// A device to take in.
#[derive(Clone, Copy, Debug)]
pub struct NewDevice<'a> {
    /// Row id of the account.
    pub account: i64,
    /// Row id of one of its properties.
    pub property: i64,
    /// One of `ProviderChoices`.
    pub provider: &'a str,
    /// What its maker calls it.
    pub reference: &'a str,
    /// What its owner calls it; empty for what its maker does.
    pub name: &'a str,
    /// How far the car lets itself be charged, in per cent.
    pub charge_limit: i16,
    /// What it is.
    pub make: Make<'a>,
}

/// The heat that a heat pump makes of each watt at best.
const WARMTH: i64 = 3;
/// The power that a car takes from a plug of its own, in watts.
const PLUG_W: i64 = 2300;

struct Known {
    kind: Kind,
    make: String,
    model: String,
    vehicle: Option<i32>,
    charge_point: Option<i32>,
    heat_pump: Option<i32>,
    battery_wh: Option<i64>,
    power_w: i64,
}

impl Known {
    /// A device without a battery that is in no catalogue.
    fn other(kind: Kind, make: String, model: String, power_w: i64) -> Self {
        Self {
            kind,
            make,
            model,
            vehicle: None,
            charge_point: None,
            heat_pump: None,
            battery_wh: None,
            power_w,
        }
    }
}

statement!(static MARKET: (String,) = "
    select a.market from accounts a join occupancies o on o.account_id = a.id
    where a.id = $1 and o.property_id = $2 and o.during @> $3::timestamptz");
statement!(static ADD: () = "
    insert into devices (id, account_id, property_id, kind, provider, reference, name, make, model, vehicle_model_id,
        charge_point_model_id, heat_pump_model_id, battery_wh, power_w, charge_limit_percent, exports, is_capped, state,
        advanced_to, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)");

async fn vehicle(
    tx: &mut Tx,
    id: i32,
    provider: Option<&str>,
) -> Result<catalogue::VehicleModel, RegisterError> {
    let found = catalogue::vehicles_by_id(tx, &[id]).await?.pop().ok_or(RegisterError::NotSupported)?;
    let is_reached = provider.is_none_or(|provider| found.providers.iter().any(|known| known == provider));
    if is_reached { Ok(found) } else { Err(RegisterError::NotSupported) }
}

async fn charge_point(
    tx: &mut Tx,
    id: i32,
    provider: Option<&str>,
) -> Result<catalogue::ChargePointModel, RegisterError> {
    let found = catalogue::charge_points_by_id(tx, &[id]).await?.pop().ok_or(RegisterError::NotSupported)?;
    let is_reached = provider.is_none_or(|provider| found.providers.iter().any(|known| known == provider));
    if is_reached { Ok(found) } else { Err(RegisterError::NotSupported) }
}

async fn known(tx: &mut Tx, new: &NewDevice<'_>) -> Result<Known, RegisterError> {
    match new.make {
        Make::Vehicle { model, charge_point: beside } => {
            let car = vehicle(tx, model, Some(new.provider)).await?;
            let power_w = match beside {
                Some(id) => charge_point(tx, id, None).await?.power_w,
                None => PLUG_W,
            };
            Ok(Known {
                vehicle: Some(car.id),
                charge_point: beside,
                battery_wh: Some(car.battery_wh),
                ..Known::other(Kind::Vehicle, car.make, car.model, power_w)
            })
        }
        Make::ChargePoint { model, vehicle: behind } => {
            let point = charge_point(tx, model, Some(new.provider)).await?;
            let car = vehicle(tx, behind, None).await?;
            Ok(Known {
                vehicle: Some(car.id),
                charge_point: Some(point.id),
                battery_wh: Some(car.battery_wh),
                ..Known::other(Kind::ChargePoint, point.make, point.model, point.power_w)
            })
        }
        Make::HeatPump { model } => {
            let pump = catalogue::heat_pumps_by_id(tx, &[model]).await?.pop();
            let pump = pump.ok_or(RegisterError::NotSupported)?;
            Ok(Known {
                heat_pump: Some(pump.id),
                ..Known::other(Kind::HeatPump, pump.make, pump.model, pump.power_w / WARMTH)
            })
        }
        Make::Other { kind, make, model, power_w, battery_wh } => {
            Ok(Known { battery_wh, ..Known::other(kind, make.to_owned(), model.to_owned(), power_w) })
        }
    }
}

/// Takes a device in. Its maker's service asks the customer to let us in, and what charges cars has to pass a test before it
/// is in service. Answers its identifier.
///
/// # Errors
/// See [`RegisterError`].
pub async fn register(tx: &mut Tx, random: &Randomness, new: &NewDevice<'_>) -> Result<Uuid, RegisterError> {
    let now = tx.business_now().await?;
    let market = MARKET.query().bind(new.account).bind(new.property).bind(now);
    let (market,) = market.fetch_optional(&mut *tx).await?.ok_or(RegisterError::NoProperty)?;
    let zone = market::by_code(&market).map_or(Tz::UTC, market::Market::time_zone);
    let known = known(tx, new).await?;
    let is_car = known.kind.charges_cars();
    let battery_j = known.battery_wh.unwrap_or(0).saturating_mul(3600);
    let thing = cloud::Thing {
        reference: new.reference.to_owned(),
        kind: known.kind,
        zone,
        battery_j,
        limit_j: battery_j / 100 * i64::from(new.charge_limit),
        power_w: known.power_w,
    };
    let state = State::new(&thing, cloud::of(new.provider), now);
    let reached = state.condition.at;
    let state = serde_json::to_value(&state).map_err(|error| DeviceError::Unreadable(error.to_string()))?;
    let id = random.uuid();
    let add = ADD.command().bind(id).bind(new.account).bind(new.property).bind(known.kind.code());
    let unnamed = format!("{} {}", known.make, known.model);
    let name = if new.name.is_empty() { unnamed.as_str() } else { new.name };
    let add = add.bind(new.provider).bind(new.reference).bind(name).bind(known.make).bind(known.model);
    let add = add.bind(known.vehicle).bind(known.charge_point).bind(known.heat_pump).bind(known.battery_wh);
    let add = add.bind(known.power_w);
    let add = add.bind(is_car.then_some(new.charge_limit));
    let add = add.bind(matches!(known.kind, Kind::Battery | Kind::Inverter).then_some(true));
    let add = add.bind(is_car.then_some(market == "gb")).bind(state).bind(reached).bind(now);
    add.execute(&mut *tx).await.map_err(|error| {
        if on_constraint(&error, "devices_once") { RegisterError::Already } else { error.into() }
    })?;
    preferences::write(tx, id, &known.kind.first_wishes()).await?;
    if known.heat_pump.is_some() {
        controllers::provision(tx, id).await?;
    }
    Ok(id)
}

/// Lets go of a device. What it has done stays known.
///
/// # Errors
/// [`DeviceError::Unknown`] where there is none for the viewer, [`DeviceError::Forbidden`] where they may only look.
pub async fn retire(tx: &mut Tx, viewer: &Viewer, id: Uuid) -> Result<Device, DeviceError> {
    let mut device = super::keep::hold(tx, viewer, id).await?;
    device.live(|life, state, ended| ended.extend(life.retire(state)));
    keep(tx, std::slice::from_mut(&mut device)).await?;
    Ok(device)
}
