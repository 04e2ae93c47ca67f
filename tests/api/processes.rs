//! How far joining, leaving, moving in and moving out have got.

use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::{properties, supply_points};
use serde_json::{Value, json};

use crate::roots::bounds_its_pages;
use crate::support::Server;
use crate::support::agreed::date;
use crate::support::world::{Customer, PASSWORD};

const MPAN: &str = "2000050773706";
const MPRN: &str = "1234567810";
const PROCESSES: &str = "query($n: String!, $a: Boolean, $s: LifecycleProcessesSortOrder) {
    lifecycleProcesses(accountNumber: $n, onlyActive: $a, sortOrder: $s) {
        joinSupplierProcesses(first: 10) { totalCount edges { node { id number status stage subtype contractIdentifiers
            currentProcessData { requestedAt }
            supplyPoints(first: 5) { totalCount edges { node { externalIdentifier } } } } } }
        leaveSupplierProcesses(first: 10) { edges { node { id number status stage subtype
            processData { requestedAt requestedSupplyEndDate }
            supplyPoints(first: 5) { edges { node { externalIdentifier } } } } } }
        occupyPropertyProcesses(first: 10) { edges { node { id status occupyAt
            supplyPoints(first: 5) { edges { node { externalIdentifier } } } } } }
        leavePropertyProcesses(first: 10) { edges { node { id status
            supplyPoints(first: 5) { edges { node { externalIdentifier } } } } } } } }";
const WORKFLOWS: &str =
    "query($i: WorkflowFilterInput) { houseMoveOutWorkflows(input: $i, first: 5) { totalCount
    edges { node { id name status steps { id name status } } } } }";
const MOVE_OUT: &str = "mutation($i: MoveOutInput!) { performMoveOut(input: $i) { account { number } } }";

/// An MPAN with these two digits in the fifth and fourth place from its end.
pub fn mpan(mark: &str) -> String {
    let made = |check: &u32| format!("20000507{mark}37{check}");
    let fits = |number: &String| MarketName::GbrElectricity.identifier(number).is_ok();
    (0..10).map(|check| made(&check)).find(fits).expect("a check digit")
}

impl Server {
    async fn processes(&self, token: &str, of: &Customer) -> Value {
        self.ask(Some(token), PROCESSES, json!({ "n": of.account })).await["lifecycleProcesses"].clone()
    }

    async fn carried_on_at(&self, moment: &str) {
        self.wall.set(moment.parse().expect("a moment"));
        self.work_off().await;
    }

    async fn join_of(&self, of: &Customer) -> (String, String) {
        let token = self.again(of).await;
        let node = self.processes(&token, of).await["joinSupplierProcesses"]["edges"][0]["node"].clone();
        let text = |name: &str| node[name].as_str().unwrap_or_default().to_owned();
        (text("status"), text("stage"))
    }
}

fn standing(status: &str, stage: &str) -> (String, String) {
    (status.to_owned(), stage.to_owned())
}

fn numbers(node: &Value) -> Vec<&str> {
    let edges = node["supplyPoints"]["edges"].as_array().expect("edges");
    edges.iter().filter_map(|edge| edge["node"]["externalIdentifier"].as_str()).collect()
}

