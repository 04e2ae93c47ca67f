//! The businesses among the customers of the demo world, and the sales partner that wins some of the others.

use super::{DemoError, Person};
use crate::domain::accounts::address::Address;
use crate::domain::accounts::businesses::create::{self, NewBusiness};
use crate::domain::accounts::businesses::{links, segments};
use crate::domain::accounts::partner_users;
use crate::domain::auth::Viewer;
use crate::platform::db::Tx;
use crate::platform::random::Randomness;

/// Registers the business behind an account, if there is one.
pub(super) async fn register(tx: &mut Tx, clerk: &Viewer, person: &Person) -> Result<(), DemoError> {
    let customer = person.customer;
    if !customer.account_type.starts_with("BUSINESS") {
        return Ok(());
    }
    let town = customer.address.last().copied().unwrap_or_default();
    let seat = Address {
        organization: format!("{} {}", customer.given_name, customer.family_name),
        street_address: customer.address[..customer.address.len().saturating_sub(1)].join("\n"),
        locality: town.to_owned(),
        postal_code: customer.postcode.to_owned(),
        ..Address::default()
    };
    let new = NewBusiness {
        name: seat.organization.clone(),
        number: "07654321".to_owned(),
        form: "LIMITED".to_owned(),
        details: vec![("WEBSITE".to_owned(), "https://reef-bakery.example.com".to_owned())],
        billing_address: None,
        legal_address: Some(seat),
        sectors: vec!["MANUFACTURING".to_owned(), "RETAIL".to_owned()],
    };
    let business = create::create(tx, clerk, &new).await?;
    links::link_account(tx, clerk, person.account, business.id, links::OWNER, false).await?;
    segments::put(tx, clerk, business.id, "NEW_BUSINESS").await?;
    Ok(())
}

/// Gives a partner user the sales partner that they work for.
pub(super) async fn employ(tx: &mut Tx, random: &Randomness, partner_user: i64) -> Result<(), DemoError> {
    let (name, email) = ("Doorbell Energy Sales", "hello@doorbell.example.com");
    let organisation = partner_users::add_organisation(tx, random, name, email, "FIELD_SALES").await?;
    Ok(partner_users::employ(tx, partner_user, organisation).await?)
}
