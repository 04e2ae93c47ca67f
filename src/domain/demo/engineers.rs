//! Engineers come to some customers of the demo world in its last months; the last of them are still to come.

use super::{DemoError, Person, World};
use crate::domain::supply::on_site::booking::{self, Booking};
use crate::domain::supply::on_site::requesting::{self, NewRequest};
use crate::domain::supply::on_site::simulated_field::Simulator;
use crate::domain::supply::on_site::{OnSiteError, visits};
use crate::domain::supply::supply_points;
use crate::platform::db::Tx;
use crate::platform::page::Window;
use crate::platform::random::Randomness;

/// The months in which they are sent for.
const SENT_FOR: std::ops::Range<u32> = 20..24;
/// Why, a month each.
const REASONS: [(&str, &str, &str); 4] = [
    ("METER", "FAULT", "The display stays dark."),
    ("READING", "NO_READINGS", "Nobody has read the meter for a year."),
    ("METER", "EXCHANGE", "The meter's time is up."),
    ("SMART", "HUB", ""),
];

/// What came of earlier visits is taken in, and some more are booked.
pub(super) async fn come(tx: &mut Tx, world: &World<'_>, month: u32) -> Result<(), DemoError> {
    if !SENT_FOR.contains(&month) {
        return Ok(());
    }
    visits::turn(tx, &Simulator).await?;
    let plain = |person: &&Person| person.customer.stories.is_empty() && !person.is_further;
    let people = (0_u32..).zip(world.people.iter().filter(plain));
    for (_, person) in people.filter(|(place, _)| place % 8 == month % 8) {
        send_for(tx, world, person, month).await?;
    }
    Ok(())
}

async fn send_for(tx: &mut Tx, world: &World<'_>, person: &Person, month: u32) -> Result<(), DemoError> {
    // Chance of its own, so that nothing else in the world hangs on who is visited.
    let random = Randomness::seeded(u64::from(month) * 100_000 + person.account.unsigned_abs());
    let first = Window::forward(0, 1);
    let pages = supply_points::page_of_accounts(tx, &world.clerk, &[person.account], &first).await?;
    let Some(point) = pages.into_iter().flat_map(|page| page.rows).next() else { return Ok(()) };
    let place = usize::try_from(month - SENT_FOR.start).unwrap_or(0);
    let Some((reason, sub_reason, comment)) = REASONS.get(place).copied() else { return Ok(()) };
    let new = NewRequest {
        points: &[(point.market_name, point.identifier)],
        reason,
        sub_reason,
        is_emergency: false,
        external_reference: "",
        comment,
    };
    let request = match requesting::ask(tx, &random, &world.clerk, &new).await {
        Ok(request) => request,
        // They have moved out.
        Err(OnSiteError::NoAccount) => return Ok(()),
        Err(other) => return Err(other.into()),
    };
    let session = booking::begin(tx, &random, &world.clerk, request.id).await?;
    visits::offer(tx, &random, &Simulator, session).await?;
    let (slots, _) = booking::offers(tx, &world.clerk, session).await?;
    let Some(slot) = slots.last() else { return Ok(()) };
    let booking = Booking {
        session,
        slot: slot.id,
        comments: "Ring twice.",
        comms_strategy: "SEND_ONLY_JOB_COMPLETED",
    };
    let visit = booking::book(tx, &random, &world.clerk, &booking).await?;
    Ok(visits::confirm(tx, &Simulator, visit.id).await?)
}
