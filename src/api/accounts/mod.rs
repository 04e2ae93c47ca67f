//! Accounts, portfolios and the people on them.

mod account;
mod portfolio;
mod user;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    account::bind(b);
    portfolio::bind(b);
    user::bind(b);
}
