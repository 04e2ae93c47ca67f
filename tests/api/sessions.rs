//! Ending sessions, acting for customers, standing in for them, and keys that are shown once.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Reply, Server, record};

const ME: &str = "{ viewer { id } }";

async fn codes(server: &Server, token: &str, query: &str) -> Vec<String> {
    let reply = server.send(Some(token), query, json!({})).await;
    reply.codes().into_iter().map(str::to_owned).collect()
}

async fn refresh(server: &Server, token: &Value) -> Reply {
    let query = "mutation($i: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $i) { token refreshToken payload } }";
    server.send(None, query, json!({ "i": { "refreshToken": token } })).await
}

/// A session begun by API key: its token and its refresh token.
async fn session(server: &Server, api_key: &str) -> (String, Value) {
    let query =
        "mutation($i: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $i) { token refreshToken } }";
    let data = server.ask(None, query, json!({ "i": { "APIKey": api_key } })).await;
    let given = &data["obtainKrakenToken"];
    (given["token"].as_str().expect("a token").to_owned(), given["refreshToken"].clone())
}

#[tokio::test]
async fn a_disabled_token_is_refused_and_others_go_on() {
    let server = Server::start().await;
    let world = server.world().await;
    server.wall.set(server.wall.now() + TimeDelta::seconds(1));
    let (other, _) = session(&server, &world.ada.api_key).await;
    let header = format!("Bearer {}", world.ada.token);
    let data = server.ask(Some(&header), "mutation { disableToken { message } }", json!({})).await;
    assert_eq!(data["disableToken"]["message"], "The token is disabled.");
    for form in ["", "JWT ", "Bearer "] {
        assert_eq!(codes(&server, &format!("{form}{}", world.ada.token), ME).await, ["KT-CT-1162"]);
    }
    assert!(codes(&server, &other, ME).await.is_empty());
    assert!(codes(&server, &world.bob.token, ME).await.is_empty());
    record::read_back("disableToken");
}

#[tokio::test]
async fn two_who_disable_a_token_at_once_both_find_it_disabled() {
    let server = Server::start().await;
    let world = server.world().await;
    let query = "mutation { disableToken { message } }";
    let both = tokio::join!(
        server.send(Some(&world.ada.token), query, json!({})),
        server.send(Some(&world.ada.token), query, json!({}))
    );
    for reply in [both.0, both.1] {
        assert!(reply.errors().is_empty() || reply.codes() == ["KT-CT-1162"], "{:?}", reply.json);
    }
    assert_eq!(codes(&server, &world.ada.token, ME).await, ["KT-CT-1162"]);
}

const FORCE: &str = "mutation($all: Boolean!) {
    forceReauthentication(input: { includeThirdParties: $all }) { tokensInvalidated effectiveAt } }";

#[tokio::test]
async fn signing_out_everywhere_spares_applications_unless_they_are_included() {
    let server = Server::start().await;
    let world = server.world().await;
    let others = server.others(&world).await;
    server.wall.set(server.wall.now() + TimeDelta::seconds(5));
    let (_, renewal) = session(&server, &world.ada.api_key).await;
    let data = server.ask(Some(&world.ada.token), FORCE, json!({ "all": false })).await;
    let ended = &data["forceReauthentication"];
    assert_eq!(ended["tokensInvalidated"], true);
    assert_eq!(ended["effectiveAt"], "2026-03-02T09:30:06+00:00");
    for token in [&world.ada.token, &others.masquerade] {
        assert_eq!(codes(&server, token, ME).await, ["KT-CT-1162"]);
    }
    assert_eq!(refresh(&server, &renewal).await.codes(), ["KT-CT-1135"]);
    let number = "{ viewer { accounts { number } } }";
    for token in [&others.third_party, &others.link] {
        assert!(codes(&server, token, number).await.is_empty());
    }
    assert!(codes(&server, &world.bob.token, ME).await.is_empty());

    let (fresh, _) = session(&server, &world.ada.api_key).await;
    server.ask(Some(&fresh), FORCE, json!({ "all": true })).await;
    for token in [&fresh, &others.third_party, &others.link] {
        assert_eq!(codes(&server, token, number).await, ["KT-CT-1162"]);
    }
    let (again, _) = session(&server, &world.ada.api_key).await;
    assert!(codes(&server, &again, ME).await.is_empty());
    record::read_back("forceReauthentication");
}

