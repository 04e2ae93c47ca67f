//! What is still to be paid of bills: `documentDebtPosition`.

use crate::api::session::{Bindings, Call};
use crate::domain::billing::documents::Document;
use crate::domain::billing::positions::{self, Allocation, Intention, Position};
use crate::graphql::{FieldError, Resolved};

/// The transaction behind an allocation.
struct Source {
    kind: &'static str,
    id: i64,
    amount: i64,
}

impl Source {
    fn of(allocation: &Allocation) -> Self {
        let kind = match allocation.source_kind.as_str() {
            "payment" => "PAYMENT",
            "charge" => "CHARGE",
            _ => "CREDIT",
        };
        Self { kind, id: allocation.source, amount: allocation.source_amount.0 }
    }
}

pub(super) fn bind(b: &mut Bindings) {
    b.batch("PeriodBasedDocumentType.documentDebtPosition", of_documents);
    b.batch("StatementBillingDocumentType.documentDebtPosition", of_documents);
    b.batch("InvoiceBillingDocumentType.documentDebtPosition", of_documents);
    b.leaves::<Position>(
        "BillingDocumentPositionType",
        &[
            ("dueDate", |p| p.due_date.into()),
            ("expectedAmount", |p| p.expected.0.into()),
            ("remainingAmount", |p| p.remaining.0.into()),
        ],
    );
    b.parts::<Position>(
        "BillingDocumentPositionType",
        &[
            ("allocations", |p| Resolved::nodes(p.allocations.clone())),
            ("allocationIntentions", |p| Resolved::nodes(p.intentions.clone())),
        ],
    );
    b.leaves::<Intention>(
        "AllocationIntentionType",
        &[
            ("transactionId", |i| i.payment.into()),
            ("transactionType", |_| "PAYMENT".into()),
            ("transactionAmount", |i| i.payment_amount.0.into()),
            ("allocationAmount", |i| i.amount.0.into()),
            ("allocationReason", |i| (&i.reason).into()),
        ],
    );
    b.leaves::<Allocation>("AllocationType", &[("amount", |a| a.amount.0.into())]);
    b.parts::<Allocation>("AllocationType", &[("fulfilment", |a| Resolved::node(Source::of(a)))]);
    b.leaves::<Source>(
        "FulfilmentType",
        &[
            ("sourceType", |s| s.kind.into()),
            ("sourceIdentifier", |s| s.id.into()),
            ("amount", |s| s.amount.into()),
        ],
    );
}

async fn of_documents(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Document>()?.iter().map(|d| d.id).collect();
    let mut view = call.cx.read().await?;
    let found = positions::of_documents(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}
