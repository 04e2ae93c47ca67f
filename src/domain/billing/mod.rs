//! Bills: documents that say what happened on a ledger in a period, closed, issued, and kept as they were.
//!
//! A ledger's documents form a chain. Each takes in the transactions that no other has, and opens with the balance
//! with which the one before it closed, so that
//! `opening balance - charges + credits + payments - refunds = closing balance` in each of them.

pub mod annual;
mod annual_paper;
pub mod annul;
pub mod check;
pub mod contents;
pub mod cycle;
pub mod documents;
pub mod earlier;
pub mod elsewhere;
pub mod files;
pub mod finals;
pub mod holds;
pub mod issue;
pub mod lists;
pub mod options;
mod paper;
pub mod positions;
pub mod prints;
pub mod rhythms;
mod sheets;
pub mod snapshots;
mod wording;

pub use documents::{Document, Kind};
