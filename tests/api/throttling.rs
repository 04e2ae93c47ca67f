//! Failed log-ins: counted before a password is compared, by whom and from where they are tried.

use chrono::TimeDelta;
use futures_util::future::join_all;
use kraken_api::domain::auth::limits::overrides::{self, Mode};
use serde_json::{Value, json};

use crate::support::world::PASSWORD;
use crate::support::{Reply, Server};

const LOG_IN: &str =
    "mutation($input: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $input) { token refreshToken } }";
const HERE: &str = "192.0.2.7";
const ELSEWHERE: &str = "198.51.100.7";

async fn try_from(server: &Server, client: &str, input: Value) -> Reply {
    server.send_from(Some(client), None, LOG_IN, json!({ "input": input })).await
}

async fn code(server: &Server, client: &str, input: Value) -> String {
    try_from(server, client, input).await.codes().join(" ")
}

fn guess(email: &str) -> Value {
    json!({ "email": email, "password": "wrong" })
}

#[tokio::test]
async fn after_ten_wrong_passwords_no_more_are_compared_for_a_minute() {
    let server = Server::start().await;
    let world = server.world().await;
    let before = server.auth.passwords().runs();
    let spellings = ["ada@example.org", "ADA@example.org", " Ada@Example.Org "];
    for spelling in spellings.iter().cycle().take(10) {
        assert_eq!(code(&server, HERE, guess(spelling)).await, "KT-CT-1138");
    }
    assert_eq!(server.auth.passwords().runs(), before + 10);
    server.wall.set(server.wall.now() + TimeDelta::seconds(20));
    for client in [HERE, ELSEWHERE] {
        let refused = try_from(&server, client, guess(world.ada.email)).await;
        assert_eq!(refused.codes(), ["KT-CT-1199"]);
        assert_eq!(refused.number("retry-after"), Some(40));
        let extensions = &refused.errors()[0]["extensions"];
        assert_eq!(extensions["retryAfter"], 40);
        assert_eq!(extensions["resetsAt"], "2026-03-02T09:31:00+00:00");
    }
    // The right one is not compared either: nobody may learn by this that it is right.
    let right = json!({ "email": world.ada.email, "password": PASSWORD });
    assert_eq!(code(&server, ELSEWHERE, right.clone()).await, "KT-CT-1199");
    // What is refused takes no place at the address.
    for _ in 0..60 {
        assert_eq!(code(&server, HERE, guess(world.ada.email)).await, "KT-CT-1199");
    }
    assert_eq!(server.auth.passwords().runs(), before + 10);
    assert_eq!(code(&server, HERE, guess(world.bob.email)).await, "KT-CT-1138");
    server.wall.set(server.wall.now() + TimeDelta::seconds(40));
    assert_eq!(code(&server, HERE, right).await, "");
}

#[tokio::test]
async fn of_two_hundred_guesses_at_once_ten_are_compared() {
    let server = Server::start().await;
    let world = server.world().await;
    let twin = server.twin();
    let before = server.auth.passwords().runs();
    let calls = (0..200).map(|turn| {
        let on = if turn % 2 == 0 { &server } else { &twin };
        try_from(on, HERE, guess(world.ada.email))
    });
    let replies = join_all(calls).await;
    let with = |code: &str| replies.iter().filter(|reply| reply.codes() == [code]).count();
    assert_eq!((with("KT-CT-1138"), with("KT-CT-1199")), (10, 190));
    assert_eq!(server.auth.passwords().runs(), before + 10);
}

#[tokio::test]
async fn a_success_does_not_count() {
    let server = Server::start().await;
    let world = server.world().await;
    for _ in 0..12 {
        let right = json!({ "email": world.ada.email, "password": PASSWORD });
        assert_eq!(code(&server, HERE, right).await, "");
    }
    for _ in 0..10 {
        assert_eq!(code(&server, HERE, guess(world.ada.email)).await, "KT-CT-1138");
    }
    assert_eq!(code(&server, HERE, guess(world.ada.email)).await, "KT-CT-1199");
}

