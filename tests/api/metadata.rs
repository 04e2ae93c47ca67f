//! Metadata: keys and values that other systems attach to accounts and their users.

use serde_json::{Value, json};

use crate::support::{Reply, Server, record};

const CREATE: &str = "mutation($i: MetadataInput!) { createMetadata(input: $i) { metadata { key value } } }";
const UPDATE: &str = "mutation($i: MetadataInput!) { updateMetadata(input: $i) { metadata { key value } } }";
const ALL: &str = "query($of: LinkedObjectType, $i: String!) {
    metadata(linkedObjectType: $of, identifier: $i) { key value } }";
const ONE: &str = "query($of: LinkedObjectType, $i: String!, $k: String!) {
    metadataForKey(linkedObjectType: $of, identifier: $i, key: $k) { key value } }";

fn entry(kind: &str, identifier: &str, key: &str, value: &Value) -> Value {
    json!({ "linkedObjectType": kind, "identifier": identifier, "key": key, "value": value.to_string() })
}

impl Server {
    async fn all(&self, token: &str, kind: &str, identifier: &str) -> Reply {
        self.send(Some(token), ALL, json!({ "of": kind, "i": identifier })).await
    }

    async fn one(&self, token: &str, kind: &str, identifier: &str, key: &str) -> Reply {
        self.send(Some(token), ONE, json!({ "of": kind, "i": identifier, "k": key })).await
    }
}

#[tokio::test]
async fn what_is_attached_is_read_by_whoever_sees_the_thing() {
    let server = Server::start().await;
    let world = server.world().await;
    let bureau = server.bureau(&world).await;
    let ada = world.ada.user_id.to_string();
    let number = server.text("select number from account_users where id = $1", world.ada.user_id).await;
    let value = json!({ "a": true, "b": [1.5, null, "ü"] });
    for (token, kind, identifier) in
        [(&world.staff, "ACCOUNT", &world.ada.account), (&bureau, "ACCOUNT_USER", &number)]
    {
        let reply = server.put(token, CREATE, &entry(kind, identifier, " tier ", &value)).await;
        let made = &reply.json["data"]["createMetadata"]["metadata"];
        assert_eq!(made, &json!({ "key": "tier", "value": value.to_string() }), "{}", reply.json);
        assert!(
            server.put(token, CREATE, &entry(kind, identifier, "age", &json!(7))).await.errors().is_empty()
        );
    }
    for (kind, identifier) in
        [("ACCOUNT", &world.ada.account), ("ACCOUNT_USER", &number), ("ACCOUNT_USER", &ada)]
    {
        for token in [&world.ada.token, &world.reader, &bureau] {
            let all = server.all(token, kind, identifier).await.json["data"]["metadata"].clone();
            assert_eq!(all[0], json!({ "key": "age", "value": "7" }));
            assert_eq!(all.as_array().map(Vec::len), Some(2));
            let one = server.one(token, kind, identifier, "tier").await;
            let kept = one.json["data"]["metadataForKey"]["value"].as_str().expect("a value").to_owned();
            assert_eq!(serde_json::from_str::<Value>(&kept).expect("JSON"), value);
        }
    }
    let query = "query($n: String!) { account(accountNumber: $n) { metadata { key } } }";
    let data = server.ask(Some(&world.ada.token), query, json!({ "n": world.ada.account })).await;
    assert_eq!(data["account"]["metadata"], json!([{ "key": "age" }, { "key": "tier" }]));
    record::read_back("createMetadata");
}

