//! What was sent to customers: on their accounts, by identifier, and behind which walls.

use std::sync::Arc;

use chrono::TimeDelta;
use kraken_api::api::Origin;
use kraken_api::domain::accounts::open::{self, NewAccount, NewUser};
use kraken_api::domain::accounts::roles;
use kraken_api::domain::auth::organisations;
use kraken_api::domain::communications::messages::{self, Channel, NewMessage};
use kraken_api::domain::communications::simulator::Simulator;
use kraken_api::domain::work;
use kraken_api::graphql;
use serde_json::{Value, json};

use crate::support::world::Customer;
use crate::support::{Server, World};

const EVENTS: &str = "query($number: String!, $types: [AccountEventType]) {
    account(accountNumber: $number) { events(first: 100, eventTypes: $types) { totalCount edges { node {
        __typename
        ... on EmailEventType { id eventType occurredAt message { id createdAt sentAt templateCode toAddress fromEmail
            subject textBody channel sender recipient } }
        ... on SMSEventType { id eventType occurredAt sms: message { id sentAt sender recipient textBody
            account { number } } } } } } } }";

const NODE: &str = "query($id: ID!) { node(id: $id) { __typename id
    ... on EmailEventType { eventType message { textBody } }
    ... on SMSEventType { eventType sms: message { textBody } } } }";

const BASIC: NewMessage<'static> = NewMessage {
    channel: Channel::Email,
    template: "notice",
    account_user: None,
    to: "ada@example.org",
    subject: "Notice",
    text: "Take note",
    confidential: false,
};

