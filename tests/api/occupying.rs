//! Becoming the occupier of a property, and whether points are supplied.

use kraken_api::domain::supply::estimates;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::{properties, supply_points};
use serde_json::{Value, json};

use crate::support::agreed::date;
use crate::support::world::Customer;
use crate::support::{Server, record};

const MPAN: &str = "2000050773706";
const THERE: &str = "2000050773715";
const NMI: &str = "QAAAVZZZZZ3";
const MIRN: &str = "53300012346";
const OCCUPY: &str = "mutation($i: OccupyInput!) { occupy(input: $i) { account { number } } }";
const HOMES: &str =
    "query($n: String!) { properties(accountNumber: $n) { id occupancyPeriods { effectiveFrom effectiveTo } }
    account(accountNumber: $n) { status marketSupplyAgreements(first: 5) { edges { node { validFrom validTo
        product { code } } } } }
    lifecycleProcesses(accountNumber: $n) {
        joinSupplierProcesses(first: 5) { edges { node { subtype } } }
        leaveSupplierProcesses(first: 5) { edges { node { subtype } } } } }";
const QUOTE: &str = "mutation($i: CreateQuoteForAccountInput!) { createQuoteForAccount(input: $i) { quoteRequest { code } } }";

impl Server {
    async fn homes(&self, token: &str, of: &Customer) -> Value {
        self.ask(Some(token), HOMES, json!({ "n": of.account })).await
    }
}

#[tokio::test]
async fn whoever_moves_in_takes_over_from_nobody_known() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-02-01").await;
    let there = server.supply(bob, MarketName::GbrElectricity, (THERE, "L"), "2026-02-01").await;
    server.agree(bob, there, "VAR-22-11-01", "2026-02-01").await;
    let home = server.home_at(there).await;
    let quote = json!({ "accountNumber": ada.account, "identifiers": [MPAN], "asOf": "2026-04-01" });
    let quote = server.ask(Some(&ada.token), QUOTE, json!({ "i": quote })).await;
    let code = quote["createQuoteForAccount"]["quoteRequest"]["code"].clone();
    let input = json!({ "accountNumber": ada.account, "propertyId": home, "quoteCode": code,
        "productCode": "VAR-22-11-01", "moveInDate": "2026-03-10" });
    // Bob lives there.
    assert_eq!(server.put(&world.staff, OCCUPY, &input).await.codes(), ["KT-GB-6623"]);
    let placeholder = "update accounts set account_type = 'OCCUPIER' where id = ";
    server.tamper(&format!("{placeholder}{}", bob.account_id)).await;
    for (field, value, code) in [
        ("accountNumber", json!("A-00000000"), "KT-GB-6622"),
        ("propertyId", json!("1"), "KT-GB-6623"),
        ("propertyId", json!("x"), "KT-GB-6623"),
        ("quoteCode", json!("x"), "KT-CT-4619"),
        ("accountNumber", json!(bob.account), "KT-CT-4619"),
        ("productCode", json!("NONE"), "KT-CT-4624"),
        ("moveInDate", json!("2026-03-01"), "KT-CT-1605"),
        ("moveInDate", json!("2026-07-01"), "KT-CT-1605"),
    ] {
        let mut wrong = input.clone();
        wrong[field] = value;
        assert_eq!(server.put(&world.staff, OCCUPY, &wrong).await.codes(), [code], "{wrong}");
    }
    for (token, code) in
        [(&world.reader, "KT-GB-6622"), (&world.partner, "KT-GB-6622"), (&ada.token, "KT-CT-1111")]
    {
        assert_eq!(server.put(token, OCCUPY, &input).await.codes(), [code]);
    }
    let twin = server.twin();
    let (one, other) =
        tokio::join!(server.put(&world.staff, OCCUPY, &input), twin.put(&world.staff, OCCUPY, &input));
    for reply in [one, other] {
        assert_eq!(reply.json["data"]["occupy"]["account"]["number"], ada.account, "{}", reply.json);
    }
    let hers = server.homes(&world.staff, ada).await;
    assert_eq!(hers["properties"].as_array().map(Vec::len), Some(2));
    let joined = &hers["lifecycleProcesses"]["joinSupplierProcesses"]["edges"];
    assert_eq!(joined[0]["node"]["subtype"], "CHANGE_OF_TENANCY");
    let agreed = json!([{ "node": { "validFrom": "2026-03-10T00:00:00+00:00", "validTo": null,
        "product": { "code": "VAR-22-11-01" } } }]);
    assert_eq!(hers["account"]["marketSupplyAgreements"]["edges"], agreed);
    let his = server.homes(&world.staff, bob).await;
    assert_eq!(
        his["account"]["marketSupplyAgreements"]["edges"][0]["node"]["validTo"],
        "2026-03-10T00:00:00+00:00"
    );
    let left = &his["lifecycleProcesses"]["leaveSupplierProcesses"]["edges"];
    assert_eq!(left[0]["node"]["subtype"], "MOVE_OUT");
    record::read_back("occupy");
}

const CHECKS: &str = "query($n: String!, $m: String!) {
    nmiCheck(nmi: $n) { isOnSupply krakenStatus supplyStartDate isOccupier accountNumber account { number } }
    mirnCheck(mirn: $m) { isOnSupply krakenStatus supplyStartDate isOccupier accountNumber account { number } } }";

