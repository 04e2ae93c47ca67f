//! Setting direct debits up and ending them: `setUpDirectDebitInstruction` and its like,
//! `invalidatePaymentInstruction`, `bankDetailsValidation`.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::ledgers::NameError;
use crate::domain::payments::bank::{self, Given};
use crate::domain::payments::direct_debits::{self, InvalidateError, NewDirectDebit, SetUpError};
use crate::domain::payments::instructions::Instruction;
use crate::domain::payments::owners::{Named, OwnerError};
use crate::domain::payments::vendors::simulated_mandates::Simulator;
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// A direct debit that was set up just now.
struct SetUp(Instruction);
/// The reference to details that were stored just now.
struct Stored(String);
/// The instruction that is unusable now.
struct Invalid(i64);
/// What is wrong with bank details, if anything.
struct Verdict(Option<String>);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.bankDetailsValidation", validation);
    b.root("Mutation.setUpDirectDebitInstruction", set_up);
    b.root("Mutation.setUpDirectDebitInstructionForBusiness", set_up_for_business);
    b.root("Mutation.createDirectDebitInstruction", create);
    b.root("Mutation.storeDirectDebitPaymentMethodDetails", store);
    b.root("Mutation.setUpDirectDebitInstructionFromStoredDetails", set_up_stored);
    b.root("Mutation.invalidatePaymentInstruction", invalidate);
    for payload in [
        "SetUpDirectDebitInstruction",
        "SetUpDirectDebitInstructionForBusiness",
        "SetUpDirectDebitInstructionFromStoredDetails",
    ] {
        b.parts::<SetUp>(payload, &[("paymentInstruction", |made| Resolved::node(made.0.clone()))]);
    }
    b.parts::<SetUp>(
        "CreateDirectDebitInstruction",
        &[("directDebitInstruction", |made| Resolved::node(made.0.clone()))],
    );
    b.leaves::<Stored>(
        "StoreDirectDebitPaymentMethodDetails",
        &[("storedPaymentMethodDetailsReference", |stored| (&stored.0).into())],
    );
    b.parts::<Invalid>("InvalidatePaymentInstruction", &[("instruction", |i| Resolved::node(Invalid(i.0)))]);
    b.leaves::<Invalid>("InvalidatePaymentInstructionOutput", &[("id", |i| i.0.into())]);
    b.leaves::<Verdict>(
        "BankDetailsValidationResult",
        &[("areValid", |v| v.0.is_none().into()), ("message", |v| v.0.as_deref().into())],
    );
}

async fn validation(call: Call<'_>) -> Result<Resolved, FieldError> {
    let iban: String = call.arg("iban")?;
    Ok(Resolved::node(Verdict(bank::read_iban(&iban).err().map(|error| error.to_string()))))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnerInput {
    owner_type: Option<String>,
    owner_id: Option<String>,
}

impl OwnerInput {
    fn named(self) -> Named {
        match (self.owner_type.as_deref(), self.owner_id) {
            (Some("ACCOUNT_USER"), Some(id)) => Named::User(id),
            (Some("BUSINESS"), Some(id)) => Named::Business(id),
            _ => Named::Nobody,
        }
    }
}

fn named(owners: Option<Vec<Option<OwnerInput>>>) -> Vec<Named> {
    owners
        .unwrap_or_default()
        .into_iter()
        .map(|owner| owner.map_or(Named::Nobody, OwnerInput::named))
        .collect()
}

/// What a call sets up, read from its input.
struct Wish<'a> {
    new: NewDirectDebit<'a>,
    bank: &'a Given,
}

