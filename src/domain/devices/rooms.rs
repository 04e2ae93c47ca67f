//! How warm it is where a thermostat hangs.

use chrono::{DateTime, Datelike, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::fleet::Device;
use super::heat::weather;

/// What is wanted at a moment, in degrees: by the last of the times that have come, also on days before.
pub fn wanted(device: &Device, at: DateTime<Utc>) -> Option<Decimal> {
    let local = at.with_timezone(&device.thing.zone);
    let today = local.weekday().number_from_monday();
    let mut days = (0..7).map(|back| (back, (today + 6 - back) % 7 + 1));
    days.find_map(|(back, weekday)| {
        let mut of_day = device.wishes.targets.iter().filter(|target| target.weekday == weekday);
        of_day.rfind(|target| back > 0 || target.time <= local.time()).map(|target| target.max)
    })
}

/// Degrees as thousandths of them.
pub fn thousandths(degrees: Decimal) -> i64 {
    (degrees * Decimal::ONE_THOUSAND).to_i64().unwrap_or(0)
}

/// How warm the room is, in thousandths of a degree: as warm as it is wanted, or warmer in summer; cooled, no warmer than
/// it is wanted.
pub fn warmth(device: &Device, at: DateTime<Utc>) -> Option<i64> {
    let kept = thousandths(wanted(device, at)?);
    let outdoor = weather::outdoor(device.market(), device.thing.zone, at);
    let wobble = at.timestamp() / 900 % 5 * 100 - 200;
    let is_cooled = device.wishes.mode == "COOL";
    Some(if is_cooled { kept.min(outdoor.max(16_000)) } else { kept.max(outdoor) } + wobble)
}
