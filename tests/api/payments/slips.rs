//! Payment slips: offered for bills that nobody collects, paid at a till, counted once.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use kraken_api::domain::auth::organisations;
use kraken_api::domain::billing::annul;
use kraken_api::domain::payments::held_schedules::{self, NewSchedule};
use kraken_api::platform::money::Minor;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{COLLECT, nodes, wanted};
use crate::support::Server;
use crate::support::server::BASE_URL;
use crate::support::world::Customer;

const LINK: &str = "query($n: String!) { latestKonbiniPaymentLink(accountNumber: $n) { url paymentDate } }";
const BILL: &str =
    "query($n: String!) { account(accountNumber: $n) { bills(first: 9) { edges { node { id } } } } }";
const OPEN: &str = "Paid at the till";
const PAID: &str = "This slip has been paid";
const EXPIRED: &str = "This slip has expired";
const NOT_NEEDED: &str = "not needed any more";

impl Server {
    async fn japanese(&self, email: &'static str, name: &str) -> Customer {
        self.customer(email, name, "TG_OCTOPUS_ENERGY").await
    }

    /// Lets some time go by and does what is due.
    pub async fn minutes_on(&self, minutes: i64) {
        self.wall.set(self.wall.now() + TimeDelta::minutes(minutes));
        self.work_off().await;
    }

    /// Has everything billed that was charged until the 2nd of April, and slips made.
    async fn bills_go_out(&self) {
        self.by("2026-04-02").await;
        self.minutes_on(11).await;
    }

    async fn link(&self, customer: &Customer) -> Value {
        let token = self.again(customer).await;
        let data = self.ask(Some(&token), LINK, json!({ "n": customer.account })).await;
        data["latestKonbiniPaymentLink"].clone()
    }

    /// The end of the address of a customer's slip.
    async fn slip(&self, customer: &Customer) -> String {
        let link = self.link(customer).await;
        let url = link["url"].as_str().expect("an address");
        url.strip_prefix(&format!("{BASE_URL}/slips/")).expect("a slip's page").to_owned()
    }

