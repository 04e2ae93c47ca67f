//! Whether anything is supplied on accounts.

use crate::domain::accounts::in_order;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};

row! {
    /// How an account stands with its supply.
    #[derive(Copy)]
    pub struct Standing {
        account_id: i64,
        /// Whether a point is supplied now.
        pub is_on_supply: bool,
        /// Whether one is to be.
        pub is_pending: bool,
        /// Whether one was.
        pub was_on_supply: bool,
    }
}

impl Standing {
    /// In a word; none without any supply.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self { is_on_supply: true, .. } => Some("ON_SUPPLY"),
            Self { is_pending: true, .. } => Some("PENDING"),
            Self { was_on_supply: true, .. } => Some("OFF_SUPPLY"),
            _ => None,
        }
    }
}

statement!(static OF_ACCOUNTS: Standing = concat!("
    select a.id as account_id, coalesce(bool_or(s.during @> $4::timestamptz), false) as is_on_supply,
        coalesce(bool_or(lower(s.during) > $4), false) as is_pending,
        coalesce(bool_or(upper(s.during) <= $4), false) as was_on_supply
    from accounts a left join supply_periods s on s.account_id = a.id
    where a.id = any($3::bigint[]) and ", account_is_visible!(), " group by a.id"));

/// How each of these accounts stands with its supply, as far as the viewer sees them.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Option<Standing>>, sqlx::Error> {
    let now = tx.business_now().await?;
    let query = OF_ACCOUNTS.seen_by(viewer).bind(accounts).bind(now);
    Ok(in_order(accounts, query.fetch_all(&mut *tx).await?, |standing| standing.account_id))
}
