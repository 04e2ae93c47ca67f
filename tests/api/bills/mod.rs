//! Bills: when they are made, what stands on them, who sees them, and that they stay as they are.

mod readers;

use chrono::{DateTime, Utc};
use kraken_api::domain::billing::rhythms::{self, Periods};
use kraken_api::domain::billing::{cycle, holds};
use kraken_api::domain::check;
use kraken_api::domain::ledgers::charges::{self, SupplyCharge};
use kraken_api::domain::ledgers::payments::{self, Movement};
use kraken_api::platform::db::violated;
use serde_json::{Value, json};
use sqlx::Executor;

use crate::support::Server;
use crate::support::world::PASSWORD;

const BILLS: &str = "query($n: String!, $open: Boolean, $held: Boolean) { account(accountNumber: $n) {
    bills(first: 50, includeOpenStatements: $open, includeHeldStatements: $held) { totalCount edges { node {
        __typename id billType fromDate toDate issuedDate
        ... on StatementType { openingBalance closingBalance paymentDueDate status toAddress reversalsAfterClose
            heldStatus { isHeld reason } totalCharges { netTotal taxTotal grossTotal }
            totalCredits { netTotal taxTotal grossTotal }
            transactions(first: 50) { edges { node { __typename id amount isIssued isHeld } } } }
        ... on PeriodBasedDocumentType { periodNumber: identifier periodClosing: closingBalance isAnnulled periodHeld: isHeld
            documentDebtPosition { expectedAmount remainingAmount }
            lines: transactions(first: 50, orderBy: POSTED_DATE_ASC) { edges { node { __typename title } } } }
        ... on InvoiceType { identifier grossAmount totalPayments isAnnulled invoiceHeld: isHeld
            lines: transactions(first: 50, orderBy: POSTED_DATE_ASC) { edges { node { __typename title } } } }
    } } } } }";
const LEDGER: &str = "query($n: String!) { account(accountNumber: $n) {
    ledgers { statements(first: 50) { edges { node { id identifier startAt endAt firstIssuedAt earliestChargeAt
        latestChargeAt paymentDueDate dueDate annulledBy { id } totalCharges { grossTotal } totalCredits { grossTotal }
        documentDebtPosition { dueDate expectedAmount remainingAmount
            allocations { amount fulfilment { sourceType sourceIdentifier amount } } }
        transactions(first: 50) { edges { node { __typename id title amounts { net gross } } } } } } }
    invoices(first: 50) { edges { node { id number invoicedAmount firstIssued paymentDueDate
        documentDebtPosition { remainingAmount } transactions(first: 5) { edges { node { id } } } } } } } } }";
const OPTIONS: &str = "query($n: String!) { account(accountNumber: $n) { billingOptions { isFixed periodStartDay
    periodLength periodLengthMultiplier currentBillingPeriodStartDate currentBillingPeriodEndDate nextBillingDate } } }";

/// Moves on to nine in the morning, UTC, of a day, and answers a fresh session of staff.
async fn on(server: &Server, day: &str) -> String {
    server.wall.set(format!("{day}T09:00:00Z").parse::<DateTime<Utc>>().expect("a day"));
    server.log_in(json!({ "email": "staff@example.org", "password": PASSWORD })).await
}

async fn owe(server: &Server, account: i64, net: i64) -> i64 {
    let mut tx = server.tx().await;
    let is_export = net < 0;
    let new = SupplyCharge { supply: "electricity", title: "Energy", net, is_export, ledger_type: None };
    let id = charges::for_supply(&mut tx, account, &new).await.expect("charged");
    tx.commit().await.expect("committed");
    id
}

async fn pay(server: &Server, account: i64, amount: i64) -> i64 {
    let mut tx = server.tx().await;
    let movement = Movement { amount, title: "Transfer", payment_type: "OTHER", ledger_type: None };
    let id = payments::record(&mut tx, account, &movement).await.expect("paid");
    tx.commit().await.expect("committed");
    id
}

async fn bills(server: &Server, token: &str, number: &str, open: bool, held: bool) -> Vec<Value> {
    let data = server.ask(Some(token), BILLS, json!({ "n": number, "open": open, "held": held })).await;
    let edges = data["account"]["bills"]["edges"].as_array().expect("bills").clone();
    edges.into_iter().map(|edge| edge["node"].clone()).collect()
}

