//! Homes for the customers of a test: a property, its points, and a meter at each.

use chrono::NaiveDate;
use kraken_api::domain::accounts::address::Address;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::meters::{self, NewMeter, NewRegister};
use kraken_api::domain::supply::properties::{self, NewProperty};
use kraken_api::domain::supply::smart_meters::{self, NewDevice};
use kraken_api::domain::supply::supply_points::{self, NewPoint};
use kraken_api::platform::db::Tx;
use rust_decimal::Decimal;

use super::Server;
use super::world::Customer;

/// The day from which homes are held, two months before tests begin.
pub fn since() -> NaiveDate {
    day("2026-01-01")
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// An address that the market's letters reach.
pub fn address(market: &str) -> Address {
    let (street, locality, area, postcode) = match market {
        "de" => ("Muschelweg 7", "Hamburg", "", "20457"),
        "jp" => ("真珠町1-2-3", "港区", "東京都", "105-0001"),
        "au" => ("5 Cuttlefish Crescent", "Marrickville", "NSW", "2204"),
        "us" => ("4410 Nautilus Lane", "Houston", "TX", "77002"),
        _ => ("12 Kelp Street", "Bristol", "", "BS1 4QA"),
    };
    Address {
        street_address: street.into(),
        locality: locality.into(),
        administrative_area: area.into(),
        postal_code: postcode.into(),
        ..Address::default()
    }
}

/// A point that comes into a property.
pub fn point(property: i64, market_name: MarketName, identifier: &str) -> NewPoint<'_> {
    NewPoint {
        property,
        market_name,
        identifier,
        metering_location: None,
        is_export: false,
        region: match market_name {
            MarketName::GbrElectricity => "L",
            MarketName::GbrGas => "SW",
            MarketName::JpnElectricity => "03",
            MarketName::UsaElectricity => "LZ_HOUSTON",
            _ => "HOME",
        },
        network_operator: (market_name == MarketName::UsaElectricity).then_some("CENTERPOINT"),
        load_profile: None,
        annual_wh: None,
        reading_day: None,
        has_critical_care: false,
    }
}

pub fn register(identifier: &'static str, name: &'static str, band: &'static str) -> NewRegister<'static> {
    NewRegister { identifier, name, band, digits: 5, decimal_places: 0, multiplier: Decimal::ONE }
}

/// A meter with one register.
pub fn meter<'a>(serial_number: &'a str, registers: &'a [NewRegister<'a>]) -> NewMeter<'a> {
    NewMeter {
        serial_number,
        meter_type: "S2ADE",
        make_and_type: Some("Landis+Gyr E470"),
        sends_half_hourly: true,
        capacity: None,
        registers,
    }
}

/// A property that an account holds.
pub async fn property(tx: &mut Tx, market: &str, account: i64) -> i64 {
    let new = NewProperty { market, label: None, address: address(market), coordinates: None };
    let property = properties::add(tx, &new).await.expect("a property");
    properties::move_in(tx, property, account, since(), true).await.expect("moved in");
    property
}

/// A point that is supplied on an account, and the meter that hangs there.
pub async fn supplied(tx: &mut Tx, new: &NewPoint<'_>, account: i64, serial: &str) -> (i64, i64) {
    let point = supply_points::register(tx, new).await.expect("a point");
    supply_points::begin_supply(tx, point, account, since()).await.expect("supplied");
    let registers = [register("1", "STANDARD", "STANDARD")];
    (point, meters::install(tx, point, since(), &meter(serial, &registers)).await.expect("a meter"))
}

/// A home of a customer's with one point.
#[derive(Clone, Copy, Debug)]
pub struct Home {
    pub property: i64,
    pub point: i64,
    pub meter: i64,
}

impl Server {
    /// Gives a customer a home with one point and a meter. The country is that of the market.
    pub async fn supplied_home(
        &self,
        of: &Customer,
        market_name: MarketName,
        identifier: &str,
        serial: &str,
    ) -> Home {
        let mut tx = self.tx().await;
        let property = property(&mut tx, market_name.market(), of.account_id).await;
        let new = point(property, market_name, identifier);
        let (point, meter) = supplied(&mut tx, &new, of.account_id, serial).await;
        tx.commit().await.expect("committed");
        Home { property, point, meter }
    }

    /// Makes the meter of a British home a smart one in prepayment mode. Answers its number for life.
    pub async fn prepay_meter(&self, home: Home) -> String {
        let device = NewDevice {
            kind: "ESME",
            manufacturer: "Landis+Gyr",
            model: "E470",
            firmware_version: "24.18",
            serial_number: "E470-1",
            payment_mode: Some("PREPAY"),
            meter: Some(home.meter),
        };
        let mut tx = self.tx().await;
        let joined = smart_meters::join(&mut tx, &self.random, home.property, &device).await.expect("joined");
        smart_meters::commission(&mut tx, joined).await.expect("commissioned");
        let number = sqlx::query_as("select device_id from smart_meter_devices where id = $1").bind(joined);
        let (number,): (String,) = number.fetch_one(&mut tx).await.expect("a number");
        tx.commit().await.expect("committed");
        number
    }
}
