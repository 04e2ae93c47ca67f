//! What is written to customers, and the post house that carries it.

pub mod messages;
