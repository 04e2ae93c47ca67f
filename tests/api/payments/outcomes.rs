//! What the vendor's surprises do: failures at once and late, claims, lost answers, two servers at once.

use serde_json::{Value, json};

use super::{COLLECT, nodes, wanted};
use crate::support::{Server, World};

/// Ada asks for a payment of this amount on the 9th of March.
async fn asked(server: &Server, amount: i64) -> World {
    let world = server.world().await;
    server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    let ledger = server.main_ledger_id(&world.ada).await;
    let asked = wanted(&world.ada, ledger, amount, "2026-03-09", "one");
    server.ask(Some(&world.ada.token), COLLECT, asked).await;
    world
}

fn list(seen: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = nodes(&seen["payments"]);
    all.iter().map(|payment| (text(&payment["paymentDate"]), text(&payment["status"]))).collect()
}

fn pair(day: &str, status: &str) -> (String, String) {
    (day.into(), status.into())
}

#[tokio::test]
async fn a_payment_without_money_is_collected_once_more() {
    let server = Server::start().await;
    let world = asked(&server, 4592).await;
    server.by("2026-03-05").await;
    // Told on the 10th; five working days later is the 17th.
    let staff = server.by("2026-03-10").await;
    let seen = server.payments(&staff, &world.ada).await;
    assert_eq!(list(&seen), [pair("2026-03-17", "SCHEDULED"), pair("2026-03-09", "FAILED")]);
    assert_eq!(nodes(&seen["payments"])[0]["transactionType"], "DD_RE_PRESENTATION");
    let again = json!({ "totalCount": 1, "edges": [{ "node": { "amountPayable": 4592, "payableDate": "2026-03-17" } }] });
    assert_eq!(seen["ledgers"][0]["paymentsWithNonConcludedRePresentation"], again);
    let told = server.letters("payment-failed").await;
    assert!(told[0].body.contains("We will try again on 2026-03-17."), "{}", told[0].body);
    server.by("2026-03-13").await;
    let staff = server.by("2026-03-19").await;
    let seen = server.payments(&staff, &world.ada).await;
    assert_eq!(list(&seen), [pair("2026-03-17", "CLEARED"), pair("2026-03-09", "FAILED")]);
    assert_eq!(seen["balance"], 4592);
    assert_eq!(seen["ledgers"][0]["paymentsWithNonConcludedRePresentation"]["totalCount"], 0);
    server.books_are_clean().await;
}

#[tokio::test]
async fn it_is_tried_twice_and_no_more() {
    let server = Server::start().await;
    let world = asked(&server, 4593).await;
    let staff = server.through("2026-04-10").await;
    let seen = server.payments(&staff, &world.ada).await;
    assert_eq!(list(&seen), [pair("2026-03-17", "FAILED"), pair("2026-03-09", "FAILED")]);
    assert_eq!(seen["balance"], 0);
    assert!(server.letters("payment-failed").await[1].body.contains("Please pay it in another way."));
}

#[tokio::test]
async fn a_late_failure_takes_the_payment_off_the_books() {
    let server = Server::start().await;
    let world = asked(&server, 4594).await;
    server.by("2026-03-05").await;
    let staff = server.by("2026-03-11").await;
    assert_eq!(server.payments(&staff, &world.ada).await["balance"], 4594);
    let staff = server.by("2026-03-16").await;
    let seen = server.payments(&staff, &world.ada).await;
    assert_eq!((list(&seen), &seen["balance"]), (vec![pair("2026-03-09", "FAILED")], &json!(0)));
    let shown = nodes(&seen["transactions"]);
    let flags =
        |place: usize| (shown[place]["isReversed"].clone(), shown[place]["isLateFailedPayment"].clone());
    assert_eq!(flags(1), (json!(true), json!(true)));
    assert_eq!((flags(0), &shown[0]["amount"]), ((json!(false), json!(false)), &json!(-4594)));
    // The bank knew of no permission: nothing more is collected by it.
    let ledger = server.main_ledger_id(&world.ada).await;
    let more = wanted(&world.ada, ledger, 100, "2026-04-01", "two");
    assert_eq!(server.send(Some(&staff), COLLECT, more).await.codes(), ["KT-CT-3967"]);
    server.books_are_clean().await;
}

#[tokio::test]
async fn a_payment_is_claimed_back() {
    let server = Server::start().await;
    let world = asked(&server, 4595).await;
    let staff = server.through("2026-04-02").await;
    let seen = server.payments(&staff, &world.ada).await;
    assert_eq!((list(&seen), &seen["balance"]), (vec![pair("2026-03-09", "FAILED")], &json!(0)));
    assert_eq!(nodes(&seen["transactions"])[1]["isLateFailedPayment"], true);
    server.books_are_clean().await;
}

#[tokio::test]
async fn refusals_and_closed_accounts_end_it() {
    for (amount, why) in [(4591, "it was declined"), (4596, "the account is closed")] {
        let server = Server::start().await;
        let world = asked(&server, amount).await;
        let staff = server.through("2026-03-20").await;
        let seen = server.payments(&staff, &world.ada).await;
        assert_eq!((list(&seen), &seen["balance"]), (vec![pair("2026-03-09", "FAILED")], &json!(0)));
        let told = server.letters("payment-failed").await;
        assert!(told[0].body.contains(why), "{}", told[0].body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_payment_reaches_the_vendor_once_whatever_gets_lost() {
    for amount in [4500, 4597, 4598] {
        let server = Server::start().await;
        let world = asked(&server, amount).await;
        let twin = server.twin();
        for day in ["2026-03-05", "2026-03-06", "2026-03-09", "2026-03-12", "2026-03-13"] {
            server.wall.set(format!("{day}T09:00:00Z").parse().expect("a day"));
            tokio::join!(server.work_off(), twin.work_off());
        }
        let staff = server.by("2026-03-16").await;
        let seen = server.payments(&staff, &world.ada).await;
        assert_eq!(list(&seen), [pair("2026-03-09", "CLEARED")], "{amount}");
        assert_eq!(seen["balance"], amount);
        let (orders,): (i64,) = sqlx::query_as("select count(*) from simulated_collections")
            .fetch_one(server.database.pool())
            .await
            .expect("a count");
        assert_eq!(orders, 1);
        server.books_are_clean().await;
    }
}
