//! Transactional messages that other systems ask for.

use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use crate::roots::bounds_its_pages;
use crate::support::{Reply, Server, record};

const PUBLISH: &str = "mutation($c: String!, $params: JSONString!) { publishTransactionalMessagingTrigger(
    input: { triggerTypeCode: $c, params: $params }) { possibleErrors { code } trigger { id triggerTypeCode
        processingStatus accountsLinkedAt createdAt } } }";
const EXTERNAL: &str = "mutation($input: PublishTransactionalMessagingExternalTriggerInput!) {
    publishTransactionalMessagingExternalTrigger(input: $input) { possibleErrors { code }
        trigger { id processingStatus } } }";
const TRIGGER: &str = "query($n: ID!) { trigger(triggerId: $n) { id triggerTypeCode processingStatus accountsLinkedAt
    accounts(first: 10) { totalCount edges { node { number } } }
    messages(first: 10) { totalCount edges { node { id channel account { number } accountUser { id } } } } } }";

impl Server {
    async fn publishes(&self, token: &str, code: &str, params: Value) -> Reply {
        self.send(Some(token), PUBLISH, json!({ "c": code, "params": params.to_string() })).await
    }

    async fn publishes_one(&self, token: &str, input: Value) -> Reply {
        self.send(Some(token), EXTERNAL, json!({ "input": input })).await
    }

    async fn trigger(&self, token: &str, id: &Value) -> Value {
        self.ask(Some(token), TRIGGER, json!({ "n": id })).await["trigger"].clone()
    }
}

fn one(reply: &Reply) -> Value {
    let id = &reply.json["data"]["publishTransactionalMessagingExternalTrigger"]["trigger"]["id"];
    assert!(id.is_string(), "{}", reply.json);
    id.clone()
}

#[tokio::test]
async fn many_accounts_are_told_at_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let interruption =
        |numbers: Value| json!({ "accountNumbers": numbers, "startsAt": "2026-03-09", "hours": 3 });
    let all = json!([world.ada.account, world.bob.account, world.ada.account]);
    let reply = server.publishes(&world.staff, "PLANNED_INTERRUPTION", interruption(all)).await;
    let made = &reply.json["data"]["publishTransactionalMessagingTrigger"]["trigger"];
    assert_eq!(made["processingStatus"], "UNPROCESSED", "{}", reply.json);
    assert_eq!(made["accountsLinkedAt"], "2026-03-02T09:30:00+00:00");
    server.calm().await;
    let shown = server.trigger(&world.reader, &made["id"]).await;
    record::read_back("publishTransactionalMessagingTrigger");
    assert_eq!(shown["processingStatus"], "PROCESSED");
    assert_eq!((&shown["accounts"]["totalCount"], &shown["messages"]["totalCount"]), (&json!(2), &json!(2)));
    let first = &shown["messages"]["edges"][0]["node"];
    assert_eq!(
        (&first["channel"], &first["account"]["number"]),
        (&json!("EMAIL"), &json!(world.ada.account))
    );
    assert_eq!(first["accountUser"]["id"], world.ada.user_id.to_string());
    assert!(server.last_text("planned-interruption").await.contains("from 2026-03-09 for about 3 hours"));
    for (code, params, expected) in [
        ("NONSENSE", json!({}), "KT-CT-9901"),
        ("PASSWORD_CHANGED", json!({}), "KT-CT-9903"),
        ("FINAL_NOTICE", json!({}), "KT-CT-9902"),
        ("PLANNED_INTERRUPTION", json!([]), "KT-CT-9902"),
        ("PLANNED_INTERRUPTION", interruption(json!([])), "KT-CT-9902"),
        ("PLANNED_INTERRUPTION", interruption(json!(["A-00000000"])), "KT-CT-9902"),
        ("PLANNED_INTERRUPTION", json!({ "accountNumbers": [world.ada.account] }), "KT-CT-9902"),
    ] {
        let reply = server.publishes(&world.staff, code, params).await;
        assert_eq!(reply.codes(), [expected], "{}", reply.json);
    }
    let refused = server.publishes(&world.reader, "PLANNED_INTERRUPTION", json!({})).await;
    assert_eq!(refused.codes(), ["KT-CT-1111"]);
    for below in ["accounts(PAGE) { edgeCount }", "messages(PAGE) { edgeCount }"] {
        let below = format!("trigger(triggerId: {}) {{ {below} }}", made["id"]);
        bounds_its_pages(&server, &world.reader, &below).await;
    }
}

