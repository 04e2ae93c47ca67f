//! Moving out, and how accounts stand with their supply.

use kraken_api::domain::supply::agreements;
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::properties;
use serde_json::{Value, json};

use crate::support::agreed::date;
use crate::support::world::{Customer, PASSWORD};
use crate::support::{Server, record};

const MPAN: &str = "2000050773706";
const MPRN: &str = "1234567810";
const MOVE_OUT: &str = "mutation($i: MoveOutInput!) { performMoveOut(input: $i) { account { number } } }";
const STANDING: &str = "query($n: String!) { account(accountNumber: $n) { status isOnSupply meterPointStatus balance
    billingAddressLine1 billingAddressPostcode notes { body } hasActiveAgreement
    users { id primaryPlacesOfResidence { id fromDate toDate updatedAt property { id } user { id } } }
    marketSupplyAgreements(first: 5) { edges { node { validTo } } }
    bills(first: 5) { edges { node { ... on StatementType { fromDate toDate totalCharges { netTotal } } } } } } }";

impl Server {
    async fn standing(&self, token: &str, customer: &Customer) -> Value {
        self.ask(Some(token), STANDING, json!({ "n": customer.account })).await["account"].clone()
    }

    pub async fn home_at(&self, point: i64) -> String {
        let id = sqlx::query_scalar("select property_id::text from supply_points where id = $1").bind(point);
        id.fetch_one(self.database.pool()).await.expect("a property")
    }

    pub async fn until(&self, day: &str) {
        self.wall.set(format!("{day}T09:00:00Z").parse().expect("a moment"));
        self.work_off().await;
    }
}

#[tokio::test]
async fn whoever_moves_out_is_billed_up_to_the_day() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-03-02").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-03-02").await;
    server.used(point, "gb", ("2026-03-02", 31), 1, 400).await;
    server.until("2026-03-03").await;
    let home = server.home_at(point).await;
    let token = server.again(ada).await;
    let reader = server.log_in(json!({ "email": "reader@example.org", "password": PASSWORD })).await;
    let before = server.standing(&token, ada).await;
    assert_eq!((&before["isOnSupply"], &before["meterPointStatus"]), (&json!(true), &json!("ON_SUPPLY")));
    let lived = json!([{ "id": before["users"][0]["primaryPlacesOfResidence"][0]["id"], "fromDate": "2026-03-02",
        "toDate": null, "updatedAt": "2026-03-02T09:30:00+00:00", "property": { "id": home },
        "user": { "id": ada.user_id.to_string() } }]);
    assert_eq!(before["users"][0]["primaryPlacesOfResidence"], lived);

    let input = json!({ "accountNumber": ada.account, "propertyId": home, "moveOutDate": "2026-03-12",
        "newProperty": { "address": "3 Limpet Lane, Flat 2, Bath", "postcode": "BA1 1AA" },
        "newTenant": { "givenName": "Cleo", "familyName": "Byrne", "email": "cleo@example.org", "role": "TENANT" } });
    let twin = server.twin();
    let (one, other) = tokio::join!(server.put(&token, MOVE_OUT, &input), twin.put(&token, MOVE_OUT, &input));
    for reply in [one, other] {
        assert_eq!(reply.json["data"]["performMoveOut"]["account"]["number"], ada.account, "{}", reply.json);
    }
    let told = server.standing(&reader, ada).await;
    assert_eq!(told["isOnSupply"], true, "until then");
    let note = format!(
        "Moved out of property {home} on 2026-03-12. New occupier: Cleo Byrne (cleo@example.org, TENANT)"
    );
    assert_eq!(told["notes"], json!([{ "body": note }]));
    assert_eq!(
        (&told["billingAddressLine1"], &told["billingAddressPostcode"]),
        (&json!("3 Limpet Lane"), &json!("BA1 1AA"))
    );
    assert_eq!(told["marketSupplyAgreements"]["edges"][0]["node"]["validTo"], "2026-03-12T00:00:00+00:00");
    assert_eq!(told["users"][0]["primaryPlacesOfResidence"][0]["toDate"], "2026-03-12");
    record::read_back("performMoveOut");

    server.until("2026-03-11").await;
    let token = server.again(ada).await;
    assert_eq!(server.standing(&token, ada).await["bills"]["edges"], json!([]), "the day has not come");
    server.until("2026-03-13").await;
    let token = server.again(ada).await;
    let after = server.standing(&token, ada).await;
    // Ten days: 480 half-hours, 192 kWh at 26.6337 are 5113.67, and 10 days at 57.31 are 573.10.
    let bill =
        json!({ "fromDate": "2026-03-02", "toDate": "2026-03-11", "totalCharges": { "netTotal": 5687 } });
    assert_eq!(after["bills"]["edges"], json!([{ "node": bill }]));
    assert_eq!(
        (&after["isOnSupply"], &after["meterPointStatus"], &after["status"]),
        (&json!(false), &json!("OFF_SUPPLY"), &json!("DORMANT"))
    );
    // Once, and nothing more comes of it.
    server.until("2026-04-15").await;
    let token = server.again(ada).await;
    assert_eq!(server.standing(&token, ada).await["balance"], after["balance"]);
    let reply = server.put(&token, MOVE_OUT, &input).await;
    assert_eq!(reply.json["data"]["performMoveOut"]["account"]["number"], ada.account);
    // Another home wakes the account.
    server.supply(ada, MarketName::GbrGas, (MPRN, "SW"), "2026-05-01").await;
    let again = server.standing(&token, ada).await;
    assert_eq!((&again["meterPointStatus"], &again["status"]), (&json!("PENDING"), &json!("ACTIVE")));
}

