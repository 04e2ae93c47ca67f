//! The retailer's own books: what stands against every customer's ledger.
//!
//! Each book is striped, and a customer's ledger always uses the same stripe: otherwise every charge in a
//! market would wait for one row.

use super::journal::{Leg, PostError};
use super::transactions::Kind;
use crate::platform::db::{Tx, statement};
use crate::platform::market;
use crate::platform::money::{Minor, Split};

/// Stripes a book.
pub const STRIPES: i64 = 16;

/// What a book is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Book {
    /// What customers were charged, net.
    Income,
    /// Sales tax owed to the state.
    Tax,
    /// What was given away in credits, net.
    Credits,
    /// Money received and paid out.
    Bank,
}

impl Book {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Income, Self::Tax, Self::Credits, Self::Bank];

    /// The book of this code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|book| book.code() == code)
    }

    /// As the database calls it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Income => "income",
            Self::Tax => "tax",
            Self::Credits => "credits",
            Self::Bank => "bank",
        }
    }
}

statement!(static OPEN: () = "
    with opened as (
        insert into ledger_accounts (owner, market, currency, book, stripe, created_at)
        select 'house', $1, $2, book, stripe, $3
        from unnest($5::text[]) book, generate_series(0, $4::int - 1) stripe
        on conflict on constraint ledger_accounts_book_key do nothing returning id
    )
    insert into ledger_balances (ledger_account_id) select id from opened");
statement!(static OF_STRIPE: (String, i64) = "
    select coalesce(book, ''), id from ledger_accounts where market = $1 and stripe = $2");

/// The books that one customer's ledger is posted against.
#[derive(Clone, Debug)]
pub(crate) struct Books(pub(crate) Vec<(String, i64)>);

impl Books {
    /// The ledger account of a book.
    pub fn get(&self, book: Book) -> Result<i64, sqlx::Error> {
        let found = self.0.iter().find(|(code, _)| code == book.code());
        found.map(|(_, id)| *id).ok_or(sqlx::Error::RowNotFound)
    }

    /// What stands against a transaction: a book with the net amount, and the book of taxes with the tax.
    pub fn against(&self, book: Book, kind: Kind, split: &Split) -> Result<[Leg; 2], PostError> {
        let opposite = |amount: Minor| kind.effect(amount)?.negated();
        Ok([
            Leg { ledger: self.get(book)?, amount: opposite(split.net)? },
            Leg { ledger: self.get(Book::Tax)?, amount: opposite(split.tax)? },
        ])
    }
}

/// The stripe of the books that a customer's ledger is posted against.
pub(crate) fn stripe(ledger: i64) -> i16 {
    i16::try_from(ledger.rem_euclid(STRIPES)).unwrap_or(0)
}

/// Opens the books of every market; those that are open stay as they are.
pub async fn sync(tx: &mut Tx) -> Result<(), sqlx::Error> {
    let now = tx.wall_now();
    for market in market::all() {
        let open = OPEN.command().bind(&market.code).bind(&market.currency.code).bind(now).bind(STRIPES);
        let open = open.bind(Book::ALL.map(Book::code));
        open.execute(&mut *tx).await?;
    }
    Ok(())
}

pub(super) async fn against(tx: &mut Tx, market: &str, ledger: i64) -> Result<Books, sqlx::Error> {
    of_stripe(tx, market, stripe(ledger)).await
}

/// The books of one stripe of a market.
pub(crate) async fn of_stripe(tx: &mut Tx, market: &str, stripe: i16) -> Result<Books, sqlx::Error> {
    Ok(Books(OF_STRIPE.query().bind(market).bind(stripe).fetch_all(&mut *tx).await?))
}
