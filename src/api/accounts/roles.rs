//! The roles of people on accounts and portfolios.

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::roles::{self, AccountRole, Permission, PortfolioRole};
use crate::domain::accounts::users::{self, AccountUser};
use crate::domain::accounts::{accounts, portfolios};
use crate::graphql::{FieldError, Resolved};

pub(super) fn bind(b: &mut Bindings) {
    b.batch("AccountUserType.accountUserRoles", on_accounts);
    b.batch("AccountUserType.portfolioUserRoles", on_portfolios);
    b.batch("AccountUserType.permissions", permissions);
    b.leaves::<Permission>("AccountUserPermission", &[("permission", |p| (&p.0).into())]);
    b.leaves::<AccountRole>(
        "AccountUserRoleType",
        &[("id", |r| r.id.into()), ("role", |r| (&r.role).into())],
    );
    b.batch("AccountUserRoleType.user", user_on_account);
    b.batch("AccountUserRoleType.account", account_of);
    b.leaves::<PortfolioRole>(
        "PortfolioUserRoleType",
        &[("id", |r| r.id.into()), ("role", |r| (&r.role).into())],
    );
    b.batch("PortfolioUserRoleType.user", user_on_portfolio);
    b.batch("PortfolioUserRoleType.portfolio", portfolio_of);
}

async fn on_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let account: Option<String> = call.arg("accountNumber")?;
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|u| u.id).collect();
    let mut view = call.cx.read().await?;
    let held = roles::on_accounts(&mut view, call.cx.viewer(), &ids, account.as_deref()).await;
    Ok(held.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}

async fn on_portfolios(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let portfolio: Option<String> = call.arg("portfolioNumber")?;
    let account: Option<String> = call.arg("accountNumber")?;
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|u| u.id).collect();
    let mut view = call.cx.read().await?;
    let (portfolio, account) = (portfolio.as_deref(), account.as_deref());
    let held = roles::on_portfolios(&mut view, call.cx.viewer(), &ids, portfolio, account).await;
    Ok(held.map_err(FieldError::internal)?.into_iter().map(Resolved::nodes).collect())
}

async fn permissions(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|u| u.id).collect();
    let mut view = call.cx.read().await?;
    let allowed =
        roles::permissions(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(allowed.into_iter().map(Resolved::nodes).collect())
}

async fn user_on_account(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<AccountRole>()?.iter().map(|role| role.user_id).collect();
    users_of(&call, &ids).await
}

async fn user_on_portfolio(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<PortfolioRole>()?.iter().map(|role| role.user_id).collect();
    users_of(&call, &ids).await
}

async fn users_of(call: &Call<'_>, ids: &[i64]) -> Result<Vec<Resolved>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = users::by_ids(&mut view, call.cx.viewer(), ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn account_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<AccountRole>()?.iter().map(|role| role.account_id).collect();
    let mut view = call.cx.read().await?;
    let found = accounts::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}

async fn portfolio_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<PortfolioRole>()?.iter().map(|role| role.portfolio_id).collect();
    let mut view = call.cx.read().await?;
    let found = portfolios::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::maybe).collect())
}
