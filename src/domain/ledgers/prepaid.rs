//! What customers pay for ahead of having it: the money stands in a book of its own until they do.

use super::books::{self, Book};
use super::journal::{Leg, PostError};
use super::transactions::{self, Kind, New};
use crate::platform::db::Tx;
use crate::platform::market::Market;
use crate::platform::money::{Minor, Split};

/// What a transaction is called.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain) struct Called<'a> {
    /// Its title.
    pub title: &'a str,
    /// The code of its reason.
    pub reason: &'a str,
}

/// Charges a ledger for a voucher, free of tax: that is due when it is used. Answers the transaction's id. No viewer: the
/// caller has seen to that.
pub(in crate::domain) async fn charge(
    tx: &mut Tx,
    market: &Market,
    ledger: i64,
    amount: Minor,
    called: Called<'_>,
) -> Result<i64, PostError> {
    let split = Split::untaxed(amount);
    let new = New { reason_code: Some(called.reason), ..New::of(Kind::Charge, split, called.title) };
    transactions::record(tx, market, ledger, &new, Book::Vouchers).await
}

/// Credits a ledger with an amount of which so much was paid for ahead; the rest is given. Answers the transaction's id. No
/// viewer: the caller has seen to that.
pub(in crate::domain) async fn credit(
    tx: &mut Tx,
    market: &Market,
    ledger: i64,
    (amount, paid): (Minor, Minor),
    called: Called<'_>,
) -> Result<i64, PostError> {
    let split = Split::untaxed(amount);
    let new = New { reason_code: Some(called.reason), ..New::of(Kind::Credit, split, called.title) };
    let parts = [(Book::Vouchers, paid), (Book::Credits, amount.minus(paid)?)];
    let books = books::of_lane(tx, market).await?;
    let mut against = Vec::with_capacity(parts.len());
    for (book, part) in parts.into_iter().filter(|(_, part)| *part != Minor::ZERO) {
        against.push(Leg { ledger: books.get(book), amount: part.negated()? });
    }
    let (kind, shown) = (Kind::Credit.code(), [(ledger, &new)]);
    transactions::record_entry(tx, market, kind, None, &shown, against).await?.first()
}
