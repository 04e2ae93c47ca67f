//! What devices are told: to charge at once or no longer, to be controlled or left alone.

use serde::Deserialize;
use uuid::Uuid;

use super::krakenflex::{self, Told};
use super::refusals::Codes;
use super::shown::shown;
use crate::api::session::{Bindings, Call};
use crate::domain::devices::DeviceError;
use crate::domain::devices::boosts;
use crate::domain::devices::control::{self, Wanted};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Resolved};

/// A device that there is not, or not for the caller, is as little ready as one that is not in service.
const BOOST: Codes = Codes { unknown: "KT-CT-4356", not_ready: "KT-CT-4356", failed: "KT-CT-4357" };
const CANCEL: Codes = Codes { unknown: "KT-CT-4354", not_ready: "KT-CT-4354", failed: "KT-CT-4354" };

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.updateBoostCharge", update_boost);
    b.root("Mutation.triggerBoostCharge", trigger_boost);
    b.root("Mutation.deleteBoostCharge", delete_boost);
    b.root("Mutation.updateDeviceSmartControl", update_control);
    b.root("Mutation.suspendControl", suspend);
    b.root("Mutation.resumeControl", resume);
    for outcome in ["PerformBoostCharge", "DeleteBoostCharge", "SuspendDeviceControl", "ResumeDeviceControl"]
    {
        b.parts::<Told>(outcome, &[("krakenflexDevice", krakenflex::device)]);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountInput {
    account_number: String,
}

fn account(call: &Call<'_>) -> Result<AccountInput, FieldError> {
    let given = call.arg::<Option<AccountInput>>("input")?;
    given.ok_or_else(|| FieldError::code(INVALID_INPUT).at_input(&["input"]))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeviceInput {
    device_id: String,
    action: String,
}

impl DeviceInput {
    fn id(&self) -> Result<Uuid, DeviceError> {
        self.device_id.parse().map_err(|_| DeviceError::Unknown)
    }
}

async fn update_boost(call: Call<'_>) -> Result<Resolved, FieldError> {
    let Some(input) = call.arg::<Option<DeviceInput>>("input")? else {
        return Err(FieldError::code(INVALID_INPUT).at_input(&["input"]));
    };
    let is_cancel = input.action == "CANCEL";
    let subject = Some(input.device_id.as_str());
    let done = call.cx.write("Mutation.updateBoostCharge", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let id = input.id()?;
            if input.action == "CANCEL" {
                boosts::cancel(tx, viewer, id).await
            } else {
                boosts::boost(tx, viewer, id).await
            }
        })
    });
    let codes = if is_cancel { CANCEL } else { BOOST };
    done.await.map(shown).map_err(|error| codes.refuse(error))
}

async fn trigger_boost(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input = account(&call)?;
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.triggerBoostCharge", subject, &input, |tx, viewer, input| {
        Box::pin(boosts::boost_of(tx, viewer, &input.account_number))
    });
    let device = done.await.map_err(|error| BOOST.refuse(error))?;
    krakenflex::told(&call, device).await
}

async fn delete_boost(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input = account(&call)?;
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.deleteBoostCharge", subject, &input, |tx, viewer, input| {
        Box::pin(boosts::cancel_of(tx, viewer, &input.account_number))
    });
    let codes = Codes { unknown: "KT-CT-4301", ..CANCEL };
    let device = done.await.map_err(|error| codes.refuse(error))?;
    krakenflex::told(&call, device).await
}

/// The code for a device that is not left alone, or not controlled again.
fn failed(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Suspended => "KT-CT-4358",
        Wanted::Controlled => "KT-CT-4359",
    }
}

async fn update_control(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: DeviceInput = call.arg("input")?;
    let wanted = if input.action == "SUSPEND" { Wanted::Suspended } else { Wanted::Controlled };
    let subject = Some(input.device_id.as_str());
    let asked = (&input, wanted);
    let done = call.cx.write("Mutation.updateDeviceSmartControl", subject, &asked, |tx, viewer, asked| {
        let (input, wanted) = *asked;
        Box::pin(async move { control::set(tx, viewer, input.id()?, wanted).await })
    });
    let code = failed(wanted);
    let codes = Codes { unknown: "KT-CT-4313", not_ready: code, failed: code };
    done.await.map(shown).map_err(|error| codes.refuse(error))
}

async fn turn(call: &Call<'_>, operation: &'static str, wanted: Wanted) -> Result<Resolved, FieldError> {
    let input = account(call)?;
    let subject = Some(input.account_number.as_str());
    let asked = (&input, wanted);
    let done = call.cx.write(operation, subject, &asked, |tx, viewer, asked| {
        let (input, wanted) = *asked;
        Box::pin(control::set_of(tx, viewer, &input.account_number, wanted))
    });
    let code = failed(wanted);
    let codes = Codes { unknown: "KT-CT-4301", not_ready: code, failed: code };
    let device = done.await.map_err(|error| codes.refuse(error))?;
    krakenflex::told(call, device).await
}

async fn suspend(call: Call<'_>) -> Result<Resolved, FieldError> {
    turn(&call, "Mutation.suspendControl", Wanted::Suspended).await
}

async fn resume(call: Call<'_>) -> Result<Resolved, FieldError> {
    turn(&call, "Mutation.resumeControl", Wanted::Controlled).await
}
