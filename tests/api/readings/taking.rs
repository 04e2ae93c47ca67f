//! Readings that people give.

use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::meters;
use kraken_api::domain::supply::readings::Source;
use serde_json::{Value, json};

use super::{GAS_MALO, MALO, MPAN, MPRN, begins, nodes};
use crate::support::places::{day, meter, register};
use crate::support::{Server, record};

const BRITISH: &str = "mutation($p: String, $at: Date, $r: [ReadingInputType], $s: String) {
    createElectricityMeterReading(mpan: $p, readAt: $at, readings: $r, serialNumber: $s) {
        id readingErrors { field errors { ... on SerializerErrorType { code message } } } } }";
const BRITISH_GAS: &str = "mutation($p: String, $at: Date, $r: Int, $s: String) {
    createGasMeterReading(mprn: $p, readAt: $at, reading: $r, serialNumber: $s) {
        id readingErrors { field errors { ... on SerializerErrorType { code } } } } }";
const GERMAN: &str = "mutation($i: ReadingsInput!) { createElectricityMeterReadings(input: $i) {
    readingDate numberOfReadingsCreated possibleErrors { code } } }";
const GERMAN_GAS: &str = "mutation($i: ReadingsInput!) { createGasMeterReadings(input: $i) {
    readingDate numberOfReadingsCreated } }";
const LIST: &str =
    "query($m: String!) { electricityMeterReadings(meterId: $m, includeQuarantined: true, first: 9) {
    edges { node { id readAt source registers { identifier value isQuarantined } } } } }";
const GAS_LIST: &str =
    "query($m: String!, $a: String!) { gasMeterReadings(meterId: $m, accountNumber: $a, first: 9) {
    edges { node { id value typeOfRead readingDate } } } }";

fn slip(value: i64, on: &str) -> Value {
    json!({ "p": MPAN, "at": on, "r": [{ "reading": value }] })
}

impl Server {
    async fn shown(&self, token: &str, meter: i64) -> Vec<Value> {
        let data = self.ask(Some(token), LIST, json!({ "m": meter.to_string() })).await;
        nodes(&data["electricityMeterReadings"]).into_iter().cloned().collect()
    }

    /// Gives a British reading that is taken. Answers its id.
    async fn gives(&self, token: &str, variables: Value) -> String {
        let data = self.ask(Some(token), BRITISH, variables).await;
        let made = &data["createElectricityMeterReading"];
        assert_eq!(made["readingErrors"], json!([]), "{made}");
        made["id"].as_str().expect("an id").to_owned()
    }
}

#[tokio::test]
async fn a_customer_reads_the_meter_and_corrects_what_they_read() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let token = &world.ada.token;
    let first = server.gives(token, slip(1_000, "2026-02-01")).await;
    assert_eq!(server.gives(token, slip(1_000, "2026-02-01")).await, first, "the same again is the same");
    let corrected = server.gives(token, slip(1_010, "2026-02-01")).await;
    assert_ne!(corrected, first);
    let shown = server.shown(token, home.meter).await;
    assert_eq!(shown.len(), 1);
    assert_eq!((&shown[0]["id"], &shown[0]["source"]), (&json!(corrected), &json!("CUSTOMER")));
    assert_eq!(shown[0]["registers"][0]["value"], "1010");
    // Without a day it is today; spaces do not count.
    let today = json!({ "p": "20 0005 0773 706", "s": "E1", "r": [{ "reading": 1_100 }] });
    server.gives(token, today).await;
    let shown = server.shown(token, home.meter).await;
    assert_eq!(shown[0]["readAt"], "2026-03-02T00:00:00+00:00");
    // Far more than is believable is kept, and counts for nothing.
    server.gives(token, slip(90_000, "2026-03-01")).await;
    let shown = server.shown(token, home.meter).await;
    assert_eq!(shown[1]["registers"][0]["isQuarantined"], true);
    assert_eq!(shown[0]["registers"][0]["isQuarantined"], false);
    record::read_back("createElectricityMeterReading");
}

