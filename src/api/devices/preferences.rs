//! What owners want of their devices: `preferences`, `preferenceSetting`, `chargingPreferences`,
//! `vehicleChargingPreferences`, `setDevicePreferences` and `setVehicleChargePreferences`.

use std::sync::Arc;

use chrono::{NaiveTime, TimeDelta};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use uuid::Uuid;

use super::krakenflex::{self, Told};
use super::refusals::{self, Codes};
use super::shown::{CHARGERS, Shown, TYPES, device_type, float, shown, typed};
use crate::api::session::{Bindings, Call};
use crate::domain::devices::DeviceError;
use crate::domain::devices::cloud::Kind;
use crate::domain::devices::fleet::{self, Device};
use crate::domain::devices::preferences::{self, Wanted};
use crate::domain::devices::settings::{Bounds, Settings};
use crate::domain::devices::wishes::{self, Target, Wishes};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Resolved};

/// Names of weekdays, from Monday on.
const WEEKDAYS: [&str; 7] = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
/// The weekdays whose wishes stand for working days and for weekends.
const STAND_FOR: (u32, u32) = (1, 6);

/// What is wanted of a device.
struct Preferences(Arc<Device>);
/// One wish, and how far a car lets itself be charged.
struct Schedule(Target, Option<i16>);
/// What may be wanted of a device.
struct Setting(Kind, Settings);
/// The same for each schedule.
struct ScheduleSetting(Settings);
/// By when and how full a car is wanted.
struct Car {
    weekday: (NaiveTime, Option<i64>),
    weekend: (NaiveTime, Option<i64>),
    least: i64,
    most: i64,
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.vehicleChargingPreferences", of_account);
    b.root("Mutation.setDevicePreferences", set);
    b.root("Mutation.setVehicleChargePreferences", set_of_account);
    for object in TYPES {
        b.parts::<Shown>(
            object,
            &[
                ("preferences", |d| typed("SmartFlexDevicePreferences", Preferences(Arc::clone(&d.0)))),
                ("preferenceSetting", |d| {
                    typed("FlexDevicePreferenceSetting", Setting(d.0.kind, d.0.kind.settings()))
                }),
            ],
        );
    }
    for object in CHARGERS {
        b.parts::<Shown>(object, &[("chargingPreferences", |d| Resolved::maybe(car(&d.0)))]);
    }
    b.leaves::<Preferences>(
        "SmartFlexDevicePreferences",
        &[
            ("targetType", |p| wishes::target_type(p.0.kind, &p.0.wishes.unit).into()),
            ("unit", |p| (&p.0.wishes.unit).into()),
            ("mode", |p| (&p.0.wishes.mode).into()),
            ("gridExport", |p| switch(p.0.held.exports).into()),
            ("isChargingDurationCapped", |p| switch(p.0.held.is_capped).into()),
        ],
    );
    b.parts::<Preferences>("SmartFlexDevicePreferences", &[("schedules", schedules)]);
    b.leaves::<Schedule>(
        "SmartFlexDevicePreferenceSchedule",
        &[
            ("dayOfWeek", |s| weekday(s.0.weekday).into()),
            ("time", |s| s.0.time.into()),
            ("min", |s| float(s.0.min)),
            ("max", |s| float(Some(s.0.max))),
            ("upperLimit", |s| float(s.1.map(Decimal::from))),
        ],
    );
    bind_settings(b);
    b.leaves::<Car>(
        "SmartFlexVehicleChargingPreferences",
        &[
            ("weekdayTargetTime", |c| c.weekday.0.into()),
            ("weekdayTargetSoc", |c| c.weekday.1.into()),
            ("weekendTargetTime", |c| c.weekend.0.into()),
            ("weekendTargetSoc", |c| c.weekend.1.into()),
            ("minimumSoc", |c| c.least.into()),
            ("maximumSoc", |c| c.most.into()),
        ],
    );
    b.leaves::<Car>(
        "VehicleChargingPreferencesType",
        &[
            ("weekdayTargetTime", |c| c.weekday.0.format("%H:%M").to_string().into()),
            ("weekdayTargetSoc", |c| c.weekday.1.into()),
            ("weekendTargetTime", |c| c.weekend.0.format("%H:%M").to_string().into()),
            ("weekendTargetSoc", |c| c.weekend.1.into()),
            ("minimumSocPercentage", |c| c.least.into()),
            ("maximumSocPercentage", |c| c.most.into()),
        ],
    );
    b.parts::<Told>("SetVehicleChargingPreferences", &[("krakenflexDevice", krakenflex::device)]);
}

fn bind_settings(b: &mut Bindings) {
    b.leaves::<Setting>(
        "FlexDevicePreferenceSetting",
        &[
            ("id", |s| s.1.id.into()),
            ("deviceType", |s| device_type(s.0).into()),
            ("mode", |s| s.1.mode.into()),
            ("unit", |s| s.1.unit.into()),
        ],
    );
    b.parts::<Setting>(
        "FlexDevicePreferenceSetting",
        &[("scheduleSettings", |s| {
            Resolved::List(vec![typed("FlexDevicePreferenceScheduleSetting", ScheduleSetting(s.1))])
        })],
    );
    b.leaves::<ScheduleSetting>(
        "FlexDevicePreferenceScheduleSetting",
        &[
            ("id", |s| s.0.id.into()),
            ("timeFrom", |_| NaiveTime::MIN.into()),
            ("timeTo", |s| last_time(s.0.minutes).into()),
            ("timeStep", |s| i64::from(s.0.minutes).into()),
            ("min", |s| Decimal::from(s.0.min.least).into()),
            ("max", |s| Decimal::from(s.0.max.most).into()),
            ("step", |s| s.0.step().normalize().into()),
        ],
    );
    b.parts::<ScheduleSetting>(
        "FlexDevicePreferenceScheduleSetting",
        &[
            ("minConstraint", |s| typed("FlexDevicePreferenceConstraint", s.0.min)),
            ("maxConstraint", |s| typed("FlexDevicePreferenceConstraint", s.0.max)),
            ("targetConstraint", |s| typed("FlexDevicePreferenceConstraint", s.0.max)),
        ],
    );
    b.leaves::<Bounds>(
        "FlexDevicePreferenceConstraint",
        &[("min", |c| Decimal::from(c.least).into()), ("max", |c| Decimal::from(c.most).into())],
    );
}

