//! `updatePassword`, and passwords that are past their age.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::world::PASSWORD;
use crate::support::{Reply, Server, record};

const UPDATE: &str =
    "mutation($i: UpdatePasswordInput) { updatePassword(input: $i) { viewer { id email } } }";
const LOG_IN: &str = "mutation($i: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $i) { token } }";
const NEW: &str = "nine purple teapots";

async fn update(server: &Server, token: &str, old: &str, new: &str, again: &str) -> Reply {
    let input = json!({ "oldPassword": old, "newPassword": new, "newPasswordConfirmed": again });
    server.send(Some(token), UPDATE, json!({ "i": input })).await
}

async fn log_in(server: &Server, input: Value) -> Reply {
    server.send(None, LOG_IN, json!({ "i": input })).await
}

#[tokio::test]
async fn a_new_password_takes_the_place_of_the_old_one_and_ends_every_session() {
    let server = Server::start().await;
    let world = server.world().await;
    let others = server.others(&world).await;
    let reply = update(&server, &world.ada.token, PASSWORD, NEW, NEW).await;
    let me = json!({ "id": world.ada.user_id.to_string(), "email": world.ada.email });
    assert_eq!(reply.json["data"]["updatePassword"]["viewer"], me, "{:?}", reply.json);
    for session in [&world.ada.token, &others.third_party, &others.link] {
        assert_eq!(server.send(Some(session), "{ viewer { id } }", json!({})).await.codes(), ["KT-CT-1162"]);
    }
    let old = log_in(&server, json!({ "email": world.ada.email, "password": PASSWORD })).await;
    assert_eq!(old.codes(), ["KT-CT-1138"]);
    let token = server.log_in(json!({ "email": world.ada.email, "password": NEW })).await;
    server.wall.set(server.wall.now() + TimeDelta::seconds(2));
    server.ask(Some(&token), "{ viewer { id } }", json!({})).await;
    record::read_back("updatePassword");
    let notices = server.letters("password-changed").await;
    assert_eq!(notices.len(), 1);
    assert_eq!((notices[0].recipient.as_str(), notices[0].confidential), (world.ada.email, false));
    assert_eq!(server.tables_with(NEW).await, [""; 0]);
}

#[tokio::test]
async fn what_is_wrong_with_the_input_is_said_where_it_is() {
    let server = Server::start().await;
    let world = server.world().await;
    let cases = [
        (("wrong", NEW, NEW), "KT-CT-5460", "oldPassword"),
        ((PASSWORD, NEW, "nine purple teapot"), "KT-CT-5450", "newPasswordConfirmed"),
        ((PASSWORD, "Password1", "Password1"), "KT-CT-5450", "newPassword"),
        ((PASSWORD, " ", " "), "KT-CT-5450", "newPassword"),
        ((PASSWORD, PASSWORD, PASSWORD), "KT-CT-5450", "newPassword"),
    ];
    for ((old, new, again), code, field) in cases {
        let reply = update(&server, &world.ada.token, old, new, again).await;
        assert_eq!(reply.codes(), [code], "{new}");
        let wrong = &reply.errors()[0]["extensions"]["validationErrors"][0];
        assert_eq!(wrong["inputPath"], json!(["input", field]), "{new}");
        assert_eq!(reply.json["data"], json!({ "updatePassword": null }));
    }
    let common = update(&server, &world.ada.token, PASSWORD, "Password1", "Password1").await;
    let said = &common.errors()[0]["extensions"]["errorDescription"];
    assert_eq!(said, "Your password must not be one that is commonly used.");
    let none = server.send(Some(&world.ada.token), UPDATE, json!({ "i": null })).await;
    assert_eq!(none.codes(), ["KT-CT-1605"]);
    server.log_in(json!({ "email": world.ada.email, "password": PASSWORD })).await;
    assert!(server.letters("password-changed").await.is_empty());
}

#[tokio::test]
async fn the_old_password_is_guessed_no_oftener_than_at_the_log_in() {
    let server = Server::start().await;
    let world = server.world().await;
    let before = server.auth.passwords().runs();
    for _ in 0..10 {
        let wrong = update(&server, &world.ada.token, "wrong", NEW, NEW).await;
        assert_eq!(wrong.codes(), ["KT-CT-5460"]);
    }
    for old in ["wrong", PASSWORD] {
        assert_eq!(update(&server, &world.ada.token, old, NEW, NEW).await.codes(), ["KT-CT-1199"]);
    }
    assert_eq!(server.auth.passwords().runs(), before + 10);
    server.wall.set(server.wall.now() + TimeDelta::minutes(1));
    assert!(update(&server, &world.ada.token, PASSWORD, NEW, NEW).await.errors().is_empty());
}

#[tokio::test]
async fn of_two_changes_at_once_one_finds_the_old_password_gone() {
    let server = Server::start().await;
    let world = server.world().await;
    let (one, two) = (NEW, "eight orange kettles");
    let (first, second) = tokio::join!(
        update(&server, &world.ada.token, PASSWORD, one, one),
        update(&server, &world.ada.token, PASSWORD, two, two),
    );
    let lost: Vec<bool> = [&first, &second].iter().map(|reply| reply.codes() == ["KT-CT-5460"]).collect();
    assert_eq!(lost.iter().filter(|lost| **lost).count(), 1, "{:?} {:?}", first.json, second.json);
    let winner = if lost[0] { two } else { one };
    server.log_in(json!({ "email": world.ada.email, "password": winner })).await;
    assert_eq!(server.letters("password-changed").await.len(), 1);
}

#[tokio::test]
async fn a_password_past_its_age_logs_in_no_more_until_it_is_changed() {
    let server = Server::start().await;
    let world = server.world().await;
    let credentials = json!({ "email": world.ada.email, "password": PASSWORD });
    server.demand(|settings| settings.password_max_age_days = Some(30)).await;
    server.wall.set(server.wall.now() + TimeDelta::days(30) - TimeDelta::seconds(1));
    let token = server.log_in(credentials.clone()).await;
    server.wall.set(server.wall.now() + TimeDelta::seconds(1));
    for _ in 0..2 {
        assert_eq!(log_in(&server, credentials.clone()).await.codes(), ["KT-CT-1146"]);
    }
    // Only whoever knows the password learns of its age, and other ways in stay open.
    let wrong = json!({ "email": world.ada.email, "password": "wrong" });
    assert_eq!(log_in(&server, wrong).await.codes(), ["KT-CT-1138"]);
    server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    assert!(update(&server, &token, PASSWORD, NEW, NEW).await.errors().is_empty());
    server.log_in(json!({ "email": world.ada.email, "password": NEW })).await;
    server.demand(|settings| settings.password_max_age_days = None).await;
    server.log_in(json!({ "email": world.bob.email, "password": PASSWORD })).await;
}
