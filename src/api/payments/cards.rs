//! Cards: forms at a vendor, storing what was entered there, and the default way to pay.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::ledgers::NameError;
use crate::domain::payments::cards::{self, NewCard, StoreError};
use crate::domain::payments::instructions::Instruction;
use crate::domain::payments::sessions::{self, NewForm, SessionError};
use crate::domain::payments::vendors::simulated_vault::Simulator;
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Resolved};

/// An instruction that was stored just now.
struct Stored(Instruction);
/// The key for a vendor's form.
struct Secret(String);
/// The address of a vendor's page.
struct Address(String);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.defaultPaymentInstruction", default_instruction);
    b.root("Mutation.storePaymentInstruction", store);
    b.root("Mutation.getEmbeddedSecretForNewPaymentInstruction", embedded);
    b.root("Mutation.getEmbeddedSecretForNewPaymentInstructionWithoutAccount", embedded_for_prospect);
    b.root("Mutation.getHostedUrlForNewPaymentInstruction", hosted);
    b.parts::<Stored>(
        "StorePaymentInstruction",
        &[("paymentInstruction", |stored| Resolved::node(stored.0.clone()))],
    );
    for payload in [
        "GetEmbeddedSecretForNewPaymentInstruction",
        "GetEmbeddedSecretForNewPaymentInstructionWithoutAccount",
    ] {
        b.leaves::<Secret>(payload, &[("secretKey", |secret| (&secret.0).into())]);
    }
    b.leaves::<Address>("GetHostedUrlForNewPaymentInstruction", &[("url", |address| (&address.0).into())]);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DefaultArgs {
    account_number: String,
    instruction_type: Option<String>,
}

async fn default_instruction(call: Call<'_>) -> Result<Resolved, FieldError> {
    let args: DefaultArgs = call.args()?;
    let mut view = call.cx.read().await?;
    let (viewer, kind) = (call.cx.viewer(), args.instruction_type.as_deref());
    let found = cards::default_of(&mut view, viewer, &args.account_number, kind).await;
    Ok(Resolved::maybe(found.map_err(FieldError::internal)?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoreInput {
    account_number: String,
    instruction_type: String,
    valid_from: DateTime<Utc>,
    vendor_reference: String,
    ledger_id: Option<String>,
}

async fn store(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: StoreInput = call.arg("input")?;
    let work = (Simulator(call.cx.app.auth().random().clone()), &input);
    let subject = Some(input.account_number.as_str());
    let stored = call.cx.write("Mutation.storePaymentInstruction", subject, &work, |tx, viewer, work| {
        let (vault, input) = work;
        Box::pin(async move {
            let new = NewCard {
                account_number: &input.account_number,
                ledger: input.ledger_id.as_deref(),
                kind: &input.instruction_type,
                valid_from: input.valid_from,
                vendor_reference: &input.vendor_reference,
            };
            cards::store(tx, viewer, vault, &new).await
        })
    });
    stored.await.map(|instruction| Resolved::node(Stored(instruction))).map_err(|error| match error {
        StoreError::NoReference => FieldError::code(NO_LEDGER).at_input(&["input", "vendorReference"]),
        other => refusal(other, NOT_YOURS, "ledgerId"),
    })
}

const NOT_YOURS: &str = "KT-CT-4177";
const NO_LEDGER: &str = "KT-CT-3822";

/// `account` is the operation's code for an account that is not the viewer's, `ledger` the input that names a ledger.
fn refusal(error: StoreError, account: &'static str, ledger: &str) -> FieldError {
    match error {
        StoreError::Unauthorised => FieldError::code(account).at_input(&["input", "accountNumber"]),
        StoreError::Name(NameError::Both) => FieldError::code("KT-CT-3820").at_input(&["input", ledger]),
        StoreError::Name(NameError::Neither) | StoreError::NoLedger => {
            FieldError::code(NO_LEDGER).at_input(&["input", ledger])
        }
        StoreError::NotOffered => FieldError::code(INVALID_INPUT)
            .describe("Means of payment of this kind are not stored here.")
            .at_input(&["input", "instructionType"]),
        other => FieldError::internal(other),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmbeddedInput {
    account_number: String,
    instruction_type: String,
    ledger_id: Option<String>,
}

async fn embedded(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: EmbeddedInput = call.arg("input")?;
    let work = (call.cx.app.auth().random(), &input);
    let subject = Some(input.account_number.as_str());
    let operation = "Mutation.getEmbeddedSecretForNewPaymentInstruction";
    let opened = call.cx.write(operation, subject, &work, |tx, viewer, (random, input)| {
        Box::pin(async move {
            let new = NewForm {
                account_number: &input.account_number,
                ledger: input.ledger_id.as_deref(),
                kind: &input.instruction_type,
            };
            sessions::embedded(tx, random, viewer, &new).await
        })
    });
    opened.await.map(|token| Resolved::node(Secret(token))).map_err(|error| match error {
        SessionError::Place(error) => refusal(error, NOT_YOURS, "ledgerId"),
        other => FieldError::internal(other),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProspectInput {
    instruction_type: String,
}

async fn embedded_for_prospect(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: ProspectInput = call.arg("input")?;
    let work = (call.cx.app.auth().random(), &input);
    let operation = "Mutation.getEmbeddedSecretForNewPaymentInstructionWithoutAccount";
    let opened = call.cx.write(operation, None, &work, |tx, viewer, (random, input)| {
        Box::pin(sessions::embedded_for_prospect(tx, random, viewer, &input.instruction_type))
    });
    opened.await.map(|token| Resolved::node(Secret(token))).map_err(|error| match error {
        SessionError::Place(error) => refusal(error, NOT_YOURS, "ledgerId"),
        other => FieldError::internal(other),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HostedInput {
    account_number: String,
    ledger_number: String,
    instruction_type: String,
    return_url_success: Option<String>,
    return_url_failure: Option<String>,
    return_url_error: Option<String>,
    return_url_cancel: Option<String>,
}

async fn hosted(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: HostedInput = call.arg("input")?;
    let work = (call.cx.app.auth().random(), &input);
    let subject = Some(input.account_number.as_str());
    let opened = call.cx.write(
        "Mutation.getHostedUrlForNewPaymentInstruction",
        subject,
        &work,
        |tx, viewer, (random, input)| {
            Box::pin(async move {
                let new = NewForm {
                    account_number: &input.account_number,
                    ledger: Some(&input.ledger_number),
                    kind: &input.instruction_type,
                };
                let return_urls = [
                    ("returnUrlSuccess", "success", input.return_url_success.as_deref()),
                    ("returnUrlFailure", "failure", input.return_url_failure.as_deref()),
                    ("returnUrlError", "expired", input.return_url_error.as_deref()),
                    ("returnUrlCancel", "cancel", input.return_url_cancel.as_deref()),
                ];
                sessions::hosted(tx, random, viewer, &new, &return_urls).await
            })
        },
    );
    let token = opened.await.map_err(|error| match error {
        SessionError::Place(StoreError::Name(_)) => {
            FieldError::code(NO_LEDGER).at_input(&["input", "ledgerNumber"])
        }
        SessionError::Place(error) => refusal(error, "KT-CT-1128", "ledgerNumber"),
        SessionError::ReturnUrl(input) => FieldError::code(INVALID_INPUT)
            .describe("The page can send customers to addresses on the web only.")
            .at_input(&["input", input]),
        SessionError::Database(error) => FieldError::internal(error),
    })?;
    Ok(Resolved::node(Address(call.cx.app.files().address(&format!("/pay/{token}")))))
}