#[tokio::test]
async fn nobody_moves_out_of_what_is_not_theirs_or_was_billed() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-03-02").await;
    let gas = server.supply(ada, MarketName::GbrGas, (MPRN, "SW"), "2026-03-02").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-03-02").await;
    server.used(point, "gb", ("2026-03-02", 31), 1, 400).await;
    let home = server.home_at(point).await;
    let tenant = |given: &str, email: &str| json!({ "givenName": given, "email": email });
    let input = json!({ "accountNumber": ada.account, "propertyId": home, "moveOutDate": "2026-04-20" });
    for (field, value, code) in [
        ("accountNumber", json!("A-00000000"), "KT-GB-6624"),
        ("accountNumber", json!(bob.account), "KT-GB-6624"),
        ("propertyId", json!("x"), "KT-GB-6624"),
        ("propertyId", json!("1"), "KT-GB-6624"),
        ("moveOutDate", json!("2026-03-02"), "KT-GB-6624"),
        ("moveOutDate", json!("2026-07-01"), "KT-GB-6624"),
        ("newProperty", json!({ "address": "Nowhere", "postcode": "BA1 1AA" }), "KT-GB-6625"),
        ("newProperty", json!({ "address": "3 Limpet Lane, Bath", "postcode": "1" }), "KT-GB-6625"),
        ("newTenant", tenant(" ", ""), "KT-GB-6625"),
        ("newTenant", tenant("Cleo", "nowhere"), "KT-GB-6625"),
        ("newTenant", tenant("Cleo\nByrne", ""), "KT-GB-6625"),
    ] {
        let mut wrong = input.clone();
        wrong[field] = value;
        let reply = server.put(&ada.token, MOVE_OUT, &wrong).await;
        assert_eq!(reply.codes(), [code], "{wrong}: {}", reply.json);
    }
    for token in [&bob.token, &world.reader, &world.partner] {
        assert_eq!(server.put(token, MOVE_OUT, &input).await.codes(), ["KT-GB-6624"]);
    }
    let nothing = server.standing(&bob.token, bob).await;
    assert_eq!((&nothing["isOnSupply"], &nothing["meterPointStatus"]), (&json!(false), &Value::Null));
    assert_eq!(nothing["users"][0]["primaryPlacesOfResidence"], json!([]));

    for day in ["2026-03-03", "2026-04-02"] {
        server.until(day).await;
    }
    let token = server.again(ada).await;
    let billed = json!({ "accountNumber": ada.account, "propertyId": home, "moveOutDate": "2026-03-20" });
    assert_eq!(server.put(&token, MOVE_OUT, &billed).await.codes(), ["KT-GB-6624"]);
    let reply = server.put(&token, MOVE_OUT, &input).await;
    assert_eq!(reply.codes(), Vec::<&str>::new(), "{}", reply.json);
    let other_day = json!({ "accountNumber": ada.account, "propertyId": home, "moveOutDate": "2026-04-21" });
    assert_eq!(server.put(&token, MOVE_OUT, &other_day).await.codes(), ["KT-GB-6624"], "it was said already");
    // Elsewhere the account stays on supply, and so it is not laid to rest.
    server.until("2026-04-21").await;
    let token = server.again(ada).await;
    let after = server.standing(&token, ada).await;
    assert_eq!((&after["isOnSupply"], &after["status"]), (&json!(true), &json!("ACTIVE")));
    let mut tx = server.tx().await;
    let elsewhere = server.home_at(gas).await.parse().expect("an id");
    properties::move_out(&mut tx, elsewhere, ada.account_id, date("2026-05-01")).await.expect("moved out");
    tx.commit().await.expect("committed");
    assert_eq!(server.standing(&token, ada).await["meterPointStatus"], "ON_SUPPLY");
}

