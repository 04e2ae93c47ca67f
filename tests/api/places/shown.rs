//! A British home, as its people see it, and as nobody else does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kraken_api::domain::auth::organisations;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::{meters, properties, smart_meters};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::roots::bounds_its_pages;
use crate::support::Server;
use crate::support::places::{self, Home, day, point, register, since, supplied};

const MPAN: &str = "2000050773706";
const EXPORT_MPAN: &str = "2200001234569";

const HOME: &str = "query($n: String!) { account(accountNumber: $n) { properties { id postcode address splitAddress
    addressLine1 addressLine2 addressLine3 addressLine4 addressLine5 label state
    richAddress { streetAddress locality postalCode country asString(showCountry: false) }
    coordinates { latitude longitude }
    occupancyPeriods { effectiveFrom effectiveTo isOccupier accountNumber }
    meterPoints { __typename identifier status supplyType }
    electricityMeterPoints { ... on ElectricityMeterPointType { id mpan direction gspGroupId status supplyEndDate esiId
        meters { id nodeId serialNumber meterType makeAndType activeFrom activeTo hasAndAllowsHhReadings fuelType
            consumptionUnits importMeter { id } meterPoint { mpan }
            registers { identifier name unitRateType digits decimalPlaces multiplier }
            smartDevices { deviceId } smartImportElectricityMeter { deviceId } smartExportElectricityMeter { deviceId } } } }
    electricitySupplyPoints { spin } electricityMalos { maloNumber } gasMeterPoints { mprn }
    smartDeviceNetworks { id smartDevices(statuses: [COMMISSIONED]) { id deviceId type status manufacturer model
        firmwareVersion serialNumber paymentMode deviceNetwork { id } importElectricityMeter { id }
        exportElectricityMeter { id } gasMeter { id } } } } } }";

