//! What became of two of the demo world's bills: one was wrong and was made good, one is being looked at.

use super::cast::Supply;
use super::{DemoError, Person, World};
use crate::domain::billing::documents::Document;
use crate::domain::billing::lists::{self, Bill, Filter};
use crate::domain::billing::{annul, holds};
use crate::domain::ledgers::charges::{self, SupplyCharge};
use crate::domain::ledgers::ledgers::{self, Which};
use crate::platform::db::Tx;
use crate::platform::market;
use crate::platform::page::Window;

/// The month in which a bill turned out to be wrong, and the one in which another is in doubt.
const WRONG: u32 = 14;
const IN_DOUBT: u32 = 23;

/// Lets happen what happens to bills in a month.
pub(super) async fn happen(tx: &mut Tx, world: &World<'_>, month: u32) -> Result<(), DemoError> {
    match month {
        WRONG => make_good(tx, world).await,
        IN_DOUBT => look_at(tx, world).await,
        _ => Ok(()),
    }
}

fn somebody<'a>(world: &'a World<'_>, market: &str) -> Option<&'a Person> {
    let is_there =
        |person: &&Person| market::of_brand(person.customer.brand).is_some_and(|m| m.code == market);
    world.people.iter().find(is_there)
}

/// The latest bill on somebody's main ledger, whose period may still run.
async fn latest(
    tx: &mut Tx,
    world: &World<'_>,
    person: &Person,
    with_open: bool,
) -> Result<Option<Document>, DemoError> {
    let ledgers = ledgers::of_accounts(tx, &world.clerk, &[person.account], &Which::default()).await?;
    let ledger_number = ledgers.into_iter().flatten().next().map(|main| main.number);
    let filter = Filter { with_open, without_earlier: true, ledger_number, ..Filter::default() };
    let window = Window::forward(0, 1);
    let found = lists::of_accounts(tx, &world.clerk, &[person.account], &filter, &window).await?;
    let own = |bill| if let Bill::Own(document) = bill { Some(*document) } else { None };
    Ok(found.into_iter().flat_map(|page| page.rows).find_map(own))
}

/// A bill was too high: it is undone by a credit note, and what was right is charged.
async fn make_good(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    let Some(person) = somebody(world, "de") else { return Ok(()) };
    let Some(bill) = latest(tx, world, person, false).await? else { return Ok(()) };
    annul::annul(tx, bill.id).await?;
    let on_main = |supply: &&Supply| supply.ledger_type.is_none();
    let Some(supply) = person.customer.supplies.iter().find(on_main) else { return Ok(()) };
    let charge = SupplyCharge {
        supply: supply.supply,
        title: supply.title,
        net: bill.charges_net.0 * 4 / 5,
        is_export: false,
        ledger_type: supply.ledger_type,
    };
    charges::for_supply(tx, person.account, &charge).await?;
    Ok(())
}

/// The bill of this month is not to go out before somebody has looked at it.
async fn look_at(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    let Some(person) = somebody(world, "us") else { return Ok(()) };
    if let Some(bill) = latest(tx, world, person, true).await? {
        holds::hold(tx, bill.id, "The meter reading is being checked.").await?;
    }
    Ok(())
}
