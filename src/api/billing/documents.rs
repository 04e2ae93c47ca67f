//! The types of bills, behind `BillInterface`.

use chrono::NaiveDate;

use crate::api::session::{Bindings, Call};
use crate::domain::billing::documents::{self, Document, Inside, Kind};
use crate::graphql::{FieldError, Leaves, Node, Parts, Resolved};
use crate::platform::money::{AmountError, Minor, Split};

/// Whether a bill is kept back, and why.
struct Held(Option<String>);

const COMMON: Leaves<Document> = &[
    ("id", |d| d.id.into()),
    ("billType", |d| bill_type(d).into()),
    ("fromDate", |d| d.from_date.into()),
    ("toDate", |d| d.last_day().into()),
    ("issuedDate", |d| d.issued_on.into()),
];

const TOTALS: Parts<Document> =
    &[("totalCharges", |d| total(d.charges())), ("totalCredits", |d| total(d.credits()))];

/// What is known of bills with a number of their own.
const NUMBERED: Leaves<Document> = &[
    ("identifier", |d| (&d.number).into()),
    ("isAnnulled", |d| d.annulled_by.is_some().into()),
    ("isHeld", |d| d.held_reason.is_some().into()),
];

pub(super) fn bind(b: &mut Bindings) {
    for name in [STATEMENT, PERIOD, INVOICE] {
        b.leaves(name, COMMON).parts(name, TOTALS);
    }
    b.leaves(PERIOD, NUMBERED).leaves(INVOICE, NUMBERED);
    b.leaves::<Document>(PERIOD, &[("closingBalance", |d| d.closing_balance.0.into())]);
    b.leaves::<Document>(
        INVOICE,
        &[
            ("grossAmount", |d| d.invoiced().ok().map(|amount| amount.0).into()),
            ("totalPayments", |d| d.payments.0.into()),
        ],
    );
    b.leaves::<Document>(
        STATEMENT,
        &[
            ("openingBalance", |d| d.opening_balance.0.into()),
            ("closingBalance", |d| d.closing_balance.0.into()),
            ("paymentDueDate", |d| d.due_date.into()),
            ("toAddress", |d| (&d.to_address).into()),
            ("userId", |d| d.user_id.into()),
            ("isExternalBill", |d| d.issued_by.is_some().into()),
            ("status", |d| if d.status == "OPEN" { "OPEN" } else { "CLOSED" }.into()),
        ],
    );
    b.parts::<Document>(STATEMENT, &[("heldStatus", |d| Resolved::node(Held(d.held_reason.clone())))]);
    b.leaves::<Held>("HeldStatus", &[("isHeld", |h| h.0.is_some().into()), ("reason", |h| (&h.0).into())]);
    b.batch("StatementType.reversalsAfterClose", reversals);
    b.batch("StatementType.consumptionStartDate", used_from);
    b.batch("StatementType.consumptionEndDate", used_to);
    for name in ["StatementTotalType", "InvoiceTotalType"] {
        b.leaves::<Split>(
            name,
            &[
                ("netTotal", |s| s.net.0.into()),
                ("taxTotal", |s| s.tax.0.into()),
                ("grossTotal", |s| s.gross.0.into()),
            ],
        );
    }
}

const STATEMENT: &str = "StatementType";
const PERIOD: &str = "PeriodBasedDocumentType";
const INVOICE: &str = "InvoiceType";

/// A bill as the object that it is. What undoes a bill looks like an invoice, with the signs of its transactions.
pub(super) fn node(document: Document) -> Node {
    let name = match document.kind() {
        Kind::Statement => STATEMENT,
        Kind::Period => PERIOD,
        Kind::Invoice | Kind::CreditNote => INVOICE,
    };
    Node::typed(name, document)
}

/// What it is, as one of `BillTypeEnum`.
pub(super) fn bill_type(document: &Document) -> &'static str {
    match document.kind() {
        Kind::Statement | Kind::Period => "STATEMENT",
        Kind::Invoice => "INVOICE",
        Kind::CreditNote => "CREDIT_NOTE",
    }
}

/// A sum with and without tax; nothing where it cannot be shown.
pub(super) fn total(sum: Result<Split, AmountError>) -> Resolved {
    Resolved::maybe(sum.ok())
}

/// What is known of the transactions on documents, in order.
pub(super) async fn inside(call: &Call<'_>, ids: &[i64]) -> Result<Vec<Option<Inside>>, FieldError> {
    let mut view = call.cx.read().await?;
    documents::inside(&mut view, call.cx.viewer(), ids).await.map_err(FieldError::internal)
}

async fn reversals(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Document>()?.iter().map(|d| d.id).collect();
    let found = inside(&call, &ids).await?;
    Ok(found.iter().map(|inside| Resolved::leaf(inside.as_ref().map(|i| i.reversals.as_str()))).collect())
}

/// The first day of what is charged for on each.
async fn used_from(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    of_inside(call, |inside| inside.used_from).await
}

/// The last day of what is charged for on each.
async fn used_to(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    of_inside(call, |inside| inside.used_to?.pred_opt()).await
}

async fn of_inside(
    call: Call<'_>,
    of: fn(&Inside) -> Option<NaiveDate>,
) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Document>()?.iter().map(|d| d.id).collect();
    let found = inside(&call, &ids).await?;
    Ok(found.iter().map(|inside| Resolved::leaf(inside.as_ref().and_then(of))).collect())
}

/// An amount that may be more than an `Int` can show.
pub(super) fn amount(sum: Result<Minor, AmountError>) -> Option<i64> {
    sum.and_then(Minor::to_wire).ok().map(i64::from)
}
