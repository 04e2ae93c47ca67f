//! The transactions on bills.

use serde::Deserialize;

use crate::api::ledgers::transaction;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::billing::contents::{self, Filter};
use crate::domain::billing::documents::Document;
use crate::domain::ledgers::transactions::{Kind, Transaction};
use crate::graphql::{FieldError, Leaves, Node, Parts, Resolved};

const FIELDS: Leaves<Transaction> = &[
    ("id", |t| t.id.into()),
    ("postedDate", |t| t.posted_date.into()),
    ("createdAt", |t| t.created_at.into()),
    ("title", |t| (&t.title).into()),
    ("note", |t| (&t.display_note).into()),
    ("reasonCode", |t| (&t.reason_code).into()),
];

const AMOUNTS: Parts<Transaction> = &[("amounts", |t| Resolved::node(t.amounts()))];

pub(super) fn bind(b: &mut Bindings) {
    b.batch("StatementType.transactions", of_statements);
    b.batch("PeriodBasedDocumentType.transactions", of_documents);
    b.batch("InvoiceType.transactions", of_documents);
    b.batch("StatementBillingDocumentType.transactions", of_documents);
    b.batch("InvoiceBillingDocumentType.transactions", of_documents);
    for kind in [Kind::Charge, Kind::Credit, Kind::Payment, Kind::Refund] {
        b.leaves(type_name(kind), FIELDS).parts(type_name(kind), AMOUNTS);
    }
    b.batch("BillCharge.consumption", transaction::consumption);
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Charge => "BillCharge",
        Kind::Credit => "BillCredit",
        Kind::Payment => "BillPayment",
        Kind::Refund => "BillRefund",
    }
}

fn on_bill(transaction: Transaction) -> Node {
    Node::typed(type_name(transaction.kind()), transaction)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ContentsArgs {
    transaction_types: Option<Vec<Option<String>>>,
    order_by: Option<String>,
}

/// The transactions as they are on the ledger.
async fn of_statements(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    listed(call, transaction::node).await
}

/// The transactions as they stand on the bill.
async fn of_documents(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    listed(call, on_bill).await
}

async fn listed(call: Call<'_>, node: fn(Transaction) -> Node) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let args: ContentsArgs = call.args()?;
    let filter = Filter {
        types: args.transaction_types.unwrap_or_default().into_iter().flatten().collect(),
        oldest_first: args.order_by.as_deref() == Some("POSTED_DATE_ASC"),
    };
    let ids: Vec<i64> = call.parents::<Document>()?.iter().map(|d| d.id).collect();
    let mut view = call.cx.read().await?;
    let pages = contents::of_documents(&mut view, call.cx.viewer(), &ids, &filter, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, node)).collect())
}
