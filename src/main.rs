//! The `kraken-api` program.
fn main() {}
