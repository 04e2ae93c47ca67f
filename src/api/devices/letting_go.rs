//! `deauthenticateDevice`, `deauthenticateFlexDevice`, `deleteDeviceConnectionDetails`, `triggerTestCharge` and
//! `updateDeviceGridExport`.

use serde::Deserialize;
use uuid::Uuid;

use super::krakenflex::{self, Told};
use super::refusals::Codes;
use super::shown::{device_type, shown};
use crate::api::session::{Bindings, Call};
use crate::domain::devices::DeviceError;
use crate::domain::devices::cloud::Kind;
use crate::domain::devices::fleet::Device;
use crate::domain::devices::letting_go;
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Resolved};

/// What was let go of.
struct SignedOut(Device);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.deauthenticateDevice", sign_out_of);
    b.root("Mutation.deauthenticateFlexDevice", sign_out);
    b.root("Mutation.deleteDeviceConnectionDetails", forget);
    b.root("Mutation.triggerTestCharge", test);
    b.root("Mutation.updateDeviceGridExport", feed);
    for outcome in ["DeauthenticateDevice", "DeauthenticateFlexDevice"] {
        b.parts::<SignedOut>(outcome, &[("krakenflexDevice", |o| Resolved::node(SignedOut(o.0.clone())))]);
    }
    b.leaves::<SignedOut>(
        "DeviceDetailsType",
        &[
            ("krakenflexDeviceId", |o| o.0.held.id.to_string().into()),
            ("provider", |o| (&o.0.held.provider).into()),
            ("deviceType", |o| device_type(o.0.kind).into()),
        ],
    );
    for outcome in ["DeleteDeviceConnectionDetails", "PerformTestCharge"] {
        b.parts::<Told>(outcome, &[("krakenflexDevice", krakenflex::device)]);
    }
}

fn given<T: for<'de> Deserialize<'de>>(call: &Call<'_>) -> Result<T, FieldError> {
    let input = call.arg::<Option<T>>("input")?;
    input.ok_or_else(|| FieldError::code(INVALID_INPUT).at_input(&["input"]))
}

fn id(text: &str) -> Result<Uuid, DeviceError> {
    text.parse().map_err(|_| DeviceError::Unknown)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeInput {
    account_number: String,
    device_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountInput {
    account_number: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeviceInput {
    device_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExportInput {
    device_id: String,
    enabled: bool,
}

/// Nothing to sign out of is one thing, and a service that does not do it another.
fn not_signed_out(error: DeviceError, unknown: &'static str) -> FieldError {
    match error {
        DeviceError::Nothing => FieldError::code("KT-CT-4350"),
        other => Codes { unknown, not_ready: "KT-CT-4350", failed: "KT-CT-4352" }.refuse(other),
    }
}

async fn sign_out_of(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: TypeInput = given(&call)?;
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.deauthenticateDevice", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let wanted = |kind: &Kind| match input.device_type.as_deref() {
                Some(name) => device_type(*kind) == name,
                None => kind.charges_cars(),
            };
            let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(wanted).collect();
            letting_go::sign_out_of(tx, viewer, &input.account_number, &kinds).await
        })
    });
    let device = done.await.map_err(|error| not_signed_out(error, "KT-CT-4301"))?;
    Ok(Resolved::node(SignedOut(device)))
}

async fn sign_out(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: DeviceInput = given(&call)?;
    let subject = Some(input.device_id.as_str());
    let done = call.cx.write("Mutation.deauthenticateFlexDevice", subject, &input, |tx, viewer, input| {
        Box::pin(async move { letting_go::sign_out(tx, viewer, id(&input.device_id)?).await })
    });
    let device = done.await.map_err(|error| not_signed_out(error, "KT-CT-4350"))?;
    Ok(Resolved::node(SignedOut(device)))
}

async fn forget(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AccountInput = given(&call)?;
    let subject = Some(input.account_number.as_str());
    let done =
        call.cx.write("Mutation.deleteDeviceConnectionDetails", subject, &input, |tx, viewer, input| {
            Box::pin(letting_go::forget(tx, viewer, &input.account_number))
        });
    let codes = Codes { unknown: "KT-CT-4301", not_ready: "KT-CT-4352", failed: "KT-CT-4352" };
    let device = done.await.map_err(|error| codes.refuse(error))?;
    krakenflex::told(&call, device).await
}

async fn test(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AccountInput = given(&call)?;
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.triggerTestCharge", subject, &input, |tx, viewer, input| {
        Box::pin(letting_go::test(tx, viewer, &input.account_number))
    });
    let codes = Codes { unknown: "KT-CT-4301", not_ready: "KT-CT-4362", failed: "KT-CT-4355" };
    let device = done.await.map_err(|error| codes.refuse(error))?;
    krakenflex::told(&call, device).await
}

async fn feed(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ExportInput = given(&call)?;
    let subject = Some(input.device_id.as_str());
    let asked = (&input, input.enabled);
    let done = call.cx.write("Mutation.updateDeviceGridExport", subject, &asked, |tx, viewer, asked| {
        let (input, may) = *asked;
        Box::pin(async move { letting_go::feed(tx, viewer, id(&input.device_id)?, may).await })
    });
    let codes = Codes { unknown: "KT-CT-4313", not_ready: "KT-CT-4374", failed: "KT-CT-4374" };
    done.await.map(shown).map_err(|error| match error {
        DeviceError::Invalid(at, why) => {
            FieldError::code("KT-CT-4321").describe(why).at_input(&["input", at])
        }
        other => codes.refuse(other),
    })
}
