//! Promises, and debts that are paid off bit by bit.

use kraken_api::domain::auth::Viewer;
use kraken_api::domain::payments::held_schedules::NewSchedule;
use kraken_api::domain::payments::plans::{self, NewPlan, PlanError};
use kraken_api::domain::payments::promises::{self, NewPromise};
use kraken_api::platform::money::Minor;
use serde_json::{Value, json};

use super::nodes;
use super::schedules::pick;
use crate::support::Server;
use crate::support::world::Customer;

const PLANS: &str = "query($n: String!) { account(accountNumber: $n) { paymentPlans(first: 5) { totalCount edges { node {
    account { number } initialScheduleType strategyName strategyDisplayName status offeredAt offerExpiresAt acceptedAt
    ledgerNumber payments { payableDate amount paymentType } nextPayment { payableDate amount } } } } } }";

fn collector() -> Viewer {
    let permissions = vec!["manage-debt".to_owned(), "manage-payments".to_owned()];
    Viewer::Staff { id: 1, roles: Vec::new(), permissions }
}

impl Server {
    pub async fn offers(
        &self,
        customer: &Customer,
        total: i64,
        instalments: u32,
        first: &str,
    ) -> Result<i64, PlanError> {
        let ledger = self.ledger_number(customer).await;
        let first = first.parse().expect("a day");
        let new = NewPlan { account_number: &customer.account, ledger: &ledger, total, instalments, first };
        let mut tx = self.tx().await;
        let made = plans::offer(&mut tx, &collector(), &new).await;
        tx.commit().await.expect("committed");
        made
    }

    async fn accepts(&self, plan: i64) -> Result<(), PlanError> {
        let mut tx = self.tx().await;
        let done = plans::accept(&mut tx, &collector(), plan).await;
        tx.commit().await.expect("committed");
        done
    }

    async fn plan(&self, token: &str, customer: &Customer) -> Value {
        let data = self.ask(Some(token), PLANS, json!({ "n": customer.account })).await;
        nodes(&data["account"]["paymentPlans"])[0].clone()
    }
}

#[tokio::test]
async fn a_debt_is_paid_off_in_three_parts_and_then_it_goes_on_as_before() {
    let server = Server::start().await;
    let world = server.world().await;
    assert!(matches!(server.offers(&world.ada, 10000, 3, "2026-03-31").await, Err(PlanError::Schedule(_))));
    server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    server.pays_as(&world.ada, &NewSchedule::monthly("DIRECT_DEBIT", 15, Minor(4200))).await;
    assert!(matches!(server.offers(&world.ada, 2, 3, "2026-03-31").await, Err(PlanError::Instalments)));
    let plan = server.offers(&world.ada, 10000, 3, "2026-03-31").await.expect("an offer");
    assert!(matches!(server.offers(&world.ada, 10000, 3, "2026-03-31").await, Err(PlanError::Exists)));
    let seen = server.plan(&world.ada.token, &world.ada).await;
    let ledger = server.ledger_number(&world.ada).await;
    let part = |day: &str, amount: i64| json!({ "payableDate": day, "amount": amount, "paymentType": null });
    assert_eq!(
        seen,
        json!({ "account": { "number": world.ada.account }, "initialScheduleType": "DIRECT_DEBIT",
            "strategyName": "EQUAL_INSTALMENTS", "strategyDisplayName": "Equal monthly instalments", "status": "OFFERED",
            "offeredAt": "2026-03-02T09:30:00+00:00", "offerExpiresAt": "2026-03-16T09:30:00+00:00", "acceptedAt": null,
            "ledgerNumber": ledger,
            "payments": [part("2026-03-31", 3334), part("2026-04-30", 3333), part("2026-05-31", 3333)],
            "nextPayment": { "payableDate": "2026-03-31", "amount": 3334 } })
    );
    server.accepts(plan).await.expect("accepted");
    assert!(matches!(server.accepts(plan).await, Err(PlanError::NoOffer)));
    let schedules = server.schedules(&world.ada.token, &world.ada, "2026-05-31").await;
    assert_eq!(
        pick(&nodes(&schedules["paymentSchedules"]), &["validFrom", "validTo", "reason", "totalDebtAmount"]),
        [
            json!(["2026-06-01", null, "GENERAL_ACCOUNT_PAYMENT", null]),
            json!(["2026-03-02", "2026-06-01", "DEBT_REPAYMENT_PLAN", 10000])
        ]
    );
    let staff = server.through("2026-06-20").await;
    let seen = server.payments(&staff, &world.ada).await;
    // The last of May is a Sunday.
    assert_eq!(
        pick(&nodes(&seen["payments"]), &["paymentDate", "amount", "status"]),
        [
            json!(["2026-06-15", 4200, "CLEARED"]),
            json!(["2026-06-01", 3333, "CLEARED"]),
            json!(["2026-04-30", 3333, "CLEARED"]),
            json!(["2026-03-31", 3334, "CLEARED"])
        ]
    );
    let plan = server.plan(&staff, &world.ada).await;
    assert_eq!((&plan["status"], &plan["nextPayment"]), (&json!("COMPLETED"), &Value::Null));
    assert_eq!(plan["payments"][1]["paymentType"], "DD_REGULAR_COLLECTION");
    server.books_are_clean().await;
}

