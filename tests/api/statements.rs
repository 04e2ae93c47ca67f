//! Statements depend on the shape of a query, never on how many rows it returns.

use axum::body::Body;
use axum::http::{Request, header};
use chrono::Days;
use kraken_api::api::Origin;
use kraken_api::domain::accounts::open::{self, NewAccount};
use kraken_api::domain::auth::Viewer;
use kraken_api::domain::ledgers::contributions::{self, NewAgreement};
use kraken_api::domain::ledgers::payments::{self, Movement};
use kraken_api::domain::payments::bank::Given;
use kraken_api::domain::payments::direct_debits::{self, NewDirectDebit};
use kraken_api::graphql;
use kraken_api::platform::db::Tx;
use serde_json::json;
use tower::ServiceExt;

use crate::support::Server;
use crate::support::world::Customer;

const QUERY: &str = "{ viewer { accounts { number ... on AccountType { balance
    users { email preferences { emailFormat isOptedInToLifeSupportCall } consents { value }
        businesses(first: 2) { edges { node { name } } } }
    consents { code type { name } } consentData
    portfolio { number depth ancestors(first: 2) { edgeCount } descendants(first: 2) { edges { node { number } } } }
    business { name sectors linkedAccountNumbers } isShellAccount canBeWithdrawn applications(first: 1) { edgeCount }
    ledgers { number balance transactions(first: 5) { totalCount edges { node { id title amounts { gross } } } } }
    transactions(first: 5) { edges { node { id } } }
    annualStatements(first: 2) { edges { node { id pdfUrl } } }
    billingTriggerConfiguration { nextIssueDate operationFrequencies { multiplier temporalParams { paramKey } } }
    debtCollectionProceedings { amount agency { code } collectionCampaign { code } } } } } }";

const OF_STAFF: &str = "query($p: String!) { portfolio(portfolioNumber: $p) { accounts(first: 100) { edges { node {
    number overdueBalance dueCharges { amount } notes { body } references { value } metadata { key } campaigns { slug } reminders(first: 5) { totalCount edges { node { id } } }
    isInHardship activeHardshipAgreements { id } assistanceAgreements { activeFrom }
    isOnSupply meterPointStatus users { label permissions { permission } primaryPlacesOfResidence { fromDate property { id } user { id } } alternativePhoneNumbers hasFamilyIssues isInHardship details { value }
        specialCircumstances { isSharingConsentGiven } } } } } } }";

const OF_DESK: &str =
    "query($p: String!) { portfolio(portfolioNumber: $p) { accounts(first: 100) { edges { node {
    complaints(first: 2) { edges { node { id contacts(first: 2) { edgeCount } } } } fileAttachments { id }
    paginatedFileAttachments(first: 2) { edges { node { id } } } preferredLanguageForComms
    serviceOrders { __typename } } } } } }";

const OF_LEDGERS: &str = "{ viewer { accounts { number ... on AccountType { hasWriteOffLedgers
    canRequestRefund requestRefundEligibility { reason } maximumRefund { amount }
    repayments(first: 5) { totalCount edges { node { id } } }
    ledgers { creditTransferPermissionsData { toTargetLedgers { ledgerNumber } }
        repaymentRequests(first: 5) { totalCount edges { node { requestId } } }
        usablePaymentInstructions(first: 2) { edgeCount } currentDirectDebitInstructionInvalidatedWithVendor }
    paymentMethods(first: 2) { totalCount edges { node { id supplementaryLedger { number } owners { accountUser { id } business { id } } } } }
    directDebitInstructions(first: 2) { edges { node { status } } } users { paymentMethods(first: 1) { edgeCount } }
    contributionAgreements { contributionScheme { code } periods(first: 5) { totalCount edges { node { id agreement { id } } } } }
    provisionalTransactions(first: 5) { totalCount edges { node { id } } } } } } }";

