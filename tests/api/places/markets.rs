//! The same rows under the names of each market.

use kraken_api::domain::supply::capacities::{self, Capacity, CapacityError};
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::supply_points::{self, NewPoint};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::places::{day, point, property, since, supplied};

#[tokio::test]
async fn german_points_are_malos() {
    let server = Server::start().await;
    let greta = server.customer("greta@example.de", "Greta Lindemann", "OCTOPUS_ENERGY_GERMANY").await;
    let mut tx = server.tx().await;
    let home = property(&mut tx, "de", greta.account_id).await;
    let melo = "DE00014545768S0000000000000003054";
    let electricity = NewPoint {
        metering_location: Some(melo),
        annual_wh: Some(2_900_500),
        ..point(home, MarketName::DeuElectricity, "41373559241")
    };
    supplied(&mut tx, &electricity, greta.account_id, "1EMH0012345678").await;
    supplied(&mut tx, &point(home, MarketName::DeuGas, "51238696781"), greta.account_id, "7ELS0012345678")
        .await;
    tx.commit().await.expect("committed");
    let query = "query($n: String!) { account(accountNumber: $n) { allProperties {
        electricityMalos { id maloNumber meloNumber referenceConsumption
            meter { id number meterType shouldReceiveSmartMeterData } }
        gasMalos { maloNumber meloNumber referenceConsumption meter { number } }
        meterPoints { identifier } } } }";
    let data = server.ask(Some(&greta.token), query, json!({ "n": greta.account })).await;
    let home = &data["account"]["allProperties"][0];
    let malo = &home["electricityMalos"][0];
    assert_eq!((&malo["maloNumber"], &malo["meloNumber"]), (&json!("41373559241"), &json!(melo)));
    assert_eq!(malo["referenceConsumption"], 2900.5);
    assert_eq!(malo["meter"]["number"], "1EMH0012345678");
    assert_eq!(malo["meter"]["shouldReceiveSmartMeterData"], true);
    let gas = json!([{ "maloNumber": "51238696781", "meloNumber": null, "referenceConsumption": null,
        "meter": { "number": "7ELS0012345678" } }]);
    assert_eq!(home["gasMalos"], gas);
    assert_eq!(home["meterPoints"], json!([]), "nobody calls them that there");
}

#[tokio::test]
async fn japanese_points_are_read_on_their_day_and_agreed_in_amperes() {
    let server = Server::start().await;
    let sakura = server.customer("sakura@example.jp", "Sakura Inoue", "TG_OCTOPUS_ENERGY").await;
    let mut tx = server.tx().await;
    let home = property(&mut tx, "jp", sakura.account_id).await;
    let spin = "0300010001123456789012";
    let new = NewPoint { reading_day: Some(31), ..point(home, MarketName::JpnElectricity, spin) };
    let (at, _) = supplied(&mut tx, &new, sakura.account_id, "003 1234567").await;
    let agreed = |from: &str, amperage| Capacity {
        supply_point_id: at,
        valid_from: day(from),
        amperage: Some(amperage),
        kva: None,
        kw: None,
    };
    for (from, amperage) in [("2026-01-01", 30), ("2026-02-01", 40), ("2026-04-01", 60)] {
        capacities::agree(&mut tx, &agreed(from, amperage)).await.expect("agreed");
    }
    tx.commit().await.expect("committed");
    let query =
        "query($id: ID!) { property(id: $id) { electricitySupplyPoints { id spin status readingDateDayOfMonth
        nextReadingDate nextNextReadingDate supplyPeriods { supplyStartAt supplyEndAt isBillable }
        supplyDetails { amperage kva kw validFrom } contractedCapacity { value unit }
        meters { serialNumber capacity removedAt } } } }";
    let data = server.ask(Some(&sakura.token), query, json!({ "id": home.to_string() })).await;
    let shown = &data["property"]["electricitySupplyPoints"][0];
    assert_eq!((&shown["spin"], &shown["status"]), (&json!(spin), &json!("ON_SUPPLY")));
    // Tests begin on the second of March.
    let dates = [&shown["readingDateDayOfMonth"], &shown["nextReadingDate"], &shown["nextNextReadingDate"]];
    assert_eq!(dates, [&json!(31), &json!("2026-03-31"), &json!("2026-04-30")]);
    let period =
        json!([{ "supplyStartAt": "2025-12-31T15:00:00+00:00", "supplyEndAt": null, "isBillable": true }]);
    assert_eq!(shown["supplyPeriods"], period);
    assert_eq!(
        shown["supplyDetails"][2],
        json!({ "amperage": 60, "kva": null, "kw": null, "validFrom": "2026-04-01" })
    );
    assert_eq!(shown["contractedCapacity"], json!({ "value": "40", "unit": "AMPERE" }));
    assert_eq!(
        shown["meters"],
        json!([{ "serialNumber": "003 1234567", "capacity": null, "removedAt": null }])
    );

    let mut tx = server.tx().await;
    let again = capacities::agree(&mut tx, &agreed("2026-04-01", 20)).await;
    assert!(matches!(again, Err(CapacityError::AgreedAlready)));
    let mut tx = server.tx().await;
    let none = capacities::agree(&mut tx, &agreed("2026-05-01", 0)).await;
    assert!(matches!(none, Err(CapacityError::Figure)));
    let mut tx = server.tx().await;
    let nowhere = Capacity { supply_point_id: 1, kw: Some(Decimal::ONE), ..agreed("2026-05-01", 20) };
    assert!(matches!(capacities::agree(&mut tx, &nowhere).await, Err(CapacityError::UnknownPoint)));
}