async fn checked(server: &Server) {
    let mut tx = server.tx().await;
    for finding in check::run(&mut tx).await.expect("checked") {
        assert_eq!(finding.broken, 0, "{}", finding.rule);
    }
}

async fn ledger_of(server: &Server, account: i64) -> i64 {
    let query = sqlx::query_as("select id from ledgers where account_id = $1 and is_main").bind(account);
    let (id,): (i64,) = query.fetch_one(server.database.pool()).await.expect("a ledger");
    id
}

fn id(of: &Value) -> i64 {
    of["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
}

const PERIODS: &str = "fromDate toDate issuedDate";

fn fields(bill: &Value, names: &str) -> Vec<String> {
    names.split(' ').map(|name| bill[name].as_str().unwrap_or("null").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_that_is_over_becomes_one_bill_however_many_servers_there_are() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, twin) = (&world.ada, server.twin());
    server.work_off().await;
    owe(&server, ada.account_id, 5000).await;
    on(&server, "2026-03-20").await;
    let paid = pay(&server, ada.account_id, 2000).await;
    let staff = on(&server, "2026-03-21").await;
    let credit = json!({ "input": { "accountNumber": ada.account, "grossAmount": 1000, "netAmount": 1000,
        "salesTaxAmount": 0, "reason": "GOODWILL", "note": "for staff" } });
    let query = "mutation($input: CreateAccountCreditInput!) { createAccountCredit(input: $input) { accountCredit { id } } }";
    let given =
        server.ask(Some(&staff), query, credit).await["createAccountCredit"]["accountCredit"]["id"].clone();

    assert!(bills(&server, &staff, &ada.account, false, false).await.is_empty(), "the period still runs");
    let open = bills(&server, &staff, &ada.account, true, false).await;
    assert_eq!(open.len(), 1);
    assert_eq!(
        fields(&open[0], "__typename billType status reversalsAfterClose"),
        ["StatementType", "STATEMENT", "OPEN", "NOT_CLOSED"]
    );
    assert_eq!(fields(&open[0], PERIODS), ["2026-03-02", "2026-04-01", "null"]);
    assert_eq!((&open[0]["openingBalance"], &open[0]["closingBalance"]), (&json!(0), &json!(-2250)));
    assert_eq!(open[0]["totalCharges"], json!({ "netTotal": 5000, "taxTotal": 250, "grossTotal": 5250 }));
    assert_eq!(open[0]["transactions"]["edges"].as_array().map(Vec::len), Some(3));

    let staff = on(&server, "2026-04-02").await;
    tokio::join!(server.work_off(), twin.work_off());
    owe(&server, ada.account_id, 100).await;
    tokio::join!(twin.work_off(), server.work_off());
    let found = bills(&server, &staff, &ada.account, false, false).await;
    assert_eq!(found.len(), 1);
    let bill = &found[0];
    assert_eq!(bill["id"], open[0]["id"], "it is the document that was open");
    assert_eq!(fields(bill, PERIODS), ["2026-03-02", "2026-04-01", "2026-04-02"]);
    assert_eq!(
        fields(bill, "status paymentDueDate toAddress reversalsAfterClose"),
        ["CLOSED", "2026-04-16", ada.email, "NONE"]
    );
    assert_eq!((&bill["openingBalance"], &bill["closingBalance"]), (&json!(0), &json!(-2250)));
    assert_eq!(bill["totalCharges"], json!({ "netTotal": 5000, "taxTotal": 250, "grossTotal": 5250 }));
    assert_eq!(bill["totalCredits"], json!({ "netTotal": 1000, "taxTotal": 0, "grossTotal": 1000 }));
    assert_eq!(bill["heldStatus"], json!({ "isHeld": false, "reason": null }));

    let data = server.ask(Some(&staff), LEDGER, json!({ "n": ada.account })).await;
    let edges = data["account"]["ledgers"][0]["statements"]["edges"].as_array().expect("statements").clone();
    assert_eq!(edges.len(), 1);
    let statement = &edges[0]["node"];
    assert_eq!(statement["id"], json!(id(bill)));
    assert_eq!(statement["identifier"], "GB-00000001");
    // The last Sunday of March lies between: midnight is an hour earlier in UTC.
    assert_eq!(
        fields(statement, "startAt endAt firstIssuedAt"),
        ["2026-03-02T00:00:00+00:00", "2026-04-01T23:00:00+00:00", "2026-04-02T09:00:00+00:00"]
    );
    assert_eq!(fields(statement, "earliestChargeAt latestChargeAt"), ["2026-03-02T09:30:00+00:00"; 2]);
    let position = &statement["documentDebtPosition"];
    assert_eq!((&position["expectedAmount"], &position["remainingAmount"]), (&json!(5250), &json!(2250)));
    assert_eq!(
        position["allocations"],
        json!([
            { "amount": 2000, "fulfilment": { "sourceType": "PAYMENT", "sourceIdentifier": paid.to_string(), "amount": 2000 } },
            { "amount": 1000, "fulfilment": { "sourceType": "CREDIT", "sourceIdentifier": given, "amount": 1000 } },
        ])
    );
    let lines: Vec<&str> = statement["transactions"]["edges"]
        .as_array()
        .expect("lines")
        .iter()
        .filter_map(|line| line["node"]["__typename"].as_str())
        .collect();
    assert_eq!(lines, ["BillCredit", "BillPayment", "BillCharge"], "the latest first");

    let query =
        "query($n: String!) { account(accountNumber: $n) { transactions(first: 9, orderBy: POSTED_DATE_ASC) {
        edges { node { isIssued isHeld hasStatement statementId billingDocumentIdentifier } } } } }";
    let data = server.ask(Some(&staff), query, json!({ "n": ada.account })).await;
    let edges = data["account"]["transactions"]["edges"].as_array().expect("transactions").clone();
    let on_bill = json!({ "isIssued": true, "isHeld": false, "hasStatement": true, "statementId": bill["id"],
        "billingDocumentIdentifier": bill["id"] });
    let not_yet = json!({ "isIssued": false, "isHeld": false, "hasStatement": false, "statementId": null,
        "billingDocumentIdentifier": null });
    assert_eq!(
        edges.iter().map(|edge| &edge["node"]).collect::<Vec<_>>(),
        [&on_bill, &on_bill, &on_bill, &not_yet]
    );
    checked(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_off_makes_up_for_every_period_and_bills_none_in_which_nothing_happened() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    owe(&server, ada.account_id, 1000).await;
    on(&server, "2026-04-20").await;
    owe(&server, ada.account_id, 2000).await;
    on(&server, "2026-05-02").await;
    pay(&server, ada.account_id, 500).await;
    let staff = on(&server, "2026-09-15").await;
    owe(&server, ada.account_id, 3000).await;
    server.work_off().await;
    let found = bills(&server, &staff, &ada.account, true, false).await;
    let periods: Vec<Vec<String>> = found.iter().map(|bill| fields(bill, PERIODS)).collect();
    assert_eq!(
        periods,
        [
            ["2026-09-02", "2026-10-01", "null"],
            ["2026-05-02", "2026-06-01", "2026-09-15"],
            ["2026-04-02", "2026-05-01", "2026-09-15"],
            ["2026-03-02", "2026-04-01", "2026-09-15"],
        ]
    );
    let balances: Vec<(i64, i64)> = found
        .iter()
        .map(|bill| {
            (bill["openingBalance"].as_i64().expect("one"), bill["closingBalance"].as_i64().expect("one"))
        })
        .collect();
    assert_eq!(balances, [(-2650, -5800), (-3150, -2650), (-1050, -3150), (0, -1050)]);
    // The payment of May settles the oldest bill.
    let data = server.ask(Some(&staff), LEDGER, json!({ "n": ada.account })).await;
    let edges = data["account"]["ledgers"][0]["statements"]["edges"].as_array().expect("statements").clone();
    let open: Vec<(&Value, &Value)> = edges
        .iter()
        .map(|edge| &edge["node"]["documentDebtPosition"])
        .map(|p| (&p["expectedAmount"], &p["remainingAmount"]))
        .collect();
    assert_eq!(open, [(&json!(0), &json!(0)), (&json!(2100), &json!(2100)), (&json!(1050), &json!(550))]);
    checked(&server).await;
}