/// Fills the count of an address.
async fn exhaust(server: &Server, client: &str) {
    for turn in 0..60 {
        let wrong = json!({ "APIKey": format!("sk_live_wrong{turn}") });
        assert_eq!(code(server, client, wrong).await, "KT-CT-1139");
    }
}

#[tokio::test]
async fn good_keys_and_tokens_work_whatever_others_got_wrong() {
    let server = Server::start().await;
    let world = server.world().await;
    let first = try_from(&server, HERE, json!({ "APIKey": world.ada.api_key })).await;
    let refresh = &first.json["data"]["obtainKrakenToken"]["refreshToken"];
    for _ in 0..10 {
        code(&server, ELSEWHERE, guess(world.ada.email)).await;
    }
    exhaust(&server, HERE).await;
    let wrong =
        [guess(world.bob.email), json!({ "APIKey": "sk_live_wrong" }), json!({ "refreshToken": "0" })];
    for input in wrong {
        assert_eq!(code(&server, HERE, input).await, "KT-CT-1199");
    }
    assert_eq!(code(&server, HERE, json!({ "refreshToken": refresh })).await, "");
    assert_eq!(code(&server, HERE, json!({ "APIKey": world.bob.api_key })).await, "");
    // One wrong token that is tried again and again is stopped before it fills the address.
    for _ in 0..10 {
        assert_eq!(code(&server, ELSEWHERE, json!({ "refreshToken": "0" })).await, "KT-CT-1135");
    }
    assert_eq!(code(&server, ELSEWHERE, json!({ "refreshToken": "0" })).await, "KT-CT-1199");
    assert_eq!(code(&server, ELSEWHERE, json!({ "refreshToken": "1" })).await, "KT-CT-1135");
}

async fn deny(server: &Server, subject: &str) {
    let mut tx = server.tx().await;
    let payer = overrides::payer(subject).expect("a subject");
    overrides::set(&mut tx, &payer, None, Mode::DenyList).await.expect("set");
    tx.commit().await.expect("committed");
}

#[tokio::test]
async fn whoever_renews_a_session_pays_for_it_and_not_their_address() {
    let server = Server::start().await;
    let world = server.world().await;
    let first = try_from(&server, HERE, json!({ "APIKey": world.ada.api_key })).await;
    assert_eq!(first.number("ratelimit-limit"), Some(100_000));
    let refresh = json!({ "refreshToken": first.json["data"]["obtainKrakenToken"]["refreshToken"] });
    deny(&server, &format!("address:{ELSEWHERE}")).await;
    for input in [json!({ "APIKey": world.ada.api_key }), json!({ "refreshToken": "0" }), json!({})] {
        assert_eq!(code(&server, ELSEWHERE, input).await, "KT-CT-1199");
    }
    let renewed = try_from(&server, ELSEWHERE, refresh.clone()).await;
    assert_eq!(renewed.codes(), [""; 0]);
    assert_eq!(renewed.number("ratelimit-limit"), Some(50_000));
    let twice = "mutation($input: ObtainJSONWebTokenInput!) {
        a: obtainKrakenToken(input: $input) { token } b: obtainKrakenToken(input: $input) { token } }";
    let variables = json!({ "input": refresh });
    assert_eq!(server.send_from(Some(ELSEWHERE), None, twice, variables).await.codes(), ["KT-CT-1199"]);

    deny(&server, &format!("kraken|account-user:{}", world.ada.user_id)).await;
    server.wall.set(server.wall.now() + TimeDelta::minutes(1));
    assert_eq!(code(&server, HERE, refresh).await, "KT-CT-1199");
}