#[tokio::test]
async fn australian_points_are_found_by_nmi_and_mirn() {
    let server = Server::start().await;
    let tilly = server.customer("tilly@example.com.au", "Tilly Nguyen", "ORIGIN").await;
    let mut tx = server.tx().await;
    let home = property(&mut tx, "au", tilly.account_id).await;
    let nmi = point(home, MarketName::AusElectricity, "QAAAVZZZZZ3");
    let (at, _) = supplied(&mut tx, &nmi, tilly.account_id, "00012345").await;
    let agreed = Capacity {
        supply_point_id: at,
        valid_from: since(),
        amperage: None,
        kva: Some(15),
        kw: Some(Decimal::TEN),
    };
    capacities::agree(&mut tx, &agreed).await.expect("agreed");
    supplied(&mut tx, &point(home, MarketName::AusGas, "5330001234"), tilly.account_id, "AP00012345").await;
    tx.commit().await.expect("committed");
    let id = home.to_string();
    let query = "query($nmi: ID, $mirn: ID, $id: ID) { property(nmi: $nmi, mirn: $mirn, id: $id) { id state
        meterPoints { __typename identifier status supplyType ... on GasMeterPointType { mprn ldz exitZone } } } }";
    for variables in [json!({ "nmi": "qaaa vzzzzz" }), json!({ "mirn": "53300012346" }), json!({ "id": id })]
    {
        let data = server.ask(Some(&tilly.token), query, variables).await;
        assert_eq!(
            (&data["property"]["id"], &data["property"]["state"]),
            (&json!(id), &json!("NEW_SOUTH_WALES"))
        );
        let points = json!([
            { "__typename": "ElectricityMeterPointType", "identifier": "QAAAVZZZZZ3", "status": "ON_SUPPLY",
                "supplyType": "ELECTRICITY" },
            { "__typename": "GasMeterPointType", "identifier": "53300012346", "status": "ON_SUPPLY", "supplyType": "GAS",
                "mprn": "53300012346", "ldz": "HOME", "exitZone": "" },
        ]);
        assert_eq!(data["property"]["meterPoints"], points);
    }
    for (variables, code) in [
        (json!({}), "KT-CT-1605"),
        (json!({ "nmi": "QAAAVZZZZZ3", "id": id }), "KT-CT-1605"),
        (json!({ "nmi": "QAAAVZZZZZ4" }), "KT-CT-1605"),
        (json!({ "nmi": "20019857328" }), "KT-CT-4501"),
    ] {
        assert_eq!(
            server.send(Some(&tilly.token), query, variables.clone()).await.codes(),
            [code],
            "{variables}"
        );
    }
    let query = "query($nmi: String!) { meterPoint(nmi: $nmi) { status identifier supplyType
        supplyDetails { agreedCapacity connectionUnits }
        ... on ElectricityMeterPointType { meters { meterType serialNumber } } } }";
    let data = server.ask(Some(&tilly.token), query, json!({ "nmi": "QAAAVZZZZZ" })).await;
    assert_eq!(data["meterPoint"]["identifier"], "QAAAVZZZZZ3");
    let details = json!({ "agreedCapacity": "15", "connectionUnits": "kVA" });
    assert_eq!(data["meterPoint"]["supplyDetails"], details);
    assert_eq!(data["meterPoint"]["meters"], json!([{ "meterType": null, "serialNumber": "00012345" }]));
    let codes = async |nmi: &str| {
        server.send(Some(&tilly.token), query, json!({ "nmi": nmi })).await.codes().join(" ")
    };
    assert_eq!(codes("20019857328").await, "KT-CT-4501");
    assert_eq!(codes("2001985732O").await, "KT-CT-1605");
    let world = server.world().await;
    let reply = server.send(Some(&world.ada.token), query, json!({ "nmi": "QAAAVZZZZZ" })).await;
    assert_eq!(reply.codes(), ["KT-CT-4501"]);
}