#[tokio::test]
async fn two_who_give_the_same_reading_at_once_give_it_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let variables = || slip(1_000, "2026-02-01");
    let (one, two) = tokio::join!(
        server.gives(&world.ada.token, variables()),
        server.gives(&world.ada.token, variables())
    );
    assert_eq!(one, two);
    assert_eq!(server.shown(&world.ada.token, home.meter).await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_is_said_field_by_field() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let register = server.registers(home.meter).await[0].to_string();
    for (variables, field, code) in [
        (json!({ "r": [{ "reading": 1 }] }), "mpan", "required"),
        (slip(1, "2026-03-03"), "readAt", "future"),
        (slip(1, "2025-02-01"), "readAt", "too_old"),
        (slip(1, "2025-12-31"), "readAt", "not_supplied"),
        (slip(100_000, "2026-02-01"), "readings", "digits"),
        (slip(-1, "2026-02-01"), "readings", "digits"),
        (json!({ "p": MPAN }), "readings", "required"),
        (json!({ "p": MPAN, "r": [{ "registerId": "7", "reading": 1 }] }), "readings", "unknown_register"),
        (json!({ "p": MPAN, "r": [{ "registerId": "x", "reading": 1 }] }), "readings", "unknown_register"),
        (
            json!({ "p": MPAN, "r": [{ "reading": 1 }, { "registerId": register, "reading": 2 }] }),
            "readings",
            "duplicate_register",
        ),
    ] {
        let data = server.ask(Some(&world.ada.token), BRITISH, variables).await;
        let made = &data["createElectricityMeterReading"];
        assert_eq!(made["id"], Value::Null, "{made}");
        let wrong = &made["readingErrors"][0];
        assert_eq!((&wrong["field"], &wrong["errors"][0]["code"]), (&json!(field), &json!(code)), "{made}");
    }
    let mut tx = server.tx().await;
    let registers = [register_of("1", "DAY"), register_of("2", "NIGHT")];
    meters::exchange(&mut tx, home.point, day("2026-02-01"), &meter("E2", &registers))
        .await
        .expect("exchanged");
    tx.commit().await.expect("committed");
    let data = server.ask(Some(&world.ada.token), BRITISH, slip(1, "2026-02-02")).await;
    let wrong = &data["createElectricityMeterReading"]["readingErrors"][0]["errors"][0]["code"];
    assert_eq!(*wrong, "unknown_register", "there are two, and none is named");
    let data = server
        .ask(
            Some(&world.ada.token),
            BRITISH,
            json!({ "p": MPAN, "s": "E1", "at": "2026-02-02", "r": [{ "reading": 5 }] }),
        )
        .await;
    let wrong = &data["createElectricityMeterReading"]["readingErrors"][0]["errors"][0]["code"];
    assert_eq!(*wrong, "not_supplied", "that meter was taken off");
}

fn register_of(
    identifier: &'static str,
    band: &'static str,
) -> kraken_api::domain::supply::meters::NewRegister<'static> {
    register(identifier, band, band)
}

#[tokio::test]
async fn a_meter_with_two_registers_is_read_as_a_whole() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let mut tx = server.tx().await;
    let registers = [register_of("1", "DAY"), register_of("2", "NIGHT")];
    let new = meter("E2", &registers);
    let (_, second) =
        meters::exchange(&mut tx, home.point, day("2026-02-01"), &new).await.expect("exchanged");
    tx.commit().await.expect("committed");
    let ids: Vec<String> = server.registers(second).await.iter().map(i64::to_string).collect();
    let one = json!({ "p": MPAN, "r": [{ "registerId": ids[0], "reading": 10 }] });
    let data = server.ask(Some(&world.ada.token), BRITISH, one).await;
    let wrong = &data["createElectricityMeterReading"]["readingErrors"][0]["errors"][0]["code"];
    assert_eq!(*wrong, "missing_register");
    let both = json!({ "p": MPAN, "r": [{ "registerId": ids[1], "reading": 20 }, { "registerId": ids[0], "reading": 10 }] });
    server.gives(&world.ada.token, both).await;
    let shown = server.shown(&world.ada.token, second).await;
    assert_eq!(
        (&shown[0]["registers"][0]["value"], &shown[0]["registers"][1]["value"]),
        (&json!("10"), &json!("20"))
    );
}