impl Server {
    /// Sends messages, about an account where one is given, and has them taken.
    async fn post(&self, all: &[(NewMessage<'_>, Option<i64>)]) {
        let mut tx = self.tx().await;
        for (new, account) in all {
            let sent = match account {
                Some(account) => messages::send_about(&mut tx, new, *account).await,
                None => messages::send(&mut tx, new).await,
            };
            sent.expect("sent");
        }
        tx.commit().await.expect("committed");
        self.carry().await;
    }

    async fn carry(&self) {
        let house = Simulator::moody(self.random.clone(), 0);
        let runner = work::runner_with(&self.random, Arc::new(house));
        runner.run_due(&self.database).await.expect("carried");
    }

    async fn events(&self, token: &str, number: &str) -> Vec<Value> {
        let data = self.ask(Some(token), EVENTS, json!({ "number": number })).await;
        let events = &data["account"]["events"];
        let nodes: Vec<Value> =
            events["edges"].as_array().expect("edges").iter().map(|edge| edge["node"].clone()).collect();
        assert_eq!(events["totalCount"], nodes.len());
        nodes
    }

    /// The texts on an account as the holder of `token` reads them, the latest first.
    async fn texts(&self, token: &str, number: &str) -> Vec<String> {
        let text = |node: &Value| {
            let message = if node["sms"].is_null() { &node["message"] } else { &node["sms"] };
            message["textBody"].as_str().expect("a text").to_owned()
        };
        self.events(token, number).await.iter().map(text).collect()
    }

    async fn node(&self, token: &str, id: &Value) -> Value {
        self.ask(Some(token), NODE, json!({ "id": id })).await["node"].clone()
    }

    /// Gives `customer` a role on the portfolio around `account` as well.
    async fn join(&self, customer: &Customer, account: i64) {
        let mut tx = self.tx().await;
        let (portfolio,): (i64,) = sqlx::query_as("select portfolio_id from accounts where id = $1")
            .bind(account)
            .fetch_one(&mut tx)
            .await
            .expect("a portfolio");
        roles::give_on_portfolio(&mut tx, portfolio, customer.user_id, "MEMBER").await.expect("a role");
        tx.commit().await.expect("committed");
    }
}

/// A message to Ada about herself, one about her account, and one that holds a secret.
async fn adas_post(server: &Server, world: &World) {
    let about = BASIC.about(&world.ada);
    server
        .post(&[
            (NewMessage { text: "personal", ..about }, None),
            (NewMessage { text: "account", ..about }, Some(world.ada.account_id)),
            (NewMessage { text: "secret", confidential: true, ..about }, None),
            (NewMessage { text: "account secret", confidential: true, ..about }, Some(world.ada.account_id)),
        ])
        .await;
}

trait About<'a> {
    fn about(self, customer: &'a Customer) -> NewMessage<'a>;
}

impl<'a> About<'a> for NewMessage<'a> {
    fn about(self, customer: &'a Customer) -> NewMessage<'a> {
        NewMessage { account_user: Some(customer.user_id), to: customer.email, ..self }
    }
}

#[tokio::test]
async fn an_event_says_what_was_sent_and_is_found_again_by_its_identifier() {
    let server = Server::start().await;
    let world = server.world().await;
    let wrote = server.wall.now();
    let sms =
        NewMessage { channel: Channel::Sms, to: "+447700900123", subject: "", ..BASIC.about(&world.ada) };
    let mut tx = server.tx().await;
    messages::send(&mut tx, &BASIC.about(&world.ada)).await.expect("sent");
    tx.commit().await.expect("committed");
    assert!(server.events(&world.ada.token, &world.ada.account).await.is_empty(), "not sent yet");
    server.wall.set(wrote + TimeDelta::seconds(2));
    server.carry().await;
    server.wall.set(wrote + TimeDelta::seconds(60));
    server.post(&[(sms, Some(world.ada.account_id))]).await;

    let events = server.events(&world.ada.token, &world.ada.account).await;
    assert_eq!(events.len(), 2);
    let (text, email) = (&events[0], &events[1]);
    assert_eq!(email["__typename"], "EmailEventType");
    assert_eq!(email["eventType"], "EMAIL_SENT");
    assert_eq!(email["occurredAt"], "2026-03-02T09:30:02+00:00");
    let message = &email["message"];
    assert_eq!(
        message,
        &json!({ "id": message["id"], "createdAt": "2026-03-02T09:30:00+00:00",
            "sentAt": "2026-03-02T09:30:02+00:00", "templateCode": "notice", "toAddress": "ada@example.org",
            "fromEmail": "hello@kraken.example", "subject": "Notice", "textBody": "Take note", "channel": "EMAIL",
            "sender": "hello@kraken.example", "recipient": "ada@example.org" })
    );
    assert_eq!((&text["__typename"], &text["eventType"]), (&json!("SMSEventType"), &json!("SMS_SENT")));
    assert_eq!(text["sms"]["recipient"], "+447700900123");
    assert_eq!(text["sms"]["account"]["number"], world.ada.account);
    for event in &events {
        let node = server.node(&world.ada.token, &event["id"]).await;
        for key in ["id", "__typename", "eventType"] {
            assert_eq!(node[key], event[key]);
        }
    }
}

#[tokio::test]
async fn kinds_are_chosen_and_what_nothing_produces_is_not_offered() {
    let server = Server::start().await;
    let world = server.world().await;
    let about = BASIC.about(&world.ada);
    let sms = NewMessage { channel: Channel::Sms, to: "+447700900123", ..about };
    server.post(&[(about, None), (sms, None)]).await;
    let count = async |types: Value| {
        let variables = json!({ "number": world.ada.account, "types": types });
        let data = server.ask(Some(&world.ada.token), EVENTS, variables).await;
        data["account"]["events"]["totalCount"].clone()
    };
    for (types, expected) in [
        (json!(null), 2),
        (json!([]), 2),
        (json!(["EMAIL_SENT"]), 1),
        (json!(["SMS_SENT", null]), 1),
        (json!(["SMS_SENT", "EMAIL_SENT"]), 2),
    ] {
        assert_eq!(count(types.clone()).await, expected, "{types}");
    }
    let variables = json!({ "number": world.ada.account, "types": ["PUSH_NOTIFICATION_SENT"] });
    let reply = server.send(Some(&world.ada.token), EVENTS, variables).await;
    assert_eq!(reply.errors().len(), 1, "{}", reply.json);
}

#[tokio::test]
async fn each_reads_what_is_theirs_and_secrets_are_read_by_permission_alone() {
    let server = Server::start().await;
    let world = server.world().await;
    adas_post(&server, &world).await;
    server.join(&world.bob, world.ada.account_id).await;
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, world.partner_id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let others = server.others(&world).await;
    let admin = others.admin.clone();
    let everything = ["account secret", "secret", "account", "personal"];
    for (who, token, expected) in [
        ("admin", &admin, &everything[..]),
        ("reader", &world.reader, &everything[2..]),
        ("ada", &world.ada.token, &everything[2..]),
        // A second member of the portfolio reads what is about the account, never a way into Ada's.
        ("bob", &world.bob.token, &everything[2..3]),
        ("third party", &others.third_party, &everything[2..]),
        ("masquerade", &others.masquerade, &everything[2..]),
        ("partner", &world.partner, &[]),
    ] {
        assert_eq!(server.texts(token, &world.ada.account).await, expected, "{who}");
    }
    // By identifier the same walls stand, and they look like nothing being there.
    let all = server.events(&admin, &world.ada.account).await;
    for (who, token, expected) in [
        ("reader", &world.reader, [false, false, true, true]),
        ("ada", &world.ada.token, [false, false, true, true]),
        ("bob", &world.bob.token, [false, false, true, false]),
        ("masquerade", &others.masquerade, [false, false, true, true]),
        ("partner", &world.partner, [false; 4]),
        ("agent", &others.agent, [false; 4]),
        ("admin", &admin, [true; 4]),
    ] {
        for (event, seen) in all.iter().zip(expected) {
            let node = server.node(token, &event["id"]).await;
            assert_eq!(!node.is_null(), seen, "{who} {node}");
        }
    }
    // A link that shows the account's number shows no mail.
    let reply = server.send(Some(&others.link), NODE, json!({ "id": all[3]["id"] })).await;
    assert_eq!((reply.codes(), &reply.json["data"]["node"]), (vec!["KT-CT-1111"], &Value::Null));
    let number = json!({ "number": world.ada.account });
    let reply = server.send(Some(&others.link), EVENTS, number).await;
    assert_eq!((reply.codes(), &reply.json["data"]["account"]["events"]), (vec!["KT-CT-1111"], &Value::Null));
}

#[tokio::test]
async fn a_message_about_another_account_is_not_told_here() {
    let server = Server::start().await;
    let world = server.world().await;
    // Bob shares Ada's account; Ada also holds one that Bob knows nothing of.
    server.join(&world.bob, world.ada.account_id).await;
    let mut tx = server.tx().await;
    let portfolio =
        open::portfolio(&mut tx, &server.random, "OCTOPUS_ENERGY", "Ada").await.expect("a portfolio");
    let new = NewAccount { brand: "OCTOPUS_ENERGY", account_type: "DOMESTIC", ..NewAccount::default() };
    let other = open::account(&mut tx, &server.random, portfolio, &new).await.expect("an account");
    roles::give_on_account(&mut tx, other.id, world.ada.user_id, roles::ACCOUNT_OWNER).await.expect("a role");
    tx.commit().await.expect("committed");
    let about = NewMessage { text: "the other account", ..BASIC.about(&world.ada) };
    server.post(&[(about, Some(other.id))]).await;
    for token in [&world.ada.token, &world.bob.token, &world.staff] {
        assert!(server.texts(token, &world.ada.account).await.is_empty());
    }
    let events = server.events(&world.ada.token, &other.number).await;
    assert_eq!(events.len(), 1);
    assert!(server.node(&world.bob.token, &events[0]["id"]).await.is_null());
}

#[tokio::test]
async fn an_identifier_that_names_nothing_is_null() {
    let server = Server::start().await;
    let world = server.world().await;
    server.post(&[(BASIC.about(&world.ada), None)]).await;
    let events = server.events(&world.ada.token, &world.ada.account).await;
    let id = events[0]["id"].as_str().expect("an id");
    let row = |name: &str, row: &str| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(format!("{name}:{row}"))
    };
    for odd in [
        String::new(),
        "nonsense".to_owned(),
        id.replace('=', ""),
        row("EmailEventType", "999999"),
        row("EmailEventType", "-1"),
        row("EmailEventType", "1 or 1=1"),
        row("EmailEventType", "99999999999999999999"),
        row("AccountType", &world.ada.account_id.to_string()),
    ] {
        if odd == id {
            continue;
        }
        assert!(server.node(&world.ada.token, &json!(odd)).await.is_null(), "{odd}");
    }
    // The row is there, under another type.
    let sms = row("SMSEventType", &server.event_row(id));
    assert!(server.node(&world.ada.token, &json!(sms)).await.is_null());
    assert!(!server.node(&world.ada.token, &json!(id)).await.is_null());
}

impl Server {
    fn event_row(&self, id: &str) -> String {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.decode(id).expect("base64");
        String::from_utf8(text).expect("text").split_once(':').expect("type and row").1.to_owned()
    }
}

#[tokio::test]
async fn pages_cover_the_events_from_both_ends() {
    let server = Server::start().await;
    let world = server.world().await;
    for text in ["one", "two", "three"] {
        server.wall.set(server.wall.now() + TimeDelta::minutes(1));
        server.post(&[(NewMessage { text, ..BASIC.about(&world.ada) }, None)]).await;
    }
    let page = async |arguments: &str| {
        let query = format!(
            "{{ account(accountNumber: \"{}\") {{ events({arguments}) {{ pageInfo {{ hasNextPage hasPreviousPage endCursor }}
                edges {{ node {{ ... on EmailEventType {{ message {{ textBody }} }} }} }} }} }} }}",
            world.ada.account
        );
        let data = server.ask(Some(&world.ada.token), &query, json!({})).await;
        let events = data["account"]["events"].clone();
        let texts: Vec<String> = events["edges"]
            .as_array()
            .expect("edges")
            .iter()
            .map(|edge| edge["node"]["message"]["textBody"].as_str().expect("a text").to_owned())
            .collect();
        (texts, events["pageInfo"].clone())
    };
    let (texts, info) = page("first: 2").await;
    assert_eq!(texts, ["three", "two"]);
    assert_eq!(info["hasNextPage"], true);
    let (texts, _) = page(&format!("first: 2, after: {}", info["endCursor"])).await;
    assert_eq!(texts, ["one"]);
    let (texts, info) = page("last: 2").await;
    assert_eq!((texts, &info["hasPreviousPage"]), (vec!["two".to_owned(), "one".to_owned()], &json!(true)));
}

