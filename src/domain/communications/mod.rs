//! What is written to customers, and the post house that carries it.

pub mod events;
pub mod messages;
pub mod post;
pub mod simulator;
