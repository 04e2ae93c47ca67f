//! Pages of bills: of accounts, of people and of ledgers.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::documents::{self, Document};
use super::earlier::{self, EarlierBill};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Statement, Tx, row, statement};
use crate::platform::page::{self, Page, Window};

/// The order of bills, the latest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By the first day of their period.
    #[default]
    FromDate,
    /// By the day they were issued.
    IssuedDate,
}

/// Which bills are listed; the default lists all that were issued.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Also those whose period still runs.
    pub with_open: bool,
    /// Also those that are kept back.
    pub with_held: bool,
    /// Only those that were sent to where the account's bills are e-mailed to now.
    pub only_current_email: bool,
    /// Also those that have no file, because another system gave them out without one.
    pub with_fileless: bool,
    /// Not those from whoever kept the account before.
    pub without_earlier: bool,
    /// Only on the ledger of this number.
    pub ledger_number: Option<String>,
    /// The first day on which a period may begin.
    pub from_date: Option<NaiveDate>,
    /// The first day on which it may begin no more.
    pub to_date: Option<NaiveDate>,
    /// The first day of issue.
    pub issued_from: Option<NaiveDate>,
    /// The day after the last day of issue.
    pub issued_to: Option<NaiveDate>,
    /// Only of accounts with these numbers; of all, without.
    pub account_numbers: Option<Vec<String>>,
    /// The order.
    pub order: Order,
}

row! {
    struct Under {
        parent: i64,
        document_id: i64,
    }
}

row! {
    struct Listed {
        parent: i64,
        bill_id: i64,
        is_earlier: bool,
    }
}

/// A bill, whoever made it.
#[derive(Clone, Debug)]
pub enum Bill {
    /// One of ours.
    Own(Box<Document>),
    /// One from before.
    Earlier(EarlierBill),
}

// Arguments 4 to 14 are the filter.
macro_rules! fits {
    () => {
        "(d.status = 'ISSUED' or (d.status = 'OPEN' and $4::boolean) or (d.held_reason is not null and $5::boolean)) \
          and (d.held_reason is null or $5) \
          and (not $6::boolean or (a.billing_email <> '' and d.to_address = a.billing_email)) \
          and ($7::text is null or d.ledger_number = $7) \
          and d.from_date >= coalesce($8::date, '-infinity') and d.from_date < coalesce($9::date, 'infinity') \
          and coalesce(d.issued_on, '-infinity') >= coalesce($10::date, '-infinity') \
          and ($11::date is null or d.issued_on < $11) \
          and ($12::text[] is null or a.number = any($12)) \
          and ($13::boolean or d.has_file) and not ($14::boolean and d.is_earlier) and "
    };
}

macro_rules! of_accounts {
    () => {
        concat!(
            " from accounts a join bills d on d.account_id = a.id where a.id = parents.id and ",
            fits!(),
            account_is_visible!()
        )
    };
}

macro_rules! of_users {
    () => {
        concat!(
            " from accounts a join bills d on d.account_id = a.id where a.id in (select r.account_id from account_user_roles r where r.user_id = parents.id \
                  union all select inside.id from portfolio_user_roles r \
                      join accounts inside on inside.portfolio_id = r.portfolio_id where r.user_id = parents.id) and ",
            fits!(),
            account_is_visible!()
        )
    };
}

macro_rules! paged {
    ($rows:expr, $order:literal) => {
        concat!(
            "select parents.id as parent, coalesce(inside.bill_id, 0) as bill_id, coalesce(inside.is_earlier, false) as is_earlier \
             from (select distinct * from unnest($3::bigint[], $15::bigint[], $16::bigint[]) as p (id, skip, take)) parents \
             cross join lateral (select d.id as bill_id, d.is_earlier, row_number() over (order by ",
            $order,
            ") as place",
            $rows,
            " order by place offset parents.skip limit parents.take) inside order by parents.id, inside.place"
        )
    };
}

macro_rules! counted {
    ($rows:expr) => {
        concat!("select parents.id, (select count(*) ", $rows, ") from unnest($3::bigint[]) as parents (id)")
    };
}

statement!(static OF_ACCOUNTS: Listed = paged!(of_accounts!(), "d.from_date desc, d.id desc"));
statement!(static OF_ACCOUNTS_ISSUED: Listed =
    paged!(of_accounts!(), "d.issued_on desc nulls first, d.from_date desc, d.id desc"));
statement!(static OF_ACCOUNTS_COUNT: (i64, i64) = counted!(of_accounts!()));
statement!(static OF_USERS: Listed = paged!(of_users!(), "d.from_date desc, d.id desc"));
statement!(static OF_USERS_ISSUED: Listed =
    paged!(of_users!(), "d.issued_on desc nulls first, d.from_date desc, d.id desc"));
statement!(static OF_USERS_COUNT: (i64, i64) = counted!(of_users!()));

/// One page of the bills of each of these accounts. Three statements, and one more for totals.
pub async fn of_accounts(
    tx: &mut Tx,
    viewer: &Viewer,
    accounts: &[i64],
    filter: &Filter,
    window: &Window,
) -> Result<Vec<Page<Bill>>, sqlx::Error> {
    let rows = match filter.order {
        Order::FromDate => &OF_ACCOUNTS,
        Order::IssuedDate => &OF_ACCOUNTS_ISSUED,
    };
    bills(tx, viewer, accounts, filter, window, rows, &OF_ACCOUNTS_COUNT).await
}

