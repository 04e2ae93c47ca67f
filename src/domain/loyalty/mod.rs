//! Loyalty: points in a ledger of their own, the programmes that give them, and sessions in which customers are given
//! points for using less than they usually do.

pub mod announcements;
pub mod baseline;
pub mod cards;
pub(in crate::domain) mod check;
pub mod dealings;
pub mod grid;
pub mod memberships;
pub mod points;
pub mod programmes;
pub mod referrals;
pub mod sessions;
pub mod settling;
pub mod simulated_grid;
pub mod taking_part;
pub mod vouchers;
pub mod wallets;
pub mod wheel;
