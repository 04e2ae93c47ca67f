//! What every area stands on: clocks, ids, money, markets, the database.

pub mod telemetry;