/// Agrees on a regular gift of an account, and sets a direct debit up.
async fn give(tx: &mut Tx, customer: &Customer, account_number: &str) {
    let active_from = tx.business_now().await.expect("now");
    let new = NewAgreement {
        account_number,
        scheme: "WARM_HOMES",
        every: "MONTHLY",
        amount: 100,
        active_from,
        active_to: None,
    };
    let viewer = Viewer::customer(customer.user_id);
    contributions::create(tx, &viewer, &new).await.expect("agreed");
    let debit = NewDirectDebit { account_number, ledger: None, valid_from: None, owners: &[] };
    let bank = Given {
        account_holder: Some("Ada Lovelace".into()),
        bank_code: Some("200000".into()),
        account_number: Some("55779911".into()),
        ..Given::default()
    };
    direct_debits::set_up(tx, &viewer, &debit, &bank).await.expect("set up");
}

#[tokio::test]
async fn one_ten_and_a_hundred_accounts_cost_the_same() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    give(&mut tx, &world.ada, &world.ada.account).await;
    tx.commit().await.expect("committed");
    let business = server.business(&world.staff, "1").await;
    server.share(world.ada.account_id, &business).await;
    let mut counts = Vec::new();
    for accounts in [1, 10, 100] {
        let mut tx = server.tx().await;
        let portfolio: (i64,) = sqlx::query_as("select portfolio_id from accounts where id = $1")
            .bind(world.ada.account_id)
            .fetch_one(&mut tx)
            .await
            .expect("a portfolio");
        let have: (i64,) = sqlx::query_as("select count(*) from accounts where portfolio_id = $1")
            .bind(portfolio.0)
            .fetch_one(&mut tx)
            .await
            .expect("a count");
        for _ in have.0..accounts {
            let new = NewAccount {
                brand: "OCTOPUS_ENERGY",
                account_type: "DOMESTIC",
                billing_name: "Ada",
                ..NewAccount::default()
            };
            let opened = open::account(&mut tx, &server.random, portfolio.0, &new).await.expect("an account");
            give(&mut tx, &world.ada, &opened.number).await;
        }
        tx.commit().await.expect("committed");
        let request = graphql::Request { query: QUERY.into(), ..graphql::Request::default() };
        let answer = server
            .app
            .execute(request, Origin { authorization: Some(&world.ada.token), client: None })
            .await
            .expect("an answer");
        let body: serde_json::Value = serde_json::from_slice(&answer.response.body).expect("JSON");
        assert_eq!(
            body["data"]["viewer"]["accounts"].as_array().map(Vec::len),
            usize::try_from(accounts).ok(),
            "{body}"
        );
        let number: (String,) = sqlx::query_as("select number from portfolios where id = $1")
            .bind(portfolio.0)
            .fetch_one(server.database.pool())
            .await
            .expect("a number");
        let variables = json!({ "p": number.0 }).as_object().cloned().unwrap_or_default();
        let mut counted = vec![answer.stats.statements()];
        for query in [OF_STAFF, OF_DESK] {
            let variables = variables.clone();
            let request = graphql::Request { query: query.into(), variables, ..graphql::Request::default() };
            let origin = Origin { authorization: Some(&world.staff), client: None };
            let of_staff = server.app.execute(request, origin).await.expect("an answer");
            let body: serde_json::Value = serde_json::from_slice(&of_staff.response.body).expect("JSON");
            let seen = body["data"]["portfolio"]["accounts"]["edges"].as_array().map(Vec::len);
            assert_eq!(seen, usize::try_from(accounts).ok(), "{body}");
            counted.push(of_staff.stats.statements());
        }
        let request = graphql::Request { query: OF_LEDGERS.into(), ..graphql::Request::default() };
        let origin = Origin { authorization: Some(&world.ada.token), client: None };
        let of_ledgers = server.app.execute(request, origin).await.expect("an answer");
        let body: serde_json::Value = serde_json::from_slice(&of_ledgers.response.body).expect("JSON");
        assert_eq!(
            body["data"]["viewer"]["accounts"][0]["contributionAgreements"][0]["periods"]["totalCount"],
            1
        );
        assert_eq!(body["data"]["viewer"]["accounts"][0]["paymentMethods"]["totalCount"], 1);
        counted.push(of_ledgers.stats.statements());
        counts.push(counted);
    }
    assert!(counts[0][0] > 0 && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}

