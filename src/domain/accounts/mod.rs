//! Customers: brands, portfolios, accounts, the people who hold them and what roles let them see.
//!
//! Every look-up takes the viewer, and what the viewer may not see does not exist for them.

#[expect(clippy::module_inception, reason = "files are named after what they hold")]
pub mod accounts;
pub mod address;
pub mod address_forms;
pub mod applications;
pub(in crate::domain) mod assignees;
pub mod billing;
pub mod brands;
pub mod businesses;
pub mod campaigns;
pub mod changes;
pub mod circumstances;
pub mod companies;
pub mod concessions;
pub mod consents;
pub(in crate::domain) mod contacts;
pub mod details;
pub mod external_events;
pub mod feedback;
pub mod known;
pub mod languages;
pub mod life_support;
pub mod lifecycle;
pub mod manage;
pub mod metadata;
pub mod notes;
pub mod open;
pub mod partner_users;
pub mod portfolio_references;
pub mod portfolio_tree;
pub mod portfolios;
pub mod preferences;
pub mod references;
pub mod reminders;
pub mod residence;
pub mod roles;
pub mod search;
pub mod shells;
pub mod sign_up;
pub mod users;

pub use accounts::Account;
pub use open::{NewAccount, NewUser, OpenError};
pub use portfolios::Portfolio;
pub use users::AccountUser;

use std::collections::HashMap;
use std::hash::Hash;

/// Puts rows in the order of the keys they were asked for by; `None` where there was no row.
pub(crate) fn in_order<K: Hash + Eq, T: Clone>(
    keys: &[K],
    rows: Vec<T>,
    key: impl Fn(&T) -> K,
) -> Vec<Option<T>> {
    let known: HashMap<K, T> = rows.into_iter().map(|row| (key(&row), row)).collect();
    keys.iter().map(|wanted| known.get(wanted).cloned()).collect()
}

/// Sorts rows under their parents, in the order of `parents`, keeping the order of the rows.
pub(crate) fn grouped<K: Hash + Eq, T: Clone>(parents: &[K], rows: Vec<(K, T)>) -> Vec<Vec<T>> {
    let mut under: HashMap<K, Vec<T>> = HashMap::new();
    for (parent, row) in rows {
        under.entry(parent).or_default().push(row);
    }
    parents.iter().map(|parent| under.get(parent).cloned().unwrap_or_default()).collect()
}