#[tokio::test]
async fn one_customer_is_told_once_however_often_it_is_asked_for() {
    let server = Server::start().await;
    let world = server.world().await;
    let (id, sender) = server.organisation("Installer Ltd", &["view-accounts", "send-messages"]).await;
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let values = json!({ "date": "2026-03-12", "slot": "8 to 12", "engineer": "Kim" });
    let booked = |account: &str| {
        json!({ "triggerTypeCode": "INSTALLATION_BOOKED", "accountNumber": account, "templateVariables": values,
            "idempotencyKey": "booking-7" })
    };
    let (first, second) = tokio::join!(
        server.publishes_one(&sender, booked(&world.ada.account)),
        server.publishes_one(&sender, booked(&world.ada.account)),
    );
    let trigger = one(&first);
    assert_eq!(trigger, one(&second));
    server.calm().await;
    let shown = server.trigger(&sender, &trigger).await;
    record::read_back("publishTransactionalMessagingExternalTrigger");
    assert_eq!(
        (&shown["processingStatus"], &shown["messages"]["totalCount"]),
        (&json!("PROCESSED"), &json!(1))
    );
    assert_eq!(shown["accounts"]["edges"][0]["node"]["number"], world.ada.account);
    assert_eq!(
        server.last_text("installation-booked").await,
        "Hello Ada Lovelace, Kim comes on 2026-03-12, 8 to 12."
    );
    // Another organisation asked for nothing of the kind.
    for (token, named) in [(&world.partner, &trigger), (&sender, &json!("nonsense")), (&sender, &json!("1"))]
    {
        let reply = server.send(Some(token), TRIGGER, json!({ "n": named })).await;
        assert_eq!(reply.codes(), ["KT-CT-9904"]);
    }
    let bobs = server.publishes_one(&sender, booked(&world.bob.account)).await;
    assert_eq!(bobs.codes(), ["KT-CT-4178"]);
}

#[tokio::test]
async fn people_who_are_no_customers_are_reached_and_what_is_missing_is_said() {
    let server = Server::start().await;
    let world = server.world().await;
    let quote = json!({ "triggerTypeCode": "QUOTE_READY", "templateVariables": { "link": "https://kraken.test/q/1" },
        "recipient": { "email": "new@example.org", "givenName": "Nell", "brandCode": "OCTOPUS_ENERGY" } });
    let trigger = one(&server.publishes_one(&world.staff, quote.clone()).await);
    server.calm().await;
    let shown = server.trigger(&world.staff, &trigger).await;
    assert_eq!((&shown["messages"]["totalCount"], &shown["accounts"]["totalCount"]), (&json!(1), &json!(0)));
    assert_eq!(shown["messages"]["edges"][0]["node"]["account"], Value::Null);

    // Ada has no mobile number, and no words of this kind go by e-mail.
    let users = "select number from account_users where id = $1";
    let (number,): (String,) = sqlx::query_as(users)
        .bind(world.ada.user_id)
        .fetch_one(server.database.pool())
        .await
        .expect("a number");
    let visit = json!({ "date": "2026-03-12", "slot": "8 to 12" });
    let reminder = |user: Value| json!({ "triggerTypeCode": "APPOINTMENT_REMINDER", "accountUserNumber": user, "templateVariables": visit });
    let trigger = one(&server.publishes_one(&world.staff, reminder(json!(number))).await);
    server.calm().await;
    assert_eq!(server.trigger(&world.staff, &trigger).await["processingStatus"], "PROCESSING_SKIPPED");
    server.tamper("update account_users set mobile = '+447700900123'").await;
    let trigger = one(&server.publishes_one(&world.staff, reminder(json!(number))).await);
    server.calm().await;
    let shown = server.trigger(&world.staff, &trigger).await;
    assert_eq!(shown["messages"]["edges"][0]["node"]["channel"], "SMS");
    server.tamper("delete from trigger_templates where template = 'quote-ready'").await;
    let trigger = one(&server.publishes_one(&world.staff, quote).await);
    server.calm().await;
    assert_eq!(server.trigger(&world.staff, &trigger).await["processingStatus"], "PROCESSING_FAILED");

    let nobody = json!({ "triggerTypeCode": "QUOTE_READY", "templateVariables": { "link": "x" } });
    let without = json!({ "triggerTypeCode": "FINAL_NOTICE", "templateVariables": {} });
    let wrong = json!({ "triggerTypeCode": "FINAL_NOTICE", "templateVariables": { "amount": "5 GBP" },
        "accountNumber": world.ada.account });
    let many = json!({ "triggerTypeCode": "METER_READING_DUE", "templateVariables": {} });
    for (input, code) in [
        (nobody, "KT-CT-9905"),
        (without, "KT-CT-9905"),
        (reminder(Value::Null), "KT-CT-9905"),
        (wrong, "KT-CT-9906"),
        (many, "KT-CT-9901"),
        (reminder(json!("U-00000000")), "KT-CT-5421"),
    ] {
        let reply = server.publishes_one(&world.staff, input).await;
        assert_eq!(reply.codes(), [code], "{}", reply.json);
    }
    let refused = server.publishes_one(&world.reader, reminder(Value::Null)).await;
    assert_eq!(refused.codes(), ["KT-CT-1111"]);
}
