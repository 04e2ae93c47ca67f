//! Statements depend on the shape of a query, never on how many properties, points, meters or readings there are.

use kraken_api::api::Origin;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::graphql;
use serde_json::Value;

use crate::support::Server;
use crate::support::places::{point, property, supplied};

const OF_PROPERTIES: &str = "{ viewer { accounts { ... on AccountType { properties {
    measurements(first: 3) { edges { node { value metaData { utilityFilters { __typename }
        statistics { type } } } } }
    registers: measurements(first: 3, utilityFilters: [{ gasFilters: { readingFrequencyType: POINT_IN_TIME } }]) {
        edges { node { value } } }
    electricityMeterPoints { ... on ElectricityMeterPointType { unbilledReadings { id } meters { consumption(startAt: \"2026-01-01T00:00:00Z\", grouping: DAY,
        timezone: \"Europe/London\", first: 5) { edges { node { value } } } } } }
    gasMeterPoints { meters { readings(first: 2) { totalCount edges { node { registers { value } } } } } } } } } } }";
const OF_POINTS: &str = "query($a: String!) { supplyPoints(accountNumber: $a, first: 50) { edges { node {
    readings(startAt: \"2026-01-01T00:00:00Z\", endAt: \"2026-01-03T00:00:00Z\", readingType: INTERVAL,
        timeGranularity: HOUR) { importReadings(first: 2) { edges { node { value } } } }
    devices(first: 2) { edges { node {
        readings(startAt: \"2026-01-01T00:00:00Z\", endAt: \"2026-01-03T00:00:00Z\", readingType: ACCUMULATION,
            timeGranularity: DAY) { importReadings(first: 2) { edges { node { value } } } }
        registers(first: 2) { edges { node {
            readings(startAt: \"2026-01-01T00:00:00Z\", endAt: \"2026-01-03T00:00:00Z\", readingType: INTERVAL,
                timeGranularity: DAY) { importReadings(first: 2) { edges { node { value } } } } } } } } } } } } } }";

#[tokio::test]
async fn lists_of_readings_take_as_many_statements_whatever_they_hold() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut counts: Vec<[u32; 2]> = Vec::new();
    let mut homes = 0;
    for wanted in [1, 2, 7] {
        let mut tx = server.tx().await;
        while homes < wanted {
            homes += 1;
            let property = property(&mut tx, "gb", world.ada.account_id).await;
            for (market, kind) in [(MarketName::GbrElectricity, "E"), (MarketName::GbrGas, "G")] {
                let identifier = market.invent("12", &server.random);
                let new = point(property, market, &identifier);
                supplied(&mut tx, &new, world.ada.account_id, &format!("{kind}{homes}")).await;
            }
        }
        tx.commit().await.expect("committed");
        server.collect().await;
        let mut count = [0; 2];
        for (place, query) in [OF_PROPERTIES, OF_POINTS].into_iter().enumerate() {
            let request = graphql::Request {
                query: query.into(),
                variables: serde_json::json!({ "a": world.ada.account })
                    .as_object()
                    .cloned()
                    .unwrap_or_default(),
                ..graphql::Request::default()
            };
            let from = Origin { authorization: Some(&world.ada.token), client: None };
            let answer = server.app.execute(request, from).await.expect("an answer");
            let body: Value = serde_json::from_slice(&answer.response.body).expect("JSON");
            assert!(body.get("errors").is_none(), "{body}");
            count[place] = answer.stats.statements();
        }
        counts.push(count);
    }
    assert!(counts[0][0] > 0 && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}
