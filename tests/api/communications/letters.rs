//! A message and what became of it; letters in batches, and what their printer tells.

use chrono::TimeDelta;
use kraken_api::domain::auth::organisations;
use kraken_api::domain::communications::simulated_printer;
use serde_json::{Value, json};

use crate::roots::bounds_its_pages;
use crate::support::{Reply, Server, record};

const MESSAGE: &str =
    "query($m: ID!) { message(messageId: $m) { id channel dispatchedAt failedAt account { number }
    accountUser { id } } }";
const BATCH: &str = "query($b: ID, $n: Int, $h: Boolean) { printBatch(batchId: $b, printBatchId: $n) { id status
    messages(first: 10, isHighPriority: $h) { totalCount edges { node { id templateCode highPriority account { number }
        attachments { id filename s3Key temporaryUrl } } } } } }";
const CLOSE: &str = "mutation { closeOpenPrintBatch { possibleErrors { code } printBatch { id status } } }";
const MARK: &str =
    "mutation($b: ID!) { markPrintBatchAsProcessed(printBatchId: $b) { printBatch { id status } } }";
const REPORT: &str = "mutation($events: [PostEventInput]!) { createPostEvents(input: { events: $events }) { createdEventsCount } }";

impl Server {
    async fn message_shown(&self, token: &str, message: i64) -> Value {
        self.ask(Some(token), MESSAGE, json!({ "m": message.to_string() })).await["message"].clone()
    }

    async fn reports(&self, token: &str, events: Value) -> Reply {
        self.send(Some(token), REPORT, json!({ "events": events })).await
    }
}

fn report(message: i64, event_type: &str, name: &str) -> Value {
    json!({ "messageId": message.to_string(), "eventType": event_type, "description": "as told by the printer",
        "timestamp": "2026-03-02T10:00:00Z", "eventId": name })
}

#[tokio::test]
async fn a_message_is_shown_to_whom_it_is_about() {
    let server = Server::start().await;
    let world = server.world().await;
    let letter = server.writes_to(&world.ada, "printed-bill", "Ada, 1 High Street").await;
    let shown = server.message_shown(&world.ada.token, letter).await;
    assert_eq!(shown["channel"], "POST");
    assert_eq!(shown["dispatchedAt"], "2026-03-02T09:30:00+00:00");
    assert_eq!((&shown["failedAt"], &shown["account"]["number"]), (&Value::Null, &json!(world.ada.account)));
    assert_eq!(server.message_shown(&world.reader, letter).await["id"], letter.to_string());
    let (number, nonsense) = (letter.to_string(), "nonsense".to_owned());
    for (token, named) in
        [(&world.bob.token, &number), (&world.partner, &number), (&world.ada.token, &nonsense)]
    {
        let reply = server.send(Some(token), MESSAGE, json!({ "m": named })).await;
        assert_eq!(reply.codes(), ["KT-CT-9911"], "{}", reply.json);
    }
}

#[tokio::test]
async fn letters_are_printed_in_batches_by_whoever_prints() {
    let server = Server::start().await;
    let world = server.world().await;
    let (_, printer) = server.organisation("Printer Ltd", &["print-letters"]).await;
    assert_eq!(server.send(Some(&printer), CLOSE, json!({})).await.codes(), ["KT-CT-9010"]);
    let plain = server.writes_to(&world.ada, "printed-bill", "Ada, 1 High Street").await;
    let urgent = server.writes_to(&world.bob, "final-notice", "Bob, 1 High Street").await;

    let (one, two) = tokio::join!(
        server.send(Some(&printer), CLOSE, json!({})),
        server.send(Some(&printer), CLOSE, json!({})),
    );
    let (done, refused) = if one.codes().is_empty() { (one, two) } else { (two, one) };
    assert_eq!(refused.codes(), ["KT-CT-9010"]);
    let batch = &done.json["data"]["closeOpenPrintBatch"]["printBatch"];
    assert_eq!(batch["status"], "CLOSED", "{}", done.json);
    let id = &batch["id"];
    let data = server.ask(Some(&printer), BATCH, json!({ "b": id })).await;
    record::read_back("closeOpenPrintBatch");
    let messages = &data["printBatch"]["messages"];
    assert_eq!(messages["totalCount"], 2);
    let (first, second) = (&messages["edges"][0]["node"], &messages["edges"][1]["node"]);
    assert_eq!((&first["id"], &first["highPriority"]), (&json!(urgent.to_string()), &json!(true)));
    assert_eq!((&second["id"], &second["templateCode"]), (&json!(plain.to_string()), &json!("printed-bill")));
    // Whose letter it is, the printer reads off the envelope.
    assert_eq!(second["account"], Value::Null);
    assert_eq!(
        (&second["attachments"][0]["filename"], &second["attachments"][0]["s3Key"]),
        (&json!("bill.pdf"), &json!("bills/77/bill.pdf"))
    );
    assert!(second["attachments"][0]["temporaryUrl"].as_str().expect("a link").contains("bills/77/bill.pdf"));
    let urgent_only = server.ask(Some(&world.reader), BATCH, json!({ "b": id, "h": true })).await;
    assert_eq!(urgent_only["printBatch"]["messages"]["totalCount"], 1);
    assert_eq!(
        urgent_only["printBatch"]["messages"]["edges"][0]["node"]["account"]["number"],
        json!(world.bob.account)
    );
    let below = format!("printBatch(batchId: {id}) {{ messages(PAGE) {{ edgeCount }} }}");
    bounds_its_pages(&server, &world.reader, &below).await;

    let marked = server.ask(Some(&printer), MARK, json!({ "b": id })).await;
    assert_eq!(marked["markPrintBatchAsProcessed"]["printBatch"]["status"], "PROCESSED");
    let number: i64 = id.as_str().expect("an id").parse().expect("a number");
    let data = server.ask(Some(&printer), BATCH, json!({ "n": number })).await;
    assert_eq!(data["printBatch"]["status"], "PROCESSED");
    record::read_back("markPrintBatchAsProcessed");
    for named in [id.clone(), json!("nonsense"), json!("1")] {
        assert_eq!(server.send(Some(&printer), MARK, json!({ "b": named })).await.codes(), ["KT-CT-9011"]);
    }
    for (variables, code) in [
        (json!({}), "KT-CT-9012"),
        (json!({ "b": "1" }), "KT-CT-9012"),
        (json!({ "b": id, "n": number }), "KT-CT-9013"),
    ] {
        assert_eq!(server.send(Some(&printer), BATCH, variables).await.codes(), [code]);
    }
    assert_eq!(server.send(Some(&world.partner), BATCH, json!({ "b": id })).await.codes(), ["KT-CT-1111"]);
    assert_eq!(server.send(Some(&world.reader), CLOSE, json!({})).await.codes(), ["KT-CT-1111"]);
    // The next letter opens another.
    server.writes_to(&world.ada, "printed-bill", "Ada, 1 High Street").await;
    let again = server.ask(Some(&printer), CLOSE, json!({})).await;
    assert_ne!(&again["closeOpenPrintBatch"]["printBatch"]["id"], id);
}