#[tokio::test]
async fn a_switch_waits_for_the_register_and_its_day() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-03-20").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-03-20").await;
    let first = server.processes(&ada.token, ada).await;
    let joining = first["joinSupplierProcesses"]["edges"][0]["node"].clone();
    let number = joining["number"].as_str().expect("a number").to_owned();
    assert_eq!((&joining["status"], &joining["stage"]), (&json!("PENDING"), &json!("REQUESTED")));
    assert_eq!(joining["subtype"], "CHANGE_OF_SUPPLIER");
    assert_eq!(joining["currentProcessData"]["requestedAt"], "2026-03-02T09:30:00+00:00");
    assert_eq!(numbers(&joining), [MPAN]);
    assert_eq!(joining["supplyPoints"]["totalCount"], 1);
    let occupying = &first["occupyPropertyProcesses"]["edges"][0]["node"];
    let expected = (&json!("PENDING"), &json!("2026-03-20T00:00:00+00:00"));
    assert_eq!((&occupying["status"], &occupying["occupyAt"]), expected);
    assert_eq!(numbers(occupying), [MPAN]);
    assert_eq!(first["leaveSupplierProcesses"]["edges"], json!([]));
    assert_eq!(first["leavePropertyProcesses"]["edges"], json!([]));

    server.work_off().await;
    assert_eq!(server.join_of(ada).await, standing("IN_PROGRESS", "OBJECTION_WINDOW"));
    server.carried_on_at("2026-03-03T10:00:00Z").await;
    assert_eq!(server.join_of(ada).await, standing("IN_PROGRESS", "CONFIRMED"));
    // Both wait for the day, which is put off.
    let later = "mutation($i: UpdateSsdInput) { updateSsd(input: $i) { ssdUpdated } }";
    let token = server.again(ada).await;
    // They hold the property from the tenth on.
    server.tamper("update occupancies set during = tstzrange('2026-03-10', null)").await;
    let input = json!({ "accountNumber": ada.account, "desiredSsd": "2026-03-24" });
    let reply = server.put(&token, later, &input).await;
    assert_eq!(reply.json["data"]["updateSsd"]["ssdUpdated"], true, "{}", reply.json);
    server.carried_on_at("2026-03-20T10:00:00Z").await;
    assert_eq!(server.join_of(ada).await, standing("IN_PROGRESS", "CONFIRMED"));
    let token = server.again(ada).await;
    let waiting = server.processes(&token, ada).await;
    assert_eq!(waiting["occupyPropertyProcesses"]["edges"][0]["node"]["status"], "IN_PROGRESS");
    server.carried_on_at("2026-03-24T10:00:00Z").await;
    server.carried_on_at("2026-03-24T12:00:00Z").await;
    let token = server.again(ada).await;
    let over = server.processes(&token, ada).await;
    let joined = &over["joinSupplierProcesses"]["edges"][0]["node"];
    assert_eq!((&joined["status"], &joined["stage"]), (&json!("COMPLETED"), &json!("SUPPLIED")));
    assert_eq!(joined["number"].as_str(), Some(number.as_str()));
    assert_eq!(over["occupyPropertyProcesses"]["edges"][0]["node"]["status"], "COMPLETED");
    let active = json!({ "n": ada.account, "a": true, "s": "ASC" });
    let active = server.ask(Some(&token), PROCESSES, active).await["lifecycleProcesses"].clone();
    assert_eq!(active["joinSupplierProcesses"], json!({ "totalCount": 0, "edges": [] }));

    let one = "query($n: String!) { joinSupplierProcess(number: $n) { status number stage } }";
    let found = server.ask(Some(&token), one, json!({ "n": number })).await;
    assert_eq!(found["joinSupplierProcess"]["stage"], "SUPPLIED");
    let bobs = server.again(bob).await;
    for (who, name) in [(&bobs, number.as_str()), (&token, "P-00000000")] {
        let reply = server.send(Some(who), one, json!({ "n": name })).await;
        assert_eq!(reply.codes(), ["KT-CT-10332"], "{}", reply.json);
    }
    let reply = server.send(Some(&bobs), PROCESSES, json!({ "n": ada.account })).await;
    assert_eq!(reply.codes(), ["KT-CT-4123"]);
}

#[tokio::test]
async fn the_register_may_refuse_or_have_no_time() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let (unknown, held) = (mpan("99"), mpan("98"));
    let point = server.supply(ada, MarketName::GbrElectricity, (&unknown, "L"), "2026-03-20").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-03-20").await;
    server.supply(bob, MarketName::GbrElectricity, (&held, "L"), "2026-03-20").await;
    server.work_off().await;
    assert_eq!(server.join_of(ada).await, standing("FAILED", "REFUSED"));
    assert_eq!(server.join_of(bob).await, standing("IN_PROGRESS", "OBJECTION_WINDOW"));
    let supplied = "query($n: String!) { account(accountNumber: $n) { meterPointStatus
        marketSupplyAgreements(first: 5) { edges { node { isRevoked } } } } }";
    let account =
        server.ask(Some(&ada.token), supplied, json!({ "n": ada.account })).await["account"].clone();
    assert_eq!(account["meterPointStatus"], Value::Null, "it is called off");
    let revoked: Vec<_> =
        account["marketSupplyAgreements"]["edges"].as_array().expect("edges").iter().collect();
    assert!(revoked.iter().all(|edge| edge["node"]["isRevoked"] == true), "{account}");
    server.carried_on_at("2026-03-03T10:00:00Z").await;
    assert_eq!(server.join_of(bob).await, standing("FAILED", "OBJECTED"));
    // Agreed on again, it is another process.
    let mut tx = server.tx().await;
    supply_points::begin_supply(&mut tx, point, ada.account_id, date("2026-03-25")).await.expect("supplied");
    tx.commit().await.expect("committed");
    assert_eq!(server.join_of(ada).await, standing("PENDING", "REQUESTED"));
}

