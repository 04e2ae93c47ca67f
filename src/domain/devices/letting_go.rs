//! Devices that are let go of, and what else is done with them once in a while: test charges and feeding the grid.

use uuid::Uuid;

use super::DeviceError;
use super::cloud::{Kind, Order, Receipt};
use super::fleet::{self, Device};
use super::keep::{hold, hold_charger, keep};
use super::life::Stage;
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, statement};

fn order(device: &Device, order: Order) -> Result<(), DeviceError> {
    match device.cloud().order(&device.thing, &device.state.condition, order) {
        Receipt::Taken(_) => Ok(()),
        Receipt::Refused => Err(DeviceError::Refused),
        Receipt::Silent => Err(DeviceError::Silent),
    }
}

/// Whether its maker's service has let us in.
fn is_let_in(device: &Device) -> bool {
    !matches!(device.state.stage, Stage::SigningIn { .. } | Stage::NotLetIn | Stage::Retired)
}

async fn drop_out(tx: &mut Tx, mut device: Device) -> Result<Device, DeviceError> {
    if is_let_in(&device) {
        order(&device, Order::LetGo)?;
    }
    device.live(|life, state, ended| ended.extend(life.retire(state)));
    keep(tx, std::slice::from_mut(&mut device)).await?;
    Ok(device)
}

/// Lets go of a device to which its maker's service has let us in. What it has done stays known.
///
/// # Errors
/// [`DeviceError::Nothing`], if we are not let in, or no longer; what its maker's service says.
pub async fn sign_out(tx: &mut Tx, viewer: &Viewer, id: Uuid) -> Result<Device, DeviceError> {
    let device = hold(tx, viewer, id).await?;
    if is_let_in(&device) { drop_out(tx, device).await } else { Err(DeviceError::Nothing) }
}

/// As [`sign_out`], the device of an account that came last, of these kinds.
///
/// # Errors
/// As [`sign_out`], and [`DeviceError::Unknown`] if the account never had one.
pub async fn sign_out_of(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    kinds: &[Kind],
) -> Result<Device, DeviceError> {
    let mut devices = fleet::of_account(tx, viewer, account, None, None).await?;
    devices.retain(|device| kinds.contains(&device.kind));
    let last = devices.iter().rfind(|device| !device.is_gone()).or(devices.last());
    let id = last.ok_or(DeviceError::Unknown)?.held.id;
    sign_out(tx, viewer, id).await
}

/// Forgets how to reach the device that charges an account's car, whether or not we were let in.
///
/// # Errors
/// [`DeviceError::Unknown`], if there is none; what its maker's service says.
pub async fn forget(tx: &mut Tx, viewer: &Viewer, account: &str) -> Result<Device, DeviceError> {
    let device = hold_charger(tx, viewer, account).await?;
    drop_out(tx, device).await
}

/// Has the device that charges an account's car show once more that it does as it is told.
///
/// # Errors
/// [`DeviceError::NotReady`], if we are not let in or it is out of reach; [`DeviceError::NotNow`], if it is being tested, has
/// passed already or is not plugged in; what its maker's service says.
pub async fn test(tx: &mut Tx, viewer: &Viewer, account: &str) -> Result<Device, DeviceError> {
    let device = hold_charger(tx, viewer, account).await?;
    begin_test(tx, device).await
}

/// As [`test`], one device.
///
/// # Errors
/// As [`test`].
pub async fn test_one(tx: &mut Tx, viewer: &Viewer, id: Uuid) -> Result<Device, DeviceError> {
    let device = hold(tx, viewer, id).await?;
    begin_test(tx, device).await
}

async fn begin_test(tx: &mut Tx, mut device: Device) -> Result<Device, DeviceError> {
    let condition = &device.state.condition;
    match device.state.stage {
        Stage::SigningIn { .. } | Stage::NotLetIn | Stage::SignedIn { .. } | Stage::Retired => {
            return Err(DeviceError::NotReady(Vec::new()));
        }
        _ if !condition.is_connected => return Err(DeviceError::NotReady(Vec::new())),
        Stage::AwaitingTest | Stage::TestFailed(_) if condition.is_plugged => {}
        _ => return Err(DeviceError::NotNow(Vec::new())),
    }
    order(&device, Order::Boost)?;
    device.live(|life, state, _| life.test(state));
    keep(tx, std::slice::from_mut(&mut device)).await?;
    Ok(device)
}

statement!(static FEED: () = "update devices set exports = $2 where id = $1");

/// Lets a device feed the grid, or not.
///
/// # Errors
/// [`DeviceError::Invalid`] for a device that cannot; [`DeviceError::NotReady`], if it is not in service; what its maker's
/// service says.
pub async fn feed(tx: &mut Tx, viewer: &Viewer, id: Uuid, may: bool) -> Result<Device, DeviceError> {
    let mut device = hold(tx, viewer, id).await?;
    if device.held.exports.is_none() {
        return Err(DeviceError::Invalid("deviceId", "The device cannot feed the grid.".to_owned()));
    }
    if !device.state.is_live() {
        return Err(DeviceError::NotReady(Vec::new()));
    }
    order(&device, Order::Prefer)?;
    FEED.command().bind(id).bind(may).execute(&mut *tx).await?;
    device.held.exports = Some(may);
    Ok(device)
}
