//! Some British customers of the demo world spin the wheel of fortune in its last months.

use super::{DemoError, World};
use crate::domain::auth::Viewer;
use crate::domain::loyalty::wheel::{self, Spin, SpinError};
use crate::platform::db::Tx;
use crate::platform::market;
use crate::platform::random::Randomness;

/// The first month in which they do.
const FIRST: u32 = 20;

/// One of five spins for whatever is supplied there.
pub(super) async fn spin(tx: &mut Tx, world: &World<'_>, month: u32) -> Result<(), DemoError> {
    if month < FIRST {
        return Ok(());
    }
    let british = |brand| market::of_brand(brand).is_some_and(|market| market.code == "gb");
    let people = world.people.iter().filter(|person| british(person.customer.brand) && !person.is_further);
    for (place, person) in (0_u64..).zip(people).filter(|(place, _)| place % 5 == 1) {
        // Chance of its own, so that nothing else in the world hangs on who spins.
        let random = Randomness::seeded(u64::from(month) * 1000 + place);
        for supply_type in ["ELECTRICITY", "GAS"] {
            let new = Spin { account_number: person.number(), supply_type, accepts_terms: true };
            match wheel::spin(tx, &random, &Viewer::customer(person.user), &new).await {
                // Nobody is supplied there with that any more.
                Ok(_) | Err(SpinError::NothingLeft) => {}
                Err(other) => return Err(other.into()),
            }
        }
    }
    Ok(())
}
