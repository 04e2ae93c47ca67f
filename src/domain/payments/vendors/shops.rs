//! The port to the shops that take money for prepayment meters.

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use crate::platform::db::{Tx, row};

row! {
    /// Money that a shop took.
    pub struct Sale {
        /// The shops' name for it; nothing else bears it.
        pub reference: String,
        /// The number that it was paid for.
        pub pan: String,
        /// In minor units.
        pub amount: i64,
        /// When.
        pub sold_at: DateTime<Utc>,
    }
}

/// Whoever gathers what shops take.
pub trait Shops: Send + Sync {
    /// What is new since it was asked last, the oldest first, at most `limit`. What a transaction that does not commit was
    /// told is told again.
    fn sales<'a>(&'a self, tx: &'a mut Tx, limit: i64) -> BoxFuture<'a, Result<Vec<Sale>, sqlx::Error>>;
}
