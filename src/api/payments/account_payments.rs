//! An account's payments, and what is known about those on its ledgers.

use serde::Deserialize;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::ledgers::ledgers::Ledger;
use crate::domain::ledgers::transactions::Transaction;
use crate::domain::payments::account_payments::{self, AccountPayment, Filter, Modifiable, Repeated};
use crate::domain::payments::instructions;
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;

pub(super) fn bind(b: &mut Bindings) {
    b.leaves::<AccountPayment>(
        "AccountPaymentType",
        &[
            ("id", |p| p.id.into()),
            ("amount", |p| p.amount.0.into()),
            ("surchargeAmount", |p| p.surcharge.0.into()),
            ("paymentDate", |p| p.payment_date.into()),
            ("reference", |p| (&p.reference).into()),
            ("transactionType", |p| (&p.payment_type).into()),
            ("status", |p| (&p.status).into()),
        ],
    );
    b.batch("AccountPaymentType.paymentInstruction", instruction_of);
    b.batch("AccountType.payments", payments_of);
    b.batch("AccountType.canModifyPayments", modifiable_of);
    b.leaves::<Modifiable>(
        "CanModifyPaymentsType",
        &[("canAmendPayments", |m| m.can_amend.into()), ("canCancelPayments", |m| m.can_cancel.into())],
    );
    b.batch("LedgerType.paymentsWithNonConcludedRePresentation", repeated_of);
    b.leaves::<Repeated>(
        "PaymentWithNonConcludedRePresentationType",
        &[("amountPayable", |r| r.amount.0.into()), ("payableDate", |r| r.payment_date.into())],
    );
    b.leaves::<Transaction>("Payment", &[("paymentTransactionType", |t| (&t.payment_type).into())]);
    b.batch("Payment.isLateFailedPayment", bounced);
}

async fn instruction_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let payments = call.parents::<AccountPayment>()?;
    // No row has the id zero.
    let ids: Vec<i64> = payments.iter().map(|payment| payment.instruction_id.unwrap_or_default()).collect();
    let mut view = call.cx.read().await?;
    let found =
        instructions::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentsArgs {
    ledger_number: Option<String>,
    ledger_id: Option<String>,
    status: Option<String>,
    reason: Option<String>,
    include_promises: Option<bool>,
}

impl PaymentsArgs {
    /// `None` where an id cannot be one of ours.
    fn filter(self) -> Option<Filter> {
        Some(Filter {
            ledger_number: self.ledger_number,
            ledger_id: self.ledger_id.map(|id| id.parse()).transpose().ok()?,
            status: self.status,
            reason: self.reason,
            without_promises: self.include_promises == Some(false),
        })
    }
}

async fn payments_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let Some(filter) = call.args::<PaymentsArgs>()?.filter() else {
        let empty = |_| connection(Page::<AccountPayment>::empty(&window), Node::new);
        return Ok(ids.iter().map(empty).collect());
    };
    let mut view = call.cx.read().await?;
    let pages = account_payments::page_of_accounts(&mut view, call.cx.viewer(), &ids, &filter, &window).await;
    Ok(pages.map_err(FieldError::internal)?.into_iter().map(|page| connection(page, Node::new)).collect())
}

async fn modifiable_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let found = account_payments::modifiable_of(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::maybe).collect())
}

async fn repeated_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Ledger>()?.iter().map(|ledger| ledger.id).collect();
    let mut view = call.cx.read().await?;
    let pages = account_payments::page_of_repeated(&mut view, call.cx.viewer(), &ids, &window).await;
    Ok(pages.map_err(FieldError::internal)?.into_iter().map(|page| connection(page, Node::new)).collect())
}

async fn bounced(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Transaction>()?.iter().map(|transaction| transaction.id).collect();
    let mut view = call.cx.read().await?;
    let found = account_payments::bounced(&mut view, call.cx.viewer(), &ids).await;
    Ok(found.map_err(FieldError::internal)?.into_iter().map(Resolved::leaf).collect())
}
