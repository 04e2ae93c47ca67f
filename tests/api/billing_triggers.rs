//! When and how often customers are billed, and where that comes from.

use chrono::{DateTime, Days, NaiveDate, Utc};
use kraken_api::domain::billing::rhythms;
use kraken_api::domain::ledgers::billing_triggers::{self, Setting, Target};
use kraken_api::platform::market::{self, BillingAction, BillingOperation, BillingTarget, NamedDay};
use kraken_api::platform::recurrence::{Frequency, YearDay};
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::server::beginning;
use crate::support::world::PASSWORD;

const OWN: &str = "query($n: String!) { account(accountNumber: $n) { billingTriggerConfiguration {
    effectiveFrom effectiveTo isActive targetType nextIssueDate operationFrequencies {
        operationType targetType frequency multiplier triggerAtStartDay triggerAtStartMonth
        temporalParams { paramKey startDay startMonth } } } } }";
const ALL: &str =
    "query($t: TargetInput!, $f: DateTime, $u: DateTime, $c: Boolean, $first: Int, $last: Int) {
    billingTriggerConfigurations(
        target: $t, effectiveFrom: $f, effectiveTo: $u, includeChildren: $c, first: $first, last: $last) {
        totalCount edgeCount pageInfo { hasNextPage }
        edges { cursor node { target { targetType number id }
            configurations { effectiveFrom effectiveTo isActive targetType nextIssueDate } } } } }";

fn of_account(id: i64) -> Setting<'static> {
    Setting::Of(Target { kind: BillingTarget::Account, id })
}

fn later(days: u64) -> DateTime<Utc> {
    beginning() + Days::new(days)
}

/// Statements on a day of each month.
fn monthly(day: u32) -> Vec<BillingOperation> {
    vec![BillingOperation {
        operation: BillingAction::ChargeTargetAndIssueStatement,
        target: BillingTarget::Account,
        frequency: Frequency::Monthly,
        multiplier: 1,
        start: Some(YearDay { day, month: 1 }),
        days: Vec::new(),
    }]
}

impl Server {
    async fn rhythm(&self, whose: Setting<'_>, from: DateTime<Utc>, operations: &[BillingOperation]) {
        let mut tx = self.tx().await;
        rhythms::set(&mut tx, whose, from, operations).await.expect("set");
        tx.commit().await.expect("committed");
    }

    async fn own_rhythm(&self, token: &str, number: &str) -> Value {
        let data = self.ask(Some(token), OWN, json!({ "n": number })).await;
        data["account"]["billingTriggerConfiguration"].clone()
    }

    async fn rhythms(&self, token: &str, variables: Value) -> Value {
        self.ask(Some(token), ALL, variables).await["billingTriggerConfigurations"].clone()
    }

    async fn portfolio_row(&self, account: i64) -> (i64, String) {
        let sql = "select p.id, p.number from portfolios p join accounts a on a.portfolio_id = p.id where a.id = $1";
        sqlx::query_as(sql).bind(account).fetch_one(self.database.pool()).await.expect("a portfolio")
    }
}

#[tokio::test]
async fn an_account_is_billed_as_its_brand_is_until_something_else_is_agreed() {
    let server = Server::start().await;
    let world = server.world().await;
    let number = &world.ada.account;
    let usual = server.own_rhythm(&world.ada.token, number).await;
    assert_eq!(usual["effectiveTo"], Value::Null);
    assert_eq!((&usual["isActive"], &usual["targetType"]), (&json!(true), &json!("ACCOUNT")));
    assert_eq!(usual["nextIssueDate"], "2026-04-02", "a month after it was opened");
    let operation = json!({ "operationType": "CHARGE_TARGET_AND_ISSUE_STATEMENT", "targetType": "ACCOUNT",
        "frequency": "MONTHLY", "multiplier": 1, "triggerAtStartDay": 2, "triggerAtStartMonth": 3,
        "temporalParams": [] });
    assert_eq!(usual["operationFrequencies"], json!([operation]));

    // Twice a year from the day after tomorrow, and when prices change.
    let mut operations = monthly(20);
    operations[0].multiplier = 6;
    operations[0].days = vec![NamedDay { key: "REGULATED_PRICES".into(), on: YearDay { day: 1, month: 4 } }];
    server.rhythm(of_account(world.ada.account_id), later(2), &operations).await;
    let still = server.own_rhythm(&world.ada.token, number).await;
    assert_eq!(still["effectiveTo"], json!("2026-03-04T09:30:00+00:00"));
    assert_eq!(still["nextIssueDate"], Value::Null, "the second of April is no longer its own");
    let staff = server.on_day(3).await;
    let own = server.own_rhythm(&staff, number).await;
    assert_eq!(own["effectiveFrom"], json!("2026-03-04T09:30:00+00:00"));
    assert_eq!(own["nextIssueDate"], "2026-04-01");
    let days = json!([{ "paramKey": "REGULATED_PRICES", "startDay": 1, "startMonth": 4 }]);
    assert_eq!(own["operationFrequencies"][0]["temporalParams"], days);
    let bobs = server.own_rhythm(&staff, &world.bob.account).await;
    assert_eq!(bobs["effectiveFrom"], usual["effectiveFrom"]);
    assert_eq!(bobs["effectiveTo"], Value::Null);
}