/// Sets up what is wished, and maps refusals to the codes of the operation.
async fn made(
    call: &Call<'_>,
    operation: &'static str,
    wish: &Wish<'_>,
    refusal: fn(SetUpError) -> FieldError,
) -> Result<Resolved, FieldError> {
    let subject = Some(wish.new.account_number);
    let made = call.cx.write(operation, subject, wish, |tx, viewer, wish| {
        Box::pin(direct_debits::set_up(tx, viewer, &wish.new, wish.bank))
    });
    made.await.map(|instruction| Resolved::node(SetUp(instruction))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetUpInput {
    account_number: String,
    ledger_id: String,
    valid_from: DateTime<Utc>,
    bank_details: Given,
    owners: Option<Vec<Option<OwnerInput>>>,
    business_id: Option<String>,
}

async fn set_up(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut input: SetUpInput = call.arg("input")?;
    let owners = named(input.owners.take());
    wished(&call, "Mutation.setUpDirectDebitInstruction", &input, &owners).await
}

async fn set_up_for_business(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: SetUpInput = call.arg("input")?;
    let owners = [input.business_id.clone().map_or(Named::Nobody, Named::Business)];
    wished(&call, "Mutation.setUpDirectDebitInstructionForBusiness", &input, &owners).await
}

async fn wished(
    call: &Call<'_>,
    operation: &'static str,
    input: &SetUpInput,
    owners: &[Named],
) -> Result<Resolved, FieldError> {
    let new = NewDirectDebit {
        account_number: &input.account_number,
        ledger: Some(&input.ledger_id),
        valid_from: Some(input.valid_from),
        owners,
    };
    made(call, operation, &Wish { new, bank: &input.bank_details }, |error| match error {
        SetUpError::Unauthorised | SetUpError::NoLedger => FieldError::code(FORBIDDEN),
        other => common(other, "ledgerId"),
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    account_number: String,
    direct_debit_instruction: LocalInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LocalInput {
    account_number: String,
    account_holder: String,
    sort_code: String,
}

async fn create(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CreateInput = call.arg("input")?;
    let local = input.direct_debit_instruction;
    let bank = Given {
        account_holder: Some(local.account_holder),
        account_number: Some(local.account_number),
        bank_code: Some(local.sort_code),
        ..Given::default()
    };
    let new =
        NewDirectDebit { account_number: &input.account_number, ledger: None, valid_from: None, owners: &[] };
    let operation = "Mutation.createDirectDebitInstruction";
    made(&call, operation, &Wish { new, bank: &bank }, |error| match error {
        SetUpError::Unauthorised => FieldError::code("KT-CT-3923").at_input(&["input", "accountNumber"]),
        SetUpError::Bank(error) => FieldError::code("KT-CT-3940")
            .describe(error.to_string())
            .at_input(&["input", "directDebitInstruction"]),
        SetUpError::NotCollected => not_collected().at_input(&["input", "directDebitInstruction"]),
        other => common(other, "accountNumber"),
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoreInput {
    account_number: String,
    ledger_number: Option<String>,
    bank_details: Given,
}

async fn store(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: StoreInput = call.arg("input")?;
    let work = (call.cx.app.auth().random(), &input);
    let subject = Some(input.account_number.as_str());
    let stored =
        call.cx.write("Mutation.storeDirectDebitPaymentMethodDetails", subject, &work, |tx, viewer, work| {
            let (random, input) = *work;
            Box::pin(async move {
                let new = NewDirectDebit {
                    account_number: &input.account_number,
                    ledger: input.ledger_number.as_deref(),
                    valid_from: None,
                    owners: &[],
                };
                direct_debits::store(tx, random, viewer, &Simulator, &new, &input.bank_details).await
            })
        });
    stored.await.map(|reference| Resolved::node(Stored(reference))).map_err(|error| match error {
        SetUpError::Unauthorised | SetUpError::NoLedger => FieldError::code(FORBIDDEN),
        other => common(other, "ledgerNumber"),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FromStoredInput {
    account_number: String,
    ledger_number: String,
    stored_payment_method_details_reference: String,
    valid_from: DateTime<Utc>,
    owners: Option<Vec<Option<OwnerInput>>>,
}

async fn set_up_stored(call: Call<'_>) -> Result<Resolved, FieldError> {
    let mut input: FromStoredInput = call.arg("input")?;
    let owners = named(input.owners.take());
    let work = (&input, owners);
    let subject = Some(input.account_number.as_str());
    let operation = "Mutation.setUpDirectDebitInstructionFromStoredDetails";
    let made = call.cx.write(operation, subject, &work, |tx, viewer, (input, owners)| {
        Box::pin(async move {
            let new = NewDirectDebit {
                account_number: &input.account_number,
                ledger: Some(&input.ledger_number),
                valid_from: Some(input.valid_from),
                owners,
            };
            let reference = &input.stored_payment_method_details_reference;
            direct_debits::set_up_stored(tx, viewer, &Simulator, &new, reference).await
        })
    });
    let failed = |why: String| FieldError::code("KT-CT-3948").describe(why);
    made.await.map(|instruction| Resolved::node(SetUp(instruction))).map_err(|error| match error {
        SetUpError::Unauthorised => FieldError::code("KT-CT-4123").at_input(&["input", "accountNumber"]),
        SetUpError::Name(_) | SetUpError::NoLedger => {
            FieldError::code("KT-CT-3822").at_input(&["input", "ledgerNumber"])
        }
        SetUpError::NotStored => {
            failed(said(&error)).at_input(&["input", "storedPaymentMethodDetailsReference"])
        }
        SetUpError::NotCollected => failed(said(&error)),
        other => common(other, "ledgerNumber"),
    })
}

fn said(error: &SetUpError) -> String {
    format!("Nothing was set up: {error}.")
}

fn not_collected() -> FieldError {
    FieldError::code("KT-CT-3940").describe("Payments cannot be collected from this bank account.")
}

/// What reads the same wherever it happens. `ledger` is the input that names the ledger.
fn common(error: SetUpError, ledger: &str) -> FieldError {
    match error {
        SetUpError::Name(NameError::Both) => FieldError::code("KT-CT-3820").at_input(&["input", ledger]),
        SetUpError::Name(NameError::Neither) => FieldError::code("KT-CT-3821").at_input(&["input", ledger]),
        SetUpError::TakesNoPayments => FieldError::code(INVALID_INPUT)
            .describe("Nothing can be paid to this ledger.")
            .at_input(&["input", ledger]),
        SetUpError::Bank(error) => {
            FieldError::code("KT-CT-3940").describe(error.to_string()).at_input(&["input", "bankDetails"])
        }
        SetUpError::NotCollected => not_collected().at_input(&["input", "bankDetails"]),
        SetUpError::Owner(OwnerError::NotValid) => {
            FieldError::code("KT-CT-3971").at_input(&["input", "owners"])
        }
        SetUpError::Owner(OwnerError::NoUser) => {
            FieldError::code("KT-CT-5415").at_input(&["input", "owners"])
        }
        SetUpError::Owner(OwnerError::NoBusiness) => {
            FieldError::code("KT-CT-11103").at_input(&["input", "owners"])
        }
        SetUpError::Busy => FieldError::code("KT-CT-3956"),
        other => FieldError::internal(other),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvalidateInput {
    account_number: String,
    id: String,
}

async fn invalidate(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: InvalidateInput = call.arg("input")?;
    let subject = Some(input.account_number.as_str());
    let ended =
        call.cx.write("Mutation.invalidatePaymentInstruction", subject, &input, |tx, viewer, input| {
            // No row has the id zero: what is no number is refused as what is not there.
            let id = input.id.parse().unwrap_or(0);
            Box::pin(direct_debits::invalidate(tx, viewer, &input.account_number, id))
        });
    ended.await.map(|id| Resolved::node(Invalid(id))).map_err(|error| match error {
        InvalidateError::Unauthorised => FieldError::code("KT-CT-3926"),
        InvalidateError::Database(error) => FieldError::internal(error),
    })
}
