//! Binds the fields of each area to its use cases.
//!
//! `bind` of an area says which fields it serves; one file holds a group of operations.

mod accounts;
mod app;
mod auth;
mod billing;
mod brownouts;
mod communications;
mod contracts;
mod devices;
mod leads;
mod ledgers;
mod loyalty;
mod nodes;
mod operations;
mod paging;
mod payments;
mod session;
mod sources;
mod spending;
mod supply;

pub use app::{Answer, App, DEADLINE, Given, StartError, engine, host};
pub use session::{Origin, Session};
pub use sources::declared_fields;

/// Binds every area.
fn bind(b: &mut session::Bindings) {
    auth::bind(b);
    accounts::bind(b);
    ledgers::bind(b);
    billing::bind(b);
    payments::bind(b);
    supply::bind(b);
    communications::bind(b);
    contracts::bind(b);
    leads::bind(b);
    devices::bind(b);
    loyalty::bind(b);
    operations::bind(b);
    nodes::bind(b);
}
