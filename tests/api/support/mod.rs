//! A server for each test, and the people who call it.

pub mod agreed;
pub mod database;
pub mod debts;
pub mod devices;
pub mod letters;
mod money_back;
pub mod payments;
pub mod places;
pub mod record;
pub mod server;
pub mod storms;
pub mod world;

pub use server::{Reply, Server};
pub use world::{Others, World};
