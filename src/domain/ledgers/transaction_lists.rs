//! Lists of transactions, a page at a time: below accounts and below ledgers.

use std::cmp::Ordering;
use std::collections::HashMap;

use chrono::NaiveDate;
use sqlx::FromRow;
use sqlx::postgres::PgRow;

use super::transactions::{Kind, Transaction, columns};
use crate::domain::auth::viewer::{Viewer, account_is_visible};
use crate::platform::db::{Statement, Tx, Under, row, statement};
use crate::platform::money::Minor;
use crate::platform::page::{self, Page, Window};

/// In which order transactions are listed; those of one day go by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    #[default]
    PostedDateDesc,
    /// Oldest first.
    PostedDateAsc,
}

impl Order {
    fn of<T: Listed>(self, one: &T, other: &T) -> Ordering {
        match self {
            Self::PostedDateDesc => other.place().cmp(&one.place()),
            Self::PostedDateAsc => one.place().cmp(&other.place()),
        }
    }
}

/// Which transactions are listed. The default lists all of them on ledgers that count for the balance.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Values of `TransactionTypeFilter`, any of which must fit; empty for all.
    pub types: Vec<String>,
    /// Values of `TransactionTypeFilter`, none of which may fit.
    pub types_excluded: Vec<String>,
    /// The first day.
    pub from_date: Option<NaiveDate>,
    /// The day after the last one.
    pub to_date: Option<NaiveDate>,
    /// Only on the ledger of this number.
    pub ledger_number: Option<String>,
    /// Only on the ledger of this id.
    pub ledger_id: Option<i64>,
    /// Also on ledgers that do not count for the account's balance. Has no effect below a ledger.
    pub include_all_ledgers: bool,
    /// The order.
    pub order: Order,
}

row! {
    /// A transaction as most lists show it: a quarter of its columns, which is what a long list costs.
    pub struct Line {
        /// Row id, shown as a decimal string.
        pub id: i64,
        /// `charge`, `credit`, `payment` or `refund`.
        pub kind: String,
        /// The customer's local day.
        pub posted_date: NaiveDate,
        /// Gross, in minor units, positive for the usual direction of its kind.
        pub amount: Minor,
        /// The ledger's balance right after it.
        pub balance_carried_forward: Minor,
        /// What it is called on a bill.
        pub title: String,
    }
}

macro_rules! line {
    () => {
        "t.id, t.kind, t.posted_date, t.amount, t.balance_after as balance_carried_forward, t.title"
    };
}

// Arguments 4 to 10 are the filter: of transactions, and of the ledgers they are on.
macro_rules! transaction_fits {
    () => {
        " t.ledger_id = l.id and (cardinality($4::text[]) = 0 \
            or transaction_tags(t.kind, t.supply, t.is_imported, t.is_issued) && $4) \
          and (cardinality($5::text[]) = 0 \
            or not transaction_tags(t.kind, t.supply, t.is_imported, t.is_issued) && $5) \
          and t.posted_date >= coalesce($6::date, '-infinity') and t.posted_date < coalesce($7::date, 'infinity')"
    };
}

macro_rules! ledger_fits {
    () => {
        " and ($8::text is null or l.number = $8) and ($9::bigint is null or l.id = $9) and "
    };
}

macro_rules! of_account {
    ($parent:literal) => {
        concat!(
            " where l.account_id = ",
            $parent,
            " and ($10::boolean or l.affects_account_balance or $8::text is not null or $9::bigint is not null)",
            ledger_fits!(),
            account_is_visible!()
        )
    };
}

macro_rules! of_ledger {
    ($parent:literal) => {
        concat!(
            " where l.id = ",
            $parent,
            " and $10::boolean is not null",
            ledger_fits!(),
            account_is_visible!()
        )
    };
}

// Of each ledger no more is read than the page could hold, along the index; what the page does hold is chosen from that.
macro_rules! paged {
    ($columns:expr, $ledgers:expr, $order:literal) => {
        concat!(
            "select parents.id as parent, inside.* \
             from (select distinct * from unnest($3::bigint[], $11::bigint[], $12::bigint[]) as p (id, skip, take)) parents \
             cross join lateral (select ",
            $columns,
            " from ledgers l join accounts a on a.id = l.account_id cross join lateral (\
                select * from transactions t where",
            transaction_fits!(),
            $order,
            " limit parents.skip + parents.take) t",
            $ledgers,
            $order,
            " offset parents.skip limit parents.take) inside"
        )
    };
}

// Below a ledger the index gives the page as it is; nothing has to be put in order.
macro_rules! paged_on_ledger {
    ($columns:expr, $order:literal) => {
        concat!(
            "select parents.id as parent, ",
            $columns,
            " from (select distinct * from unnest($3::bigint[], $11::bigint[], $12::bigint[]) as p (id, skip, take)) parents \
             join ledgers l on l.id = parents.id join accounts a on a.id = l.account_id cross join lateral (\
                select * from transactions t where",
            transaction_fits!(),
            $order,
            " offset parents.skip limit parents.take) t",
            of_ledger!("parents.id")
        )
    };
}

macro_rules! counted {
    ($ledgers:expr) => {
        concat!(
            "select parents.id, (select count(*) from ledgers l join accounts a on a.id = l.account_id \
                join transactions t on",
            transaction_fits!(),
            $ledgers,
            ") from unnest($3::bigint[]) as parents (id)"
        )
    };
}

