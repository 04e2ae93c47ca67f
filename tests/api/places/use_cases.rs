//! What cannot be: two households in one home, two suppliers of one point, two meters in one place.

use std::time::Duration;

use kraken_api::domain::accounts::address::Address;
use kraken_api::domain::auth::Viewer;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::meters::{self, MeterError, NewRegister};
use kraken_api::domain::supply::properties::{self, NewProperty, OccupancyError, PropertyError};
use kraken_api::domain::supply::smart_meters::{self, DeviceError, NewDevice};
use kraken_api::domain::supply::supply_points::{self, NewPoint, RegisterError, SupplyError};
use kraken_api::platform::clock::Deadline;
use kraken_api::platform::db::Stats;
use rust_decimal::Decimal;

use crate::support::Server;
use crate::support::places::{address, day, meter, point, property, register, since, supplied};

const MPAN: &str = "2000050773706";

#[tokio::test]
async fn a_property_has_an_address_that_letters_reach() {
    let server = Server::start().await;
    let add = async |new: NewProperty<'_>| {
        let mut tx = server.tx().await;
        properties::add(&mut tx, &new).await
    };
    let good = NewProperty {
        market: "gb",
        label: Some(" The Old Forge "),
        address: address("gb"),
        coordinates: None,
    };
    assert!(add(good.clone()).await.is_ok());
    let nowhere = NewProperty { address: Address::default(), ..good.clone() };
    assert!(matches!(add(nowhere).await, Err(PropertyError::Address(_))));
    let unknown = NewProperty { market: "fr", ..good.clone() };
    assert!(matches!(add(unknown).await, Err(PropertyError::UnknownMarket)));
    let off_earth = NewProperty { coordinates: Some((Decimal::from(91), Decimal::ZERO)), ..good };
    assert!(matches!(add(off_earth).await, Err(PropertyError::Coordinates)));
}

#[tokio::test]
async fn one_household_lives_in_a_home() {
    let server = Server::start().await;
    let world = server.world().await;
    let greta = server.customer("greta@example.de", "Greta Lindemann", "OCTOPUS_ENERGY_GERMANY").await;
    let mut tx = server.tx().await;
    let home = property(&mut tx, "gb", world.ada.account_id).await;
    tx.commit().await.expect("committed");
    let (ada, bob) = (world.ada.account_id, world.bob.account_id);
    let move_in = async |property: i64, account: i64, occupier: bool| {
        let mut tx = server.tx().await;
        properties::move_in(&mut tx, property, account, day("2026-02-01"), occupier).await
    };
    assert!(matches!(move_in(home, bob, true).await, Err(OccupancyError::Occupied)));
    assert!(move_in(home, bob, false).await.is_ok(), "a landlord may hold it as well");
    assert!(matches!(move_in(home, ada, false).await, Err(OccupancyError::HeldAlready)));
    assert!(matches!(move_in(home, greta.account_id, false).await, Err(OccupancyError::NotThere)));
    assert!(matches!(move_in(1, bob, true).await, Err(OccupancyError::NotThere)));
    let move_out = async |account: i64, on: &str| {
        let mut tx = server.tx().await;
        properties::move_out(&mut tx, home, account, day(on)).await
    };
    assert!(matches!(move_out(bob, "2026-02-01").await, Err(OccupancyError::NotHeld)));
    assert!(
        matches!(move_out(ada, "2026-01-01").await, Err(OccupancyError::NotHeld)),
        "not on the first day"
    );
    // Supply that began later has been used; supply that has yet to begin is called off.
    let mut tx = server.tx().await;
    let at = supply_points::register(&mut tx, &point(home, MarketName::GbrElectricity, MPAN))
        .await
        .expect("a point");
    supply_points::begin_supply(&mut tx, at, ada, day("2026-02-01")).await.expect("supplied");
    tx.commit().await.expect("committed");
    assert!(matches!(move_out(ada, "2026-01-15").await, Err(OccupancyError::SuppliedSince)));
    assert!(move_out(ada, "2026-02-20").await.is_ok());
    let mut tx = server.tx().await;
    supply_points::end_supply(&mut tx, at, day("2026-02-10")).await.expect("ended");
    supply_points::begin_supply(&mut tx, at, ada, day("2026-06-01")).await.expect("agreed");
    properties::move_out(&mut tx, home, ada, day("2026-05-01")).await.expect("called off");
    let (left,): (i64,) =
        sqlx::query_as("select count(*) from supply_periods").fetch_one(&mut tx).await.expect("a count");
    assert_eq!(left, 1);
    let viewer = Viewer::customer(world.ada.user_id);
    let gone = supply_points::called_off(&mut tx, &viewer, &[at]).await.expect("asked").pop().flatten();
    let gone = gone.expect("remembered");
    assert_eq!(
        (gone.reason.as_str(), gone.was_to_begin.date_naive()),
        ("CUSTOMER_CHANGED_MIND", day("2026-05-31"))
    );
    supply_points::begin_supply(&mut tx, at, ada, day("2026-07-01")).await.expect("agreed again");
    let gone = supply_points::called_off(&mut tx, &viewer, &[at]).await.expect("asked");
    assert_eq!(gone, [None]);
}

