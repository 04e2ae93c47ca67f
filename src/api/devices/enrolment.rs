//! `registerDevice` and `deviceRegistration`.

use serde::Deserialize;

use super::krakenflex::{self, Told};
use super::shown::device_type;
use crate::api::session::{Bindings, Call};
use crate::domain::devices::cloud::{self, Kind};
use crate::domain::devices::enrolment::{self, EnrolError, Wanted};
use crate::domain::devices::fleet::Device;
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// The identifiers of what was taken in.
struct Enrolled(Vec<String>);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.registerDevice", register_car);
    b.root("Mutation.deviceRegistration", register);
    b.parts::<Told>("RegisterDevice", &[("krakenflexDevice", krakenflex::device)]);
    b.leaves::<Enrolled>("DeviceRegistration", &[("registeredDeviceIds", |e| (&e.0).into())]);
    // A simulated service takes what it is given at its word.
    b.dark(&[
        "AuthenticationInput.refreshToken",
        "AuthenticationInput.expiresIn",
        "AuthenticationInput.state",
        "AuthenticationInput.redirectUri",
    ]);
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication {
    access_token: Option<String>,
    authorization_code: Option<String>,
    provider_device_id: Option<String>,
}

impl Authentication {
    fn sign_in(&self) -> Option<&str> {
        self.access_token.as_deref().or(self.authorization_code.as_deref())
    }
}

async fn enrol(call: &Call<'_>, operation: &'static str, wanted: Wanted<'_>) -> Result<Device, EnrolError> {
    let work = (call.cx.app.auth().random(), wanted);
    let subject = Some(wanted.account);
    let done = call.cx.write(operation, subject, &work, |tx, viewer, (random, wanted)| {
        Box::pin(enrolment::enrol(tx, random, viewer, wanted))
    });
    done.await
}

/// The codes of one operation: for what is not supported, for what is under way already, and for a sign-in that is no good.
struct Codes {
    provider: &'static str,
    busy: &'static str,
    already: &'static str,
    sign_in: &'static str,
}

fn refused(error: EnrolError, codes: &Codes) -> FieldError {
    let text = format!("Nothing was registered: {error}.");
    match error {
        EnrolError::Forbidden => FieldError::code(FORBIDDEN),
        EnrolError::NoAccount => {
            FieldError::code("KT-CT-4312").describe(text).at_input(&["input", "accountNumber"])
        }
        EnrolError::NoProvider => FieldError::code(codes.provider).describe(text),
        EnrolError::Invalid(at, why) => FieldError::code("KT-CT-4321").describe(why).at_input(&["input", at]),
        EnrolError::InProgress => FieldError::code(codes.busy),
        EnrolError::Already => FieldError::code(codes.already).describe(text),
        EnrolError::NotLetIn => FieldError::code(codes.sign_in).describe(text),
        EnrolError::NoneFound => FieldError::code("KT-CT-4363"),
        EnrolError::Several(_) => FieldError::code("KT-CT-4364").describe(text),
        other => FieldError::internal(other),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CarInput {
    account_number: String,
    vehicle: Vehicle,
    charge_point: ChargePoint,
    supported_provider: String,
    authentication: Option<Authentication>,
    property_id: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vehicle {
    vehicle_id: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChargePoint {
    charge_point_id: Option<String>,
}

/// The number of a model; text that is no number names none.
fn model(id: &str) -> i32 {
    id.parse().unwrap_or_default()
}

async fn register_car(call: Call<'_>) -> Result<Resolved, FieldError> {
    let Some(input) = call.arg::<Option<CarInput>>("input")? else {
        return Err(FieldError::code(INVALID_INPUT).at_input(&["input"]));
    };
    let authentication = input.authentication.unwrap_or_default();
    let wanted = Wanted {
        account: &input.account_number,
        property: input.property_id,
        provider: &input.supported_provider,
        kinds: &[Kind::Vehicle, Kind::ChargePoint],
        vehicle: Some(input.vehicle.vehicle_id),
        charge_point: input.charge_point.charge_point_id.as_deref().map(model),
        sign_in: authentication.sign_in(),
        reference: authentication.provider_device_id.as_deref(),
        is_alone: true,
    };
    let codes =
        Codes { provider: "KT-CT-4314", busy: "KT-CT-4335", already: "KT-CT-4312", sign_in: "KT-CT-4351" };
    let device = enrol(&call, "Mutation.registerDevice", wanted).await;
    // What reaches no cars is not supported here.
    let device = device.map_err(|error| match error {
        EnrolError::Invalid("deviceType", _) => refused(EnrolError::NoProvider, &codes),
        other => refused(other, &codes),
    })?;
    krakenflex::told(&call, device).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    account_number: String,
    property_id: i64,
    device_type: String,
    provider: String,
    device_details: Option<Details>,
    authentication: Option<Authentication>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    device_variant_id: Option<String>,
    aux_device_variant_id: Option<String>,
}

async fn register(call: Call<'_>) -> Result<Resolved, FieldError> {
    let Some(input) = call.arg::<Option<Input>>("input")? else {
        return Err(FieldError::code(INVALID_INPUT).at_input(&["input"]));
    };
    let authentication = input.authentication.unwrap_or_default();
    let details = input.device_details.unwrap_or_default();
    let (own, other) = (
        details.device_variant_id.as_deref().map(model),
        details.aux_device_variant_id.as_deref().map(model),
    );
    // The variant is that of what is reached, and the other one that of what stands beside it.
    let is_point = cloud::of(&input.provider).reaches(&input.provider) == Some(Kind::ChargePoint);
    let (vehicle, charge_point) = if is_point { (other, own) } else { (own, other) };
    let kinds: Vec<Kind> =
        Kind::ALL.into_iter().filter(|kind| device_type(*kind) == input.device_type).collect();
    let wanted = Wanted {
        account: &input.account_number,
        property: Some(input.property_id),
        provider: &input.provider,
        kinds: &kinds,
        vehicle,
        charge_point,
        sign_in: authentication.sign_in(),
        reference: authentication.provider_device_id.as_deref(),
        is_alone: false,
    };
    let codes =
        Codes { provider: "KT-CT-4312", busy: "KT-CT-4324", already: "KT-CT-4324", sign_in: "KT-CT-4312" };
    let device = enrol(&call, "Mutation.deviceRegistration", wanted).await;
    let device = device.map_err(|error| refused(error, &codes))?;
    Ok(Resolved::node(Enrolled(vec![device.held.id.to_string()])))
}