#[tokio::test]
async fn gas_is_read_by_one_number() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrGas, MPRN, "G1").await;
    let data = server.ask(Some(&world.ada.token), BRITISH_GAS, json!({ "p": MPRN, "r": 412 })).await;
    let made = &data["createGasMeterReading"];
    let list = json!({ "m": home.meter.to_string(), "a": world.ada.account });
    let data = server.ask(Some(&world.ada.token), GAS_LIST, list).await;
    let expected =
        json!({ "id": made["id"], "value": "412", "typeOfRead": "C", "readingDate": "2026-03-02" });
    assert_eq!(*nodes(&data["gasMeterReadings"])[0], expected);
    record::read_back("createGasMeterReading");
    let data = server.ask(Some(&world.ada.token), BRITISH_GAS, json!({ "p": MPRN })).await;
    assert_eq!(data["createGasMeterReading"]["readingErrors"][0]["field"], "reading");
    for token in [&world.bob.token, &world.partner] {
        let reply = server.send(Some(token), BRITISH_GAS, json!({ "p": MPRN, "r": 1 })).await;
        assert!(["KT-GB-5111", "KT-CT-1111"].contains(&reply.codes()[0]), "{}", reply.json);
    }
    let reply = server.send(Some(&world.ada.token), BRITISH_GAS, json!({ "p": "12", "r": 1 })).await;
    assert_eq!(reply.codes(), ["KT-GB-5111"]);
}

#[tokio::test]
async fn whoever_has_nothing_to_do_with_the_meter_is_told_nothing() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    for variables in [slip(1, "2026-02-01"), json!({ "p": "2200001234569", "r": [{ "reading": 1 }] })] {
        let reply = server.send(Some(&world.bob.token), BRITISH, variables).await;
        assert_eq!(reply.codes(), ["KT-GB-5111"]);
    }
    assert_eq!(
        server.send(Some(&world.reader), BRITISH, slip(1, "2026-02-01")).await.codes(),
        ["KT-CT-1111"]
    );
    // A link that is good for readings is good for this alone.
    let key = server.pre_signed_key(world.ada.email, "SUBMIT_METER_READINGS").await;
    let link = server.log_in(json!({ "preSignedKey": key })).await;
    server.gives(&link, slip(500, "2026-02-01")).await;
    assert_eq!(
        server.send(Some(&link), LIST, json!({ "m": home.meter.to_string() })).await.codes(),
        ["KT-CT-1111"]
    );
    assert_eq!(server.shown(&world.ada.token, home.meter).await.len(), 1);
}