#[tokio::test]
async fn rhythms_are_listed_over_time_for_a_target_and_what_lies_below_it() {
    let server = Server::start().await;
    let world = server.world().await;
    let (portfolio, number) = server.portfolio_row(world.ada.account_id).await;
    let (around, _) = server.portfolio_row(world.bob.account_id).await;
    let below = format!("update portfolios set parent_id = {around} where id = {portfolio}");
    server.tamper(&below).await;
    server.rhythm(of_account(world.ada.account_id), later(10), &monthly(9)).await;
    let of_portfolio = Setting::Of(Target { kind: BillingTarget::Portfolio, id: around });
    server.rhythm(of_portfolio, later(5), &monthly(7)).await;

    let target = json!({ "portfolioNumber": number });
    let alone = server.rhythms(&world.reader, json!({ "t": target, "first": 10 })).await;
    assert_eq!((&alone["totalCount"], &alone["edgeCount"]), (&json!(1), &json!(1)));
    let node = &alone["edges"][0]["node"];
    let shown = json!({ "targetType": "PORTFOLIO", "number": number, "id": portfolio.to_string() });
    assert_eq!(node["target"], shown);
    let periods = |node: &Value| -> Vec<(String, String)> {
        let all = node["configurations"].as_array().expect("configurations").iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        all.map(|each| (text(&each["targetType"]), text(&each["effectiveFrom"])[..10].to_owned())).collect()
    };
    let pair = |kind: &str, from: &str| (kind.to_owned(), from.to_owned());
    assert_eq!(periods(node).len(), 2, "the brand's, then that of the portfolio around it");
    assert_eq!(node["configurations"][1]["targetType"], "PORTFOLIO");
    assert_eq!(node["configurations"][1]["isActive"], false);
    assert_eq!(node["configurations"][1]["nextIssueDate"], "2026-03-07");

    let deep = json!({ "t": target, "c": true, "first": 2, "f": later(5), "u": later(10) });
    let page = server.rhythms(&world.reader, deep.clone()).await;
    assert_eq!((&page["totalCount"], &page["edgeCount"]), (&json!(3), &json!(2)));
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let account = &page["edges"][1]["node"];
    assert_eq!(account["target"]["number"], world.ada.account);
    assert_eq!(periods(account), [pair("PORTFOLIO", "2026-03-07")], "within those days there is one");
    let mut last = deep.clone();
    last["first"] = Value::Null;
    last["last"] = json!(1);
    last["f"] = json!(later(6));
    last["u"] = json!(later(11));
    let page = server.rhythms(&world.reader, last).await;
    let ledger = &page["edges"][0]["node"];
    assert_eq!(ledger["target"]["targetType"], "CHARGING_LEDGER");
    assert_eq!(periods(ledger), [pair("PORTFOLIO", "2026-03-07"), pair("ACCOUNT", "2026-03-12")]);

    // A ledger's own comes before its account's.
    let id = ledger["target"]["id"].as_str().expect("an id");
    let of_ledger = Target { kind: BillingTarget::ChargingLedger, id: id.parse().expect("a number") };
    server.rhythm(Setting::Of(of_ledger), later(20), &monthly(11)).await;
    let page =
        server.rhythms(&world.reader, json!({ "t": { "ledgerId": id }, "first": 1, "f": later(20) })).await;
    assert_eq!(periods(&page["edges"][0]["node"]), [pair("CHARGING_LEDGER", "2026-03-22")]);

    for nobodys in [
        json!({ "portfolioNumber": "P-00000000" }),
        json!({ "accountNumber": "A-00000000" }),
        json!({ "ledgerId": "1" }),
        json!({ "ledgerId": "x" }),
    ] {
        let page = server.rhythms(&world.reader, json!({ "t": nobodys, "c": true, "first": 9 })).await;
        assert_eq!((&page["totalCount"], &page["edges"]), (&json!(0), &json!([])), "{nobodys}");
    }
    for unclear in [json!({}), json!({ "ledgerId": id, "accountNumber": world.ada.account })] {
        let reply = server.send(Some(&world.reader), ALL, json!({ "t": unclear, "first": 1 })).await;
        assert_eq!(reply.codes(), ["KT-CT-1605"]);
    }
    let ada = server.send(Some(&world.ada.token), ALL, json!({ "t": target, "first": 1 })).await;
    assert_eq!(ada.codes(), ["KT-CT-1111"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_no_moment_are_there_two_rhythms_whoever_sets_them() {
    let server = Server::start().await;
    let world = server.world().await;
    let account = of_account(world.ada.account_id);
    server.rhythm(account, later(30), &monthly(3)).await;
    let (one, two) = (monthly(1), monthly(2));
    tokio::join!(server.rhythm(account, later(1), &one), server.rhythm(account, later(1), &two));
    let target = json!({ "t": { "accountNumber": world.ada.account }, "first": 1 });
    let page = server.rhythms(&world.staff, target).await;
    let all = page["edges"][0]["node"]["configurations"].as_array().expect("configurations");
    assert_eq!(all.len(), 2, "the brand's and one of the two; what was to follow them does not");
    assert_eq!(all[0]["effectiveTo"], all[1]["effectiveFrom"]);
    let mut tx = server.tx().await;
    let held = billing_triggers::effective(&mut tx, world.ada.account_id, later(40)).await.expect("read");
    let held = held.expect("a rhythm");
    assert!(held.operations == one || held.operations == two);
    let day = |text: &str| text.parse().expect("a day");
    let first = held.operations[0].start.expect("a start").day;
    assert_eq!(held.due_on(day(&format!("2026-04-0{first}"))).count(), 1);
    assert_eq!(held.due_on(day("2026-04-04")).count(), 0);
    let before = billing_triggers::effective(&mut tx, world.ada.account_id, later(0)).await.expect("read");
    let mut usual = market::by_code("gb").expect("a market").billing.clone();
    usual[0].start = Some(YearDay { day: 2, month: 3 });
    assert_eq!(before.map(|found| found.operations), Some(usual), "counted from the day of opening");
    let nobodys = billing_triggers::effective(&mut tx, 1, later(0)).await.expect("read");
    assert!(nobodys.is_none());
}

/// Both views of when the account is billed next, and the end of the document that is open, exclusive.
async fn next(server: &Server, number: &str) -> [Value; 3] {
    let query = "query($n: String!) { account(accountNumber: $n) {
        billingOptions { nextBillingDate } billingTriggerConfiguration { nextIssueDate }
        bills(first: 1, includeOpenStatements: true) { edges { node { toDate } } } } }";
    let staff = server.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await;
    let data = server.ask(Some(&staff), query, json!({ "n": number })).await;
    let account = &data["account"];
    let open = &account["bills"]["edges"][0]["node"]["toDate"];
    let day = |text: &str| text.parse::<NaiveDate>().expect("a day") + Days::new(1);
    [
        account["billingOptions"]["nextBillingDate"].clone(),
        account["billingTriggerConfiguration"]["nextIssueDate"].clone(),
        open.as_str().map_or(Value::Null, |text| json!(day(text))),
    ]
}

#[tokio::test]
async fn what_is_shown_is_what_bills_are_made_by_whatever_it_was_set_for() {
    let server = Server::start().await;
    let world = server.world().await;
    let number = &world.ada.account;
    server.work_off().await;
    assert_eq!(next(&server, number).await, ["2026-04-02", "2026-04-02", "2026-04-02"]);
    let (portfolio, _) = server.portfolio_row(world.ada.account_id).await;
    let of_portfolio = Setting::Of(Target { kind: BillingTarget::Portfolio, id: portfolio });
    server.rhythm(of_portfolio, later(0), &monthly(17)).await;
    assert_eq!(next(&server, number).await, ["2026-03-17", "2026-03-17", "2026-03-17"]);
    // From the twentieth of March the account goes by a rhythm of its own: a period is never cut by that alone.
    server.rhythm(of_account(world.ada.account_id), later(18), &monthly(25)).await;
    assert_eq!(next(&server, number).await, ["2026-03-17", "2026-03-17", "2026-03-17"]);
    server.on_day(15).await;
    server.work_off().await;
    assert_eq!(next(&server, number).await, ["2026-03-25", "null", "2026-03-25"].map(said));
    server.on_day(18).await;
    assert_eq!(next(&server, number).await, ["2026-03-25", "2026-03-25", "2026-03-25"]);
    // Invoices are not what a British ledger has, and without days there is none to name.
    server.rhythm(of_account(world.ada.account_id), later(18), &[]).await;
    assert_eq!(next(&server, number).await, [Value::Null, Value::Null, Value::Null]);
}

fn said(day: &str) -> Value {
    if day == "null" { Value::Null } else { json!(day) }
}