const SEARCH: &str =
    "query($t: AccountSearchInputType!) { accountsSearch(searchTerms: $t, maxResults: 100) { score account {
    number ... on AccountType { balance users { email } portfolio { number }
    ledgers { number transactions(first: 2) { edges { node { id } } } } } } } }";

#[tokio::test]
async fn a_search_costs_the_same_whatever_it_finds() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    let portfolio =
        open::portfolio(&mut tx, &server.random, "OCTOPUS_ENERGY", "Nobody").await.expect("a portfolio");
    for (name, times) in [("Zebulon Quick", 1), ("Hypatia Stone", 10), ("Ottoline Marsh", 100)] {
        for _ in 0..times {
            let new = NewAccount {
                brand: "OCTOPUS_ENERGY",
                account_type: "DOMESTIC",
                billing_name: name,
                ..NewAccount::default()
            };
            open::account(&mut tx, &server.random, portfolio, &new).await.expect("an account");
        }
    }
    tx.commit().await.expect("committed");
    let mut counts = Vec::new();
    for (name, times) in [("Zebulon Quick", 1), ("Hypatia Stone", 10), ("Ottoline Marsh", 100)] {
        // Another term more takes no statement more.
        let variables = json!({ "t": { "billingName": name, "account": name } });
        let variables = serde_json::from_value(variables).expect("variables");
        let request = graphql::Request { query: SEARCH.into(), variables, ..graphql::Request::default() };
        let origin = Origin { authorization: Some(&world.staff), client: None };
        let answer = server.app.execute(request, origin).await.expect("an answer");
        let body: serde_json::Value = serde_json::from_slice(&answer.response.body).expect("JSON");
        assert_eq!(body["data"]["accountsSearch"].as_array().map(Vec::len), Some(times), "{body}");
        counts.push(answer.stats.statements());
    }
    assert!(counts[0] > 0 && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}

const BILLS: &str =
    "{ viewer { bills(first: 50) { edges { node { id } } } transactions(first: 5) { edges { node { id } } }
    accounts { ... on AccountType { billingOptions { nextBillingDate }
    bills(first: 50) { totalCount edges { node { id ... on StatementType { closingBalance reversalsAfterClose
        transactions(first: 5) { totalCount edges { node { id } } } } } } }
    ledgers { statements(first: 50) { edges { node { id earliestChargeAt latestChargeAt
        documentDebtPosition { remainingAmount allocations { amount fulfilment { sourceIdentifier } } }
        transactions(first: 5) { edges { node { id } } } } } } } } } } }";

#[tokio::test]
async fn one_bill_and_a_dozen_cost_the_same() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut counts = Vec::new();
    for months in [1, 3, 12] {
        let (have,): (i64,) =
            sqlx::query_as("select count(*) from billing_documents where status = 'ISSUED'")
                .fetch_one(server.database.pool())
                .await
                .expect("a count");
        for _ in have..months {
            let mut tx = server.tx().await;
            let movement =
                Movement { amount: 100, title: "Transfer", payment_type: "OTHER", ledger_type: None };
            payments::record(&mut tx, world.ada.account_id, &movement).await.expect("paid");
            tx.commit().await.expect("committed");
            server.wall.set(server.wall.now() + Days::new(32));
            server.work_off().await;
        }
        let token = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
        let request = graphql::Request { query: BILLS.into(), ..graphql::Request::default() };
        let from = Origin { authorization: Some(&token), client: None };
        let answer = server.app.execute(request, from).await.expect("an answer");
        let body: serde_json::Value = serde_json::from_slice(&answer.response.body).expect("JSON");
        let account = &body["data"]["viewer"]["accounts"][0];
        assert_eq!(account["bills"]["totalCount"], months, "{body}");
        assert_eq!(
            account["ledgers"][0]["statements"]["edges"].as_array().map(Vec::len),
            usize::try_from(months).ok()
        );
        counts.push(answer.stats.statements());
    }
    assert!(counts[0] > 0 && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
}

