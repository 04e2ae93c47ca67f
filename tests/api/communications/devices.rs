//! Devices and messengers by which customers want to be reached.

use serde_json::{Value, json};

use crate::support::{Reply, Server, record};

const REGISTER: &str = "mutation($d: String!, $b: String!) {
    registerPushNotificationBinding(input: { token: $d, bundleId: $b }) { pushNotificationBinding { id token registeredAt
        expiresAt user { id } application { bundleId service externalProvider
            pushNotificationBindings { token user { id } } } } } }";
const DELETE: &str = "mutation($d: String!) { deletePushNotificationBinding(input: { token: $d }) {
    possibleErrors { code } status } }";
const LINK: &str = "mutation($l: String!) { linkUserToLine(input: { linkToken: $l }) { __typename
    ... on LineLinkRedirectResponse { redirectUrl } ... on LinkTokenNotFound { type } ... on AlreadyLinkedError { type } } }";
const UNLINK: &str = "mutation { unlinkUserFromLine { __typename ... on LineUnlinkedResponse { message }
    ... on LinkTokenNotFound { type } ... on LineCommonError { message } } }";

impl Server {
    async fn registers_device(&self, token: &str, device: &str, bundle: &str) -> Reply {
        self.send(Some(token), REGISTER, json!({ "d": device, "b": bundle })).await
    }

    async fn line(&self, token: &str, query: &str, given: &str) -> Value {
        let data = self.ask(Some(token), query, json!({ "l": given })).await;
        data.as_object().and_then(|map| map.values().next()).cloned().expect("an answer")
    }
}

#[tokio::test]
async fn a_device_is_whoevers_logged_in_there_last() {
    let server = Server::start().await;
    let world = server.world().await;
    let reply = server.registers_device(&world.ada.token, "device-1", "energy.kraken.ios").await;
    let binding = &reply.json["data"]["registerPushNotificationBinding"]["pushNotificationBinding"];
    assert_eq!(binding["user"]["id"], world.ada.user_id.to_string(), "{}", reply.json);
    assert_eq!(binding["expiresAt"], "2026-08-29T09:30:00+00:00");
    assert_eq!(binding["application"]["service"], "APNS");
    let again = server.registers_device(&world.ada.token, "device-2", "energy.kraken.ios").await;
    let all = |reply: &Reply| {
        let binding = &reply.json["data"]["registerPushNotificationBinding"]["pushNotificationBinding"];
        let all = binding["application"]["pushNotificationBindings"].as_array().expect("bindings").clone();
        all.iter().map(|each| each["token"].as_str().expect("a token").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(all(&again), ["device-1", "device-2"]);
    record::read_back("registerPushNotificationBinding");
    // Bob takes over the first device: Ada is notified there no more.
    assert_eq!(
        all(&server.registers_device(&world.bob.token, "device-1", "energy.kraken.ios").await),
        ["device-1"]
    );
    assert_eq!(
        all(&server.registers_device(&world.ada.token, "device-2", "energy.kraken.ios").await),
        ["device-2"]
    );
    let delete =
        async |token: &str, device: &str| server.send(Some(token), DELETE, json!({ "d": device })).await;
    assert_eq!(delete(&world.ada.token, "device-1").await.codes(), ["KT-CT-5411"]);
    let gone = delete(&world.ada.token, "device-2").await;
    assert_eq!(gone.json["data"]["deletePushNotificationBinding"]["status"], "SUCCESSFUL");
    assert_eq!(
        all(&server.registers_device(&world.ada.token, "device-3", "energy.kraken.ios").await),
        ["device-3"]
    );
    record::read_back("deletePushNotificationBinding");
    assert_eq!(delete(&world.ada.token, "device-2").await.codes(), ["KT-CT-5411"]);
    for (device, bundle) in [("", "energy.kraken.ios"), ("device-4", "energy.nobody")] {
        assert_eq!(server.registers_device(&world.ada.token, device, bundle).await.codes(), ["KT-CT-1605"]);
    }
    for token in [&world.staff, &world.partner] {
        assert_eq!(
            server.registers_device(token, "device-4", "energy.kraken.ios").await.codes(),
            ["KT-CT-1111"]
        );
        assert_eq!(delete(token, "device-1").await.codes(), ["KT-CT-1111"]);
    }
}

#[tokio::test]
async fn a_messenger_is_linked_by_its_maker_and_cut_by_its_owner() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada.token;
    assert_eq!(server.line(ada, UNLINK, "").await["__typename"], "LinkTokenNotFound");
    for odd in ["short", "expired-0123456789", "has blanks in it 0123"] {
        let answer = server.line(ada, LINK, odd).await;
        assert_eq!(answer, json!({ "__typename": "LinkTokenNotFound", "type": "NO_MATCHING_LINE_LINK" }));
    }
    let begun = server.line(ada, LINK, "NMZTNuVrPTqlr2IF8Bnymkb7rXfYv5EY").await;
    let url = begun["redirectUrl"].as_str().expect("a page");
    assert!(url.starts_with("https://access.line.me/dialog/bot/accountLink?linkToken=NMZT"), "{url}");
    assert!(url.contains("&nonce="));
    assert_eq!(server.line(ada, UNLINK, "").await["__typename"], "LineCommonError");
    server.wall.set(server.wall.now() + chrono::TimeDelta::seconds(6));
    server.calm().await;
    let again = server.line(ada, LINK, "NMZTNuVrPTqlr2IF8Bnymkb7rXfYv5EY").await;
    assert_eq!(again, json!({ "__typename": "AlreadyLinkedError", "type": "ALREADY_LINKED" }));
    record::read_back("linkUserToLine");
    assert_eq!(server.line(ada, UNLINK, "").await["__typename"], "LineUnlinkedResponse");
    assert_eq!(server.line(ada, UNLINK, "").await["__typename"], "LinkTokenNotFound");
    record::read_back("unlinkUserFromLine");
    for query in [LINK, UNLINK] {
        let reply = server.send(Some(&world.staff), query, json!({ "l": "x" })).await;
        assert_eq!(reply.codes(), ["KT-CT-1111"]);
    }
}
