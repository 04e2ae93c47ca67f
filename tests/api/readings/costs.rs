//! What measured energy costs.

use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::readings::Source;
use kraken_api::domain::supply::supply_points::{self, NewPoint};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{MPAN, begins, nodes, value};
use crate::support::Server;
use crate::support::places::{day, point, supplied};

const COSTS: &str = "query($id: ID!, $by: ReadingFrequencyType) { property(id: $id) {
    measurements(startOn: \"2026-01-01\", endOn: \"2026-01-31\", timezone: \"Europe/London\", first: 100,
        utilityFilters: [{ electricityFilters: { readingFrequencyType: $by } }]) { edges { node { value metaData {
            statistics { type label description value costExclTax { estimatedAmount costCurrency }
                costInclTax { estimatedAmount costCurrency pricePerUnit { amount unit } } } } } } } } }";
const HALF_HOURS: &str = "query($id: ID!) { property(id: $id) { electricitySupplyPoints {
    halfHourlyReadings(fromDatetime: \"2026-01-01T00:00:00+09:00\", toDatetime: \"2026-02-01T00:00:00+09:00\") {
        value costEstimate consumptionRateBand consumptionStep }
    intervalReadings { value costEstimate halfHourlyReadings { costEstimate } } } } }";
const UNBILLED: &str = "query($id: ID!) { property(id: $id) { electricityMeterPoints {
    ... on ElectricityMeterPointType { unbilledReadings { readAt registers { value } } } } } }";

fn money(node: &Value) -> Decimal {
    node["estimatedAmount"].as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{node}"))
}

/// The statistics of one kind of all nodes.
fn of_kind<'a>(nodes: &[&'a Value], kind: &str) -> Vec<&'a Value> {
    let all = nodes.iter().flat_map(|node| node["metaData"]["statistics"].as_array().expect("statistics"));
    all.filter(|statistic| statistic["type"] == kind).collect()
}

#[tokio::test]
async fn a_month_costs_what_its_days_cost() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    server.agree(&world.ada, home.point, "VAR-22-11-01", "2026-01-01").await;
    server.collect().await;
    let ask = |by: &str| {
        let variables = json!({ "id": home.property.to_string(), "by": by });
        let (server, token) = (&server, world.ada.token.clone());
        async move { server.ask(Some(&token), COSTS, variables).await["property"]["measurements"].clone() }
    };
    let (days, month) = (ask("DAY_INTERVAL").await, ask("MONTH_INTERVAL").await);
    let (days, month) = (nodes(&days), nodes(&month));
    for kind in ["CONSUMPTION_COST", "TOU_BUCKET_COST", "STANDING_CHARGE_COST"] {
        let sum = |nodes: &[&Value], which: &str| -> Decimal {
            of_kind(nodes, kind).iter().map(|statistic| money(&statistic[which])).sum()
        };
        assert_eq!((of_kind(&days, kind).len(), of_kind(&month, kind).len()), (31, 1), "{kind}");
        assert_eq!(sum(&days, "costExclTax"), sum(&month, "costExclTax"), "{kind}");
        let (net, gross) = (sum(&month, "costExclTax"), sum(&month, "costInclTax"));
        // Five per cent on what households use.
        assert_eq!(net * Decimal::new(105, 2), gross, "{kind}");
        assert!(net > Decimal::from(1_000), "{kind} {net}");
    }
    let band = of_kind(&month, "TOU_BUCKET_COST")[0];
    assert_eq!((&band["value"], &band["costInclTax"]["costCurrency"]), (&month[0]["value"], &json!("GBP")));
    let price = &band["costInclTax"]["pricePerUnit"];
    let amount: Decimal = price["amount"].as_str().and_then(|text| text.parse().ok()).expect("a price");
    assert_eq!(
        (amount * value(month[0]), &price["unit"]),
        (money(&band["costInclTax"]), &json!("KILOWATT_HOURS"))
    );
}

#[tokio::test]
async fn without_an_agreement_nothing_has_a_price() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    server.collect().await;
    let variables = json!({ "id": home.property.to_string(), "by": "DAY_INTERVAL" });
    let data = server.ask(Some(&world.ada.token), COSTS, variables).await;
    let days = nodes(&data["property"]["measurements"]).len();
    assert_eq!(days, 31);
    assert!(
        nodes(&data["property"]["measurements"])
            .iter()
            .all(|node| node["metaData"]["statistics"] == json!([]))
    );
}

#[tokio::test]
async fn japanese_half_hours_are_priced_by_the_step_they_fall_in() {
    let server = Server::start().await;
    server.world().await;
    let yuki = server.customer("yuki@example.org", "雪 山田", "TG_OCTOPUS_ENERGY").await;
    let home = server.supplied_home(&yuki, MarketName::JpnElectricity, "0312345678901234567890", "J1").await;
    server.expect(home.point, 4_800).await;
    server.publish().await;
    server.agree(&yuki, home.point, "GREEN-2022-11", "2026-01-01").await;
    server.collect().await;
    let token = server.again(&yuki).await;
    let data = server.ask(Some(&token), HALF_HOURS, json!({ "id": home.property.to_string() })).await;
    let point = &data["property"]["electricitySupplyPoints"][0];
    let halves = point["halfHourlyReadings"].as_array().expect("half-hours");
    let cost = |node: &Value| -> Decimal {
        node["costEstimate"].as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{node}"))
    };
    let steps: Vec<i64> = halves.iter().filter_map(|half| half["consumptionStep"].as_i64()).collect();
    assert!(steps.is_sorted() && steps[0] == 1 && steps[steps.len() - 1] >= 2, "{steps:?}");
    assert!(halves.iter().all(|half| half["consumptionRateBand"] != ""));
    let total: Decimal = halves.iter().map(cost).sum();
    let january = &point["intervalReadings"][0];
    assert_eq!((cost(january), total > Decimal::from(1_000)), (total, true));
    let inside = january["halfHourlyReadings"].as_array().expect("half-hours");
    assert_eq!(inside.iter().map(cost).sum::<Decimal>(), total);
}

