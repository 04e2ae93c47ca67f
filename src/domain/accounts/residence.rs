//! Where people get their post: where the bills of the oldest account go that they hold.

use super::accounts;
use super::billing::{self, Billing};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::Tx;

/// The states and territories of Australia: how they are abbreviated, and what they are called on the wire.
pub(super) const STATES: [(&str, &str); 8] = [
    ("ACT", "AUSTRALIAN_CAPITAL_TERRITORY"),
    ("NSW", "NEW_SOUTH_WALES"),
    ("NT", "NORTHERN_TERRITORY"),
    ("QLD", "QUEENSLAND"),
    ("SA", "SOUTH_AUSTRALIA"),
    ("TAS", "TASMANIA"),
    ("VIC", "VICTORIA"),
    ("WA", "WESTERN_AUSTRALIA"),
];

/// Where each of these users gets their post, as far as the viewer sees their accounts. Three statements.
pub async fn of_users(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
) -> Result<Vec<Option<Billing>>, sqlx::Error> {
    let held = accounts::of_users(tx, viewer, users).await?;
    let oldest: Vec<Option<i64>> = held.iter().map(|held| held.first().map(|account| account.id)).collect();
    let ids: Vec<i64> = oldest.iter().flatten().copied().collect();
    let mut found = billing::of_accounts(tx, viewer, &ids).await?.into_iter();
    Ok(oldest.iter().map(|id| id.and_then(|_| found.next().flatten())).collect())
}

/// The state or territory of Australia that an address is in: one of `StateChoices`.
pub fn state(country: &str, area: &str) -> Option<&'static str> {
    let area = area.trim().to_uppercase().replace(' ', "_");
    let is_it = |(short, name): &&(&str, &str)| area == *short || area == *name;
    STATES.iter().find(is_it).map(|(_, name)| *name).filter(|_| country == "AU")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_one_of_australias() {
        assert_eq!(state("AU", "nsw"), Some("NEW_SOUTH_WALES"));
        assert_eq!(state("AU", "Western Australia"), Some("WESTERN_AUSTRALIA"));
        assert_eq!((state("US", "WA"), state("AU", "Kent"), state("AU", "")), (None, None, None));
    }
}