#[tokio::test]
async fn what_has_begun_stays_while_the_register_stands_against_it() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    server.supply(ada, MarketName::GbrElectricity, (&mpan("99"), "L"), "2026-02-01").await;
    let busy = server.supply(bob, MarketName::GbrElectricity, (&mpan("97"), "L"), "2026-03-20").await;
    server.work_off().await;
    assert_eq!(server.join_of(ada).await, standing("STALLED", "REQUESTED"));
    assert_eq!(server.join_of(bob).await, standing("PENDING", "REQUESTED"));
    let supplied = "query($n: String!) { account(accountNumber: $n) { meterPointStatus } }";
    let account = server.ask(Some(&ada.token), supplied, json!({ "n": ada.account })).await;
    assert_eq!(account["account"]["meterPointStatus"], "ON_SUPPLY");
    server.carried_on_at("2026-03-02T11:03:00Z").await;
    assert_eq!(server.join_of(bob).await, standing("IN_PROGRESS", "OBJECTION_WINDOW"));
    // They give the property up before they are supplied.
    server.tamper("update occupancies set during = tstzrange('2026-03-10', null) where lower(during) > '2026-03-10'")
        .await;
    let mut tx = server.tx().await;
    let home = server.home_at(busy).await.parse().expect("an id");
    properties::move_out(&mut tx, home, bob.account_id, date("2026-03-15")).await.expect("moved out");
    tx.commit().await.expect("committed");
    assert_eq!(server.join_of(bob).await, standing("CANCELLED", "CANCELLED"));
}

#[tokio::test]
async fn moving_out_goes_step_by_step() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, bob) = (&world.ada, &world.bob);
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-03-02").await;
    server.agree(ada, point, "VAR-22-11-01", "2026-03-02").await;
    server.used(point, "gb", ("2026-03-02", 31), 1, 400).await;
    server.work_off().await;
    let home = server.home_at(point).await;
    let input = json!({ "accountNumber": ada.account, "propertyId": home, "moveOutDate": "2026-03-12" });
    let reply = server.put(&ada.token, MOVE_OUT, &input).await;
    assert!(reply.errors().is_empty(), "{}", reply.json);
    let steps = async |filter: Value| {
        let reader = server.log_in(json!({ "email": "reader@example.org", "password": PASSWORD })).await;
        let data = server.ask(Some(&reader), WORKFLOWS, json!({ "i": filter })).await;
        let edges = data["houseMoveOutWorkflows"]["edges"].as_array().expect("edges").clone();
        let first = edges.first().map(|edge| edge["node"].clone()).unwrap_or_default();
        let status = |step: &Value| step["status"].as_str().unwrap_or_default().to_owned();
        let steps: Vec<String> =
            first["steps"].as_array().map(|all| all.iter().map(status).collect()).unwrap_or_default();
        (first["status"].as_str().unwrap_or_default().to_owned(), steps.join(" "))
    };
    let mine = json!({ "accountNumber": ada.account, "propertyId": home });
    let told = |status: &str, steps: &str| (status.to_owned(), steps.to_owned());
    assert_eq!(steps(mine.clone()).await, told("PENDING", "COMPLETED PENDING PENDING PENDING"));
    server.work_off().await;
    server.carried_on_at("2026-03-03T10:00:00Z").await;
    assert_eq!(steps(mine.clone()).await, told("PENDING", "COMPLETED IN_PROGRESS PENDING PENDING"));
    assert_eq!(steps(json!({ "accountNumber": bob.account })).await, told("", ""));
    assert_eq!(steps(json!({ "propertyId": "x" })).await, told("", ""));
    let token = server.again(ada).await;
    let processes = server.processes(&token, ada).await;
    let leaving = processes["leaveSupplierProcesses"]["edges"][0]["node"].clone();
    assert_eq!((&leaving["subtype"], &leaving["stage"]), (&json!("MOVE_OUT"), &json!("CONFIRMED")));
    assert_eq!(leaving["processData"]["requestedSupplyEndDate"], "2026-03-11");
    assert_eq!(numbers(&leaving), [MPAN]);
    assert_eq!(numbers(&processes["leavePropertyProcesses"]["edges"][0]["node"]), [MPAN]);
    server.carried_on_at("2026-03-12T10:00:00Z").await;
    server.carried_on_at("2026-03-12T12:00:00Z").await;
    assert_eq!(steps(mine).await, told("COMPLETED", "COMPLETED COMPLETED COMPLETED COMPLETED"));

    let one =
        "query($n: String, $i: ID) { leaveSupplierProcess(number: $n, leaveSupplierProcessId: $i) { id number
        stage status } }";
    let token = server.again(ada).await;
    for by in [json!({ "n": leaving["number"] }), json!({ "i": leaving["id"] })] {
        let found = server.ask(Some(&token), one, by).await["leaveSupplierProcess"].clone();
        let expected = json!({ "id": leaving["id"], "number": leaving["number"], "stage": "ENDED",
            "status": "COMPLETED" });
        assert_eq!(found, expected);
    }
    let bobs = server.again(bob).await;
    for (who, by, code) in [
        (&token, json!({}), "KT-CT-10333"),
        (&token, json!({ "i": "x" }), "KT-CT-10302"),
        (&bobs, json!({ "n": leaving["number"] }), "KT-CT-10302"),
    ] {
        assert_eq!(server.send(Some(who), one, by).await.codes(), [code]);
    }
}

