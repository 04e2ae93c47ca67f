//! Second factors of the viewer.

use serde::Deserialize;

use super::throttle;
use crate::api::session::{Bindings, Call};
use crate::domain::auth::limits::Key;
use crate::domain::auth::mfa::{self, Created, Device, Method, MfaError};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// Takes the place of the general refusal where a session is not its user's own.
const NOT_IN_PERSON: &str = "KT-CT-1128";

struct Validated;
struct Deleted;

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.mfaDevices", devices);
    b.root("Mutation.createMfaDevice", create);
    b.root("Mutation.validateMfaDevice", validate);
    b.root("Mutation.deleteMfaDevice", delete);
    b.leaves::<Device>(
        "MfaDevice",
        &[("deviceType", |d| (&d.method).into()), ("isConfirmed", |d| d.is_confirmed.into())],
    );
    b.leaves::<Created>(
        "CreateMfaDevice",
        &[
            ("deviceEmail", |c| c.email.as_deref().into()),
            ("devicePhone", |c| c.phone.as_deref().into()),
            ("totpSecret", |c| c.totp_secret.as_deref().into()),
        ],
    );
    b.leaves::<Validated>("ValidateMfaDevice", &[("deviceIsValid", |_| true.into())]);
    b.leaves::<Deleted>("DeleteMfaDevice", &[("deviceDeleted", |_| true.into())]);
}

fn method(code: &str) -> Result<Method, FieldError> {
    Method::from_code(code).ok_or_else(|| FieldError::internal("an MFA method that nobody knows"))
}

fn refused(error: MfaError) -> FieldError {
    FieldError::code(match error {
        MfaError::Forbidden => FORBIDDEN,
        MfaError::NowhereToSend | MfaError::AlreadyConfirmed => "KT-CT-1153",
        MfaError::Unknown => "KT-CT-1150",
        MfaError::Several => "KT-CT-1151",
        MfaError::NoBackup => "KT-CT-1155",
        MfaError::LastBackup => "KT-CT-1154",
        MfaError::Database(error) => return FieldError::internal(error),
    })
}

async fn devices(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    let devices = mfa::devices(&mut view, call.cx.viewer()).await.map_err(FieldError::internal)?;
    Ok(Resolved::nodes(devices))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MethodInput {
    mfa_method: String,
}

async fn create(call: Call<'_>) -> Result<Resolved, FieldError> {
    let method = method(&call.arg::<MethodInput>("input")?.mfa_method)?;
    let input = (call.cx.app.auth().random().clone(), method);
    let making = call.cx.write("Mutation.createMfaDevice", None, &input, |tx, viewer, input| {
        Box::pin(async move { mfa::create(tx, &input.0, viewer, input.1).await })
    });
    // Every code that is sent counts.
    let who = throttle::name(call.cx);
    let made =
        throttle::counted(call.cx, "createMfaDevice", Key::Identifier(&who), making, Result::is_ok).await?;
    let made = made.map_err(|error| match error {
        MfaError::Forbidden => FieldError::code(NOT_IN_PERSON),
        MfaError::NowhereToSend => {
            refused(error).describe("There is no address or number that a code could be sent to.")
        }
        MfaError::AlreadyConfirmed => refused(error).describe("A device of this kind is set up already."),
        other => refused(other),
    })?;
    Ok(Resolved::node(made))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ValidateInput {
    mfa_method: String,
    token: String,
}

async fn validate(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ValidateInput = call.arg("input")?;
    let input = (method(&input.mfa_method)?, input);
    let trying = call.cx.write("Mutation.validateMfaDevice", None, &input, |tx, viewer, input| {
        Box::pin(async move { mfa::validate(tx, viewer, input.0, &input.1.token).await })
    });
    let who = throttle::name(call.cx);
    let is_wrong = |done: &Result<bool, MfaError>| matches!(done, Ok(false));
    let good =
        throttle::counted(call.cx, "validateMfaDevice", Key::Identifier(&who), trying, is_wrong).await?;
    // A wrong code is refused after it has been counted, with the device and by the caller.
    if good.map_err(refused)? {
        return Ok(Resolved::node(Validated));
    }
    Err(FieldError::code("KT-CT-1152").at_input(&["input", "token"]))
}

async fn delete(call: Call<'_>) -> Result<Resolved, FieldError> {
    let method = method(&call.arg::<MethodInput>("input")?.mfa_method)?;
    let done = call.cx.write("Mutation.deleteMfaDevice", None, &method, |tx, viewer, method| {
        Box::pin(async move { mfa::delete(tx, viewer, *method).await })
    });
    done.await.map_err(refused)?;
    Ok(Resolved::node(Deleted))
}
