//! Where the people of the demo world live: their properties, the points at which they are supplied, and their meters.
//! Electricity and gas are what the cast is charged for; what is special about a home is in a table here.

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use thiserror::Error;

use super::areas::{self, Area};
use super::cast::{Customer, Supply};
use super::{DemoError, Person, World, premises, products};
use crate::domain::accounts::accounts;
use crate::domain::accounts::address::Address;
use crate::domain::supply::capacities::{self, Capacity, CapacityError};
use crate::domain::supply::gas;
use crate::domain::supply::gas_meters::{self, FactsError, GasMeterFacts};
use crate::domain::supply::gas_register;
use crate::domain::supply::identifiers::{self, MarketName};
use crate::domain::supply::meters::{self, MeterError, NewMeter, NewRegister};
use crate::domain::supply::moves::MoveError;
use crate::domain::supply::properties::{self, NewProperty, OccupancyError, PropertyError, Which};
use crate::domain::supply::simulated_gas_register::{self, Simulator};
use crate::domain::supply::simulated_registration;
use crate::domain::supply::smart_meters::{self, DeviceError, NewDevice};
use crate::domain::supply::supply_points::{self, NewPoint, RegisterError, SupplyError, SupplyPoint};
use crate::platform::db::Tx;
use crate::platform::market;
use crate::platform::page::Window;

