//! What the retailer's people and other systems keep about accounts: notes and references.

use serde_json::{Value, json};

use crate::support::{Reply, Server, record};

const NOTE: &str = "mutation($i: CreateAccountNoteInput!) {
    createAccountNote(input: $i) { account { number notes { body isPinned unpinAt createdAt } } } }";
const NOTES: &str = "query($n: String!) { account(accountNumber: $n) { notes { body isPinned unpinAt } } }";
const CREATE: &str = "mutation($i: AccountReferenceInput!) { createAccountReference(input: $i) {
    accountReference { namespace value createdAt updatedAt account { number } } } }";
const UPDATE: &str = "mutation($i: AccountReferenceInput!) { updateAccountReference(input: $i) {
    accountReference { namespace value createdAt updatedAt } } }";
const DELETE: &str = "mutation($i: DeleteAccountReferenceInput!) {
    deleteAccountReference(input: $i) { accountReference { namespace } } }";
const FIND: &str = "query($v: String) { accountReference(value: $v) { namespace value account { number } } }";
const SEARCH: &str =
    "query($r: String) { accountsSearch(searchTerms: { accountReferences: $r }) { account { number } } }";
const REFERENCES: &str =
    "query($n: String!) { account(accountNumber: $n) { references { namespace value } } }";

impl Server {
    pub async fn put(&self, token: &str, document: &str, input: &Value) -> Reply {
        self.send(Some(token), document, json!({ "i": input })).await
    }

    async fn of(&self, token: &str, document: &str, account: &str) -> Value {
        self.ask(Some(token), document, json!({ "n": account })).await["account"].clone()
    }
}

#[tokio::test]
async fn a_note_is_read_by_employees_alone_and_comes_off_the_top() {
    let server = Server::start().await;
    let world = server.world().await;
    let bureau = server.bureau(&world).await;
    let number = &world.ada.account;
    let note =
        |body: &str, pinned: bool| json!({ "accountNumber": number, "note": body, "isPinned": pinned });
    let reply = server.put(&world.staff, NOTE, &note(" Speaks quietly.\nCall back twice. ", true)).await;
    let seen = &reply.json["data"]["createAccountNote"]["account"];
    assert_eq!(seen["number"], *number, "{}", reply.json);
    assert_eq!(seen["notes"][0]["unpinAt"], "2026-05-31T09:30:00+00:00");
    server.wall.set(server.wall.now() + chrono::TimeDelta::minutes(1));
    assert!(server.put(&bureau, NOTE, &note("Moved in.", false)).await.errors().is_empty());
    let both = json!([
        { "body": "Speaks quietly.\nCall back twice.", "isPinned": true, "unpinAt": "2026-05-31T09:30:00+00:00" },
        { "body": "Moved in.", "isPinned": false, "unpinAt": null },
    ]);
    for token in [&world.reader, &world.staff, &bureau] {
        assert_eq!(server.of(token, NOTES, number).await["notes"], both);
    }
    record::read_back("createAccountNote");
    let others = server.others(&world).await;
    for token in [&world.ada.token, &others.masquerade, &others.third_party] {
        assert_eq!(server.of(token, NOTES, number).await["notes"], Value::Null);
    }
    server.wall.set(server.wall.now() + chrono::TimeDelta::days(90));
    let staff =
        server.log_in(json!({ "email": "staff@example.org", "password": crate::support::world::PASSWORD }));
    let notes = server.of(&staff.await, NOTES, number).await["notes"].clone();
    assert_eq!((&notes[0]["body"], &notes[1]["isPinned"]), (&json!("Moved in."), &json!(false)));
}

#[tokio::test]
async fn what_says_nothing_or_is_not_ours_to_write_about_is_refused() {
    let server = Server::start().await;
    let world = server.world().await;
    let bureau = server.bureau(&world).await;
    let note =
        |account: &str, body: &str| json!({ "accountNumber": account, "note": body, "isPinned": false });
    for body in ["", " \n ", "bell\u{7}", &"x".repeat(10_001)] {
        let reply = server.put(&world.staff, NOTE, &note(&world.ada.account, body)).await;
        assert_eq!(reply.codes(), ["KT-CT-4180"]);
    }
    for (token, account) in [
        (&world.staff, "A-00000000"),
        (&bureau, &world.bob.account),
        (&world.reader, &world.ada.account),
        (&world.partner, &world.ada.account),
    ] {
        assert_eq!(server.put(token, NOTE, &note(account, "")).await.codes(), ["KT-CT-4123"]);
    }
    assert_eq!(server.of(&world.reader, NOTES, &world.ada.account).await["notes"], json!([]));
}

