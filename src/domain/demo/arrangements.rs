//! What was arranged with some of the customers: when they are billed, and who collects what they do not pay.

use super::cast::Pays;
use super::{DemoError, Person, World};
use crate::domain::billing::rhythms::{self, Periods};
use crate::domain::ledgers::debts;
use crate::domain::ledgers::proceedings::{self, Closing, NewProceeding};
use crate::platform::db::Tx;
use crate::platform::market;

/// Months in which a debt goes to an agency, and in which it has been paid.
const HANDED_OVER: usize = 12;
const PAID: usize = 14;
/// The day of the month on which businesses are billed.
const BUSINESS_DAY: i32 = 15;

/// Businesses are billed in the middle of the month.
pub(super) async fn rhythm(tx: &mut Tx, person: &Person) -> Result<(), DemoError> {
    if person.customer.account_type != "BUSINESS" {
        return Ok(());
    }
    let periods =
        Periods { length: Some("MONTHLY"), multiplier: 1, day: Some(BUSINESS_DAY), ..Periods::default() };
    Ok(rhythms::agree(tx, person.account, &periods).await?)
}

/// In Britain, whoever pays late hears from an agency once.
pub(super) async fn agency(
    tx: &mut Tx,
    world: &World<'_>,
    person: &Person,
    month: usize,
) -> Result<(), DemoError> {
    let market = market::of_brand(person.customer.brand).filter(|market| market.code == "gb");
    let (Some(market), Pays::Late { .. }) = (market, &person.customer.pays) else { return Ok(()) };
    let Some(account_number) = person.numbers.first() else { return Ok(()) };
    let today = market.day(tx.business_now().await?);
    if month == HANDED_OVER && is_overdue(tx, world, account_number).await? {
        let new = NewProceeding {
            account_number,
            ledger_number: None,
            agency: "HARBOUR",
            campaign: "LIVE_ARREARS",
            is_white_label: false,
            started_on: today,
            amount: None,
            notes: Some("Pays in the end, but late."),
        };
        proceedings::commence(tx, &world.clerk, &new).await?;
    } else if month == PAID && is_with_an_agency(tx, world, person).await? {
        let closing = Closing {
            account_number,
            ledger_number: None,
            agency: "HARBOUR",
            campaign: None,
            reason: "PAID_IN_FULL",
            stopped_on: today,
            tells_agency: true,
        };
        proceedings::close(tx, &world.clerk, &closing).await?;
    }
    Ok(())
}

async fn is_overdue(tx: &mut Tx, world: &World<'_>, account_number: &str) -> Result<bool, DemoError> {
    let position = debts::position(tx, &world.clerk, account_number, None).await?;
    Ok(position.ledgers.iter().filter_map(|ledger| ledger.delinquent).any(|overdue| overdue > 0))
}

async fn is_with_an_agency(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<bool, DemoError> {
    let all = proceedings::of_accounts(tx, &world.clerk, &[person.account]).await?;
    Ok(all.iter().flatten().any(|proceeding| proceeding.stopped_at.is_none()))
}
