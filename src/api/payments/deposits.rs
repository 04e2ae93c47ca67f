//! Security deposits: `createDepositAgreement`, `recordDepositAgreementAccepted`, `collectDeposit`, and how they stand.

use serde::Deserialize;

use crate::api::accounts::NOT_YOURS;
use crate::api::session::{Bindings, Call};
use crate::domain::payments::deposit_collections::{self, CollectDepositError, Collection};
use crate::domain::payments::deposits::{self, Agreement, DepositError, Offer, Part};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaf, Resolved};

/// Whether an agreement has been accepted.
struct Recorded(bool);

/// The payment of a deposit; none if there is nothing that it could be collected through.
struct Collected(Option<Collection>);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createDepositAgreement", offer);
    b.root("Mutation.recordDepositAgreementAccepted", accept);
    b.root("Mutation.collectDeposit", collect);
    b.root("Query.depositAgreements", agreements);
    b.root("Query.returnSchedule", returns);
    b.parts::<Offer>("CreateDepositAgreement", &[("depositAgreement", |o| Resolved::node(*o))]);
    b.leaves::<Offer>(
        "CreateDepositAgreementOutput",
        &[("depositRequired", |o| o.required.into()), ("depositAmount", |o| o.amount.into())],
    );
    b.leaves::<Recorded>("RecordDepositAgreementAccepted", &[("isRecorded", |r| r.0.into())]);
    b.parts::<Collected>("CollectDeposit", &[("payment", |c| Resolved::node(Collected(c.0.clone())))]);
    b.leaves::<Collected>(
        "CollectDepositOutput",
        &[
            ("status", |c| c.0.as_ref().map_or("NONE", Collection::deposit_status).into()),
            ("paymentDate", |c| c.0.as_ref().map(|c| c.payment_date).into()),
        ],
    );
    b.leaves::<Agreement>(
        "DepositAgreementOutput",
        &[
            ("depositKey", |a| (&a.deposit_key).into()),
            ("depositAmount", |a| a.amount.into()),
            ("acceptedAt", |a| a.accepted_at.into()),
            ("fulfilledAt", |a| a.fulfilled_at.into()),
            ("collectionDate", |a| a.collection_date.into()),
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CollectInput {
    account_number: String,
    deposit_key: String,
    idempotency_key: String,
}

async fn collect(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CollectInput = call.arg("input")?;
    let number = input.account_number.clone();
    let work = (call.cx.app.auth().random(), input);
    let operation = "Mutation.collectDeposit";
    let collected = call.cx.write(operation, Some(&number), &work, |tx, viewer, (random, input)| {
        let CollectInput { account_number, deposit_key, idempotency_key } = input;
        Box::pin(deposit_collections::collect(
            tx,
            random,
            viewer,
            account_number,
            deposit_key,
            idempotency_key,
        ))
    });
    collected.await.map(|payment| Resolved::node(Collected(payment))).map_err(|error| match error {
        CollectDepositError::Forbidden => FieldError::code(FORBIDDEN),
        CollectDepositError::UnknownAccount => FieldError::code(NOT_YOURS),
        CollectDepositError::NotAgreed => FieldError::code("KT-CT-5712"),
        CollectDepositError::NotNeeded => FieldError::code("KT-CT-5711"),
        CollectDepositError::Key => FieldError::code(INVALID_INPUT)
            .describe(format!("Nothing was collected: {error}."))
            .at_input(&["input", "idempotencyKey"]),
        CollectDepositError::Database(error) => FieldError::internal(error),
    })
}
