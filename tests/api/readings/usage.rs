//! Consumption of meters.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::meters;
use kraken_api::domain::supply::readings::Source;
use kraken_api::domain::supply::supply_points;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{MPAN, MPRN, begins, nodes, value};
use crate::support::Server;
use crate::support::places::{day, meter, register};

const CONSUMPTION: &str = "query($id: ID!, $from: DateTime!, $by: ConsumptionGroupings!, $zone: String!,
        $first: Int, $after: String, $last: Int) {
    node(id: $id) {
        ... on ElectricityMeterType { consumption(startAt: $from, grouping: $by, timezone: $zone, first: $first,
            after: $after, last: $last) {
            totalCount pageInfo { hasNextPage endCursor } edges { node { startAt endAt value } } } }
        ... on GasMeterType { consumption(startAt: $from, grouping: $by, timezone: $zone, first: $first,
            after: $after, last: $last) { totalCount edges { node { startAt endAt value } } } } } }";
/// The same without the total, which would have everything read at once.
const PAGE: &str = "query($id: ID!, $from: DateTime!, $by: ConsumptionGroupings!, $first: Int, $after: String) {
    node(id: $id) { ... on ElectricityMeterType {
        consumption(startAt: $from, grouping: $by, timezone: \"Europe/London\", first: $first, after: $after) {
            pageInfo { hasNextPage endCursor } edges { node { startAt endAt value } } } } } }";

fn id(type_name: &str, meter: i64) -> String {
    STANDARD.encode(format!("{type_name}:{meter}"))
}

fn sum(nodes: &[&Value]) -> Decimal {
    nodes.iter().map(|node| value(node)).sum()
}

impl Server {
    async fn consumption(&self, token: &str, id: &str, from: &str, by: &str) -> Value {
        let variables =
            json!({ "id": id, "from": from, "by": by, "zone": "Europe/London", "first": 100, "after": null });
        self.ask(Some(token), CONSUMPTION, variables).await["node"]["consumption"].clone()
    }

    /// Everything, page by page.
    async fn all_pages(&self, token: &str, id: &str, from: &str, by: &str, first: i64) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), Value::Null);
        loop {
            let variables = json!({ "id": id, "from": from, "by": by, "first": first, "after": after });
            let data = self.ask(Some(token), PAGE, variables).await;
            let page = &data["node"]["consumption"];
            all.extend(nodes(page).into_iter().cloned());
            if page["pageInfo"]["hasNextPage"] == false {
                return all;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }
}

#[tokio::test]
async fn groups_of_any_size_hold_the_same_energy() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    server.wall.set(server.wall.now() + TimeDelta::days(40));
    server.collect().await;
    let token = &server.again(&world.ada).await;
    let id = id("ElectricityMeterType", home.meter);
    let from = "2026-03-01T00:00:00Z";
    let days = server.consumption(token, &id, from, "DAY").await;
    let total = sum(&nodes(&days));
    assert!(total > Decimal::from(200), "{total}");
    let spring = nodes(&days)[28];
    assert_eq!(
        (&spring["startAt"], &spring["endAt"]),
        (&json!("2026-03-29T00:00:00+00:00"), &json!("2026-03-30T00:00:00+01:00"))
    );
    for (by, first) in
        [("QUARTER_HOUR", 100), ("HALF_HOUR", 97), ("HOUR", 100), ("WEEK", 3), ("MONTH", 1), ("QUARTER", 9)]
    {
        let all = server.all_pages(token, &id, from, by, first).await;
        let all: Vec<&Value> = all.iter().collect();
        assert_eq!(sum(&all), total, "{by}");
        assert!(all.windows(2).all(|pair| pair[0]["startAt"].as_str() != pair[1]["startAt"].as_str()));
    }
    let hours = server.all_pages(token, &id, "2026-03-29T00:00:00Z", "HOUR", 23).await;
    assert_eq!(hours[22]["endAt"], "2026-03-30T00:00:00+01:00", "that day has 23 hours");
    let total = days["totalCount"].as_i64().expect("a total");
    assert_eq!(nodes(&days).len() as i64, total);
}

