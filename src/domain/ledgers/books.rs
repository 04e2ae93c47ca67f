//! The retailer's own books: what stands against every customer's ledger.
//!
//! Each book is striped, and a customer's ledger always uses the same stripe: otherwise every charge in a
//! market would wait for one row.

use super::journal::Leg;
use super::transactions::Kind;
use crate::platform::db::{Tx, statement};
use crate::platform::market;
use crate::platform::money::{AmountError, Minor, Split};

/// Stripes a book.
pub const STRIPES: i64 = 16;

/// What customers were charged, net.
pub const INCOME: &str = "income";
/// Sales tax owed to the state.
pub const TAX: &str = "tax";
/// What was given away in credits, net.
pub const CREDITS: &str = "credits";
/// Money received and paid out.
pub const BANK: &str = "bank";

statement!(static OPEN: () = "
    with opened as (
        insert into ledger_accounts (owner, market, currency, book, stripe, created_at)
        select 'house', $1, $2, book, stripe, $3
        from unnest(array['income', 'tax', 'credits', 'bank']) book, generate_series(0, $4::int - 1) stripe
        on conflict on constraint ledger_accounts_book_key do nothing returning id
    )
    insert into ledger_balances (ledger_account_id) select id from opened");
statement!(static OF_STRIPE: (String, i64) = "
    select coalesce(book, ''), id from ledger_accounts where market = $1 and stripe = $2");

/// The books that one customer's ledger is posted against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Books {
    pub income: i64,
    pub tax: i64,
    pub credits: i64,
    pub bank: i64,
}

impl Books {
    /// What stands against a charge: income, and the tax that is owed on it.
    pub fn charged(&self, split: &Split) -> [Leg; 2] {
        [Leg { ledger: self.income, amount: split.net }, Leg { ledger: self.tax, amount: split.tax }]
    }

    /// What stands against a credit: the gift, and the tax that is owed no longer.
    pub fn credited(&self, split: &Split) -> Result<[Leg; 2], AmountError> {
        let (net, tax) = (split.net.negated()?, split.tax.negated()?);
        Ok([Leg { ledger: self.credits, amount: net }, Leg { ledger: self.tax, amount: tax }])
    }

    /// What stands against a payment or a refund: the bank.
    pub fn moved(&self, kind: Kind, amount: Minor) -> Result<Leg, AmountError> {
        Ok(Leg { ledger: self.bank, amount: kind.effect(amount)?.negated()? })
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
        open.execute(&mut *tx).await?;
    }
    Ok(())
}

pub(super) async fn against(tx: &mut Tx, market: &str, ledger: i64) -> Result<Books, sqlx::Error> {
    of_stripe(tx, market, stripe(ledger)).await
}

/// The books of one stripe of a market.
pub(crate) async fn of_stripe(tx: &mut Tx, market: &str, stripe: i16) -> Result<Books, sqlx::Error> {
    let rows = OF_STRIPE.query().bind(market).bind(stripe).fetch_all(&mut *tx).await?;
    let find = |name: &str| {
        rows.iter().find(|(book, _)| book == name).map(|(_, id)| *id).ok_or(sqlx::Error::RowNotFound)
    };
    Ok(Books { income: find(INCOME)?, tax: find(TAX)?, credits: find(CREDITS)?, bank: find(BANK)? })
}
