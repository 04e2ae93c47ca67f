//! When another payment schedule could begin, and `paymentRequests`.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::ledgers::ledgers;
use crate::domain::payments::available::{self, AvailableError, Funding, Request};
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;

/// A ledger whose payments are asked for.
struct Asked(i64);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.getNextPaymentScheduleAvailableDate", get_next);
    b.root("Query.nextPaymentScheduleAvailableDate", next);
    b.root("Query.paymentRequests", requests);
    b.batch("PaymentRequestsType.paymentRequest", requests_of);
    b.leaves::<Request>(
        "PaymentRequestType",
        &[
            ("expectedPaymentDate", |r| r.payment_date.into()),
            ("paymentStatus", |r| (&r.status).into()),
            ("totalAmount", |r| r.total.0.into()),
            ("customerAmount", |r| r.customer.0.into()),
        ],
    );
    b.batch("PaymentRequestType.fundingSourceAmounts", fundings_of);
    b.leaves::<Funding>(
        "FundingSourceAmountType",
        &[("reason", |f| (&f.reason).into()), ("amount", |f| f.amount.0.into())],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NextArgs {
    account_number: String,
    schedule_type_name: String,
    ledger_id: Option<i64>,
    ledger_number: Option<String>,
}

async fn found(call: &Call<'_>) -> Result<Result<NaiveDate, AvailableError>, FieldError> {
    let args: NextArgs = call.args()?;
    let mut view = call.cx.read().await?;
    let (viewer, ledger) = (call.cx.viewer(), (args.ledger_id, args.ledger_number));
    Ok(available::next(&mut view, viewer, &args.account_number, ledger, &args.schedule_type_name).await)
}

async fn get_next(call: Call<'_>) -> Result<Resolved, FieldError> {
    found(&call).await?.map(Resolved::leaf).map_err(|error| match error {
        AvailableError::UnknownAccount => FieldError::code("KT-CT-4177"),
        AvailableError::Both => FieldError::code("KT-CT-3820"),
        AvailableError::NoLedger => FieldError::code("KT-AU-3921"),
        AvailableError::NoType => FieldError::code("KT-AU-3922"),
        AvailableError::Database(error) => FieldError::internal(error),
    })
}

/// As text, and null where there is none.
async fn next(call: Call<'_>) -> Result<Resolved, FieldError> {
    match found(&call).await? {
        Ok(day) => Ok(Resolved::leaf(day.to_string())),
        Err(AvailableError::Both) => Err(FieldError::code("KT-CT-3820")),
        Err(AvailableError::Database(error)) => Err(FieldError::internal(error)),
        Err(_) => Ok(Resolved::Null),
    }
}

async fn requests(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("ledgerNumber")?;
    let mut view = call.cx.read().await?;
    let ledger =
        ledgers::by_number(&mut view, call.cx.viewer(), &number).await.map_err(FieldError::internal)?;
    Ok(Resolved::maybe(ledger.map(|ledger| Asked(ledger.id))))
}

async fn requests_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Asked>()?.iter().map(|asked| asked.0).collect();
    let mut view = call.cx.read().await?;
    let pages = available::requests(&mut view, call.cx.viewer(), &ids, &window).await;
    Ok(pages.map_err(FieldError::internal)?.into_iter().map(|page| connection(page, Node::new)).collect())
}

async fn fundings_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Request>()?.iter().map(|request| request.id).collect();
    let mut view = call.cx.read().await?;
    let all = available::fundings(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(all.into_iter().map(|list| connection(Page::of(&window, list), Node::new)).collect())
}
