//! The parties that move money, each behind a port, and the built-in simulators of them.

pub mod mandates;
pub mod payouts;
pub mod simulated_mandates;
pub mod simulated_payouts;
