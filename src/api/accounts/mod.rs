//! Accounts, portfolios and the people on them.

mod account;
mod billing;
mod consents;
mod details;
mod external_events;
mod feedback;
mod manage;
mod portfolio;
mod preferences;
mod roles;
mod search;
mod user;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    account::bind(b);
    billing::bind(b);
    consents::bind(b);
    details::bind(b);
    external_events::bind(b);
    feedback::bind(b);
    manage::bind(b);
    portfolio::bind(b);
    preferences::bind(b);
    roles::bind(b);
    search::bind(b);
    user::bind(b);
}
