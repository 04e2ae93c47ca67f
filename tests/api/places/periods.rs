//! Moving in and out: what the next people see of the last, and the other way round.

use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::smart_meters::{self, NewDevice};
use kraken_api::domain::supply::{meters, properties, supply_points};
use serde_json::json;

use crate::support::Server;
use crate::support::places::{day, meter, register};

const MPAN: &str = "2000050773706";

const PLACES: &str = "query($n: String!) { account(accountNumber: $n) {
    now: properties { id }
    then: properties(activeFrom: \"2026-02-14T12:00:00Z\") { id }
    previousProperties { id occupancyPeriods { accountNumber effectiveTo }
        meterPoints { status ... on ElectricityMeterPointType { supplyEndDate meters(includeInactive: true) { serialNumber } } } }
    allProperties { id occupancyPeriods { accountNumber } smartDeviceNetworks { smartDevices { type } }
        meterPoints { status ... on ElectricityMeterPointType { meters(includeInactive: true) { serialNumber } } } } } }";

fn device(kind: &str, meter: Option<i64>) -> NewDevice<'_> {
    NewDevice {
        kind,
        manufacturer: "Landis+Gyr",
        model: "E470",
        firmware_version: "24.18",
        serial_number: "1",
        payment_mode: None,
        meter,
    }
}

#[tokio::test]
async fn who_moves_out_keeps_what_was_theirs() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "OLD1").await;
    let (ada, bob) = (world.ada.account_id, world.bob.account_id);
    let mut tx = server.tx().await;
    for (kind, meter) in [("ESME", Some(home.meter)), ("CHF", None)] {
        let device = device(kind, meter);
        smart_meters::join(&mut tx, &server.random, home.property, &device).await.expect("joined");
    }
    properties::move_out(&mut tx, home.property, ada, day("2026-02-15")).await.expect("moved out");
    properties::move_in(&mut tx, home.property, bob, day("2026-02-15"), true).await.expect("moved in");
    let registers = [register("1", "STANDARD", "STANDARD")];
    let new = meter("NEW1", &registers);
    meters::exchange(&mut tx, home.point, day("2026-02-15"), &new).await.expect("exchanged");
    supply_points::begin_supply(&mut tx, home.point, bob, day("2026-02-15")).await.expect("supplied");
    tx.commit().await.expect("committed");

    let id = json!([{ "id": home.property.to_string() }]);
    let data = server.ask(Some(&world.ada.token), PLACES, json!({ "n": world.ada.account })).await;
    let ada = &data["account"];
    assert_eq!((&ada["now"], &ada["then"]), (&json!([]), &id));
    let previous = json!([{ "id": home.property.to_string(),
        "occupancyPeriods": [{ "accountNumber": world.ada.account, "effectiveTo": "2026-02-15T00:00:00+00:00" }],
        "meterPoints": [{ "status": "OFF_SUPPLY", "supplyEndDate": "2026-02-14", "meters": [{ "serialNumber": "OLD1" }] }] }]);
    assert_eq!(ada["previousProperties"], previous);
    let hers = json!([{ "smartDevices": [{ "type": "ESME" }] }]);
    assert_eq!(
        ada["allProperties"][0]["smartDeviceNetworks"], hers,
        "the meter of her time, and nothing else"
    );
    let data = server.ask(Some(&world.bob.token), PLACES, json!({ "n": world.bob.account })).await;
    let bob = &data["account"];
    assert_eq!((&bob["now"], &bob["previousProperties"]), (&id, &json!([])));
    let all = json!([{ "id": home.property.to_string(), "occupancyPeriods": [{ "accountNumber": world.bob.account }],
        "smartDeviceNetworks": [{ "smartDevices": [{ "type": "CHF" }] }],
        "meterPoints": [{ "status": "ON_SUPPLY", "meters": [{ "serialNumber": "NEW1" }] }] }]);
    assert_eq!(bob["allProperties"], all);
    let everything = "query($id: ID!) { property(id: $id) { occupancyPeriods { id }
        electricityMeterPoints { ... on ElectricityMeterPointType { meters(includeInactive: true) { id } } } } }";
    let data = server.ask(Some(&world.staff), everything, json!({ "id": home.property.to_string() })).await;
    let seen = &data["property"];
    assert_eq!(seen["occupancyPeriods"].as_array().map(Vec::len), Some(2));
    assert_eq!(seen["electricityMeterPoints"][0]["meters"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn accounts_are_found_by_their_points_and_meters() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "OLD1").await;
    let mut tx = server.tx().await;
    properties::move_out(&mut tx, home.property, world.ada.account_id, day("2026-02-15"))
        .await
        .expect("moved out");
    supply_points::begin_supply(&mut tx, home.point, world.bob.account_id, day("2026-02-15"))
        .await
        .expect("supplied");
    let registers = [register("1", "STANDARD", "STANDARD")];
    let new = meter("NEW1", &registers);
    meters::exchange(&mut tx, home.point, day("2026-02-15"), &new).await.expect("exchanged");
    tx.commit().await.expect("committed");
    let query =
        "query($t: AccountSearchInputType!) { accountsSearch(searchTerms: $t) { account { number } score } }";
    let found = async |token: &str, terms: serde_json::Value| {
        let data = server.ask(Some(token), query, json!({ "t": terms })).await;
        let rows = data["accountsSearch"].as_array().expect("a list").clone();
        rows.iter()
            .map(|row| row["account"]["number"].as_str().expect("a number").to_owned())
            .collect::<Vec<_>>()
    };
    let (ada, bob) = (world.ada.account.clone(), world.bob.account.clone());
    assert_eq!(found(&world.staff, json!({ "mpan": "20 0005 0773 706" })).await, [ada.clone(), bob.clone()]);
    assert_eq!(found(&world.staff, json!({ "meterSerialNumber": "OLD1" })).await, [ada]);
    assert_eq!(found(&world.staff, json!({ "meterSerialNumber": "NEW1" })).await, [bob]);
    assert_eq!(found(&world.staff, json!({ "mprn": MPAN })).await, Vec::<String>::new());
    assert_eq!(found(&world.partner, json!({ "mpan": MPAN })).await, Vec::<String>::new());
}

