//! The calls about the device that Bob is setting up.

use serde_json::{Value, json};

use super::attempts::{Attempt, Bobs};

/// A step of his wizard, and what is said in it.
fn step(bob: &Bobs, field: &str, said: &str) -> Value {
    let (wizard, step) = &bob.wizard;
    let mut input = json!({ "wizardId": wizard, "stepId": step });
    if !field.is_empty() {
        input[field] = json!(said);
    }
    json!({ "i": input })
}

pub const ATTEMPTS: &[Attempt] = &[
    Attempt {
        mutation: "startSmartFlexOnboarding",
        document: "mutation($i: StartSmartFlexOnboardingInput!) {
            startSmartFlexOnboarding(input: $i) { wizard { id } } }",
        variables: |bob| json!({ "i": { "accountNumber": bob.account, "propertyId": bob.home } }),
    },
    Attempt {
        mutation: "cancelSmartFlexOnboarding",
        document: "mutation($i: CancelSmartFlexOnboardingInput!) {
            cancelSmartFlexOnboarding(input: $i) { wizard { id } } }",
        variables: |bob| json!({ "i": { "wizardId": bob.wizard.0 } }),
    },
    Attempt {
        mutation: "selectDeviceTypeForSmartFlexOnboarding",
        document: "mutation($i: SelectDeviceTypeInput!) {
            selectDeviceTypeForSmartFlexOnboarding(input: $i) { wizard { id } } }",
        variables: |bob| step(bob, "selectedOption", "ELECTRIC_VEHICLES"),
    },
    Attempt {
        mutation: "selectVehicleOrChargePointForSmartFlexOnboarding",
        document: "mutation($i: SelectVehicleOrChargePointInput!) {
            selectVehicleOrChargePointForSmartFlexOnboarding(input: $i) { wizard { id } } }",
        variables: |bob| step(bob, "selectedIntegration", "CHARGE_POINT"),
    },
    Attempt {
        mutation: "selectVehicleMakeForSmartFlexOnboarding",
        document: "mutation($i: SelectVehicleMakeInput!) {
            selectVehicleMakeForSmartFlexOnboarding(input: $i) { wizard { id } } }",
        variables: |bob| step(bob, "selectedOption", "Tesla"),
    },
    Attempt {
        mutation: "selectVehicleVariantForSmartFlexOnboarding",
        document: "mutation($i: SelectVehicleVariantInput!) {
            selectVehicleVariantForSmartFlexOnboarding(input: $i) { wizard { id } } }",
        variables: |bob| step(bob, "selectedOption", "138"),
    },
    Attempt {
        mutation: "selectChargePointMakeForSmartFlexOnboarding",
        document: "mutation($i: SelectChargePointMakeInput!) {
            selectChargePointMakeForSmartFlexOnboarding(input: $i) { wizard { id } } }",
        variables: |bob| step(bob, "selectedOption", "Ohme"),
    },
    Attempt {
        mutation: "selectChargePointVariantForSmartFlexOnboarding",
        document: "mutation($i: SelectChargePointVariantInput!) {
            selectChargePointVariantForSmartFlexOnboarding(input: $i) { wizard { id } } }",
        variables: |bob| step(bob, "selectedOption", "210"),
    },
    Attempt {
        mutation: "completeAuthFlowForSmartFlexOnboarding",
        document: "mutation($i: CompleteAuthFlowInput!) {
            completeAuthFlowForSmartFlexOnboarding(input: $i) { wizard { id } } }",
        variables: |bob| step(bob, "continuationUri", "https://app.example/?code=bob"),
    },
    Attempt {
        mutation: "selectUserVehicleForSmartFlexOnboarding",
        document: "mutation($i: SelectUserVehicleInput!) {
            selectUserVehicleForSmartFlexOnboarding(input: $i) { wizard { id } } }",
        variables: |bob| step(bob, "selectedOption", "a car"),
    },
    Attempt {
        mutation: "completeTeslaSetupVirtualKeyForSmartFlexOnboarding",
        document: "mutation($i: CompleteSmartFlexOnboardingStepInput!) {
            completeTeslaSetupVirtualKeyForSmartFlexOnboarding(input: $i) { wizard { id } } }",
        variables: |bob| step(bob, "", ""),
    },
    Attempt {
        mutation: "completeUserActionForSmartFlexOnboarding",
        document: "mutation($i: CompleteSmartFlexOnboardingStepInput!) {
            completeUserActionForSmartFlexOnboarding(input: $i) { wizard { id } } }",
        variables: |bob| step(bob, "", ""),
    },
    Attempt {
        mutation: "startTestChargeForSmartFlexOnboarding",
        document: "mutation($i: CompleteSmartFlexOnboardingStepInput!) {
            startTestChargeForSmartFlexOnboarding(input: $i) { wizard { id } } }",
        variables: |bob| step(bob, "", ""),
    },
];
