//! `obtainKrakenToken`: every way in, every refusal.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::world::PASSWORD;
use crate::support::{Reply, Server, record};

const LOG_IN: &str = "mutation($input: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $input) {
    token payload refreshToken refreshExpiresIn possibleErrors { code message type description } } }";

async fn obtain(server: &Server, input: Value) -> Reply {
    server.send(None, LOG_IN, json!({ "input": input })).await
}

#[tokio::test]
async fn a_password_gives_a_token_with_the_claims_that_clients_read() {
    let server = Server::start().await;
    let world = server.world().await;
    let reply = obtain(&server, json!({ "email": world.ada.email, "password": PASSWORD })).await;
    let given = &reply.json["data"]["obtainKrakenToken"];
    let now = server.wall.now().timestamp();
    assert_eq!(given["payload"]["sub"], format!("kraken|account-user:{}", world.ada.user_id));
    assert_eq!(given["payload"]["gty"], "EMAIL-AND-PASSWORD");
    assert_eq!(given["payload"]["tokenUse"], "access");
    assert_eq!(given["payload"]["exp"], now + 3600);
    assert_eq!(given["payload"]["origIat"], now);
    assert_eq!(given["refreshToken"].as_str().map(str::len), Some(64));
    assert_eq!(given["refreshExpiresIn"], now + 7 * 24 * 3600);
    let codes: Vec<&str> = given["possibleErrors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|e| e["code"].as_str())
        .collect();
    assert!(codes.contains(&"KT-CT-1138") && codes.contains(&"KT-CT-1113"), "{codes:?}");
    for form in ["", "JWT ", "Bearer "] {
        let token = format!("{form}{}", given["token"].as_str().expect("a token"));
        let data = server.ask(Some(&token), "{ viewer { id } }", json!({})).await;
        assert_eq!(data["viewer"]["id"], world.ada.user_id.to_string());
    }
    record::read_back("obtainKrakenToken");
}

#[tokio::test]
async fn wrong_credentials_are_refused_with_the_code_of_their_kind() {
    let server = Server::start().await;
    let world = server.world().await;
    let cases = [
        (json!({ "email": world.ada.email, "password": "wrong" }), "KT-CT-1138"),
        (json!({ "email": "nobody@example.org", "password": PASSWORD }), "KT-CT-1138"),
        (json!({ "APIKey": "sk_live_wrong" }), "KT-CT-1139"),
        (json!({ "organizationSecretKey": "wrong" }), "KT-CT-1140"),
        (json!({ "refreshToken": "0".repeat(64) }), "KT-CT-1135"),
        (json!({ "email": world.ada.email }), "KT-CT-1136"),
        (json!({ "password": PASSWORD }), "KT-CT-1136"),
        (json!({}), "KT-CT-1137"),
        (
            json!({ "APIKey": world.ada.api_key, "email": world.ada.email, "password": PASSWORD }),
            "KT-CT-1137",
        ),
    ];
    for (input, code) in cases {
        let reply = obtain(&server, input.clone()).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.codes(), [code], "{input}");
        let error = &reply.errors()[0];
        assert_eq!(error["message"], "Invalid data.");
        assert_eq!(error["path"], json!(["obtainKrakenToken"]));
        assert_eq!(error["extensions"]["errorClass"], "VALIDATION");
        assert_eq!(reply.json["data"], json!({ "obtainKrakenToken": null }));
    }
    let reply = obtain(&server, json!({ "APIKey": "nonsense" })).await;
    assert_eq!(
        reply.errors()[0]["extensions"],
        json!({ "errorType": "VALIDATION", "errorCode": "KT-CT-1139", "errorDescription": "Authentication failed.",
            "errorClass": "VALIDATION",
            "validationErrors": [{ "message": "Authentication failed.", "inputPath": ["input", "apiKey"] }] })
    );
}

#[tokio::test]
async fn a_refresh_token_renews_until_its_week_is_over() {
    let server = Server::start().await;
    let world = server.world().await;
    let first = obtain(&server, json!({ "email": world.ada.email, "password": PASSWORD })).await;
    let refresh = first.json["data"]["obtainKrakenToken"]["refreshToken"].clone();
    server.wall.set(server.wall.now() + TimeDelta::days(6));
    let renewed = obtain(&server, json!({ "refreshToken": refresh })).await;
    let given = &renewed.json["data"]["obtainKrakenToken"];
    assert_eq!(given["refreshToken"], refresh);
    assert_eq!(given["refreshExpiresIn"], first.json["data"]["obtainKrakenToken"]["refreshExpiresIn"]);
    server.wall.set(server.wall.now() + TimeDelta::days(1) + TimeDelta::minutes(10));
    let late = obtain(&server, json!({ "refreshToken": refresh })).await;
    assert_eq!(late.codes(), ["KT-CT-1134"]);
    server.wall.set(server.wall.now() + TimeDelta::minutes(30));
    let forgotten = obtain(&server, json!({ "refreshToken": refresh })).await;
    assert_eq!(forgotten.codes(), ["KT-CT-1135"]);
}

#[tokio::test]
async fn a_header_that_is_no_credential_is_refused_on_public_fields_too() {
    let server = Server::start().await;
    let world = server.world().await;
    let query = "{ krakenVersion { number } }";
    assert!(server.send(None, query, json!({})).await.errors().is_empty());
    for header in ["nonsense", "Bearer ", "a.b.c"] {
        assert_eq!(server.send(Some(header), query, json!({})).await.codes(), ["KT-CT-1143"], "{header}");
        assert_eq!(server.send(Some(header), "{ viewer { id } }", json!({})).await.codes(), ["KT-CT-1143"]);
    }
    server.wall.set(server.wall.now() + TimeDelta::hours(2));
    let expired = server.send(Some(&world.ada.token), "{ viewer { id } }", json!({})).await;
    assert_eq!(
        expired.errors()[0]["extensions"],
        json!({ "errorType": "APPLICATION", "errorCode": "KT-CT-1124", "errorDescription": "" })
    );
}
