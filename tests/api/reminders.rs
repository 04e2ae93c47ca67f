//! Reminders: tasks about accounts, and who takes them up.

use apollo_compiler::Schema;
use serde_json::{Value, json};

use crate::support::{Server, record};

const OF_ACCOUNT: &str = "mutation($i: CreateAccountReminderInput!) {
    createAccountReminder(input: $i) { accountReminder { reminderType content dueAt } } }";
const FOR_SOMEBODY: &str = "mutation($i: CreateReminderInput!) { createReminder(input: $i) { reminder {
    id reminderTypeName isKrakenManaged content dueAt assigneeUsername assigneeTeamName createdAt } } }";
const READ: &str = "query($n: String!) { account(accountNumber: $n) { reminders(first: 9) {
    totalCount edges { node { reminderTypeName content assigneeUsername assigneeTeamName } } } } }";

/// A reminder of a type about Ada's account.
fn about(account: &str, kind: &str) -> Value {
    json!({ "accountNumber": account, "reminderTypeName": kind, "content": "Call back." })
}

impl Server {
    /// Has a team look after Ada's portfolio.
    async fn look_after(&self, account: i64, team: &str) {
        let sql = "update portfolios p set operations_team_id = team.id
            from operations_teams team, accounts a where a.id = $1 and p.id = a.portfolio_id and team.name = $2";
        let done = sqlx::query(sql).bind(account).bind(team).execute(self.database.pool()).await;
        assert_eq!(done.expect("run").rows_affected(), 1);
    }
}

#[tokio::test]
async fn a_reminder_waits_for_the_team_that_takes_up_its_type() {
    let server = Server::start().await;
    let world = server.world().await;
    let bureau = server.bureau(&world).await;
    let number = &world.ada.account;
    let input = json!({ "accountNumber": number, "reminderType": "DUNNING_REMINDER_CALL",
        "content": " Ask about the plan. ", "dueAt": "2026-03-09T10:00:00+01:00" });
    let reply = server.put(&world.staff, OF_ACCOUNT, &input).await;
    let expected = json!({ "reminderType": "DUNNING_REMINDER_CALL", "content": "Ask about the plan.",
        "dueAt": "2026-03-09T09:00:00+00:00" });
    assert_eq!(reply.json["data"]["createAccountReminder"]["accountReminder"], expected, "{}", reply.json);
    // Nobody looks after the portfolio yet, and no team takes these up by itself.
    let ad_hoc = json!({ "accountNumber": number, "reminderType": "AD_HOC", "content": "Call.",
        "dueAt": "2026-03-09T10:00:00Z" });
    assert_eq!(server.put(&world.staff, OF_ACCOUNT, &ad_hoc).await.codes(), ["KT-CT-1402"]);
    let own = about(number, "CALL_BACK");
    assert_eq!(server.put(&bureau, FOR_SOMEBODY, &own).await.codes(), ["KT-CT-1403"]);
    server.look_after(world.ada.account_id, "Domestic service").await;
    assert!(server.put(&world.staff, OF_ACCOUNT, &ad_hoc).await.errors().is_empty());
    let reply = server.put(&bureau, FOR_SOMEBODY, &own).await;
    let made = &reply.json["data"]["createReminder"]["reminder"];
    assert_eq!(made["assigneeTeamName"], "Domestic service", "{}", reply.json);
    assert_eq!(
        (&made["isKrakenManaged"], &made["dueAt"]),
        (&json!(false), &json!("2026-03-05T09:30:00+00:00"))
    );
    for token in [&world.reader, &bureau] {
        let data = server.ask(Some(token), READ, json!({ "n": number })).await;
        let page = &data["account"]["reminders"];
        assert_eq!(page["totalCount"], 3);
        let kinds: Vec<&Value> =
            page["edges"].as_array().expect("edges").iter().map(|e| &e["node"]["reminderTypeName"]).collect();
        assert_eq!(kinds, ["CALL_BACK", "DUNNING_REMINDER_CALL", "AD_HOC"]);
        assert_eq!(page["edges"][1]["node"]["assigneeTeamName"], "Credit control");
    }
    record::read_back("createAccountReminder");
    let others = server.others(&world).await;
    for token in [&world.ada.token, &others.masquerade] {
        let data = server.ask(Some(token), READ, json!({ "n": number })).await;
        assert_eq!(data["account"]["reminders"], Value::Null);
    }
}

