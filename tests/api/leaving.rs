//! Leaving this retailer at one's own wish.

use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::supply_points;
use serde_json::{Value, json};

use crate::support::agreed::date;
use crate::support::world::Customer;
use crate::support::{Server, record};

const MPAN: &str = "2000050773706";
const MPRN: &str = "1234567810";
const NMI: &str = "QAAAVZZZZZ3";
const LEAVE: &str = "mutation($i: CoreLeaveSupplierInput!) { instigateLeaveSupplier(input: $i) {
    number leaveSupplierProcessId message } }";
const UPDATE: &str = "mutation($i: UpdateLeaveSupplierInput!) { updateLeaveSupplier(input: $i) { message } }";
const CANCEL: &str = "mutation($i: CancelLeaveSupplierInput!) { cancelLeaveSupplier(input: $i) { message } }";
const LEAVING: &str = "query($n: String!, $a: String!) { leaveSupplierProcess(number: $n) { status stage subtype
        processData { requestedAt requestedSupplyEndDate } supplyPoints(first: 5) { edges { node { externalIdentifier } } } }
    account(accountNumber: $a) { marketSupplyAgreements(first: 5) { edges { node { validTo } } } } }";

impl Server {
    /// Has a customer begin to leave with a point. Answers id and number of the process.
    pub async fn leaving_of(&self, of: &Customer, number: &str) -> (String, String) {
        let data = json!({ "supplyPointData": [{ "supplyPointIdentifier": number }] });
        let input = json!({ "accountNumber": of.account, "requestedSupplyEndDate": "2026-03-31", "marketData": data });
        let reply = self.put(&of.token, LEAVE, &input).await;
        let begun = &reply.json["data"]["instigateLeaveSupplier"];
        let text = |name: &str| begun[name].as_str().expect("begun").to_owned();
        (text("leaveSupplierProcessId"), text("number"))
    }

    async fn leaving(&self, token: &str, of: &Customer, number: &str) -> Value {
        self.ask(Some(token), LEAVING, json!({ "n": number, "a": of.account })).await
    }

    async fn leaving_refused(&self, token: &str, document: &str, input: Value) -> String {
        self.put(token, document, &input).await.codes().join(" ")
    }
}

#[tokio::test]
async fn whoever_leaves_is_supplied_until_the_register_has_confirmed_it() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-02-01").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-02-01").await;
    let input = json!({ "accountNumber": ada.account, "requestedSupplyEndDate": "2026-03-31", "subtype": "DEMIGRATION" });
    let twin = server.twin();
    let (one, other) =
        tokio::join!(server.put(&ada.token, LEAVE, &input), twin.put(&ada.token, LEAVE, &input));
    let begun = one.json["data"]["instigateLeaveSupplier"].clone();
    assert_eq!(begun, other.json["data"]["instigateLeaveSupplier"], "{} {}", one.json, other.json);
    let (id, number) =
        (begun["leaveSupplierProcessId"].clone(), begun["number"].as_str().expect("begun").to_owned());
    server.work_off().await;
    let found = server.leaving(&ada.token, ada, &number).await;
    let expected = json!({ "status": "PENDING", "stage": "REQUESTED", "subtype": "DEMIGRATION",
        "processData": { "requestedAt": "2026-03-02T09:30:00+00:00", "requestedSupplyEndDate": "2026-03-31" },
        "supplyPoints": { "edges": [{ "node": { "externalIdentifier": MPAN } }] } });
    assert_eq!(found["leaveSupplierProcess"], expected);
    let agreed =
        |found: &Value| found["account"]["marketSupplyAgreements"]["edges"][0]["node"]["validTo"].clone();
    assert_eq!(agreed(&found), Value::Null);
    record::read_back("instigateLeaveSupplier");

    let later = json!({ "number": number, "requestedSupplyEndDate": "2026-04-10", "subtype": "MOVE_OUT" });
    for _ in 0..2 {
        let reply = server.put(&ada.token, UPDATE, &later).await;
        assert_eq!(
            reply.json["data"]["updateLeaveSupplier"]["message"], "The supply ends on the new day.",
            "{}",
            reply.json
        );
    }
    let moved = server.leaving(&ada.token, ada, &number).await["leaveSupplierProcess"].clone();
    assert_eq!(moved["processData"]["requestedSupplyEndDate"], "2026-04-10");
    assert_eq!(moved["subtype"], "MOVE_OUT");
    record::read_back("updateLeaveSupplier");

    let stay = json!({ "leaveSupplierProcessId": id, "reason": "Found a better tariff here" });
    let reply = server.put(&ada.token, CANCEL, &stay).await;
    assert_eq!(reply.json["data"]["cancelLeaveSupplier"]["message"], "The supply goes on.", "{}", reply.json);
    assert_eq!(server.leaving(&ada.token, ada, &number).await["leaveSupplierProcess"]["status"], "CANCELLED");
    assert_eq!(server.leaving_refused(&ada.token, CANCEL, stay).await, "KT-CT-10311");
    assert_eq!(server.leaving_refused(&ada.token, UPDATE, later).await, "KT-CT-10310");
    record::read_back("cancelLeaveSupplier");

    // Once the register knows, nothing can be called off any more.
    let input = json!({ "accountNumber": ada.account, "requestedSupplyEndDate": "2026-03-20" });
    let reply = server.put(&ada.token, LEAVE, &input).await;
    let again = reply.json["data"]["instigateLeaveSupplier"].clone();
    let number = again["number"].as_str().expect("begun").to_owned();
    server.until("2026-03-16").await;
    let token = server.again(ada).await;
    let told = server.leaving(&token, ada, &number).await;
    assert_eq!(told["leaveSupplierProcess"]["stage"], "CONFIRMED");
    assert_eq!(agreed(&told), "2026-03-21T00:00:00+00:00");
    let stay = json!({ "leaveSupplierProcessId": again["leaveSupplierProcessId"] });
    assert_eq!(server.leaving_refused(&token, CANCEL, stay.clone()).await, "KT-CT-10305");
    let later = json!({ "number": number, "requestedSupplyEndDate": "2026-04-10" });
    assert_eq!(server.leaving_refused(&token, UPDATE, later).await, "KT-CT-10310");
    server.until("2026-03-21").await;
    let token = server.again(ada).await;
    let over = server.leaving(&token, ada, &number).await["leaveSupplierProcess"].clone();
    assert_eq!((&over["status"], &over["stage"]), (&json!("COMPLETED"), &json!("ENDED")));
    assert_eq!(server.leaving_refused(&token, CANCEL, stay).await, "KT-CT-10311");
}

