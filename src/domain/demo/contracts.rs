//! The contracts of the demo world: businesses and some households sign anew towards the end of the two years.

use super::{DemoError, World};
use crate::domain::contracts;
use crate::domain::contracts::notes::NewNote;
use crate::domain::contracts::sign::{self, NewContract};
use crate::domain::contracts::vary::{self, Change, NewVersion, Variation};
use crate::platform::db::Tx;
use crate::platform::market;

/// How many households of each market sign.
const HOUSEHOLDS: usize = 3;
/// Where a fee for paying late is halved afterwards, and to how many minor units.
const HALVED: (&str, i64) = ("au", 750);

/// Lets them sign, and halves a fee of one of them.
pub(super) async fn sign(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    let now = tx.business_now().await?;
    for market in market::all() {
        let of_market = |brand: &str| market.brands.iter().any(|known| known.code == brand);
        let people =
            world.people.iter().filter(|person| of_market(person.customer.brand) && !person.is_further);
        let (firms, homes): (Vec<_>, Vec<_>) = people.partition(|person| person.customer.company.is_some());
        let signing: Vec<_> = firms.into_iter().chain(homes.into_iter().take(HOUSEHOLDS)).collect();
        for person in &signing {
            let new = NewContract { account: person.account, from: market.day(now), to: None };
            sign::sign(tx, &world.clerk, &new).await?;
        }
        if let Some(last) = signing.last().filter(|_| market.code == HALVED.0) {
            halve(tx, world, last.number()).await?;
        }
    }
    Ok(())
}

async fn halve(tx: &mut Tx, world: &World<'_>, number: &str) -> Result<(), DemoError> {
    let held = contracts::of_party(tx, &world.clerk, Some(number), None).await?;
    let Some(contract) = held.into_iter().next() else { return Ok(()) };
    let change = Change::LateFees { flat: Some(HALVED.1), percentage: None, interval_days: None };
    let terms = [Variation { change, is_variable: true }];
    let note = NewNote { reason: "customer-request", note: Some("Had always paid in time.") };
    let new = NewVersion { identifier: &contract.identifier, from: None, terms: &terms, note: Some(note) };
    vary::vary(tx, &world.clerk, &new).await?;
    Ok(())
}
