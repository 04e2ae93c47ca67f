//! Devices as they are at present.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::DeviceError;
use super::cloud::{self, Cloud, Kind, Thing};
use super::life::{Life, Stage, State};
use super::paid::{self, Paid};
use super::prices::TypicalDay;
use super::sessions::Session;
use super::wishes::{Target, Wishes};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::market;

row! {
    /// What is kept of a device.
    pub struct Held {
        /// Its identifier.
        pub id: Uuid,
        /// The account that it is on.
        pub account_id: i64,
        market: String,
        /// Where it stands.
        pub property_id: i64,
        kind: String,
        /// One of `ProviderChoices`.
        pub provider: String,
        /// What its maker calls it.
        pub reference: String,
        /// What its owner calls it.
        pub name: String,
        /// Who made it.
        pub make: String,
        /// What it is.
        pub model: String,
        /// The car, of what charges cars.
        pub vehicle_model_id: Option<i32>,
        /// The charge point, of what charges cars.
        pub charge_point_model_id: Option<i32>,
        /// The heat pump, of one with a controller of ours.
        pub heat_pump_model_id: Option<i32>,
        /// What its battery holds, or that of the car behind it.
        pub battery_wh: Option<i64>,
        /// The most that it takes from the grid.
        pub power_w: i64,
        /// How far the car lets itself be charged.
        pub charge_limit_percent: Option<i16>,
        /// Whether it may feed the grid; none where it cannot.
        pub exports: Option<bool>,
        /// Whether plans for it stop at some hours; none where there are no plans.
        pub is_capped: Option<bool>,
        state: Value,
        /// When it was registered.
        pub created_at: DateTime<Utc>,
        mode: String,
        unit: String,
        /// When its owner last said what they want.
        pub wished_at: DateTime<Utc>,
        targets: Option<Value>,
    }
}

/// SQL for the columns and tables of a device.
macro_rules! held {
    () => {
        "d.id, d.account_id, a.market, d.property_id, d.kind, d.provider, d.reference, d.name, d.make, d.model, \
         d.vehicle_model_id, d.charge_point_model_id, d.heat_pump_model_id, d.battery_wh, d.power_w, \
         d.charge_limit_percent, d.exports, d.is_capped, d.state, d.created_at, w.mode, w.unit, w.set_at as wished_at, \
         (select jsonb_agg(jsonb_build_object('weekday', s.weekday, 'time', s.at, 'min', s.min::text, \
            'max', s.max::text) order by s.weekday, s.at) from device_schedules s where s.device_id = d.id) as targets \
         from devices d join accounts a on a.id = d.account_id join device_preferences w on w.device_id = d.id "
    };
}
pub(super) use held;

