//! Readings and consumption: what data services publish, what people read, and who sees it.

mod collecting;
mod costs;
mod importing;
mod links;
mod lists;
mod measured;
mod statements;
mod taking;
mod telemetry;
mod usage;

use chrono::{DateTime, Utc};
use kraken_api::domain::supply::collector;
use kraken_api::domain::supply::readings::{self, NewReading, Source};
use kraken_api::domain::supply::simulated_feed::Simulator;
use kraken_api::platform::market;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::places::day;

pub const MPAN: &str = "2000050773706";
pub const MPRN: &str = "1234567810";
pub const MALO: &str = "41373559241";
pub const GAS_MALO: &str = "51238696781";

/// When a day begins in a market.
pub fn begins(market: &str, on: &str) -> DateTime<Utc> {
    market::by_code(market).expect("a market").start_of(day(on))
}

pub fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

/// The nodes of a connection.
pub fn nodes(connection: &Value) -> Vec<&Value> {
    let edges = connection["edges"].as_array().unwrap_or_else(|| panic!("no edges: {connection}"));
    edges.iter().map(|edge| &edge["node"]).collect()
}

/// The value of a node as a decimal.
pub fn value(node: &Value) -> Decimal {
    node["value"].as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no value: {node}"))
}

impl Server {
    /// Takes in everything that has been published by now.
    pub async fn collect(&self) {
        let mut tx = self.tx().await;
        collector::catch_up(&mut tx, &Simulator::seeded(7)).await.expect("collected");
        tx.commit().await.expect("committed");
    }

    /// The registers of a meter.
    pub async fn registers(&self, meter: i64) -> Vec<i64> {
        let all =
            sqlx::query_scalar("select id from meter_registers where meter_id = $1 order by identifier");
        all.bind(meter).fetch_all(self.database.pool()).await.expect("registers")
    }

    /// Keeps a reading of the only register of a meter. Answers its row id.
    pub async fn reading(&self, meter: i64, at: DateTime<Utc>, source: Source, value: i64) -> i64 {
        let register = self.registers(meter).await[0];
        let new = NewReading { meter_id: meter, read_at: at, source, values: vec![(register, value.into())] };
        let mut tx = self.tx().await;
        let kept = readings::keep(&mut tx, None, &[new]).await.expect("kept");
        tx.commit().await.expect("committed");
        kept[0].id
    }

    /// Sets what a year at a point is expected to take, in kWh.
    pub async fn expect(&self, point: i64, kwh: i64) {
        let set = sqlx::query("update supply_points set annual_wh = $2 where id = $1").bind(point);
        set.bind(kwh * 1000).execute(self.database.pool()).await.expect("set");
    }

    /// Makes a meter one that is read by people.
    pub async fn deafen(&self, meter: i64) {
        let set = sqlx::query("update meters set sends_half_hourly = false where id = $1").bind(meter);
        set.execute(self.database.pool()).await.expect("set");
    }

    /// Calls a mutation with an input.
    pub async fn hand_in(&self, token: &str, mutation: &str, input: Value) -> crate::support::server::Reply {
        self.send(Some(token), mutation, json!({ "i": input })).await
    }
}