    /// A slip's page as it is, or after the button was pressed.
    async fn till(&self, slip: &str, is_paid: bool) -> String {
        let path = format!("/slips/{slip}");
        let request = if is_paid { Request::post(path) } else { Request::get(path) };
        let request = request.body(Body::empty()).expect("a request");
        let answer = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = answer.into_parts();
        assert_eq!(parts.status, StatusCode::OK);
        assert_eq!(parts.headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(parts.headers[header::CACHE_CONTROL], "private, no-store");
        assert!(parts.headers.contains_key(header::CONTENT_SECURITY_POLICY));
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    async fn balance(&self, customer: &Customer) -> Value {
        let token = self.again(customer).await;
        self.payments(&token, customer).await["balance"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_that_nobody_collects_is_paid_at_a_till_once() {
    let server = Server::start().await;
    server.world().await;
    let twin = server.twin();
    let hiro = server.japanese("hiro@example.jp", "Hiro Sato").await;
    server.work_off().await;
    server.owe(hiro.account_id, 1000).await;
    assert_eq!(server.link(&hiro).await, Value::Null);
    server.by("2026-04-02").await;
    server.wall.set(server.wall.now() + TimeDelta::minutes(11));
    tokio::join!(server.work_off(), twin.work_off());
    assert_eq!(server.link(&hiro).await["paymentDate"], "2026-05-02");
    let slip = server.slip(&hiro).await;
    let told = server.letters("payment-slip").await;
    assert_eq!(told.len(), 1);
    assert!(told[0].body.contains("JPY 1100") && told[0].body.contains("2026-05-02"), "{}", told[0].body);

    let page = server.till(&slip, false).await;
    assert!(page.contains("JPY 1100") && page.contains("<svg") && page.contains(OPEN), "{page}");
    let (one, two) = tokio::join!(server.till(&slip, true), twin.till(&slip, true));
    assert!(one.contains(PAID) && two.contains(PAID));
    assert_eq!(server.balance(&hiro).await, -1100, "shops report later");
    server.wall.set(server.wall.now() + TimeDelta::minutes(71));
    tokio::join!(server.work_off(), twin.work_off());
    server.till(&slip, true).await;
    server.minutes_on(71).await;
    let token = server.again(&hiro).await;
    let seen = server.payments(&token, &hiro).await;
    assert_eq!(seen["balance"], 0);
    assert_eq!(
        nodes(&seen["transactions"])[0],
        json!({ "__typename": "Payment", "title": "コンビニ払い", "amount": 1100, "isReversed": false,
            "isLateFailedPayment": false, "paymentTransactionType": "KONBINI" })
    );
    assert_eq!(server.link(&hiro).await, Value::Null, "there is nothing to be paid");
    assert!(server.till(&slip, false).await.contains(PAID));

    let nowhere = Request::get("/slips/nothing").body(Body::empty()).expect("a request");
    let answer = server.router.clone().oneshot(nowhere).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    server.books_are_clean().await;
}

#[tokio::test]
async fn a_slip_is_seen_by_whoever_sees_the_account() {
    let server = Server::start().await;
    let world = server.world().await;
    let hiro = server.japanese("hiro@example.jp", "Hiro Sato").await;
    server.work_off().await;
    server.owe(hiro.account_id, 1000).await;
    server.bills_go_out().await;
    let link = server.link(&hiro).await;
    assert!(link["url"].is_string());
    let mut tx = server.tx().await;
    let (organisation, key) =
        organisations::add(&mut tx, &server.random, "Helper", &["view-accounts"]).await.expect("one");
    organisations::grant(&mut tx, organisation, hiro.account_id).await.expect("granted");
    let (blind, blind_key) = organisations::add(&mut tx, &server.random, "Blind", &[]).await.expect("one");
    organisations::grant(&mut tx, blind, hiro.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let staff = server.by("2026-04-03").await;
    let ada = server.again(&world.ada).await;
    let helper = server.log_in(json!({ "organizationSecretKey": key })).await;
    let blind = server.log_in(json!({ "organizationSecretKey": blind_key })).await;
    for (token, expected) in [(&staff, &link), (&helper, &link), (&blind, &Value::Null), (&ada, &Value::Null)]
    {
        let data = server.ask(Some(token), LINK, json!({ "n": hiro.account })).await;
        assert_eq!(&data["latestKonbiniPaymentLink"], expected);
    }
}

#[tokio::test]
async fn what_is_collected_or_cannot_be_paid_so_has_no_slip() {
    let server = Server::start().await;
    let world = server.world().await;
    let collected = server.japanese("collected@example.jp", "Aki Abe").await;
    let stored = server.japanese("stored@example.jp", "Bun Baba").await;
    let stopped = server.japanese("stopped@example.jp", "Chie Chiba").await;
    let large = server.japanese("large@example.jp", "Dai Doi").await;
    let credit = server.japanese("credit@example.jp", "Emi Endo").await;
    server.work_off().await;
    for customer in [&collected, &stored, &stopped, &credit, &world.ada] {
        server.owe(customer.account_id, 5000).await;
    }
    server.owe(large.account_id, 300_000).await;
    server.pay(credit.account_id, 5500).await;
    let day = server.wall.now().date_naive();
    for customer in [&collected, &stopped] {
        let instruction = server.pays_by(customer, "DIRECT_DEBIT").await;
        let ledger = server.main_ledger_id(customer).await;
        let mut tx = server.tx().await;
        let monthly = NewSchedule::monthly("DIRECT_DEBIT", 28, Minor(4000));
        held_schedules::put(&mut tx, None, ledger, &monthly, day).await.expect("a schedule");
        tx.commit().await.expect("committed");
        if customer.account == stopped.account {
            let end = format!(
                "update payment_instructions set status = 'FAILED', ended_because = 'INVALIDATED', valid_to = valid_from
                 where id = {instruction}"
            );
            server.tamper(&end).await;
        }
    }
    // A bank account by itself collects nothing.
    server.pays_by(&stored, "DIRECT_DEBIT").await;
    server.bills_go_out().await;
    for customer in [&collected, &large, &credit, &world.ada] {
        assert_eq!(server.link(customer).await, Value::Null, "{}", customer.email);
    }
    for customer in [&stored, &stopped] {
        assert!(server.link(customer).await["url"].is_string(), "{}", customer.email);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_settled_otherwise_is_not_paid_at_a_till() {
    let server = Server::start().await;
    server.world().await;
    let otherwise = server.japanese("otherwise@example.jp", "Aki Abe").await;
    let annulled = server.japanese("annulled@example.jp", "Bun Baba").await;
    let both = server.japanese("both@example.jp", "Chie Chiba").await;
    server.work_off().await;
    for customer in [&otherwise, &annulled, &both] {
        server.owe(customer.account_id, 1000).await;
    }
    server.bills_go_out().await;
    let slips = [server.slip(&otherwise).await, server.slip(&annulled).await, server.slip(&both).await];
    // A part of it, and what was charged since, make no difference.
    server.pay(otherwise.account_id, 1000).await;
    server.owe(otherwise.account_id, 500).await;
    server.minutes_on(11).await;
    assert!(server.till(&slips[0], false).await.contains(OPEN));
    server.pay(otherwise.account_id, 100).await;
    let token = server.again(&annulled).await;
    let data = server.ask(Some(&token), BILL, json!({ "n": annulled.account })).await;
    let bill = nodes(&data["account"]["bills"])[0]["id"].as_str().and_then(|id| id.parse().ok());
    let mut tx = server.tx().await;
    annul::annul(&mut tx, bill.expect("a bill")).await.expect("annulled");
    tx.commit().await.expect("committed");
    // The shop has the money, but nobody knows of it yet.
    assert!(server.till(&slips[2], true).await.contains(PAID));
    server.pay(both.account_id, 1100).await;
    server.minutes_on(11).await;
    for (customer, slip) in [(&otherwise, &slips[0]), (&annulled, &slips[1])] {
        assert_eq!(server.link(customer).await, Value::Null);
        assert!(server.till(slip, true).await.contains(NOT_NEEDED), "{}", customer.email);
    }
    server.minutes_on(71).await;
    assert_eq!(server.balance(&both).await, 1100, "both count");
    assert_eq!(server.balance(&otherwise).await, -550);
    assert_eq!(server.balance(&annulled).await, 0);
    server.books_are_clean().await;
}

#[tokio::test]
async fn what_is_on_its_way_is_not_asked_for_again() {
    let server = Server::start().await;
    server.world().await;
    let mei = server.japanese("mei@example.jp", "Mei Mori").await;
    server.work_off().await;
    server.owe(mei.account_id, 1000).await;
    server.pays_by(&mei, "CARD").await;
    let ledger = server.main_ledger_id(&mei).await;
    server.by("2026-04-01").await;
    let token = server.again(&mei).await;
    server.ask(Some(&token), COLLECT, wanted(&mei, ledger, 600, "2026-04-03", "one")).await;
    server.bills_go_out().await;
    let slip = server.slip(&mei).await;
    assert!(server.till(&slip, false).await.contains("JPY 500"));
    server.by("2026-04-08").await;
    server.minutes_on(11).await;
    assert_eq!(server.balance(&mei).await, -500);
    assert!(server.till(&slip, false).await.contains(OPEN), "the rest is still owed");
    server.pay(mei.account_id, 500).await;
    server.minutes_on(11).await;
    assert!(server.till(&slip, true).await.contains(NOT_NEEDED));
}

#[tokio::test]
async fn a_slip_ends_with_its_last_day_or_with_the_next_bill() {
    let server = Server::start().await;
    server.world().await;
    let late = server.japanese("late@example.jp", "Aki Abe").await;
    let twice = server.japanese("twice@example.jp", "Bun Baba").await;
    server.work_off().await;
    for customer in [&late, &twice] {
        server.owe(customer.account_id, 1000).await;
    }
    server.bills_go_out().await;
    let (expiring, older) = (server.slip(&late).await, server.slip(&twice).await);
    server.owe(twice.account_id, 2000).await;
    server.by("2026-05-02").await;
    server.minutes_on(11).await;
    assert_eq!(server.slip(&late).await, expiring, "its last day");
    assert!(server.till(&older, true).await.contains(NOT_NEEDED));
    let newer = server.slip(&twice).await;
    assert!(server.till(&newer, false).await.contains("JPY 3300"), "with what was owed before");
    assert_eq!(server.link(&twice).await["paymentDate"], "2026-06-01");
    // Midnight in Tokyo.
    server.wall.set("2026-05-02T15:00:00Z".parse().expect("a moment"));
    assert_eq!(server.link(&late).await, Value::Null);
    assert!(server.till(&expiring, true).await.contains(EXPIRED));
    server.minutes_on(11).await;
    assert_eq!(server.link(&late).await, Value::Null);
    assert!(server.till(&expiring, true).await.contains(EXPIRED));
    assert_eq!(server.balance(&late).await, -1100);
    server.books_are_clean().await;
}

#[tokio::test]
async fn amounts_tell_how_the_agency_takes_an_order() {
    let server = Server::start().await;
    server.world().await;
    let refused = server.japanese("refused@example.jp", "Aki Abe").await;
    let busy = server.japanese("busy@example.jp", "Bun Baba").await;
    let lost = server.japanese("lost@example.jp", "Chie Chiba").await;
    server.work_off().await;
    // With tax: 891, 297 and 198.
    for (customer, net) in [(&refused, 810), (&busy, 270), (&lost, 180)] {
        server.owe(customer.account_id, net).await;
    }
    server.bills_go_out().await;
    for customer in [&refused, &busy, &lost] {
        assert_eq!(server.link(customer).await, Value::Null, "{}", customer.email);
    }
    server.minutes_on(11).await;
    assert_eq!(server.link(&refused).await, Value::Null);
    for customer in [&busy, &lost] {
        let slip = server.slip(customer).await;
        assert!(server.till(&slip, false).await.contains(OPEN), "{}", customer.email);
    }
    let (made,): (i64,) = sqlx::query_as("select count(*) from simulated_slips")
        .fetch_one(server.database.pool())
        .await
        .expect("a count");
    assert_eq!(made, 2, "one by one name");
}