#[tokio::test]
async fn a_bill_that_is_held_goes_out_when_it_is_released() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.work_off().await;
    owe(&server, ada.account_id, 1000).await;
    let staff = on(&server, "2026-03-10").await;
    let open = bills(&server, &staff, &ada.account, true, false).await;
    let document = id(&open[0]);
    let mut tx = server.tx().await;
    assert!(matches!(holds::hold(&mut tx, document, " ").await, Err(holds::HoldError::NoReason)));
    assert!(matches!(holds::hold(&mut tx, 1, "why").await, Err(holds::HoldError::Unknown)));
    assert!(matches!(holds::release(&mut tx, document).await, Err(holds::HoldError::NotHeld)));
    holds::hold(&mut tx, document, "The reading is in doubt.").await.expect("held");
    tx.commit().await.expect("committed");

    let staff = on(&server, "2026-04-02").await;
    server.work_off().await;
    assert!(bills(&server, &staff, &ada.account, true, false).await.iter().all(|bill| id(bill) != document));
    let found = bills(&server, &staff, &ada.account, false, true).await;
    assert_eq!(found.len(), 1);
    assert_eq!(fields(&found[0], "status issuedDate paymentDueDate"), ["CLOSED", "null", "null"]);
    assert_eq!(found[0]["heldStatus"], json!({ "isHeld": true, "reason": "The reading is in doubt." }));
    let line = &found[0]["transactions"]["edges"][0]["node"];
    assert_eq!((&line["isHeld"], &line["isIssued"]), (&json!(true), &json!(false)));
    checked(&server).await;

    let staff = on(&server, "2026-04-09").await;
    let mut tx = server.tx().await;
    holds::release(&mut tx, document).await.expect("released");
    assert!(matches!(holds::hold(&mut tx, document, "late").await, Err(holds::HoldError::Issued)));
    tx.commit().await.expect("committed");
    let found = bills(&server, &staff, &ada.account, false, false).await;
    assert_eq!(fields(&found[0], "issuedDate paymentDueDate"), ["2026-04-09", "2026-04-23"]);
    let line = &found[0]["transactions"]["edges"][0]["node"];
    assert_eq!((&line["isHeld"], &line["isIssued"]), (&json!(false), &json!(true)));
    checked(&server).await;
}

