//! Pages have bounds, and statements depend on the shape of a query only.

use kraken_api::api::Origin;
use kraken_api::domain::accounts::open::{self, NewAccount};
use kraken_api::domain::payments::held_schedules::NewSchedule;
use kraken_api::graphql;
use kraken_api::platform::money::Minor;

use super::{COLLECT, wanted};
use crate::roots::bounds_its_pages;
use crate::support::Server;
use crate::support::world::Customer;

#[tokio::test]
async fn every_connection_of_payments_bounds_its_pages() {
    let server = Server::start().await;
    let world = server.world().await;
    let ledger = server.ledger_number(&world.ada).await;
    let account = |below: &str| format!("account(accountNumber: \"{}\") {{ {below} }}", world.ada.account);
    for below in [
        account("payments(PAGE) { edgeCount }"),
        account("paymentSchedules(PAGE) { edgeCount }"),
        account("paginatedPaymentForecast(PAGE) { edgeCount }"),
        account("paymentPlans(PAGE) { edgeCount }"),
        account("ledgers { paymentsWithNonConcludedRePresentation(PAGE) { edgeCount } }"),
        format!("paymentRequests(ledgerNumber: \"{ledger}\") {{ paymentRequest(PAGE) {{ edgeCount }} }}"),
    ] {
        bounds_its_pages(&server, &world.ada.token, &below).await;
    }
}

const QUERY: &str = "{ viewer { accounts { number ... on AccountType { canModifyPayments { canAmendPayments }
    payments(first: 5) { totalCount edges { node { id paymentInstruction { id } } } } paymentSchedule { id }
    paymentSchedules(first: 5) { totalCount edges { node { id paymentDayDetails { description }
        delayConfiguration { code args } } } } paymentForecast(dateTo: \"2026-12-31\") { amount }
    paymentPlans(first: 5) { totalCount edges { node { id account { number } payments { amount } nextPayment { amount } } } }
    transactions(first: 5) { edges { node { ... on Payment { isLateFailedPayment } } } }
    ledgers { paymentAdequacy { isCurrentlyExempt }
        paymentsWithNonConcludedRePresentation(first: 5) { totalCount edges { node { payableDate } } } } } } } }";

#[tokio::test]
async fn one_and_ten_accounts_cost_the_same() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let (portfolio,): (i64,) = sqlx::query_as("select portfolio_id from accounts where id = $1")
        .bind(world.ada.account_id)
        .fetch_one(server.database.pool())
        .await
        .expect("a portfolio");
    let mut counts = Vec::new();
    for accounts in [1, 10] {
        if accounts > 1 {
            for _ in 1..accounts {
                let mut tx = server.tx().await;
                let new = NewAccount {
                    brand: "OCTOPUS_ENERGY",
                    account_type: "DOMESTIC",
                    billing_name: "Ada",
                    ..NewAccount::default()
                };
                let opened =
                    open::account(&mut tx, &server.random, portfolio, &new).await.expect("an account");
                tx.commit().await.expect("committed");
                (world.ada.account, world.ada.account_id) = (opened.number, opened.id);
                furnish(&server, &world.ada).await;
            }
        } else {
            furnish(&server, &world.ada).await;
        }
        let request = graphql::Request { query: QUERY.into(), ..graphql::Request::default() };
        let origin = Origin { authorization: Some(&world.ada.token), client: None };
        let answer = server.app.execute(request, origin).await.expect("an answer");
        let body: serde_json::Value = serde_json::from_slice(&answer.response.body).expect("JSON");
        let seen = body["data"]["viewer"]["accounts"].as_array().expect("accounts");
        assert_eq!(seen.len(), accounts, "{body}");
        assert!(seen.iter().all(|account| account["payments"]["totalCount"] == 1), "{body}");
        counts.push(answer.stats.statements());
    }
    assert!(counts[0] > 0 && counts[0] == counts[1], "{counts:?}");
}

/// A payment, a schedule and a plan that is offered.
async fn furnish(server: &Server, customer: &Customer) {
    server.pays_by(customer, "DIRECT_DEBIT").await;
    server.pays_as(customer, &NewSchedule::monthly("DIRECT_DEBIT", 15, Minor(4200))).await;
    let ledger = server.main_ledger_id(customer).await;
    let asked = wanted(customer, ledger, 500, "2026-03-09", "one");
    server.ask(Some(&customer.token), COLLECT, asked).await;
    server.offers(customer, 3000, 3, "2026-04-01").await.expect("an offer");
}
