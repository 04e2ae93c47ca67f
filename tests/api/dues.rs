//! When charges fall due, and what is overdue.

use serde_json::{Value, json};

use crate::support::world::PASSWORD;
use crate::support::{Server, World};

const CHARGE: &str =
    "mutation($i: CreateAccountChargeInput!) { createAccountCharge(input: $i) { accountCharge { id } } }";
const CREDIT: &str =
    "mutation($i: CreateAccountCreditInput!) { createAccountCredit(input: $i) { accountCredit { id } } }";
const READ: &str = "query($n: String!, $d: Date) { account(accountNumber: $n) {
    balance overdueBalance totalBalanceOwing dueCharges(asOfDate: $d) { amount dueDate } } }";

impl Server {
    /// Lets days pass, and answers a fresh session of staff that may post.
    async fn days_later(&self, days: i64) -> String {
        self.wall.set(self.wall.now() + chrono::TimeDelta::days(days));
        self.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await
    }

    async fn charge(&self, staff: &str, world: &World, amount: i64) {
        let input =
            json!({ "accountNumber": world.ada.account, "grossAmount": amount, "reason": "ADMIN_FEE" });
        assert!(self.put(staff, CHARGE, &input).await.errors().is_empty());
    }

    async fn credit(&self, staff: &str, world: &World, amount: i64) {
        let input = json!({ "accountNumber": world.ada.account, "grossAmount": amount, "netAmount": amount,
            "salesTaxAmount": 0, "reason": "GOODWILL" });
        assert!(self.put(staff, CREDIT, &input).await.errors().is_empty());
    }

    async fn dues(&self, token: &str, world: &World, day: Option<&str>) -> Value {
        let variables = json!({ "n": world.ada.account, "d": day });
        self.ask(Some(token), READ, variables).await["account"].clone()
    }
}

#[tokio::test]
async fn charges_fall_due_by_the_terms_of_the_market() {
    let server = Server::start().await;
    let world = server.world().await;
    let nothing = json!({ "balance": 0, "overdueBalance": 0, "totalBalanceOwing": 0, "dueCharges": [] });
    assert_eq!(server.dues(&world.ada.token, &world, None).await, nothing);
    server.charge(&world.staff, &world, 1000).await;
    let staff = server.days_later(10).await;
    server.charge(&staff, &world, 500).await;
    server.credit(&staff, &world, 300).await;
    // The last day on which the first charge is paid in time.
    let staff = server.days_later(4).await;
    let due = json!([{ "amount": 700, "dueDate": "2026-03-16" }, { "amount": 500, "dueDate": "2026-03-26" }]);
    let expected =
        json!({ "balance": -1200, "overdueBalance": 0, "totalBalanceOwing": 1200, "dueCharges": due });
    assert_eq!(server.dues(&staff, &world, None).await, expected);
    let before = json!([{ "amount": 1000, "dueDate": "2026-03-16" }]);
    assert_eq!(server.dues(&staff, &world, Some("2026-03-11")).await["dueCharges"], before);
    let staff = server.days_later(1).await;
    assert_eq!(server.dues(&staff, &world, None).await["overdueBalance"], 700);
    server.credit(&staff, &world, 900).await;
    let seen = server.dues(&staff, &world, Some("2027-01-01")).await;
    assert_eq!(seen["dueCharges"], json!([{ "amount": 300, "dueDate": "2026-03-26" }]));
    assert_eq!(seen["overdueBalance"], 0);
    server.credit(&staff, &world, 400).await;
    let paid = json!({ "balance": 100, "overdueBalance": 0, "totalBalanceOwing": 0, "dueCharges": [] });
    assert_eq!(server.dues(&staff, &world, None).await, paid);
}

#[tokio::test]
async fn without_terms_nothing_is_said_to_be_overdue() {
    let server = Server::start().await;
    let world = server.world().await;
    server.charge(&world.staff, &world, 1000).await;
    sqlx::query("update dunning_paths set is_active = false")
        .execute(server.database.pool())
        .await
        .expect("run");
    let staff = server.days_later(100).await;
    let seen = server.dues(&staff, &world, None).await;
    let expected =
        json!({ "balance": -1000, "overdueBalance": null, "totalBalanceOwing": 1000, "dueCharges": [] });
    assert_eq!(seen, expected);
}
