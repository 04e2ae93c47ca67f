//! Accounts, portfolios and the people on them.

mod account;
mod address;
mod address_forms;
mod billing;
mod business;
mod campaigns;
mod circumstances;
mod companies;
mod concessions;
mod consents;
mod details;
mod external_events;
mod feedback;
mod known;
mod life_support;
mod manage;
mod metadata;
mod notes;
mod opening;
mod partner;
mod portfolio;
mod preferences;
mod reminders;
mod roles;
mod search;
mod shell;
mod sync;
mod user;

pub(super) use account::NOT_YOURS;
pub(super) use address::RichAddress;
pub(super) use portfolio::Team;

use super::session::Bindings;

pub(super) fn bind(b: &mut Bindings) {
    account::bind(b);
    address::bind(b);
    address_forms::bind(b);
    billing::bind(b);
    business::bind(b);
    campaigns::bind(b);
    circumstances::bind(b);
    companies::bind(b);
    concessions::bind(b);
    consents::bind(b);
    details::bind(b);
    external_events::bind(b);
    feedback::bind(b);
    known::bind(b);
    life_support::bind(b);
    manage::bind(b);
    metadata::bind(b);
    notes::bind(b);
    opening::bind(b);
    partner::bind(b);
    portfolio::bind(b);
    preferences::bind(b);
    reminders::bind(b);
    roles::bind(b);
    search::bind(b);
    shell::bind(b);
    sync::bind(b);
    user::bind(b);
}