#[tokio::test]
async fn a_point_is_registered_and_supplied_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let greta = server.customer("greta@example.de", "Greta Lindemann", "OCTOPUS_ENERGY_GERMANY").await;
    let mut tx = server.tx().await;
    let home = property(&mut tx, "gb", world.ada.account_id).await;
    let new = point(home, MarketName::GbrElectricity, MPAN);
    let (at, _) = supplied(&mut tx, &new, world.ada.account_id, "E1").await;
    tx.commit().await.expect("committed");
    let register = async |new: NewPoint<'_>| {
        let mut tx = server.tx().await;
        supply_points::register(&mut tx, &new).await
    };
    let free = point(home, MarketName::GbrElectricity, "2200001234569");
    assert!(matches!(
        register(point(home, MarketName::GbrElectricity, "20 00050773 706")).await,
        Err(RegisterError::Taken)
    ));
    assert!(matches!(
        register(point(home, MarketName::GbrElectricity, "1")).await,
        Err(RegisterError::Identifier(_))
    ));
    assert!(matches!(
        register(point(home, MarketName::DeuGas, "51238696781")).await,
        Err(RegisterError::UnknownProperty)
    ));
    assert!(matches!(
        register(NewPoint { property: 1, ..free.clone() }).await,
        Err(RegisterError::UnknownProperty)
    ));
    let melo = NewPoint { metering_location: Some("DE1"), ..free.clone() };
    assert!(matches!(register(melo).await, Err(RegisterError::Identifier(_))));
    assert!(matches!(
        register(NewPoint { reading_day: Some(32), ..free.clone() }).await,
        Err(RegisterError::ReadingDay)
    ));
    let negative = NewPoint { annual_wh: Some(-1), ..free };
    assert!(matches!(register(negative).await, Err(RegisterError::AnnualConsumption)));

    let begin = async |point: i64, account: i64| {
        let mut tx = server.tx().await;
        supply_points::begin_supply(&mut tx, point, account, day("2026-03-01")).await
    };
    assert!(matches!(begin(at, world.bob.account_id).await, Err(SupplyError::Supplied)));
    assert!(matches!(begin(at, greta.account_id).await, Err(SupplyError::NotThere)));
    assert!(matches!(begin(1, world.bob.account_id).await, Err(SupplyError::NotThere)));
    let end = async |on: &str| {
        let mut tx = server.tx().await;
        supply_points::end_supply(&mut tx, at, day(on)).await
    };
    assert!(matches!(end("2026-01-01").await, Err(SupplyError::NotSupplied)), "not on the first day");
    assert!(end("2026-01-02").await.is_ok());
}

