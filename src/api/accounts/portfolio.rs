//! `PortfolioType`.

use super::manage::Reference;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts;
use crate::domain::accounts::portfolio_references::{self, ReferenceError};
use crate::domain::accounts::portfolio_tree;
use crate::domain::accounts::portfolios::{self, Portfolio};
use crate::graphql::{FieldError, Node, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.portfolio", portfolio);
    b.root("Query.portfolioByReference", by_reference);
    b.batch("PortfolioType.depth", depths);
    b.batch("PortfolioType.ancestors", ancestors);
    b.batch("PortfolioType.descendants", descendants);
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
    b.parts::<Portfolio>("PortfolioType", &[("operationsTeam", |p| Resolved::maybe(team_of(p)))]);
    b.leaves::<Team>("OperationsTeamType", &[("id", |t| t.id.into()), ("name", |t| (&t.name).into())]);
}

/// An operations team that looks after something.
pub(in crate::api) struct Team {
    id: i64,
    name: String,
}

impl Team {
    /// A team, by row id and name; none where there is none.
    pub fn of(id: Option<i64>, name: Option<&String>) -> Option<Self> {
        Some(Self { id: id?, name: name?.clone() })
    }
}

fn team_of(portfolio: &Portfolio) -> Option<Team> {
    Team::of(portfolio.operations_team_id, portfolio.operations_team.as_ref())
}

/// No portfolio that the viewer may see.
pub(super) const NO_PORTFOLIO: &str = "KT-CT-9403";

async fn portfolio(call: Call<'_>) -> Result<Resolved, FieldError> {
    let number: String = call.arg("portfolioNumber")?;
    let mut view = call.cx.read().await?;
    let found =
        portfolios::by_number(&mut view, call.cx.viewer(), &number).await.map_err(FieldError::internal)?;
    found.map(Resolved::node).ok_or_else(|| FieldError::code(NO_PORTFOLIO))
}

/// Null where nothing that the viewer may see has the reference.
async fn by_reference(call: Call<'_>) -> Result<Resolved, FieldError> {
    let Reference { namespace, value } = call.arg("portfolioReference")?;
    let mut view = call.cx.read().await?;
    let found = portfolio_references::find(&mut view, call.cx.viewer(), &namespace, &value).await;
    found.map(Resolved::maybe).map_err(|error| match error {
        ReferenceError::UnknownNamespace => {
            FieldError::code("KT-CT-9409").at_input(&["portfolioReference", "namespace"])
        }
        other => FieldError::internal(other),
    })
}

async fn depths(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Portfolio>()?.iter().map(|p| p.id).collect();
    let mut view = call.cx.read().await?;
    let above =
        portfolio_tree::above(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(above.iter().map(|above| Resolved::leaf(i64::try_from(above.len()).unwrap_or(i64::MAX))).collect())
}

async fn ancestors(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Portfolio>()?.iter().map(|p| p.id).collect();
    let mut view = call.cx.read().await?;
    let pages = portfolio_tree::ancestors(&mut view, call.cx.viewer(), &ids, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

async fn descendants(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<Portfolio>()?.iter().map(|p| p.id).collect();
    let mut view = call.cx.read().await?;
    let pages = portfolio_tree::descendants(&mut view, call.cx.viewer(), &ids, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
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
