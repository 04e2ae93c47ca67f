//! Ledgers, the transactions on them, and what staff post.

mod billing_triggers;
mod collections;
mod contributions;
mod debts;
mod dues;
mod dunning;
mod hardship;
mod ledger;
mod permissions;
mod posting;
mod proceedings;
mod reasons;
mod scheduled;
pub(super) mod transaction;
mod transfers;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    ledger::bind(b);
    transaction::bind(b);
    posting::bind(b);
    reasons::bind(b);
    transfers::bind(b);
    scheduled::bind(b);
    contributions::bind(b);
    permissions::bind(b);
    dunning::bind(b);
    hardship::bind(b);
    debts::bind(b);
    billing_triggers::bind(b);
    proceedings::bind(b);
    collections::bind(b);
    dues::bind(b);
}
