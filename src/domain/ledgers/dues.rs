//! When charges fall due, and what is overdue. A charge is due as many days after it was posted as the shortest terms
//! of its market's dunning paths are; credits settle the oldest charges first. Only ledgers that count towards an
//! account's balance are looked at. A market without a path has no terms, and nothing is ever due there.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::debts::unsettled;
use super::dunning::today;
use crate::domain::accounts::grouped;
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::money::Minor;

row! {
    /// What is left to pay of the charges that fall due on one day.
    pub struct Due {
        account_id: i64,
        /// The last day on which they can be paid in time.
        pub due_date: NaiveDate,
        /// In minor units.
        pub amount: i64,
    }
}

/// SQL that adds the day and the terms of its market to the account known as `a`. Binds `$4` and `$5`.
macro_rules! with_terms {
    () => {
        "join unnest($4::text[], $5::date[]) as today (market, day) on today.market = a.market \
         join (select market, min(terms_days) as days from dunning_paths where is_active group by market) terms \
             on terms.market = a.market "
    };
}

statement!(static OVERDUE: (i64, i64) = concat!("
    select a.id, coalesce(owed.amount, 0)::bigint from accounts a ", with_terms!(), "
    cross join lateral (
        select sum(one.amount) as amount from (
            select ", unsettled!("p", "e.posted_date + terms.days < today.day"), " as amount
            from ledgers l join postings p on p.ledger_account_id = l.id
                join journal_entries e on e.id = p.journal_entry_id
            where l.account_id = a.id and l.affects_account_balance group by l.id
        ) one
    ) owed
    where a.id = any($3::bigint[]) and ", account_is_visible!()));
statement!(static DUE: Due = concat!("
    select a.id as account_id, due.due_date, sum(due.rest)::bigint as amount from accounts a ", with_terms!(), "
    join ledgers l on l.account_id = a.id and l.affects_account_balance
    cross join lateral (
        select owed.posted_date + terms.days as due_date, least(owed.charge, owed.upto - owed.paid) as rest from (
            select e.posted_date, -p.amount as charge,
                coalesce(sum(-p.amount) filter (where p.amount < 0)
                    over (order by e.posted_date, p.sequence), 0) as upto,
                coalesce(sum(p.amount) filter (where p.amount > 0) over (), 0) as paid
            from postings p join journal_entries e on e.id = p.journal_entry_id
            where p.ledger_account_id = l.id and e.posted_date <= coalesce($6::date, today.day)
        ) owed
        where owed.charge > 0 and owed.upto > owed.paid
    ) due
    where a.id = any($3::bigint[]) and ", account_is_visible!(), "
    group by a.id, due.due_date order by a.id, due.due_date"));
statement!(static OWING: (i64, i64) = concat!("
    select a.id, coalesce(sum(greatest(0, -b.balance)), 0)::bigint
    from accounts a left join ledgers l on l.account_id = a.id left join ledger_balances b on b.ledger_account_id = l.id
    where a.id = any($3::bigint[]) and ", account_is_visible!(), " group by a.id"));

/// What should have been paid by now on each of these accounts; none where there are no terms, or the viewer does not
/// see the account. One statement.
pub async fn overdue(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Option<Minor>>, sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let query = OVERDUE.seen_by(viewer).bind(accounts);
    let rows = query.bind(markets).bind(days).fetch_all(&mut *tx).await?;
    Ok(in_step(accounts, rows))
}

/// What is left to pay on each of these accounts, as the books stood at the end of a day, today if none is named: by
/// the day on which it falls due. One statement.
pub async fn due(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    day: Option<NaiveDate>,
) -> Result<Vec<Vec<Due>>, sqlx::Error> {
    let (markets, days) = today(tx).await?;
    let query = DUE.seen_by(viewer).bind(accounts);
    let rows = query.bind(markets).bind(days).bind(day).fetch_all(&mut *tx).await?;
    Ok(grouped(accounts, rows.into_iter().map(|due| (due.account_id, due)).collect()))
}

/// What is owed on each of these accounts: over all ledgers, and what one is in credit pays nothing of another. None
/// for an account that the viewer does not see. One statement.
pub async fn owing(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
) -> Result<Vec<Option<Minor>>, sqlx::Error> {
    let query = OWING.seen_by(viewer).bind(accounts);
    Ok(in_step(accounts, query.fetch_all(&mut *tx).await?))
}

fn in_step(accounts: &[i64], rows: Vec<(i64, i64)>) -> Vec<Option<Minor>> {
    let known: HashMap<i64, i64> = rows.into_iter().collect();
    accounts.iter().map(|account| known.get(account).copied().map(Minor)).collect()
}
