//! Prepayment smart meters: `generatePaymentAllocationNumber`, `addCreditToSmartMeter`, `createAutoTopupConfig` and
//! `disableAutoTopup`.

use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::payments::prepay::credits::{self, Wanted};
use crate::domain::payments::prepay::meters::{Asked, PrepayError};
use crate::domain::payments::prepay::numbers;
use crate::domain::payments::prepay::top_ups::{self, TopUp};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// The number that a meter was given.
struct Issued(String);

/// How much was put on a meter, in minor units.
struct Added(i64);

/// Whether a meter was topped up by itself until now.
struct Stopped(bool);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.generatePaymentAllocationNumber", issue);
    b.root("Mutation.addCreditToSmartMeter", add_credit);
    b.root("Mutation.createAutoTopupConfig", create_top_up);
    b.root("Mutation.disableAutoTopup", disable_top_up);
    b.leaves::<Issued>("GeneratePaymentAllocationNumber", &[("pan", |issued| (&issued.0).into())]);
    b.leaves::<Added>("AddCreditToSmartMeter", &[("amount", |added| added.0.into())]);
    b.leaves::<Stopped>("DisableAutoTopup", &[("success", |stopped| stopped.0.into())]);
    b.parts::<TopUp>(
        "CreateAutoTopupConfig",
        &[("autoTopupConfig", |top_up| Resolved::node(top_up.clone()))],
    );
    b.leaves::<TopUp>(
        "AutoTopupConfigType",
        &[
            ("id", |t| t.id.into()),
            ("accountNumber", |t| (&t.account_number).into()),
            ("deviceId", |t| (&t.device_id).into()),
            ("topupAmount", |t| t.amount.into()),
            ("effectiveFrom", |t| t.effective_from.into()),
            ("effectiveTo", |t| t.effective_to.into()),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MeterInput {
    account_number: String,
    device_id: String,
}

impl MeterInput {
    fn asked(&self) -> Asked<'_> {
        Asked { account_number: &self.account_number, device_id: &self.device_id }
    }
}

fn refusal(error: PrepayError) -> FieldError {
    let text = format!("Nothing was done: {error}.");
    let invalid = |field: &str| FieldError::code(INVALID_INPUT).describe(&text).at_input(&["input", field]);
    match &error {
        PrepayError::Forbidden => FieldError::code(FORBIDDEN),
        PrepayError::UnknownAccount | PrepayError::NotTheirs => FieldError::code("KT-CT-4123"),
        PrepayError::NoMeter | PrepayError::NotPrepaid => invalid("deviceId"),
        PrepayError::UnknownPayment => FieldError::code("KT-CT-3924").at_input(&["input", "paymentIntentId"]),
        PrepayError::Payment(why) => {
            FieldError::code(INVALID_INPUT).describe(*why).at_input(&["input", "paymentIntentId"])
        }
        PrepayError::Amount(..) | PrepayError::NotEnough(_) | PrepayError::LentEnough(_) => invalid("amount"),
        PrepayError::Reason => FieldError::code("KT-CT-3950").at_input(&["input", "reason"]),
        PrepayError::NoCard => FieldError::code("KT-CT-3967"),
        PrepayError::Books(_) | PrepayError::Database(_) => FieldError::internal(error),
    }
}

/// A refusal where the amount is named otherwise.
fn not_topped_up(error: PrepayError) -> FieldError {
    match &error {
        PrepayError::Amount(..) => FieldError::code(INVALID_INPUT)
            .describe(format!("Nothing was done: {error}."))
            .at_input(&["input", "topupAmount"]),
        _ => refusal(error),
    }
}

async fn issue(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: MeterInput = call.arg("input")?;
    let work = (call.cx.app.auth().random().clone(), input);
    let subject = work.1.account_number.clone();
    let operation = "Mutation.generatePaymentAllocationNumber";
    let issued = call.cx.write(operation, Some(&subject), &work, |tx, viewer, (random, input)| {
        Box::pin(async move { numbers::issue(tx, random, viewer, &input.asked()).await })
    });
    issued.await.map(|pan| Resolved::node(Issued(pan))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreditInput {
    #[serde(flatten)]
    meter: MeterInput,
    amount: i64,
    payment_intent_id: Option<String>,
    is_temporary_credit: Option<bool>,
    reason: Option<String>,
}

async fn add_credit(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CreditInput = call.arg("input")?;
    let work = (call.cx.app.auth().random().clone(), input);
    let subject = work.1.meter.account_number.clone();
    let added = call.cx.write(
        "Mutation.addCreditToSmartMeter",
        Some(&subject),
        &work,
        |tx, viewer, (random, input)| {
            Box::pin(async move {
                let wanted = Wanted {
                    asked: input.meter.asked(),
                    amount: input.amount,
                    payment: input.payment_intent_id.as_deref(),
                    is_lent: input.is_temporary_credit == Some(true),
                    reason: input.reason.as_deref(),
                };
                credits::add(tx, random, viewer, &wanted).await
            })
        },
    );
    added.await.map(|amount| Resolved::node(Added(amount))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TopUpInput {
    #[serde(flatten)]
    meter: MeterInput,
    topup_amount: i64,
}

async fn create_top_up(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: TopUpInput = call.arg("input")?;
    let work = (call.cx.app.auth().random().clone(), input);
    let subject = work.1.meter.account_number.clone();
    let made = call.cx.write(
        "Mutation.createAutoTopupConfig",
        Some(&subject),
        &work,
        |tx, viewer, (random, input)| {
            Box::pin(async move {
                top_ups::create(tx, random, viewer, &input.meter.asked(), input.topup_amount).await
            })
        },
    );
    made.await.map(Resolved::node).map_err(not_topped_up)
}

async fn disable_top_up(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: MeterInput = call.arg("input")?;
    let work = (call.cx.app.auth().random().clone(), input);
    let subject = work.1.account_number.clone();
    let stopped =
        call.cx.write("Mutation.disableAutoTopup", Some(&subject), &work, |tx, viewer, (random, input)| {
            Box::pin(async move { top_ups::disable(tx, random, viewer, &input.asked()).await })
        });
    stopped.await.map(|was| Resolved::node(Stopped(was))).map_err(refusal)
}