#[tokio::test]
async fn a_key_is_made_once_and_replaced_as_often_as_needed() {
    let server = Server::start().await;
    let world = server.world().await;
    let account = &world.ada.account;
    let new = |value: i32| entry("ACCOUNT", account, "tier", &json!(value));
    assert_eq!(server.put(&world.staff, UPDATE, &new(0)).await.codes(), ["KT-CT-8413"]);
    let (one, two) = (new(1), new(2));
    let (first, second) =
        tokio::join!(server.put(&world.staff, CREATE, &one), server.put(&world.staff, CREATE, &two));
    let mut codes = [first.codes(), second.codes()];
    codes.sort();
    assert_eq!(codes, [vec![], vec!["KT-CT-8414"]]);
    for _ in 0..2 {
        let reply = server.put(&world.staff, UPDATE, &new(3)).await;
        assert_eq!(reply.json["data"]["updateMetadata"]["metadata"]["value"], "3", "{}", reply.json);
    }
    let one = server.one(&world.reader, "ACCOUNT", account, "tier").await;
    assert_eq!(one.json["data"]["metadataForKey"], json!({ "key": "tier", "value": "3" }));
    record::read_back("updateMetadata");
    // The same key of somebody else's is another.
    let bob = world.bob.user_id.to_string();
    let others = entry("ACCOUNT_USER", &bob, "tier", &json!(4));
    assert!(server.put(&world.staff, CREATE, &others).await.errors().is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_not_told_from_what_is_not_yours() {
    let server = Server::start().await;
    let world = server.world().await;
    let (_, blind) = server.organisation("Blind Ltd", &["edit-customers"]).await;
    let (account, bob) = (&world.bob.account, world.bob.user_id.to_string());
    for (token, kind, identifier, code) in [
        (&world.ada.token, "ACCOUNT", account.as_str(), "KT-CT-4177"),
        (&world.partner, "ACCOUNT", account, "KT-CT-4177"),
        (&world.reader, "ACCOUNT", "A-00000000", "KT-CT-4177"),
        (&blind, "ACCOUNT", account, "KT-CT-4123"),
        (&world.ada.token, "ACCOUNT_USER", &bob, "KT-CT-4124"),
        (&world.reader, "ACCOUNT_USER", "U-00000000", "KT-CT-4124"),
        (&blind, "ACCOUNT_USER", &bob, "KT-CT-4124"),
        (&world.reader, "PROPERTY", "1", "KT-CT-6622"),
        (&world.reader, "ACCOUNT_PROPERTY_EFFECTIVE_PERIOD", "1", "KT-CT-6637"),
    ] {
        assert_eq!(server.all(token, kind, identifier).await.codes(), [code], "{kind} {identifier}");
        assert_eq!(server.one(token, kind, identifier, "tier").await.codes(), [code]);
    }
    let reply = server.send(Some(&world.reader), ALL, json!({ "i": account })).await;
    assert_eq!(reply.codes(), ["KT-CT-8411"]);
    let reply = server.send(Some(&world.reader), ONE, json!({ "i": account, "k": "tier" })).await;
    assert_eq!(reply.codes(), ["KT-CT-8411"]);
    for (kind, identifier, key, code) in [
        ("ACCOUNT", account.as_str(), "tier", "KT-CT-4179"),
        ("ACCOUNT_USER", &bob, "tier", "KT-CT-8416"),
        ("ACCOUNT", account, " ", "KT-CT-4155"),
        ("ACCOUNT_USER", &bob, "a\nb", "KT-CT-4155"),
    ] {
        assert_eq!(server.one(&world.bob.token, kind, identifier, key).await.codes(), [code]);
    }
}

#[tokio::test]
async fn only_those_who_edit_customers_attach_anything_and_nothing_endless() {
    let server = Server::start().await;
    let world = server.world().await;
    let bureau = server.bureau(&world).await;
    let (ada, bob) = (&world.ada.account, &world.bob.account);
    let small = json!(1);
    for (token, create, update) in [
        (&world.reader, "KT-CT-1111", "KT-CT-4323"),
        (&world.partner, "KT-CT-1111", "KT-CT-4323"),
        (&world.ada.token, "KT-CT-1111", "KT-CT-1111"),
    ] {
        let new = entry("ACCOUNT", ada, "tier", &small);
        assert_eq!(server.put(token, CREATE, &new).await.codes(), [create]);
        assert_eq!(server.put(token, UPDATE, &new).await.codes(), [update]);
    }
    for (kind, identifier) in [("ACCOUNT", bob.as_str()), ("PROPERTY", "1"), ("ACCOUNT_USER", "x")] {
        let new = entry(kind, identifier, "tier", &small);
        assert_eq!(server.put(&bureau, CREATE, &new).await.codes(), ["KT-CT-8412"]);
        assert_eq!(server.put(&bureau, UPDATE, &new).await.codes(), ["KT-CT-4323"]);
    }
    for wrong in [
        entry("ACCOUNT", ada, " ", &small),
        entry("ACCOUNT", ada, &"k".repeat(121), &small),
        entry("ACCOUNT", ada, "tier", &json!("x".repeat(16 * 1024))),
    ] {
        assert_eq!(server.put(&bureau, CREATE, &wrong).await.codes(), ["KT-CT-8412"]);
        assert_eq!(server.put(&bureau, UPDATE, &wrong).await.codes(), ["KT-CT-8413"]);
    }
    assert_eq!(server.all(&bureau, "ACCOUNT", ada).await.json["data"]["metadata"], json!([]));
}
