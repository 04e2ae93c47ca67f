//! The retailer's own books: what stands against every customer's ledger.
//!
//! Each book is striped, and whoever posts uses the stripe of their lane, where nobody else of the same server is at work:
//! otherwise every charge in a market would wait for one row.

use std::collections::HashMap;
use std::sync::Arc;

use super::journal::Leg;
use super::transactions::Kind;
use crate::platform::db::{Tx, statement};
use crate::platform::market::{self, Market};
use crate::platform::money::{AmountError, Minor, Split};

/// Stripes a book.
pub const STRIPES: i64 = 16;

/// What a book is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Book {
    /// What customers were charged, net.
    Income,
    /// Sales tax owed to the state.
    Tax,
    /// What was given away in credits, net.
    Credits,
    /// Money received and paid out.
    Bank,
    /// What customers were charged for good causes, which it is kept for.
    Contributions,
    /// What customers owed and nobody expects to be paid.
    BadDebts,
    /// What customers paid for vouchers that they have not redeemed.
    Vouchers,
}

impl Book {
    /// All of them, in the order in which they are declared.
    pub(crate) const ALL: [Self; 7] = [
        Self::Income,
        Self::Tax,
        Self::Credits,
        Self::Bank,
        Self::Contributions,
        Self::BadDebts,
        Self::Vouchers,
    ];

    /// What a transaction of this kind is posted against, unless its use case says otherwise.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Charge => Self::Income,
            Kind::Credit => Self::Credits,
            Kind::Payment | Kind::Refund => Self::Bank,
        }
    }

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
            Self::Contributions => "contributions",
            Self::BadDebts => "bad-debts",
            Self::Vouchers => "vouchers",
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
statement!(static ALL: (String, i16, String, i64) = "
    select market, coalesce(stripe, 0::smallint), coalesce(book, ''), id from ledger_accounts where stripe is not null");

/// The books of one stripe of a market.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Books([i64; Book::ALL.len()]);

impl Books {
    /// The books, whose ledger accounts `find` knows.
    pub fn find<E>(mut find: impl FnMut(Book) -> Result<i64, E>) -> Result<Self, E> {
        let mut books = Self(Default::default());
        for (place, book) in books.0.iter_mut().zip(Book::ALL) {
            *place = find(book)?;
        }
        Ok(books)
    }

    /// The ledger account of a book.
    pub fn get(&self, book: Book) -> i64 {
        // They are listed in the order in which they are declared.
        self.0[book as usize]
    }

    /// What stands against a transaction.
    pub fn against(&self, book: Book, kind: Kind, split: &Split) -> Result<Vec<Leg>, AmountError> {
        let parts =
            [(book, split.net), (Book::Tax, split.tax)].into_iter().filter(|(_, part)| *part != Minor::ZERO);
        let leg = |(book, part)| Ok(Leg { ledger: self.get(book), amount: kind.effect(part)?.negated()? });
        parts.map(leg).collect()
    }
}

/// The books of all markets and stripes. They are never closed.
pub(crate) type House = HashMap<(&'static str, i16), Books>;

/// The stripe for what has this number.
pub(crate) fn stripe(number: i64) -> i16 {
    i16::try_from(number.rem_euclid(STRIPES)).unwrap_or(0)
}

/// The books of a market that a transaction posts in: always the same ones.
///
/// # Errors
/// Those of the database; [`sqlx::Error::RowNotFound`] if they were never opened.
pub(super) async fn of_lane(tx: &mut Tx, market: &Market) -> Result<Books, sqlx::Error> {
    let lane = i64::try_from(tx.lane()).unwrap_or(0);
    let house = match tx.lasting::<House>() {
        Some(known) => known,
        None => {
            let house = Arc::new(all(tx).await?);
            tx.keep_lasting(&house);
            house
        }
    };
    house.get(&(market.code.as_str(), stripe(lane))).copied().ok_or(sqlx::Error::RowNotFound)
}

/// Has the books looked up anew, should they be others.
pub(super) fn forget(tx: &Tx) {
    tx.forget_lasting::<House>();
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

/// The books of all markets and stripes.
///
/// # Errors
/// Those of the database; [`sqlx::Error::RowNotFound`] if one was never opened.
pub(crate) async fn all(tx: &mut Tx) -> Result<House, sqlx::Error> {
    let rows = ALL.query().fetch_all(&mut *tx).await?.into_iter();
    let known: HashMap<_, _> =
        rows.map(|(market, stripe, book, id)| ((market, stripe, Book::parse(&book)), id)).collect();
    let mut house = House::new();
    for market in market::all() {
        for stripe in (0..STRIPES).map(stripe) {
            let books = Books::find(|book| {
                let found = known.get(&(market.code.clone(), stripe, Some(book)));
                found.copied().ok_or(sqlx::Error::RowNotFound)
            })?;
            house.insert((&market.code, stripe), books);
        }
    }
    Ok(house)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_book_is_where_it_is_looked_for() {
        let mut next = 0;
        let books = Books::find(|_| {
            next += 1;
            Ok::<i64, ()>(next)
        });
        let books = books.expect("books");
        assert_eq!(Book::ALL.map(|book| books.get(book)), [1, 2, 3, 4, 5, 6, 7]);
        for book in Book::ALL {
            assert_eq!(Book::parse(book.code()), Some(book));
        }
    }
}
