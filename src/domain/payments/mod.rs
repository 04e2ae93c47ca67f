//! Money between customers and the retailer: how customers pay, what they have paid, and how money goes back to them.

pub mod account_payments;
pub mod adequacy;
pub mod available;
pub mod bank;
pub mod cards;
pub mod centrepay;
pub mod centrepay_round;
pub mod check;
pub mod collect;
pub mod deposit_collections;
pub mod deposit_round;
pub mod deposits;
pub mod direct_debits;
mod due;
pub mod export_repayments;
pub mod fingerprints;
pub mod forecast;
pub mod held_schedules;
pub mod instructions;
pub mod interventions;
mod letters;
pub mod life;
pub mod owners;
pub mod payment_refunds;
pub mod payouts;
pub mod plans;
pub mod preferences;
pub mod prepay;
pub mod promises;
pub mod refunds;
pub mod refusals;
pub mod repayments;
pub mod requests;
pub mod round;
pub mod schedule_changes;
pub mod schedules;
pub mod sealing;
pub mod sessions;
pub mod settled;
pub mod settlements;
pub mod slips;
pub mod standalone;
pub mod surcharges;
pub mod terms;
pub mod vendors;
pub mod warm_home_discounts;

use crate::domain::auth::viewer::{MANAGE_PAYMENTS, Viewer};

/// Whether the viewer may say how the accounts that they see are paid: customers may, others need the permission.
pub(in crate::domain) fn may_manage(viewer: &Viewer) -> bool {
    viewer.account_user().is_some() || viewer.may(MANAGE_PAYMENTS)
}
