//! Setting devices up step by step: `startSmartFlexOnboarding` and the mutation of each step.

use std::sync::Arc;

use serde::Deserialize;
use uuid::Uuid;

use crate::api::session::{Bindings, Call};
use crate::domain::devices::onboarding::{self, Answer, Doing, Kind, Wizard, WizardError};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

/// What a mutation answers.
struct Went(Arc<Wizard>);

/// The payloads of all mutations.
const PAYLOADS: [&str; 13] = [
    "StartSmartFlexOnboarding",
    "CancelSmartFlexOnboarding",
    "CompleteAuthFlowForSmartFlexOnboarding",
    "CompleteSelectVehicleOrChargePointForSmartFlexOnboarding",
    "CompleteTeslaSetupVirtualKeyForSmartFlexOnboarding",
    "CompleteUserActionRequiredForSmartFlexOnboarding",
    "SelectChargePointMakeForSmartFlexOnboarding",
    "SelectChargePointVariantForSmartFlexOnboarding",
    "SelectDeviceTypeForSmartFlexOnboarding",
    "SelectUserVehicleForSmartFlexOnboarding",
    "SelectVehicleMakeForSmartFlexOnboarding",
    "SelectVehicleVariantForSmartFlexOnboarding",
    "StartTestChargeForSmartFlexOnboarding",
];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.startSmartFlexOnboarding", start);
    b.root("Mutation.cancelSmartFlexOnboarding", cancel);
    b.root("Mutation.selectDeviceTypeForSmartFlexOnboarding", device_type);
    b.root("Mutation.selectVehicleOrChargePointForSmartFlexOnboarding", integration);
    b.root("Mutation.selectVehicleMakeForSmartFlexOnboarding", vehicle_make);
    b.root("Mutation.selectVehicleVariantForSmartFlexOnboarding", vehicle_variant);
    b.root("Mutation.selectChargePointMakeForSmartFlexOnboarding", charge_point_make);
    b.root("Mutation.selectChargePointVariantForSmartFlexOnboarding", charge_point_variant);
    b.root("Mutation.completeAuthFlowForSmartFlexOnboarding", signed_in);
    b.root("Mutation.selectUserVehicleForSmartFlexOnboarding", user_vehicle);
    b.root("Mutation.completeTeslaSetupVirtualKeyForSmartFlexOnboarding", key_is_set_up);
    b.root("Mutation.completeUserActionForSmartFlexOnboarding", action_is_done);
    b.root("Mutation.startTestChargeForSmartFlexOnboarding", test);
    for payload in PAYLOADS {
        b.parts::<Went>(payload, &[("wizard", |w| Resolved::Node(Node::shared(Arc::clone(&w.0))))]);
    }
}

/// What a mutation answers about the wizard that it moved.
async fn went(call: &Call<'_>, wizard: Uuid) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    let wizard = onboarding::by_id(&mut view, call.cx.viewer(), wizard).await.map_err(refused)?;
    Ok(Resolved::node(Went(Arc::new(wizard))))
}

