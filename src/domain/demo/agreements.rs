//! What customers have agreed on towards the end of the two years.

use chrono::{DateTime, TimeDelta, Utc};

use super::{DemoError, Person, World};
use crate::domain::auth::Viewer;
use crate::domain::ledgers::contributions::{self, NewAgreement};
use crate::domain::ledgers::ledgers::{self, Which};
use crate::domain::ledgers::permissions::{self, Between};
use crate::platform::db::Tx;

/// The first customer is about to give to a good cause, and whoever stores credit lets it settle what they owe.
pub(super) async fn make(tx: &mut Tx, world: &World<'_>, present: DateTime<Utc>) -> Result<(), DemoError> {
    if let Some(first) = world.people.first() {
        let new = NewAgreement {
            account_number: first.numbers.first().map(String::as_str).unwrap_or_default(),
            scheme: "WARM_HOMES",
            every: "MONTHLY",
            amount: 200,
            active_from: present + TimeDelta::days(7),
            active_to: None,
        };
        contributions::create(tx, &Viewer::customer(first.user), &new).await?;
    }
    for person in &world.people {
        permit(tx, person).await?;
    }
    Ok(())
}

async fn permit(tx: &mut Tx, person: &Person) -> Result<(), DemoError> {
    let viewer = Viewer::customer(person.user);
    let all = ledgers::of_accounts(tx, &viewer, &[person.account], &Which::default()).await?.concat();
    let main = all.iter().find(|ledger| ledger.is_main);
    let wallet = all.iter().find(|ledger| ledger.ledger_type == "SOLAR_WALLET_LEDGER");
    if let (Some(main), Some(wallet)) = (main, wallet) {
        permissions::give(tx, &viewer, &Between { source: &wallet.number, target: &main.number }).await?;
    }
    Ok(())
}