#[tokio::test]
async fn british_points_of_electricity_are_of_one_type_in_their_edition() {
    let server = Server::start_edition(Some("gb")).await;
    let ada = server.customer("ada@example.com", "Ada Ellis", "OCTOPUS_ENERGY").await;
    let mut tx = server.tx().await;
    let home = property(&mut tx, "gb", ada.account_id).await;
    let new = point(home, MarketName::GbrElectricity, "2000050773706");
    supplied(&mut tx, &new, ada.account_id, "23L1234567").await;
    tx.commit().await.expect("committed");
    let query = "query($n: String!) { account(accountNumber: $n) { properties { electricityMeterPoints {
        __typename mpan direction meters { serialNumber } } } } }";
    let data = server.ask(Some(&ada.token), query, json!({ "n": ada.account })).await;
    let wanted = json!([{ "__typename": "ElectricityMeterPointType", "mpan": "2000050773706", "direction": "IMPORT",
        "meters": [{ "serialNumber": "23L1234567" }] }]);
    assert_eq!(data["account"]["properties"][0]["electricityMeterPoints"], wanted);
}

#[tokio::test]
async fn american_points_have_a_utility_and_a_load_zone() {
    let server = Server::start().await;
    let wade = server.customer("wade@example.com", "Wade Castillo", "OCTOPUS_ENERGY_US").await;
    let mut tx = server.tx().await;
    let home = property(&mut tx, "us", wade.account_id).await;
    let mut new = point(home, MarketName::UsaElectricity, "1008901000123456789012");
    (new.has_critical_care, new.load_profile) = (true, Some("RESHIWR_COAST"));
    let at = supply_points::register(&mut tx, &new).await.expect("registered");
    supply_points::begin_supply(&mut tx, at, wade.account_id, day("2026-04-01")).await.expect("supplied");
    tx.commit().await.expect("committed");
    let query = "query($n: String!) { properties(accountNumber: $n, active: true) { electricityMeterPoints {
        ... on ElectricityMeterPointType { esiId serviceProvider loadZone hasCriticalCare loadProfile status
            gspGroupId meters { id } } } } }";
    let data = server.ask(Some(&wade.token), query, json!({ "n": wade.account })).await;
    let shown = &data["properties"][0]["electricityMeterPoints"][0];
    let wanted = json!({ "esiId": "1008901000123456789012", "serviceProvider": "CENTERPOINT", "loadZone": "LZ_HOUSTON",
        "hasCriticalCare": true, "loadProfile": "RESHIWR_COAST", "status": "PENDING", "gspGroupId": Value::Null,
        "meters": [] });
    assert_eq!(shown, &wanted);
    let left = "query($n: String!) { properties(accountNumber: $n, active: false) { id } }";
    let data = server.ask(Some(&wade.token), left, json!({ "n": wade.account })).await;
    assert_eq!(data["properties"], json!([]));
    assert!(since() < day("2026-04-01"));
}