const GENERATED: &str = "query($id: ID!) { property(id: $id) { electricitySupplyPoints { spin }
    electricityGenerationPoints { id gpin status
        agreements { validFrom validTo product { code displayName } }
        halfHourlyReadings(fromDatetime: \"2026-01-01T00:00:00+09:00\", toDatetime: \"2026-02-01T00:00:00+09:00\") {
            startAt value costEstimate }
        intervalReadings { readingDate billableMonth startAt endAt periodLengthDays value hasHalfHourlyDataForPeriod
            costEstimate halfHourlyReadings { costEstimate } } } } }";

#[tokio::test]
async fn a_japanese_roof_feeds_in_at_a_generation_point_and_takes_at_a_supply_point() {
    let server = Server::start().await;
    let world = server.world().await;
    let yuki = server.customer("yuki@example.org", "雪 山田", "TG_OCTOPUS_ENERGY").await;
    let home = server.supplied_home(&yuki, MarketName::JpnElectricity, "0312345678901234567890", "J1").await;
    let gpin = "0398765432109876543210";
    let new = NewPoint { is_export: true, ..point(home.property, MarketName::JpnElectricity, gpin) };
    let mut tx = server.tx().await;
    let (roof, _) = supplied(&mut tx, &new, yuki.account_id, "J2").await;
    tx.commit().await.expect("committed");
    server.expect(roof, 3_000).await;
    server.agree(&yuki, roof, "FIT-2023-01", "2026-01-01").await;
    server.collect().await;
    let id = json!({ "id": home.property.to_string() });
    let data = server.ask(Some(&server.again(&yuki).await), GENERATED, id.clone()).await;
    let home = &data["property"];
    assert_eq!(home["electricitySupplyPoints"], json!([{ "spin": "0312345678901234567890" }]));
    assert_eq!(home["electricityGenerationPoints"].as_array().map(Vec::len), Some(1));
    let shown = &home["electricityGenerationPoints"][0];
    assert_eq!((&shown["gpin"], &shown["status"]), (&json!(gpin), &json!("ON_SUPPLY")));
    let bought = json!([{ "validFrom": "2025-12-31T15:00:00+00:00", "validTo": null,
        "product": { "code": "FIT-2023-01", "displayName": "オクトパス太陽光買取" } }]);
    assert_eq!(shown["agreements"], bought);
    let halves = shown["halfHourlyReadings"].as_array().expect("half-hours");
    assert!(halves.len() > 1_400, "a month: {}", halves.len());
    let cost = |node: &Value| -> Decimal {
        node["costEstimate"].as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{node}"))
    };
    // It is bought at one price.
    assert!(halves.iter().all(|half| cost(half) == value(half) * Decimal::new(95, 1)), "{:?}", halves[20]);
    let total: Decimal = halves.iter().map(cost).sum();
    let january = &shown["intervalReadings"][0];
    assert_eq!((&january["billableMonth"], &january["periodLengthDays"]), (&json!("2026-01"), &json!(31)));
    assert_eq!((cost(january), total > Decimal::ZERO), (total, true));
    assert_eq!(january["halfHourlyReadings"].as_array().map(Vec::len), Some(halves.len()));
    // Somebody else's home is none.
    let seen = server.send(Some(&world.ada.token), GENERATED, id).await;
    assert_eq!(seen.codes(), ["KT-CT-4501"]);
}

#[tokio::test]
async fn readings_that_no_charge_has_reached_are_unbilled() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let agreement = server.agree(&world.ada, home.point, "VAR-22-11-01", "2026-01-01").await;
    for (on, value) in [("2026-01-01", 100), ("2026-02-01", 300), ("2026-02-20", 400)] {
        server.reading(home.meter, begins("gb", on), Source::Customer, value).await;
    }
    let unbilled = |token: &str| {
        let (server, token) = (&server, token.to_owned());
        let variables = json!({ "id": home.property.to_string() });
        async move {
            let data = server.ask(Some(&token), UNBILLED, variables).await;
            data["property"]["electricityMeterPoints"][0]["unbilledReadings"].as_array().map_or(0, Vec::len)
        }
    };
    assert_eq!(unbilled(&world.ada.token).await, 3);
    let charge = "insert into supply_charges (agreement_id, days, lines, charged_at)
        values ($1, daterange('2026-01-01', '2026-02-01'), '[]', now())";
    sqlx::query(charge).bind(agreement).execute(server.database.pool()).await.expect("charged");
    assert_eq!(
        unbilled(&world.ada.token).await,
        1,
        "with that of the first of February, January was charged"
    );
    let mut tx = server.tx().await;
    supply_points::end_supply(&mut tx, home.point, day("2026-02-10")).await.expect("ended");
    tx.commit().await.expect("committed");
    assert_eq!(unbilled(&world.ada.token).await, 0, "what comes after her is nothing to her");
    assert_eq!(unbilled(&world.reader).await, 0);
}
