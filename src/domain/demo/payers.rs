//! The bank accounts that customers pay from.

use super::cast::Pays;
use super::{DemoError, Person, World};
use crate::domain::auth::Viewer;
use crate::domain::payments::bank::Given;
use crate::domain::payments::direct_debits::{self, NewDirectDebit};
use crate::domain::payments::vendors::{mandates, simulated_mandates};
use crate::platform::db::Tx;
use crate::platform::market;

/// Whoever pays by direct debit sets one up.
pub(super) async fn bank_account(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<(), DemoError> {
    let (Pays::Fixed { payment_type, .. } | Pays::InFull { payment_type, .. }) = person.customer.pays else {
        return Ok(());
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
