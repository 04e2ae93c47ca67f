//! Who carries money: ports, each with a simulator behind it that behaves over business time as such a service does.

pub mod payouts;
pub mod simulated_payouts;
