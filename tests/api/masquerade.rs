//! Staff who look at the service as a customer does, the older log-ins, and viewers that are no customers.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::world::PASSWORD;
use crate::support::{Server, record};

const TOKEN: &str = "query($n: String!) { account(accountNumber: $n) { users { id masqueradeToken } } }";
const EXCHANGE: &str = "mutation($t: String!, $u: String!) {
    masqueradeAuthentication(masqueradeToken: $t, userId: $u) { token errors { field messages } } }";

async fn token(server: &Server, staff: &str, number: &str) -> Value {
    let data = server.ask(Some(staff), TOKEN, json!({ "n": number })).await;
    data["account"]["users"][0]["masqueradeToken"].clone()
}

#[tokio::test]
async fn staff_see_the_service_as_a_customer_does_and_leave_a_trail() {
    let server = Server::start().await;
    let world = server.world().await;
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    let one = token(&server, &admin, &world.ada.account).await;
    let user = world.ada.user_id.to_string();
    let data = server.ask(None, EXCHANGE, json!({ "t": one, "u": user })).await;
    let exchanged = &data["masqueradeAuthentication"];
    assert_eq!(exchanged["errors"], json!([]));
    let session = exchanged["token"].as_str().expect("a token");
    let data = server.ask(Some(session), "{ viewer { id accounts { number } } }", json!({})).await;
    assert_eq!(data["viewer"], json!({ "id": user, "accounts": [{ "number": world.ada.account }] }));
    let reply = server.send(Some(session), "mutation { regenerateSecretKey { key } }", json!({})).await;
    assert_eq!(reply.codes(), ["KT-CT-1111"]);
    let reply = server.send(Some(session), "{ viewer { masqueradeToken liveSecretKey } }", json!({})).await;
    assert_eq!(reply.json["data"]["viewer"], json!({ "masqueradeToken": null, "liveSecretKey": null }));
    record::read_back("masqueradeAuthentication");

    let rows: Vec<(String, Option<i64>)> =
        sqlx::query_as("select operation, as_account_user_id from support_audit order by id")
            .fetch_all(server.database.pool())
            .await
            .expect("rows");
    let expected = [
        ("Query.account", None),
        ("Mutation.masqueradeAuthentication", Some(world.ada.user_id)),
        ("Query.viewer", Some(world.ada.user_id)),
        ("Query.viewer", Some(world.ada.user_id)),
    ];
    assert_eq!(rows, expected.map(|(operation, user)| (operation.to_owned(), user)));

    // It ends with the staff's own sessions.
    let force = "mutation { forceReauthentication(input: { includeThirdParties: false }) { effectiveAt } }";
    server.ask(Some(&admin), force, json!({})).await;
    assert_eq!(server.send(Some(session), "{ viewer { id } }", json!({})).await.codes(), ["KT-CT-1162"]);
}

#[tokio::test]
async fn a_masquerade_token_is_good_once_for_one_customer_and_five_minutes() {
    let server = Server::start().await;
    let world = server.world().await;
    let admin = server.member_of_staff("admin@example.org", "admin").await;
    let (ada, bob) = (world.ada.user_id.to_string(), world.bob.user_id.to_string());
    let refused = async |token: &Value, user: &str, field: &str| {
        let data = server.ask(None, EXCHANGE, json!({ "t": token, "u": user })).await;
        let answer = &data["masqueradeAuthentication"];
        assert_eq!(answer["token"], Value::Null);
        assert_eq!(answer["errors"][0]["field"], field);
        assert_eq!(answer["errors"][0]["messages"].as_array().map(Vec::len), Some(1));
    };
    let one = token(&server, &admin, &world.ada.account).await;
    let two = token(&server, &admin, &world.ada.account).await;
    assert_ne!(one, two);
    refused(&one, &bob, "userId").await;
    refused(&one, "x", "userId").await;
    let good = json!({ "t": one, "u": ada });
    let both =
        tokio::join!(server.ask(None, EXCHANGE, good.clone()), server.ask(None, EXCHANGE, good.clone()));
    let won = [both.0, both.1].iter().filter(|d| !d["masqueradeAuthentication"]["token"].is_null()).count();
    assert_eq!(won, 1);
    refused(&one, &ada, "masqueradeToken").await;
    for wrong in [json!("nonsense"), json!(""), json!(world.ada.token), json!(admin)] {
        refused(&wrong, &ada, "masqueradeToken").await;
    }
    // It is no access token.
    let reply = server.send(two.as_str(), "{ viewer { id } }", json!({})).await;
    assert_eq!(reply.codes(), ["KT-CT-1143"]);
    server.wall.set(server.wall.now() + TimeDelta::minutes(5));
    refused(&two, &ada, "masqueradeToken").await;
    // Nobody else is given one.
    assert_eq!(token(&server, &world.staff, &world.ada.account).await, Value::Null);
    assert_eq!(token(&server, &world.ada.token, &world.ada.account).await, Value::Null);
    let late = token(&server, &admin, &world.ada.account).await;
    let fire = "update support_users set is_active = false where email = 'admin@example.org'";
    sqlx::query(fire).execute(server.database.pool()).await.expect("gone");
    refused(&late, &ada, "masqueradeToken").await;
}

