//! How customers pay, and what they have paid.

mod account_payments;
mod available;
mod collect;
mod direct_debits;
mod instructions;
mod plans;
mod schedule_changes;
mod schedules;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    instructions::bind(b);
    direct_debits::bind(b);
    account_payments::bind(b);
    collect::bind(b);
    schedules::bind(b);
    schedule_changes::bind(b);
    available::bind(b);
    plans::bind(b);
}