fn weekday(number: u32) -> &'static str {
    let place = usize::try_from(number).unwrap_or(0).saturating_sub(1);
    WEEKDAYS.get(place).copied().unwrap_or(WEEKDAYS[0])
}

fn last_time(minutes: u32) -> NaiveTime {
    NaiveTime::MIN - TimeDelta::minutes(i64::from(minutes))
}

fn switch(state: Option<bool>) -> &'static str {
    match state {
        Some(true) => "ENABLED",
        Some(false) => "DISABLED",
        None => "NOT_APPLICABLE",
    }
}

fn schedules(preferences: &Preferences) -> Resolved {
    let device = &preferences.0;
    let limit = device.held.charge_limit_percent;
    Resolved::nodes(device.wishes.targets.iter().map(|target| Schedule(target.clone(), limit)))
}

/// None, where one of the weekdays that stand for the others has no wish.
fn car(device: &Device) -> Option<Car> {
    let on = |weekday| device.wishes.on(weekday).map(|target| (target.time, target.max.to_i64()));
    let (weekday, weekend) = (on(STAND_FOR.0)?, on(STAND_FOR.1)?);
    let Bounds { least, most } = device.kind.settings().max;
    let most = device.held.charge_limit_percent.map_or(most, |limit| most.min(i64::from(limit)));
    Some(Car { weekday, weekend, least, most })
}

async fn of_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let mut view = call.cx.read().await?;
    let device = fleet::charger_of(&mut view, call.cx.viewer(), &number).await;
    Ok(Resolved::maybe(car(&device.map_err(refusals::of_account)?)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScheduleInput {
    day_of_week: String,
    time: NaiveTime,
    min: Option<Decimal>,
    max: Decimal,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreferencesInput {
    device_id: String,
    mode: String,
    unit: String,
    schedules: Vec<Option<ScheduleInput>>,
}

impl PreferencesInput {
    fn wishes(&self) -> Wishes {
        let place = |name: &str| WEEKDAYS.iter().position(|weekday| *weekday == name).unwrap_or(0);
        let target = |given: &ScheduleInput| Target {
            weekday: u32::try_from(place(&given.day_of_week) + 1).unwrap_or(1),
            time: given.time,
            min: given.min,
            max: given.max,
        };
        let targets = self.schedules.iter().flatten().map(target).collect();
        Wishes { mode: self.mode.clone(), unit: self.unit.clone(), targets }
    }
}

async fn set(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: PreferencesInput = call.arg("input")?;
    let subject = Some(input.device_id.as_str());
    let done = call.cx.write("Mutation.setDevicePreferences", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let id: Uuid = input.device_id.parse().map_err(|_| DeviceError::Unknown)?;
            preferences::set(tx, viewer, id, input.wishes()).await
        })
    });
    done.await.map(shown).map_err(|error| match error {
        DeviceError::NoPreferences => FieldError::code("KT-CT-4314"),
        DeviceError::Unknown => FieldError::code("KT-CT-4321").at_input(&["input", "deviceId"]),
        DeviceError::Invalid(at, why) => not_valid(at, why),
        other => Codes { unknown: "KT-CT-4321", not_ready: "KT-CT-4374", failed: "KT-CT-4374" }.refuse(other),
    })
}

fn not_valid(at: &str, why: String) -> FieldError {
    FieldError::code("KT-CT-4321").describe(why).at_input(&["input", at])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CarInput {
    account_number: String,
    weekday_target_time: String,
    weekday_target_soc: i64,
    weekend_target_time: String,
    weekend_target_soc: i64,
    target_type: Option<String>,
}

fn time(at: &'static str, text: &str) -> Result<NaiveTime, DeviceError> {
    let formats = ["%H:%M", "%H:%M:%S"];
    let read = formats.iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok());
    read.ok_or_else(|| DeviceError::Invalid(at, "A time is written as in 07:30.".to_owned()))
}

async fn set_of_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let Some(input) = call.arg::<Option<CarInput>>("input")? else {
        return Err(FieldError::code(INVALID_INPUT).at_input(&["input"]));
    };
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.setVehicleChargePreferences", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let weekdays = Wanted {
                time: time("weekdayTargetTime", &input.weekday_target_time)?,
                percent: input.weekday_target_soc,
            };
            let weekend = Wanted {
                time: time("weekendTargetTime", &input.weekend_target_time)?,
                percent: input.weekend_target_soc,
            };
            let wanted_type = input.target_type.as_deref();
            preferences::set_of(tx, viewer, &input.account_number, (weekdays, weekend), wanted_type).await
        })
    });
    let device = done.await.map_err(|error| match error {
        DeviceError::Invalid("schedules", why) => FieldError::code("KT-CT-4321").describe(why).at_input(&[]),
        DeviceError::Invalid(at, why) => not_valid(at, why),
        DeviceError::NoPreferences => FieldError::code("KT-CT-4353"),
        other => Codes { unknown: "KT-CT-4301", not_ready: "KT-CT-4353", failed: "KT-CT-4353" }.refuse(other),
    })?;
    krakenflex::told(&call, device).await
}
