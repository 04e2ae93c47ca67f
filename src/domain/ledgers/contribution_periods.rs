//! The periods of regular gifts, and which of them have been charged.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::platform::db::{Tx, Under, row, statement};
use crate::platform::page::{self, Page, Window};

row! {
    /// One interval of a gift.
    pub struct Period {
        /// Row id.
        pub id: i64,
        /// The agreement.
        pub agreement_id: i64,
        /// Its start.
        pub period_from: DateTime<Utc>,
        /// Its end, the start of the next.
        pub period_to: DateTime<Utc>,
        /// When the gift was charged.
        pub fulfilled_at: Option<DateTime<Utc>>,
    }
}

// A period whose charge was withdrawn never came.
macro_rules! periods {
    () => {
        " from contribution_periods p join scheduled_transactions s on s.id = p.scheduled_transaction_id \
          where p.agreement_id = parents.id and s.withdrawn_at is null"
    };
}

statement!(static PAGE: Under<Period> = concat!("
    select parents.id as parent, inside.*
    from (select distinct * from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as p (id, skip, take)) parents
    cross join lateral (
        select p.id, p.agreement_id, p.period_from, p.period_to, s.posted_at as fulfilled_at", periods!(), "
        order by p.position offset parents.skip limit parents.take
    ) inside"));
statement!(static COUNT: (i64, i64) = concat!("
    select parents.id, (select count(*)", periods!(), ") from unnest($1::bigint[]) as parents (id)"));

/// One page of the periods of each of these agreements, the first first, up to the one that follows the present. The
/// caller has seen to it that they may be seen. One statement, and one more for totals.
pub async fn page_of_agreements(
    tx: &mut Tx,
    agreements: &[i64],
    window: &Window,
) -> Result<Vec<Page<Period>>, sqlx::Error> {
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        Some(COUNT.query().bind(agreements).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, agreements, totals.as_ref());
    let query = PAGE.query().bind(agreements).bind(&slices.offsets).bind(&slices.limits);
    let rows = query.fetch_all(&mut *tx).await?;
    Ok(page::pages(window, agreements, totals.as_ref(), rows.into_iter().map(Under::pair)))
}
