//! API exceptions: journeys that failed, reported and looked into by staff.

use serde_json::{Value, json};

use crate::support::{Reply, Server, record};

const CREATE: &str =
    "mutation($i: CreateAPIExceptionInput!) { createApiException(input: $i) { possibleErrors { code }
    apiException { id resolutionStatus resolutionType priority category tags } } }";
const UPDATE: &str = "mutation($i: UpdateAPIExceptionInput!) { updateApiException(input: $i) {
    apiException { id resolutionStatus priority tags category keyDate context operationsTeam { name }
        assignedUser { username } } } }";
const EVENT: &str = "mutation($i: CreateAPIExceptionEventInput!) { createApiExceptionEvent(input: $i) {
    apiExceptionEvent { id eventType category description context createdAt } } }";
const NOTE: &str = "mutation($i: CreateAPIExceptionNoteInput!) { createApiExceptionNote(input: $i) {
    apiException { id notes { id body createdAt } } } }";
const REWORD: &str = "mutation($i: UpdateAPIExceptionNoteInput!) { updateApiExceptionNote(input: $i) {
    apiException { notes { body } } } }";
const CALL: &str = "mutation($i: CreateAPICallInput!) { createApiCall(input: $i) {
    apiCall { id correlationId operationName inputData response context createdAt } } }";
const READ: &str = "query($i: APIExceptionQueryInput) { apiExceptions(input: $i, first: 10) { totalCount edgeCount
    pageInfo { hasNextPage } edges { node { id externalIdentifier createdAt channel category accountNumber userId
        customerContact supplyPointIdentifier resolutionStatus resolutionType priority tags context keyDate
        apiCalls { operationName response } events { eventType context } notes { id body }
        operationsTeam { id name } assignedUser { id username } } } } }";

fn failed(name: &str) -> Value {
    json!({ "externalIdentifier": name, "channel": "WEBSITE" })
}

fn with(input: Value, field: &str, value: Value) -> Value {
    let mut input = input;
    input[field] = value;
    input
}

fn made(reply: &Reply) -> Value {
    let exception = &reply.json["data"]["createApiException"]["apiException"];
    assert!(!exception.is_null(), "{}", reply.json);
    exception.clone()
}

fn number(exception: &Value) -> i64 {
    exception["id"].as_str().and_then(|id| id.parse().ok()).expect("a number")
}

impl Server {
    async fn reported(&self, token: &str, name: &str) -> i64 {
        number(&made(&self.put(token, CREATE, &failed(name)).await))
    }

    async fn exceptions(&self, token: &str, input: Value) -> Value {
        self.ask(Some(token), READ, json!({ "i": input })).await["apiExceptions"].clone()
    }

    async fn team_id(&self, name: &str) -> i64 {
        let id = sqlx::query_scalar("select id from operations_teams where name = $1").bind(name);
        id.fetch_one(self.database.pool()).await.expect("a team")
    }
}

