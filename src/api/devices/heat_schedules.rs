//! The times by which zones go, and what older clients tell the heat pump of an account.

use std::sync::Arc;

use chrono::NaiveTime;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

use super::heat_orders::{Controller, Ordered, refused, thousandths};
use super::heat_pumps::{OfZone, Older, degrees};
use super::refusals::Codes;
use crate::api::session::{Bindings, Call};
use crate::domain::devices::DeviceError;
use crate::domain::devices::heat::schedules::{self, Wanted};
use crate::domain::devices::heat::settings::{Days, Time, ZoneName};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Resolved};

/// The times of some days.
struct OfDays(Days, Vec<Time>);

/// What an older order answers.
struct Told(Arc<crate::domain::devices::heat::controllers::Controller>);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.octoHeatPumpSetZoneSchedules", set_times);
    b.root("Mutation.setZoneSchedules", set_times);
    b.root("Mutation.setClimateControlState", set_rooms);
    b.root("Mutation.setHotWaterState", set_water);
    b.root("Mutation.setRoomTemperature", keep_rooms);
    b.leaves::<Ordered>("SetZoneSchedules", &[("transactionId", |o| o.0.into())]);
    for outcome in ["SetClimateControlState", "SetHotWaterState", "SetRoomTemperature"] {
        b.parts::<Told>(outcome, &[("heatPumpDevice", |t| Resolved::node(Older(Arc::clone(&t.0))))]);
    }
    b.parts::<OfZone>("ZoneInformation", &[("schedules", by_days)]);
    b.leaves::<OfDays>("Schedule", &[("days", |s| s.0.text().into())]);
    b.parts::<OfDays>("Schedule", &[("settings", |s| Resolved::nodes(s.1.iter().copied()))]);
    b.leaves::<Time>(
        "Setting",
        &[
            ("startTime", |t| t.from.into()),
            ("action", |t| if t.keeps.is_some() { "ON" } else { "OFF" }.into()),
            ("setpointInCelsius", |t| t.keeps.map(degrees).into()),
        ],
    );
}

/// Times of the same days together, in the order of the days.
fn by_days(zone: &OfZone) -> Resolved {
    let mut all: Vec<OfDays> = Vec::new();
    for time in zone.zone().into_iter().flat_map(|zone| &zone.times) {
        match all.iter_mut().find(|known| known.0 == time.days) {
            Some(known) => known.1.push(*time),
            None => all.push(OfDays(time.days, vec![*time])),
        }
    }
    all.sort_by_key(|known| std::cmp::Reverse(known.0));
    Resolved::nodes(all)
}

#[derive(Deserialize)]
struct TimesInput {
    zone: String,
    schedules: Vec<Option<DaysInput>>,
}

#[derive(Deserialize)]
struct DaysInput {
    days: String,
    settings: Vec<Option<TimeInput>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimeInput {
    time: NaiveTime,
    action: String,
    setpoint_in_celsius: Option<Decimal>,
}

impl TimesInput {
    fn times(&self) -> Result<Vec<Time>, DeviceError> {
        let invalid = |at, why: &str| DeviceError::Invalid(at, why.to_owned());
        let mut times = Vec::new();
        for each in self.schedules.iter().flatten() {
            let days = Days::of(&each.days);
            let days = days.ok_or_else(|| invalid("days", "Days are seven digits, each 0 or 1."))?;
            for setting in each.settings.iter().flatten() {
                let keeps = match (setting.action.as_str(), setting.setpoint_in_celsius) {
                    ("ON", Some(setpoint)) => Some(thousandths(setpoint)),
                    ("OFF", None) => None,
                    _ => return Err(invalid("action", "It is ON with a setpoint, or OFF without.")),
                };
                times.push(Time { days, from: setting.time, keeps });
            }
        }
        Ok(times)
    }
}

async fn set_times(call: Call<'_>) -> Result<Resolved, FieldError> {
    let controller: Controller = call.args()?;
    let input: TimesInput = call.arg("zoneScheduleParameters")?;
    let subject = controller.account_number.as_deref();
    let asked = (&controller, &input);
    let done =
        call.cx.write("Mutation.octoHeatPumpSetZoneSchedules", subject, &asked, |tx, viewer, asked| {
            let (controller, input) = *asked;
            Box::pin(async move {
                let zone = ZoneName::of(&input.zone).unwrap_or(ZoneName::Auxiliary);
                schedules::set_times(tx, viewer, controller.which(), zone, &input.times()?).await
            })
        });
    let order = done.await.map_err(|error| refused(error, "KT-CT-4334", "KT-CT-4308"))?;
    Ok(Resolved::node(Ordered(order)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateInput {
    account_number: String,
    state: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoomInput {
    account_number: String,
    temperature: f64,
}

async fn tell(
    call: &Call<'_>,
    operation: &'static str,
    account: &str,
    wanted: Wanted,
) -> Result<Resolved, DeviceError> {
    let asked = (account, wanted);
    let done = call.cx.write(operation, Some(account), &asked, |tx, viewer, asked| {
        Box::pin(schedules::tell_account(tx, viewer, asked.0, asked.1))
    });
    Ok(Resolved::node(Told(Arc::new(done.await?))))
}

async fn switch(
    call: Call<'_>,
    operation: &'static str,
    wanted: fn(bool) -> Wanted,
    failed: &'static str,
) -> Result<Resolved, FieldError> {
    let Some(input) = call.arg::<Option<StateInput>>("input")? else {
        return Err(FieldError::code(INVALID_INPUT).at_input(&["input"]));
    };
    let told = tell(&call, operation, &input.account_number, wanted(input.state)).await;
    let codes = Codes { unknown: "KT-CT-4301", not_ready: failed, failed };
    told.map_err(|error| codes.refuse(error))
}

async fn set_rooms(call: Call<'_>) -> Result<Resolved, FieldError> {
    switch(call, "Mutation.setClimateControlState", Wanted::Rooms, "KT-CT-4337").await
}

async fn set_water(call: Call<'_>) -> Result<Resolved, FieldError> {
    switch(call, "Mutation.setHotWaterState", Wanted::Water, "KT-CT-4336").await
}

async fn keep_rooms(call: Call<'_>) -> Result<Resolved, FieldError> {
    let Some(input) = call.arg::<Option<RoomInput>>("input")? else {
        return Err(FieldError::code(INVALID_INPUT).at_input(&["input"]));
    };
    // What is no number of thousandths is out of any bounds.
    let setpoint = Decimal::from_f64_retain(input.temperature).map(|exact| exact.round_dp(3));
    let setpoint = setpoint.and_then(|exact| exact.checked_mul(Decimal::ONE_THOUSAND)?.to_i64());
    let wanted = Wanted::Keep(setpoint.unwrap_or(i64::MIN));
    let told = tell(&call, "Mutation.setRoomTemperature", &input.account_number, wanted).await;
    told.map_err(|error| match error {
        DeviceError::Invalid(_, why) => {
            FieldError::code("KT-CT-4329").describe(why).at_input(&["input", "temperature"])
        }
        // An account without a heat pump, and one that is not the viewer's.
        DeviceError::Unknown | DeviceError::Forbidden => FieldError::code("KT-CT-7223"),
        other => {
            let failed = "KT-CT-4346";
            Codes { unknown: failed, not_ready: failed, failed }.refuse(other)
        }
    })
}
