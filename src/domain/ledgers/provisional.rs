//! What is planned on an account's ledgers and not posted yet.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, Under, row, statement};
use crate::platform::market;
use crate::platform::money::Minor;
use crate::platform::page::{self, Page, Window};

row! {
    /// A transaction that is expected.
    pub struct Provisional {
        /// Row id of the plan.
        pub id: i64,
        /// What it will be called.
        pub title: String,
        /// What it will add to the balance, in minor units: negative for a charge.
        pub amount: Minor,
        posted_after: DateTime<Utc>,
        market: String,
    }
}

impl Provisional {
    /// The customer's local day on which it is expected.
    pub fn date(&self) -> NaiveDate {
        market::by_code(&self.market)
            .map_or_else(|| self.posted_after.date_naive(), |market| market.day(self.posted_after))
    }
}

macro_rules! planned {
    () => {
        concat!(
            " from scheduled_transactions s join ledgers l on l.id = s.ledger_id join accounts a on a.id = l.account_id \
              where a.id = parents.id and s.transaction_id is null and s.withdrawn_at is null and ",
            account_is_visible!()
        )
    };
}

statement!(static PAGE: Under<Provisional> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($3::bigint[], $4::bigint[], $5::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select s.id, s.title, case s.action when 'CREDIT' then s.gross_amount else -s.gross_amount end as amount,
            s.posted_after, a.market", planned!(), "
        order by s.posted_after, s.id offset parents.skip limit parents.take
    ) inside"));
statement!(static COUNT: (i64, i64) = concat!("
    select parents.id, (select count(*)", planned!(), ") from unnest($3::bigint[]) as parents (id)"));

/// One page of what is expected on each of these accounts, the next first. One statement, and one more for totals.
pub async fn page_of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    window: &Window,
) -> Result<Vec<Page<Provisional>>, sqlx::Error> {
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        let count = COUNT.seen_by(viewer).bind(accounts);
        Some(count.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, accounts, totals.as_ref());
    let query = PAGE.seen_by(viewer).bind(accounts);
    let rows = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    Ok(page::pages(window, accounts, totals.as_ref(), rows.into_iter().map(Under::pair)))
}