fn refused(error: WizardError) -> FieldError {
    let text = format!("Nothing was done: {error}.");
    let code = match error {
        WizardError::Forbidden => return FieldError::code(FORBIDDEN),
        WizardError::NoHome(at) => {
            return FieldError::code("KT-CT-4321").describe(text).at_input(&["input", at]);
        }
        WizardError::Unknown | WizardError::Done => "KT-CT-4371",
        WizardError::Busy => "KT-CT-4372",
        WizardError::Parameters => "KT-CT-4375",
        WizardError::Unable(_) => "KT-CT-4376",
        WizardError::UnknownStep => "KT-CT-4377",
        WizardError::WrongStep => "KT-CT-4378",
        WizardError::NotReady => "KT-CT-4379",
        WizardError::Device(_) | WizardError::Database(_) => return FieldError::internal(error),
    };
    FieldError::code(code).describe(text)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartInput {
    account_number: String,
    property_id: i64,
}

async fn start(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: StartInput = call.arg("input")?;
    let number = input.account_number.clone();
    let work = (call.cx.app.auth().random().clone(), input);
    let done = call.cx.write(
        "Mutation.startSmartFlexOnboarding",
        Some(&number),
        &work,
        |tx, viewer, (random, input)| {
            Box::pin(onboarding::start(tx, random, viewer, &input.account_number, input.property_id))
        },
    );
    let wizard = done.await.map_err(refused)?;
    went(&call, wizard).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelInput {
    wizard_id: String,
}

async fn cancel(call: Call<'_>) -> Result<Resolved, FieldError> {
    let CancelInput { wizard_id } = call.arg("input")?;
    let subject = Some(wizard_id.as_str());
    let done = call.cx.write("Mutation.cancelSmartFlexOnboarding", subject, &wizard_id, |tx, viewer, id| {
        Box::pin(onboarding::cancel(tx, viewer, id))
    });
    let wizard = done.await.map_err(|error| match error {
        // Which wizard is meant is all that is said.
        WizardError::Parameters => refused(WizardError::Unknown),
        other => refused(other),
    })?;
    went(&call, wizard).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StepInput {
    wizard_id: String,
    step_id: String,
    selected_option: Option<String>,
    selected_integration: Option<String>,
    continuation_uri: Option<String>,
}

impl StepInput {
    /// What was chosen in a step of a kind.
    fn chosen(&mut self, kind: Kind) -> Answer {
        let chosen = self.selected_option.take().or(self.selected_integration.take());
        Answer::Option(kind, chosen.unwrap_or_default())
    }
}

async fn complete(
    call: Call<'_>,
    operation: &'static str,
    answer: impl FnOnce(&mut StepInput) -> Answer,
) -> Result<Resolved, FieldError> {
    let mut input: StepInput = call.arg("input")?;
    let answer = answer(&mut input);
    let doing = Doing { wizard: input.wizard_id, step: input.step_id, answer };
    let wizard = doing.wizard.clone();
    let work = (call.cx.app.auth().random().clone(), doing);
    let done = call.cx.write(operation, Some(&wizard), &work, |tx, viewer, (random, doing)| {
        Box::pin(onboarding::complete(tx, random, viewer, doing))
    });
    let wizard = done.await.map_err(refused)?;
    went(&call, wizard).await
}

async fn device_type(call: Call<'_>) -> Result<Resolved, FieldError> {
    let operation = "Mutation.selectDeviceTypeForSmartFlexOnboarding";
    complete(call, operation, |input| input.chosen(Kind::DeviceType)).await
}

async fn integration(call: Call<'_>) -> Result<Resolved, FieldError> {
    let operation = "Mutation.selectVehicleOrChargePointForSmartFlexOnboarding";
    complete(call, operation, |input| input.chosen(Kind::Integration)).await
}

async fn vehicle_make(call: Call<'_>) -> Result<Resolved, FieldError> {
    let operation = "Mutation.selectVehicleMakeForSmartFlexOnboarding";
    complete(call, operation, |input| input.chosen(Kind::VehicleMake)).await
}

async fn vehicle_variant(call: Call<'_>) -> Result<Resolved, FieldError> {
    let operation = "Mutation.selectVehicleVariantForSmartFlexOnboarding";
    complete(call, operation, |input| input.chosen(Kind::VehicleVariant)).await
}

async fn charge_point_make(call: Call<'_>) -> Result<Resolved, FieldError> {
    let operation = "Mutation.selectChargePointMakeForSmartFlexOnboarding";
    complete(call, operation, |input| input.chosen(Kind::ChargePointMake)).await
}

async fn charge_point_variant(call: Call<'_>) -> Result<Resolved, FieldError> {
    let operation = "Mutation.selectChargePointVariantForSmartFlexOnboarding";
    complete(call, operation, |input| input.chosen(Kind::ChargePointVariant)).await
}

async fn signed_in(call: Call<'_>) -> Result<Resolved, FieldError> {
    let operation = "Mutation.completeAuthFlowForSmartFlexOnboarding";
    let answer = |input: &mut StepInput| Answer::SignedIn(input.continuation_uri.take().unwrap_or_default());
    complete(call, operation, answer).await
}

async fn user_vehicle(call: Call<'_>) -> Result<Resolved, FieldError> {
    let operation = "Mutation.selectUserVehicleForSmartFlexOnboarding";
    complete(call, operation, |input| input.chosen(Kind::Reached)).await
}

async fn key_is_set_up(call: Call<'_>) -> Result<Resolved, FieldError> {
    let operation = "Mutation.completeTeslaSetupVirtualKeyForSmartFlexOnboarding";
    complete(call, operation, |_| Answer::Done(Kind::VirtualKey)).await
}

async fn action_is_done(call: Call<'_>) -> Result<Resolved, FieldError> {
    let operation = "Mutation.completeUserActionForSmartFlexOnboarding";
    complete(call, operation, |_| Answer::Done(Kind::Connect)).await
}

async fn test(call: Call<'_>) -> Result<Resolved, FieldError> {
    let operation = "Mutation.startTestChargeForSmartFlexOnboarding";
    complete(call, operation, |_| Answer::Done(Kind::TestCharge)).await
}
