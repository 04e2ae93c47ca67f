//! `createScheduledTransactions`: what is planned, seen beforehand, and posted once when its time has come.

use chrono::{DateTime, TimeDelta, Utc};
use kraken_api::domain::check;
use serde_json::{Value, json};

use crate::support::server::beginning;
use crate::support::world::PASSWORD;
use crate::support::{Server, record};

const PLAN: &str = "mutation($i: [CreateScheduledTransactionsInput]!) { createScheduledTransactions(input: $i) {
    scheduledTransactions { ledgerNumber action grossAmount netAmount salesTaxAmount salesTaxRate reason ancillaryData
        metadata internalNote displayNote postedAfter } } }";
const EXPECTED: &str = "query($n: String!) { account(accountNumber: $n) { balance
    provisionalTransactions(first: 9) { totalCount edges { node { id title amount date } } }
    transactions(first: 9) { edges { node { __typename title amount note reasonCode amounts { net tax gross } } } } } }";

fn after(hours: i64) -> DateTime<Utc> {
    beginning() + TimeDelta::hours(hours)
}

/// A charge of 12.00 in two hours.
fn charge(ledger: &Value, key: &str) -> Value {
    json!({ "action": "CHARGE", "grossAmount": 1200, "netAmount": 1000, "taxAmount": 200, "taxRate": "0.2",
        "reason": "ADMIN_FEE", "idempotencyKey": key, "postedAfter": after(2), "ledgerNumber": ledger })
}

impl Server {
    async fn later(&self, hours: i64) -> String {
        self.wall.set(after(hours));
        self.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await
    }

    async fn expected(&self, token: &str, number: &str) -> Value {
        self.ask(Some(token), EXPECTED, json!({ "n": number })).await["account"].clone()
    }

