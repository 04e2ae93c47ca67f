//! What the targets share with the ordinary tests.

#[path = "../../tests/support/mod.rs"]
pub mod support;