#[tokio::test]
async fn a_home_shows_its_points_meters_and_devices() {
    let server = Server::start().await;
    let world = server.world().await;
    let Home { property, meter, .. } =
        server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "23L0000001").await;
    let mut tx = server.tx().await;
    let mut out = point(property, MarketName::GbrElectricity, EXPORT_MPAN);
    out.is_export = true;
    let (_, export) = supplied(&mut tx, &out, world.ada.account_id, "23L0000001").await;
    let device = smart_meters::NewDevice {
        kind: "ESME",
        manufacturer: "Landis+Gyr",
        model: "E470",
        firmware_version: "24.18",
        serial_number: "23L0000001",
        payment_mode: Some("CREDIT"),
        meter: Some(meter),
    };
    let joined = smart_meters::join(&mut tx, &server.random, property, &device).await.expect("joined");
    smart_meters::commission(&mut tx, joined).await.expect("commissioned");
    assert!(matches!(
        smart_meters::commission(&mut tx, joined).await,
        Err(smart_meters::DeviceError::Status)
    ));
    let hub = smart_meters::NewDevice { kind: "CHF", meter: None, payment_mode: None, ..device };
    smart_meters::join(&mut tx, &server.random, property, &hub).await.expect("joined");
    sqlx::query("update properties set latitude = 51.4545, longitude = -2.5879 where id = $1")
        .bind(property)
        .execute(&mut tx)
        .await
        .expect("placed");
    tx.commit().await.expect("committed");

    let data = server.ask(Some(&world.ada.token), HOME, json!({ "n": world.ada.account })).await;
    let home = &data["account"]["properties"][0];
    assert_eq!(home["address"], "12 Kelp Street, Bristol, BS1 4QA");
    assert_eq!(home["splitAddress"], json!(["12 Kelp Street", "Bristol"]));
    assert_eq!(home["richAddress"]["asString"], "12 Kelp Street, Bristol, BS1 4QA");
    assert_eq!(home["coordinates"], json!({ "latitude": 51.4545, "longitude": -2.5879 }));
    assert_eq!(home["state"], Value::Null);
    let held = json!([{ "effectiveFrom": "2026-01-01T00:00:00+00:00", "effectiveTo": null, "isOccupier": true,
        "accountNumber": world.ada.account }]);
    assert_eq!(home["occupancyPeriods"], held);
    assert_eq!(home["meterPoints"][0]["__typename"], "ElectricityMeterPointType");
    for other in ["electricitySupplyPoints", "electricityMalos", "gasMeterPoints"] {
        assert_eq!(home[other], json!([]), "{other}");
    }
    let points = &home["electricityMeterPoints"];
    let first = &points[0];
    assert_eq!((&first["mpan"], &first["direction"]), (&json!(MPAN), &json!("IMPORT")));
    assert_eq!((&first["gspGroupId"], &first["status"]), (&json!("_L"), &json!("ON_SUPPLY")));
    assert_eq!((&first["supplyEndDate"], &first["esiId"]), (&Value::Null, &Value::Null));
    let shown = &first["meters"][0];
    assert_eq!(shown["id"], meter.to_string());
    assert_eq!(shown["nodeId"], STANDARD.encode(format!("ElectricityMeterType:{meter}")));
    assert_eq!((&shown["meterType"], &shown["fuelType"]), (&json!("S2ADE"), &json!("ELECTRICITY")));
    assert_eq!((&shown["activeFrom"], &shown["activeTo"]), (&json!("2026-01-01"), &Value::Null));
    let registers = json!([{ "identifier": "1", "name": "STANDARD", "unitRateType": "STANDARD", "digits": 5,
        "decimalPlaces": 0, "multiplier": 1.0 }]);
    assert_eq!(shown["registers"], registers);
    assert_eq!(shown["meterPoint"]["mpan"], MPAN);
    let out = &points[1]["meters"][0];
    assert_eq!((&points[1]["direction"], &out["id"]), (&json!("EXPORT"), &json!(export.to_string())));
    assert_eq!(out["importMeter"]["id"], meter.to_string());
    assert_eq!(shown["importMeter"], Value::Null);
    // One device counts both ways.
    let network = &home["smartDeviceNetworks"][0];
    let device = &network["smartDevices"][0];
    assert_eq!(network["smartDevices"].as_array().map(Vec::len), Some(1), "the hub was not set up");
    assert_eq!((&device["type"], &device["paymentMode"]), (&json!("ESME"), &json!("CREDIT")));
    assert_eq!(device["deviceNetwork"]["id"], network["id"]);
    assert_eq!(device["importElectricityMeter"]["id"], meter.to_string());
    assert_eq!(device["exportElectricityMeter"]["id"], export.to_string());
    assert_eq!(device["gasMeter"], Value::Null);
    assert_eq!(shown["smartImportElectricityMeter"]["deviceId"], device["deviceId"]);
    assert_eq!(shown["smartExportElectricityMeter"], Value::Null);
    assert_eq!(out["smartExportElectricityMeter"]["deviceId"], device["deviceId"]);
    assert_eq!(out["smartDevices"][0]["deviceId"], device["deviceId"]);
}

/// Every way to a home: by identifiers of the property, point and meter, and by the account.
fn ways(home: Home, account: &str) -> Vec<String> {
    let Home { property, meter, .. } = home;
    let node = STANDARD.encode(format!("ElectricityMeterType:{meter}"));
    vec![
        format!("property(id: \"{property}\") {{ id }}"),
        format!("properties(accountNumber: \"{account}\") {{ id }}"),
        format!("supplyPoint(externalIdentifier: \"{MPAN}\", marketName: \"GBR_ELECTRICITY\") {{ id }}"),
        format!("supplyPoints(accountNumber: \"{account}\", first: 5) {{ edges {{ node {{ id }} }} }}"),
        format!("node(id: \"{node}\") {{ id ... on ElectricityMeterType {{ serialNumber }} }}"),
    ]
}

