//! When another schedule could begin, and the payments that were asked of a ledger.

use kraken_api::domain::payments::held_schedules::NewSchedule;
use kraken_api::platform::money::Minor;
use serde_json::{Value, json};

use crate::roots::bounds_its_pages;
use crate::support::Server;
use crate::support::world::PASSWORD;

const NEXT: &str = "query($n: String!, $t: String!, $i: Int, $l: String) {
    nextPaymentScheduleAvailableDate(accountNumber: $n, scheduleTypeName: $t, ledgerId: $i, ledgerNumber: $l) }";
const GET: &str = "query($n: String!, $t: String!, $i: Int, $l: String) {
    getNextPaymentScheduleAvailableDate(accountNumber: $n, scheduleTypeName: $t, ledgerId: $i, ledgerNumber: $l) }";
const REQUESTS: &str =
    "query($l: String!) { paymentRequests(ledgerNumber: $l) { paymentRequest(first: 9) { totalCount
    edges { node { expectedPaymentDate paymentStatus totalAmount customerAmount fundingSourceAmounts(first: 9) {
        totalCount edges { node { reason amount } } } } } } } }";
const CREDIT: &str = "mutation($n: String!, $a: Int!, $r: AccountCreditReasonType!) { createAccountCredit(input: {
    accountNumber: $n, netAmount: $a, salesTaxAmount: 0, grossAmount: $a, reason: $r }) { accountCredit { id } } }";

#[tokio::test]
async fn the_next_schedule_leaves_time_to_tell_the_customer() {
    let server = Server::start().await;
    let world = server.world().await;
    let ledger = server.ledger_number(&world.ada).await;
    let ada = world.ada.token.as_str();
    let ask = async |query: &str, kind: &str, more: Value| {
        let mut variables = json!({ "n": world.ada.account, "t": kind });
        for (name, value) in more.as_object().expect("variables") {
            variables[name] = value.clone();
        }
        let reply = server.send(Some(ada), query, variables).await;
        let codes = reply.codes().join(" ");
        let name = query.split_once("{\n    ").and_then(|(_, rest)| rest.split_once('(')).expect("a name").0;
        (reply.json["data"][name].clone(), codes)
    };
    let found = |day: &str| (json!(day), String::new());
    for query in [NEXT, GET] {
        // Monday the 2nd: five working days for the bank, two for a card, and tomorrow for whoever pays by hand.
        assert_eq!(ask(query, "DIRECT_DEBIT", json!({})).await, found("2026-03-09"));
        assert_eq!(ask(query, "CARD_PAYMENT", json!({ "l": ledger })).await, found("2026-03-04"));
        assert_eq!(ask(query, "PAYMENT_SLIP", json!({})).await, found("2026-03-03"));
        let both = json!({ "i": 1, "l": ledger });
        assert_eq!(ask(query, "DIRECT_DEBIT", both).await, (Value::Null, "KT-CT-3820".to_owned()));
    }
    let none = |code: &str| (Value::Null, code.to_owned());
    assert_eq!(ask(GET, "DIRECT_DEBIT", json!({ "n": world.bob.account })).await, none("KT-CT-4177"));
    assert_eq!(ask(GET, "DIRECT_DEBIT", json!({ "i": 1 })).await, none("KT-AU-3921"));
    assert_eq!(ask(GET, "PIGGY_BANK", json!({})).await, none("KT-AU-3922"));
    assert_eq!(ask(NEXT, "PIGGY_BANK", json!({})).await, none(""));
}

#[tokio::test]
async fn what_was_asked_of_a_ledger_is_listed() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    let ledger = server.ledger_number(&world.ada).await;
    server.pays_as(&world.ada, &NewSchedule::monthly("DIRECT_DEBIT", 10, Minor(4200))).await;
    let staff = server.by("2026-03-03").await;
    let data = server.ask(Some(&staff), REQUESTS, json!({ "l": ledger })).await;
    let node = json!({ "expectedPaymentDate": "2026-03-10", "paymentStatus": "SCHEDULED", "totalAmount": 4200,
            "customerAmount": 4200, "fundingSourceAmounts": { "totalCount": 0, "edges": [] } });
    assert_eq!(
        data["paymentRequests"]["paymentRequest"],
        json!({ "totalCount": 1, "edges": [{ "node": node }] })
    );
    let bob = server.log_in(json!({ "APIKey": world.bob.api_key })).await;
    let data = server.ask(Some(&bob), REQUESTS, json!({ "l": ledger })).await;
    assert_eq!(data["paymentRequests"], Value::Null);
}

#[tokio::test]
async fn what_others_gave_towards_a_bill_is_told_beside_what_the_customer_pays() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    let ledger = server.ledger_number(&world.ada).await;
    server.pays_as(&world.ada, &NewSchedule::by_bill("DIRECT_DEBIT", None)).await;
    server.owe(world.ada.account_id, 10_000).await;
    server.by("2026-03-03").await;
    // Posted on the day on which the bill is made, for the days before it: the next bill has them.
    server.wall.set("2026-04-02T08:00:00Z".parse().expect("a moment"));
    let staff = server.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await;
    for (amount, reason) in [(700, "COMPENSATION"), (800, "GOODWILL")] {
        let credit = json!({ "n": world.ada.account, "a": amount, "r": reason });
        server.ask(Some(&staff), CREDIT, credit).await;
    }
    server.by("2026-04-02").await;
    server.minutes_on(11).await;
    let staff = server.by("2026-04-03").await;
    let data = server.ask(Some(&staff), REQUESTS, json!({ "l": ledger })).await;
    let node = &data["paymentRequests"]["paymentRequest"]["edges"][0]["node"];
    assert_eq!((&node["totalAmount"], &node["customerAmount"]), (&json!(10_500), &json!(9_000)), "{data}");
    let funding = |reason: &str, amount: i64| json!({ "node": { "reason": reason, "amount": amount } });
    assert_eq!(
        node["fundingSourceAmounts"],
        json!({ "totalCount": 2, "edges": [funding("COMPENSATION", 700), funding("GOODWILL", 800)] })
    );
    let below = format!(
        "paymentRequests(ledgerNumber: \"{ledger}\") {{ paymentRequest(first: 1) {{ edges {{ node {{
            fundingSourceAmounts(PAGE) {{ edgeCount }} }} }} }} }}"
    );
    bounds_its_pages(&server, &staff, &below).await;
}