#[tokio::test]
async fn one_meter_hangs_at_a_point() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    let home = property(&mut tx, "gb", world.ada.account_id).await;
    let new = point(home, MarketName::GbrElectricity, MPAN);
    let (at, first) = supplied(&mut tx, &new, world.ada.account_id, "E1").await;
    tx.commit().await.expect("committed");
    let registers = [register("1", "STANDARD", "STANDARD")];
    let install = async |point: i64, serial: &str, on: &str, registers: &[NewRegister<'_>]| {
        let mut tx = server.tx().await;
        meters::install(&mut tx, point, day(on), &meter(serial, registers)).await
    };
    assert!(matches!(install(at, "E2", "2026-02-01", &registers).await, Err(MeterError::HangsAlready)));
    assert!(matches!(install(at, "E2", "2025-02-01", &registers).await, Err(MeterError::HangsAlready)));
    assert!(matches!(install(1, "E2", "2026-02-01", &registers).await, Err(MeterError::UnknownPoint)));
    assert!(matches!(install(at, "E2", "2026-02-01", &[]).await, Err(MeterError::Registers)));
    let exchange = async |serial: &str, on: &str, registers: &[NewRegister<'_>]| {
        let mut tx = server.tx().await;
        meters::exchange(&mut tx, at, day(on), &meter(serial, registers)).await
    };
    let twice = [registers[0], registers[0]];
    assert!(matches!(exchange("E2", "2026-02-01", &twice).await, Err(MeterError::Registers)));
    let short = [NewRegister { digits: 2, ..registers[0] }];
    assert!(matches!(exchange("E2", "2026-02-01", &short).await, Err(MeterError::Registers)));
    assert!(matches!(exchange("E1", "2026-02-01", &registers).await, Err(MeterError::SerialNumberTaken)));
    assert!(matches!(exchange("E2", "2026-01-01", &registers).await, Err(MeterError::NothingToTakeOff)));
    let (old, _) = exchange("E2", "2026-02-01", &registers).await.expect("exchanged");
    assert_eq!(old, first);

    let mut tx = server.tx().await;
    let device = NewDevice {
        kind: "IHD",
        manufacturer: "Chameleon",
        model: "IHD6",
        firmware_version: "1",
        serial_number: "1",
        payment_mode: None,
        meter: None,
    };
    assert!(matches!(
        smart_meters::join(&mut tx, &server.random, 1, &device).await,
        Err(DeviceError::NotThere)
    ));
    let mut tx = server.tx().await;
    let unknown = NewDevice { meter: Some(1), ..device };
    assert!(matches!(
        smart_meters::join(&mut tx, &server.random, home, &unknown).await,
        Err(DeviceError::NotThere)
    ));
    let mut tx = server.tx().await;
    let esme = NewDevice { kind: "ESME", meter: Some(first), ..device };
    let joined = smart_meters::join(&mut tx, &server.random, home, &esme).await.expect("joined");
    smart_meters::retire(&mut tx, first).await.expect("retired");
    assert!(matches!(smart_meters::commission(&mut tx, joined).await, Err(DeviceError::Status)));
    assert!(since() < day("2026-02-01"));
}

#[tokio::test]
async fn of_two_callers_at_once_one_moves_in_and_one_supplies() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    let new = NewProperty { market: "gb", label: None, address: address("gb"), coordinates: None };
    let home = properties::add(&mut tx, &new).await.expect("a property");
    let at = supply_points::register(&mut tx, &point(home, MarketName::GbrElectricity, MPAN))
        .await
        .expect("a point");
    tx.commit().await.expect("committed");
    let try_it = async |account: i64| {
        let deadline = Deadline::after(Duration::from_secs(30));
        let mut tx = server.database.write(deadline, &Stats::new()).await.expect("a transaction");
        properties::move_in(&mut tx, home, account, since(), true).await.map_err(|e| e.to_string())?;
        supply_points::begin_supply(&mut tx, at, account, since()).await.map_err(|e| e.to_string())?;
        tx.commit().await.map_err(|e| e.to_string())
    };
    let (one, other) = tokio::join!(try_it(world.ada.account_id), try_it(world.bob.account_id));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
}