#[tokio::test]
async fn a_home_is_shown_to_its_people_and_to_whoever_looks_after_them() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "23L0000001").await;
    let ways = ways(home, &world.ada.account);
    for way in &ways {
        let query = format!("{{ found: {way} }}");
        for token in [&world.ada.token, &world.staff] {
            let data = server.ask(Some(token), &query, json!({})).await;
            assert!(!data["found"].is_null(), "{way}");
        }
        for token in [&world.bob.token, &world.partner] {
            let reply = server.send(Some(token), &query, json!({})).await;
            assert_eq!(reply.json["data"]["found"], Value::Null, "{way}");
        }
    }
    let codes = async |token: &str, way: &str| {
        server.send(Some(token), &format!("{{ {way} }}"), json!({})).await.codes().join(" ")
    };
    for (way, code) in ways.iter().zip(["KT-CT-4501", "KT-CT-4501", "KT-CT-4719", "KT-CT-4501", ""]) {
        assert_eq!(codes(&world.bob.token, way).await, code, "{way}");
    }
    // What is not there answers as what is not one's own.
    assert_eq!(codes(&world.bob.token, "property(id: \"1\") { id }").await, "KT-CT-4501");
    assert_eq!(codes(&world.bob.token, "property(id: \"house\") { id }").await, "KT-CT-4501");
    assert_eq!(
        codes(&world.bob.token, "properties(accountNumber: \"A-00000000\") { id }").await,
        "KT-CT-4501"
    );
    // A gas meter is asked for by the name of an electricity meter's type, and the other way round.
    let gas = STANDARD.encode(format!("GasMeterType:{}", home.meter));
    let data =
        server.ask(Some(&world.ada.token), &format!("{{ node(id: \"{gas}\") {{ id }} }}"), json!({})).await;
    assert_eq!(data["node"], Value::Null);

    let mut tx = server.tx().await;
    organisations::grant(&mut tx, world.partner_id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    for way in &ways {
        let data = server.ask(Some(&world.partner), &format!("{{ found: {way} }}"), json!({})).await;
        assert!(!data["found"].is_null(), "{way}");
    }
    let own = "query($n: String!, $id: ID!) { account(accountNumber: $n) { property(id: $id) { id } } }";
    let of = |number: &str| json!({ "n": number, "id": home.property.to_string() });
    let data = server.ask(Some(&world.ada.token), own, of(&world.ada.account)).await;
    assert_eq!(data["account"]["property"]["id"], home.property.to_string());
    let data = server.ask(Some(&world.staff), own, of(&world.bob.account)).await;
    assert_eq!(data["account"]["property"], Value::Null, "it is not Bob's");
}

