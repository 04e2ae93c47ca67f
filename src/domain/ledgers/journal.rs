//! Posting: the one way in which money moves.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use crate::platform::db::{Bound, Tx, database_error, row, statement};
use crate::platform::money::{AmountError, Minor};

/// Why an entry was not posted.
#[derive(Debug, Error)]
pub enum PostError {
    /// The amount, or the customer's balance after it, is not one that can be shown.
    #[error(transparent)]
    Amount(#[from] AmountError),
    /// The legs do not sum to zero, or there are fewer than two.
    #[error("the entry does not balance")]
    Unbalanced,
    /// A leg names a ledger account that does not exist or is in another currency.
    #[error("a ledger account of the entry is missing")]
    UnknownLedger,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PostError);

/// Turns [`PostError`] into the error of a use case that has the variants `Amount`, `Books` and `Database`.
macro_rules! posting_error {
    ($error:ty) => {
        impl From<$crate::domain::ledgers::journal::PostError> for $error {
            fn from(error: $crate::domain::ledgers::journal::PostError) -> Self {
                use $crate::domain::ledgers::journal::PostError;
                match error {
                    PostError::Amount(error) => Self::Amount(error),
                    PostError::Database(error) => Self::Database(error),
                    other => Self::Books(other),
                }
            }
        }
    };
}
pub(crate) use posting_error;

/// One side of an entry: positive raises the ledger account's balance.
#[derive(Clone, Copy, Debug)]
pub struct Leg {
    /// The ledger account.
    pub ledger: i64,
    /// By how much.
    pub amount: Minor,
}

/// An entry about to be posted.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// `charge`, `credit`, `payment`, `refund`, `transfer`, `write_off` or `reversal`.
    pub kind: &'a str,
    /// The entry that a reversal undoes. Nothing is undone twice: `journal_entries_reverses_key`.
    pub reverses: Option<i64>,
    /// ISO 4217 code; every leg must be in it.
    pub currency: &'a str,
    /// The customer's local day.
    pub posted_date: NaiveDate,
    /// Business time.
    pub created_at: DateTime<Utc>,
    /// What moves on customers' ledgers. Legs of zero are left out.
    pub legs: Vec<Leg>,
    /// What moves in the retailer's own books.
    pub against: Vec<Leg>,
}

impl<'a> Entry<'a> {
    /// Binds it to a query that begins with [`posting!`].
    pub(super) fn bind<R>(&self, query: Bound<'a, R>) -> Bound<'a, R> {
        let query = query.bind(self.kind).bind(self.currency).bind(self.posted_date);
        query.bind(self.created_at).bind(self.reverses)
    }
}

/// The postings of an entry whose ledger accounts are locked, in parallel lists.
#[derive(Debug, Default)]
pub(super) struct Placed {
    pub ledgers: Vec<i64>,
    pub sequences: Vec<i64>,
    pub amounts: Vec<i64>,
    pub balances: Vec<i64>,
    /// Whether it is the ledger account's last.
    pub lasts: Vec<bool>,
}

impl Placed {
    /// The place in the ledger account's sequence, and the balance, that the entry leaves.
    pub fn left(&self, ledger: i64) -> Option<(i64, i64)> {
        let last = self.last(ledger)?;
        Some((*self.sequences.get(last)?, *self.balances.get(last)?))
    }

    /// Binds them after the entry.
    pub fn bind<'q, R>(&'q self, query: Bound<'q, R>) -> Bound<'q, R> {
        let query = query.bind(&self.ledgers).bind(&self.sequences).bind(&self.amounts);
        query.bind(&self.balances).bind(&self.lasts)
    }

    fn last(&self, ledger: i64) -> Option<usize> {
        self.ledgers.iter().rposition(|each| *each == ledger)
    }
}

/// Where a ledger account stands: its balance, and the place of its last posting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub balance: Minor,
    pub last_sequence: i64,
}

impl Standing {
    /// Carries the balance forward over one more posting.
    pub fn step(&mut self, amount: Minor) -> Result<(), AmountError> {
        self.balance = self.balance.plus(amount)?;
        self.last_sequence += 1;
        Ok(())
    }
}

row! {
    struct Held {
        ledger_account_id: i64,
        balance: i64,
        last_sequence: i64,
    }
}

