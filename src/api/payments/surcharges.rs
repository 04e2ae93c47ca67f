//! What it costs to pay by card, and what tells means of payment again.

use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::ledgers::LedgerName;
use crate::domain::payments::fingerprints::{self, Fingerprint, FingerprintError, Standing};
use crate::domain::payments::surcharges::{self, Asked, SurchargeError};
use crate::domain::payments::vendors::simulated_vault::Simulator;
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};
use crate::platform::money::Minor;

/// What is known about a fingerprint that somebody asked about.
struct Checked {
    text: String,
    standing: Standing,
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.surchargeAmount", surcharge_amount);
    b.root("Query.getSurchargeAmount", get_surcharge_amount);
    b.root("Query.paymentFingerprintChecks", checks);
    b.root("Mutation.fetchGeneratePaymentFingerprint", fetch);
    b.leaves::<Checked>(
        "PaymentFingerPrintCheckType",
        &[
            ("fingerprint", |checked| (&checked.text).into()),
            ("isFound", |checked| checked.standing.is_found.into()),
            ("isRiskListed", |checked| checked.standing.is_listed.into()),
        ],
    );
    b.leaves::<Fingerprint>(
        "FetchGeneratePaymentFingerprint",
        &[("fingerprint", |f| (&f.text).into()), ("vendor", |f| (&f.vendor).into())],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AmountArgs {
    account_number: String,
    amount: i64,
    ledger_id: Option<i64>,
    ledger_number: Option<String>,
    card_scheme: Option<String>,
    card_type: Option<String>,
}

async fn fee(call: &Call<'_>) -> Result<Result<Minor, SurchargeError>, FieldError> {
    let args: AmountArgs = call.args()?;
    let ledger = match (args.ledger_id, args.ledger_number) {
        (Some(_), Some(_)) => return Err(FieldError::code("KT-CT-3820").at_input(&["ledgerId"])),
        (Some(id), None) => Some(LedgerName::Id(id)),
        (None, number) => number.map(LedgerName::Number),
    };
    let asked = Asked {
        account_number: &args.account_number,
        ledger,
        amount: args.amount,
        network: args.card_scheme.as_deref(),
        card_type: args.card_type.as_deref(),
    };
    let mut view = call.cx.read().await?;
    Ok(surcharges::asked(&mut view, call.cx.viewer(), &asked).await)
}

fn shown(fee: Minor) -> Result<Resolved, FieldError> {
    fee.to_wire().map(|_| Resolved::leaf(fee.0)).map_err(|_| not_an_amount())
}

fn not_an_amount() -> FieldError {
    FieldError::code(INVALID_INPUT).describe("This cannot be paid.").at_input(&["amount"])
}

/// What reads the same in both fields. `account` is the code for an account that is not the viewer's.
fn refusal(error: SurchargeError, account: &'static str) -> FieldError {
    match error {
        SurchargeError::Unauthorised => FieldError::code(account).at_input(&["accountNumber"]),
        SurchargeError::NoLedger => FieldError::code(INVALID_INPUT)
            .describe("The account has no such ledger that takes payments.")
            .at_input(&["ledgerNumber"]),
        SurchargeError::NoCard => FieldError::code(INVALID_INPUT)
            .describe("The account has no card: say which card it would be.")
            .at_input(&["cardScheme"]),
        SurchargeError::Amount(_) => not_an_amount(),
        other => FieldError::internal(other),
    }
}

async fn surcharge_amount(call: Call<'_>) -> Result<Resolved, FieldError> {
    match fee(&call).await? {
        Ok(fee) => shown(fee),
        Err(SurchargeError::NoFee) => Ok(Resolved::leaf(0_i64)),
        Err(error) => Err(refusal(error, FORBIDDEN)),
    }
}

async fn get_surcharge_amount(call: Call<'_>) -> Result<Resolved, FieldError> {
    match fee(&call).await? {
        Ok(fee) => shown(fee),
        Err(SurchargeError::NoFee) => Err(FieldError::code("KT-AU-3911")),
        Err(SurchargeError::NoCard) => Err(FieldError::code("KT-AU-3910")),
        Err(error) => Err(refusal(error, "KT-CT-4177")),
    }
}

async fn checks(call: Call<'_>) -> Result<Resolved, FieldError> {
    let text: String = call.arg("fingerprint")?;
    let mut view = call.cx.read().await?;
    let standing =
        fingerprints::standing(&mut view, call.cx.viewer(), &text).await.map_err(|error| match error {
            FingerprintError::Forbidden => FieldError::code(FORBIDDEN),
            other => FieldError::internal(other),
        })?;
    Ok(Resolved::node(Checked { text, standing }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FetchInput {
    payment_instruction_id: i64,
}

async fn fetch(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: FetchInput = call.arg("input")?;
    let work = (Simulator(call.cx.app.auth().random().clone()), input.payment_instruction_id);
    let subject = input.payment_instruction_id.to_string();
    let fetched = call.cx.write(
        "Mutation.fetchGeneratePaymentFingerprint",
        Some(&subject),
        &work,
        |tx, viewer, (vault, id)| Box::pin(fingerprints::fetch(tx, viewer, vault, *id)),
    );
    fetched.await.map(Resolved::node).map_err(|error| match error {
        FingerprintError::Forbidden => FieldError::code(FORBIDDEN),
        FingerprintError::Unknown => {
            FieldError::code("KT-CT-12101").at_input(&["input", "paymentInstructionId"])
        }
        FingerprintError::NotTold => FieldError::code("KT-CT-12102"),
        FingerprintError::NoMetadata => FieldError::code("KT-CT-12103"),
        FingerprintError::Failed => FieldError::code("KT-CT-12104"),
        FingerprintError::Database(error) => FieldError::internal(error),
    })
}
