//! The HTTP face through its real router: no port, no database, no sleeping.

#[path = "../support/mod.rs"]
mod support;

mod bodies;
mod browsers;
mod corpus;
mod embedding;
mod harness;
mod limits;
mod logging;
mod probes;
mod requests;
mod running;
mod serving;
mod traces;
