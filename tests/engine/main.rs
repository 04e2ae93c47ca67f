//! The engine by itself: no database, small schemas.

mod batching;
mod connections;
mod contract;
mod costs;
mod differential;
mod documents;
mod editions;
mod envelope;
mod hosted;
mod introspection;
mod limits;
mod nulls;
mod property;
mod pruning;
mod scalars;
mod startup;
mod support;
mod world;
