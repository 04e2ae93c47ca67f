//! How customers pay, and what they have paid.

mod cards;
mod direct_debits;
mod instructions;
mod surcharges;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    instructions::bind(b);
    direct_debits::bind(b);
    cards::bind(b);
    surcharges::bind(b);
}
