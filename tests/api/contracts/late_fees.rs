//! What paying late costs.

use kraken_api::domain::check;
use serde_json::{Value, json};

use super::VARY;
use crate::support::Server;
use crate::support::world::Customer;

const STANDING: &str = "query($n: String!) { account(accountNumber: $n) { balance
    bills(first: 9) { edges { node { issuedDate ... on StatementType { paymentDueDate } } } }
    transactions(first: 50) { edges { node { amount reasonCode ... on Charge { note } } } } } }";

/// What an account was charged for paying late, the oldest first.
async fn fees(server: &Server, of: &Customer) -> Vec<i64> {
    let token = server.again(of).await;
    let data = server.ask(Some(&token), STANDING, json!({ "n": of.account })).await;
    let all = data["account"]["transactions"]["edges"].as_array().expect("transactions");
    let fee = |edge: &&Value| edge["node"]["reasonCode"] == "LATE_PAYMENT_FEE";
    all.iter().rev().filter(fee).filter_map(|edge| edge["node"]["amount"].as_i64()).collect()
}

/// The days on which bills of an account fall due, the latest first.
async fn due_dates(server: &Server, of: &Customer) -> Vec<String> {
    let token = server.again(of).await;
    let data = server.ask(Some(&token), STANDING, json!({ "n": of.account })).await;
    let bills = data["account"]["bills"]["edges"].as_array().expect("bills");
    let day = |edge: &Value| edge["node"]["paymentDueDate"].as_str().map(str::to_owned);
    bills.iter().filter_map(day).collect()
}

async fn balance(server: &Server, of: &Customer) -> i64 {
    let token = server.again(of).await;
    let data = server.ask(Some(&token), STANDING, json!({ "n": of.account })).await;
    data["account"]["balance"].as_i64().expect("a balance")
}

async fn books_are_right(server: &Server) {
    for finding in check::run(&mut server.tx().await).await.expect("checked") {
        assert_eq!(finding.broken, 0, "{}", finding.rule);
    }
}

/// Does the work of a day, by two servers at once.
async fn on(server: &Server, day: &str) {
    server.wall.set(format!("{day}T15:00:00Z").parse().expect("a day"));
    let twin = server.twin();
    tokio::join!(server.work_off(), twin.work_off());
    server.work_off().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_that_is_paid_late_costs_a_fee_and_a_share() {
    let server = Server::start().await;
    let wade = server.texan().await;
    server.contract(&wade, "2026-03-02").await;
    server.owe(wade.account_id, 10_000).await;
    let owed = -balance(&server, &wade).await;
    on(&server, "2026-04-02").await;
    assert_eq!(due_dates(&server, &wade).await, ["2026-04-23"]);
    on(&server, "2026-04-23").await;
    assert!(fees(&server, &wade).await.is_empty(), "it can be paid on that day");
    on(&server, "2026-04-24").await;
    assert_eq!(fees(&server, &wade).await, [1000]);
    on(&server, "2026-04-25").await;
    on(&server, "2026-05-22").await;
    assert_eq!(fees(&server, &wade).await, [1000], "once a bill");
    on(&server, "2026-05-23").await;
    let share = (owed * 5 + 50) / 100;
    assert_eq!(fees(&server, &wade).await, [1000, share]);
    // The bill of May holds nothing but fees, and costs none. Half of what was open is paid, and half a share is charged.
    server.pay(wade.account_id, owed / 2).await;
    on(&server, "2026-06-22").await;
    let half = ((owed - owed / 2) * 5 + 50) / 100;
    let charged = fees(&server, &wade).await;
    assert_eq!(charged.len(), 3, "{charged:?}");
    assert!((charged[2] - half).abs() <= 1, "{charged:?}, {half}");
    server.pay(wade.account_id, -balance(&server, &wade).await).await;
    on(&server, "2026-07-29").await;
    on(&server, "2026-08-29").await;
    assert_eq!(fees(&server, &wade).await, charged, "it is paid");
    books_are_right(&server).await;
}

#[tokio::test]
async fn nobody_is_charged_who_agreed_on_nothing_or_finds_it_hard() {
    let server = Server::start().await;
    let world = server.world().await;
    let wade = server.texan().await;
    let fair = server.customer("fay@example.com", "Fay Fair", "OCTOPUS_ENERGY_US").await;
    let late = server.customer("lou@example.com", "Lou Late", "OCTOPUS_ENERGY_US").await;
    let prompt = server.customer("pia@example.com", "Pia Prompt", "OCTOPUS_ENERGY_US").await;
    server.contract(&world.ada, "2026-03-02").await;
    server.contract(&wade, "2026-03-02").await;
    server.contract(&late, "2026-05-01").await;
    server.contract(&prompt, "2026-03-02").await;
    let everybody = [&world.ada, &wade, &fair, &late, &prompt];
    for of in everybody {
        server.owe(of.account_id, 10_000).await;
    }
    let agreed = format!(
        "insert into hardship_agreements (account_id, hardship_type, details, payment_plan, days, created_at)
        values ({}, 'REDUCED_INCOME', 'Less work.', 'Small instalments.', '[2026-03-02,)', now())",
        wade.account_id
    );
    server.tamper(&agreed).await;
    on(&server, "2026-04-02").await;
    server.pay(prompt.account_id, -balance(&server, &prompt).await).await;
    on(&server, "2026-05-29").await;
    for of in everybody {
        assert!(fees(&server, of).await.is_empty(), "{}", of.email);
    }
}

#[tokio::test]
async fn bills_fall_due_as_it_was_agreed() {
    let server = Server::start().await;
    let wade = server.texan().await;
    let staff = server.member_of_staff("staff@example.org", "billing").await;
    let identifier = server.contract(&wade, "2026-03-02").await;
    let terms = json!([{ "billduedate": { "numberOfDays": 5 } }]);
    let input =
        json!({ "identifier": identifier, "applicableAtDate": "2026-04-20T05:00:00Z", "terms": terms });
    let reply = server.put(&staff, VARY, &input).await;
    assert!(reply.errors().is_empty(), "{}", reply.json);
    server.owe(wade.account_id, 10_000).await;
    on(&server, "2026-04-02").await;
    server.owe(wade.account_id, 10_000).await;
    on(&server, "2026-05-02").await;
    assert_eq!(due_dates(&server, &wade).await, ["2026-05-07", "2026-04-23"]);
}
