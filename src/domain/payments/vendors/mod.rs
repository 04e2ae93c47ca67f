//! The parties that move money, each behind a port, and the built-in simulators of them.

pub mod benefits;
pub mod collections;
pub mod mandates;
pub mod meter_network;
pub mod payouts;
pub mod shops;
pub mod simulated_benefits;
pub mod simulated_collections;
pub mod simulated_mandates;
pub mod simulated_meter_network;
pub mod simulated_payouts;
pub mod simulated_shops;
pub mod simulated_slips;
pub mod simulated_vault;
pub mod slips;
pub mod vault;
