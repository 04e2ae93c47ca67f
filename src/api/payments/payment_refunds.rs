//! `refundPayment`, and which payments are to be paid back.

use serde::Deserialize;

use super::repayments::{About, REPAYMENT};
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::Ledger;
use crate::domain::payments::account_payments;
use crate::domain::payments::payment_refunds::{self, NewRefund, RefundError};
use crate::domain::payments::repayments::{self, Asked, Kind};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::{FieldError, Node, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.refundPayment", refund);
    b.parts("RefundPayment", REPAYMENT);
    b.batch("LedgerType.refundRequests", requests_of);
    b.batch("RefundPaymentRequestType.payment", payment_of);
    b.leaves::<Asked>(
        "RefundPaymentRequestType",
        &[
            ("requestId", |a| a.id.into()),
            ("amount", |a| a.amount.into()),
            ("reasonCode", |a| (&a.reason).into()),
            ("status", |a| (&a.status).into()),
        ],
    );
}

async fn requests_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Ledger>()?.iter().map(|ledger| ledger.id).collect();
    let mut view = call.cx.read().await?;
    let pages =
        repayments::requests_of_ledgers(&mut view, call.cx.viewer(), &ids, Kind::Refund, &window).await;
    Ok(pages.map_err(FieldError::internal)?.into_iter().map(|page| connection(page, Node::new)).collect())
}

async fn payment_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> =
        call.parents::<Asked>()?.iter().map(|asked| asked.payment_id.unwrap_or_default()).collect();
    let mut view = call.cx.read().await?;
    let found = account_payments::by_ids(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundInput {
    account_number: String,
    payment_id: String,
    amount_in_minor_unit: i64,
    idempotency_key: String,
    reason: String,
}

async fn refund(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: RefundInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let asked = call.cx.write("Mutation.refundPayment", number, &input, |tx, viewer, input| {
        Box::pin(async move {
            let new = NewRefund {
                account_number: &input.account_number,
                payment: &input.payment_id,
                amount: input.amount_in_minor_unit,
                idempotency_key: &input.idempotency_key,
                reason: &input.reason,
            };
            payment_refunds::refund(tx, viewer, &new).await
        })
    });
    asked.await.map(|repayment| Resolved::node(About(repayment))).map_err(|error| match error {
        RefundError::Forbidden => FieldError::code("KT-CT-3924"),
        RefundError::UsedKey => FieldError::code("KT-CT-3928").at_input(&["input", "idempotencyKey"]),
        RefundError::NotCleared => FieldError::code("KT-CT-3929"),
        RefundError::TooMuch(_) => FieldError::code("KT-CT-3933"),
        RefundError::NoWayBack => FieldError::code("KT-CT-3937"),
        RefundError::Invalid(why) => FieldError::code(INVALID_INPUT).describe(why),
        RefundError::Database(error) => FieldError::internal(error),
    })
}
