//! What customers pay from: bank accounts, slips that they take to a shop, and benefits.

use chrono::NaiveDate;

use super::cast::{Customer, DIRECT_DEBIT, Pays};
use super::months::{self, KONBINI};
use super::{DemoError, Person, World};
use crate::domain::auth::Viewer;
use crate::domain::ledgers::ledgers::{self, Which};
use crate::domain::payments::bank::Given;
use crate::domain::payments::centrepay::{self, NewDeduction};
use crate::domain::payments::direct_debits::{self, NewDirectDebit};
use crate::domain::payments::held_schedules::{self, NewSchedule};
use crate::domain::payments::vendors::{
    mandates, simulated_benefits, simulated_collections, simulated_mandates, simulated_payouts,
    simulated_slips,
};
use crate::domain::payments::{centrepay_round, payouts, round, settlements, slips};
use crate::platform::db::Tx;
use crate::platform::market;
use crate::platform::money::Minor;

/// The day of the month on which instalments fall due, and the unit that they are multiples of.
const DAY: i32 = 5;
const UNIT: i64 = 100;

/// Whoever pays by direct debit sets one up.
pub(super) async fn bank_account(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<(), DemoError> {
    let payment_type = match person.customer.pays {
        Pays::Fixed { payment_type, .. } | Pays::InFull { payment_type, .. } => payment_type,
        Pays::Instalments { .. } => DIRECT_DEBIT,
        Pays::Late { .. } => return Ok(()),
    };
    let market = market::of_brand(person.customer.brand).filter(|_| payment_type.starts_with("DD_"));
    let (Some(market), Some(account_number)) = (market, person.numbers.first()) else { return Ok(()) };
    // Those below stand for what goes wrong.
    let digits = 1000 + world.random.below(9000);
    let customer = person.customer;
    let bank = Given {
        account_holder: Some(format!("{} {}", customer.given_name, customer.family_name)),
        ..details(&market.code, digits)
    };
    let viewer = Viewer::customer(person.user);
    let new = NewDirectDebit { account_number, ledger: None, valid_from: None, owners: &[] };
    let made = direct_debits::set_up(tx, &viewer, &new, &bank).await?;
    mandates::order(tx, &simulated_mandates::Simulator, made.id, 0).await?;
    Ok(())
}

/// Whoever pays instalments has them collected from now on.
pub(super) async fn instalments(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<(), DemoError> {
    let (Pays::Instalments { permille }, Some(supply)) =
        (&person.customer.pays, person.customer.supplies.first())
    else {
        return Ok(());
    };
    let whole = months::instalment(person.customer, supply)? * permille / 1000 / UNIT * UNIT;
    let all = ledgers::of_accounts(tx, &world.clerk, &[person.account], &Which::default()).await?.concat();
    let Some(main) = all.iter().find(|ledger| ledger.is_main) else { return Ok(()) };
    let today = tx.business_now().await?.date_naive();
    let monthly = NewSchedule::monthly("DIRECT_DEBIT", DAY, Minor::positive_entry(whole)?);
    held_schedules::put(tx, Some(&Viewer::customer(person.user)), main.id, &monthly, today).await?;
    Ok(())
}

/// Carries out what bills settled, and collects and pays out what is due.
pub(super) async fn collect(tx: &mut Tx) -> Result<(), DemoError> {
    settlements::bring_up(tx).await?;
    round::bring_up(tx, &simulated_collections::Simulator).await?;
    payouts::bring_up(tx, &simulated_payouts::Simulator).await?;
    Ok(())
}

/// Has slips made for the bills that want one, and takes in what shops and Services Australia have reported.
pub(super) async fn through_others(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    slips::bring_up(tx, &simulated_slips::Simulator(world.random.clone())).await?;
    centrepay_round::bring_up(tx, &simulated_benefits::Simulator).await?;
    Ok(())
}

/// The first Australian household has a part of a benefit paid for its account from now on.
pub(super) async fn deduction(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    let is_household = |person: &&Person| {
        let customer = person.customer;
        market::of_brand(customer.brand).is_some_and(|market| market.code == "au")
            && customer.company.is_none()
    };
    let Some(person) = world.people.iter().find(is_household) else { return Ok(()) };
    let (year, month, day) = person.customer.born;
    let Some(date_of_birth) = NaiveDate::from_ymd_opt(year, month, day) else { return Ok(()) };
    let new = NewDeduction {
        account_number: person.number(),
        benefit_group: "FTB",
        service_reason: "ELE",
        customer_reference_number: "204817356K",
        amount: 2500,
        target_amount: None,
        valid_from: None,
        valid_to: None,
        given_name: person.customer.given_name,
        family_name: person.customer.family_name,
        date_of_birth,
    };
    centrepay::set_up(tx, &new).await?;
    Ok(())
}

/// Those who pay at shops take the slips that came today there.
pub(super) async fn at_the_till(tx: &mut Tx, world: &World<'_>, month: usize) -> Result<(), DemoError> {
    for person in world.people.iter().filter(|person| goes_to_a_shop(person.customer, month)) {
        let viewer = Viewer::customer(person.user);
        if let Some(slip) = slips::latest(tx, &viewer, person.number()).await? {
            simulated_slips::pay(tx, &slip.reference).await?;
        }
    }
    Ok(())
}

fn goes_to_a_shop(customer: &Customer, month: usize) -> bool {
    let is_due = match customer.pays {
        Pays::InFull { payment_type: KONBINI, .. } => true,
        Pays::Late { every, payment_type: KONBINI, .. } => {
            month.saturating_sub(customer.joined) % every == every - 1
        }
        _ => false,
    };
    is_due && customer.pays_in(month) && !customer.is_gone(month)
}

fn details(market: &str, digits: u64) -> Given {
    let (bank, branch, number) = match market {
        "gb" => ("200415", None, format!("7301{digits}")),
        "jp" => ("0005", Some("210"), format!("482{digits}")),
        "au" => ("062000", None, format!("1053{digits}")),
        "us" => ("021000021", None, format!("88012{digits}")),
        _ => return Given { iban: Some(iban(digits)), ..Given::default() },
    };
    Given {
        account_number: Some(number),
        bank_code: Some(bank.to_owned()),
        branch_code: branch.map(str::to_owned),
        ..Given::default()
    }
}

/// A German IBAN that ends in these four digits.
fn iban(digits: u64) -> String {
    let bban = format!("37040044053201{digits}");
    // D is 13 and E is 14; the check digits are what is missing to one more than a multiple of 97.
    let rest =
        format!("{bban}131400").bytes().fold(0_u64, |rest, digit| (rest * 10 + u64::from(digit - b'0')) % 97);
    format!("DE{:02}{bban}", 98 - rest)
}
