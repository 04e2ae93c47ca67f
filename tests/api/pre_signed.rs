//! Links: what they are good for, what they are not, and how they end.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Reply, Server, record};

const GENERATE: &str = "mutation($e: String!, $d: Int!, $s: PreSignedTokenScope!) {
    generatePreSignedToken(email: $e, numberOfDaysAllowed: $d, scope: $s) { token tokenExpiryDatetime scope } }";
const WITHDRAW: &str = "mutation($t: String!) {
    invalidatePreSignedToken(input: { token: $t }) { token { key scope isValid } } }";
const WITHDRAW_ALL: &str = "mutation($e: String!, $s: PreSignedTokenScope) {
    invalidatePreSignedTokensForUser(input: { email: $e, scope: $s }) { tokens { key scope isValid } } }";
const LOG_IN: &str = "mutation($k: String!) { obtainKrakenToken(input: { preSignedKey: $k }) { token refreshToken refreshExpiresIn payload } }";
const NUMBER: &str = "{ viewer { accounts { number } } }";

async fn generate(server: &Server, token: &str, email: &str, days: i64, scope: &str) -> Reply {
    server.send(Some(token), GENERATE, json!({ "e": email, "d": days, "s": scope })).await
}

async fn key(server: &Server, token: &str, email: &str, scope: &str) -> String {
    let reply = generate(server, token, email, 3, scope).await;
    reply.json["data"]["generatePreSignedToken"]["token"].as_str().expect("a key").to_owned()
}

async fn log_in(server: &Server, key: &str) -> Reply {
    server.send(None, LOG_IN, json!({ "k": key })).await
}

#[tokio::test]
async fn a_link_opens_a_session_that_is_good_for_one_kind_of_thing() {
    let server = Server::start().await;
    let world = server.world().await;
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    let made = generate(&server, &admin, "Ada@Example.org", 3, "VIEW_ACCOUNT_NUMBER").await;
    let made = &made.json["data"]["generatePreSignedToken"];
    assert_eq!(made["tokenExpiryDatetime"], "2026-03-05T09:30:00+00:00");
    assert_eq!(made["scope"], "VIEW_ACCOUNT_NUMBER");
    let key = made["token"].as_str().expect("a key");
    assert!(key.len() == 40 && key.bytes().all(|b| b.is_ascii_hexdigit()), "{key}");
    let reply = log_in(&server, key).await;
    let session = &reply.json["data"]["obtainKrakenToken"];
    assert_eq!(session["refreshToken"], Value::Null);
    assert_eq!(session["refreshExpiresIn"], Value::Null);
    assert_eq!(session["payload"]["gty"], "PRE-SIGNED-KEY");
    assert_eq!(session["payload"]["scope"], "VIEW_ACCOUNT_NUMBER");
    let token = session["token"].as_str().expect("a token");
    let data = server.ask(Some(token), NUMBER, json!({})).await;
    assert_eq!(data["viewer"]["accounts"], json!([{ "number": world.ada.account }]));
    record::read_back("generatePreSignedToken");

    // On an object that says what its fields are good for, no other field answers.
    for query in [
        "{ viewer { email } }",
        "{ viewer { id } }",
        "{ viewer { masqueradeToken } }",
        "{ viewer { accounts { number ... on AccountType { balance } } } }",
        "{ viewer { portfolios(first: 1) { edgeCount } } }",
        "{ viewer { accounts { ... on AccountType { users { email } } } } }",
        "{ authorizedApplications { name } }",
        "{ thirdPartyViewer { name } }",
        "mutation { regenerateSecretKey { key } }",
        "mutation { forceReauthentication(input: { includeThirdParties: true }) { tokensInvalidated } }",
    ] {
        let reply = server.send(Some(token), query, json!({})).await;
        assert_eq!(reply.codes(), ["KT-CT-1111"], "{query}: {}", reply.json);
    }
    let query = "query($n: String!) { account(accountNumber: $n) { number } }";
    let data = server.ask(Some(token), query, json!({ "n": world.ada.account })).await;
    assert_eq!(data["account"]["number"], world.ada.account);
    let reply = server.send(Some(token), query, json!({ "n": world.bob.account })).await;
    assert_eq!(reply.codes(), ["KT-CT-4177"]);
    assert!(server.send(Some(token), "{ krakenVersion { number } }", json!({})).await.errors().is_empty());
}

