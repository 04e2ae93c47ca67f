//! What the API says of itself.

use chrono::TimeDelta;
use kraken_api::domain::auth::brownouts;
use serde_json::{Value, json};

use crate::support::Server;

#[tokio::test]
async fn the_version_is_the_programs_own() {
    let server = Server::start().await;
    let data = server.ask(None, "{ krakenVersion { number isPinned } }", json!({})).await;
    assert_eq!(data["krakenVersion"], json!({ "number": env!("CARGO_PKG_VERSION"), "isPinned": true }));
}

async fn listed(server: &Server, input: Value) -> Value {
    let query = "query($input: PossibleErrorsInputType!) { possibleErrors(input: $input) {
        name type authErrors possibleErrors { code type message description } } }";
    server.send(None, query, json!({ "input": input })).await.json
}

#[tokio::test]
async fn possible_errors_lists_what_a_field_declares() {
    let server = Server::start().await;
    let all = listed(&server, json!({ "name": "createAccountCharge", "type": "mutation" })).await;
    let entries = all["data"]["possibleErrors"]["possibleErrors"].as_array().expect("errors");
    let codes: Vec<&str> = entries.iter().filter_map(|e| e["code"].as_str()).collect();
    assert_eq!(codes, ["KT-CT-5211", "KT-CT-5212", "KT-CT-5213", "KT-CT-1113", "KT-CT-1111", "KT-CT-1112"]);
    assert_eq!(entries[2]["type"], "VALIDATION");
    let own =
        listed(&server, json!({ "name": "createAccountCharge", "type": "mutation", "authErrors": false }))
            .await;
    let entries = own["data"]["possibleErrors"]["possibleErrors"].as_array().expect("errors");
    assert_eq!(entries.len(), 3);
    for (name, kind) in [("createAccountCharge", "query"), ("noSuchThing", "mutation")] {
        let missing = listed(&server, json!({ "name": name, "type": kind })).await;
        assert_eq!(missing["errors"][0]["extensions"]["errorCode"], "KT-CT-1606");
    }
}

async fn weighed(server: &Server, input: Value) -> Value {
    let query =
        "query($input: QueryComplexityInputType!) { queryComplexity(input: $input) { complexityValue } }";
    server.send(None, query, json!({ "input": input })).await.json
}

#[tokio::test]
async fn complexity_is_told_without_running_anything() {
    let server = Server::start().await;
    let query = "query Q($n: Int!) { account(accountNumber: \"A-1\") { ledgers { transactions(first: $n) { edges { node { id } } } } } }";
    let ten = weighed(&server, json!({ "query": query, "variables": "{\"n\": 10}" })).await;
    let hundred = weighed(&server, json!({ "query": query, "variables": "{\"n\": 100}" })).await;
    assert_eq!(ten["data"]["queryComplexity"]["complexityValue"], 4);
    assert_eq!(hundred["data"]["queryComplexity"]["complexityValue"], 13);
    let code =
        async |input: Value| weighed(&server, input).await["errors"][0]["extensions"]["errorCode"].clone();
    assert_eq!(code(json!({ "query": "{ nonsense }" })).await, "KT-CT-1603");
    assert_eq!(
        code(json!({ "query": "query A { krakenVersion { number } } query B { krakenVersion { number } }" }))
            .await,
        "KT-CT-1604"
    );
    assert_eq!(
        code(json!({ "query": "{ krakenVersion { number } }", "variables": "[1]" })).await,
        "KT-CT-1605"
    );
}

#[tokio::test]
async fn a_field_in_brownout_is_disabled_and_listed() {
    let server = Server::start().await;
    let world = server.world().await;
    let now = server.wall.now();
    let mut tx = server.tx().await;
    let hour = TimeDelta::hours(1);
    brownouts::announce(&mut tx, "Query.krakenVersion", now - hour, now + hour).await.expect("announced");
    let later = brownouts::announce(&mut tx, "AccountType.ledgers", now + hour, now + hour * 2)
        .await
        .expect("announced");
    server.app.brownouts().refresh(&mut tx).await.expect("read");
    tx.commit().await.expect("committed");

    let reply = server.send(None, "{ krakenVersion { number } }", json!({})).await;
    assert_eq!(reply.codes(), ["KT-CT-1113"]);
    let query = "{ apiBrownouts(first: 10) { totalCount edges { cursor node { disablesRequestsTo status apiType startsAt endsAt } } } }";
    let data = server.ask(None, query, json!({})).await;
    assert_eq!(data["apiBrownouts"]["totalCount"], 2);
    assert_eq!(
        data["apiBrownouts"]["edges"][0]["node"],
        json!({ "disablesRequestsTo": "Query.krakenVersion", "status": "IN_PROGRESS", "apiType": "GRAPHQL",
            "startsAt": "2026-03-02T08:30:00+00:00", "endsAt": "2026-03-02T10:30:00+00:00" })
    );

    // The second begins: a field below the root is disabled as well, its siblings are not.
    server.wall.set(now + hour + TimeDelta::minutes(1));
    let mut tx = server.tx().await;
    server.app.brownouts().refresh(&mut tx).await.expect("read");
    tx.commit().await.expect("committed");
    let token = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    let account =
        format!("{{ account(accountNumber: \"{}\") {{ number ledgers {{ id }} }} }}", world.ada.account);
    let reply = server.send(Some(&token), &account, json!({})).await;
    assert_eq!(reply.codes(), ["KT-CT-1113"]);
    assert_eq!(reply.json["data"]["account"], json!({ "number": world.ada.account, "ledgers": null }));

    let mut tx = server.tx().await;
    assert!(brownouts::cancel(&mut tx, later).await.expect("cancelled"));
    server.app.brownouts().refresh(&mut tx).await.expect("read");
    tx.commit().await.expect("committed");
    server.ask(Some(&token), &account, json!({})).await;
    let query =
        "{ apiBrownouts(first: 10, input: {statuses: [ABORTED, COMPLETED]}) { edges { node { status } } } }";
    let data = server.ask(None, query, json!({})).await;
    let statuses: Vec<&Value> = data["apiBrownouts"]["edges"]
        .as_array()
        .expect("edges")
        .iter()
        .map(|e| &e["node"]["status"])
        .collect();
    assert_eq!(statuses, ["COMPLETED", "ABORTED"]);
}

#[tokio::test]
async fn an_edition_serves_its_own_names() {
    let japan = Server::start_edition(Some("jp")).await;
    let merged = Server::start().await;
    let kinds = "{ a: __type(name: \"Account\") { name } b: __type(name: \"AccountType\") { name } }";
    assert_eq!(japan.ask(None, kinds, json!({})).await, json!({ "a": { "name": "Account" }, "b": null }));
    assert_eq!(
        merged.ask(None, kinds, json!({})).await,
        json!({ "a": null, "b": { "name": "AccountType" } })
    );
    let ada = japan.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
    let query = "{ viewer { __typename accounts { __typename ... on Account { number } } } }";
    let data = japan.ask(Some(&ada.token), query, json!({})).await;
    assert_eq!(
        data["viewer"],
        json!({ "__typename": "AccountUser", "accounts": [{ "__typename": "Account", "number": ada.account }] })
    );
}