#[tokio::test]
async fn what_is_billed_stays_billed() {
    let server = Server::start().await;
    let world = server.world().await;
    server.work_off().await;
    owe(&server, world.ada.account_id, 1000).await;
    owe(&server, world.bob.account_id, 1000).await;
    on(&server, "2026-04-02").await;
    server.work_off().await;
    owe(&server, world.ada.account_id, 700).await;
    let issued = "(select min(id) from billing_documents where status = 'ISSUED')";
    for (sql, constraint) in [
        ("update transactions set billing_document_id = null where is_issued", "transactions_one_bill"),
        ("update transactions set billing_document_id = ISSUED where not is_issued", "transactions_open_bill"),
        ("update billing_documents set payments = payments + 1 where status = 'ISSUED'", "billing_documents_append_only"),
        ("update billing_documents set status = 'OPEN' where status = 'ISSUED'", "billing_documents_append_only"),
        ("update billing_documents set number = 'X' where id = ISSUED", "billing_documents_append_only"),
        ("delete from billing_documents", "billing_documents_append_only"),
        ("insert into billing_documents (ledger_id, kind, from_date, to_date, opened_at)
            select ledger_id, kind, from_date, to_date, opened_at from billing_documents where id = ISSUED",
            "billing_documents_period"),
        ("update billing_documents d set status = 'CLOSED', position = 2, opening_balance = 5, charges_net = 0,
            charges_tax = 0, credits_net = 0, credits_tax = 0, payments = 0, refunds = 0, closing_balance = 5,
            transactions = 0, reversed_at_close = 0, closed_at = now() where status = 'OPEN'", "billing_documents_chain"),
        ("update billing_documents d set status = 'CLOSED', position = 2, opening_balance = -1050, charges_net = 0,
            charges_tax = 0, credits_net = 0, credits_tax = 0, payments = 50, refunds = 0, closing_balance = -1050,
            transactions = 0, reversed_at_close = 0, closed_at = now() where status = 'OPEN'", "billing_documents_balance"),
        ("update billing_documents d set status = 'CLOSED', position = 2, opening_balance = -1050, charges_net = 0,
            charges_tax = 0, credits_net = 0, credits_tax = 0, payments = 50, refunds = 0, closing_balance = -1000,
            transactions = 0, reversed_at_close = 0, closed_at = now() where status = 'OPEN'", "billing_documents_add_up"),
    ] {
        let sql = sql.replace("= ISSUED", &format!("= {issued}"));
        let error = server.database.pool().execute(sql.as_str()).await.expect_err(&sql);
        assert_eq!(violated(&error), Some(constraint), "{sql}: {error}");
    }
    checked(&server).await;
}

#[tokio::test]
async fn the_check_finds_bills_that_were_tampered_with() {
    let server = Server::start().await;
    let world = server.world().await;
    owe(&server, world.ada.account_id, 1000).await;
    on(&server, "2026-04-02").await;
    server.work_off().await;
    checked(&server).await;
    let free =
        "alter table billing_documents disable trigger user; alter table transactions disable trigger user;
        alter table billing_documents drop constraint billing_documents_balance";
    server.tamper(free).await;
    for (sql, back, rules) in [
        (
            "update billing_documents set refunds = refunds + 1 where status = 'ISSUED'",
            "update billing_documents set refunds = refunds - 1 where status = 'ISSUED'",
            vec![
                "every bill says what its transactions add up to",
                "every bill opens with the balance with which the one before it closed",
            ],
        ),
        (
            "update transactions set is_issued = false",
            "update transactions set is_issued = true",
            vec!["every transaction says whether its bill was issued or is held"],
        ),
    ] {
        server.tamper(sql).await;
        let mut tx = server.tx().await;
        let found = check::run(&mut tx).await.expect("checked");
        drop(tx);
        let broken: Vec<&str> = found.iter().filter(|f| f.broken > 0).map(|f| f.rule).collect();
        assert_eq!(broken, rules);
        server.tamper(back).await;
    }
    checked(&server).await;
}

#[tokio::test]
async fn each_market_has_bills_of_its_own_kind() {
    let server = Server::start().await;
    let _world = server.world().await;
    let emma = server.customer("emma@example.org", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    let shiro = server.customer("shiro@example.org", "Shiro Tashiro", "TG_OCTOPUS_ENERGY").await;
    let mei = server.customer("mei@example.org", "Mei Chen", "ORIGIN").await;
    for customer in [&emma, &shiro, &mei] {
        owe(&server, customer.account_id, 1000).await;
        pay(&server, customer.account_id, 400).await;
    }
    let staff = on(&server, "2026-04-02").await;
    server.work_off().await;
    let found = bills(&server, &staff, &emma.account, false, false).await;
    assert_eq!(
        fields(&found[0], "__typename billType identifier"),
        ["InvoiceType", "INVOICE", "DE-00000001"]
    );
    assert_eq!((&found[0]["grossAmount"], &found[0]["totalPayments"]), (&json!(1190), &json!(400)));
    assert_eq!((&found[0]["isAnnulled"], &found[0]["invoiceHeld"]), (&json!(false), &json!(false)));
    let lines: Vec<&Value> =
        found[0]["lines"]["edges"].as_array().expect("lines").iter().map(|line| &line["node"]).collect();
    assert_eq!(
        lines,
        [
            &json!({ "__typename": "BillCharge", "title": "Energy" }),
            &json!({ "__typename": "BillPayment", "title": "Transfer" }),
        ]
    );
    let data = server.ask(Some(&staff), LEDGER, json!({ "n": emma.account })).await;
    let ledger = &data["account"]["ledgers"][0];
    assert_eq!(ledger["statements"]["edges"], json!([]));
    let invoice = &ledger["invoices"]["edges"][0]["node"];
    assert_eq!(fields(invoice, "number paymentDueDate"), ["DE-00000001", "2026-04-16"]);
    assert_eq!((&invoice["id"], &invoice["invoicedAmount"]), (&json!(id(&found[0])), &json!(1190)));
    assert_eq!(invoice["documentDebtPosition"]["remainingAmount"], 790);

    let found = bills(&server, &staff, &shiro.account, false, false).await;
    assert_eq!(
        fields(&found[0], "__typename billType periodNumber"),
        ["PeriodBasedDocumentType", "STATEMENT", "JP-00000001"]
    );
    assert_eq!((&found[0]["periodClosing"], &found[0]["periodHeld"]), (&json!(-700), &json!(false)));
    assert_eq!(found[0]["documentDebtPosition"], json!({ "expectedAmount": 1100, "remainingAmount": 700 }));
    let data = server.ask(Some(&staff), LEDGER, json!({ "n": shiro.account })).await;
    let statement = &data["account"]["ledgers"][0]["statements"]["edges"][0]["node"];
    assert_eq!(fields(statement, "startAt dueDate"), ["2026-03-01T15:00:00+00:00", "2026-05-02"]);

    assert!(bills(&server, &staff, &mei.account, false, false).await.is_empty(), "a quarter is not over");
    let staff = on(&server, "2026-06-02").await;
    server.work_off().await;
    let found = bills(&server, &staff, &mei.account, false, false).await;
    assert_eq!(fields(&found[0], PERIODS), ["2026-03-02", "2026-06-01", "2026-06-02"]);
    checked(&server).await;
}

#[tokio::test]
async fn options_are_the_brands_unless_an_account_has_its_own() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.work_off().await;
    let shown = async |token: &str| {
        server.ask(Some(token), OPTIONS, json!({ "n": ada.account })).await["account"]["billingOptions"]
            .clone()
    };
    assert_eq!(
        shown(&ada.token).await,
        json!({
            "isFixed": true, "periodStartDay": 2, "periodLength": "MONTHLY", "periodLengthMultiplier": 1,
            "currentBillingPeriodStartDate": "2026-03-02", "currentBillingPeriodEndDate": "2026-04-01",
            "nextBillingDate": "2026-04-02"
        })
    );
    let mut tx = server.tx().await;
    let mut new = Periods { length: Some("QUARTERLY"), multiplier: 2, day: Some(30), month: Some(4) };
    rhythms::agree(&mut tx, ada.account_id, &new).await.expect("set");
    for odd in [
        Periods { length: Some("WEEKLY"), ..new },
        Periods { multiplier: 0, ..new },
        Periods { multiplier: 13, ..new },
        Periods { day: Some(32), ..new },
        Periods { month: Some(-1), ..new },
    ] {
        assert!(rhythms::agree(&mut tx, ada.account_id, &odd).await.is_err());
    }
    tx.commit().await.expect("committed");
    owe(&server, ada.account_id, 1000).await;
    let staff = on(&server, "2026-05-01").await;
    server.work_off().await;
    owe(&server, ada.account_id, 1000).await;
    let options = shown(&staff).await;
    assert_eq!(
        fields(&options, "currentBillingPeriodStartDate nextBillingDate"),
        ["2026-04-30", "2026-10-30"]
    );
    // The period that ran when this was agreed on ends with the first one of the new rhythm.
    let found = bills(&server, &staff, &ada.account, true, false).await;
    assert_eq!(fields(&found[0], PERIODS), ["2026-04-30", "2026-10-29", "null"]);
    assert_eq!(fields(&found[1], PERIODS), ["2026-03-02", "2026-04-29", "2026-05-01"]);

    // From bill to bill: no end, until somebody bills.
    new.length = None;
    let mut tx = server.tx().await;
    rhythms::agree(&mut tx, ada.account_id, &new).await.expect("set");
    tx.commit().await.expect("committed");
    let staff = on(&server, "2026-11-05").await;
    server.work_off().await;
    let options = shown(&staff).await;
    assert_eq!(options["isFixed"], false);
    assert_eq!(
        fields(&options, "currentBillingPeriodStartDate currentBillingPeriodEndDate nextBillingDate"),
        ["2026-04-30", "null", "null"]
    );
    owe(&server, ada.account_id, 500).await;
    let ledger = ledger_of(&server, ada.account_id).await;
    let mut tx = server.tx().await;
    assert!(cycle::bill_now(&mut tx, ledger).await.expect("billed"));
    assert!(!cycle::bill_now(&mut tx, ledger).await.expect("nothing to bill"));
    tx.commit().await.expect("committed");
    let found = bills(&server, &staff, &ada.account, true, false).await;
    assert_eq!(fields(&found[0], PERIODS), ["2026-11-06", "null", "null"]);
    assert_eq!(fields(&found[1], PERIODS), ["2026-04-30", "2026-11-05", "2026-11-05"]);
    checked(&server).await;
}
