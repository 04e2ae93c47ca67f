//! Customers of the demo world who can log in: the first one, and one of each further market, with meters that read
//! themselves.

use super::{DemoCustomer, DemoError, Person, World};
use crate::domain::auth::subjects::Subject;
use crate::domain::auth::{Auth, api_keys, logins};
use crate::platform::db::Tx;
use crate::platform::market;

const ABROAD: [&str; 4] = [
    "jonas.petersen@example.de",
    "sakura.inoue@example.jp",
    "tilly.nguyen@example.com.au",
    "wade.castillo@example.com",
];

/// Lets them in; the first customer is the first of the answer.
pub(super) async fn give(
    tx: &mut Tx,
    auth: &Auth,
    world: &World<'_>,
) -> Result<Vec<DemoCustomer>, DemoError> {
    let is_abroad = |person: &&Person| !person.is_further && ABROAD.contains(&person.customer.email);
    let first = world.people.first();
    let mut customers = Vec::new();
    for person in first.into_iter().chain(world.people.iter().filter(is_abroad)) {
        customers.push(one(tx, auth, world, person).await?);
    }
    Ok(customers)
}

async fn one(
    tx: &mut Tx,
    auth: &Auth,
    world: &World<'_>,
    person: &Person,
) -> Result<DemoCustomer, DemoError> {
    let password = world.random.alphanumeric(16);
    let hash = auth.passwords().hash(&password).await?;
    let email = person.customer.email.to_owned();
    logins::add(tx, Subject::AccountUser(person.user), &email, Some(&hash)).await?;
    let api_key = api_keys::regenerate(tx, world.random, person.user).await?;
    let market =
        market::of_brand(person.customer.brand).map(|market| market.code.clone()).unwrap_or_default();
    Ok(DemoCustomer { market, email, password, api_key, account_numbers: person.numbers.clone() })
}
