//! Who joined a while after the first customers of their brand was brought by one of them; a partner hands codes out.

use super::{DemoError, Person, World};
use crate::domain::auth::Viewer;
use crate::domain::loyalty::referrals::making::{self, ReferralError};
use crate::domain::loyalty::referrals::{claim_codes, rewarding};
use crate::platform::db::Tx;

/// The months in which somebody is brought by whoever was there first.
const WITHIN: std::ops::Range<usize> = 3..24;
/// The month in which a partner is given codes.
const PARTNERED: u32 = 20;
const CODES: [&str; 3] = ["SUNROOF-7QK2", "SUNROOF-M4XD", "SUNROOF-9TPL"];

/// Whoever joined this month says who brought them, and those of earlier months are paid for.
pub(super) async fn bring(tx: &mut Tx, world: &World<'_>, month: u32) -> Result<(), DemoError> {
    if month == PARTNERED {
        for code in CODES {
            claim_codes::issue(tx, "solar-partner", code).await?;
        }
    }
    rewarding::pay_due(tx).await?;
    let joined = |joined: usize| WITHIN.contains(&joined) && u32::try_from(joined) == Ok(month);
    // Whoever has a story is left to it: a reward may pay the debt that it is about.
    let plain = |person: &&Person| person.customer.stories.is_empty() && !person.is_further;
    for person in world.people.iter().filter(plain).filter(|person| joined(person.customer.joined)) {
        let first =
            world.people.iter().filter(plain).find(|first| first.customer.brand == person.customer.brand);
        let Some(first) = first.filter(|first| first.account != person.account) else { continue };
        let viewer = Viewer::customer(person.user);
        match making::refer(tx, &viewer, person.number(), first.number()).await {
            // Some brands have no scheme, and businesses that of other accounts.
            Ok(_) | Err(ReferralError::UnknownReference | ReferralError::OtherType) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Ok(())
}