#[tokio::test]
async fn australian_points_are_checked_before_anybody_signs_up() {
    let server = Server::start().await;
    let world = server.world().await;
    let tilly = server.customer("tilly@example.org", "Tilly Nguyen", "ORIGIN").await;
    let check = async |token: &str| {
        let data = server.ask(Some(token), CHECKS, json!({ "n": "qaaa vzzzzz", "m": MIRN })).await;
        (data["nmiCheck"].clone(), data["mirnCheck"].clone())
    };
    let told = |on: bool, status: &str, since: Value, occupier: Value, account: Value| {
        let holder = if account.is_null() { Value::Null } else { json!({ "number": account }) };
        json!({ "isOnSupply": on, "krakenStatus": status, "supplyStartDate": since, "isOccupier": occupier,
            "accountNumber": account, "account": holder })
    };
    let never = told(false, "OFF_SUPPLY", Value::Null, Value::Null, Value::Null);
    assert_eq!(check(&world.reader).await, (never.clone(), never));
    let point = server.supply(&tilly, MarketName::AusElectricity, (NMI, "AUSGRID"), "2026-02-01").await;
    server.supply(&tilly, MarketName::AusGas, (MIRN, "JEMENA"), "2026-03-20").await;
    let number = json!(tilly.account);
    let (nmi, mirn) = check(&world.reader).await;
    assert_eq!(nmi, told(true, "ON_SUPPLY", json!("2026-02-01"), json!(false), number.clone()));
    assert_eq!(mirn, told(false, "GAINING", json!("2026-03-20"), json!(false), number.clone()));
    // Who does not see the account is told nothing of it.
    let (nmi, _) = check(&world.partner).await;
    assert_eq!(nmi, told(true, "ON_SUPPLY", json!("2026-02-01"), json!(false), Value::Null));
    let mut tx = server.tx().await;
    supply_points::end_supply(&mut tx, point, date("2026-03-10")).await.expect("ended");
    tx.commit().await.expect("committed");
    assert_eq!(check(&world.reader).await.0["krakenStatus"], "LOSING");
    server.until("2026-03-11").await;
    let reader = server.member_of_staff("later@example.org", "reader").await;
    assert_eq!(check(&reader).await.0, told(false, "LOST", json!("2026-02-01"), Value::Null, Value::Null));
    for (n, m) in [("QAAAVZZZZZ4", MIRN), (NMI, "53300012347")] {
        let reply = server.send(Some(&reader), CHECKS, json!({ "n": n, "m": m })).await;
        assert_eq!(reply.codes(), ["KT-CT-1605"]);
    }
}

const ESTIMATE: &str = "query($m: ID!, $a: DateTime!, $b: DateTime!) {
    estimateMeterReadings(marketIdentifier: $m, periodStart: $a, periodEnd: $b, first: 50) { totalCount
        edges { node { intervalStart intervalEnd value isNewlyEstimated estimatedByAlgorithm } } } }";

#[tokio::test]
async fn what_was_not_measured_is_estimated() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-03-02").await;
    server.used(point, "gb", ("2026-03-02", 1), 1, 400).await;
    server.tamper("update supply_points set annual_wh = 3650000").await;
    let ask = json!({ "m": "20000507 73706", "a": "2026-03-01T00:00:00Z", "b": "2026-03-05T00:00:00Z" });
    let found = server.ask(Some(&ada.token), ESTIMATE, ask.clone()).await["estimateMeterReadings"].clone();
    // The day before was not hers.
    assert_eq!(found["totalCount"], 3);
    let node = |at: usize| found["edges"][at]["node"].clone();
    let measured = json!({ "intervalStart": "2026-03-02T00:00:00+00:00", "intervalEnd": "2026-03-03T00:00:00+00:00",
        "value": "19.2", "isNewlyEstimated": false, "estimatedByAlgorithm": null });
    assert_eq!(node(0), measured);
    let estimated = node(1);
    assert_eq!(
        (&estimated["isNewlyEstimated"], &estimated["estimatedByAlgorithm"]),
        (&json!(true), &json!("LOAD_PROFILE"))
    );
    let kwh: f64 = estimated["value"].as_str().and_then(|text| text.parse().ok()).expect("a number");
    assert!((5.0..20.0).contains(&kwh), "{kwh}");
    assert_eq!(server.ask(Some(&ada.token), ESTIMATE, ask.clone()).await["estimateMeterReadings"], found);
    let mut backwards = ask.clone();
    backwards["b"] = ask["a"].clone();
    let mut long = ask.clone();
    long["b"] = json!("2027-03-05T00:00:00Z");
    for (token, asked, code) in [
        (&bob.token, &ask, "KT-CT-4501"),
        (&ada.token, &backwards, "KT-CT-1605"),
        (&ada.token, &long, "KT-CT-1605"),
    ] {
        assert_eq!(server.send(Some(token), ESTIMATE, asked.clone()).await.codes(), [code]);
    }
    assert!(estimates::LONGEST.num_days() < 365);
    let mut tx = server.tx().await;
    let home = server.home_at(point).await.parse().expect("an id");
    properties::move_out(&mut tx, home, ada.account_id, date("2026-03-03")).await.expect("moved out");
    tx.commit().await.expect("committed");
    let after = server.ask(Some(&ada.token), ESTIMATE, ask).await;
    assert_eq!(after["estimateMeterReadings"]["totalCount"], 1);
}
