//! How some of the demo world pay from now on: by direct debit every month, or as promised on the phone.

use chrono::TimeDelta;

use super::cast::Pays;
use super::{DemoError, Person, World, months};
use crate::domain::auth::Viewer;
use crate::domain::ledgers::ledgers::{self, Which};
use crate::domain::payments::held_schedules::{self, NewSchedule};
use crate::domain::payments::promises::{self, NewPromise};
use crate::platform::db::Tx;
use crate::platform::market;
use crate::platform::money::Minor;

/// The day of the month on which the direct debit is collected.
const DAY: i32 = 11;
/// How soon somebody who is late has promised to pay, and how much.
const SOON: TimeDelta = TimeDelta::days(10);
const PROMISED: i64 = 2000;

/// What the first British customer pays every month is collected, and the first who pays late promises to.
pub(super) async fn begin(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    let is_british =
        |person: &&Person| market::of_brand(person.customer.brand).is_some_and(|market| market.code == "gb");
    let british: Vec<&Person> = world.people.iter().filter(is_british).collect();
    if let Some(person) = british.iter().find(|person| matches!(person.customer.pays, Pays::Fixed { .. })) {
        debit(tx, world, person).await?;
    }
    if let Some(person) = british.iter().find(|person| matches!(person.customer.pays, Pays::Late { .. })) {
        promise(tx, world, person).await?;
    }
    Ok(())
}

async fn debit(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<(), DemoError> {
    let Some(supply) = person.customer.supplies.first() else { return Ok(()) };
    let viewer = Viewer::customer(person.user);
    let amount = months::instalment(person.customer, supply)?;
    let all = ledgers::of_accounts(tx, &world.clerk, &[person.account], &Which::default()).await?.concat();
    let Some(main) = all.iter().find(|ledger| ledger.is_main) else { return Ok(()) };
    let today = tx.business_now().await?.date_naive();
    let monthly = NewSchedule::monthly("DIRECT_DEBIT", DAY, Minor::positive_entry(amount)?);
    held_schedules::put(tx, Some(&viewer), main.id, &monthly, today).await?;
    Ok(())
}

async fn promise(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<(), DemoError> {
    let Some(account_number) = person.numbers.first() else { return Ok(()) };
    let all = ledgers::of_accounts(tx, &world.clerk, &[person.account], &Which::default()).await?.concat();
    let Some(main) = all.iter().find(|ledger| ledger.is_main) else { return Ok(()) };
    let day = tx.business_now().await?.date_naive() + SOON;
    let new = NewPromise { account_number, ledger: &main.number, amount: PROMISED, day };
    promises::note(tx, &world.clerk, &new).await?;
    Ok(())
}