#[tokio::test]
async fn staff_organisations_and_partner_users_sign_themselves_out_too() {
    let server = Server::start().await;
    let world = server.world().await;
    let others = server.others(&world).await;
    for token in [&world.staff, &world.partner, &others.agent] {
        server.ask(Some(token), FORCE, json!({ "all": true })).await;
        assert_eq!(codes(&server, token, "{ thirdPartyViewer { name } }").await, ["KT-CT-1162"]);
    }
    assert!(codes(&server, &world.ada.token, ME).await.is_empty());
}

const WITHDRAW: &str = "mutation($t: String!) {
    invalidateRefreshToken(input: { refreshToken: $t }) { token { key expiryDt isValid } } }";

#[tokio::test]
async fn a_refresh_token_is_withdrawn_by_its_owner_and_by_nobody_elses() {
    let server = Server::start().await;
    let world = server.world().await;
    let others = server.others(&world).await;
    let (_, ada) = session(&server, &world.ada.api_key).await;
    for token in [&world.bob.token, &world.staff, &world.reader, &world.partner, &others.agent] {
        let reply = server.send(Some(token), WITHDRAW, json!({ "t": ada })).await;
        assert_eq!(reply.codes(), ["KT-CT-1130"]);
        assert_eq!(
            server.send(Some(token), WITHDRAW, json!({ "t": "0".repeat(64) })).await.codes(),
            ["KT-CT-1130"]
        );
    }
    assert!(refresh(&server, &ada).await.errors().is_empty());
    for _ in 0..2 {
        let data = server.ask(Some(&world.ada.token), WITHDRAW, json!({ "t": ada })).await;
        let given = json!({ "key": ada, "expiryDt": "2026-03-09T09:30:00+00:00", "isValid": false });
        assert_eq!(data["invalidateRefreshToken"]["token"], given);
        assert_eq!(refresh(&server, &ada).await.codes(), ["KT-CT-1135"]);
    }
    let (_, bob) = session(&server, &world.bob.api_key).await;
    server.ask(Some(&others.admin), WITHDRAW, json!({ "t": bob })).await;
    assert_eq!(refresh(&server, &bob).await.codes(), ["KT-CT-1135"]);
    record::read_back("invalidateRefreshToken");
}

const WITHDRAW_ALL: &str = "mutation($e: String!) {
    invalidateRefreshTokensForUser(input: { email: $e }) { tokens { key isValid } } }";

#[tokio::test]
async fn all_refresh_tokens_of_a_customer_are_withdrawn_at_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let others = server.others(&world).await;
    let (_, first) = session(&server, &world.ada.api_key).await;
    let (_, second) = session(&server, &world.ada.api_key).await;
    for (token, email) in [
        (&world.bob.token, world.ada.email),
        (&world.staff, world.ada.email),
        (&world.partner, world.ada.email),
        (&others.admin, "nobody@example.org"),
    ] {
        let reply = server.send(Some(token), WITHDRAW_ALL, json!({ "e": email })).await;
        assert_eq!(reply.codes(), ["KT-CT-1128"], "{email}");
    }
    let data = server.ask(Some(&others.admin), WITHDRAW_ALL, json!({ "e": "ADA@example.org" })).await;
    let tokens = data["invalidateRefreshTokensForUser"]["tokens"].as_array().expect("tokens").clone();
    // Two sessions here, the one that the world began with, and the application's.
    assert_eq!(tokens.len(), 4);
    let begins = first.as_str().expect("a token").chars().take(8).collect::<String>();
    assert!(tokens.iter().any(|token| token["key"] == format!("{begins}…")), "{tokens:?}");
    for token in [&first, &second] {
        assert_eq!(refresh(&server, token).await.codes(), ["KT-CT-1135"]);
    }
    let data = server.ask(Some(&world.ada.token), WITHDRAW_ALL, json!({ "e": world.ada.email })).await;
    assert_eq!(data["invalidateRefreshTokensForUser"]["tokens"], json!([]));
    record::read_back("invalidateRefreshTokensForUser");
}

