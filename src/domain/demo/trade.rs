//! The businesses among the customers of the demo world, and the sales partner that wins some of the others.

use super::cast::Customer;
use super::{DemoError, Person};
use crate::domain::accounts::address::Address;
use crate::domain::accounts::businesses::create::{self, NewBusiness};
use crate::domain::accounts::businesses::{links, segments};
use crate::domain::accounts::partner_users;
use crate::domain::auth::Viewer;
use crate::platform::db::Tx;
use crate::platform::market;
use crate::platform::random::Randomness;

/// Registers the business behind an account, if there is one.
pub(super) async fn register(tx: &mut Tx, clerk: &Viewer, person: &Person) -> Result<(), DemoError> {
    let customer = person.customer;
    let Some(company) = customer.company else { return Ok(()) };
    let seat = seat(customer);
    let new = NewBusiness {
        name: seat.organization.clone(),
        number: company.number.to_owned(),
        form: company.form.to_owned(),
        details: vec![("WEBSITE".to_owned(), company.website.to_owned())],
        billing_address: None,
        legal_address: Some(seat),
        sectors: company.sectors.iter().map(|sector| (*sector).to_owned()).collect(),
    };
    let business = create::create(tx, clerk, &new).await?;
    if company.premises.is_empty() {
        links::link_account(tx, clerk, person.account, business.id, links::OWNER, false).await?;
    } else {
        links::link_portfolio(tx, person.portfolio, business.id, links::OWNER).await?;
    }
    segments::put(tx, clerk, business.id, company.segment).await?;
    Ok(())
}

/// Where a business has its seat. The state stands behind the town, or on a line of its own.
fn seat(customer: &Customer) -> Address {
    let country = market::of_brand(customer.brand).map(|market| market.country.clone()).unwrap_or_default();
    let (last, before) = customer.address.split_last().unwrap_or((&"", &[]));
    let (streets, locality, state) = match (country.as_str(), before.split_last(), last.rsplit_once(' ')) {
        ("JP", Some((town, streets)), _) => (streets, *town, *last),
        ("AU" | "US", _, Some((town, state))) => (before, town, state),
        _ => (before, *last, ""),
    };
    Address {
        organization: format!("{} {}", customer.given_name, customer.family_name),
        street_address: streets.join("\n"),
        locality: locality.to_owned(),
        administrative_area: state.to_owned(),
        postal_code: customer.postcode.to_owned(),
        country,
        ..Address::default()
    }
}

/// Gives a partner user the sales partner that they work for.
pub(super) async fn employ(tx: &mut Tx, random: &Randomness, partner_user: i64) -> Result<(), DemoError> {
    let (name, email) = ("Doorbell Energy Sales", "hello@doorbell.example.com");
    let organisation = partner_users::add_organisation(tx, random, name, email, "FIELD_SALES").await?;
    Ok(partner_users::employ(tx, partner_user, organisation).await?)
}