/// One page of the bills of all accounts that each of these account users holds. Statements as for accounts.
pub async fn of_users(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
    filter: &Filter,
    window: &Window,
) -> Result<Vec<Page<Bill>>, sqlx::Error> {
    let rows = match filter.order {
        Order::FromDate => &OF_USERS,
        Order::IssuedDate => &OF_USERS_ISSUED,
    };
    bills(tx, viewer, users, filter, window, rows, &OF_USERS_COUNT).await
}

async fn bills(
    tx: &mut Tx,
    viewer: &Viewer,
    parents: &[i64],
    filter: &Filter,
    window: &Window,
    rows: &Statement<Listed>,
    count: &Statement<(i64, i64)>,
) -> Result<Vec<Page<Bill>>, sqlx::Error> {
    macro_rules! bound {
        ($query:expr) => {
            $query
                .bind(viewer.kind())
                .bind(viewer.id())
                .bind(parents)
                .bind(filter.with_open)
                .bind(filter.with_held)
                .bind(filter.only_current_email)
                .bind(filter.ledger_number.as_deref())
                .bind(filter.from_date)
                .bind(filter.to_date)
                .bind(filter.issued_from)
                .bind(filter.issued_to)
                .bind(filter.account_numbers.as_deref())
                .bind(filter.with_fileless)
                .bind(filter.without_earlier)
        };
    }
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        Some(bound!(count.query()).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, parents, totals.as_ref());
    let query = bound!(rows.query()).bind(&slices.offsets).bind(&slices.limits);
    let found = query.fetch_all(&mut *tx).await?;
    let rows = all_of(tx, viewer, found).await?;
    Ok(page::pages(window, parents, totals.as_ref(), rows))
}

async fn all_of(tx: &mut Tx, viewer: &Viewer, listed: Vec<Listed>) -> Result<Vec<(i64, Bill)>, sqlx::Error> {
    let ids = |is_earlier| -> Vec<i64> {
        listed.iter().filter(|row| row.is_earlier == is_earlier).map(|row| row.bill_id).collect()
    };
    let mut own = documents::by_ids(tx, viewer, &ids(false)).await?.into_iter();
    let mut from_before = earlier::by_ids(tx, viewer, &ids(true)).await?.into_iter();
    let mut bills = Vec::new();
    for row in &listed {
        let bill = if row.is_earlier {
            from_before.next().flatten().map(Bill::Earlier)
        } else {
            own.next().flatten().map(|own| Bill::Own(Box::new(own)))
        };
        bills.extend(bill.map(|bill| (row.parent, bill)));
    }
    Ok(bills)
}

async fn loaded(
    tx: &mut Tx,
    viewer: &Viewer,
    under: Vec<Under>,
) -> Result<Vec<(i64, Document)>, sqlx::Error> {
    let ids: Vec<i64> = under.iter().map(|row| row.document_id).collect();
    let found = documents::by_ids(tx, viewer, &ids).await?;
    Ok(under.iter().zip(found).filter_map(|(row, document)| Some((row.parent, document?))).collect())
}

/// Which of a ledger's issued documents are listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnLedger {
    /// Invoices and credit notes, rather than statements.
    pub invoices: bool,
    /// Only the one of this id.
    pub id: Option<i64>,
    /// Not those that another system gave out.
    pub only_own: bool,
    /// The oldest first, rather than the latest.
    pub oldest_first: bool,
}

// Arguments 4 to 6 say which.
macro_rules! on_ledgers {
    () => {
        concat!(
            " from ledgers l join accounts a on a.id = l.account_id join billing_documents d on d.ledger_id = l.id \
              where l.id = parents.id and d.status = 'ISSUED' \
              and d.kind = any(case when $4::boolean then array['invoice', 'credit_note'] else array['statement', 'period'] end) \
              and ($5::bigint is null or d.id = $5) and not ($6::boolean and d.issued_by is not null) and ",
            account_is_visible!()
        )
    };
}

statement!(static ON_LEDGERS: Under = concat!("
    select parents.id as parent, inside.document_id
    from (select distinct * from unnest($3::bigint[], $8::bigint[], $9::bigint[]) as p (id, skip, take)) parents
    cross join lateral (select d.id as document_id,
        row_number() over (order by case when $7::boolean then d.position else -d.position end) as place",
    on_ledgers!(), " order by place offset parents.skip limit parents.take) inside order by parents.id, inside.place"));
statement!(static ON_LEDGERS_COUNT: (i64, i64) = counted!(on_ledgers!()));

/// One page of the issued documents of each of these ledgers. Statements as for accounts.
pub async fn of_ledgers(
    tx: &mut Tx,
    viewer: &Viewer,
    ledgers: &[i64],
    which: OnLedger,
    window: &Window,
) -> Result<Vec<Page<Document>>, sqlx::Error> {
    macro_rules! bound {
        ($query:expr) => {
            $query
                .bind(viewer.kind())
                .bind(viewer.id())
                .bind(ledgers)
                .bind(which.invoices)
                .bind(which.id)
                .bind(which.only_own)
        };
    }
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        Some(bound!(ON_LEDGERS_COUNT.query()).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, ledgers, totals.as_ref());
    let query = bound!(ON_LEDGERS.query()).bind(which.oldest_first);
    let found = query.bind(&slices.offsets).bind(&slices.limits).fetch_all(&mut *tx).await?;
    let rows = loaded(tx, viewer, found).await?;
    Ok(page::pages(window, ledgers, totals.as_ref(), rows))
}