#[tokio::test]
async fn the_scope_decides_and_a_scope_without_fields_opens_nothing() {
    let server = Server::start().await;
    let world = server.world().await;
    let details = server.pre_signed_key(world.ada.email, "VERIFY_CUSTOMER_DETAILS").await;
    let details = server.log_in(json!({ "preSignedKey": details })).await;
    let data = server.ask(Some(&details), "{ viewer { email givenName } }", json!({})).await;
    assert_eq!(data["viewer"], json!({ "email": world.ada.email, "givenName": "Ada" }));
    assert_eq!(server.send(Some(&details), NUMBER, json!({})).await.codes(), ["KT-CT-1111"]);
    let other = server.pre_signed_key(world.ada.email, "MANAGE_LCT_ORDERS").await;
    let other = server.log_in(json!({ "preSignedKey": other })).await;
    for query in [NUMBER, "{ viewer { email } }"] {
        assert_eq!(server.send(Some(&other), query, json!({})).await.codes(), ["KT-CT-1111"]);
    }
}

#[tokio::test]
async fn who_may_make_a_link_and_for_whom() {
    let server = Server::start().await;
    let world = server.world().await;
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    let (id, app) = server.organisation("Letters Ltd", &["pre-sign-tokens", "view-accounts"]).await;
    let scope = "SUBMIT_METER_READINGS";
    for token in [&world.reader, &world.staff, &world.partner] {
        assert_eq!(generate(&server, token, world.ada.email, 1, scope).await.codes(), ["KT-CT-1128"]);
    }
    assert_eq!(generate(&server, &admin, "nobody@example.org", 1, scope).await.codes(), ["KT-CT-1131"]);
    assert_eq!(generate(&server, &app, world.ada.email, 1, scope).await.codes(), ["KT-CT-1131"]);
    for days in [0, -1, i64::from(i32::MIN)] {
        assert_eq!(generate(&server, &admin, world.ada.email, days, scope).await.codes(), ["KT-CT-1120"]);
    }
    for days in [366, i64::from(i32::MAX)] {
        assert_eq!(generate(&server, &admin, world.ada.email, days, scope).await.codes(), ["KT-CT-1605"]);
    }
    let mut tx = server.tx().await;
    let grant = kraken_api::domain::auth::organisations::grant(&mut tx, id, world.ada.account_id);
    grant.await.expect("granted");
    tx.commit().await.expect("committed");
    assert!(generate(&server, &app, world.ada.email, 365, scope).await.errors().is_empty());
    assert_eq!(generate(&server, &app, world.bob.email, 1, scope).await.codes(), ["KT-CT-1131"]);
}

