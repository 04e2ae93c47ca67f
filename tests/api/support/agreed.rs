//! Supply points of customers, what they agreed on, and what they used.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use kraken_api::domain::accounts::address::Address;
use kraken_api::domain::supply::agreements::{self, NewAgreement};
use kraken_api::domain::supply::day_ahead::Simulator;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::intervals::{self, NewDay};
use kraken_api::domain::supply::properties::{self, NewProperty};
use kraken_api::domain::supply::published;
use kraken_api::domain::supply::supply_points::{self, NewPoint};
use kraken_api::platform::market;

use super::Server;
use super::world::Customer;

/// A day.
pub fn date(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

impl Server {
    /// Supplies a customer at a new point from a day on. Answers the point.
    pub async fn supply(
        &self,
        of: &Customer,
        market_name: MarketName,
        (identifier, region): (&str, &str),
        from: &str,
    ) -> i64 {
        self.supply_to_or_from(of, market_name, (identifier, region), from, false).await
    }

    /// As `supply`, or the other way.
    pub async fn supply_to_or_from(
        &self,
        of: &Customer,
        market_name: MarketName,
        (identifier, region): (&str, &str),
        from: &str,
        is_export: bool,
    ) -> i64 {
        let (street, locality, area, postcode) = match market_name.market() {
            "de" => ("Muschelweg 7", "Hamburg", "", "20457"),
            "jp" => ("真珠町1-2-3", "港区", "東京都", "105-0001"),
            "au" => ("5 Cuttlefish Crescent", "Marrickville", "NSW", "2204"),
            "us" => ("4410 Nautilus Lane", "Houston", "TX", "77002"),
            _ => ("12 Kelp Street", "Bristol", "", "BS1 4QA"),
        };
        let address = Address {
            street_address: street.into(),
            locality: locality.into(),
            administrative_area: area.into(),
            postal_code: postcode.into(),
            ..Address::default()
        };
        self.supply_at(address, of, market_name, (identifier, region), from, is_export).await
    }

    /// As `supply_to_or_from`, at an address of one's own.
    pub async fn supply_at(
        &self,
        address: Address,
        of: &Customer,
        market_name: MarketName,
        (identifier, region): (&str, &str),
        from: &str,
        is_export: bool,
    ) -> i64 {
        let mut tx = self.tx().await;
        let new = NewProperty { market: market_name.market(), label: None, address, coordinates: None };
        let property = properties::add(&mut tx, &new).await.expect("a property");
        properties::move_in(&mut tx, property, of.account_id, date(from), true).await.expect("moved in");
        let new = NewPoint {
            property,
            market_name,
            identifier,
            metering_location: None,
            is_export,
            region,
            network_operator: None,
            load_profile: None,
            annual_wh: None,
            reading_day: None,
            has_critical_care: false,
        };
        let point = supply_points::register(&mut tx, &new).await.expect("a point");
        supply_points::begin_supply(&mut tx, point, of.account_id, date(from)).await.expect("supplied");
        tx.commit().await.expect("committed");
        point
    }

    /// Agrees on a product at a point from a day on.
    pub async fn agree(&self, of: &Customer, supply_point: i64, product: &str, from: &str) -> i64 {
        let new = NewAgreement {
            account: of.account_id,
            supply_point,
            product,
            payment_method: "DIRECT_DEBIT",
            from: date(from),
            to: None,
            charged_from: None,
        };
        let mut tx = self.tx().await;
        let agreed = agreements::agree(&mut tx, &new).await.expect("agreed");
        tx.commit().await.expect("committed");
        agreed
    }

    /// Takes in what the markets have published by now; one that does not answer is asked again later.
    pub async fn publish(&self) {
        for _ in 0..4 {
            let mut tx = self.tx().await;
            published::turn(&mut tx, &Simulator::default()).await.expect("taken in");
            tx.commit().await.expect("committed");
            self.wall.set(self.wall.now() + TimeDelta::minutes(11));
        }
    }

    /// The same energy in each half-hour of some days, measured at a point in a version of its own.
    pub async fn used(&self, point: i64, market: &str, (first, days): (&str, u64), version: i32, wh: i32) {
        let market = market::by_code(market).expect("a market");
        let received_at: DateTime<Utc> = self.wall.now();
        let day = |after| {
            let day = date(first) + Days::new(after);
            let next = day + Days::new(1);
            let minutes = (market.start_of(next) - market.start_of(day)).num_minutes();
            let entries = usize::try_from(minutes / 30).expect("a length");
            NewDay {
                supply_point_id: point,
                day,
                version,
                minutes: 30,
                is_final: false,
                wh: vec![Some(wh); entries],
            }
        };
        let days: Vec<NewDay> = (0..days).map(day).collect();
        let mut tx = self.tx().await;
        intervals::keep(&mut tx, &days, received_at).await.expect("kept");
        tx.commit().await.expect("committed");
    }
}
