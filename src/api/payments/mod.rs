//! How customers pay, what they have paid, and how money goes back to them.

mod deposits;
mod direct_debits;
mod export_repayments;
mod instructions;
mod refunds;
mod repayments;
mod requests;
mod warm_home_discounts;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    instructions::bind(b);
    direct_debits::bind(b);
    deposits::bind(b);
    export_repayments::bind(b);
    refunds::bind(b);
    repayments::bind(b);
    requests::bind(b);
    warm_home_discounts::bind(b);
}