    async fn planned(&self) -> i64 {
        let count = "select count(*) from scheduled_transactions";
        sqlx::query_scalar(count).fetch_one(self.database.pool()).await.expect("a count")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_planned_is_seen_beforehand_and_posted_once_however_many_servers_there_are() {
    let server = Server::start().await;
    let world = server.world().await;
    let (number, twin) = (&world.ada.account, server.twin());
    let ledger = server.main_ledger(&world.staff, &world.ada).await["number"].clone();
    let mut fee = charge(&ledger, "fee-1");
    fee["ancillaryData"] = json!("{\"order\": 1.10}");
    fee["metadata"] = json!("{\"ticket\": 7}");
    fee["internalNote"] = json!("as agreed");
    fee["displayNote"] = json!("Copies");
    let mut reward = charge(&ledger, "reward-1");
    for (field, value) in [
        ("action", json!("CREDIT")),
        ("reason", json!("GOODWILL")),
        ("taxAmount", json!(0)),
        ("netAmount", json!(1200)),
        ("taxRate", json!("0")),
        ("postedAfter", json!(after(24))),
    ] {
        reward[field] = value;
    }
    let data = server.ask(Some(&world.staff), PLAN, json!({ "i": [fee, reward] })).await;
    let made = &data["createScheduledTransactions"]["scheduledTransactions"];
    assert_eq!(
        made[0],
        json!({ "ledgerNumber": ledger, "action": "CHARGE", "grossAmount": 1200, "netAmount": 1000,
            "salesTaxAmount": 200, "salesTaxRate": "0.2", "reason": "ADMIN_FEE", "ancillaryData": "{\"order\":1.10}",
            "metadata": "{\"ticket\":7}", "internalNote": "as agreed", "displayNote": "Copies",
            "postedAfter": "2026-03-02T11:30:00+00:00" })
    );
    assert_eq!((&made[1]["metadata"], &made[1]["internalNote"]), (&json!("{}"), &json!("")));

    let seen = server.expected(&world.ada.token, number).await;
    let nodes = |seen: &Value, list: &str| -> Vec<Value> {
        seen[list]["edges"].as_array().expect("edges").iter().map(|edge| edge["node"].clone()).collect()
    };
    let expected = nodes(&seen, "provisionalTransactions");
    assert_eq!((&seen["balance"], &seen["provisionalTransactions"]["totalCount"]), (&json!(0), &json!(2)));
    assert_eq!(expected[0]["title"], "Administration fee");
    assert_eq!((&expected[0]["amount"], &expected[1]["amount"]), (&json!(-1200), &json!(1200)));
    assert_eq!((&expected[0]["date"], &expected[1]["date"]), (&json!("2026-03-02"), &json!("2026-03-03")));
    record::read_back("createScheduledTransactions");

    // Not before its time.
    let staff = server.later(2).await;
    tokio::join!(server.work_off(), twin.work_off());
    assert_eq!(server.expected(&staff, number).await["balance"], 0);
    let staff = server.later(3).await;
    tokio::join!(server.work_off(), twin.work_off());
    let seen = server.expected(&staff, number).await;
    assert_eq!(
        (&seen["balance"], &seen["provisionalTransactions"]["totalCount"]),
        (&json!(-1200), &json!(1))
    );
    assert_eq!(
        nodes(&seen, "transactions"),
        [json!({ "__typename": "Charge", "title": "Administration fee", "amount": 1200, "note": "as agreed",
            "reasonCode": "ADMIN_FEE", "amounts": { "net": 1000, "tax": 200, "gross": 1200 } })]
    );
    let staff = server.later(26).await;
    tokio::join!(server.work_off(), twin.work_off());
    assert_eq!(server.expected(&staff, number).await["balance"], 0);
    let staff = server.later(50).await;
    tokio::join!(server.work_off(), twin.work_off());
    let seen = server.expected(&staff, number).await;
    assert_eq!((&seen["balance"], &seen["provisionalTransactions"]["totalCount"]), (&json!(0), &json!(0)));
    assert_eq!(nodes(&seen, "transactions").len(), 2);
    let kept: (Value, Option<String>) =
        sqlx::query_as("select metadata, display_note from transactions where kind = 'charge'")
            .fetch_one(server.database.pool())
            .await
            .expect("the charge");
    assert_eq!((kept.0, kept.1.as_deref()), (json!({ "ticket": 7 }), Some("Copies")));
    for finding in check::run(&mut server.tx().await).await.expect("checked") {
        assert_eq!(finding.broken, 0, "{}", finding.rule);
    }
}

#[tokio::test]
async fn a_plan_that_cannot_be_carried_out_says_why_and_nothing_is_planned() {
    let server = Server::start().await;
    let world = server.world().await;
    let main = server.main_ledger(&world.staff, &world.ada).await;
    let ledger = &main["number"];
    sqlx::query("update charge_reasons set is_deprecated = true where code = 'EXIT_FEE'")
        .execute(server.database.pool())
        .await
        .expect("retired");
    let refused = async |input: Value| {
        let reply = server.send(Some(&world.staff), PLAN, json!({ "i": input })).await;
        let error = reply.errors().first().cloned().unwrap_or_default();
        let path = error["extensions"]["validationErrors"][0]["inputPath"].clone();
        (reply.codes().join(" "), path)
    };
    for (field, value, code) in [
        ("action", json!("REFUND"), "KT-CT-3830"),
        ("action", json!("charge"), "KT-CT-3830"),
        ("ledgerNumber", json!("the main one"), "KT-CT-3821"),
        ("ledgerNumber", main["id"].clone(), "KT-CT-3821"),
        ("ledgerNumber", json!("L-00000000"), "KT-CT-3831"),
        ("reason", json!("NO_SUCH"), "KT-CT-3831"),
        ("reason", json!("GOODWILL"), "KT-CT-3831"),
        ("reason", json!("EXIT_FEE"), "KT-CT-3831"),
        ("idempotencyKey", json!(""), "KT-CT-3831"),
        ("idempotencyKey", json!("k".repeat(201)), "KT-CT-3831"),
        ("taxRate", json!("0.05"), "KT-CT-3831"),
        ("taxRate", json!("20"), "KT-CT-3831"),
        ("grossAmount", json!(1201), "KT-CT-3831"),
        ("grossAmount", json!(0), "KT-CT-3831"),
    ] {
        let mut wrong = charge(ledger, "wrong");
        wrong[field] = value.clone();
        let (found, path) = refused(json!([charge(ledger, "right"), wrong])).await;
        assert_eq!((found.as_str(), path), (code, json!(["input", "1", field])), "{field}: {value}");
    }
    assert_eq!(refused(json!([])).await.0, "KT-CT-3831");
    assert_eq!(refused(json!([charge(ledger, "right"), null])).await.0, "KT-CT-3831");
    let many: Vec<Value> = (0..101).map(|n| charge(ledger, &format!("many-{n}"))).collect();
    assert_eq!(refused(json!(many)).await.0, "KT-CT-3831");
    assert_eq!(refused(json!([charge(ledger, "twice"), charge(ledger, "twice")])).await.0, "KT-CT-3831");
    assert_eq!(server.planned().await, 0);
    let reply = server.send(Some(&world.reader), PLAN, json!({ "i": [charge(ledger, "mine")] })).await;
    assert_eq!(reply.codes(), ["KT-CT-1111"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_plans_once_whoever_is_faster() {
    let server = Server::start().await;
    let world = server.world().await;
    let ledger = server.main_ledger(&world.staff, &world.ada).await["number"].clone();
    let plan = |keys: [&str; 2]| {
        let all = keys.map(|key| charge(&ledger, key));
        server.send(Some(&world.staff), PLAN, json!({ "i": all }))
    };
    // In opposite order, so that each waits for the other.
    let (a, b) = tokio::join!(plan(["one", "two"]), plan(["two", "one"]));
    let mut codes = [a.codes().join(" "), b.codes().join(" ")];
    codes.sort();
    assert_eq!(codes, ["", "KT-CT-3831"]);
    assert_eq!(plan(["three", "one"]).await.codes(), ["KT-CT-3831"]);
    assert_eq!(server.planned().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_posted_keeps_no_other_from_it_and_is_tried_again() {
    let server = Server::start().await;
    let world = server.world().await;
    let ledger = server.main_ledger(&world.staff, &world.ada).await["number"].clone();
    let most = i64::from(i32::MAX);
    let mut large = charge(&ledger, "large");
    for (field, amount) in [("grossAmount", most), ("netAmount", most), ("taxAmount", 0)] {
        large[field] = json!(amount);
    }
    large["taxRate"] = json!("0");
    let mut larger = large.clone();
    larger["idempotencyKey"] = json!("larger");
    let mut small = charge(&ledger, "small");
    small["action"] = json!("CREDIT");
    small["reason"] = json!("BALANCE_CORRECTION");
    server.ask(Some(&world.staff), PLAN, json!({ "i": [large, larger, small] })).await;
    let staff = server.later(3).await;
    server.work_off().await;
    let seen = server.expected(&staff, &world.ada.account).await;
    assert_eq!(
        (&seen["balance"], &seen["provisionalTransactions"]["totalCount"]),
        (&json!(1200 - most), &json!(1))
    );
    // There is room for it meanwhile.
    let credit =
        "mutation($i: CreateAccountCreditInput!) { createAccountCredit(input: $i) { accountCredit { id } } }";
    let input = json!({ "accountNumber": world.ada.account, "netAmount": most, "grossAmount": most,
        "salesTaxAmount": 0, "reason": "GOODWILL" });
    server.ask(Some(&staff), credit, json!({ "i": input })).await;
    let staff = server.later(28).await;
    server.work_off().await;
    assert_eq!(server.expected(&staff, &world.ada.account).await["balance"], 1200 - most);
}
