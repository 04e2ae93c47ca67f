//! Captchas at the log-in.

use kraken_api::domain::auth::captcha::{SIMULATOR_FAILS, SIMULATOR_PASSES};
use serde_json::{Value, json};

use crate::support::world::PASSWORD;
use crate::support::{Reply, Server};

const LOG_IN: &str = "mutation($i: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $i) { token } }";

async fn log_in(server: &Server, input: &Value) -> Reply {
    server.send(None, LOG_IN, json!({ "i": input })).await
}

#[tokio::test]
async fn where_captchas_are_demanded_a_password_needs_a_solved_one() {
    let server = Server::start().await;
    let world = server.world().await;
    server.demand(|settings| settings.captcha_required = true).await;
    let with = |captcha: Value, password: &str| json!({ "email": world.ada.email, "password": password, "captchaResponse": captcha });
    let cases = [
        (with(Value::Null, PASSWORD), "KT-CT-1160"),
        (with(json!("  "), PASSWORD), "KT-CT-1160"),
        (with(json!(SIMULATOR_FAILS), PASSWORD), "KT-CT-1161"),
        (with(json!("anything"), PASSWORD), "KT-CT-1161"),
        // The captcha is judged first: without it nobody can try passwords.
        (with(json!(SIMULATOR_FAILS), "wrong"), "KT-CT-1161"),
        (with(json!(SIMULATOR_PASSES), "wrong"), "KT-CT-1138"),
        (json!({ "email": world.ada.email, "password": PASSWORD }), "KT-CT-1160"),
    ];
    for (input, code) in cases {
        let reply = log_in(&server, &input).await;
        assert_eq!(reply.codes(), [code], "{input}");
        if code != "KT-CT-1138" {
            let wrong = &reply.errors()[0]["extensions"]["validationErrors"][0];
            assert_eq!(wrong["inputPath"], json!(["input", "captchaResponse"]));
        }
    }
    assert!(log_in(&server, &with(json!(SIMULATOR_PASSES), PASSWORD)).await.errors().is_empty());
    server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    let older = "mutation($e: String!, $p: String!) { emailAuthentication(email: $e, password: $p) {
        token errors { messages } } }";
    let data = server.ask(None, older, json!({ "e": world.ada.email, "p": PASSWORD })).await;
    assert_eq!(data["emailAuthentication"]["token"], Value::Null);
}

#[tokio::test]
async fn where_they_are_not_demanded_a_response_is_not_looked_at() {
    let server = Server::start().await;
    let world = server.world().await;
    let login = json!({ "email": world.ada.email, "password": PASSWORD, "captchaResponse": SIMULATOR_FAILS });
    assert!(log_in(&server, &login).await.errors().is_empty());
    for input in [
        json!({ "captchaResponse": SIMULATOR_PASSES }),
        json!({ "APIKey": world.ada.api_key, "captchaResponse": SIMULATOR_PASSES }),
    ] {
        assert_eq!(log_in(&server, &input).await.codes(), ["KT-CT-1137"]);
    }
    let half = json!({ "email": world.ada.email, "captchaResponse": SIMULATOR_PASSES });
    assert_eq!(log_in(&server, &half).await.codes(), ["KT-CT-1136"]);
}