/// Why a home was not made.
#[derive(Debug, Error)]
pub enum HomeError {
    #[error(transparent)]
    Property(#[from] PropertyError),
    #[error(transparent)]
    Occupancy(#[from] OccupancyError),
    #[error(transparent)]
    Point(#[from] RegisterError),
    #[error(transparent)]
    Supply(#[from] SupplyError),
    #[error(transparent)]
    Meter(#[from] MeterError),
    #[error(transparent)]
    Move(#[from] MoveError),
    #[error(transparent)]
    Gas(#[from] FactsError),
    #[error(transparent)]
    Capacity(#[from] CapacityError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What an electricity meter tells apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bands {
    One,
    DayNight,
    /// All of it, and beside it what a boiler takes when the network lets it.
    ControlledLoad,
}

/// What is special about a home.
#[derive(Clone, Copy)]
struct Wiring {
    bands: Bands,
    is_smart: bool,
    /// The month in which a meter that people read is exchanged for one that reads itself.
    exchanged: Option<usize>,
    is_prepaid: bool,
}

const USUAL: Wiring = Wiring { bands: Bands::One, is_smart: true, exchanged: None, is_prepaid: false };
const OLD: Wiring = Wiring { is_smart: false, ..USUAL };

/// Homes that are not as most are, by the customer's e-mail.
const SPECIAL: [(&str, Wiring); 10] = [
    ("marcus.oyelaran@example.com", Wiring { bands: Bands::DayNight, exchanged: Some(9), ..OLD }),
    ("oscar.bellweather@example.com", Wiring { bands: Bands::DayNight, ..USUAL }),
    ("zainab.qureshi@example.com", Wiring { is_prepaid: true, ..USUAL }),
    ("edith.marlow@example.com", OLD),
    ("greta.lindemann@example.de", Wiring { bands: Bands::DayNight, ..OLD }),
    ("jonas.petersen@example.de", Wiring { exchanged: Some(13), ..OLD }),
    ("hannelore.brandt@example.de", OLD),
    ("chiyo.watanabe@example.jp", Wiring { exchanged: Some(20), ..OLD }),
    ("tilly.nguyen@example.com.au", Wiring { bands: Bands::ControlledLoad, ..USUAL }),
    ("banjo.murray@example.com.au", OLD),
];

fn wiring(customer: &Customer) -> Wiring {
    SPECIAL.iter().find(|(email, _)| *email == customer.email).map_or(USUAL, |(_, wiring)| *wiring)
}

/// What is about to be wired.
struct Site<'a> {
    customer: &'a Customer,
    market: &'static str,
    area: &'static Area,
    wiring: Wiring,
    property: i64,
    account: i64,
    postcode: &'a str,
    on: NaiveDate,
}

/// Lets somebody who has just joined live where they are billed. An account beside the first has electricity only.
pub(super) async fn settle(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<(), DemoError> {
    let Some(market) = market::of_brand(person.customer.brand) else { return Ok(()) };
    let found = accounts::by_numbers(tx, &world.clerk, &person.numbers).await?;
    for (at, account) in found.into_iter().flatten().enumerate() {
        let lines: Vec<&str> = account.address_lines().collect();
        let address = areas::address(&market.code, &lines, &account.billing_postcode);
        let all = person.customer.supplies;
        let supplies = if at == 0 { all } else { all.get(..1).unwrap_or(all) };
        dwell(tx, world, person.customer, account.id, &address, supplies).await?;
    }
    Ok(())
}

/// Lets somebody move to another home: the old one is given up on the day, with what it was supplied with.
pub(super) async fn moves(
    tx: &mut Tx,
    world: &World<'_>,
    person: &Person,
    address: &Address,
) -> Result<(), DemoError> {
    leave(tx, world, person).await?;
    dwell(tx, world, person.customer, person.account, address, person.customer.supplies).await
}

/// Lets somebody give up their home.
pub(super) async fn leave(tx: &mut Tx, world: &World<'_>, person: &Person) -> Result<(), DemoError> {
    let Some(market) = market::of_brand(person.customer.brand) else { return Ok(()) };
    let today = market.day(tx.business_now().await?);
    let which = Which { active: Some(true), held_since: None };
    let held = properties::of_accounts(tx, &world.clerk, &[person.account], which).await?;
    for property in held.into_iter().flatten() {
        properties::move_out(tx, property.id, person.account, today).await.map_err(HomeError::from)?;
    }
    Ok(())
}

/// Lets meters be exchanged in the month for which that is told.
pub(super) async fn happen(
    tx: &mut Tx,
    world: &World<'_>,
    person: &Person,
    month: usize,
) -> Result<(), DemoError> {
    let wiring = wiring(person.customer);
    let Some(market) = market::of_brand(person.customer.brand) else { return Ok(()) };
    if wiring.exchanged != Some(month) || person.customer.is_gone(month) {
        return Ok(());
    }
    let today = market.day(tx.business_now().await?);
    let window = Window::forward(0, 10);
    let pages = supply_points::page_of_accounts(tx, &world.clerk, &[person.account], &window).await?;
    for point in pages.into_iter().flat_map(|page| page.rows) {
        let address = Address { postal_code: person.customer.postcode.to_owned(), ..Address::default() };
        let site = Site {
            customer: person.customer,
            market: &market.code,
            area: areas::of(&market.code, &address),
            wiring: Wiring { is_smart: true, ..wiring },
            property: point.property_id,
            account: person.account,
            postcode: person.customer.postcode,
            on: today,
        };
        exchange(tx, world, &site, &point).await?;
        if site.market == "gb" {
            hub(tx, world, &site).await?;
        }
    }
    Ok(())
}

async fn exchange(
    tx: &mut Tx,
    world: &World<'_>,
    site: &Site<'_>,
    point: &SupplyPoint,
) -> Result<(), HomeError> {
    let old = meters::take_off(tx, point.id, site.on).await?;
    smart_meters::retire(tx, old).await?;
    let serial = serial(world, site, point.is_gas());
    hang(tx, world, site, point.id, point.is_gas(), point.direction == "EXPORT", &serial).await?;
    Ok(())
}

async fn dwell(
    tx: &mut Tx,
    world: &World<'_>,
    customer: &Customer,
    account: i64,
    address: &Address,
    supplies: &[Supply],
) -> Result<(), DemoError> {
    let Some(market) = market::of_brand(customer.brand) else { return Ok(()) };
    let area = areas::of(&market.code, address);
    let on = market.day(tx.business_now().await?);
    let coordinates = Some(area.place(world.random));
    let new = NewProperty { market: &market.code, label: None, address: address.clone(), coordinates };
    let property = properties::add(tx, &new).await.map_err(HomeError::from)?;
    properties::move_in(tx, property, account, on, true).await.map_err(HomeError::from)?;
    let (wiring, postcode) = (wiring(customer), address.postal_code.as_str());
    let site = Site { customer, market: &market.code, area, wiring, property, account, postcode, on };
    let serials = [serial(world, &site, false), serial(world, &site, true)];
    for supply in supplies {
        let is_gas = supply.supply == "gas";
        // A meter that counts both ways has one number.
        let serial = &serials[usize::from(is_gas)];
        connect(tx, world, &site, supply, is_gas, serial).await?;
    }
    products::choose(tx, world, customer, account, site.wiring.is_prepaid).await?;
    if site.market == "gb" && site.wiring.is_smart {
        hub(tx, world, &site).await?;
    }
    Ok(())
}

fn market_name(market: &str, is_gas: bool) -> Option<MarketName> {
    Some(match (market, is_gas) {
        ("gb", false) => MarketName::GbrElectricity,
        ("gb", true) => MarketName::GbrGas,
        ("de", false) => MarketName::DeuElectricity,
        ("de", true) => MarketName::DeuGas,
        ("jp", false) => MarketName::JpnElectricity,
        ("jp", true) => MarketName::JpnGas,
        ("au", false) => MarketName::AusElectricity,
        ("au", true) => MarketName::AusGas,
        ("us", false) => MarketName::UsaElectricity,
        _ => return None,
    })
}

/// What a monthly charge buys in a year, in Wh, at a usual price of a kWh in minor units.
fn annual_wh(market: &str, is_gas: bool, monthly: i64) -> i64 {
    let price = match (market, is_gas) {
        ("gb", false) => 25,
        ("gb", true) => 6,
        ("de", false) => 31,
        ("de", true) => 10,
        ("au", true) => 4,
        ("jp", true) => 12,
        ("us", _) => 15,
        _ => 32,
    };
    monthly.abs() * 12 * 1000 / price
}

/// A number that the registers of its market know.
pub(super) fn known_number(world: &World<'_>, market_name: MarketName, begins: &str) -> String {
    loop {
        let number = market_name.invent(begins, world.random);
        let is_known = market_name != MarketName::GbrGas || simulated_gas_register::answers(&number);
        if is_known && simulated_registration::confirms(&number) {
            return number;
        }
    }
}

fn load_profile(site: &Site<'_>, is_gas: bool) -> Option<&'static str> {
    let is_business = site.customer.account_type == "BUSINESS";
    Some(match (site.market, is_gas) {
        ("gb", false) if is_business => "3",
        ("gb", false) if site.wiring.bands == Bands::DayNight => "2",
        ("gb", false) => "1",
        ("de", false) if is_business => "G0",
        ("de", false) => "H0",
        ("de", true) => "HEF",
        ("us", _) => "RESHIWR_COAST",
        _ => return None,
    })
}

async fn connect(
    tx: &mut Tx,
    world: &World<'_>,
    site: &Site<'_>,
    supply: &Supply,
    is_gas: bool,
    serial: &str,
) -> Result<(), HomeError> {
    let Some(market_name) = market_name(site.market, is_gas) else { return Ok(()) };
    let is_export = supply.monthly < 0;
    let number = if is_gas { "" } else { site.area.number };
    let identifier = known_number(world, market_name, number);
    let melo = identifiers::invent_melo(site.area.number, site.postcode, world.random);
    let region = if is_gas { site.area.gas_region } else { site.area.region };
    let days = i64::from(site.on.day());
    let new = NewPoint {
        property: site.property,
        market_name,
        identifier: &identifier,
        metering_location: Some(melo.as_str()).filter(|_| site.market == "de"),
        is_export,
        region,
        network_operator: Some(site.area.operator),
        load_profile: load_profile(site, is_gas),
        annual_wh: Some(annual_wh(site.market, is_gas, supply.monthly)),
        reading_day: (site.market == "jp").then(|| i16::try_from(days % 20 + 5).unwrap_or(5)),
        has_critical_care: site.customer.email == "roy.tillman@example.com",
    };
    let point = supply_points::register(tx, &new).await?;
    supply_points::begin_supply(tx, point, site.account, site.on).await?;
    // A register that has no time yet is asked again by its job.
    gas_register::look_up(tx, &Simulator, point).await?;
    hang(tx, world, site, point, is_gas, is_export, serial).await?;
    if market_name == MarketName::JpnElectricity {
        agree(tx, site, point).await?;
    }
    if market_name == MarketName::UsaElectricity {
        premises::list(tx, site.customer, site.area, &identifier).await?;
    }
    Ok(())
}

/// Homes are agreed in amperes, businesses in kilovolt-amperes.
async fn agree(tx: &mut Tx, site: &Site<'_>, point: i64) -> Result<(), HomeError> {
    let is_business = site.customer.account_type == "BUSINESS";
    let heats = site.customer.supplies.iter().any(|supply| supply.monthly > 10_000);
    let agreed = Capacity {
        supply_point_id: point,
        valid_from: site.on,
        amperage: (!is_business).then_some(if heats { 60 } else { 40 }),
        kva: is_business.then_some(30),
        kw: None,
    };
    Ok(capacities::agree(tx, &agreed).await?)
}

fn serial(world: &World<'_>, site: &Site<'_>, is_gas: bool) -> String {
    let number = world.random.below(10_000_000);
    match (site.market, is_gas) {
        ("gb", false) if site.wiring.is_smart => format!("23L{number:07}"),
        ("gb", false) => format!("S08A{number:07}"),
        ("gb", true) => format!("G4W{number:07}"),
        ("de", false) => format!("1EMH00{number:08}"),
        ("de", true) => format!("7ELS00{number:08}"),
        ("jp", _) => format!("{:03} {number:07}", world.random.below(1000)),
        (_, true) => format!("AP{number:07}"),
        _ => format!("{number:08}"),
    }
}

const fn register(identifier: &'static str, name: &'static str, band: &'static str) -> NewRegister<'static> {
    let (digits, decimal_places, multiplier) = (5, 0, Decimal::ONE);
    NewRegister { identifier, name, band, digits, decimal_places, multiplier }
}

/// What a meter counts, by what its market calls it.
fn registers(site: &Site<'_>, is_gas: bool, is_export: bool) -> Vec<NewRegister<'static>> {
    let is_german = site.market == "de";
    if is_gas {
        let identifier = if is_german { "7-1:3.0.0" } else { "1" };
        return vec![NewRegister { decimal_places: 3, ..register(identifier, "Gas", "STANDARD") }];
    }
    if is_export {
        return vec![register("EX", "Export", "STANDARD")];
    }
    let mut all = match (site.market, site.wiring.bands) {
        ("de", Bands::DayNight) => {
            vec![register("1-1:1.8.1", "HT", "DAY"), register("1-1:1.8.2", "NT", "NIGHT")]
        }
        ("de", _) => vec![register("1-1:1.8.0", "Bezug", "STANDARD")],
        ("au", Bands::ControlledLoad) => {
            vec![register("E1", "General", "STANDARD"), register("E2", "Controlled load", "OFF_PEAK")]
        }
        ("au", _) => vec![register("E1", "General", "STANDARD")],
        (_, Bands::DayNight) => vec![register("1", "DAY", "DAY"), register("2", "NIGHT", "NIGHT")],
        _ => vec![register("1", "STANDARD", "STANDARD")],
    };
    for each in &mut all {
        each.digits = if is_german { 6 } else { 5 };
        each.decimal_places = if site.wiring.is_smart { 3 } else { 0 };
    }
    all
}

fn meter_type(site: &Site<'_>, is_gas: bool) -> (&'static str, Option<&'static str>) {
    match (site.market, is_gas, site.wiring.is_smart) {
        ("gb", false, true) => ("S2ADE", Some("Landis+Gyr E470")),
        ("gb", false, false) => ("N", Some("Elster A100C")),
        ("gb", true, true) => ("S2", Some("Landis+Gyr G470")),
        ("gb", true, false) => ("CR", Some("Elster BK-G4M")),
        ("de", false, true) => ("IMS", Some("EMH eHZ")),
        ("de", false, false) => ("FERRARIS", Some("Iskra ME162")),
        ("de", true, _) => ("BALGEN", Some("Elster BK-G4T")),
        ("jp", true, _) => ("MICROCOMPUTER", Some("愛知時計 SN4")),
        ("jp", _, true) => ("SMART", Some("三菱 M8FM")),
        ("jp", _, false) => ("ANALOGUE", Some("大崎 A4WA")),
        ("au", false, true) => ("COMMS4", Some("EDMI Mk7C")),
        ("au", false, false) => ("BASIC", Some("Email M1")),
        ("au", true, _) => ("BASIC", Some("Ampy 750")),
        (_, _, true) => ("AMS", Some("Itron Centron II")),
        _ => ("BASIC", None),
    }
}

async fn hang(
    tx: &mut Tx,
    world: &World<'_>,
    site: &Site<'_>,
    point: i64,
    is_gas: bool,
    is_export: bool,
    serial: &str,
) -> Result<(), HomeError> {
    let (meter_type, make_and_type) = meter_type(site, is_gas);
    let registers = registers(site, is_gas, is_export);
    // Outside of Britain gas meters are read by people, whatever hangs beside them.
    let sends = site.wiring.is_smart && !(is_gas && site.market != "gb");
    let capacity = (site.market == "jp" && !is_gas).then_some(60);
    let new = NewMeter {
        serial_number: serial,
        meter_type,
        make_and_type,
        sends_half_hourly: sends,
        capacity,
        registers: &registers,
    };
    let meter = meters::install(tx, point, site.on, &new).await?;
    if is_gas && site.market != "jp" {
        gas_meters::describe(tx, meter, &gas_facts(site)).await?;
    }
    // A meter that counts both ways is one device.
    if site.market == "gb" && sends && !is_export {
        let kind = if is_gas { "GSME" } else { "ESME" };
        let (manufacturer, model) = ("Landis+Gyr", if is_gas { "G470" } else { "E470" });
        let payment_mode = Some(if site.wiring.is_prepaid { "PREPAY" } else { "CREDIT" });
        let device = NewDevice {
            kind,
            manufacturer,
            model,
            firmware_version: "24.18",
            serial_number: serial,
            payment_mode,
            meter: Some(meter),
        };
        join(tx, world, site.property, &device).await?;
    }
    Ok(())
}

async fn join(
    tx: &mut Tx,
    world: &World<'_>,
    property: i64,
    device: &NewDevice<'_>,
) -> Result<(), HomeError> {
    let joined = smart_meters::join(tx, world.random, property, device).await?;
    Ok(smart_meters::commission(tx, joined).await?)
}

/// The hub that talks to the outside, and the display in the kitchen.
async fn hub(tx: &mut Tx, world: &World<'_>, site: &Site<'_>) -> Result<(), HomeError> {
    let devices = [("CHF", "Toshiba", "SKU2", "4.11"), ("IHD_OR_CAD", "Chameleon", "IHD6", "1.9")];
    for (kind, manufacturer, model, firmware_version) in devices {
        let serial = format!("{kind}{:08}", world.random.below(100_000_000));
        let (serial_number, payment_mode, meter) = (serial.as_str(), None, None);
        let device =
            NewDevice { kind, manufacturer, model, firmware_version, serial_number, payment_mode, meter };
        join(tx, world, site.property, &device).await?;
    }
    Ok(())
}

fn gas_facts(site: &Site<'_>) -> GasMeterFacts {
    let (model, mechanism) = if site.wiring.is_smart { ("G470", "S2") } else { ("BK-G4M", "CR") };
    let mechanism = if site.wiring.is_prepaid { "PP" } else { mechanism };
    GasMeterFacts {
        model_name: model.to_owned(),
        manufacturer_code: if site.wiring.is_smart { "LPG" } else { "ELS" }.to_owned(),
        manufactured_year: Some(if site.wiring.is_smart { site.on.year() - 1 } else { 2009 }),
        mechanism: mechanism.to_owned(),
        is_imperial: false,
        correction: gas::correction(site.market),
        reading_factor: Decimal::ONE,
        pulse_value: Decimal::new(1, 2),
        location: "02".to_owned(),
        location_description: "Meter cupboard".to_owned(),
        owner: "MAM".to_owned(),
        inspected_on: None,
    }
}