#[tokio::test]
async fn a_link_that_is_wrong_withdrawn_or_over_opens_nothing() {
    let server = Server::start().await;
    let world = server.world().await;
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    let first = key(&server, &admin, world.ada.email, "VIEW_ACCOUNT_NUMBER").await;
    let session = server.log_in(json!({ "preSignedKey": first })).await;
    let wrong = log_in(&server, &"0".repeat(40)).await;
    assert_eq!(wrong.codes(), ["KT-CT-1141"]);
    let path = &wrong.errors()[0]["extensions"]["validationErrors"][0]["inputPath"];
    assert_eq!(*path, json!(["input", "preSignedKey"]));

    for token in [None, Some(world.bob.token.as_str()), Some(&world.staff), Some(&world.partner)] {
        let reply = server.send(token, WITHDRAW, json!({ "t": first })).await;
        assert_eq!(reply.codes(), ["KT-CT-1129"]);
    }
    assert!(server.send(Some(&session), NUMBER, json!({})).await.errors().is_empty());
    for _ in 0..2 {
        let data = server.ask(Some(&world.ada.token), WITHDRAW, json!({ "t": first })).await;
        let withdrawn = json!({ "key": first, "scope": "VIEW_ACCOUNT_NUMBER", "isValid": false });
        assert_eq!(data["invalidatePreSignedToken"]["token"], withdrawn);
    }
    assert_eq!(log_in(&server, &first).await.codes(), ["KT-CT-1141"]);
    // The session that it had opened dies with it.
    assert_eq!(server.send(Some(&session), NUMBER, json!({})).await.codes(), ["KT-CT-1162"]);
    record::read_back("invalidatePreSignedToken");

    let second = key(&server, &admin, world.ada.email, "VIEW_ACCOUNT_NUMBER").await;
    server.wall.set(server.wall.now() + TimeDelta::days(3) - TimeDelta::minutes(10));
    let reply = log_in(&server, &second).await;
    let exp = reply.json["data"]["obtainKrakenToken"]["payload"]["exp"].as_i64().expect("a moment");
    assert_eq!(exp, server.wall.now().timestamp() + 600);
    server.wall.set(server.wall.now() + TimeDelta::minutes(10));
    assert_eq!(log_in(&server, &second).await.codes(), ["KT-CT-1142"]);
}

#[tokio::test]
async fn all_links_of_a_customer_are_withdrawn_or_those_of_one_scope() {
    let server = Server::start().await;
    let world = server.world().await;
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    let (id, app) = server.organisation("Letters Ltd", &["pre-sign-tokens", "view-accounts"]).await;
    let mut tx = server.tx().await;
    kraken_api::domain::auth::organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let number = key(&server, &admin, world.ada.email, "VIEW_ACCOUNT_NUMBER").await;
    let details = key(&server, &admin, world.ada.email, "VERIFY_CUSTOMER_DETAILS").await;
    let theirs = key(&server, &app, world.ada.email, "VIEW_ACCOUNT_NUMBER").await;
    let bobs = key(&server, &admin, world.bob.email, "VIEW_ACCOUNT_NUMBER").await;
    for (token, email) in
        [(&world.staff, world.ada.email), (&app, world.bob.email), (&admin, "nobody@example.org")]
    {
        let reply = server.send(Some(token), WITHDRAW_ALL, json!({ "e": email })).await;
        assert_eq!(reply.codes(), ["KT-CT-1129"], "{email}");
    }
    let withdrawn = async |token: &str, variables: Value| {
        let data = server.ask(Some(token), WITHDRAW_ALL, variables).await;
        data["invalidatePreSignedTokensForUser"]["tokens"].as_array().expect("tokens").clone()
    };
    // An organisation reaches what it made, and that only.
    let gone = withdrawn(&app, json!({ "e": world.ada.email })).await;
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0]["key"], format!("{}…", &theirs[..8]));
    assert_eq!(log_in(&server, &theirs).await.codes(), ["KT-CT-1141"]);
    let gone = withdrawn(&admin, json!({ "e": world.ada.email, "s": "VERIFY_CUSTOMER_DETAILS" })).await;
    assert_eq!(gone.len(), 1);
    assert_eq!(log_in(&server, &details).await.codes(), ["KT-CT-1141"]);
    assert!(log_in(&server, &number).await.errors().is_empty());
    assert_eq!(withdrawn(&admin, json!({ "e": world.ada.email })).await.len(), 1);
    assert_eq!(log_in(&server, &number).await.codes(), ["KT-CT-1141"]);
    assert!(withdrawn(&admin, json!({ "e": world.ada.email })).await.is_empty());
    assert!(log_in(&server, &bobs).await.errors().is_empty());
    record::read_back("invalidatePreSignedTokensForUser");
}
