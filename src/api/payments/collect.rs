//! `collectPayment`, `amendPayment` and `cancelPayment`.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::ledgers::NameError;
use crate::domain::payments::account_payments::AccountPayment;
use crate::domain::payments::collect::{self, Amendment, CollectError, Wanted};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// The payment that was asked for, changed or called off.
struct Done(AccountPayment);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.collectPayment", collect_payment);
    b.root("Mutation.amendPayment", amend_payment);
    b.root("Mutation.cancelPayment", cancel_payment);
    for outcome in ["CollectPayment", "AmendPayment", "CancelPayment"] {
        b.parts::<Done>(outcome, &[("payment", |done| Resolved::node(done.0.clone()))]);
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CollectInput {
    account_number: String,
    amount: i64,
    payment_date: NaiveDate,
    description: String,
    idempotency_key: String,
    collection_method: Option<String>,
    ledger_id: String,
}

async fn collect_payment(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CollectInput = call.arg("input")?;
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.collectPayment", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let wanted = Wanted {
                account_number: &input.account_number,
                ledger: &input.ledger_id,
                amount: input.amount,
                day: input.payment_date,
                description: &input.description,
                method: input.collection_method.as_deref(),
                idempotency_key: &input.idempotency_key,
            };
            collect::collect(tx, viewer, &wanted).await
        })
    });
    done.await.map(|payment| Resolved::node(Done(payment))).map_err(not_collected)
}

fn not_collected(error: CollectError) -> FieldError {
    let at = |code: &'static str, field: &str| FieldError::code(code).at_input(&["input", field]);
    match error {
        CollectError::UnknownAccount | CollectError::NotTheirs => FieldError::code("KT-CT-4177"),
        CollectError::Name(NameError::Both) => at("KT-CT-3820", "ledgerId"),
        CollectError::Name(NameError::Neither) => at("KT-CT-3821", "ledgerId"),
        CollectError::NoLedger => at("KT-CT-3943", "ledgerId"),
        CollectError::NoInstruction => at("KT-CT-3967", "collectionMethod"),
        CollectError::Past => at("KT-CT-3932", "paymentDate"),
        other => refused(other),
    }
}

/// What all three refuse alike.
fn refused(error: CollectError) -> FieldError {
    let text = format!("Nothing was done: {error}.");
    let invalid = |field: &str| FieldError::code(INVALID_INPUT).describe(&text).at_input(&["input", field]);
    match error {
        CollectError::Forbidden => FieldError::code(FORBIDDEN),
        CollectError::Amount(_) => invalid("amount"),
        CollectError::Past => invalid("paymentDate"),
        CollectError::Text => invalid("description"),
        CollectError::Key | CollectError::UsedKey => invalid("idempotencyKey"),
        other => FieldError::internal(other),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AmendInput {
    account_number: String,
    payment_id: i64,
    amount: i64,
    payment_date: NaiveDate,
    reason: Option<String>,
}

async fn amend_payment(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AmendInput = call.arg("input")?;
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.amendPayment", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let wanted = Amendment {
                account_number: &input.account_number,
                payment: input.payment_id,
                amount: input.amount,
                day: input.payment_date,
                reason: input.reason.as_deref(),
            };
            collect::amend(tx, viewer, &wanted).await
        })
    });
    done.await.map(|payment| Resolved::node(Done(payment))).map_err(|error| match error {
        CollectError::Forbidden | CollectError::UnknownAccount | CollectError::NotTheirs => {
            FieldError::code("KT-CT-4123")
        }
        CollectError::UnknownPayment => FieldError::code("KT-CT-3924"),
        CollectError::Fixed => FieldError::code("KT-CT-3970"),
        other => refused(other),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelInput {
    account_number: String,
    payment_id: String,
    reason: Option<String>,
}

async fn cancel_payment(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CancelInput = call.arg("input")?;
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.cancelPayment", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let payment = input.payment_id.parse().map_err(|_| CollectError::UnknownPayment)?;
            collect::cancel(tx, viewer, &input.account_number, payment, input.reason.as_deref()).await
        })
    });
    done.await.map(|payment| Resolved::node(Done(payment))).map_err(|error| match error {
        CollectError::Forbidden
        | CollectError::UnknownAccount
        | CollectError::NotTheirs
        | CollectError::UnknownPayment => FieldError::code("KT-CT-3924"),
        CollectError::Gone => FieldError::code("KT-CT-3954"),
        CollectError::Fixed => FieldError::code("KT-CT-3955"),
        CollectError::Busy => FieldError::code("KT-CT-3956"),
        other => refused(other),
    })
}
