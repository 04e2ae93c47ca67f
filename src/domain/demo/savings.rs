//! Some British customers of the demo world take part in saving sessions, for the last of the two years.

use chrono::{Days, NaiveTime};

use super::months::wait_until;
use super::{DemoError, World};
use crate::domain::accounts::accounts;
use crate::domain::auth::Viewer;
use crate::domain::loyalty::simulated_grid::{MARKET, Simulator};
use crate::domain::loyalty::taking_part::TakingPartError;
use crate::domain::loyalty::{
    announcements, dealings, memberships, sessions, settling, taking_part, wallets,
};
use crate::platform::db::Tx;
use crate::platform::market;

/// The first month in which there are any.
const FIRST: u32 = 12;
/// How many points somebody saves up before turning them into credit.
const SAVED_UP: i64 = 400;
/// The days after the middle of a month on which sessions are looked for.
const DAYS: u64 = 10;

/// A customer who takes part.
struct Member {
    viewer: Viewer,
    number: String,
    place: usize,
}

/// Two of three British households that can join Octoplus do.
pub(super) async fn join(tx: &mut Tx, world: &World<'_>, month: u32) -> Result<(), DemoError> {
    if month < FIRST {
        return Ok(());
    }
    for Member { viewer, number, .. } in all(world) {
        let Some(account) = accounts::by_number(tx, &viewer, &number).await? else { continue };
        let is_free = memberships::ineligibilities(tx, &account).await?.is_empty();
        if is_free && !account.account_type.starts_with("BUSINESS") {
            memberships::join(tx, &viewer, &number, None).await?;
            taking_part::join_with_programme(tx, &viewer, &account, None).await?;
        }
    }
    Ok(())
}

fn all(world: &World<'_>) -> Vec<Member> {
    let british = |brand| market::of_brand(brand).is_some_and(|market| market.code == MARKET);
    let people = world.people.iter().enumerate();
    let members = people.filter(|(at, person)| at % 3 != 2 && british(person.customer.brand));
    let member = |(place, person): (usize, &super::Person)| Member {
        viewer: Viewer::customer(person.user),
        number: person.number().to_owned(),
        place,
    };
    members.map(member).collect()
}

/// Lets some afternoons go by, on each of which customers look at what has been announced.
pub(super) async fn afternoons(tx: &mut Tx, world: &World<'_>, month: u32) -> Result<(), DemoError> {
    if month < FIRST {
        return Ok(());
    }
    let today = tx.business_now().await?.date_naive();
    for day in (1..=DAYS).filter_map(|days| today.checked_add_days(Days::new(days))) {
        let three = NaiveTime::from_hms_opt(15, 0, 0).unwrap_or_default();
        wait_until(tx, day.and_time(three).and_utc()).await?;
        look(tx, world).await?;
    }
    Ok(())
}

/// Takes in what has been announced. Most of those who take part join what is still to come.
pub(super) async fn look(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    announcements::turn(tx, &Simulator::default()).await?;
    let announced = sessions::events(tx, false).await?;
    for event in announced.iter().filter(|event| event.status == "UPCOMING" && event.participants == 0) {
        let joins = |member: &Member| (event.id + i64::try_from(member.place).unwrap_or(0)) % 4 != 0;
        for Member { viewer, number, .. } in all(world).into_iter().filter(joins) {
            match taking_part::join_session(tx, &viewer, &number, &event.code).await {
                // Whoever has moved out, or was never in.
                Ok(_) | Err(TakingPartError::NotIn | TakingPartError::NotEligible) => {}
                Err(other) => return Err(other.into()),
            }
        }
    }
    Ok(())
}

/// Settles what is over. All but the first turn what they have saved up into credit.
pub(super) async fn settle(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    settling::catch_up(tx).await?;
    for Member { viewer, number, .. } in all(world).into_iter().filter(|member| member.place > 0) {
        let Some(account) = accounts::by_number(tx, &viewer, &number).await? else { continue };
        let Some(member) = memberships::current(tx, account.id).await? else { continue };
        let held = wallets::balance(tx, &member.market, member.user_id).await?;
        if held.is_some_and(|points| points >= SAVED_UP) {
            dealings::redeem_all(tx, &viewer, &number).await?;
        }
    }
    Ok(())
}
