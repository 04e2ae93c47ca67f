//! Which accounts are a business's.

use thiserror::Error;

use super::Business;
use crate::domain::accounts::accounts;
use crate::domain::accounts::changes::{About, Changes};
use crate::domain::auth::viewer::{MANAGE_BUSINESSES, Viewer};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};

/// What the account of a business usually is to it.
pub const OWNER: &str = "OWNER";

/// Why an account was not linked.
#[derive(Debug, Error)]
pub enum LinkError {
    /// The viewer may not manage businesses.
    #[error("may not manage businesses")]
    Forbidden,
    /// There is no such account that the viewer may see.
    #[error("there is no such account")]
    UnknownAccount,
    /// There is no such business that the viewer may see.
    #[error("there is no such business")]
    UnknownBusiness,
    /// An account cannot be that to a business.
    #[error("there is no such role")]
    UnknownRole,
    /// The account is a business's already.
    #[error("the account is linked already")]
    Linked,
    /// The account is a business's already, because its portfolio is.
    #[error("the account is linked already through its portfolio")]
    LinkedByPortfolio,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(LinkError);

impl From<sqlx::Error> for LinkError {
    fn from(error: sqlx::Error) -> Self {
        let is_role = |name| on_constraint(&error, name);
        if is_role("business_accounts_role_fkey") || is_role("business_portfolios_role_fkey") {
            Self::UnknownRole
        } else {
            Self::Database(error)
        }
    }
}

row! {
    struct Links {
        own: Option<i64>,
        shared: Option<i64>,
    }
}

// A portfolio that is being linked meanwhile must be waited for: whoever links one holds its row.
statement!(static HOLD: (i64, i64) = "
    select a.id, p.id from accounts a join portfolios p on p.id = a.portfolio_id
    where a.id = $1 for update of a for share of p");
statement!(static LINKS: Links = "
    select (select own.business_id from business_accounts own where own.account_id = $1) as own,
        (select shared.business_id from business_portfolios shared where shared.portfolio_id = $2) as shared");
statement!(static LINK: () = "
    insert into business_accounts (account_id, business_id, role, linked_at) values ($1, $2, $3, $4)
    on conflict (account_id) do update
    set business_id = excluded.business_id, role = excluded.role, linked_at = excluded.linked_at");
statement!(static HOLD_PORTFOLIO: (i64,) = "select id from portfolios where id = $1 for update");
statement!(static LINK_PORTFOLIO: (i64,) = "
    insert into business_portfolios (portfolio_id, business_id, role, linked_at) values ($1, $2, $3, $4)
    on conflict (portfolio_id) do nothing returning portfolio_id");

/// Links an account to a business, both by row id, as `role`. A link that is there already, the account's own or its
/// portfolio's, stands in the way, unless it is to be overwritten; the account's own goes before its portfolio's.
pub async fn link_account(
    tx: &mut Tx,
    viewer: &Viewer,
    account: i64,
    business: i64,
    role: &str,
    overwrite: bool,
) -> Result<Business, LinkError> {
    if !viewer.may(MANAGE_BUSINESSES) {
        return Err(LinkError::Forbidden);
    }
    let known = accounts::by_ids(tx, viewer, &[account]).await?.pop().flatten();
    known.ok_or(LinkError::UnknownAccount)?;
    let found = super::by_ids(tx, viewer, &[business]).await?.pop().flatten();
    let found = found.ok_or(LinkError::UnknownBusiness)?;
    let (_, portfolio) = HOLD.query().bind(account).fetch_one(&mut *tx).await?;
    let links = LINKS.query().bind(account).bind(portfolio).fetch_one(&mut *tx).await?;
    match links {
        Links { own: Some(_), .. } if !overwrite => return Err(LinkError::Linked),
        Links { shared: Some(_), .. } if !overwrite => return Err(LinkError::LinkedByPortfolio),
        _ => {}
    }
    put(tx, account, business, role).await?;
    let mut changes = Changes::default();
    changes.set("business", &mut links.own.or(links.shared), Some(business));
    changes.keep(tx, viewer, About::Account(account)).await?;
    Ok(found)
}

/// Gives an account a link of its own, whatever link it had.
pub(in crate::domain::accounts) async fn put(
    tx: &mut Tx,
    account: i64,
    business: i64,
    role: &str,
) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    LINK.command().bind(account).bind(business).bind(role).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Makes all accounts of a portfolio a business's, present and future ones, but for those with a link of their own.
/// Says whether it was not a business's before.
pub async fn link_portfolio(
    tx: &mut Tx,
    portfolio: i64,
    business: i64,
    role: &str,
) -> Result<bool, LinkError> {
    HOLD_PORTFOLIO.query().bind(portfolio).fetch_one(&mut *tx).await?;
    let now = tx.business_now().await?;
    let link = LINK_PORTFOLIO.query().bind(portfolio).bind(business).bind(role).bind(now);
    Ok(link.fetch_optional(&mut *tx).await?.is_some())
}