#[tokio::test]
async fn the_last_groups_are_found_from_the_end() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    server.collect().await;
    let id = id("ElectricityMeterType", home.meter);
    let all = server.consumption(&world.ada.token, &id, "2026-01-01T00:00:00Z", "DAY").await;
    let variables =
        json!({ "id": id, "from": "2026-01-01T00:00:00Z", "by": "DAY", "zone": "Europe/London", "last": 2 });
    let data = server.ask(Some(&world.ada.token), CONSUMPTION, variables).await;
    let last = &data["node"]["consumption"];
    assert_eq!(nodes(last), nodes(&all)[nodes(&all).len() - 2..]);
    let reply = server
        .send(
            Some(&world.ada.token),
            CONSUMPTION,
            json!({ "id": id, "from": "2026-01-01T00:00:00Z", "by": "DAY", "zone": "Europe/Atlantis", "first": 1 }),
        )
        .await;
    assert_eq!(reply.codes(), ["KT-CT-1605"]);
    let without = json!({ "id": id, "from": "2026-01-01T00:00:00Z", "by": "DAY", "zone": "UTC" });
    assert_eq!(server.send(Some(&world.ada.token), CONSUMPTION, without).await.codes(), ["KT-CT-1201"]);
}

#[tokio::test]
async fn everybody_sees_the_time_for_which_they_were_supplied() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let mut tx = server.tx().await;
    supply_points::end_supply(&mut tx, home.point, day("2026-02-01")).await.expect("ended");
    supply_points::begin_supply(&mut tx, home.point, world.bob.account_id, day("2026-02-10"))
        .await
        .expect("begun");
    tx.commit().await.expect("committed");
    server.collect().await;
    let id = id("ElectricityMeterType", home.meter);
    let from = "2025-12-01T00:00:00Z";
    let of_ada = server.consumption(&world.ada.token, &id, from, "DAY").await;
    let of_bob = server.consumption(&world.bob.token, &id, from, "DAY").await;
    let of_staff = server.consumption(&world.reader, &id, from, "DAY").await;
    let (ada, bob) = (nodes(&of_ada), nodes(&of_bob));
    assert_eq!(ada[0]["startAt"], "2026-01-01T00:00:00+00:00");
    assert_eq!(ada.last().expect("a day")["endAt"], "2026-02-01T00:00:00+00:00");
    assert_eq!(bob[0]["startAt"], "2026-02-10T00:00:00+00:00");
    assert_eq!(nodes(&of_staff).len(), ada.len() + bob.len());
    let eve = server.customer("eve@example.org", "Eve Moss", "OCTOPUS_ENERGY").await;
    for token in [&eve.token, &world.partner] {
        let variables = json!({ "id": id, "from": from, "by": "DAY", "zone": "UTC", "first": 5 });
        assert_eq!(server.ask(Some(token), CONSUMPTION, variables).await["node"], Value::Null);
    }
}

#[tokio::test]
async fn an_exchanged_meter_keeps_what_it_measured() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let mut tx = server.tx().await;
    let registers = [register("1", "STANDARD", "STANDARD")];
    let new = meter("E2", &registers);
    let (_, second) =
        meters::exchange(&mut tx, home.point, day("2026-02-01"), &new).await.expect("exchanged");
    tx.commit().await.expect("committed");
    server.collect().await;
    let from = "2026-01-01T00:00:00Z";
    let first =
        server.consumption(&world.ada.token, &id("ElectricityMeterType", home.meter), from, "DAY").await;
    let second = server.consumption(&world.ada.token, &id("ElectricityMeterType", second), from, "DAY").await;
    assert_eq!(nodes(&first).len(), 31);
    assert_eq!(nodes(&second)[0]["startAt"], "2026-02-01T00:00:00+00:00");
}

#[tokio::test]
async fn registers_are_spread_where_nothing_was_sent() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrGas, MPRN, "G1").await;
    server.deafen(home.meter).await;
    server.reading(home.meter, begins("gb", "2026-01-01"), Source::ChangeOfSupply, 99_950).await;
    server.reading(home.meter, begins("gb", "2026-01-31"), Source::Customer, 50).await;
    sqlx::query(
        "insert into calorific_values select 'gb', region, d::date, 39.5
        from supply_points, generate_series('2026-01-01'::date, '2026-02-01', '1 day') d where id = $1",
    )
    .bind(home.point)
    .execute(server.database.pool())
    .await
    .expect("heat");
    let gas = id("GasMeterType", home.meter);
    let days = server.consumption(&world.ada.token, &gas, "2026-01-01T00:00:00Z", "DAY").await;
    let days = nodes(&days);
    // 100 m³ × 1.02264 × 39.5 ÷ 3.6 = 1122.063 kWh, over thirty days; the register came round to zero.
    assert_eq!((days.len(), sum(&days)), (30, Decimal::new(1_122_063, 3)));
    let mean = Decimal::new(37_402, 3);
    assert!(days.iter().all(|node| (value(node) - mean).abs() <= Decimal::new(1, 3)));
}
