//! Accounts, portfolios and the people on them.

mod account;
mod billing;
mod details;
mod portfolio;
mod user;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    account::bind(b);
    billing::bind(b);
    details::bind(b);
    portfolio::bind(b);
    user::bind(b);
}
