//! Money between customers and the retailer: how customers pay, and what they have paid.

pub mod bank;
pub mod cards;
pub mod direct_debits;
pub mod fingerprints;
pub mod instructions;
pub mod owners;
pub mod sealing;
pub mod sessions;
pub mod surcharges;
pub mod vendors;

use crate::domain::auth::viewer::{MANAGE_PAYMENTS, Viewer};

/// Whether the viewer may say how the accounts that they see are paid: customers may, others need the permission.
pub(in crate::domain) fn may_manage(viewer: &Viewer) -> bool {
    viewer.account_user().is_some() || viewer.may(MANAGE_PAYMENTS)
}
