//! The times by which zones go, and the older orders by account, which know of no zones.

use super::controllers::{self, Controller};
use super::orders::{self, Which, ZoneMode, check, invalid, set, zone_of};
use super::settings::{Mode, ROOMS, Time, WATER, ZoneName};
use crate::domain::auth::viewer::Viewer;
use crate::domain::devices::DeviceError;
use crate::platform::db::Tx;

/// The most times that a day may have.
const MOST_TIMES: usize = 12;

/// Says by which times a zone goes, on all days of the week.
///
/// # Errors
/// [`DeviceError::Invalid`], if the controller has no such zone, a day has no times, too many or two at once, or a temperature
/// is out of bounds; what its service says.
pub async fn set_times(
    tx: &mut Tx,
    viewer: &Viewer,
    which: Which<'_>,
    name: ZoneName,
    times: &[Time],
) -> Result<i64, DeviceError> {
    let controller = controllers::hold(tx, viewer, which.euid, which.account).await?;
    let mut settings = controller.settings.clone();
    let zone = zone_of(&mut settings, name)?;
    let bounds = if name == ZoneName::Water { WATER } else { ROOMS };
    for kept in times.iter().filter_map(|time| time.keeps) {
        check("setpointInCelsius", kept, bounds)?;
    }
    for weekday in 1..=7 {
        let mut of_day: Vec<_> =
            times.iter().filter(|time| time.days.hold(weekday)).map(|time| time.from).collect();
        let all = of_day.len();
        of_day.sort_unstable();
        of_day.dedup();
        if of_day.len() < all {
            return invalid("schedules", "A time of a day is named twice.");
        }
        if all == 0 || all > MOST_TIMES {
            return invalid("schedules", format!("Each day has 1 to {MOST_TIMES} times."));
        }
    }
    zone.times = times.to_vec();
    zone.times.sort_by_key(|time| (time.days, time.from));
    set(tx, viewer, &controller, "zone times", &settings).await
}

/// What is wanted of the heat pump of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Rooms that go by their times, or are only kept from freezing.
    Rooms(bool),
    /// Hot water by its times, or none.
    Water(bool),
    /// Rooms that are always so warm, in thousandths of a degree Celsius.
    Keep(i64),
}

/// Tells the controller that was put in last on an account. Answers it as it is from then on.
///
/// # Errors
/// [`DeviceError::Unknown`], if there is none for the viewer; else as [`orders::set_mode`].
pub async fn tell_account(
    tx: &mut Tx,
    viewer: &Viewer,
    account: &str,
    wanted: Wanted,
) -> Result<Controller, DeviceError> {
    let last = controllers::of_account(tx, viewer, account, None).await?.pop().ok_or(DeviceError::Unknown)?;
    let euid = last.device.held.reference;
    let which = Which { euid: &euid, account: Some(account) };
    let switch = |is_on| if is_on { Mode::Auto } else { Mode::Off };
    let (zone, mode, setpoint) = match wanted {
        Wanted::Rooms(is_on) => (ZoneName::First, switch(is_on), None),
        Wanted::Water(is_on) => (ZoneName::Water, switch(is_on), None),
        Wanted::Keep(setpoint) => (ZoneName::First, Mode::On, Some(setpoint)),
    };
    orders::set_mode(tx, viewer, which, &ZoneMode { zone, mode, setpoint, ends_at: None }).await?;
    controllers::by_euid(tx, viewer, &euid, Some(account)).await
}