// Locked in the order of their ids, so that two entries never wait for each other. Postings refer to an account and its
// currency, so nothing is posted in another one.
statement!(static LOCK: Held = "
    select ledger_account_id, balance, last_sequence from ledger_balances
    where ledger_account_id = any($1::bigint[]) order by ledger_account_id for update");
statement!(static LOCK_IN_CURRENCY: Held = "
    select b.ledger_account_id, b.balance, b.last_sequence
    from ledger_balances b join ledger_accounts l on l.id = b.ledger_account_id
    where b.ledger_account_id = any($1::bigint[]) and l.currency = $2
    order by b.ledger_account_id for update of b");

/// SQL that posts an entry, to be followed by what is made of it: the parts of a `with`, one of which is `entry` (`id`).
/// Arguments 1 to 10 are the entry and what [`place`] answered, as [`Entry::bind`] and [`Placed::bind`] bind them.
// A statement of its own, after the one that locks: seen from the moment of the lock, the rows are as they were locked, and
// Postgres need not look at them anew. Elements by their places cost it less than `unnest` of as many lists; it is for one
// list that it expects few rows, and looks them up instead of reading whole tables.
macro_rules! posting {
    () => {
        "with entry as (
            insert into journal_entries (kind, currency, posted_date, created_at, reverses_id)
            values ($1, $2, $3, $4, $5) returning id, currency
        ), moved as (
            insert into postings (ledger_account_id, sequence, journal_entry_id, currency, amount, balance_after)
            select leg.ledger, ($7::bigint[])[leg.nth], entry.id, entry.currency, ($8::bigint[])[leg.nth],
                ($9::bigint[])[leg.nth]
            from entry, unnest($6::bigint[]) with ordinality as leg (ledger, nth)
        ), kept as (
            update ledger_balances b set balance = ($9::bigint[])[leg.nth], last_sequence = ($7::bigint[])[leg.nth]
            from unnest($6::bigint[]) with ordinality as leg (ledger, nth)
            where b.ledger_account_id = leg.ledger and ($10::boolean[])[leg.nth]
        )"
    };
}
pub(super) use posting;

/// Locks ledger accounts until the transaction ends, in the order in which posting would, and answers their
/// balances: what is decided by them stays right. Those in another currency are left out.
pub async fn hold(tx: &mut Tx, ledgers: &[i64], currency: &str) -> Result<HashMap<i64, Minor>, sqlx::Error> {
    let held = LOCK_IN_CURRENCY.query().bind(ledgers).bind(currency).fetch_all(&mut *tx).await?;
    Ok(held.into_iter().map(|row| (row.ledger_account_id, Minor(row.balance))).collect())
}

/// Locks the ledger accounts of an entry until the transaction ends, and says which postings it is made of. A customer's
/// balance must go on fitting the `Int` it is shown in.
pub(super) async fn place(tx: &mut Tx, entry: &Entry<'_>) -> Result<Placed, PostError> {
    let legs = balanced(entry.legs.iter().chain(&entry.against).copied())?;
    let wanted: Vec<i64> = legs.iter().map(|leg| leg.ledger).collect();
    let held = LOCK.query().bind(wanted).fetch_all(&mut *tx).await?;
    let standing = |row: &Held| Standing { balance: Minor(row.balance), last_sequence: row.last_sequence };
    let mut held = held.iter().map(|row| (row.ledger_account_id, standing(row))).collect();
    let placed = in_sequence(&legs, &mut held)?;
    can_be_shown(&entry.legs, &held)?;
    Ok(placed)
}

/// Only what is left in the end is ever shown.
fn can_be_shown(legs: &[Leg], left: &HashMap<i64, Standing>) -> Result<(), AmountError> {
    legs.iter().filter_map(|leg| left.get(&leg.ledger)).try_for_each(|left| left.balance.to_wire().map(drop))
}

/// The legs that move anything, provided that they make an entry: two at least, and nothing in all.
pub(crate) fn balanced(legs: impl IntoIterator<Item = Leg>) -> Result<Vec<Leg>, PostError> {
    let legs: Vec<Leg> = legs.into_iter().filter(|leg| leg.amount != Minor::ZERO).collect();
    let sum = legs.iter().try_fold(Minor::ZERO, |sum, leg| sum.plus(leg.amount))?;
    if sum != Minor::ZERO || legs.len() < 2 {
        return Err(PostError::Unbalanced);
    }
    Ok(legs)
}

/// Gives every leg its place in the sequence and the balance that it leaves.
fn in_sequence(legs: &[Leg], held: &mut HashMap<i64, Standing>) -> Result<Placed, PostError> {
    let mut rows = Placed::default();
    for leg in legs {
        let standing = held.get_mut(&leg.ledger).ok_or(PostError::UnknownLedger)?;
        standing.step(leg.amount)?;
        rows.ledgers.push(leg.ledger);
        rows.sequences.push(standing.last_sequence);
        rows.amounts.push(leg.amount.0);
        rows.balances.push(standing.balance.0);
    }
    rows.lasts = (0..).zip(&rows.ledgers).map(|(place, ledger)| rows.last(*ledger) == Some(place)).collect();
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(ledger: i64, balance: i64) -> (i64, Standing) {
        (ledger, Standing { balance: Minor(balance), last_sequence: 4 })
    }

    #[test]
    fn legs_on_one_ledger_follow_each_other() {
        let mut known = HashMap::from([held(1, 100), held(2, 0)]);
        let leg = |ledger, amount| Leg { ledger, amount: Minor(amount) };
        let rows = in_sequence(&[leg(1, -30), leg(2, 50), leg(1, -20)], &mut known).expect("placed");
        assert_eq!(rows.sequences, [5, 5, 6]);
        assert_eq!(rows.balances, [70, 50, 50]);
        assert_eq!(rows.lasts, [false, true, true]);
        assert_eq!((rows.left(1), rows.left(3)), (Some((6, 50)), None));
    }

    #[test]
    fn a_customers_balance_stays_within_an_int() {
        let most = i64::from(i32::MAX);
        let legs = [Leg { ledger: 1, amount: Minor(1) }];
        let left = |balance| HashMap::from([held(1, balance), held(2, most + 1)]);
        assert!(can_be_shown(&legs, &left(most)).is_ok());
        assert!(can_be_shown(&legs, &left(most + 1)).is_err());
    }

    #[test]
    fn nothing_is_placed_on_what_was_not_found() {
        let legs = [Leg { ledger: 1, amount: Minor(1) }];
        assert!(in_sequence(&legs, &mut HashMap::new()).is_err());
    }
}
