//! What can be billed: a portfolio, an account or a ledger, alone or with all that lies below it.

use super::billing_triggers::Target;
use crate::domain::auth::viewer::{Viewer, account_is_visible, portfolio_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::market::BillingTarget;
use crate::platform::page::{self, Page, Window};

/// How a caller names a target.
#[derive(Clone, Debug)]
pub enum Name {
    /// A portfolio, by its number.
    Portfolio(String),
    /// An account, by its number.
    Account(String),
    /// A ledger, by its row id.
    Ledger(i64),
}

impl Name {
    fn portfolio(&self) -> Option<&str> {
        if let Self::Portfolio(number) = self { Some(number) } else { None }
    }

    fn account(&self) -> Option<&str> {
        if let Self::Account(number) = self { Some(number) } else { None }
    }

    fn ledger(&self) -> Option<i64> {
        if let Self::Ledger(id) = self { Some(*id) } else { None }
    }
}

row! {
    /// A target, as it is shown.
    pub struct Named {
        /// `PORTFOLIO`, `ACCOUNT` or `CHARGING_LEDGER`.
        pub kind: String,
        /// Row id.
        pub id: i64,
        /// Its number.
        pub number: String,
    }
}

impl Named {
    /// The target itself.
    pub fn target(&self) -> Target {
        let kinds = [BillingTarget::Portfolio, BillingTarget::Account];
        let kind = kinds.into_iter().find(|kind| kind.code() == self.kind);
        Target { kind: kind.unwrap_or(BillingTarget::ChargingLedger), id: self.id }
    }
}

/// SQL for the target named by `$3` (portfolio), `$4` (account) or `$5` (ledger) and, if `$6` holds, what lies below
/// it, as far as the viewer `$1`, `$2` may see it: portfolios, then accounts, then ledgers.
macro_rules! targets {
    () => {
        concat!(
            "with recursive portfolio_tree as (
                select p.id from portfolios p where p.number = $3::text and ",
            portfolio_is_visible!(),
            " union select p.id from portfolio_tree around join portfolios p on p.parent_id = around.id
                where $6::boolean and ",
            portfolio_is_visible!(),
            "), held as (
                select a.id from accounts a
                where (a.number = $4::text or ($6 and a.portfolio_id in (select id from portfolio_tree))) and ",
            account_is_visible!(),
            "), targets as (
                select 1 as rank, 'PORTFOLIO' as kind, p.id, p.number
                from portfolios p join portfolio_tree on portfolio_tree.id = p.id
                union all
                select 2, 'ACCOUNT', a.id, a.number from accounts a join held on held.id = a.id
                union all
                select 3, 'CHARGING_LEDGER', l.id, l.number from ledgers l join accounts a on a.id = l.account_id
                where ((l.id = $5::bigint and ",
            account_is_visible!(),
            ") or ($6 and l.account_id in (select id from held)))
            ) "
        )
    };
}

statement!(static COUNT: (i64,) = concat!(targets!(), "select count(*) from targets"));
statement!(static PAGE: Named = concat!(
    targets!(), "select kind, id, number from targets order by rank, id offset $7 limit $8"));

/// One page of a target and, if wanted, what lies below it: portfolios, then accounts, then ledgers. Empty if the
/// viewer may see no such target.
pub async fn below(
    tx: &mut Tx,
    viewer: &Viewer,
    name: &Name,
    with_children: bool,
    window: &Window,
) -> Result<Page<Named>, sqlx::Error> {
    let (portfolio, account, ledger) = (name.portfolio(), name.account(), name.ledger());
    let total = if window.needs_total() {
        let query = COUNT.seen_by(viewer);
        let query = query.bind(portfolio).bind(account).bind(ledger).bind(with_children);
        Some(query.fetch_one(&mut *tx).await?.0)
    } else {
        None
    };
    let slice = window.slice(total);
    let query = PAGE.seen_by(viewer);
    let query = query.bind(portfolio).bind(account).bind(ledger).bind(with_children);
    let rows = query.bind(slice.offset).bind(slice.limit + 1).fetch_all(&mut *tx).await?;
    Ok(page::Page::cut(window, slice, rows, total))
}