#[tokio::test]
async fn a_failure_is_reported_once_and_found_by_what_is_known() {
    let server = Server::start().await;
    let world = server.world().await;
    let (staff, team) =
        (server.staff_id("reader@example.org").await, server.team_id("Specialist support").await);
    let input = json!({ "externalIdentifier": " MOVE-1 ", "channel": "APP", "category": "ACCOUNT",
        "accountNumber": "A-00000000", "userId": 77, "customerContact": "eve@example.org",
        "supplyPointIdentifier": "4102000000", "tags": ["MOVE_IN", "SAME_DAY"], "context": "{\"step\": 3}",
        "keyDate": "2026-03-04", "assignedUserId": staff, "operationsTeamId": team, "priority": "HIGH" });
    let first = made(&server.put(&world.staff, CREATE, &input).await);
    assert_eq!(
        (&first["resolutionStatus"], &first["resolutionType"]),
        (&json!("ASSIGNED"), &json!("UNASSIGNED"))
    );
    let second = made(&server.put(&world.staff, CREATE, &failed("FDV-1")).await);
    assert_eq!((&second["resolutionStatus"], &second["priority"]), (&json!("UNASSIGNED"), &json!("MEDIUM")));
    assert_eq!((&second["category"], &second["tags"]), (&json!("UNKNOWN"), &json!([])));
    let taken = server.put(&world.staff, CREATE, &failed("MOVE-1")).await;
    assert_eq!(taken.codes(), ["KT-CT-7802"]);
    let all = server.exceptions(&world.reader, Value::Null).await;
    record::read_back("createApiException");
    assert_eq!((&all["totalCount"], &all["edges"][0]["node"]["id"]), (&json!(2), &second["id"]));
    let shown = &all["edges"][1]["node"];
    assert_eq!((&shown["externalIdentifier"], &shown["userId"]), (&json!("MOVE-1"), &json!(77)));
    assert_eq!((&shown["context"], &shown["keyDate"]), (&json!("{\"step\":3}"), &json!("2026-03-04")));
    assert_eq!(shown["operationsTeam"]["name"], "Specialist support");
    assert_eq!(shown["assignedUser"]["username"], "reader@example.org");
    for (field, value, unlike) in [
        ("externalIdentifier", json!("MOVE-1"), json!("MOVE")),
        ("resolutionStatus", json!("ASSIGNED"), json!("RESOLVED")),
        ("channel", json!("APP"), json!("SHOP")),
        ("priority", json!("HIGH"), json!("LOW")),
        ("tags", json!(["MOVE_IN"]), json!(["MOVE_IN", "FDV"])),
        ("category", json!("ACCOUNT"), json!("PAYMENT")),
        ("accountNumber", json!("A-00000000"), json!("A-00000001")),
        ("userId", json!("77"), json!("78")),
        ("customerContact", json!("eve@example.org"), json!("eve")),
        ("supplyPointIdentifier", json!("4102000000"), json!("41")),
    ] {
        let found = server.exceptions(&world.staff, json!({ field: value })).await;
        assert_eq!((&found["totalCount"], &found["edges"][0]["node"]["id"]), (&json!(1), &first["id"]));
        let none = server.exceptions(&world.staff, json!({ field: unlike })).await;
        assert_eq!(none["totalCount"], 0, "{field}");
    }
    let both = server.exceptions(&world.staff, json!({ "resolutionType": "UNASSIGNED" })).await;
    assert_eq!(both["totalCount"], 2);
}

#[tokio::test]
async fn two_at_once_report_one_failure() {
    let server = Server::start().await;
    let world = server.world().await;
    let input = failed("TWICE");
    let (one, two) =
        tokio::join!(server.put(&world.staff, CREATE, &input), server.put(&world.staff, CREATE, &input));
    let codes: Vec<&str> = one.codes().into_iter().chain(two.codes()).collect();
    assert_eq!(codes, ["KT-CT-7802"]);
    assert_eq!(server.exceptions(&world.staff, Value::Null).await["totalCount"], 1);
}

#[tokio::test]
async fn what_is_done_about_a_failure_is_kept_with_it() {
    let server = Server::start().await;
    let world = server.world().await;
    let id = server.reported(&world.staff, "MOVE-1").await;
    let change =
        json!({ "id": id, "resolutionStatus": "IN_PROGRESS", "tags": ["FDV"], "category": "PAYMENT" });
    let reply = server.put(&world.staff, UPDATE, &change).await;
    let changed = &reply.json["data"]["updateApiException"]["apiException"];
    assert_eq!(
        (&changed["resolutionStatus"], &changed["priority"]),
        (&json!("IN_PROGRESS"), &json!("MEDIUM"))
    );
    assert_eq!(server.put(&world.staff, UPDATE, &change).await.codes(), ["KT-CT-7809"]);
    let event = json!({ "apiExceptionId": id, "eventType": "RETRIED", "category": "JOB", "description": "Again.",
        "context": "[1]" });
    let reply = server.put(&world.staff, EVENT, &event).await;
    assert_eq!(reply.json["data"]["createApiExceptionEvent"]["apiExceptionEvent"]["context"], "[1]");
    let call = json!({ "apiExceptionId": id, "correlationId": "c-1", "operationName": "moveIn",
        "inputData": "{\"day\": 1}", "response": "null" });
    let reply = server.put(&world.staff, CALL, &call).await;
    let told = &reply.json["data"]["createApiCall"]["apiCall"];
    assert_eq!((&told["inputData"], &told["response"]), (&json!("{\"day\":1}"), &json!("null")), "{told}");
    let note = json!({ "apiExceptionId": id.to_string(), "body": "Rang them." });
    let reply = server.put(&world.staff, NOTE, &note).await;
    let note = &reply.json["data"]["createApiExceptionNote"]["apiException"]["notes"][0]["id"];
    let reword = json!({ "apiExceptionNoteId": note, "body": "Rang them twice." });
    assert!(server.put(&world.staff, REWORD, &reword).await.errors().is_empty());
    let read = server.exceptions(&world.reader, Value::Null).await["edges"][0]["node"].clone();
    for mutation in [
        "updateApiException",
        "createApiExceptionEvent",
        "createApiCall",
        "createApiExceptionNote",
        "updateApiExceptionNote",
    ] {
        record::read_back(mutation);
    }
    assert_eq!((&read["tags"], &read["category"]), (&json!(["FDV"]), &json!("PAYMENT")));
    assert_eq!(read["events"], json!([{ "eventType": "RETRIED", "context": "[1]" }]));
    assert_eq!(read["apiCalls"][0]["operationName"], "moveIn");
    assert_eq!(read["notes"], json!([{ "id": note, "body": "Rang them twice." }]));
    // A note is its writer's.
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    assert_eq!(server.put(&admin, REWORD, &reword).await.codes(), ["KT-CT-7808"]);
    let unknown = json!({ "apiExceptionNoteId": "x", "body": "y" });
    assert_eq!(server.put(&admin, REWORD, &unknown).await.codes(), ["KT-CT-7807"]);
}

