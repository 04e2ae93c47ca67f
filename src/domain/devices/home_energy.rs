//! Energy at home behind an inverter: from the roof, into and out of the battery, from and to the grid. What is told of a
//! moment follows from the device, what its owner wants and the clock.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};

use super::fleet::Device;
use super::heat::settings::day_number;
use super::prices::Prices;
use super::wishes::{FULL, hundredths};
use crate::platform::market;

/// Powers are worked out for half-hours.
const STEP: TimeDelta = TimeDelta::minutes(30);
/// How full a battery is at midnight, in hundredths of a per cent.
const AT_MIDNIGHT: i64 = 3_500;
/// In how many half-hours of a day, the cheapest, a battery is filled from the grid.
const CHEAP: usize = 6;
/// What a home takes on average in each hour, in watts.
const HOURS: [i64; 24] = [
    260, 230, 220, 220, 230, 260, 420, 690, 720, 480, 390, 380, 430, 410, 370, 390, 520, 860, 1_040, 960,
    780, 640, 470, 330,
];

/// What runs where, in watts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flows {
    /// From the roof.
    pub solar_w: i64,
    /// Into the home.
    pub site_w: i64,
    /// Into the battery; out of it, if negative.
    pub battery_w: i64,
    /// From the grid; into it, if negative.
    pub grid_w: i64,
    /// How full the battery is, in hundredths of a per cent.
    pub charge: i64,
}

/// Something that looks like chance: 0 to 999.
fn chance(device: &Device, day: i64, matter: i64) -> i64 {
    let bytes = device.held.reference.bytes().map(u64::from);
    let seed =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ byte).wrapping_mul(0x0100_0000_01b3));
    let mixed = (seed ^ u64::try_from(day * 64 + matter).unwrap_or(0)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    i64::try_from((mixed ^ (mixed >> 33)) % 1_000).unwrap_or(0)
}

/// Half the length of a day in minutes: four hours in winter, eight in summer.
fn half_daylight(market: &str, day: NaiveDate) -> i64 {
    let shift = if market == "au" { 0 } else { 182 };
    // Days since the middle of summer in the south, and of winter in the north.
    let since = (i64::from(day.ordinal()) + 10 + shift) % 365;
    let from_summer = since.min(365 - since);
    480 - from_summer * 240 / 182
}

fn solar(device: &Device, at: DateTime<Utc>) -> i64 {
    let local = at.with_timezone(&device.thing.zone);
    let minute = i64::from(local.hour() * 60 + local.minute()) - 750;
    let half = half_daylight(device.market(), local.date_naive());
    if minute.abs() >= half {
        return 0;
    }
    let clear = 250 + chance(device, day_number(device.thing.zone, at), 1) * 3 / 4;
    let height = 1_000 - 1_000 * minute * minute / (half * half);
    device.held.power_w * height / 1_000 * clear / 1_000
}

fn site(device: &Device, at: DateTime<Utc>) -> i64 {
    let local = at.with_timezone(&device.thing.zone);
    let hour = usize::try_from(local.hour()).unwrap_or(0).min(23);
    let half_hour = i64::from(local.hour() * 2 + local.minute() / 30);
    HOURS[hour] * (700 + chance(device, day_number(device.thing.zone, at), 2 + half_hour) * 3 / 5) / 1_000
}

/// The cheapest half-hours of the local day that begins at a moment, as far as prices were known then.
fn cheapest(device: &Device, midnight: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let mut all: Vec<DateTime<Utc>> = (0..48).map(|number| midnight + STEP * number).collect();
    all.sort_by_cached_key(|start| (device.prices.at(*start, midnight), device.prices.usual(*start), *start));
    all.truncate(CHEAP);
    all
}

/// What runs in the half-hour that begins at `at`, with so much in the battery, in watt-seconds.
fn flows(device: &Device, at: DateTime<Utc>, charge_j: i64, is_cheap: bool) -> Flows {
    let (solar_w, site_w) = (solar(device, at), site(device, at));
    let local = at.with_timezone(&device.thing.zone);
    let wanted = device.wishes.on(local.weekday().number_from_monday());
    let of = |percent| device.thing.battery_j / FULL * hundredths(percent);
    let reserve_j = wanted.and_then(|target| target.min).map_or(0, of);
    let filled_j = wanted.map_or(device.thing.battery_j, |target| of(target.max));
    let (most, seconds) = (device.held.power_w, STEP.num_seconds());
    let room_w = ((device.thing.battery_j - charge_j) / seconds).clamp(0, most);
    let there_w = ((charge_j - reserve_j) / seconds).clamp(0, most);
    let battery_w = if is_cheap {
        ((filled_j - charge_j) / seconds).clamp(0, most)
    } else {
        (solar_w - site_w).clamp(-there_w, room_w)
    };
    let grid_w = site_w + battery_w - solar_w;
    // What may not feed the grid turns its panels down.
    let is_held_back = grid_w < 0 && device.held.exports == Some(false);
    let solar_w = if is_held_back { solar_w + grid_w } else { solar_w };
    Flows { solar_w, site_w, battery_w, grid_w: if is_held_back { 0 } else { grid_w }, charge: 0 }
}

/// What runs where at a moment.
pub fn at(device: &Device, moment: DateTime<Utc>) -> Flows {
    let local_day = moment.with_timezone(&device.thing.zone).date_naive();
    let Some(market) = market::by_code(device.market()) else { return Flows::default() };
    let (mut at, mut charge_j) = (market.start_of(local_day), device.thing.battery_j / FULL * AT_MIDNIGHT);
    let cheap = cheapest(device, at);
    loop {
        let now = flows(device, at, charge_j, cheap.contains(&at));
        let next = at + STEP;
        if next > moment {
            charge_j += now.battery_w * (moment - at).num_seconds();
            let charge = charge_j.max(0) * 100 / (device.thing.battery_j / 100).max(1);
            return Flows { charge: charge.clamp(0, FULL), ..now };
        }
        charge_j += now.battery_w * STEP.num_seconds();
        at = next;
    }
}
