//! How customers pay, and what they have paid.

mod direct_debits;
mod instructions;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    instructions::bind(b);
    direct_debits::bind(b);
}
