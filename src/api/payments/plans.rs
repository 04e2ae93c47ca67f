//! `AccountType.paymentPlans`.

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::payments::plans::{self, Instalment, Plan};
use crate::graphql::{FieldError, Node, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountType.paymentPlans", plans_of);
    b.leaves::<Plan>(
        "PaymentPlanType",
        &[
            ("id", |p| p.id.into()),
            ("initialScheduleType", |p| (&p.schedule_type).into()),
            ("strategyName", |p| (&p.strategy_name).into()),
            ("strategyDisplayName", |p| (&p.strategy_display_name).into()),
            ("status", |p| (&p.status).into()),
            ("offeredAt", |p| p.offered_at.into()),
            ("offerExpiresAt", |p| p.offer_expires_at.into()),
            ("acceptedAt", |p| p.accepted_at.into()),
            ("ledgerNumber", |p| (&p.ledger_number).into()),
        ],
    );
    b.batch("PaymentPlanType.account", account_of);
    b.batch("PaymentPlanType.payments", payments_of);
    b.batch("PaymentPlanType.nextPayment", next_of);
    b.leaves::<Instalment>(
        "PaymentPlanPaymentType",
        &[
            ("payableDate", |i| i.payable_date.into()),
            ("amount", |i| i.amount.0.into()),
            ("paymentType", |i| (&i.payment_type).into()),
        ],
    );
}

async fn plans_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    let pages = plans::page_of_accounts(&mut view, call.cx.viewer(), &ids, &window).await;
    Ok(pages.map_err(FieldError::internal)?.into_iter().map(|page| connection(page, Node::new)).collect())
}

async fn account_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Plan>()?.iter().map(|plan| plan.account_id).collect();
    let mut view = call.cx.read().await?;
    let found = accounts::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn instalments(call: &Call<'_>) -> Result<Vec<Vec<Instalment>>, FieldError> {
    let ids: Vec<i64> = call.parents::<Plan>()?.iter().map(|plan| plan.id).collect();
    let mut view = call.cx.read().await?;
    plans::instalments(&mut view, &ids).await.map_err(FieldError::internal)
}

async fn payments_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    Ok(instalments(&call).await?.into_iter().map(Resolved::nodes).collect())
}

/// The first that is not before today, while the plan is offered or holds.
async fn next_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let all = instalments(&call).await?;
    let plans = call.parents::<Plan>()?;
    let next = plans.iter().zip(all).map(|(plan, all)| {
        let is_open = matches!(plan.status.as_str(), "OFFERED" | "ACTIVE");
        let next = all.into_iter().find(|instalment| is_open && instalment.payable_date >= plan.today);
        Resolved::maybe(next)
    });
    Ok(next.collect())
}
