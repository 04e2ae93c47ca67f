//! What staff do with portfolios: make them, and give people roles on them.

use thiserror::Error;

use super::open::{self, NewPortfolio, OpenError};
use super::portfolios::{self, Portfolio};
use super::roles::{self, PortfolioRole};
use super::users;
use crate::domain::auth::viewer::{MANAGE_PORTFOLIOS, Viewer};
use crate::platform::db::{Tx, database_error, on_constraint, statement};
use crate::platform::ids;
use crate::platform::random::Randomness;

/// Why nothing was made or given.
#[derive(Debug, Error)]
pub enum ManageError {
    /// The viewer may not manage portfolios.
    #[error("may not manage portfolios")]
    Forbidden,
    /// No market has this brand.
    #[error("there is no such brand")]
    UnknownBrand,
    /// There is no such operations team.
    #[error("there is no such operations team")]
    UnknownTeam,
    /// There is no such role on a portfolio.
    #[error("there is no such role")]
    UnknownRole,
    /// No user has a number like this.
    #[error("a user's number is U- and eight hexadecimal digits")]
    UserNumber,
    /// There is no such user that the viewer may see.
    #[error("there is no such user")]
    UnknownUser,
    /// No portfolio has a number like this.
    #[error("a portfolio's number is P- and eight hexadecimal digits")]
    PortfolioNumber,
    /// There is no such portfolio that the viewer may see, or none of the brand.
    #[error("there is no such portfolio")]
    UnknownPortfolio,
    /// A portfolio would be above itself.
    #[error("a portfolio cannot be above itself")]
    Circle,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(ManageError);

impl From<sqlx::Error> for ManageError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "portfolio_user_roles_role_fkey") {
            Self::UnknownRole
        } else if on_constraint(&error, "portfolios_no_circle") {
            Self::Circle
        } else if on_constraint(&error, "portfolios_parent_of_brand") {
            Self::UnknownPortfolio
        } else {
            Self::Database(error)
        }
    }
}

impl From<OpenError> for ManageError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::UnknownBrand(_) => Self::UnknownBrand,
            OpenError::UnknownTeam => Self::UnknownTeam,
            OpenError::Database(error) => Self::Database(error),
            OpenError::UnknownPortfolio => Self::UnknownPortfolio,
            // Nothing that a portfolio is made with can do that.
            OpenError::UrnTaken => Self::UnknownPortfolio,
        }
    }
}

fn allowed(viewer: &Viewer) -> Result<(), ManageError> {
    if viewer.is_staff() && viewer.may(MANAGE_PORTFOLIOS) { Ok(()) } else { Err(ManageError::Forbidden) }
}

statement!(static MOVE: () = "update portfolios set parent_id = $2, updated_at = $3 where id = $1");

/// Makes an empty portfolio, in the one with the number `parent` if there is one.
pub async fn create_portfolio(
    tx: &mut Tx,
    random: &Randomness,
    viewer: &Viewer,
    new: &NewPortfolio<'_>,
    parent: Option<&str>,
) -> Result<Portfolio, ManageError> {
    allowed(viewer)?;
    let parent = match parent {
        Some(number) => {
            let found = portfolios::by_number(tx, viewer, number).await?;
            Some(found.ok_or(ManageError::UnknownPortfolio)?.id)
        }
        None => new.parent,
    };
    let id = open::new_portfolio(tx, random, &NewPortfolio { parent, ..new.clone() }).await?;
    portfolios::by_ids(tx, viewer, &[id]).await?.pop().flatten().ok_or(ManageError::UnknownPortfolio)
}

/// Makes a portfolio, by row id, part of another of its brand, or of none.
pub async fn move_portfolio(
    tx: &mut Tx,
    viewer: &Viewer,
    portfolio: i64,
    parent: Option<i64>,
) -> Result<(), ManageError> {
    allowed(viewer)?;
    let now = tx.business_now().await?;
    let done = MOVE.command().bind(portfolio).bind(parent).bind(now).execute(&mut *tx).await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(ManageError::UnknownPortfolio) }
}

/// Gives a user a role on a portfolio; nothing happens if they have it.
pub async fn give_role(
    tx: &mut Tx,
    viewer: &Viewer,
    portfolio: i64,
    user: i64,
    role: &str,
) -> Result<PortfolioRole, ManageError> {
    allowed(viewer)?;
    let known = portfolios::by_ids(tx, viewer, &[portfolio]).await?.pop().flatten();
    known.ok_or(ManageError::UnknownPortfolio)?;
    users::by_ids(tx, viewer, &[user]).await?.pop().flatten().ok_or(ManageError::UnknownUser)?;
    Ok(roles::give_on_portfolio(tx, portfolio, user, role).await?)
}

/// Gives a user a role on a portfolio, both by number; nothing happens if they have it.
pub async fn add_user(
    tx: &mut Tx,
    viewer: &Viewer,
    portfolio: &str,
    user: &str,
    role: &str,
) -> Result<PortfolioRole, ManageError> {
    allowed(viewer)?;
    if !ids::is_number("U-", user) {
        return Err(ManageError::UserNumber);
    }
    if !ids::is_number("P-", portfolio) {
        return Err(ManageError::PortfolioNumber);
    }
    let user = users::id_by_number(tx, viewer, user).await?.ok_or(ManageError::UnknownUser)?;
    let portfolio =
        portfolios::by_number(tx, viewer, portfolio).await?.ok_or(ManageError::UnknownPortfolio)?;
    give_role(tx, viewer, portfolio.id, user, role).await
}
