//! How customers pay, and how money goes back to them.

mod deposits;
mod export_repayments;
mod refunds;
mod repayments;
mod requests;
mod warm_home_discounts;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    deposits::bind(b);
    export_repayments::bind(b);
    refunds::bind(b);
    repayments::bind(b);
    requests::bind(b);
    warm_home_discounts::bind(b);
}