#[tokio::test]
async fn somebody_is_named_by_name_or_by_id() {
    let server = Server::start().await;
    let world = server.world().await;
    let number = &world.ada.account;
    let (id,): (String,) =
        sqlx::query_as("select id::text from support_users where email = 'reader@example.org'")
            .fetch_one(server.database.pool())
            .await
            .expect("the reader");
    let (team,): (String,) = sqlx::query_as("select id::text from operations_teams where name = 'Billing'")
        .fetch_one(server.database.pool())
        .await
        .expect("a team");
    let named = |names: Value| {
        let mut input = about(number, "BILLING");
        input.as_object_mut().expect("an object").extend(names.as_object().expect("names").clone());
        input
    };
    for (names, user, by) in [
        (json!({ "assigneeUsername": "Reader@example.org" }), json!("reader@example.org"), json!(null)),
        (
            json!({ "assigneeId": id, "assigneeUsername": "reader@example.org" }),
            json!("reader@example.org"),
            json!(null),
        ),
        (json!({ "assigneeTeamName": "Field work" }), json!(null), json!("Field work")),
        (json!({ "assigneeTeamId": team }), json!(null), json!("Billing")),
        (json!({}), json!(null), json!("Billing")),
    ] {
        let reply = server.put(&world.staff, FOR_SOMEBODY, &named(names)).await;
        let made = &reply.json["data"]["createReminder"]["reminder"];
        assert_eq!((&made["assigneeUsername"], &made["assigneeTeamName"]), (&user, &by), "{}", reply.json);
        assert_eq!(made["isKrakenManaged"], true);
    }
    let data = server.ask(Some(&world.reader), READ, json!({ "n": number })).await;
    assert_eq!(data["account"]["reminders"]["totalCount"], 5);
    assert_eq!(data["account"]["reminders"]["edges"][0]["node"]["assigneeUsername"], "reader@example.org");
    record::read_back("createReminder");
    for (names, code) in [
        (json!({ "assigneeId": id, "assigneeTeamId": team }), "KT-CT-1405"),
        (json!({ "assigneeId": id, "assigneeUsername": "staff@example.org" }), "KT-CT-1401"),
        (json!({ "assigneeId": "x" }), "KT-CT-1401"),
        (json!({ "assigneeTeamId": "x" }), "KT-CT-1401"),
        (json!({ "assigneeTeamName": "Nobody" }), "KT-CT-1401"),
        (json!({ "assigneeUsername": "nobody@example.org" }), "KT-CT-1401"),
    ] {
        assert_eq!(
            server.put(&world.staff, FOR_SOMEBODY, &named(names.clone())).await.codes(),
            [code],
            "{names}"
        );
    }
    sqlx::query("update support_users set is_active = false where email = 'reader@example.org'")
        .execute(server.database.pool())
        .await
        .expect("left");
    let gone = named(json!({ "assigneeId": id }));
    assert_eq!(server.put(&world.staff, FOR_SOMEBODY, &gone).await.codes(), ["KT-CT-1402"]);
}

#[tokio::test]
async fn what_cannot_be_done_is_not_put_in_a_queue() {
    let server = Server::start().await;
    let world = server.world().await;
    let bureau = server.bureau(&world).await;
    let number = &world.ada.account;
    let with = |field: &str, value: Value| {
        let mut input = about(number, "BILLING");
        input[field] = value;
        input
    };
    for wrong in [
        with("accountNumber", json!("A-00000000")),
        with("accountNumber", json!(null)),
        with("reminderTypeName", json!("WISHES")),
        with("content", json!(" ")),
        with("content", json!("x".repeat(2_001))),
        with("dueAt", json!("2026-03-02T09:29:59Z")),
    ] {
        assert_eq!(server.put(&world.staff, FOR_SOMEBODY, &wrong).await.codes(), ["KT-CT-1401"], "{wrong}");
    }
    let bobs = with("accountNumber", json!(world.bob.account));
    assert_eq!(server.put(&bureau, FOR_SOMEBODY, &bobs).await.codes(), ["KT-CT-1401"]);
    let old = with("reminderTypeName", json!("DUPLICATE_CARD_FINGERPRINTs"));
    assert_eq!(server.put(&world.staff, FOR_SOMEBODY, &old).await.codes(), ["KT-CT-1404"]);
    let input = |kind: &str, content: &str| json!({ "accountNumber": number, "reminderType": kind, "content": content, "dueAt": "2026-03-09T10:00:00Z" });
    let old = input("OBSOLETE_BILLING_AMENDED_STANDING_DATA_REGISTER_DELETED", "Look.");
    assert_eq!(server.put(&world.staff, OF_ACCOUNT, &old).await.codes(), ["KT-CT-1402"]);
    assert_eq!(server.put(&world.staff, OF_ACCOUNT, &input("BILLING", "")).await.codes(), ["KT-CT-1401"]);
    for token in [&world.reader, &world.partner] {
        assert_eq!(server.put(token, OF_ACCOUNT, &input("BILLING", "Look.")).await.codes(), ["KT-CT-1111"]);
        assert_eq!(server.put(token, FOR_SOMEBODY, &about(number, "BILLING")).await.codes(), ["KT-CT-1111"]);
    }
    let data = server.ask(Some(&world.reader), READ, json!({ "n": number })).await;
    assert_eq!(data["account"]["reminders"]["totalCount"], 0);
}

#[tokio::test]
async fn every_type_that_can_be_asked_for_is_known() {
    let server = Server::start().await;
    let schema =
        Schema::parse(server.app.engine().sdl(), "served.graphql").expect("the served schema parses");
    let types = schema.get_enum("AccountReminderTypes").expect("the types");
    let known: Vec<(String,)> = sqlx::query_as("select name from reminder_types where is_managed")
        .fetch_all(server.database.pool())
        .await
        .expect("types");
    let mut known: Vec<&str> = known.iter().map(|(name,)| name.as_str()).collect();
    let mut asked: Vec<&str> = types.values.keys().map(|name| name.as_str()).collect();
    known.sort_unstable();
    asked.sort_unstable();
    assert_eq!(known, asked);
}