const SSD: &str = "mutation($i: UpdateSsdInput) { updateSsd(input: $i) { ssdUpdated estimatedSsd } }";
const COMING: &str = "query($n: String!) { account(accountNumber: $n) { meterPointStatus
    marketSupplyAgreements(first: 5) { edges { node { validFrom product { code } } } } } }";

#[tokio::test]
async fn a_switch_takes_effect_on_another_day() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-03-20").await;
    let held = server.agree(ada, point, "VAR-22-11-01", "2026-03-20").await;
    // They hold the property from the ninth on.
    server.tamper("update occupancies set during = tstzrange('2026-03-09', null)").await;
    let input = |day: &str| json!({ "accountNumber": ada.account, "desiredSsd": day });
    for day in ["2026-03-01", "2026-03-02", "2026-03-06", "2026-06-30"] {
        assert_eq!(server.put(&ada.token, SSD, &input(day)).await.codes(), ["KT-GB-4101"], "{day}");
    }
    for token in [&bob.token, &world.reader, &world.partner] {
        assert_eq!(server.put(token, SSD, &input("2026-03-10")).await.codes(), ["KT-GB-4101"]);
    }
    let his = json!({ "accountNumber": bob.account, "desiredSsd": "2026-03-10" });
    assert_eq!(server.put(&bob.token, SSD, &his).await.codes(), ["KT-GB-4101"], "nothing is to begin");
    assert_eq!(server.send(Some(&ada.token), SSD, json!({})).await.codes(), ["KT-GB-4101"]);
    let twin = server.twin();
    let wanted = input("2026-03-10");
    let (one, other) = tokio::join!(server.put(&ada.token, SSD, &wanted), twin.put(&ada.token, SSD, &wanted));
    let mut moved = [one, other].map(|reply| reply.json["data"]["updateSsd"].clone());
    moved.sort_by_key(|each| each["ssdUpdated"].as_bool());
    let outcome = |is_moved: bool| json!({ "ssdUpdated": is_moved, "estimatedSsd": "2026-03-10" });
    assert_eq!(moved, [outcome(false), outcome(true)]);
    let coming = server.ask(Some(&ada.token), COMING, json!({ "n": ada.account })).await;
    let node = json!({ "validFrom": "2026-03-10T00:00:00+00:00", "product": { "code": "VAR-22-11-01" } });
    let agreements = json!({ "edges": [{ "node": node }] });
    let expected = json!({ "meterPointStatus": "PENDING", "marketSupplyAgreements": agreements });
    assert_eq!(coming["account"], expected);
    record::read_back("updateSsd");
    // Nothing that was agreed falls before the supply, and what has begun stays.
    let mut tx = server.tx().await;
    agreements::switch(&mut tx, held, "AGILE-24-10-01", date("2026-03-15")).await.expect("switched");
    tx.commit().await.expect("committed");
    assert_eq!(server.put(&ada.token, SSD, &input("2026-03-25")).await.codes(), ["KT-GB-4101"]);
    let reply = server.put(&ada.token, SSD, &input("2026-03-12")).await;
    assert_eq!(reply.json["data"]["updateSsd"]["ssdUpdated"], true, "{}", reply.json);
    server.until("2026-03-12").await;
    let token = server.again(ada).await;
    assert_eq!(server.put(&token, SSD, &input("2026-03-20")).await.codes(), ["KT-GB-4101"], "it has begun");
}