#[tokio::test]
async fn a_point_is_found_by_its_market_and_number() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "23L0000001").await;
    let query = "query($i: String!, $m: String!) { supplyPoint(externalIdentifier: $i, marketName: $m) {
        id marketName externalIdentifier property { id }
        devices(first: 5) { totalCount edges { node { deviceIdentifier
            registers(first: 5) { edges { node { registerIdentifier } } } } } }
        others: devices(deviceIdentifiers: [\"elsewhere\"], first: 5) { edgeCount }
        none: devices(first: 5) { edges { node { registers(registerIdentifiers: [\"9\"], first: 1) { edgeCount } } } } } }";
    let of = |number: &str, market: &str| json!({ "i": number, "m": market });
    let data = server.ask(Some(&world.ada.token), query, of("20 0005 0773 706", "GBR_ELECTRICITY")).await;
    let found = &data["supplyPoint"];
    assert_eq!((&found["id"], &found["externalIdentifier"]), (&json!(home.point.to_string()), &json!(MPAN)));
    assert_eq!(found["property"]["id"], home.property.to_string());
    let device = &found["devices"]["edges"][0]["node"];
    assert_eq!(device["deviceIdentifier"], "23L0000001");
    assert_eq!(device["registers"]["edges"][0]["node"]["registerIdentifier"], "1");
    assert_eq!(found["others"]["edgeCount"], 0);
    assert_eq!(found["none"]["edges"][0]["node"]["registers"]["edgeCount"], 0);
    for (number, market, code) in [
        ("2000050773705", "GBR_ELECTRICITY", "KT-CT-4719"),
        (MPAN, "DEU_ELECTRICITY", "KT-CT-4719"),
        (MPAN, "NZL_ELECTRICITY", "KT-CT-4722"),
        (MPAN, "ELECTRICITY", "KT-CT-4723"),
    ] {
        let reply = server.send(Some(&world.ada.token), query, of(number, market)).await;
        assert_eq!(reply.codes(), [code], "{market}");
    }
    for below in [
        "supplyPoint(externalIdentifier: \"2000050773706\", marketName: \"GBR_ELECTRICITY\") { devices(PAGE) { edgeCount } }",
        "supplyPoint(externalIdentifier: \"2000050773706\", marketName: \"GBR_ELECTRICITY\") {
            devices(first: 1) { edges { node { registers(PAGE) { edgeCount } } } } }",
    ] {
        bounds_its_pages(&server, &world.ada.token, below).await;
    }
}

#[tokio::test]
async fn points_are_listed_by_account_and_by_portfolio() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "23L0000001").await;
    let mut tx = server.tx().await;
    let new = point(home.property, MarketName::GbrGas, "1234567810");
    supplied(&mut tx, &new, world.ada.account_id, "G4W1").await;
    tx.commit().await.expect("committed");
    let token = Some(world.ada.token.as_str());
    let query = "query($a: String, $p: String, $after: String) {
        supplyPoints(accountNumber: $a, portfolioNumber: $p, first: 1, after: $after) {
            totalCount edges { node { marketName } } pageInfo { hasNextPage endCursor } } }";
    let data = server.ask(token, query, json!({ "a": world.ada.account })).await;
    let page = &data["supplyPoints"];
    assert_eq!((&page["totalCount"], &page["pageInfo"]["hasNextPage"]), (&json!(2), &json!(true)));
    assert_eq!(page["edges"][0]["node"]["marketName"], "GBR_ELECTRICITY");
    let after = page["pageInfo"]["endCursor"].clone();
    let data = server.ask(token, query, json!({ "a": world.ada.account, "after": after })).await;
    assert_eq!(data["supplyPoints"]["edges"][0]["node"]["marketName"], "GBR_GAS");
    let portfolio = "query($n: String!) { account(accountNumber: $n) { portfolio { number } } }";
    let data = server.ask(token, portfolio, json!({ "n": world.ada.account })).await;
    let number = data["account"]["portfolio"]["number"].clone();
    let data = server.ask(token, query, json!({ "p": number })).await;
    assert_eq!(data["supplyPoints"]["totalCount"], 2);
    for (variables, code) in [
        (json!({}), "KT-CT-1605"),
        (json!({ "a": world.ada.account, "p": number }), "KT-CT-1605"),
        (json!({ "a": world.bob.account }), "KT-CT-4501"),
        (json!({ "p": "P-00000000" }), "KT-CT-4501"),
    ] {
        assert_eq!(server.send(token, query, variables.clone()).await.codes(), [code], "{variables}");
    }
    let reply = server.send(Some(&world.bob.token), query, json!({ "p": number })).await;
    assert_eq!(reply.codes(), ["KT-CT-4501"]);
    let last =
        "query($a: String) { supplyPoints(accountNumber: $a, last: 1) { edges { node { marketName } } } }";
    let data = server.ask(token, last, json!({ "a": world.ada.account })).await;
    assert_eq!(data["supplyPoints"]["edges"][0]["node"]["marketName"], "GBR_GAS");
}

#[tokio::test]
async fn addresses_are_found_misspelt() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "23L0000001").await;
    let query = "query($t: String!) { propertiesSearch(searchTerm: $t) { score property { id address } }
        propertySearch(searchTerm: $t) { id } }";
    let data = server.ask(Some(&world.staff), query, json!({ "t": "Kelp Stret" })).await;
    let id = json!(home.property.to_string());
    assert_eq!(
        (&data["propertiesSearch"][0]["property"]["id"], &data["propertySearch"][0]["id"]),
        (&id, &id)
    );
    let score: Decimal =
        data["propertiesSearch"][0]["score"].as_str().and_then(|s| s.parse().ok()).expect("a score");
    assert!(score > Decimal::new(5, 1) && score < Decimal::ONE, "{score}");
    let exact = server.ask(Some(&world.staff), query, json!({ "t": "12 kelp street" })).await;
    assert_eq!(exact["propertiesSearch"][0]["score"], "1.0000");
    let none = server.ask(Some(&world.staff), query, json!({ "t": "Barnacle Court" })).await;
    assert_eq!((&none["propertiesSearch"], &none["propertySearch"]), (&json!([]), &json!([])));
    for term in ["ab", "   ", &"long".repeat(51)] {
        for root in ["propertiesSearch(searchTerm: $t) { score }", "propertySearch(searchTerm: $t) { id }"] {
            let query = format!("query($t: String!) {{ {root} }}");
            let reply = server.send(Some(&world.staff), &query, json!({ "t": term })).await;
            assert_eq!(reply.codes(), ["KT-CT-1605"], "{term}");
        }
    }
    let unseen = server.ask(Some(&world.partner), query, json!({ "t": "Kelp Street" })).await;
    assert_eq!(unseen["propertiesSearch"], json!([]), "it was granted nothing");
}