#[tokio::test]
async fn statements_do_not_grow_with_properties() {
    let server = Server::start().await;
    let world = server.world().await;
    let query = "query($n: String!) { account(accountNumber: $n) { properties { richAddress { locality } state
        occupancyPeriods { id } smartDeviceNetworks { smartDevices { gasMeter { id } deviceNetwork { id } } }
        meterPoints { status ... on ElectricityMeterPointType { supplyEndDate meters { registers { id } importMeter { id }
            meterPoint { id } smartDevices { id } } }
            ... on GasMeterPointType { exitZone ldzCapacityChargeRate meters { modelName } } } } } }";
    let mut counts = Vec::new();
    let numbers = [("2000050773706", "1234567810"), ("2200001234569", "432108")];
    for (electricity, gas) in numbers {
        let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, electricity, "E1").await;
        let mut tx = server.tx().await;
        let new = crate::support::places::point(home.property, MarketName::GbrGas, gas);
        crate::support::places::supplied(&mut tx, &new, world.ada.account_id, "G1").await;
        let meter = device("ESME", Some(home.meter));
        smart_meters::join(&mut tx, &server.random, home.property, &meter).await.expect("joined");
        tx.commit().await.expect("committed");
        let variables = json!({ "n": world.ada.account }).as_object().cloned().unwrap_or_default();
        let request = kraken_api::graphql::Request {
            query: query.into(),
            variables,
            ..kraken_api::graphql::Request::default()
        };
        let origin = kraken_api::api::Origin { authorization: Some(&world.ada.token), client: None };
        let answer = server.app.execute(request, origin).await.expect("an answer");
        let body: serde_json::Value = serde_json::from_slice(&answer.response.body).expect("JSON");
        assert!(body["errors"].is_null(), "{body}");
        counts.push((
            answer.stats.statements(),
            body["data"]["account"]["properties"].as_array().map(Vec::len),
        ));
    }
    assert_eq!((counts[0].1, counts[1].1), (Some(1), Some(2)));
    assert_eq!(counts[0].0, counts[1].0);
}
