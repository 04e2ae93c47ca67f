//! Readings of registers as they are listed.

use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::readings::{self, Source};
use kraken_api::domain::supply::supply_points;
use serde_json::{Value, json};

use super::{MPAN, MPRN, begins, nodes};
use crate::support::Server;
use crate::support::places::day;

const ELECTRICITY: &str = "query($m: String!, $a: String, $q: Boolean, $from: String, $to: String, $first: Int, $last: Int) {
    electricityMeterReadings(meterId: $m, accountNumber: $a, includeQuarantined: $q, startAt: $from, endAt: $to,
        first: $first, last: $last) {
        totalCount edgeCount pageInfo { hasNextPage } edges { node { id readAt source readingSource readingType
            registers { identifier name value digits isQuarantined } } } } }";
const GAS: &str = "query($m: String!, $a: String!, $t: [MeterReadingEventType]) {
    gasMeterReadings(meterId: $m, accountNumber: $a, eventTypes: $t, first: 10) { totalCount edges { node {
        id readAt value typeOfRead readingDate consumptionValue source readingSource
        registers { value isQuarantined } } } } }";
const OF_PROPERTY: &str = "query($id: ID!) { property(id: $id) { gasMeterPoints { meters {
    readings(first: 1) { totalCount edges { node { value readingDate } } } } } } }";

fn ids(connection: &Value) -> Vec<&str> {
    nodes(connection).into_iter().filter_map(|node| node["id"].as_str()).collect()
}

#[tokio::test]
async fn readings_come_newest_first_and_page_by_page() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    server.collect().await;
    let meter = home.meter.to_string();
    let ask = |extra: Value| {
        let mut variables = json!({ "m": meter, "first": 10 });
        variables.as_object_mut().expect("an object").extend(extra.as_object().expect("more").clone());
        let (server, token) = (&server, world.ada.token.clone());
        async move { server.ask(Some(&token), ELECTRICITY, variables).await["electricityMeterReadings"].clone() }
    };
    let all = ask(json!({ "a": world.ada.account })).await;
    assert_eq!(all["totalCount"], 3);
    let newest = nodes(&all)[0];
    assert_eq!(newest["readAt"], "2026-03-01T00:00:00+00:00");
    assert_eq!(
        (&newest["source"], &newest["readingSource"]),
        (&json!("SMART_METER"), &json!("Smart reading"))
    );
    assert_eq!(newest["readingType"], "SMART");
    let register = &newest["registers"][0];
    assert_eq!((&register["digits"], &register["isQuarantined"]), (&json!(5), &json!(false)));
    assert!(register["value"].as_str().is_some_and(|value| value.parse::<i64>().is_ok()), "{register}");
    assert_eq!(nodes(&all)[2]["source"], "CHANGE_OF_SUPPLY");
    for (from, to, count) in [
        ("2026-02-01", "2026-03-01", 1),
        ("2026-02-01T00:00:01Z", "2026-03-01T00:00:01+00:00", 1),
        ("2026-03-02", "2026-04-01", 0),
    ] {
        assert_eq!(ask(json!({ "from": from, "to": to })).await["totalCount"], count, "{from}");
    }
    let last = ask(json!({ "first": null, "last": 1 })).await;
    assert_eq!(ids(&last), ids(&all)[2..]);
    // The identifier for `node` is taken as well.
    let by_node = json!({ "m": "RWxlY3RyaWNpdHlNZXRlclR5cGU6", "first": 1 });
    assert_eq!(server.send(Some(&world.ada.token), ELECTRICITY, by_node).await.codes(), ["KT-CT-4501"]);
    for (from, code) in [("yesterday", "KT-CT-1608"), ("2026-01-01T00:00:00", "KT-CT-1609")] {
        let variables = json!({ "m": meter, "first": 1, "from": from });
        let reply = server.send(Some(&world.ada.token), ELECTRICITY, variables).await;
        assert_eq!(reply.codes(), [code]);
    }
    let variables = json!({ "m": meter });
    assert_eq!(server.send(Some(&world.ada.token), ELECTRICITY, variables).await.codes(), ["KT-CT-1201"]);
}