statement!(static OF_ACCOUNT: Held = concat!("
    select ", held!(), "
    where a.number = $3 and ($4::uuid is null or d.id = $4) and ($5::bigint is null or d.property_id = $5)
        and ", account_is_visible!(), " order by d.created_at, d.number"));
statement!(static BY_ID: Held = concat!("
    select ", held!(), " where d.id = $3 and ", account_is_visible!()));

/// A device at present.
#[derive(Clone, Debug)]
pub struct Device {
    /// What is kept of it.
    pub held: Held,
    /// What it is.
    pub kind: Kind,
    /// As its maker's service knows it.
    pub thing: Thing,
    /// What its owner wants.
    pub wishes: Wishes,
    /// What its account pays for what it takes.
    pub prices: Arc<Paid>,
    /// Where it stands.
    pub state: State,
    /// Sessions that have ended and are not kept yet.
    pub ended: Vec<Session>,
}

impl Device {
    /// A device as it was when it was last kept.
    pub(super) fn read(held: Held) -> Result<Self, DeviceError> {
        let unreadable = |error: serde_json::Error| DeviceError::Unreadable(error.to_string());
        let odd = |what: &str| DeviceError::Unreadable(format!("{what} of {}", held.id));
        let kind = Kind::of(&held.kind).ok_or_else(|| odd("the kind"))?;
        let market = market::by_code(&held.market).ok_or_else(|| odd("the market"))?;
        let battery_j = held.battery_wh.unwrap_or(0).saturating_mul(3600);
        let limit = i64::from(held.charge_limit_percent.unwrap_or(100));
        let thing = Thing {
            reference: held.reference.clone(),
            kind,
            zone: market.time_zone(),
            battery_j,
            limit_j: battery_j / 100 * limit,
            power_w: held.power_w,
        };
        let targets: Vec<Target> = match &held.targets {
            Some(targets) => serde_json::from_value(targets.clone()).map_err(unreadable)?,
            None => Vec::new(),
        };
        let wishes = Wishes { mode: held.mode.clone(), unit: held.unit.clone(), targets };
        let state = serde_json::from_value(held.state.clone()).map_err(unreadable)?;
        let prices = Arc::new(Paid::new(TypicalDay::of(&held.market, thing.zone), Vec::new()));
        Ok(Self { held, kind, thing, wishes, prices, state, ended: Vec::new() })
    }

    /// The usual day of its market.
    pub(super) fn usual_day(&self) -> TypicalDay {
        TypicalDay::of(&self.held.market, self.thing.zone)
    }

    /// The service that reaches it.
    pub fn cloud(&self) -> &'static dyn Cloud {
        cloud::of(&self.held.provider)
    }

    /// Does something with its life.
    pub(super) fn live<T>(&mut self, act: impl FnOnce(&Life<'_>, &mut State, &mut Vec<Session>) -> T) -> T {
        let life = Life {
            thing: &self.thing,
            wishes: &self.wishes,
            prices: self.prices.as_ref(),
            cloud: cloud::of(&self.held.provider),
            is_capped: self.held.is_capped == Some(true),
        };
        act(&life, &mut self.state, &mut self.ended)
    }

    /// Brings it forward to a moment.
    pub(super) fn advance(&mut self, until: DateTime<Utc>) {
        self.live(|life, state, ended| ended.extend(life.advance(state, until)));
    }

    /// Whether it has been let go of.
    pub fn is_gone(&self) -> bool {
        self.state.stage == Stage::Retired
    }

    /// Whether it charges cars and is not gone.
    pub fn is_registered_charger(&self) -> bool {
        self.kind.charges_cars() && !self.is_gone()
    }

    /// The market that its owner is in.
    pub fn market(&self) -> &str {
        &self.held.market
    }

    /// Whether the state of charge is known: of cars that tell it themselves, and of charge points whose service asks
    /// the car.
    pub fn knows_charge(&self) -> bool {
        match self.kind {
            Kind::Vehicle | Kind::Battery | Kind::Inverter => true,
            Kind::ChargePoint => matches!(self.held.provider.as_str(), "OHME" | "OHME_V2" | "JEDLIX_V2"),
            Kind::HeatPump | Kind::Thermostat => false,
        }
    }
}

/// The devices among these rows, brought forward to the present.
pub(super) async fn at_present(tx: &mut Tx, rows: Vec<Held>) -> Result<Vec<Device>, DeviceError> {
    let now = tx.business_now().await?;
    let mut devices: Vec<Device> = rows.into_iter().map(Device::read).collect::<Result<_, _>>()?;
    paid::know(tx, &mut devices, now).await?;
    for device in &mut devices {
        device.advance(now);
    }
    Ok(devices)
}

/// The devices of an account that the viewer may see, the oldest first, retired ones too.
///
/// # Errors
/// [`DeviceError::Unknown`], if there are none.
pub async fn of_account(
    tx: &mut Tx,
    viewer: &Viewer,
    account_number: &str,
    id: Option<Uuid>,
    property: Option<i64>,
) -> Result<Vec<Device>, DeviceError> {
    let query = OF_ACCOUNT.seen_by(viewer).bind(account_number);
    let rows = query.bind(id).bind(property).fetch_all(&mut *tx).await?;
    if rows.is_empty() {
        return Err(DeviceError::Unknown);
    }
    at_present(tx, rows).await
}

/// The device that charges an account's car: the one registered last, unless it is gone.
///
/// # Errors
/// [`DeviceError::Unknown`], if there is none.
pub async fn charger_of(tx: &mut Tx, viewer: &Viewer, account_number: &str) -> Result<Device, DeviceError> {
    let devices = of_account(tx, viewer, account_number, None, None).await?;
    devices.into_iter().rfind(Device::is_registered_charger).ok_or(DeviceError::Unknown)
}

/// The device with this identifier.
///
/// # Errors
/// [`DeviceError::Unknown`], if there is none for the viewer.
pub async fn by_id(tx: &mut Tx, viewer: &Viewer, id: Uuid) -> Result<Device, DeviceError> {
    let rows = BY_ID.seen_by(viewer).bind(id).fetch_all(&mut *tx).await?;
    at_present(tx, rows).await?.pop().ok_or(DeviceError::Unknown)
}