#[tokio::test]
async fn a_german_meter_is_read_by_its_id() {
    let server = Server::start().await;
    let world = server.world().await;
    let anna = server.customer("anna@example.org", "Anna Schmidt", "OCTOPUS_ENERGY_GERMANY").await;
    let home = server.supplied_home(&anna, MarketName::DeuElectricity, MALO, "1EMH1").await;
    let gas = server.supplied_home(&anna, MarketName::DeuGas, GAS_MALO, "7GMT1").await;
    let reading = |meter: i64, value: &str, on: Value| json!({ "meterId": meter.to_string(), "readingDate": on, "readings": [{ "value": value }] });
    let input = reading(home.meter, "1234", json!("2026-02-01"));
    for created in [1, 0] {
        let reply = server.hand_in(&anna.token, GERMAN, input.clone()).await;
        let made = &reply.json["data"]["createElectricityMeterReadings"];
        assert_eq!(
            (&made["readingDate"], &made["numberOfReadingsCreated"]),
            (&json!("2026-02-01"), &json!(created)),
            "{}",
            reply.json
        );
        assert_eq!(made["possibleErrors"].as_array().map(Vec::len), Some(7));
    }
    let shown = server.shown(&anna.token, home.meter).await;
    assert_eq!((shown.len(), &shown[0]["registers"][0]["value"]), (1, &json!("1234")));
    assert_eq!(shown[0]["readAt"], "2026-01-31T23:00:00+00:00");
    record::read_back("createElectricityMeterReadings");
    let reply = server.hand_in(&anna.token, GERMAN_GAS, reading(gas.meter, "77", Value::Null)).await;
    assert_eq!(reply.json["data"]["createGasMeterReadings"]["readingDate"], "2026-03-02", "{}", reply.json);
    let list = json!({ "m": gas.meter.to_string(), "a": anna.account });
    let data = server.ask(Some(&anna.token), GAS_LIST, list).await;
    assert_eq!(nodes(&data["gasMeterReadings"])[0]["value"], "77");
    record::read_back("createGasMeterReadings");

    let empty = server.supplied_home(&anna, MarketName::DeuElectricity, "51238696781", "1EMH2").await;
    let strip = sqlx::query("delete from meter_registers where meter_id = any($1)");
    let gas_two = server.customer("karl@example.org", "Karl Meer", "OCTOPUS_ENERGY_GERMANY").await;
    let strange = server.supplied_home(&gas_two, MarketName::DeuGas, "41373559241", "7GMT2").await;
    strip.bind(vec![empty.meter, strange.meter]).execute(server.database.pool()).await.expect("stripped");
    let now = json!("2026-02-01");
    for (mutation, own, other, bare) in [
        (GERMAN, home.meter, gas.meter, (&anna.token, empty.meter)),
        (GERMAN_GAS, gas.meter, home.meter, (&gas_two.token, strange.meter)),
    ] {
        let codes = [
            // Another commodity's, somebody else's, and none at all.
            (reading(other, "1", now.clone()), &anna.token, "KT-DE-6411"),
            (reading(own, "1", now.clone()), &world.ada.token, "KT-DE-6411"),
            (json!({ "meterId": "x", "readings": [{ "value": "1" }] }), &anna.token, "KT-DE-6411"),
            (reading(own, "1", json!("2025-12-01")), &anna.token, "KT-DE-6412"),
            (reading(bare.1, "1", now.clone()), bare.0, "KT-DE-6413"),
            (reading(own, "100000", now.clone()), &anna.token, "KT-DE-6414"),
            (reading(own, "1.5", now.clone()), &anna.token, "KT-DE-6414"),
            (reading(own, "1", json!("2026-03-03")), &anna.token, "KT-DE-6414"),
        ];
        for (input, token, code) in codes {
            let reply = server.hand_in(token, mutation, input.clone()).await;
            assert_eq!(reply.codes(), [code], "{input} {}", reply.json);
        }
    }
    assert_eq!(server.hand_in(&world.reader, GERMAN, input).await.codes(), ["KT-CT-1111"]);
}

#[tokio::test]
async fn of_readings_of_one_moment_the_surest_counts() {
    let server = Server::start().await;
    let world = server.world().await;
    let home = server.supplied_home(&world.ada, MarketName::GbrElectricity, MPAN, "E1").await;
    let at = begins("gb", "2026-02-01");
    server.gives(&world.ada.token, slip(1_000, "2026-02-01")).await;
    let smart = server.reading(home.meter, at, Source::SmartMeter, 1_001).await;
    let counting: Vec<i64> = sqlx::query_scalar("select reading_id from register_readings where counts")
        .fetch_all(server.database.pool())
        .await
        .expect("readings");
    assert_eq!(counting, [smart]);
}
