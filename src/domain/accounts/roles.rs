//! Roles of users on accounts and portfolios.

use super::grouped;
use crate::domain::auth::viewer::{Viewer, account_is_visible, portfolio_is_visible};
use crate::platform::db::{Tx, row, statement};

/// The role of whoever an account belongs to.
pub const ACCOUNT_OWNER: &str = "ACCOUNT_OWNER";
/// The role of whoever looks after a whole portfolio.
pub const PORTFOLIO_OWNER: &str = "PORTFOLIO_OWNER";

row! {
    /// A role of a user on an account.
    pub struct AccountRole {
        /// Row id.
        pub id: i64,
        /// The user.
        pub user_id: i64,
        /// The account.
        pub account_id: i64,
        /// What the role is called.
        pub role: String,
    }
}

row! {
    /// A role of a user on a portfolio.
    pub struct PortfolioRole {
        /// Row id.
        pub id: i64,
        /// The user.
        pub user_id: i64,
        /// The portfolio.
        pub portfolio_id: i64,
        /// What the role is called.
        pub role: String,
    }
}

/// Something that a user may do with accounts, such as `dispose-of-money`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission(pub String);

statement!(static ON_ACCOUNTS: AccountRole = concat!("
    select held.id, held.user_id, held.account_id, held.role
    from account_user_roles held join accounts a on a.id = held.account_id
    where held.user_id = any($3::bigint[]) and ($4::text is null or a.number = $4)
      and ", account_is_visible!(), " order by held.id"));
// The account must be visible by itself, or its number could be tried out on the portfolio around it.
statement!(static ON_PORTFOLIOS: PortfolioRole = concat!("
    select held.id, held.user_id, held.portfolio_id, held.role
    from portfolio_user_roles held join portfolios p on p.id = held.portfolio_id
    where held.user_id = any($3::bigint[]) and ($4::text is null or p.number = $4)
      and ($5::text is null or exists (select 1 from accounts a where a.portfolio_id = p.id and a.number = $5
                                       and ", account_is_visible!(), "))
      and ", portfolio_is_visible!(), " order by held.id"));
// Whoever may not log in may do nothing.
statement!(static ALLOWED: (i64, String) = concat!("
    select distinct held.user_id, allowed.permission
    from (
        select on_account.user_id, on_account.role from account_user_roles on_account
            join accounts a on a.id = on_account.account_id
        where on_account.user_id = any($3::bigint[]) and ", account_is_visible!(), "
        union
        select around.user_id, around.role from portfolio_user_roles around
        where around.user_id = any($3) and exists (select from accounts a
            where a.portfolio_id = around.portfolio_id and ", account_is_visible!(), ")
    ) held join account_users u on u.id = held.user_id and u.is_active
        join account_permissions allowed on allowed.role is null or allowed.role = held.role
    order by held.user_id, allowed.permission"));
statement!(static ADD_TO_ACCOUNT: () = "
    insert into account_user_roles (account_id, user_id, role, created_at) values ($1, $2, $3, $4)
    on conflict on constraint account_user_roles_key do nothing");
// The update changes nothing, but answers the row that is there.
statement!(static ADD_TO_PORTFOLIO: PortfolioRole = "
    insert into portfolio_user_roles (portfolio_id, user_id, role, created_at) values ($1, $2, $3, $4)
    on conflict on constraint portfolio_user_roles_key do update set role = excluded.role
    returning id, user_id, portfolio_id, role");

/// The roles that each of these users has on accounts the viewer may see; on one account only, if it is named.
pub async fn on_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
    account: Option<&str>,
) -> Result<Vec<Vec<AccountRole>>, sqlx::Error> {
    let query = ON_ACCOUNTS.seen_by(viewer).bind(users).bind(account);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(users, rows.into_iter().map(|role| (role.user_id, role)).collect()))
}

/// The roles that each of these users has on portfolios the viewer may see; on one portfolio only, or on the one
/// around an account, if it is named.
pub async fn on_portfolios(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
    portfolio: Option<&str>,
    account: Option<&str>,
) -> Result<Vec<Vec<PortfolioRole>>, sqlx::Error> {
    let query = ON_PORTFOLIOS.seen_by(viewer).bind(users);
    let query = query.bind(portfolio).bind(account);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(users, rows.into_iter().map(|role| (role.user_id, role)).collect()))
}

/// What their roles allow each of these users to do with accounts that the viewer may see.
pub async fn permissions(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
) -> Result<Vec<Vec<Permission>>, sqlx::Error> {
    let query = ALLOWED.seen_by(viewer).bind(users);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(grouped(users, rows.into_iter().map(|(user, name)| (user, Permission(name))).collect()))
}

/// Gives a user a role on an account; nothing happens if they have it.
pub async fn give_on_account(tx: &mut Tx, account: i64, user: i64, role: &str) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    ADD_TO_ACCOUNT.command().bind(account).bind(user).bind(role).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Gives a user a role on a portfolio, and so on every account in it; the role they have, if they have it.
pub async fn give_on_portfolio(
    tx: &mut Tx,
    portfolio: i64,
    user: i64,
    role: &str,
) -> Result<PortfolioRole, sqlx::Error> {
    let now = tx.business_now().await?;
    ADD_TO_PORTFOLIO.query().bind(portfolio).bind(user).bind(role).bind(now).fetch_one(&mut *tx).await
}
