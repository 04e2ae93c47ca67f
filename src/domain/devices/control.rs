//! Whether a device is ours to control, which is for its owner to say.

use uuid::Uuid;

use super::DeviceError;
use super::cloud::{Order, Receipt};
use super::fleet::Device;
use super::keep::{hold, hold_charger, keep};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::Tx;

/// What the owner of a device wants of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To leave it alone.
    Suspended,
    /// To plan for it.
    Controlled,
}

async fn turn(tx: &mut Tx, mut device: Device, wanted: Wanted) -> Result<Device, DeviceError> {
    if !device.state.is_live() {
        return Err(DeviceError::NotReady(Vec::new()));
    }
    let (is_suspended, order) = match wanted {
        Wanted::Suspended => (true, Order::LetGo),
        Wanted::Controlled => (false, Order::TakeOver),
    };
    if device.state.suspended_at.is_some() == is_suspended {
        return Ok(device);
    }
    match device.cloud().order(&device.thing, &device.state.condition, order) {
        Receipt::Taken(_) => {}
        Receipt::Refused => return Err(DeviceError::Refused),
        Receipt::Silent => return Err(DeviceError::Silent),
    }
    device.live(|life, state, ended| match wanted {
        Wanted::Suspended => ended.extend(life.suspend(state)),
        Wanted::Controlled => life.resume(state),
    });
    keep(tx, std::slice::from_mut(&mut device)).await?;
    Ok(device)
}

/// Leaves a device alone, or plans for it again. Asking for what is already so changes nothing.
///
/// # Errors
/// [`DeviceError::NotReady`] for a device that is not in service; what its maker's service says.
pub async fn set(tx: &mut Tx, viewer: &Viewer, id: Uuid, wanted: Wanted) -> Result<Device, DeviceError> {
    let device = hold(tx, viewer, id).await?;
    turn(tx, device, wanted).await
}

/// As [`set`], for the device that charges an account's car.
///
/// # Errors
/// As [`set`].
pub async fn set_of(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    wanted: Wanted,
) -> Result<Device, DeviceError> {
    let device = hold_charger(tx, viewer, account).await?;
    turn(tx, device, wanted).await
}
