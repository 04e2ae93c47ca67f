//! The port to whoever has payment slips taken at the tills of shops.

use chrono::NaiveDate;
use futures_util::future::BoxFuture;

use crate::platform::db::{Tx, row};
use crate::platform::outside::Receipt;

row! {
    /// A slip that is wanted.
    pub struct Order {
        /// What we call it: the same whenever it is ordered. An agency makes one slip by one name.
        pub reference: String,
        /// Who is asked.
        pub agency: String,
        /// The market whose shops take it.
        pub market: String,
        /// In minor units.
        pub amount: i64,
        /// The last day on which it can be paid.
        pub pay_by: NaiveDate,
        /// How often the agency has given no answer, or put it off.
        pub orders: i32,
    }
}

/// What became of a slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was paid, in full.
    Paid,
    /// Its last day is over.
    Expired,
}

impl Outcome {
    /// The name by which it is kept.
    pub fn code(self) -> &'static str {
        match self {
            Self::Paid => "PAID",
            Self::Expired => "EXPIRED",
        }
    }

    /// The outcome with this name.
    pub fn of(code: &str) -> Option<Self> {
        [Self::Paid, Self::Expired].into_iter().find(|outcome| outcome.code() == code)
    }
}

/// What an agency reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What we call the slip.
    pub reference: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// Whoever has slips taken. The transactions are the jobs'; an agency outside of this program has no use for them.
pub trait Slips: Send + Sync {
    /// Has a slip made. Its reference with the agency is the end of the address of its page.
    fn order<'a>(&'a self, tx: &'a mut Tx, order: &'a Order) -> BoxFuture<'a, Result<Receipt, sqlx::Error>>;

    /// Has the slip that we call so taken no more, if the agency has it and it has not been paid.
    fn withdraw<'a>(&'a self, tx: &'a mut Tx, reference: &'a str) -> BoxFuture<'a, Result<(), sqlx::Error>>;

    /// What is new since it was asked last, the oldest first, at most `limit`. What a transaction that does not commit was
    /// told is told again.
    fn reports<'a>(&'a self, tx: &'a mut Tx, limit: i64) -> BoxFuture<'a, Result<Vec<Report>, sqlx::Error>>;
}
