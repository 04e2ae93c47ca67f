//! `varyContractTerms`.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use serde_json::Value;

use super::reading::NO_CONTRACT;
use crate::api::session::{Bindings, Call};
use crate::domain::contracts::Contract;
use crate::domain::contracts::notes::NewNote;
use crate::domain::contracts::vary::{self, Change, NewVersion, Variation, VaryError};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// The contract in its new version.
struct Varied(Contract);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.varyContractTerms", vary_terms);
    b.parts::<Varied>("VaryContractTermsOutput", &[("contract", |v| Resolved::node(v.0.clone()))]);
    b.dark(&[
        "LatePaymentFeesInput.interestPolicyName",
        "BillDueDateInput.typeOfDays",
        "OneOfTermInput.collateralrequired",
        "OneOfTermInput.billingdocumentissuancefrequency",
        "OneOfTermInput.partnercommission",
        "OneOfTermInput.guaranteeoforiginconfiguration",
        "OneOfTermInput.bespokerateconfiguration",
        "OneOfTermInput.tranchetargetconfiguration",
        "OneOfTermInput.correctiveperiod",
        "OneOfTermInput.rategroupeligibilityconfiguration",
        "OneOfTermInput.timeofuseoverride",
        "OneOfTermInput.taxadjustmentconfiguration",
        "OneOfTermInput.contractedvolumeconfiguration",
        "OneOfTermInput.promotionassignmentterm",
        "OneOfTermInput.characteristicoverrideconfiguration",
        "OneOfTermInput.productrateoverrideconfiguration",
        "OneOfTermInput.delayerdays",
        "OneOfTermInput.tranchetargetresidualfee",
    ]);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VaryInput {
    identifier: Option<String>,
    applicable_at_date: Option<DateTime<Utc>>,
    terms: Vec<TermInput>,
    contract_note: Option<NoteInput>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NoteInput {
    reason_slug: String,
    note: Option<String>,
}

/// One of them.
#[derive(Deserialize)]
struct TermInput {
    minimumcontractlength: Option<LengthInput>,
    terminationfee: Option<FeeInput>,
    contractmetadata: Option<MetaDataInput>,
    latepaymentfees: Option<LateFeesInput>,
    billduedate: Option<DueDateInput>,
    paysbydirectdebit: Option<DirectDebitInput>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LengthInput {
    is_variable: Option<bool>,
    length: i32,
    unit_of_time: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FeeInput {
    is_variable: Option<bool>,
    amount: Decimal,
    fee_type: String,
    market_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetaDataInput {
    is_variable: Option<bool>,
    metadata: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LateFeesInput {
    is_variable: Option<bool>,
    flat_fee_amount: Option<i64>,
    percentage_fee: Option<Decimal>,
    percentage_interval_days: Option<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DueDateInput {
    is_variable: Option<bool>,
    number_of_days: Option<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DirectDebitInput {
    is_variable: Option<bool>,
    pays_by_direct_debit: bool,
}

impl TermInput {
    /// The one change that it is; nothing where it is none or several.
    fn variation(&self) -> Option<Variation> {
        let length = self.minimumcontractlength.as_ref().map(|of| {
            Some((Change::Length(of.length, of.unit_of_time.trim().to_uppercase()), of.is_variable))
        });
        let fee = self.terminationfee.as_ref().map(|of| {
            let amount = Some(of.amount).filter(|amount| amount.fract().is_zero())?.to_i64()?;
            let (fee_type, market) = (of.fee_type.trim().to_uppercase(), of.market_name.trim().to_owned());
            Some((Change::Fee(amount, fee_type, market), of.is_variable))
        });
        let metadata = self
            .contractmetadata
            .as_ref()
            .map(|of| Some((Change::MetaData(of.metadata.clone()), of.is_variable)));
        let late = self.latepaymentfees.as_ref().map(|of| {
            let (percentage, interval_days) = (of.percentage_fee, of.percentage_interval_days);
            Some((Change::LateFees { flat: of.flat_fee_amount, percentage, interval_days }, of.is_variable))
        });
        let due = self
            .billduedate
            .as_ref()
            .map(|of| of.number_of_days.map(|days| (Change::DueDate(days), of.is_variable)));
        let debit = self
            .paysbydirectdebit
            .as_ref()
            .map(|of| Some((Change::DirectDebit(of.pays_by_direct_debit), of.is_variable)));
        let mut given = [length, fee, metadata, late, due, debit].into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(Some((change, is_variable))), None) => {
                Some(Variation { change, is_variable: is_variable.unwrap_or(true) })
            }
            _ => None,
        }
    }
}

async fn vary_terms(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: VaryInput = call.arg("input")?;
    let subject = input.identifier.as_deref();
    let varied = call.cx.write("Mutation.varyContractTerms", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let terms: Option<Vec<Variation>> = input.terms.iter().map(TermInput::variation).collect();
            let note = input.contract_note.as_ref();
            let note = note.map(|note| NewNote { reason: &note.reason_slug, note: note.note.as_deref() });
            // What is no one term is told once it is known that there is such a contract.
            let new = NewVersion {
                identifier: input.identifier.as_deref().unwrap_or_default(),
                from: input.applicable_at_date,
                terms: terms.as_deref().unwrap_or_default(),
                note,
            };
            vary::vary(tx, viewer, &new).await
        })
    });
    varied.await.map(|contract| Resolved::node(Varied(contract))).map_err(|error| match error {
        VaryError::Forbidden => FieldError::code(FORBIDDEN),
        VaryError::NotFound => FieldError::code(NO_CONTRACT),
        VaryError::Unable(why) => FieldError::code("KT-CT-10011").describe(why),
        VaryError::Breach(why) => FieldError::code("KT-CT-10012").describe(why),
        VaryError::Database(error) => FieldError::internal(error),
    })
}
