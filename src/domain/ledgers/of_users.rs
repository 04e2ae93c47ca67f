//! The transactions of people: those on all accounts that they hold.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::transaction_lists::Order;
use super::transactions::{self, Transaction};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Tx, row, statement};
use crate::platform::page::{self, Page, Window};

/// Which transactions are listed; the default lists all of them on ledgers that count for a balance.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// None that were taken over from an earlier system.
    pub without_imported: bool,
    /// None that were not issued.
    pub without_unissued: bool,
    /// The first day.
    pub from_date: Option<NaiveDate>,
    /// The day after the last one.
    pub to_date: Option<NaiveDate>,
    /// Only on accounts with these numbers; on all, without.
    pub account_numbers: Option<Vec<String>>,
    /// The order.
    pub order: Order,
}

row! {
    struct Under {
        parent: i64,
        transaction_id: i64,
    }
}

// Arguments 4 to 8 are the filter: of transactions, and of the accounts they are on.
macro_rules! transaction_fits {
    () => {
        " t.ledger_id = l.id and not (t.is_imported and $4::boolean) and (t.is_issued or not $5::boolean) \
          and t.posted_date >= coalesce($6::date, '-infinity') and t.posted_date < coalesce($7::date, 'infinity')"
    };
}

macro_rules! held {
    () => {
        concat!(
            " where a.id in (select r.account_id from account_user_roles r where r.user_id = parents.id \
                  union all select inside.id from portfolio_user_roles r \
                      join accounts inside on inside.portfolio_id = r.portfolio_id where r.user_id = parents.id) \
              and ($8::text[] is null or a.number = any($8)) and ",
            account_is_visible!()
        )
    };
}

// Of each ledger no more is read than the page could hold, along the index.
macro_rules! paged {
    ($order:literal) => {
        concat!(
            "select parents.id as parent, inside.transaction_id \
             from (select distinct * from unnest($3::bigint[], $9::bigint[], $10::bigint[]) as p (id, skip, take)) parents \
             cross join lateral (select t.id as transaction_id, row_number() over (",
            $order,
            ") as place from accounts a join ledgers l on l.account_id = a.id and l.affects_account_balance \
                cross join lateral (select t.id, t.posted_date from transactions t where",
            transaction_fits!(),
            $order,
            " limit parents.skip + parents.take) t",
            held!(),
            " order by place offset parents.skip limit parents.take) inside order by parents.id, inside.place"
        )
    };
}

statement!(static OF_USERS_DESC: Under = paged!(" order by t.posted_date desc, t.id desc"));
statement!(static OF_USERS_ASC: Under = paged!(" order by t.posted_date, t.id"));
statement!(static OF_USERS_COUNT: (i64, i64) = concat!("
    select parents.id, (select count(*) from accounts a join ledgers l on l.account_id = a.id and l.affects_account_balance
        join transactions t on", transaction_fits!(), held!(), ") from unnest($3::bigint[]) as parents (id)"));

/// One page of the transactions of each of these account users. Two statements, and one more for totals.
pub async fn page(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
    filter: &Filter,
    window: &Window,
) -> Result<Vec<Page<Transaction>>, sqlx::Error> {
    macro_rules! bound {
        ($query:expr) => {
            $query
                .bind(viewer.kind())
                .bind(viewer.id())
                .bind(users)
                .bind(filter.without_imported)
                .bind(filter.without_unissued)
                .bind(filter.from_date)
                .bind(filter.to_date)
                .bind(filter.account_numbers.as_deref())
        };
    }
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        Some(bound!(OF_USERS_COUNT.query()).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, users, totals.as_ref());
    let rows = match filter.order {
        Order::PostedDateDesc => &OF_USERS_DESC,
        Order::PostedDateAsc => &OF_USERS_ASC,
    };
    let under = bound!(rows.query()).bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let ids: Vec<i64> = under.iter().map(|row| row.transaction_id).collect();
    let found = transactions::by_ids(tx, viewer, &ids).await?;
    let rows = under.iter().zip(found).filter_map(|(row, found)| Some((row.parent, found?)));
    Ok(page::pages(window, users, totals.as_ref(), rows))
}