#[tokio::test]
async fn the_older_log_ins_report_failures_in_their_answer() {
    let server = Server::start().await;
    let world = server.world().await;
    let by_key =
        "mutation($k: String!) { apiKeyAuthentication(apiKey: $k) { token errors { field messages } } }";
    let data = server.ask(None, by_key, json!({ "k": world.ada.api_key })).await;
    assert_eq!(data["apiKeyAuthentication"]["errors"], json!([]));
    let token = data["apiKeyAuthentication"]["token"].as_str().expect("a token");
    let data = server.ask(Some(token), "{ viewer { id } }", json!({})).await;
    assert_eq!(data["viewer"]["id"], world.ada.user_id.to_string());
    record::read_back("apiKeyAuthentication");
    let data = server.ask(None, by_key, json!({ "k": "sk_live_wrong" })).await;
    let failure = json!([{ "field": "apiKey", "messages": ["Authentication failed."] }]);
    assert_eq!(data["apiKeyAuthentication"], json!({ "token": null, "errors": failure }));

    let by_password = "mutation($e: String!, $p: String!) {
        emailAuthentication(email: $e, password: $p) { token errors { field messages } } }";
    let data = server.ask(None, by_password, json!({ "e": world.bob.email, "p": PASSWORD })).await;
    let token = data["emailAuthentication"]["token"].as_str().expect("a token");
    let data = server.ask(Some(token), "{ viewer { id } }", json!({})).await;
    assert_eq!(data["viewer"]["id"], world.bob.user_id.to_string());
    record::read_back("emailAuthentication");
    let data = server.ask(None, by_password, json!({ "e": world.bob.email, "p": "wrong" })).await;
    let failure =
        json!([{ "field": "email", "messages": ["Please make sure the credentials are correct."] }]);
    assert_eq!(data["emailAuthentication"], json!({ "token": null, "errors": failure }));
}

#[tokio::test]
async fn organisations_and_partner_users_see_themselves_and_nobody_else_does() {
    let server = Server::start().await;
    let world = server.world().await;
    let others = server.others(&world).await;
    let query = "{ thirdPartyViewer { name permissions { permission } }
        partnerViewer { name email number permissions { permission } } }";
    let data = server.ask(Some(&world.partner), query, json!({})).await;
    let itself = json!({ "name": "Partner Ltd", "permissions": [{ "permission": "view-accounts" }] });
    assert_eq!(data, json!({ "thirdPartyViewer": itself, "partnerViewer": null }));
    let data = server.ask(Some(&others.agent), query, json!({})).await;
    assert_eq!(data["thirdPartyViewer"], Value::Null);
    let agent = &data["partnerViewer"];
    assert_eq!(agent["name"], "Ann Agent");
    assert_eq!(agent["email"], "agent@example.org");
    assert_eq!(agent["permissions"], json!([{ "permission": "create-leads" }]));
    assert!(agent["number"].as_str().is_some_and(|n| n.starts_with("PU-") && n.len() == 11));
    for token in [&world.ada.token, &others.third_party, &world.staff] {
        let data = server.ask(Some(token), query, json!({})).await;
        assert_eq!(data, json!({ "thirdPartyViewer": null, "partnerViewer": null }));
    }
}

#[tokio::test]
async fn an_organisation_that_may_not_view_accounts_sees_none() {
    let server = Server::start().await;
    let world = server.world().await;
    let (id, blind) = server.organisation("Letters Ltd", &["pre-sign-tokens"]).await;
    let mut tx = server.tx().await;
    kraken_api::domain::auth::organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let query = "query($n: String!) { account(accountNumber: $n) { number } }";
    let reply = server.send(Some(&blind), query, json!({ "n": world.ada.account })).await;
    assert_eq!(reply.codes(), ["KT-CT-4177"]);
}
