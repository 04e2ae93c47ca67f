//! What other systems call a portfolio, each in a namespace of its brand's.

use thiserror::Error;

use super::contacts;
use super::portfolios::{self, Portfolio};
use crate::domain::auth::viewer::{MANAGE_PORTFOLIOS, Viewer, portfolio_is_visible};
use crate::platform::db::{Tx, database_error, on_constraint, statement};

/// Why a reference was not kept or not looked for.
#[derive(Debug, Error)]
pub enum ReferenceError {
    /// The viewer may not manage portfolios.
    #[error("may not manage portfolios")]
    Forbidden,
    /// There is no such portfolio that the viewer may see.
    #[error("there is no such portfolio")]
    UnknownPortfolio,
    /// No brand has such a namespace, or the portfolio's has not.
    #[error("there is no such namespace")]
    UnknownNamespace,
    /// Another portfolio has the reference, or the portfolio has another one.
    #[error("there is another reference in the namespace")]
    Conflict,
    /// The reference is blank or not one line of text.
    #[error("a reference is one line of text")]
    Value,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(ReferenceError);

impl From<sqlx::Error> for ReferenceError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "portfolio_references_namespace_fkey") {
            Self::UnknownNamespace
        } else {
            Self::Database(error)
        }
    }
}

statement!(static ADD: (i64,) = "
    insert into portfolio_references (portfolio_id, brand, namespace, value, created_at) values ($1, $2, $3, $4, $5)
    on conflict do nothing returning portfolio_id");
statement!(static IS_THERE: (bool,) = "
    select exists (select 1 from portfolio_references where portfolio_id = $1 and namespace = $2 and value = $3)");
statement!(static IS_NAMESPACE: (bool,) = "
    select exists (select 1 from portfolio_reference_namespaces where code = $1)");
statement!(static FIND: (i64,) = concat!("
    select p.id from portfolio_references f join portfolios p on p.id = f.portfolio_id
    where f.namespace = $3 and f.value = $4 and ", portfolio_is_visible!()));

/// Gives the portfolio with this number a reference. Nothing happens if it has it.
pub async fn add(
    tx: &mut Tx,
    viewer: &Viewer,
    portfolio: &str,
    namespace: &str,
    value: &str,
) -> Result<(), ReferenceError> {
    if !viewer.is_staff() || !viewer.may(MANAGE_PORTFOLIOS) {
        return Err(ReferenceError::Forbidden);
    }
    let found = portfolios::by_number(tx, viewer, portfolio).await?;
    let found = found.ok_or(ReferenceError::UnknownPortfolio)?;
    let value = contacts::line(value).filter(|value| !value.is_empty()).ok_or(ReferenceError::Value)?;
    let now = tx.business_now().await?;
    let add = ADD.query().bind(found.id).bind(&found.brand).bind(namespace).bind(&value).bind(now);
    if add.fetch_optional(&mut *tx).await?.is_some() {
        return Ok(());
    }
    let is_there = IS_THERE.query().bind(found.id).bind(namespace).bind(&value);
    if is_there.fetch_one(&mut *tx).await?.0 { Ok(()) } else { Err(ReferenceError::Conflict) }
}

/// The portfolio with this reference, if the viewer may see it.
pub async fn find(
    tx: &mut Tx,
    viewer: &Viewer,
    namespace: &str,
    value: &str,
) -> Result<Option<Portfolio>, ReferenceError> {
    if !IS_NAMESPACE.query().bind(namespace).fetch_one(&mut *tx).await?.0 {
        return Err(ReferenceError::UnknownNamespace);
    }
    let query = FIND.seen_by(viewer).bind(namespace).bind(value.trim());
    let ids: Vec<i64> = query.fetch_optional(&mut *tx).await?.into_iter().map(|(id,)| id).collect();
    Ok(portfolios::by_ids(tx, viewer, &ids).await?.pop().flatten())
}
