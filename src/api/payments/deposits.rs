//! Security deposits: `createDepositAgreement`, `recordDepositAgreementAccepted`, and how they stand.

use serde::Deserialize;

use crate::api::accounts::NOT_YOURS;
use crate::api::session::{Bindings, Call};
use crate::domain::payments::deposits::{self, Agreement, DepositError, Offer, Part};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaf, Resolved};

/// Whether an agreement has been accepted.
struct Recorded(bool);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createDepositAgreement", offer);
    b.root("Mutation.recordDepositAgreementAccepted", accept);
    b.root("Query.depositAgreements", agreements);
    b.root("Query.returnSchedule", returns);
    b.parts::<Offer>("CreateDepositAgreement", &[("depositAgreement", |o| Resolved::node(*o))]);
    b.leaves::<Offer>(
        "CreateDepositAgreementOutput",
        &[("depositRequired", |o| o.required.into()), ("depositAmount", |o| o.amount.into())],
    );
    b.leaves::<Recorded>("RecordDepositAgreementAccepted", &[("isRecorded", |r| r.0.into())]);
    b.leaves::<Agreement>(
        "DepositAgreementOutput",
        &[
            ("depositKey", |a| (&a.deposit_key).into()),
            ("depositAmount", |a| a.amount.into()),
            ("acceptedAt", |a| a.accepted_at.into()),
            ("fulfilledAt", |a| a.fulfilled_at.into()),
            ("dueDate", |a| a.due_date.into()),
            ("returnStrategy", |a| (&a.return_strategy).into()),
        ],
    );
    b.parts::<Agreement>(
        "DepositAgreementOutput",
        &[("currentEligibilityStatus", |a| Resolved::node(a.clone()))],
    );
    b.leaves::<Agreement>(
        "CurrentEligibilityStatusOutput",
        &[
            ("isEligible", |a| a.reasons_against_return().is_empty().into()),
            ("reasonsForIneligibility", |a| {
                Leaf::List(a.reasons_against_return().into_iter().map(Leaf::from).collect())
            }),
        ],
    );
    b.leaves::<Part>(
        "DepositReturnScheduleOutput",
        &[
            ("dueDate", |p| p.due_date.into()),
            ("amount", |p| p.amount.into()),
            ("status", |p| (&p.status).into()),
        ],
    );
}

async fn agreements(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let mut view = call.cx.read().await?;
    let found = deposits::of_account(&mut view, call.cx.viewer(), &number).await;
    let found = found.map_err(FieldError::internal)?.ok_or_else(|| FieldError::code(NOT_YOURS))?;
    Ok(Resolved::nodes(found))
}

async fn returns(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let mut view = call.cx.read().await?;
    let found = deposits::returns(&mut view, call.cx.viewer(), &number).await;
    let found = found.map_err(FieldError::internal)?.ok_or_else(|| FieldError::code(NOT_YOURS))?;
    Ok(Resolved::nodes(found))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfferInput {
    account_number: String,
    deposit_key: String,
    reason: String,
}

async fn offer(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: OfferInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let offered = call.cx.write("Mutation.createDepositAgreement", number, &input, |tx, viewer, input| {
        Box::pin(deposits::offer(tx, viewer, &input.account_number, &input.deposit_key, &input.reason))
    });
    offered.await.map(Resolved::node).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AcceptInput {
    account_number: String,
    deposit_key: String,
}

async fn accept(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AcceptInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let operation = "Mutation.recordDepositAgreementAccepted";
    let work = (call.cx.app.auth().random(), &input);
    let accepted = call.cx.write(operation, number, &work, |tx, viewer, (random, input)| {
        Box::pin(deposits::accept(tx, random, viewer, &input.account_number, &input.deposit_key))
    });
    accepted.await.map(|is_accepted| Resolved::node(Recorded(is_accepted))).map_err(refusal)
}

fn refusal(error: DepositError) -> FieldError {
    match error {
        DepositError::Forbidden => FieldError::code(FORBIDDEN),
        DepositError::NotTheirs => FieldError::code(NOT_YOURS),
        DepositError::Text => {
            FieldError::code(INVALID_INPUT).describe(format!("Nothing was offered: {error}."))
        }
        DepositError::Database(error) => FieldError::internal(error),
    }
}
