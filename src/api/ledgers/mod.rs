//! Ledgers, the transactions on them, and what staff post.

mod debts;
mod dues;
mod dunning;
mod ledger;
mod posting;
mod reasons;
pub(super) mod transaction;
mod transfers;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    ledger::bind(b);
    transaction::bind(b);
    posting::bind(b);
    reasons::bind(b);
    transfers::bind(b);
    dunning::bind(b);
    debts::bind(b);
    dues::bind(b);
}
