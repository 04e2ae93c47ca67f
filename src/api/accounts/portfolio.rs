//! `PortfolioType`.

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts;
use crate::domain::accounts::portfolios::{self, Portfolio};
use crate::graphql::{FieldError, Node, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("PortfolioType.accounts", accounts_of);
    b.batch("PortfolioType.parent", parent_of);
    b.leaves::<Portfolio>(
        "PortfolioType",
        &[
            ("id", |p| p.id.into()),
            ("number", |p| (&p.number).into()),
            ("brand", |p| (&p.brand).into()),
            ("name", |p| (&p.name).into()),
            ("billingName", |p| (&p.billing_name).into()),
            ("collectiveBilling", |p| p.collective_billing.into()),
            ("leadAccountNumber", |p| (&p.lead_account_number).into()),
            ("createdAt", |p| p.created_at.into()),
            ("updatedAt", |p| p.updated_at.into()),
        ],
    );
}

async fn accounts_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Portfolio>()?.iter().map(|p| p.id).collect();
    let mut view = call.cx.read().await?;
    let pages = accounts::of_portfolios(&mut view, call.cx.viewer(), &ids, &window)
        .await
        .map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

async fn parent_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let parents: Vec<Option<i64>> = call.parents::<Portfolio>()?.iter().map(|p| p.parent_id).collect();
    let ids: Vec<i64> = parents.iter().flatten().copied().collect();
    let mut view = call.cx.read().await?;
    let found = portfolios::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    let mut found = found.into_iter();
    Ok(parents.iter().map(|id| Resolved::maybe(id.and_then(|_| found.next().flatten()))).collect())
}
