//! Money between customers and the retailer: how customers pay, what they have paid, and how money goes back to them.

pub mod bank;
pub mod check;
pub mod deposit_round;
pub mod deposits;
pub mod direct_debits;
pub mod export_repayments;
pub mod instructions;
pub mod interventions;
pub mod owners;
pub mod payouts;
pub mod refunds;
pub mod refusals;
pub mod repayments;
pub mod requests;
pub mod sealing;
pub mod vendors;
pub mod warm_home_discounts;

use crate::domain::auth::viewer::{MANAGE_PAYMENTS, Viewer};

/// Whether the viewer may say how the accounts that they see are paid: customers may, others need the permission.
pub(in crate::domain) fn may_manage(viewer: &Viewer) -> bool {
    viewer.account_user().is_some() || viewer.may(MANAGE_PAYMENTS)
}
