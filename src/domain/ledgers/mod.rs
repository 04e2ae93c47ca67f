//! Money that customers owe and are owed, as double entry.
//!
//! A customer's balance is positive when they are in credit. A positive charge or refund lowers it, a
//! positive credit or payment raises it. What has been posted is never changed, only added to.

pub mod balances;
pub mod books;
pub mod charges;
pub mod credits;
pub mod debts;
pub mod dues;
pub mod dunning;
pub mod journal;
#[expect(clippy::module_inception, reason = "files are named after what they hold")]
pub mod ledgers;
pub mod of_users;
pub mod open;
pub mod payments;
pub mod processes;
pub mod reasons;
pub mod reminders;
pub mod reversals;
pub mod transactions;
pub mod transfers;

pub use charges::{ChargeError, NewCharge};
pub use credits::{CreditError, NewCredit};
pub use journal::PostError;
pub use ledgers::Ledger;
pub use transactions::{Filter, Kind, Order, Transaction};
