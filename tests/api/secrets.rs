//! Secrets stay out of messages and logs. What the whole run logged is judged by the scorecard.

use serde_json::json;

use crate::support::Server;
use crate::support::world::PASSWORD;

#[tokio::test]
async fn no_message_repeats_a_secret() {
    let server = Server::start().await;
    let typed = "mutation($i: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $i) { token } }";
    let reset = "mutation($i: ResetUserPasswordInput!) { resetUserPassword(input: $i) { passwordUpdated } }";
    let cases = [
        (typed, json!({ "i": { "email": "a", "password": [PASSWORD] } })),
        (typed, json!({ "i": { "email": 7, "password": PASSWORD } })),
        (typed, json!({ "i": { "password": PASSWORD, "unknown": 1 } })),
        (typed, json!({ "i": [{ "password": PASSWORD, "unknown": 1 }] })),
        (typed, json!({ "i": { "APIKey": { "password": PASSWORD } } })),
        (reset, json!({ "i": { "newPassword": PASSWORD, "userId": "1" } })),
    ];
    for (query, variables) in cases {
        let reply = server.send(None, query, variables.clone()).await;
        assert_eq!(reply.status, 400, "{variables}: {}", reply.json);
        assert!(!reply.json.to_string().contains(PASSWORD), "{}", reply.json);
    }
    let reply = server.send(None, typed, json!({ "i": { "password": PASSWORD, "unknown": 1 } })).await;
    let message = "Variable '$i' got invalid value {'password': '***', 'unknown': 1}; \
                   Field 'unknown' is not defined by type 'ObtainJSONWebTokenInput'.";
    assert_eq!(reply.errors()[0]["message"], message);
    // In the document itself.
    let query = format!(
        "mutation($e: String) {{ resetUserPassword(input: {{ newPassword: \"{PASSWORD}\", userId: $e, token: \"x\" }})
            {{ passwordUpdated }} }}"
    );
    let reply = server.send(None, &query, json!({})).await;
    assert!(!reply.errors().is_empty() && !reply.json.to_string().contains(PASSWORD), "{}", reply.json);
}

#[tokio::test]
async fn text_that_no_database_keeps_is_refused_with_a_sentence() {
    let server = Server::start().await;
    let world = server.world().await;
    let account = "query($n: String!) { account(accountNumber: $n) { number } }";
    let log_in = "mutation($n: String) { obtainKrakenToken(input: { APIKey: $n }) { token } }";
    for (token, query) in [(Some(world.ada.token.as_str()), account), (None, log_in)] {
        let reply = server.send(token, query, json!({ "n": "A-\u{0}" })).await;
        assert_eq!(reply.codes(), ["KT-CT-1605"], "{}", reply.json);
        let extensions = &reply.errors()[0]["extensions"];
        assert_eq!(extensions["errorDescription"], "Text cannot hold the character U+0000.");
    }
    let reply = server.send(None, "{ account(accountNumber: \"\\u0000\") { number } }", json!({})).await;
    assert_eq!(reply.codes(), ["KT-CT-1112"], "who is calling comes first");
}
