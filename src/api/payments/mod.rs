//! How customers pay, and how money goes back to them.

mod refunds;
mod repayments;
mod requests;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    refunds::bind(b);
    repayments::bind(b);
    requests::bind(b);
}
