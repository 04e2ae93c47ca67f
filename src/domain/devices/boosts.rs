//! Charging at once, outside the plan.

use uuid::Uuid;

use super::cloud::{Order, Receipt};
use super::fleet::Device;
use super::keep::{hold, hold_charger, keep};
use super::life::{Boost, Stage};
use super::{DeviceError, Refusal};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::Tx;

/// Why a device is in no state to be boosted at all.
fn not_ready(device: &Device) -> Vec<Refusal> {
    match device.state.stage {
        Stage::Live if device.kind.charges_cars() => Vec::new(),
        Stage::Retired => vec![Refusal::Retired],
        _ => vec![Refusal::NotYetLive],
    }
}

/// Why it cannot be boosted now.
fn not_now(device: &Device) -> Vec<Refusal> {
    let state = &device.state;
    let is_full = state.condition.charge_j >= device.thing.limit_j;
    let checks = [
        (state.suspended_at.is_some(), Refusal::Suspended),
        (!state.condition.is_home, Refusal::NotAtHome),
        (!state.condition.is_connected || !state.condition.is_plugged, Refusal::Disconnected),
        (state.boost.is_some(), Refusal::InProgress),
        (is_full, Refusal::Full),
    ];
    checks.into_iter().filter(|(holds, _)| *holds).map(|(_, refusal)| refusal).collect()
}

async fn begin(tx: &mut Tx, mut device: Device) -> Result<Device, DeviceError> {
    let not_ready = not_ready(&device);
    if !not_ready.is_empty() || !device.kind.charges_cars() {
        return Err(DeviceError::NotReady(not_ready));
    }
    let not_now = not_now(&device);
    if !not_now.is_empty() {
        return Err(DeviceError::NotNow(not_now));
    }
    let receipt = device.cloud().order(&device.thing, &device.state.condition, Order::Boost);
    let from = match receipt {
        Receipt::Taken(at) => at,
        Receipt::Refused => return Err(DeviceError::Refused),
        Receipt::Silent => return Err(DeviceError::Silent),
    };
    device.state.boost = Some(Boost::Ordered { from });
    keep(tx, std::slice::from_mut(&mut device)).await?;
    Ok(device)
}

async fn end(tx: &mut Tx, mut device: Device) -> Result<Device, DeviceError> {
    let boost = match device.state.boost {
        None | Some(Boost::Ending { .. }) => return Err(DeviceError::Nothing),
        Some(boost) => boost,
    };
    let receipt = device.cloud().order(&device.thing, &device.state.condition, Order::EndBoost);
    let at = match receipt {
        Receipt::Taken(at) => at,
        Receipt::Refused => return Err(DeviceError::Refused),
        Receipt::Silent => return Err(DeviceError::Silent),
    };
    // What has not begun never does.
    device.state.boost = match boost {
        Boost::Ordered { .. } => None,
        Boost::Running | Boost::Ending { .. } => Some(Boost::Ending { at }),
    };
    keep(tx, std::slice::from_mut(&mut device)).await?;
    Ok(device)
}

/// Has a device charge at once, until it is full, unplugged or told to stop.
///
/// # Errors
/// [`DeviceError::NotReady`] and [`DeviceError::NotNow`] with the reasons; what its maker's service says.
pub async fn boost(tx: &mut Tx, viewer: &Viewer, id: Uuid) -> Result<Device, DeviceError> {
    let device = hold(tx, viewer, id).await?;
    begin(tx, device).await
}

/// As [`boost`], the device that charges an account's car.
///
/// # Errors
/// As [`boost`].
pub async fn boost_of(tx: &mut Tx, viewer: &Viewer, account: &str) -> Result<Device, DeviceError> {
    let device = hold_charger(tx, viewer, account).await?;
    begin(tx, device).await
}

/// Has a device stop charging at once.
///
/// # Errors
/// [`DeviceError::Nothing`], if it does not, or is about to stop; what its maker's service says.
pub async fn cancel(tx: &mut Tx, viewer: &Viewer, id: Uuid) -> Result<Device, DeviceError> {
    let device = hold(tx, viewer, id).await?;
    end(tx, device).await
}

/// As [`cancel`], the device that charges an account's car.
///
/// # Errors
/// As [`cancel`].
pub async fn cancel_of(tx: &mut Tx, viewer: &Viewer, account: &str) -> Result<Device, DeviceError> {
    let device = hold_charger(tx, viewer, account).await?;
    end(tx, device).await
}