#[tokio::test]
async fn a_total_that_is_not_asked_for_is_not_counted() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut counts = Vec::new();
    for extra in ["", "totalCount"] {
        let query = format!(
            "{{ account(accountNumber: \"{}\") {{ transactions(first: 5) {{ edgeCount {extra} }} }} }}",
            world.ada.account
        );
        let request = graphql::Request { query, ..graphql::Request::default() };
        let answer = server
            .app
            .execute(request, Origin { authorization: Some(&world.ada.token), client: None })
            .await
            .expect("an answer");
        counts.push(answer.stats.statements());
    }
    assert_eq!(counts[0] + 1, counts[1]);
}

#[tokio::test]
async fn a_query_reads_one_moment() {
    let server = Server::start().await;
    let world = server.world().await;
    let query = format!(
        "{{ a: account(accountNumber: \"{0}\") {{ balance transactions(first: 100) {{ edges {{ node {{ amount }} }} }} }} }}",
        world.ada.account
    );
    let request = Request::post("/v1/graphql/")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, &world.ada.token)
        .body(Body::from(json!({ "query": query }).to_string()))
        .expect("a request");
    let charge = "mutation($input: CreateAccountChargeInput!) { createAccountCharge(input: $input) { accountCharge { id } } }";
    let input =
        json!({ "input": { "accountNumber": world.ada.account, "grossAmount": 3, "reason": "ADMIN_FEE" } });
    let (read, _) =
        tokio::join!(server.router.clone().oneshot(request), server.ask(Some(&world.staff), charge, input));
    let bytes = axum::body::to_bytes(read.expect("an answer").into_body(), usize::MAX).await.expect("a body");
    let body: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    let account = &body["data"]["a"];
    let sum: i64 = account["transactions"]["edges"]
        .as_array()
        .expect("edges")
        .iter()
        .map(|edge| -edge["node"]["amount"].as_i64().expect("an amount"))
        .sum();
    assert_eq!(account["balance"].as_i64(), Some(sum));
}

const CONTRACTS: &str =
    "query($n: NonEmptyString!) { contracts(filters: { party: { account: $n } }) { identifier status
    party { ... on AccountType { number } } subject { number } lifecycle { versionReference }
    notes { reason { slug } } terms { identifier } } }";

#[tokio::test]
async fn one_contract_and_a_dozen_cost_the_same() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut counts = Vec::new();
    for (first, last) in [(2000, 2001), (2001, 2012)] {
        for year in first..last {
            let (from, to) = (format!("{year}-01-01"), format!("{}-01-01", year + 1));
            server.signs(&world.ada, &from, Some(&to)).await.expect("signed");
        }
        let variables = json!({ "n": world.ada.account }).as_object().cloned().unwrap_or_default();
        let request = graphql::Request { query: CONTRACTS.into(), variables, ..graphql::Request::default() };
        let origin = Origin { authorization: Some(&world.ada.token), client: None };
        let answer = server.app.execute(request, origin).await.expect("an answer");
        let body: serde_json::Value = serde_json::from_slice(&answer.response.body).expect("JSON");
        let listed = body["data"]["contracts"].as_array().map(Vec::len);
        assert_eq!(listed, usize::try_from(last - 2000).ok(), "{body}");
        counts.push(answer.stats.statements());
    }
    assert_eq!(counts[0], counts[1]);
}
