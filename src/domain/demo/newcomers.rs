//! Accounts of the demo world that nothing has come of, or not yet: people about to join, one who withdrew, and a
//! prospect.

use super::{DemoAccount, DemoError, World};
use crate::domain::accounts::applications::{self, Sale};
use crate::domain::accounts::details::Wishes;
use crate::domain::accounts::lifecycle::{self, Status};
use crate::domain::accounts::shells::{self, NewShell};
use crate::domain::accounts::sign_up::{self, Bills, Given, NewPerson, NewSignUp};
use crate::domain::billing::rhythms::Periods;
use crate::platform::db::Tx;
use crate::platform::market;

/// Somebody who has signed up.
struct Newcomer {
    names: (&'static str, &'static str),
    email: &'static str,
    brand: &'static str,
    lines: [&'static str; 5],
    postcode: &'static str,
    /// What has become of them.
    status: Status,
}

/// A supplier that was taken over.
const TAKEN_OVER: &str = "Harbour Lights Energy";

const NEWCOMERS: [Newcomer; 4] = [
    Newcomer {
        names: ("Isolde", "Penrose"),
        email: "isolde.penrose@example.com",
        brand: "OCTOPUS_ENERGY",
        lines: ["4 Curlew Terrace", "St Ives", "", "", ""],
        postcode: "TR26 1NB",
        status: Status::Pending,
    },
    Newcomer {
        names: ("Femke", "Janssen"),
        email: "femke.janssen@example.de",
        brand: "OCTOPUS_ENERGY_GERMANY",
        lines: ["Ebbeweg 12", "Emden", "", "", ""],
        postcode: "26721",
        status: Status::Incomplete,
    },
    Newcomer {
        names: ("Gus", "Delacroix"),
        email: "gus.delacroix@example.com",
        brand: "OCTOPUS_ENERGY_US",
        lines: ["610 Levee Road", "Beaumont TX", "", "", ""],
        postcode: "77701",
        status: Status::Withdrawn,
    },
    Newcomer {
        names: ("Kirra", "Ashby"),
        email: "kirra.ashby@example.com.au",
        brand: "ORIGIN",
        lines: ["2 Stingray Close", "Byron Bay NSW", "", "", ""],
        postcode: "2481",
        status: Status::EnrolmentRejected,
    },
];

/// Signs everybody up. Answers their accounts.
pub(super) async fn sign_up(tx: &mut Tx, world: &World<'_>) -> Result<Vec<DemoAccount>, DemoError> {
    let mut made = Vec::new();
    for newcomer in &NEWCOMERS {
        let account = join(tx, world, newcomer).await?;
        if newcomer.status != Status::Pending {
            lifecycle::advance(tx, &world.clerk, account.id, newcomer.status).await?;
        }
        made.push(listed(newcomer.names, newcomer.brand, account.number));
    }
    made.push(prospect(tx, world).await?);
    take_over(tx, world).await?;
    Ok(made)
}

/// The customers who came with a small supplier that was taken over when this one began: some of the first month's.
async fn take_over(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    let first = world.people.iter().filter(|person| person.customer.joined == 0 && !person.is_further);
    for person in first.step_by(4) {
        applications::migrated(tx, person.number(), TAKEN_OVER, None).await?;
    }
    Ok(())
}

async fn join(tx: &mut Tx, world: &World<'_>, newcomer: &Newcomer) -> Result<Given, DemoError> {
    let Newcomer { names: (given, family), email, brand, lines, postcode, .. } = *newcomer;
    let market = market::of_brand(brand).ok_or(sqlx::Error::RowNotFound)?;
    let wishes = Wishes {
        given_name: Some(given.to_owned()),
        family_name: Some(family.to_owned()),
        email: Some(email.to_owned()),
        ..Wishes::default()
    };
    let person = NewPerson { brand, wishes, portfolio: None, role: None };
    let user = sign_up::person(tx, world.random, &world.clerk, market, &person).await?;
    let name = format!("{given} {family}");
    let new = NewSignUp {
        brand,
        account_type: "DOMESTIC",
        portfolio: None,
        billing_name: &name,
        bills: Bills::Lines { lines, postcode, country: None },
        urn: None,
        sale: Some(Sale { channel: "DIRECT", subchannel: Some("WEB"), date: None, preferred_start: None }),
    };
    Ok(sign_up::account(tx, world.random, &world.clerk, market, user.id, &new).await?)
}

/// Somebody whom a sales partner is talking to; they would be billed every quarter.
async fn prospect(tx: &mut Tx, world: &World<'_>) -> Result<DemoAccount, DemoError> {
    let (brand, names) = ("OCTOPUS_ENERGY", ("Rowan", "Ashdown"));
    let new = NewShell {
        brand,
        person: Wishes {
            given_name: Some(names.0.to_owned()),
            family_name: Some(names.1.to_owned()),
            email: Some("rowan.ashdown@example.com".to_owned()),
            ..Wishes::default()
        },
        lines: ["15 Heron Lane", "Bath", "", "", ""],
        postcode: "BA1 1AA",
        urn: Some("DOORBELL-1"),
        periods: Some(Periods { length: Some("QUARTERLY"), multiplier: 1, ..Periods::default() }),
        ..NewShell::default()
    };
    let opened = shells::open(tx, world.random, &world.clerk, &new, None).await?;
    Ok(listed(names, brand, opened.number))
}

fn listed(names: (&str, &str), brand: &str, number: String) -> DemoAccount {
    let market = market::of_brand(brand).map(|market| market.code.clone()).unwrap_or_default();
    DemoAccount { market, number, holder: format!("{} {}", names.0, names.1) }
}