const ACT_FOR: &str = "mutation($t: String!) {
    obtainLongLivedRefreshToken(input: { krakenToken: $t }) { refreshToken refreshExpiresIn } }";
const APPLICATIONS: &str = "{ authorizedApplications { name clientId } }";

#[tokio::test]
async fn an_application_acts_for_a_customer_until_it_is_told_not_to() {
    let server = Server::start().await;
    let world = server.world().await;
    let (_, app) = server.organisation("Charging App", &["act-for-customers"]).await;
    assert_eq!(
        server.ask(Some(&world.ada.token), APPLICATIONS, json!({})).await["authorizedApplications"],
        json!([])
    );
    let data = server.ask(Some(&app), ACT_FOR, json!({ "t": world.ada.token })).await;
    let given = &data["obtainLongLivedRefreshToken"];
    let half_a_year = (server.wall.now() + TimeDelta::days(180)).timestamp();
    assert_eq!(given["refreshExpiresIn"], half_a_year);
    let data = server.ask(Some(&world.ada.token), APPLICATIONS, json!({})).await;
    let listed = data["authorizedApplications"].as_array().expect("applications");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["name"], "Charging App");
    assert_eq!(listed[0]["clientId"].as_str().map(str::len), Some(32));
    record::read_back("obtainLongLivedRefreshToken");

    server.wall.set(server.wall.now() + TimeDelta::days(100));
    let renewed = refresh(&server, &given["refreshToken"]).await;
    let session = &renewed.json["data"]["obtainKrakenToken"];
    assert_eq!(session["payload"]["sub"], format!("kraken|account-user:{}", world.ada.user_id));
    assert!(session["payload"]["act"]["sub"].as_str().is_some_and(|s| s.starts_with("kraken|organisation:")));
    let token = session["token"].as_str().expect("a token");
    let data = server.ask(Some(token), "{ viewer { accounts { number } } }", json!({})).await;
    assert_eq!(data["viewer"]["accounts"][0]["number"], world.ada.account);
    // It is not the customer in person, and sees nobody else.
    assert_eq!(codes(&server, token, "mutation { regenerateSecretKey { key } }").await, ["KT-CT-1111"]);
    let query = "query($n: String!) { account(accountNumber: $n) { number } }";
    let reply = server.send(Some(token), query, json!({ "n": world.bob.account })).await;
    assert_eq!(reply.codes(), ["KT-CT-4177"]);

    // The organisation hands the token back.
    let app = {
        let (_, again) = server.organisation("Another App", &["act-for-customers"]).await;
        assert_eq!(
            server.send(Some(&again), WITHDRAW, json!({ "t": given["refreshToken"] })).await.codes(),
            ["KT-CT-1130"]
        );
        server.wall.set(server.wall.now() - TimeDelta::days(100));
        app
    };
    server.ask(Some(&app), WITHDRAW, json!({ "t": given["refreshToken"] })).await;
    assert_eq!(refresh(&server, &given["refreshToken"]).await.codes(), ["KT-CT-1135"]);
    let data = server.ask(Some(&world.ada.token), APPLICATIONS, json!({})).await;
    assert_eq!(data["authorizedApplications"], json!([]));
}

#[tokio::test]
async fn only_a_customers_own_live_token_lets_an_application_act() {
    let server = Server::start().await;
    let world = server.world().await;
    let others = server.others(&world).await;
    let (_, app) = server.organisation("Another App", &["act-for-customers"]).await;
    let forged = format!("{}x", world.ada.token);
    for (token, code) in [
        (world.staff.as_str(), "KT-CT-1122"),
        (&world.partner, "KT-CT-1122"),
        (&others.agent, "KT-CT-1122"),
        (&others.masquerade, "KT-CT-1121"),
        (&others.third_party, "KT-CT-1121"),
        (&others.link, "KT-CT-1121"),
        (&world.ada.api_key, "KT-CT-1121"),
        (&forged, "KT-CT-1121"),
        ("", "KT-CT-1121"),
    ] {
        assert_eq!(server.send(Some(&app), ACT_FOR, json!({ "t": token })).await.codes(), [code], "{token}");
    }
    let reply = server.send(Some(&world.partner), ACT_FOR, json!({ "t": world.ada.token })).await;
    assert_eq!(reply.codes(), ["KT-CT-1132"]);
    server.wall.set(server.wall.now() + TimeDelta::minutes(59));
    let (_, app) = server.organisation("Third App", &["act-for-customers"]).await;
    server.wall.set(server.wall.now() + TimeDelta::minutes(1));
    let reply = server.send(Some(&app), ACT_FOR, json!({ "t": world.ada.token })).await;
    assert_eq!(reply.codes(), ["KT-CT-1120"]);
}