#[tokio::test]
async fn a_plan_is_broken_when_an_instalment_fails_twice_and_an_offer_expires() {
    let server = Server::start().await;
    let world = server.world().await;
    server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    server.pays_by(&world.bob, "DIRECT_DEBIT").await;
    // 30.93 has no money behind it, ever.
    let plan = server.offers(&world.ada, 6186, 2, "2026-03-20").await.expect("an offer");
    server.accepts(plan).await.expect("accepted");
    let late = server.offers(&world.bob, 6000, 2, "2026-03-20").await.expect("an offer");
    let staff = server.through("2026-03-24").await;
    assert_eq!(server.plan(&staff, &world.ada).await["status"], "ACTIVE");
    assert_eq!(server.plan(&staff, &world.bob).await["status"], "EXPIRED");
    assert!(matches!(server.accepts(late).await, Err(PlanError::NoOffer)));
    let staff = server.through("2026-04-05").await;
    assert_eq!(server.plan(&staff, &world.ada).await["status"], "BROKEN");
}

#[tokio::test]
async fn promises_are_kept_or_broken() {
    let server = Server::start().await;
    let world = server.world().await;
    for customer in [&world.ada, &world.bob] {
        let ledger = server.ledger_number(customer).await;
        let day = "2026-03-10".parse().expect("a day");
        let new = NewPromise { account_number: &customer.account, ledger: &ledger, amount: 5000, day };
        let mut tx = server.tx().await;
        promises::note(&mut tx, &collector(), &new).await.expect("noted");
        tx.commit().await.expect("committed");
    }
    let status = async |token: &str, customer: &Customer| {
        let seen = server.payments(token, customer).await;
        nodes(&seen["payments"])[0]["status"].clone()
    };
    server.work_off().await;
    assert_eq!(status(&world.ada.token, &world.ada).await, "PROMISED");
    let staff = server.by("2026-03-10").await;
    server.pay(world.ada.account_id, 5000).await;
    server.pay(world.bob.account_id, 4999).await;
    assert_eq!(status(&staff, &world.bob).await, "PROMISED");
    let staff = server.by("2026-03-11").await;
    assert_eq!(status(&staff, &world.ada).await, "FULFILLED");
    assert_eq!(status(&staff, &world.bob).await, "PROMISE_BROKEN");
    let without = "query($n: String!) { account(accountNumber: $n) { payments(first: 5, includePromises: false) { totalCount } } }";
    let data = server.ask(Some(&staff), without, json!({ "n": world.ada.account })).await;
    assert_eq!(data["account"]["payments"]["totalCount"], 0);
}
