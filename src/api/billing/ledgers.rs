//! `statements` and `invoices` of ledgers.

use serde::Deserialize;

use super::documents::{amount, inside, total};
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::billing::documents::{self, Document};
use crate::domain::billing::lists::{self, OnLedger};
use crate::domain::ledgers::ledgers::Ledger;
use crate::graphql::{FieldError, Leaves, Node, Parts, Resolved};

const STATEMENT: &str = "StatementBillingDocumentType";
const INVOICE: &str = "InvoiceBillingDocumentType";

const COMMON: Leaves<Document> = &[("id", |d| d.id.into()), ("paymentDueDate", |d| d.due_date.into())];

const PARTS: Parts<Document> =
    &[("totalCharges", |d| total(d.charges())), ("totalCredits", |d| total(d.credits()))];

pub(super) fn bind(b: &mut Bindings) {
    b.batch("LedgerType.statements", statements);
    b.batch("LedgerType.invoices", invoices);
    for name in [STATEMENT, INVOICE] {
        b.leaves(name, COMMON).parts(name, PARTS);
    }
    b.leaves::<Document>(
        STATEMENT,
        &[
            ("identifier", |d| (&d.number).into()),
            ("startAt", |d| d.start_of(d.from_date).into()),
            ("endAt", |d| d.to_date.map(|day| d.start_of(day)).into()),
            ("firstIssuedAt", |d| d.issued_at.into()),
            ("dueDate", |d| d.due_date.into()),
        ],
    );
    b.batch("StatementBillingDocumentType.annulledBy", annulments);
    b.batch("InvoiceBillingDocumentType.annulledBy", annulments);
    b.batch("StatementBillingDocumentType.earliestChargeAt", earliest_charges);
    b.batch("StatementBillingDocumentType.latestChargeAt", latest_charges);
    b.leaves::<Document>(
        INVOICE,
        &[
            ("number", |d| (&d.number).into()),
            ("firstIssued", |d| d.issued_at.into()),
            ("invoicedAmount", |d| amount(d.invoiced()).into()),
        ],
    );
    b.leaves::<Document>(
        "AnnulmentBillingDocumentType",
        &[
            ("id", |d| d.id.into()),
            ("annulledBillingDocumentId", |d| d.annuls_id.into()),
            ("firstIssued", |d| d.issued_at.into()),
        ],
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DocumentsArgs {
    statement_id: Option<i64>,
    invoice_id: Option<i64>,
    exclude_externally_issued: Option<bool>,
    order_by: Option<String>,
}

async fn statements(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    listed(call, false).await
}

async fn invoices(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    listed(call, true).await
}

/// The latest come first, unless they are asked for the other way.
async fn listed(call: Call<'_>, invoices: bool) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let args: DocumentsArgs = call.args()?;
    let id = args.statement_id.or(args.invoice_id);
    let which = OnLedger {
        invoices,
        id,
        only_own: args.exclude_externally_issued == Some(true),
        oldest_first: args.order_by.as_deref() == Some("FINALIZED_AT_ASC"),
    };
    let ids: Vec<i64> = call.parents::<Ledger>()?.iter().map(|l| l.id).collect();
    let mut view = call.cx.read().await?;
    let pages = lists::of_ledgers(&mut view, call.cx.viewer(), &ids, which, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

/// The credit notes that undo the parents.
async fn annulments(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let notes: Vec<Option<i64>> = call.parents::<Document>()?.iter().map(|d| d.annulled_by).collect();
    let ids: Vec<i64> = notes.iter().flatten().copied().collect();
    let mut view = call.cx.read().await?;
    let found = documents::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    let mut found = found.into_iter();
    Ok(notes.iter().map(|note| Resolved::maybe(note.and_then(|_| found.next().flatten()))).collect())
}

async fn earliest_charges(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Document>()?.iter().map(|d| d.id).collect();
    let found = inside(&call, &ids).await?;
    Ok(found.iter().map(|i| Resolved::leaf(i.as_ref().and_then(|i| i.earliest_charge_at))).collect())
}

async fn latest_charges(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Document>()?.iter().map(|d| d.id).collect();
    let found = inside(&call, &ids).await?;
    Ok(found.iter().map(|i| Resolved::leaf(i.as_ref().and_then(|i| i.latest_charge_at))).collect())
}
