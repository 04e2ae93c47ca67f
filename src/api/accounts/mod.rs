//! Accounts, portfolios and the people on them.

mod account;
mod address;
mod billing;
mod business;
mod details;
mod manage;
mod opening;
mod partner;
mod portfolio;
mod roles;
mod search;
mod shell;
mod sync;
mod user;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    account::bind(b);
    address::bind(b);
    billing::bind(b);
    business::bind(b);
    details::bind(b);
    manage::bind(b);
    opening::bind(b);
    partner::bind(b);
    portfolio::bind(b);
    roles::bind(b);
    search::bind(b);
    shell::bind(b);
    sync::bind(b);
    user::bind(b);
}
