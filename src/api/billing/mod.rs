//! Bills: when they are made, what stands on them, and what is still to be paid of them.

mod annual;
mod bills;
mod charges;
mod documents;
mod earlier;
mod files;
mod ledgers;
mod options;
mod people;
mod positions;
mod prints;
mod snapshots;
mod transactions;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    annual::bind(b);
    bills::bind(b);
    charges::bind(b);
    documents::bind(b);
    earlier::bind(b);
    files::bind(b);
    ledgers::bind(b);
    options::bind(b);
    people::bind(b);
    positions::bind(b);
    prints::bind(b);
    snapshots::bind(b);
    transactions::bind(b);
}