#[tokio::test]
async fn an_organisation_that_is_closed_acts_for_nobody() {
    let server = Server::start().await;
    let world = server.world().await;
    let (id, app) = server.organisation("Charging App", &["act-for-customers"]).await;
    let data = server.ask(Some(&app), ACT_FOR, json!({ "t": world.ada.token })).await;
    let token = &data["obtainLongLivedRefreshToken"]["refreshToken"];
    let session = refresh(&server, token).await.json["data"]["obtainKrakenToken"]["token"].clone();
    let session = session.as_str().expect("a token");
    assert!(codes(&server, session, ME).await.is_empty());
    let close = sqlx::query("update organisations set is_active = false where id = $1").bind(id);
    close.execute(server.database.pool()).await.expect("closed");
    assert_eq!(codes(&server, session, ME).await, ["KT-CT-1162"]);
    assert_eq!(codes(&server, &app, "{ thirdPartyViewer { name } }").await, ["KT-CT-1163"]);
    assert_eq!(refresh(&server, token).await.codes(), ["KT-CT-1135"]);
}

#[tokio::test]
async fn an_api_key_is_shown_once_and_replaces_the_old_one() {
    let server = Server::start().await;
    let world = server.world().await;
    let query = "mutation { regenerateSecretKey { key viewer { id liveSecretKey } } }";
    let data = server.ask(Some(&world.ada.token), query, json!({})).await;
    let made = &data["regenerateSecretKey"];
    let key = made["key"].as_str().expect("a key");
    assert!(key.starts_with("sk_live_") && key.len() == 32);
    assert_eq!(made["viewer"], json!({ "id": world.ada.user_id.to_string(), "liveSecretKey": key }));
    let data = server.ask(Some(&world.ada.token), "{ viewer { liveSecretKey } }", json!({})).await;
    assert_eq!(data["viewer"]["liveSecretKey"], Value::Null);
    session(&server, key).await;
    let query =
        "mutation($k: String!) { apiKeyAuthentication(apiKey: $k) { token errors { field messages } } }";
    let data = server.ask(None, query, json!({ "k": world.ada.api_key })).await;
    assert_eq!(data["apiKeyAuthentication"]["token"], Value::Null);
    record::read_back("regenerateSecretKey");

    // Two in one request: each shows its own.
    let query = "mutation { a: regenerateSecretKey { key viewer { liveSecretKey } }
        b: regenerateSecretKey { key viewer { liveSecretKey } } }";
    let data = server.ask(Some(&world.ada.token), query, json!({})).await;
    for made in [&data["a"], &data["b"]] {
        assert_eq!(made["key"], made["viewer"]["liveSecretKey"]);
    }
    assert_ne!(data["a"]["key"], data["b"]["key"]);
}

#[tokio::test]
async fn two_who_replace_a_key_at_once_leave_one_that_works() {
    let server = Server::start().await;
    let world = server.world().await;
    let query = "mutation { regenerateSecretKey { key } }";
    let both = tokio::join!(
        server.send(Some(&world.ada.token), query, json!({})),
        server.send(Some(&world.ada.token), query, json!({}))
    );
    let mut good = 0;
    for reply in [both.0, both.1] {
        assert!(reply.errors().is_empty(), "{:?}", reply.json);
        let key = reply.json["data"]["regenerateSecretKey"]["key"].clone();
        let query = "mutation($k: String!) { apiKeyAuthentication(apiKey: $k) { token } }";
        let data = server.ask(None, query, json!({ "k": key })).await;
        good += usize::from(!data["apiKeyAuthentication"]["token"].is_null());
    }
    assert_eq!(good, 1);
}
