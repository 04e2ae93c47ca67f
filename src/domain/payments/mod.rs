//! How customers pay, and how money goes back to them.

pub mod check;
pub mod interventions;
pub mod payouts;
pub mod refunds;
pub mod repayments;
pub mod requests;
pub mod vendors;
