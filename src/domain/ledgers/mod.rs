//! Money that customers owe and are owed, as double entry.
//!
//! A customer's balance is positive when they are in credit. A positive charge or refund lowers it, a
//! positive credit or payment raises it. What has been posted is never changed, only added to.

pub mod balances;
pub mod billing_targets;
pub mod billing_triggers;
pub mod books;
pub mod by_hand;
pub mod charges;
pub mod collections;
pub mod contribution_periods;
pub mod contributions;
pub mod credits;
pub mod debts;
pub mod dues;
pub mod dunning;
pub mod hardship;
pub mod journal;
#[expect(clippy::module_inception, reason = "files are named after what they hold")]
pub mod ledgers;
pub mod of_users;
pub mod open;
pub mod payments;
pub mod permissions;
pub(in crate::domain) mod prepaid;
pub mod proceedings;
pub mod processes;
pub mod provisional;
pub mod reasons;
pub mod reminders;
pub mod reversals;
pub mod scheduled;
pub mod set_aside;
pub mod transaction_lists;
pub mod transactions;
pub mod transfers;
pub mod write_offs;

pub use by_hand::HandError;
pub use charges::{ChargeError, NewCharge};
pub use credits::NewCredit;
pub use journal::PostError;
pub use ledgers::Ledger;
pub use transaction_lists::{Filter, Order};
pub use transactions::{Kind, Transaction};