#[tokio::test]
async fn lists_of_processes_bound_their_pages() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let point = server.supply(ada, MarketName::GbrElectricity, (MPAN, "L"), "2026-03-02").await;
    let mut tx = server.tx().await;
    let home = server.home_at(point).await.parse().expect("an id");
    properties::move_out(&mut tx, home, ada.account_id, date("2026-03-20")).await.expect("moved out");
    tx.commit().await.expect("committed");
    for list in [
        "joinSupplierProcesses",
        "leaveSupplierProcesses",
        "occupyPropertyProcesses",
        "leavePropertyProcesses",
    ] {
        let of = format!("lifecycleProcesses(accountNumber: \"{}\")", ada.account);
        bounds_its_pages(&server, &ada.token, &format!("{of} {{ {list}(PAGE) {{ edgeCount }} }}")).await;
        let below = format!(
            "{of} {{ {list}(first: 1) {{ edges {{ node {{ supplyPoints(PAGE) {{ edgeCount }} }} }} }} }}"
        );
        bounds_its_pages(&server, &ada.token, &below).await;
    }
    server.supply(ada, MarketName::GbrGas, (MPRN, "SW"), "2026-03-02").await;
    let page = "query($n: String!, $a: String, $l: Int, $f: Int) { lifecycleProcesses(accountNumber: $n, sortOrder: ASC) {
        joinSupplierProcesses(first: $f, after: $a, last: $l) { totalCount pageInfo { hasNextPage endCursor }
            edges { node { supplyPoints(first: 1) { edges { node { externalIdentifier } } } } } } } }";
    let get = async |of: Value| {
        let data = server.ask(Some(&ada.token), page, of).await;
        data["lifecycleProcesses"]["joinSupplierProcesses"].clone()
    };
    let first = get(json!({ "n": ada.account, "f": 1 })).await;
    assert_eq!((&first["totalCount"], &first["pageInfo"]["hasNextPage"]), (&json!(2), &json!(true)));
    assert_eq!(numbers(&first["edges"][0]["node"]), [MPAN]);
    let next = get(json!({ "n": ada.account, "f": 1, "a": first["pageInfo"]["endCursor"] })).await;
    assert_eq!(numbers(&next["edges"][0]["node"]), [MPRN]);
    let last = get(json!({ "n": ada.account, "l": 1 })).await;
    assert_eq!(numbers(&last["edges"][0]["node"]), [MPRN]);
}
