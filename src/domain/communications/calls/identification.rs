//! Who calls from a number: the accounts and people who gave it, as far as the viewer may see them. An active account comes
//! before others, then whoever is older.

use std::collections::HashMap;

use crate::domain::accounts::accounts::{self, Account};
use crate::domain::accounts::contacts;
use crate::domain::accounts::users::{self, AccountUser};
use crate::domain::auth::viewer::{Viewer, account_is_visible, user_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::page::{self, Page, Window};

row! {
    struct Found {
        number: String,
        id: i64,
    }
}

// $3 are numbers, $4 the spellings of each, with commas between them.
macro_rules! accounts_with {
    () => {
        concat!(
            " from accounts a where a.id in (\
                select held.account_id from account_users u join account_user_roles held on held.user_id = u.id \
                    where u.phones && string_to_array(given.spellings, ',') and ",
            user_is_visible!(),
            " union \
                select inside.id from account_users u join portfolio_user_roles held on held.user_id = u.id \
                    join accounts inside on inside.portfolio_id = held.portfolio_id \
                    where u.phones && string_to_array(given.spellings, ',') and ",
            user_is_visible!(),
            ") and ",
            account_is_visible!()
        )
    };
}
macro_rules! users_with {
    () => {
        concat!(
            " from account_users u where u.phones && string_to_array(given.spellings, ',') and ",
            user_is_visible!()
        )
    };
}
macro_rules! page {
    ($from:expr, $row:literal, $order:literal) => {
        concat!(
            "select given.number, inside.id from (select distinct * \
                from unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[]) as g (number, spellings, skip, take)) given \
             cross join lateral (select ", $row, $from, " order by ", $order, " offset given.skip limit given.take) inside"
        )
    };
}
macro_rules! count {
    ($from:expr) => {
        concat!(
            "select given.number, (select count(*) ",
            $from,
            ") from (select distinct * \
                from unnest($3::text[], $4::text[]) as g (number, spellings)) given"
        )
    };
}

statement!(static ACCOUNTS: Found = page!(accounts_with!(), "a.id", "a.status = 'ACTIVE' desc, a.id"));
statement!(static COUNT_ACCOUNTS: (String, i64) = count!(accounts_with!()));
statement!(static USERS: Found = page!(users_with!(), "u.id", "u.is_active desc, u.id"));
statement!(static COUNT_USERS: (String, i64) = count!(users_with!()));

/// Numbers and the spellings of each.
fn spelt(numbers: &[&str]) -> Vec<String> {
    numbers.iter().map(|number| contacts::spellings(number).join(",")).collect()
}

/// One page of the accounts behind each of these numbers.
pub async fn accounts_of(
    tx: &mut Tx,
    viewer: &Viewer,
    numbers: &[&str],
    window: &Window,
) -> Result<Vec<Page<Account>>, sqlx::Error> {
    let spellings = spelt(numbers);
    let parents: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let totals: Option<HashMap<String, i64>> = if window.needs_total() {
        let query = COUNT_ACCOUNTS.seen_by(viewer).bind(numbers).bind(&spellings);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, &parents, totals.as_ref());
    let query = ACCOUNTS.seen_by(viewer).bind(numbers).bind(&spellings);
    let found = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = found.iter().map(|row| row.id).collect();
    let rows = accounts::by_ids(tx, viewer, &ids).await?;
    let rows = found.into_iter().zip(rows).filter_map(|(found, account)| Some((found.number, account?)));
    Ok(page::pages(window, &parents, totals.as_ref(), rows.collect::<Vec<_>>()))
}

/// One page of the people behind each of these numbers.
pub async fn users_of(
    tx: &mut Tx,
    viewer: &Viewer,
    numbers: &[&str],
    window: &Window,
) -> Result<Vec<Page<AccountUser>>, sqlx::Error> {
    let spellings = spelt(numbers);
    let parents: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let totals: Option<HashMap<String, i64>> = if window.needs_total() {
        let query = COUNT_USERS.seen_by(viewer).bind(numbers).bind(&spellings);
        Some(query.fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, &parents, totals.as_ref());
    let query = USERS.seen_by(viewer).bind(numbers).bind(&spellings);
    let found = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = found.iter().map(|row| row.id).collect();
    let rows = users::by_ids(tx, viewer, &ids).await?;
    let rows = found.into_iter().zip(rows).filter_map(|(found, user)| Some((found.number, user?)));
    Ok(page::pages(window, &parents, totals.as_ref(), rows.collect::<Vec<_>>()))
}

/// The account that most likely calls from each of these numbers.
pub async fn best_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    numbers: &[&str],
) -> Result<Vec<Option<Account>>, sqlx::Error> {
    let pages = accounts_of(tx, viewer, numbers, &Window::forward(0, 1)).await?;
    Ok(pages.into_iter().map(|page| page.rows.into_iter().next()).collect())
}

/// Who most likely calls from each of these numbers.
pub async fn best_users(
    tx: &mut Tx,
    viewer: &Viewer,
    numbers: &[&str],
) -> Result<Vec<Option<AccountUser>>, sqlx::Error> {
    let pages = users_of(tx, viewer, numbers, &Window::forward(0, 1)).await?;
    Ok(pages.into_iter().map(|page| page.rows.into_iter().next()).collect())
}
