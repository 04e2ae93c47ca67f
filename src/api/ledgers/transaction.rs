//! Transactions: one interface, four kinds, read from accounts and from ledgers.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::ledgers::ledgers::Ledger;
use crate::domain::ledgers::transaction_lists::{self, Below, Filter, Line, Listed, Order};
use crate::domain::ledgers::transactions::{Kind, Transaction};
use crate::domain::supply::charging::{self, Shown};
use crate::graphql::{FieldError, Leaves, Node, Parts, Resolved};
use crate::platform::money::Split;
use crate::platform::page::Page;

const FIELDS: Leaves<Transaction> = &[
    ("id", |t| t.id.into()),
    ("postedDate", |t| t.posted_date.into()),
    ("createdAt", |t| t.created_at.into()),
    ("accountNumber", |t| (&t.account_number).into()),
    ("amount", |t| t.amount.0.into()),
    ("balanceCarriedForward", |t| t.balance_carried_forward.0.into()),
    ("isCredit", |t| (t.kind() == Kind::Credit).into()),
    ("isAccountCharge", |t| (t.kind() == Kind::Charge).into()),
    ("isAccountPayment", |t| (t.kind() == Kind::Payment).into()),
    ("isHeld", |t| t.is_held.into()),
    ("isIssued", |t| t.is_issued.into()),
    ("title", |t| (&t.title).into()),
    ("billingDocumentIdentifier", |t| t.billing_document_id.into()),
    ("statementId", |t| t.billing_document_id.into()),
    ("hasStatement", |t| t.billing_document_id.is_some().into()),
    ("isReversed", |t| t.is_reversed.into()),
    ("note", |t| (&t.note).into()),
    ("reasonCode", |t| (&t.reason_code).into()),
];

// What most lists show.
const LINE: Leaves<Line> = &[
    ("id", |t| t.id.into()),
    ("postedDate", |t| t.posted_date.into()),
    ("amount", |t| t.amount.0.into()),
    ("balanceCarriedForward", |t| t.balance_carried_forward.0.into()),
    ("isCredit", |t| (t.kind() == Kind::Credit).into()),
    ("isAccountCharge", |t| (t.kind() == Kind::Charge).into()),
    ("isAccountPayment", |t| (t.kind() == Kind::Payment).into()),
    ("title", |t| (&t.title).into()),
];

const AMOUNTS: Parts<Transaction> = &[("amounts", |t| Resolved::node(t.amounts()))];

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.transactions", of_accounts);
    b.batch("LedgerType.transactions", of_ledgers);
    for kind in [Kind::Charge, Kind::Credit, Kind::Payment, Kind::Refund] {
        b.leaves_either(type_name(kind), FIELDS, LINE);
        b.parts(type_name(kind), AMOUNTS);
    }
    b.leaves::<Transaction>("Charge", &[("isExport", |t| t.is_export.into())]);
    b.batch("Charge.consumption", consumption);
    b.leaves::<Shown>(
        "Consumption",
        &[
            ("startDate", |s| s.first.into()),
            ("endDate", |s| s.last.and_then(|last| last.pred_opt()).into()),
            ("quantity", |s| s.quantity().normalize().into()),
            ("unit", |s| s.unit().into()),
            ("usageCost", |s| s.net(false).into()),
            ("supplyCharge", |s| s.net(true).into()),
        ],
    );
    b.leaves::<Split>(
        "TransactionAmountType",
        &[("net", |s| s.net.0.into()), ("tax", |s| s.tax.0.into()), ("gross", |s| s.gross.0.into())],
    );
}

/// What was supplied, of charges under an agreement.
pub(in crate::api) async fn consumption(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Transaction>()?.iter().map(|transaction| transaction.id).collect();
    let mut view = call.cx.read().await?;
    let shown = charging::of_transactions(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(ids.iter().map(|id| Resolved::maybe(shown.get(id).cloned())).collect())
}

fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Charge => "Charge",
        Kind::Credit => "Credit",
        Kind::Payment => "Payment",
        Kind::Refund => "Refund",
    }
}

/// A transaction as the object that it is.
pub(in crate::api) fn node<T: Listed>(transaction: T) -> Node {
    Node::typed(type_name(transaction.kind()), transaction)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransactionsArgs {
    transaction_types: Option<Vec<Option<String>>>,
    transaction_types_excluded: Option<Vec<Option<String>>>,
    ledger_number: Option<String>,
    ledger_id: Option<i64>,
    include_all_ledgers: Option<bool>,
    from_date: Option<NaiveDate>,
    to_date: Option<NaiveDate>,
    order_by: Option<String>,
}

impl TransactionsArgs {
    fn filter(self) -> Filter {
        let list =
            |types: Option<Vec<Option<String>>>| types.unwrap_or_default().into_iter().flatten().collect();
        Filter {
            types: list(self.transaction_types),
            types_excluded: list(self.transaction_types_excluded),
            from_date: self.from_date,
            to_date: self.to_date,
            ledger_number: self.ledger_number,
            ledger_id: self.ledger_id,
            include_all_ledgers: self.include_all_ledgers == Some(true),
            order: match self.order_by.as_deref() {
                Some("POSTED_DATE_ASC") => Order::PostedDateAsc,
                _ => Order::PostedDateDesc,
            },
        }
    }
}

fn connections<T: Listed>(pages: Result<Vec<Page<T>>, sqlx::Error>) -> Result<Vec<Resolved>, FieldError> {
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, node)).collect())
}

async fn of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|a| a.id).collect();
    pages_of(call, Below::Accounts, &ids).await
}

async fn of_ledgers(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Ledger>()?.iter().map(|l| l.id).collect();
    pages_of(call, Below::Ledgers, &ids).await
}

/// Where nothing is asked for that a line does not hold, lines are read.
async fn pages_of(call: Call<'_>, below: Below, ids: &[i64]) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let filter = call.args::<TransactionsArgs>()?.filter();
    let mut view = call.cx.read().await?;
    let viewer = call.cx.viewer();
    if call.selects_only("edges.node", LINE) {
        return connections::<Line>(
            transaction_lists::pages(&mut view, viewer, below, ids, &filter, &window).await,
        );
    }
    connections::<Transaction>(
        transaction_lists::pages(&mut view, viewer, below, ids, &filter, &window).await,
    )
}