#[tokio::test]
async fn meters_come_and_go_on_local_days() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "OLD1").await;
    let mut tx = server.tx().await;
    let registers = [register("1", "DAY", "DAY"), register("2", "NIGHT", "NIGHT")];
    let (old, new) =
        meters::exchange(&mut tx, home.point, day("2026-02-10"), &places::meter("NEW1", &registers))
            .await
            .expect("exchanged");
    tx.commit().await.expect("committed");
    assert_eq!(old, home.meter);
    let query = "query($id: ID!, $meter: Int) { property(id: $id) { electricityMeterPoints {
        ... on ElectricityMeterPointType { now: meters { serialNumber registers { unitRateType } }
            all: meters(includeInactive: true) { serialNumber activeFrom activeTo }
            one: meters(id: $meter) { serialNumber } } } } }";
    let variables = json!({ "id": home.property.to_string(), "meter": old });
    let data = server.ask(Some(&world.ada.token), query, variables).await;
    let shown = &data["property"]["electricityMeterPoints"][0];
    let present = json!([{ "serialNumber": "NEW1", "registers": [{ "unitRateType": "DAY" }, { "unitRateType": "NIGHT" }] }]);
    assert_eq!(shown["now"], present);
    let all = json!([{ "serialNumber": "NEW1", "activeFrom": "2026-02-10", "activeTo": null },
        { "serialNumber": "OLD1", "activeFrom": "2026-01-01", "activeTo": "2026-02-10" }]);
    assert_eq!(shown["all"], all);
    assert_eq!(shown["one"], json!([{ "serialNumber": "OLD1" }]));
    // Supply ends before the exchange: the new meter is nothing to her.
    let mut tx = server.tx().await;
    sqlx::query("update supply_periods set during = tstzrange(lower(during), '2026-02-10T00:00:00Z')")
        .execute(&mut tx)
        .await
        .expect("ended");
    tx.commit().await.expect("committed");
    let variables = json!({ "id": home.property.to_string(), "meter": new });
    let data = server.ask(Some(&world.ada.token), query, variables).await;
    let shown = &data["property"]["electricityMeterPoints"][0];
    assert_eq!((&shown["now"], &shown["one"]), (&json!([]), &json!([])));
    assert_eq!(shown["all"][0]["serialNumber"], "OLD1");
    let node = STANDARD.encode(format!("ElectricityMeterType:{new}"));
    let data =
        server.ask(Some(&world.ada.token), &format!("{{ node(id: \"{node}\") {{ id }} }}"), json!({})).await;
    assert_eq!(data["node"], Value::Null);
    assert!(
        properties::by_ids(
            &mut server.tx().await,
            &kraken_api::domain::auth::Viewer::customer(world.bob.user_id),
            &[home.property]
        )
        .await
        .expect("asked")
        .iter()
        .all(Option::is_none)
    );
    assert!(since() < day("2026-02-10"));
}