#[tokio::test]
async fn nobody_leaves_who_cannot() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-02-01").await;
    let input = json!({ "accountNumber": ada.account, "requestedSupplyEndDate": "2026-03-31" });
    let with = |field: &str, value: Value| {
        let mut input = input.clone();
        input[field] = value;
        input
    };
    for (token, asked, code) in [
        (&bob.token, input.clone(), "KT-CT-4501"),
        (&world.reader, input.clone(), "KT-CT-4501"),
        (&world.partner, input.clone(), "KT-CT-4501"),
        (&ada.token, with("accountNumber", json!("A-00000000")), "KT-CT-4501"),
        (&ada.token, with("subtype", json!("DEBT_DISCONNECTION")), "KT-CT-10330"),
        (&ada.token, with("requestedSupplyEndDate", json!("2026-03-01")), "KT-CT-10301"),
        (&ada.token, with("requestedSupplyEndDate", json!("2026-07-01")), "KT-CT-10301"),
        (
            &ada.token,
            with("marketData", json!({ "supplyPointData": [{ "supplyPointIdentifier": MPRN }] })),
            "KT-CT-10301",
        ),
        (&ada.token, with("marketData", json!({ "supplyPointData": [] })), "KT-CT-10301"),
    ] {
        assert_eq!(server.leaving_refused(token, LEAVE, asked.clone()).await, code, "{asked}");
    }
    server.supply(ada, MarketName::GbrGas, (MPRN, "SW"), "2026-02-01").await;
    assert_eq!(
        server.leaving_refused(&ada.token, LEAVE, input.clone()).await,
        "KT-CT-10301",
        "at two properties"
    );
    let (id, number) = server.leaving_of(ada, MPRN).await;
    let mut other = with("marketData", json!({ "supplyPointData": [{ "supplyPointIdentifier": MPRN }] }));
    other["requestedSupplyEndDate"] = json!("2026-04-01");
    assert_eq!(
        server.leaving_refused(&ada.token, LEAVE, other).await,
        "KT-CT-10301",
        "on another day already"
    );

    let update = |number: &str, day: &str| json!({ "number": number, "requestedSupplyEndDate": day });
    let cancel = |id: &str| json!({ "leaveSupplierProcessId": id });
    assert_eq!(server.leaving_refused(&ada.token, UPDATE, update(&number, "2026-07-01")).await, "KT-CT-1605");
    let nothing = json!({ "requestedSupplyEndDate": "2026-04-01" });
    assert_eq!(server.leaving_refused(&ada.token, UPDATE, nothing).await, "KT-CT-1607");
    assert_eq!(server.leaving_refused(&ada.token, CANCEL, cancel("")).await, "KT-CT-1607");
    assert_eq!(server.leaving_refused(&ada.token, CANCEL, cancel("x")).await, "KT-CT-10302");
    for token in [&bob.token, &world.reader, &world.partner] {
        assert_eq!(server.leaving_refused(token, UPDATE, update(&number, "2026-04-01")).await, "KT-CT-10302");
        assert_eq!(server.leaving_refused(token, CANCEL, cancel(&id)).await, "KT-CT-10302");
    }
    // What somebody else ended is nothing to wish about.
    let end = async |point: i64| {
        let mut tx = server.tx().await;
        supply_points::end_supply(&mut tx, point, date("2026-03-20")).await.expect("ended");
        tx.commit().await.expect("committed");
        let latest =
            "select id::text, number from supply_processes where kind = 'leave' order by id desc limit 1";
        sqlx::query_as::<_, (String, String)>(latest)
            .fetch_one(server.database.pool())
            .await
            .expect("a process")
    };
    let (id, number) = end(point).await;
    assert_eq!(server.leaving_refused(&ada.token, CANCEL, cancel(&id)).await, "KT-CT-10306");
    assert_eq!(
        server.leaving_refused(&ada.token, UPDATE, update(&number, "2026-04-01")).await,
        "KT-CT-10309"
    );
    // In Australia the next supplier sees to it.
    let tilly = server.customer("tilly@example.org", "Tilly Nguyen", "ORIGIN").await;
    let point = server.supply(&tilly, MarketName::AusElectricity, (NMI, "AUSGRID"), "2026-02-01").await;
    let hers = json!({ "accountNumber": tilly.account, "requestedSupplyEndDate": "2026-03-31" });
    assert_eq!(server.leaving_refused(&tilly.token, LEAVE, hers).await, "KT-CT-10304");
    let (id, number) = end(point).await;
    assert_eq!(server.leaving_refused(&tilly.token, CANCEL, cancel(&id)).await, "KT-CT-10304");
    assert_eq!(
        server.leaving_refused(&tilly.token, UPDATE, update(&number, "2026-04-01")).await,
        "KT-CT-10304"
    );
}