#[tokio::test]
async fn whoever_would_wait_too_long_for_a_hasher_is_told_when_to_come_back_and_a_crowd_not_at_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let right = json!({ "email": world.ada.email, "password": PASSWORD });
    let passwords = server.auth.passwords();
    // Each holds its place in the queue for as long as it is not polled again.
    let mut queue: Vec<_> = (0..32).map(|_| Box::pin(passwords.hash("x"))).collect();
    for waiting in &mut queue {
        assert!(futures_util::poll!(waiting).is_pending());
    }
    let mut waits = std::collections::BTreeSet::new();
    for _ in 0..12 {
        let busy = try_from(&server, HERE, right.clone()).await;
        assert_eq!(busy.codes(), ["KT-CT-1199"]);
        let wait = busy.number("retry-after").expect("a time to wait");
        assert_eq!(busy.errors()[0]["extensions"]["retryAfter"], wait);
        waits.insert(wait);
    }
    assert!(waits.len() > 1 && waits.iter().all(|wait| (1..=10).contains(wait)), "{waits:?}");
    drop(queue);
    // None of these counted as a failure.
    assert_eq!(code(&server, HERE, right).await, "");
}

#[tokio::test]
async fn the_older_ways_in_are_bounded_as_well() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, key) = (world.ada.email, &world.ada.api_key);
    let by_password = |password: &str| {
        format!(
            "mutation {{ emailAuthentication(email: \"{ada}\", password: \"{password}\") {{ token errors {{ field }} }} }}"
        )
    };
    let by_key = |key: &str| {
        format!("mutation {{ apiKeyAuthentication(apiKey: \"{key}\") {{ token errors {{ field }} }} }}")
    };
    let as_staff = "mutation { masqueradeAuthentication(masqueradeToken: \"wrong\", userId: \"1\") { token errors { field } } }";
    let before = server.auth.passwords().runs();
    for wrong in [by_password("wrong"), by_key("wrong"), as_staff.to_owned()] {
        for _ in 0..10 {
            let reply = server.send_from(Some(HERE), None, &wrong, json!({})).await;
            assert!(reply.errors().is_empty() && reply.json.to_string().contains("errors"), "{}", reply.json);
        }
        let reply = server.send_from(Some(HERE), None, &wrong, json!({})).await;
        assert_eq!(reply.codes(), ["KT-CT-1199"], "{wrong}");
        assert_eq!(reply.number("retry-after"), Some(60));
    }
    assert_eq!(server.auth.passwords().runs(), before + 10);
    let right = server.send_from(Some(HERE), None, &by_password(PASSWORD), json!({})).await;
    assert_eq!(right.codes(), ["KT-CT-1199"]);
    let right = server.send_from(Some(HERE), None, &by_key(key), json!({})).await;
    assert!(right.json["data"]["apiKeyAuthentication"]["token"].is_string(), "{}", right.json);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_log_ins_at_once_keep_nobody_else_from_working() {
    let server = Server::start().await;
    let world = server.world().await;
    let data = server.ask(None, LOG_IN, json!({ "input": { "APIKey": world.bob.api_key } })).await;
    let renewal = json!({ "refreshToken": data["obtainKrakenToken"]["refreshToken"] });
    let storm = join_all((0..2_000).map(|number| {
        let server = &server;
        let email = if number % 2 == 0 { world.ada.email } else { world.bob.email };
        let client = format!("192.0.{}.{}", number / 250, number % 250);
        async move { code(server, &client, json!({ "email": email, "password": PASSWORD })).await }
    }));
    let mut storm = std::pin::pin!(storm);
    let mut meanwhile = 0;
    let outcomes = loop {
        tokio::select! {
            outcomes = &mut storm => break outcomes,
            () = async {
                let me = server.ask(Some(&world.ada.token), "{ viewer { accounts { number } } }", json!({})).await;
                assert_eq!(me["viewer"]["accounts"][0]["number"], world.ada.account);
                assert_eq!(code(&server, HERE, renewal.clone()).await, "");
                meanwhile += 1;
            } => {}
        }
    };
    let count = |wanted: &str| outcomes.iter().filter(|outcome| *outcome == wanted).count();
    assert_eq!(count("") + count("KT-CT-1199"), 2_000, "{outcomes:?}");
    assert!(count("") > 0 && meanwhile > 0, "{} logged in, {meanwhile} others", count(""));
}