#[tokio::test]
async fn the_printer_tells_how_letters_fared_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let (_, printer) = server.organisation("Printer Ltd", &["print-letters"]).await;
    let lost = server.writes_to(&world.ada, "printed-bill", "Ada, 1 High Street").await;
    let fine = server.writes_to(&world.ada, "printed-bill", "Ada, 1 High Street").await;
    let events = json!([
        report(lost, "POSTED", "r-1"), report(lost, "RETURNED", "r-2"), report(fine, "delivered", "r-3"),
        report(lost, "DELIVERED", "r-4"), report(lost, "FROZEN", "r-5"), report(1, "POSTED", "r-6"), null,
        { "messageId": "nonsense", "eventType": "POSTED", "description": "", "timestamp": "2026-03-02T10:00:00Z" },
    ]);
    let reply = server.reports(&printer, events.clone()).await;
    assert_eq!(reply.json["data"]["createPostEvents"]["createdEventsCount"], 4, "{}", reply.json);
    let again = server.reports(&printer, events).await;
    assert_eq!(again.json["data"]["createPostEvents"]["createdEventsCount"], 0);
    assert_eq!(server.message_shown(&world.ada.token, lost).await["failedAt"], "2026-03-02T09:30:00+00:00");
    assert_eq!(server.message_shown(&world.ada.token, fine).await["failedAt"], Value::Null);
    record::read_back("createPostEvents");
    let many: Vec<Value> = (0..501).map(|n| report(fine, "POSTED", &n.to_string())).collect();
    assert_eq!(server.reports(&printer, json!(many)).await.codes(), ["KT-CT-9907"]);
    assert_eq!(server.reports(&world.reader, json!([])).await.codes(), ["KT-CT-1111"]);
    assert_eq!(server.reports(&world.partner, json!([])).await.codes(), ["KT-CT-1111"]);
}

#[tokio::test]
async fn the_built_in_printer_prints_what_nobody_else_does() {
    let server = Server::start().await;
    let world = server.world().await;
    let fine = server.writes_to(&world.ada, "printed-bill", "Ada, 1 High Street").await;
    let lost = server.writes_to(&world.ada, "printed-bill", "Ada, Nowhere Lane").await;
    let status = async |id: i64| {
        let mut tx = server.tx().await;
        simulated_printer::round(&mut tx).await.expect("printed");
        tx.commit().await.expect("committed");
        let (status,): (String,) = sqlx::query_as("select status from messages where id = $1")
            .bind(id)
            .fetch_one(server.database.pool())
            .await
            .expect("a status");
        status
    };
    for (days, expected) in [(0, "accepted"), (1, "accepted"), (2, "accepted"), (4, "delivered")] {
        server.wall.set(crate::support::server::beginning() + TimeDelta::days(days));
        assert_eq!(status(fine).await, expected, "{days}");
    }
    assert_eq!(status(lost).await, "bounced");

    // What somebody else took is theirs to tell of.
    let theirs = server.writes_to(&world.ada, "printed-bill", "Ada, 1 High Street").await;
    let (id, key) = {
        let mut tx = server.tx().await;
        let made = organisations::add(&mut tx, &server.random, "Printer Ltd", &["print-letters"]).await;
        tx.commit().await.expect("committed");
        made.expect("an organisation")
    };
    assert!(id > 0);
    let printer = server.log_in(json!({ "organizationSecretKey": key })).await;
    let closed = server.ask(Some(&printer), CLOSE, json!({})).await;
    server.ask(Some(&printer), MARK, json!({ "b": closed["closeOpenPrintBatch"]["printBatch"]["id"] })).await;
    server.wall.set(server.wall.now() + TimeDelta::days(9));
    assert_eq!(status(theirs).await, "accepted");
}
