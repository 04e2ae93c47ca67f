//! `PortfolioType`.

use std::sync::Arc;

use super::manage::Reference;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts;
use crate::domain::accounts::portfolio_references::{self, ReferenceError};
use crate::domain::accounts::portfolio_tree;
use crate::domain::accounts::portfolios::{self, Portfolio};
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::page::Page;

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

/// What is above each portfolio, from the top down: three fields tell of it, and it is read once.
async fn above(call: &Call<'_>) -> Result<Arc<Vec<Vec<Portfolio>>>, FieldError> {
    let ids: Vec<i64> = call.parents::<Portfolio>()?.iter().map(|p| p.id).collect();
    if let Some(known) = call.cx.known("portfolios above", &ids) {
        return Ok(known);
    }
    let mut view = call.cx.read().await?;
    let found = portfolio_tree::above(&mut view, call.cx.viewer(), &ids).await;
    Ok(call.cx.remember("portfolios above", ids, found.map_err(FieldError::internal)?))
}

async fn depths(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let depth = |above: &Vec<Portfolio>| i64::try_from(above.len()).unwrap_or(i64::MAX);
    Ok(above(&call).await?.iter().map(|above| Resolved::leaf(depth(above))).collect())
}

async fn ancestors(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let page = |list: &Vec<Portfolio>| connection(Page::of(&window, list.clone()), Node::new);
    Ok(above(&call).await?.iter().map(page).collect())
}

async fn parent_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    Ok(above(&call).await?.iter().map(|above| Resolved::maybe(above.last().cloned())).collect())
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
    let balances = call.selects("edges.node.balance");
    let pages = accounts::of_portfolios(&mut view, call.cx.viewer(), &ids, &window, balances)
        .await
        .map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}