#[tokio::test]
async fn a_reference_leads_from_another_system_to_the_account() {
    let server = Server::start().await;
    let world = server.world().await;
    let bureau = server.bureau(&world).await;
    let number = &world.ada.account;
    let input = |namespace: &str, value: &str| json!({ "accountNumber": number, "namespace": namespace, "value": value });
    let reply = server.put(&world.staff, CREATE, &input("CRM", " 00Q-17 ")).await;
    let made = &reply.json["data"]["createAccountReference"]["accountReference"];
    assert_eq!((&made["value"], &made["account"]["number"]), (&json!("00Q-17"), &json!(number)), "{made}");
    assert!(server.put(&bureau, CREATE, &input("SALES_PARTNER", "urn:x:1")).await.errors().is_empty());
    let kept = json!([{ "namespace": "CRM", "value": "00Q-17" },
        { "namespace": "SALES_PARTNER", "value": "urn:x:1" }]);
    for token in [&world.ada.token, &world.reader, &bureau] {
        assert_eq!(server.of(token, REFERENCES, number).await["references"], kept);
    }
    record::read_back("createAccountReference");
    for (value, found) in [
        (json!("00Q-17"), 1),
        (json!("CRM:00Q-17"), 1),
        (json!("SALES_PARTNER:urn:x:1"), 1),
        (json!("SALES_PARTNER:00Q-17"), 0),
        (json!("00q-17"), 0),
        (json!(null), 0),
    ] {
        for token in [&world.reader, &bureau] {
            let data = server.ask(Some(token), FIND, json!({ "v": value })).await;
            assert_eq!(data["accountReference"].as_array().map(Vec::len), Some(found), "{value}");
        }
        // Nothing is granted to this one.
        let data = server.ask(Some(&world.partner), FIND, json!({ "v": value })).await;
        assert_eq!(data["accountReference"], json!([]));
    }
    let reply = server.send(Some(&world.reader), FIND, json!({ "v": "urn:x:1" })).await;
    assert_eq!(reply.codes(), ["KT-CT-8310"]);
    for (token, found) in [(&world.reader, 1), (&bureau, 1), (&world.partner, 0)] {
        let data = server.ask(Some(token), SEARCH, json!({ "r": "00Q-18" })).await;
        assert_eq!(
            data["accountsSearch"].as_array().map(Vec::len),
            Some(found),
            "what resembles it is found"
        );
    }
}

#[tokio::test]
async fn a_reference_is_replaced_and_forgotten() {
    let server = Server::start().await;
    let world = server.world().await;
    let number = &world.ada.account;
    let input = |value: &str| json!({ "accountNumber": number, "namespace": "CRM", "value": value });
    // The first one and the next ones are put in place alike; the same one again changes nothing.
    let mut made = Vec::new();
    for value in ["1", "2", "2"] {
        let reply = server.put(&world.staff, UPDATE, &input(value)).await;
        made.push(reply.json["data"]["updateAccountReference"]["accountReference"].clone());
        server.wall.set(server.wall.now() + chrono::TimeDelta::minutes(1));
    }
    assert_eq!((&made[0]["createdAt"], &made[1]), (&made[1]["createdAt"], &made[2]));
    assert!(made[0]["updatedAt"] != made[1]["updatedAt"]);
    let references = server.of(&world.reader, REFERENCES, number).await;
    assert_eq!(references["references"], json!([{ "namespace": "CRM", "value": "2" }]));
    record::read_back("updateAccountReference");
    let gone = json!({ "accountNumber": number, "namespace": "CRM" });
    let reply = server.put(&world.staff, DELETE, &gone).await;
    assert_eq!(reply.json["data"]["deleteAccountReference"]["accountReference"]["namespace"], "CRM");
    assert_eq!(server.of(&world.reader, REFERENCES, number).await["references"], json!([]));
    record::read_back("deleteAccountReference");
    assert_eq!(server.put(&world.staff, DELETE, &gone).await.codes(), ["KT-CT-8312"]);
    let nowhere = json!({ "accountNumber": number, "namespace": "NOWHERE" });
    assert_eq!(server.put(&world.staff, DELETE, &nowhere).await.codes(), ["KT-CT-8310"]);
}

#[tokio::test]
async fn a_reference_is_one_accounts_and_an_account_has_one() {
    let server = Server::start().await;
    let world = server.world().await;
    let input = |account: &str, namespace: &str, value: &str| json!({ "accountNumber": account, "namespace": namespace, "value": value });
    let (ada, bob) = (&world.ada.account, &world.bob.account);
    let (one, other) = (input(ada, "CRM", "7"), input(bob, "CRM", "7"));
    let (first, second) =
        tokio::join!(server.put(&world.staff, CREATE, &one), server.put(&world.staff, CREATE, &other));
    let mut codes = [first.codes(), second.codes()];
    codes.sort();
    assert_eq!(codes, [vec![], vec!["KT-CT-8311"]]);
    let (winner, loser) = if first.errors().is_empty() { (ada, bob) } else { (bob, ada) };
    for document in [CREATE, UPDATE] {
        let reply = server.put(&world.staff, document, &input(loser, "CRM", "7")).await;
        assert_eq!(reply.codes(), ["KT-CT-8311"]);
        let reply = server.put(&world.staff, document, &input(ada, "NOWHERE", "7")).await;
        assert_eq!(reply.codes(), ["KT-CT-8310"]);
        let reply = server.put(&world.staff, document, &input(ada, "CRM", " ")).await;
        assert_eq!(reply.codes(), ["KT-CT-1605"]);
    }
    for value in ["7", "8"] {
        assert_eq!(
            server.put(&world.staff, CREATE, &input(winner, "CRM", value)).await.codes(),
            ["KT-CT-8311"]
        );
    }
    assert!(server.put(&world.staff, CREATE, &input(loser, "LEGACY_BILLING", "7")).await.errors().is_empty());
    for (token, account) in
        [(&world.staff, "A-00000000"), (&world.reader, ada.as_str()), (&world.partner, ada)]
    {
        for document in [CREATE, UPDATE] {
            assert_eq!(
                server.put(token, document, &input(account, "CRM", "9")).await.codes(),
                ["KT-CT-4123"]
            );
        }
        let gone = json!({ "accountNumber": account, "namespace": "CRM" });
        assert_eq!(server.put(token, DELETE, &gone).await.codes(), ["KT-CT-4123"]);
    }
}
