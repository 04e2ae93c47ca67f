//! The port to whoever pays money out: by bank transfer, onto a card, or by a cheque in the post.

use futures_util::future::BoxFuture;

use crate::platform::db::{Tx, row};
use crate::platform::outside::Receipt;

row! {
    /// What is to be paid out.
    pub struct Order {
        /// Our name for it, the same whenever it is handed over: a service that has it pays nothing a second time.
        pub reference: String,
        /// In minor units.
        pub amount: i64,
        /// ISO 4217 code.
        pub currency: String,
        /// `BANK_TRANSFER`, `CHEQUE` or `CARD`.
        pub method: String,
        /// Who is paid.
        pub payee: String,
        /// The bank account or card, as the provider that keeps its details calls it; none for a cheque.
        pub destination: Option<String>,
        /// Where a cheque goes.
        pub address: String,
        /// How often the service has given no answer, or put it off.
        pub attempts: i32,
    }
}

/// What the service says afterwards of an order that it has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The money has arrived.
    Paid,
    /// It has come back, whether or not it was said to have arrived.
    Failed(&'static str),
}

/// Whoever pays out.
pub trait PayoutService: Send + Sync {
    /// Gives an order. `tx` is the job's transaction; a service outside of this program has no use for it.
    fn pay_out<'a>(&'a self, tx: &'a mut Tx, order: &'a Order)
    -> BoxFuture<'a, Result<Receipt, sqlx::Error>>;
}
