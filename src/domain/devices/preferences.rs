//! What owners want of their devices.

use chrono::NaiveTime;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::DeviceError;
use super::cloud::{Kind, Order, Receipt};
use super::fleet::{self, Device};
use super::keep::{hold, hold_charger, keep};
use super::wishes::{Target, Wishes, target_type};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, statement};

/// Providers whose devices go by what is set at the device itself.
const TAKE_NONE: [&str; 2] = ["SOLAREDGE", "GENERIC_INVERTER"];

statement!(static SET: () = "
    insert into device_preferences (device_id, mode, unit, set_at) values ($1, $2, $3, $4)
    on conflict (device_id) do update set mode = excluded.mode, unit = excluded.unit, set_at = excluded.set_at");
statement!(static CLEAR: () = "delete from device_schedules where device_id = $1");
statement!(static SCHEDULE: () = "
    insert into device_schedules (device_id, weekday, at, min, max)
    select $1, wanted.weekday, wanted.at, wanted.min, wanted.max
    from unnest($2::bigint[], $3::time[], $4::numeric[], $5::numeric[]) as wanted (weekday, at, min, max)");

/// Writes the wishes of a device that is held, or new.
pub(super) async fn write(tx: &mut Tx, device: Uuid, wishes: &Wishes) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let set = SET.command().bind(device).bind(&wishes.mode).bind(&wishes.unit).bind(now);
    set.execute(&mut *tx).await?;
    CLEAR.command().bind(device).execute(&mut *tx).await?;
    let weekdays: Vec<i64> = wishes.targets.iter().map(|target| i64::from(target.weekday)).collect();
    let times: Vec<NaiveTime> = wishes.targets.iter().map(|target| target.time).collect();
    let least: Vec<Option<Decimal>> = wishes.targets.iter().map(|target| target.min).collect();
    let most: Vec<Decimal> = wishes.targets.iter().map(|target| target.max).collect();
    let schedule = SCHEDULE.command().bind(device).bind(weekdays).bind(times).bind(least).bind(most);
    schedule.execute(&mut *tx).await?;
    Ok(())
}

async fn apply(tx: &mut Tx, mut device: Device, mut wishes: Wishes) -> Result<Device, DeviceError> {
    if TAKE_NONE.contains(&device.held.provider.as_str()) {
        return Err(DeviceError::NoPreferences);
    }
    device.kind.settings().check(&wishes)?;
    if device.state.stage == super::life::Stage::Retired {
        return Err(DeviceError::NotReady(Vec::new()));
    }
    match device.cloud().order(&device.thing, &device.state.condition, Order::Prefer) {
        Receipt::Taken(_) => {}
        Receipt::Refused => return Err(DeviceError::Refused),
        Receipt::Silent => return Err(DeviceError::Silent),
    }
    wishes.targets.sort_by_key(|target| (target.weekday, target.time));
    write(tx, device.held.id, &wishes).await?;
    device.held.wished_at = tx.business_now().await?;
    device.wishes = wishes;
    device.live(|life, state, ended| ended.extend(life.prefer(state)));
    keep(tx, std::slice::from_mut(&mut device)).await?;
    Ok(device)
}

/// Sets everything that is wanted of a device.
///
/// # Errors
/// [`DeviceError::NoPreferences`], [`DeviceError::Invalid`]; what its maker's service says.
pub async fn set(tx: &mut Tx, viewer: &Viewer, id: Uuid, wishes: Wishes) -> Result<Device, DeviceError> {
    let device = hold(tx, viewer, id).await?;
    apply(tx, device, wishes).await
}

/// Sets the charge below which the home battery of an account is not emptied, in per cent: that of the device that came
/// last.
///
/// # Errors
/// [`DeviceError::Unknown`], if the account has no battery; else as [`set`].
pub async fn set_reserve(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    percent: i64,
) -> Result<Device, DeviceError> {
    let all = fleet::of_account(tx, viewer, account, None, None).await?;
    let is_battery =
        |device: &&Device| matches!(device.kind, Kind::Battery | Kind::Inverter) && !device.is_gone();
    let id = all.iter().rfind(is_battery).ok_or(DeviceError::Unknown)?.held.id;
    let device = hold(tx, viewer, id).await?;
    let mut wishes = device.wishes.clone();
    for target in &mut wishes.targets {
        target.min = Some(Decimal::from(percent));
    }
    apply(tx, device, wishes).await
}

/// By when and how full a car is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// On the local clock.
    pub time: NaiveTime,
    /// In per cent.
    pub percent: i64,
}

/// Sets by when and how full the car of an account is wanted on weekdays and at weekends. `wanted_type` says what the
/// percentages are of, and must be what they are of for this device.
///
/// # Errors
/// As [`set`].
pub async fn set_of(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    (weekdays, weekend): (Wanted, Wanted),
    wanted_type: Option<&str>,
) -> Result<Device, DeviceError> {
    let device = hold_charger(tx, viewer, account).await?;
    let unit = device.wishes.unit.clone();
    let known = target_type(device.kind, &unit);
    if wanted_type.is_some_and(|wanted| wanted != known) {
        return Err(DeviceError::Invalid("targetType", format!("The targets of this device are {known}.")));
    }
    let targets = (1..=7).map(|weekday| {
        let wanted = if weekday > 5 { weekend } else { weekdays };
        let max = Decimal::from(wanted.percent);
        let min = device.wishes.on(weekday).and_then(|target| target.min).map(|min| min.min(max));
        Target { weekday, time: wanted.time, min, max }
    });
    let wishes = Wishes { mode: device.wishes.mode.clone(), unit, targets: targets.collect() };
    apply(tx, device, wishes).await
}