#[tokio::test]
async fn what_is_hard_to_believe_is_held_back_until_somebody_confirms_it() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    server.deafen(home.meter).await;
    server.expect(home.point, 3_650).await;
    server.reading(home.meter, begins("gb", "2026-01-01"), Source::ChangeOfSupply, 1_000).await;
    let high = server.reading(home.meter, begins("gb", "2026-02-01"), Source::Customer, 9_000).await;
    let meter = home.meter.to_string();
    let list = |quarantined: bool| {
        let variables = json!({ "m": meter, "q": quarantined, "first": 5 });
        let (server, token) = (&server, world.ada.token.clone());
        async move { server.ask(Some(&token), ELECTRICITY, variables).await["electricityMeterReadings"].clone() }
    };
    assert_eq!(list(false).await["totalCount"], 1);
    let all = list(true).await;
    assert_eq!(nodes(&all)[0]["registers"][0]["isQuarantined"], true);
    // It counts for nothing: neither as energy nor for what comes after it.
    server.reading(home.meter, begins("gb", "2026-03-01"), Source::Customer, 1_600).await;
    assert_eq!(list(false).await["totalCount"], 2);
    let mut tx = server.tx().await;
    assert!(readings::confirm(&mut tx, high).await.expect("confirmed"));
    assert!(!readings::confirm(&mut tx, high).await.expect("not twice"));
    tx.commit().await.expect("committed");
    assert_eq!(list(false).await["totalCount"], 3);
    let mut tx = server.tx().await;
    assert!(readings::withdraw(&mut tx, high).await.expect("withdrawn"));
    assert!(!readings::withdraw(&mut tx, high).await.expect("not twice"));
    tx.commit().await.expect("committed");
    assert_eq!(list(true).await["totalCount"], 2);
}

#[tokio::test]
async fn gas_readings_say_how_they_came_about_and_what_was_used() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrGas, MPRN, "G1").await;
    server.deafen(home.meter).await;
    for (on, source, value) in [
        ("2026-01-01", Source::ChangeOfSupply, 5_000),
        ("2026-01-20", Source::Estimate, 5_090),
        ("2026-02-01", Source::Customer, 5_080),
        ("2026-02-20", Source::DataCollector, 5_150),
    ] {
        server.reading(home.meter, begins("gb", on), source, value).await;
    }
    let ask = |types: Value| {
        let variables = json!({ "m": home.meter.to_string(), "a": world.ada.account, "t": types });
        let (server, token) = (&server, world.ada.token.clone());
        async move { server.ask(Some(&token), GAS, variables).await["gasMeterReadings"].clone() }
    };
    let all = ask(Value::Null).await;
    let rows: Vec<Value> = nodes(&all)
        .into_iter()
        .map(|node| json!([node["readingDate"], node["value"], node["typeOfRead"], node["consumptionValue"]]))
        .collect();
    assert_eq!(
        rows,
        [
            json!(["2026-02-20", "5150", "A", "70"]),
            // What was measured overtakes the estimate, which was too high.
            json!(["2026-02-01", "5080", "C", "80"]),
            json!(["2026-01-20", "5090", "E", "90"]),
            json!(["2026-01-01", "5000", "A", null]),
        ]
    );
    let some = ask(json!(["CUSTOMER", "ESTIMATE"])).await;
    assert_eq!(some["totalCount"], 2);
    let data =
        server.ask(Some(&world.ada.token), OF_PROPERTY, json!({ "id": home.property.to_string() })).await;
    let readings = &data["property"]["gasMeterPoints"][0]["meters"][0]["readings"];
    assert_eq!((&readings["totalCount"], &nodes(readings)[0]["value"]), (&json!(4), &json!("5150")));
}

#[tokio::test]
async fn nobody_reads_the_meter_of_another() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let gas = server.supplied_home(&world.ada, MarketName::GbrGas, MPRN, "G1").await;
    for (on, value) in [("2026-01-01", 100), ("2026-02-01", 300), ("2026-02-20", 400)] {
        server.reading(home.meter, begins("gb", on), Source::Customer, value).await;
    }
    let mut tx = server.tx().await;
    supply_points::end_supply(&mut tx, home.point, day("2026-02-01")).await.expect("ended");
    supply_points::begin_supply(&mut tx, home.point, world.bob.account_id, day("2026-02-01"))
        .await
        .expect("begun");
    tx.commit().await.expect("committed");
    let meter = home.meter.to_string();
    let eve = server.customer("eve@example.org", "Eve Moss", "OCTOPUS_ENERGY").await;
    for (token, count) in [(&world.ada.token, 2), (&world.bob.token, 2), (&world.reader, 3)] {
        let data = server.ask(Some(token), ELECTRICITY, json!({ "m": meter, "first": 5 })).await;
        assert_eq!(data["electricityMeterReadings"]["totalCount"], count);
    }
    for (token, meter) in
        [(&eve.token, &meter), (&world.partner, &meter), (&world.ada.token, &gas.meter.to_string())]
    {
        let reply = server.send(Some(token), ELECTRICITY, json!({ "m": meter, "first": 5 })).await;
        assert_eq!(reply.codes(), ["KT-CT-4501"]);
    }
    let of_gas = json!({ "m": gas.meter.to_string(), "a": world.ada.account });
    assert_eq!(server.send(Some(&eve.token), GAS, of_gas).await.codes(), ["KT-CT-4501"]);
    let other = json!({ "m": meter, "a": world.bob.account, "first": 5 });
    let data = server.ask(Some(&world.ada.token), ELECTRICITY, other).await;
    assert_eq!(data["electricityMeterReadings"]["totalCount"], 0, "none of hers was on his account");
}
