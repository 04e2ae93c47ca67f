//! What other systems tell of accounts and of the people on them.

use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use crate::support::{Reply, Server, World, record};

const ON_ACCOUNT: &str =
    "mutation($i: CreateExternalAccountEventInput!) { createExternalAccountEvent(input: $i) {
    possibleErrors { code } event { id eventType occurredAt category subcategory description content } } }";
const ON_USER: &str = "mutation($i: CreateExternalAccountUserEventInput!) {
    createExternalAccountUserEvent(input: $i) {
        event { id eventType occurredAt category subcategory description content } } }";
const READ: &str = "query($n: String!, $f: Int, $a: String, $l: Int) {
    externalAccountEvents(accountNumber: $n, first: $f, after: $a, last: $l) {
        totalCount edgeCount pageInfo { hasNextPage endCursor } edges { node {
            id eventType occurredAt category subcategory description content } } } }";

impl Server {
    async fn record_event(&self, token: &str, document: &str, input: Value) -> Reply {
        self.send(Some(token), document, json!({ "i": input })).await
    }

    async fn external_events(&self, token: &str, number: &str) -> Vec<Value> {
        let data = self.ask(Some(token), READ, json!({ "n": number, "f": 100 })).await;
        let edges = data["externalAccountEvents"]["edges"].as_array().expect("edges");
        edges.iter().map(|edge| edge["node"].clone()).collect()
    }

    /// An organisation that may record contacts and sees Ada's account.
    async fn call_centre(&self, world: &World) -> String {
        let (id, token) = self.organisation("Call Centre", &["view-accounts", "record-contacts"]).await;
        let mut tx = self.tx().await;
        organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
        tx.commit().await.expect("committed");
        token
    }
}

fn piece(kind: &str, value: &str) -> Value {
    json!({ "description": "Recording", "contentType": kind, "value": value })
}

#[tokio::test]
async fn events_of_an_account_and_of_its_people_stand_together() {
    let server = Server::start().await;
    let world = server.world().await;
    let centre = server.call_centre(&world).await;
    let pieces = json!([piece("LINK", "https://calls.example/7"), piece("S3", "s3://calls/7.ogg")]);
    let input = json!({ "accountNumber": world.ada.account, "category": "COMMUNICATIONS", "subcategory": "TELEPHONE",
        "description": "Called about the bill.", "content": pieces });
    let reply = server.record_event(&centre, ON_ACCOUNT, input).await;
    let told = reply.json["data"]["createExternalAccountEvent"]["event"].clone();
    assert_eq!(told["eventType"], "account.communications.telephone", "{}", reply.json);
    assert_eq!(told["occurredAt"], json!(server.wall.now().to_rfc3339()));
    let content: Value = serde_json::from_str(told["content"].as_str().expect("JSON")).expect("JSON");
    assert_eq!(content, pieces);
    let input = json!({ "userId": world.ada.user_id.to_string(), "category": "SECURITY",
        "subcategory": "DENY_ACCESS", "occurredAt": "2026-03-02T08:00:00Z", "content": [] });
    let reply = server.record_event(&world.staff, ON_USER, input).await;
    let denied = reply.json["data"]["createExternalAccountUserEvent"]["event"].clone();
    assert_eq!(denied["eventType"], "account_user.security.deny_access", "{}", reply.json);
    let input = json!({ "accountNumber": world.ada.account, "category": "WEB", "content": [] });
    let reply = server.record_event(&world.staff, ON_ACCOUNT, input).await;
    let web = reply.json["data"]["createExternalAccountEvent"]["event"].clone();
    assert_eq!((&web["eventType"], &web["subcategory"]), (&json!("account.web"), &json!("")));
    for token in [&centre, &world.reader] {
        assert_eq!(
            server.external_events(token, &world.ada.account).await,
            [&web, &told, &denied].map(Clone::clone)
        );
    }
    record::read_back("createExternalAccountEvent");
    record::read_back("createExternalAccountUserEvent");
    assert!(server.external_events(&world.reader, &world.bob.account).await.is_empty());
    let page = server.ask(Some(&centre), READ, json!({ "n": world.ada.account, "f": 2 })).await;
    let page = &page["externalAccountEvents"];
    assert_eq!((&page["totalCount"], &page["edgeCount"]), (&json!(3), &json!(2)));
    let rest = json!({ "n": world.ada.account, "f": 2, "a": page["pageInfo"]["endCursor"] });
    let rest = server.ask(Some(&centre), READ, rest).await;
    assert_eq!(rest["externalAccountEvents"]["edges"][0]["node"], denied);
    let last = server.ask(Some(&centre), READ, json!({ "n": world.ada.account, "l": 1 })).await;
    assert_eq!(last["externalAccountEvents"]["edges"][0]["node"], denied);
}

