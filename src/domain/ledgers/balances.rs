//! Balances of accounts.

use std::collections::HashMap;

use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, statement};
use crate::platform::money::Minor;

statement!(static OF_ACCOUNTS: (i64, i64) = concat!("
    select a.id, coalesce(sum(b.balance) filter (where $4 or l.affects_account_balance), 0)::bigint
    from accounts a left join ledgers l on l.account_id = a.id left join ledger_balances b on b.ledger_account_id = l.id
    where a.id = any($3::bigint[]) and ", account_is_visible!(), " group by a.id"));

/// The balance of each of these accounts, in order, positive when the customer is in credit: over the
/// ledgers that count towards it, or over all of them. Zero for an account the viewer may not see.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    include_all_ledgers: bool,
) -> Result<Vec<Minor>, sqlx::Error> {
    let query = OF_ACCOUNTS.seen_by(viewer).bind(accounts).bind(include_all_ledgers);
    let known: HashMap<i64, i64> = query.fetch_all(&mut *tx).await?.into_iter().collect();
    Ok(accounts.iter().map(|id| Minor(known.get(id).copied().unwrap_or(0))).collect())
}
