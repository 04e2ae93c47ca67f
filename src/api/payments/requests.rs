//! Asking for money back: `submitRepaymentRequest`, `cancelRepaymentRequest`, `createRefundRequest`, and what was asked.

use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::Ledger;
use crate::domain::ledgers::ledgers::NameError;
use crate::domain::payments::instructions;
use crate::domain::payments::repayments::{self, Asked, Kind};
use crate::domain::payments::requests::{self, NewRequest, Request, RequestError};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Leaves, Node, Parts, Resolved};

/// The request that a payload is about.
struct About(Request);

const REQUEST: Parts<About> = &[("repaymentRequest", |a| Resolved::node(a.0.clone()))];
const STANDING: Leaves<Request> = &[("requestId", |r| r.id.into()), ("status", |r| (&r.status).into())];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.submitRepaymentRequest", submit);
    b.root("Mutation.cancelRepaymentRequest", cancel);
    b.root("Mutation.createRefundRequest", create_refund_request);
    b.parts("SubmitRepaymentRequest", REQUEST);
    b.parts("CancelRepaymentRequest", REQUEST);
    b.leaves("RequestRepaymentOutputType", STANDING);
    b.leaves("CancelRepaymentRequestOutputType", STANDING);
    b.parts::<About>("CreateRefundRequest", &[("refundRequest", |a| Resolved::node(a.0.clone()))]);
    b.leaves::<Request>("RefundRequestType", &[("requestedAmountToReturn", |r| r.amount.into())]);
    b.batch("LedgerType.repaymentRequests", requests_of);
    b.batch("RepaymentRequestType.instruction", instruction_of);
    b.leaves::<Asked>(
        "RepaymentRequestType",
        &[
            ("requestId", |a| a.id.into()),
            ("amount", |a| a.amount.into()),
            ("reasonCode", |a| (&a.reason).into()),
            ("method", |a| (&a.method).into()),
            ("status", |a| (&a.status).into()),
        ],
    );
}

async fn requests_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Ledger>()?.iter().map(|ledger| ledger.id).collect();
    let mut view = call.cx.read().await?;
    let pages =
        repayments::requests_of_ledgers(&mut view, call.cx.viewer(), &ids, Kind::Repayment, &window).await;
    Ok(pages.map_err(FieldError::internal)?.into_iter().map(|page| connection(page, Node::new)).collect())
}

/// Where the money goes; nothing for a cheque.
async fn instruction_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> =
        call.parents::<Asked>()?.iter().map(|asked| asked.instruction_id.unwrap_or_default()).collect();
    let mut view = call.cx.read().await?;
    let found = instructions::by_ids(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubmitInput {
    account_number: String,
    ledger_id: String,
    amount_in_minor_unit: i64,
    method: Option<String>,
    idempotency_key: String,
    reason: Option<String>,
}

async fn submit(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: SubmitInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let asked = call.cx.write("Mutation.submitRepaymentRequest", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let new = NewRequest {
                account_number: &input.account_number,
                ledger: &input.ledger_id,
                amount: input.amount_in_minor_unit,
                method: input.method.as_deref(),
                idempotency_key: &input.idempotency_key,
                reason: input.reason.as_deref(),
            };
            requests::submit(tx, viewer, &new).await
        })
    });
    asked.await.map(|request| Resolved::node(About(request))).map_err(|error| match error {
        RequestError::Forbidden => FieldError::code("KT-CT-1132"),
        RequestError::NotTheirs => FieldError::code("KT-CT-3926"),
        RequestError::Name(NameError::Both) => {
            FieldError::code("KT-CT-3820").at_input(&["input", "ledgerId"])
        }
        RequestError::Name(NameError::Neither) => {
            FieldError::code("KT-CT-3821").at_input(&["input", "ledgerId"])
        }
        RequestError::BadAmount => FieldError::code("KT-CT-3927").at_input(&["input", "amountInMinorUnit"]),
        RequestError::Obstacle(_) | RequestError::TooMuch(_) => FieldError::code("KT-CT-3927")
            .describe(sentence(&error))
            .at_input(&["input", "amountInMinorUnit"]),
        RequestError::UsedKey => FieldError::code("KT-CT-3928").at_input(&["input", "idempotencyKey"]),
        RequestError::NoWay(why) => invalid(why, "method"),
        RequestError::Text(why) => invalid(why, "idempotencyKey"),
        other => FieldError::internal(other),
    })
}

fn invalid(why: &str, field: &str) -> FieldError {
    FieldError::code(INVALID_INPUT).describe(why).at_input(&["input", field])
}

/// What an error says, as a sentence.
fn sentence(error: &RequestError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase()).into_iter();
    first.chain(letters).chain(['.']).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelInput {
    request_id: String,
}

async fn cancel(call: Call<'_>) -> Result<Resolved, FieldError> {
    let CancelInput { request_id } = call.arg("input")?;
    let about = Some(request_id.as_str());
    let cancelled = call.cx.write("Mutation.cancelRepaymentRequest", about, &request_id, |tx, viewer, id| {
        Box::pin(async move { requests::cancel(tx, viewer, id).await })
    });
    cancelled.await.map(|request| Resolved::node(About(request))).map_err(|error| match error {
        RequestError::Forbidden => FieldError::code("KT-CT-4231"),
        RequestError::Unknown => FieldError::code("KT-CT-3930").at_input(&["input", "requestId"]),
        RequestError::Decided => FieldError::code("KT-CT-3931"),
        other => FieldError::internal(other),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundRequestInput {
    account_number: String,
    requested_amount: i64,
}

async fn create_refund_request(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: RefundRequestInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let asked = call.cx.write("Mutation.createRefundRequest", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            requests::submit_plain(tx, viewer, &input.account_number, input.requested_amount).await
        })
    });
    asked.await.map(|request| Resolved::node(About(request))).map_err(|error| match error {
        RequestError::Forbidden => FieldError::code(FORBIDDEN),
        RequestError::NoEmail => FieldError::code("KT-GB-4127"),
        RequestError::Database(error) => FieldError::internal(error),
        other => FieldError::code("KT-GB-4121").describe(sentence(&other)),
    })
}