#[tokio::test]
async fn statements_do_not_grow_with_accounts_and_a_shared_account_is_told_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let about = BASIC.about(&world.ada);
    let sms = NewMessage { channel: Channel::Sms, to: "+447700900123", ..about };
    server.post(&[(about, Some(world.ada.account_id)), (sms, Some(world.ada.account_id))]).await;
    let query = "{ viewer { accounts { ... on AccountType { events(first: 5) { totalCount edges { node {
        ... on EmailEventType { id message { textBody } } ... on SMSEventType { id sms: message { textBody
        account { number } } } } } } } } } }";
    let mut counts = Vec::new();
    for accounts in [1, 10] {
        let mut tx = server.tx().await;
        let (portfolio,): (i64,) = sqlx::query_as("select portfolio_id from accounts where id = $1")
            .bind(world.ada.account_id)
            .fetch_one(&mut tx)
            .await
            .expect("a portfolio");
        for _ in 1..accounts {
            let new =
                NewAccount { brand: "OCTOPUS_ENERGY", account_type: "DOMESTIC", ..NewAccount::default() };
            let opened = open::account(&mut tx, &server.random, portfolio, &new).await.expect("an account");
            messages::send_about(&mut tx, &about, opened.id).await.expect("sent");
            messages::send_about(&mut tx, &sms, opened.id).await.expect("sent");
        }
        tx.commit().await.expect("committed");
        server.carry().await;
        let request = graphql::Request { query: query.into(), ..graphql::Request::default() };
        let origin = Origin { authorization: Some(&world.ada.token), client: None };
        let answer = server.app.execute(request, origin).await.expect("an answer");
        let body: Value = serde_json::from_slice(&answer.response.body).expect("JSON");
        let all = body["data"]["viewer"]["accounts"].as_array().expect("accounts");
        assert_eq!(all.len(), accounts);
        assert!(all.iter().all(|account| account["events"]["totalCount"] == 2), "{body}");
        counts.push(answer.stats.statements());
    }
    assert_eq!(counts[0], counts[1]);

    // The same account under two users.
    let mut tx = server.tx().await;
    let new = NewUser { given_name: "Eve", ..NewUser::default() };
    let eve = open::user(&mut tx, &server.random, &new).await.expect("a user");
    roles::give_on_account(&mut tx, world.ada.account_id, eve, "MEMBER").await.expect("a role");
    tx.commit().await.expect("committed");
    let query = "query($number: String!) { account(accountNumber: $number) { users { accounts { number
        ... on AccountType { events(first: 100) { totalCount edgeCount } } } } } }";
    let data = server.ask(Some(&world.ada.token), query, json!({ "number": world.ada.account })).await;
    for user in data["account"]["users"].as_array().expect("users") {
        for account in user["accounts"].as_array().expect("accounts") {
            assert_eq!(account["events"], json!({ "totalCount": 2, "edgeCount": 2 }), "{data}");
        }
    }
}
