//! Somebody who is about to move: the next home is taken before the present one is given up.

use chrono::{Days, NaiveDate};

use super::homes::{HomeError, known_number};
use super::{DemoError, Person, World, areas};
use crate::domain::accounts::address::Address;
use crate::domain::supply::agreements::{self, NewAgreement};
use crate::domain::supply::identifiers::MarketName;
use crate::domain::supply::moves::{self, MoveOut};
use crate::domain::supply::processes::driving;
use crate::domain::supply::properties::{self, NewProperty, Which};
use crate::domain::supply::simulated_registration::Simulator;
use crate::domain::supply::supply_points::{self, NewPoint};
use crate::platform::db::Tx;
use crate::platform::market;

/// Who moves.
const MOVER: &str = "callum.fraser@example.com";
/// In how many days supply of the next home begins, and the present one is given up.
const IN: u64 = 12;
const OUT: u64 = 21;

/// Lets the register and time carry on what is under way.
pub(super) async fn carry_on(tx: &mut Tx) -> Result<(), DemoError> {
    Ok(driving::turn(tx, &Simulator).await?)
}

/// Lets somebody say that they move.
pub(super) async fn announce(tx: &mut Tx, world: &World<'_>) -> Result<(), DemoError> {
    let mover = world.people.iter().find(|person| person.customer.email == MOVER);
    let Some(mover) = mover else { return Ok(()) };
    let Some(market) = market::of_brand(mover.customer.brand) else { return Ok(()) };
    let today = market.day(tx.business_now().await?);
    let (Some(first), Some(last)) =
        (today.checked_add_days(Days::new(IN)), today.checked_add_days(Days::new(OUT)))
    else {
        return Ok(());
    };
    let which = Which { active: Some(true), held_since: None };
    let held = properties::of_accounts(tx, &world.clerk, &[mover.account], which).await?;
    let next = Address {
        street_address: "9 Tangle Row".to_owned(),
        locality: "Anstruther".to_owned(),
        postal_code: "KY10 3AA".to_owned(),
        ..Address::default()
    };
    take(tx, world, mover, next, first).await?;
    for home in held.into_iter().flatten() {
        let wanted = MoveOut {
            account_number: mover.number().to_owned(),
            property: home.id,
            on: last,
            forwarding: None,
            tenant: None,
        };
        moves::move_out(tx, &world.clerk, &wanted).await.map_err(HomeError::from)?;
    }
    Ok(())
}

async fn take(
    tx: &mut Tx,
    world: &World<'_>,
    mover: &Person,
    address: Address,
    on: NaiveDate,
) -> Result<(), DemoError> {
    let area = areas::of("gb", &address);
    let coordinates = Some(area.place(world.random));
    let new = NewProperty { market: "gb", label: None, address, coordinates };
    let property = properties::add(tx, &new).await.map_err(HomeError::from)?;
    properties::move_in(tx, property, mover.account, on, true).await.map_err(HomeError::from)?;
    let new = NewPoint {
        property,
        market_name: MarketName::GbrElectricity,
        identifier: &known_number(world, MarketName::GbrElectricity, area.number),
        metering_location: None,
        is_export: false,
        region: area.region,
        network_operator: Some(area.operator),
        load_profile: Some("1"),
        annual_wh: Some(2_700_000),
        reading_day: None,
        has_critical_care: false,
    };
    let point = supply_points::register(tx, &new).await.map_err(HomeError::from)?;
    supply_points::begin_supply(tx, point, mover.account, on).await.map_err(HomeError::from)?;
    let new = NewAgreement {
        account: mover.account,
        supply_point: point,
        product: "VAR-22-11-01",
        payment_method: "DIRECT_DEBIT",
        from: on,
        to: None,
        charged_from: None,
    };
    agreements::agree(tx, &new).await?;
    Ok(())
}