#[tokio::test]
async fn what_cannot_be_is_not_reported_or_changed() {
    let server = Server::start().await;
    let world = server.world().await;
    let id = server.reported(&world.staff, "MOVE-1").await;
    server.tamper("update support_users set is_active = false where email = 'reader@example.org'").await;
    let left = server.staff_id("reader@example.org").await;
    let new = || failed("MOVE-2");
    let many = json!(["MOVE_IN", "MOVE_OUT", "FDV", "SAME_DAY", "TRANSFER_IN", "LIFE_SUPPORT"]);
    for (wrong, code) in [
        (with(new(), "operationsTeamId", json!(1)), "KT-CT-7801"),
        (with(new(), "assignedUserId", json!(1)), "KT-CT-7811"),
        (with(new(), "assignedUserId", json!(left)), "KT-CT-7811"),
        (with(new(), "tags", many.clone()), "KT-CT-7805"),
        (with(new(), "tags", json!(["FDV", "FDV"])), "KT-CT-7806"),
        (with(new(), "channel", json!(" ")), "KT-CT-1605"),
    ] {
        assert_eq!(server.put(&world.staff, CREATE, &wrong).await.codes(), [code], "{wrong}");
    }
    let change = || json!({ "id": id });
    for (wrong, code) in [
        (change(), "KT-CT-7804"),
        (json!({ "id": 1, "priority": "LOW" }), "KT-CT-7803"),
        (with(change(), "operationsTeamId", json!(1)), "KT-CT-7801"),
        (with(change(), "assignedUserId", json!(1)), "KT-CT-7811"),
        (with(change(), "assignedUserId", json!(left)), "KT-CT-7812"),
        (with(change(), "tags", many), "KT-CT-7805"),
        (with(change(), "tags", json!(["FDV", "FDV"])), "KT-CT-7806"),
        (with(change(), "priority", json!("MEDIUM")), "KT-CT-7809"),
    ] {
        assert_eq!(server.put(&world.staff, UPDATE, &wrong).await.codes(), [code], "{wrong}");
    }
    let event = json!({ "eventType": "RETRIED", "category": "JOB", "description": "Again." });
    let call =
        json!({ "correlationId": "c-1", "operationName": "moveIn", "response": "{}", "apiExceptionId": 1 });
    let note = json!({ "apiExceptionId": "1", "body": "Rang them." });
    for (document, wrong) in [(EVENT, event), (CALL, call), (NOTE, note)] {
        assert_eq!(server.put(&world.staff, document, &wrong).await.codes(), ["KT-CT-7803"], "{wrong}");
    }
    let read = server.exceptions(&world.staff, Value::Null).await;
    assert_eq!((&read["totalCount"], &read["edges"][0]["node"]["events"]), (&json!(1), &json!([])));
}

#[tokio::test]
async fn staff_without_the_permission_change_nothing() {
    let server = Server::start().await;
    let world = server.world().await;
    let id = server.reported(&world.staff, "MOVE-1").await;
    let note = json!({ "apiExceptionId": id.to_string(), "body": "Rang them." });
    let change = json!({ "id": id, "priority": "LOW" });
    let event =
        json!({ "apiExceptionId": id, "eventType": "RETRIED", "category": "JOB", "description": "Again." });
    for (document, input) in [(CREATE, failed("MOVE-2")), (UPDATE, change), (EVENT, event), (NOTE, note)] {
        assert_eq!(server.put(&world.reader, document, &input).await.codes(), ["KT-CT-1111"]);
    }
}