statement!(static ON_ACCOUNTS_DESC: Under<Transaction> =
    paged!(columns!(), of_account!("parents.id"), " order by t.posted_date desc, t.id desc"));
statement!(static ON_ACCOUNTS_ASC: Under<Transaction> =
    paged!(columns!(), of_account!("parents.id"), " order by t.posted_date, t.id"));
statement!(static ON_ACCOUNTS_COUNT: (i64, i64) = counted!(of_account!("parents.id")));
statement!(static ON_LEDGERS_DESC: Under<Transaction> =
    paged_on_ledger!(columns!(), " order by t.posted_date desc, t.id desc"));
statement!(static ON_LEDGERS_ASC: Under<Transaction> = paged_on_ledger!(columns!(), " order by t.posted_date, t.id"));
statement!(static ON_LEDGERS_COUNT: (i64, i64) = counted!(of_ledger!("parents.id")));

statement!(static LINES_ON_ACCOUNTS_DESC: Under<Line> =
    paged!(line!(), of_account!("parents.id"), " order by t.posted_date desc, t.id desc"));
statement!(static LINES_ON_ACCOUNTS_ASC: Under<Line> =
    paged!(line!(), of_account!("parents.id"), " order by t.posted_date, t.id"));
statement!(static LINES_ON_LEDGERS_DESC: Under<Line> =
    paged_on_ledger!(line!(), " order by t.posted_date desc, t.id desc"));
statement!(static LINES_ON_LEDGERS_ASC: Under<Line> = paged_on_ledger!(line!(), " order by t.posted_date, t.id"));

/// What transactions are listed below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// Accounts.
    Accounts,
    /// Ledgers.
    Ledgers,
}

impl Below {
    fn count(self) -> &'static Statement<(i64, i64)> {
        match self {
            Self::Accounts => &ON_ACCOUNTS_COUNT,
            Self::Ledgers => &ON_LEDGERS_COUNT,
        }
    }
}

/// The statements that list rows of one type.
pub struct Lists<T: 'static> {
    accounts: [&'static Statement<Under<T>>; 2],
    ledgers: [&'static Statement<Under<T>>; 2],
}

impl<T> Lists<T> {
    fn statement(&self, below: Below, order: Order) -> &'static Statement<Under<T>> {
        let [newest_first, oldest_first] = match below {
            Below::Accounts => self.accounts,
            Below::Ledgers => self.ledgers,
        };
        match order {
            Order::PostedDateDesc => newest_first,
            Order::PostedDateAsc => oldest_first,
        }
    }
}

/// A row that transactions can be listed as.
pub trait Listed: Clone + for<'r> FromRow<'r, PgRow> + Send + Sync + Unpin + 'static {
    /// What it is.
    fn kind(&self) -> Kind;
    /// Where it stands among others.
    fn place(&self) -> (NaiveDate, i64);
    /// What lists such rows.
    fn lists() -> Lists<Self>;
}

macro_rules! listed {
    ($row:ty, $accounts:expr, $ledgers:expr) => {
        impl Listed for $row {
            fn kind(&self) -> Kind {
                Kind::parse(&self.kind)
            }

            fn place(&self) -> (NaiveDate, i64) {
                (self.posted_date, self.id)
            }

            fn lists() -> Lists<Self> {
                Lists { accounts: $accounts, ledgers: $ledgers }
            }
        }
    };
}
listed!(Transaction, [&ON_ACCOUNTS_DESC, &ON_ACCOUNTS_ASC], [&ON_LEDGERS_DESC, &ON_LEDGERS_ASC]);
listed!(
    Line,
    [&LINES_ON_ACCOUNTS_DESC, &LINES_ON_ACCOUNTS_ASC],
    [&LINES_ON_LEDGERS_DESC, &LINES_ON_LEDGERS_ASC]
);

/// One page of the transactions below each of these parents. One statement, and one more for totals.
pub async fn pages<T: Listed>(
    tx: &mut Tx,
    viewer: &Viewer,
    below: Below,
    parents: &[i64],
    filter: &Filter,
    window: &Window,
) -> Result<Vec<Page<T>>, sqlx::Error> {
    macro_rules! bound {
        ($query:expr) => {
            $query
                .bind(parents)
                .bind(&filter.types)
                .bind(&filter.types_excluded)
                .bind(filter.from_date)
                .bind(filter.to_date)
                .bind(filter.ledger_number.as_deref())
                .bind(filter.ledger_id)
                .bind(filter.include_all_ledgers)
        };
    }
    let totals: Option<HashMap<i64, i64>> = if window.needs_total() {
        Some(bound!(below.count().seen_by(viewer)).fetch_all(&mut *tx).await?.into_iter().collect())
    } else {
        None
    };
    let slices = page::slices(window, parents, totals.as_ref());
    let rows = T::lists().statement(below, filter.order);
    let query = bound!(rows.seen_by(viewer)).bind(&slices.offsets).bind(&slices.limits);
    let mut found = query.fetch_all(&mut *tx).await?;
    // They come in order, as a rule, of which SQL says nothing.
    found.sort_by(|one, other| filter.order.of(&one.row, &other.row));
    Ok(page::pages(window, parents, totals.as_ref(), found.into_iter().map(Under::pair)))
}