#[tokio::test]
async fn only_who_may_tells_of_whom_they_see() {
    let server = Server::start().await;
    let world = server.world().await;
    let centre = server.call_centre(&world).await;
    let on_account = |number: &str| json!({ "accountNumber": number, "category": "DEBT", "content": [] });
    let on_user = |id: &str| json!({ "userId": id, "category": "DEBT", "content": [] });
    let bob = world.bob.user_id.to_string();
    for (token, document, input, code) in [
        (&centre, ON_ACCOUNT, on_account(&world.bob.account), "KT-CT-7123"),
        (&world.staff, ON_ACCOUNT, on_account("A-00000000"), "KT-CT-7123"),
        (&centre, ON_USER, on_user(&bob), "KT-CT-7123"),
        (&world.staff, ON_USER, on_user("nobody"), "KT-CT-7123"),
        (&world.reader, ON_ACCOUNT, on_account(&world.ada.account), "KT-CT-1111"),
        (&world.partner, ON_USER, on_user(&bob), "KT-CT-1111"),
        (&world.ada.token, ON_ACCOUNT, on_account(&world.ada.account), "KT-CT-1111"),
    ] {
        let reply = server.record_event(token, document, input).await;
        assert_eq!(reply.codes(), [code], "{}", reply.json);
    }
    for (token, number, code) in [
        (&centre, world.bob.account.as_str(), "KT-CT-4177"),
        (&world.reader, "A-00000000", "KT-CT-4177"),
        (&world.ada.token, &world.ada.account, "KT-CT-1111"),
    ] {
        let reply = server.send(Some(token), READ, json!({ "n": number, "f": 1 })).await;
        assert_eq!(reply.codes(), [code], "{}", reply.json);
    }
}

#[tokio::test]
async fn what_cannot_have_happened_or_be_shown_is_refused() {
    let server = Server::start().await;
    let world = server.world().await;
    let event = |description: &str, content: Value| json!({ "accountNumber": world.ada.account, "category": "WEB", "description": description, "content": content });
    let many: Vec<Value> = (0..51).map(|_| piece("PLAINTEXT", "x")).collect();
    for input in [
        event("", json!([piece("LINK", "javascript:alert(1)")])),
        event("", json!([piece("LINK", "https://")])),
        event("", json!([piece("S3", "https://calls.example/7")])),
        event(&"x".repeat(1001), json!([])),
        event("", json!(many)),
    ] {
        let reply = server.record_event(&world.staff, ON_ACCOUNT, input).await;
        assert_eq!(reply.codes(), ["KT-CT-1605"], "{}", reply.json);
    }
    let tomorrow = (server.wall.now() + chrono::TimeDelta::days(1)).to_rfc3339();
    let input = json!({ "userId": world.ada.user_id.to_string(), "category": "WEB", "occurredAt": tomorrow,
        "content": [] });
    let reply = server.record_event(&world.staff, ON_USER, input).await;
    assert_eq!(reply.codes(), ["KT-CT-1605"]);
    let path = &reply.errors()[0]["extensions"]["validationErrors"][0]["inputPath"];
    assert_eq!(path, &json!(["input", "occurredAt"]));
    assert!(server.external_events(&world.reader, &world.ada.account).await.is_empty());
}
