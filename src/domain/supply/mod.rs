//! Supply: the places that are supplied, what measures their energy, what was agreed about it, and what it costs.

pub mod capacities;
pub mod disputes;
pub mod gas_meters;
pub mod gas_points;
pub mod gas_register;
pub mod identifiers;
pub mod interval;
pub mod meters;
mod periods;
pub mod properties;
pub mod search;
pub mod simulated_gas_register;
pub mod smart_meters;
pub mod supply_points;
pub mod visible;
