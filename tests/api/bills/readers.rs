//! Who sees which bills, filtered and in pages.

use serde_json::{Value, json};

use super::{bills, on, owe};
use crate::roots::bounds_its_pages;
use crate::support::Server;
use crate::support::world::Customer;

/// Two months of Ada's, and a month of Bob's.
async fn three_bills(server: &Server, ada: &Customer, bob: &Customer) -> String {
    owe(server, ada.account_id, 1000).await;
    owe(server, bob.account_id, 900).await;
    on(server, "2026-04-02").await;
    server.work_off().await;
    owe(server, ada.account_id, 2000).await;
    let staff = on(server, "2026-05-02").await;
    server.work_off().await;
    staff
}

#[tokio::test]
async fn a_bill_is_its_accounts_and_nobody_elses() {
    let server = Server::start().await;
    let world = server.world().await;
    let staff = three_bills(&server, &world.ada, &world.bob).await;
    let (ada, bob) = (&world.ada, &world.bob);
    let mine = server.log_in(json!({ "APIKey": ada.api_key })).await;
    let theirs = server.log_in(json!({ "APIKey": bob.api_key })).await;
    let found = bills(&server, &mine, &ada.account, false, false).await;
    assert_eq!(found.len(), 2);
    let one = "query($n: String!, $id: ID!, $i: String, $t: BillTypeEnum, $l: String) { account(accountNumber: $n) {
        bill(id: $id, identifier: $i, billType: $t, ledgerNumber: $l) { id fromDate } } }";
    let ask = async |token: &str, number: &str, more: Value| {
        let mut variables = json!({ "n": number, "id": found[0]["id"] });
        variables.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        server.ask(Some(token), one, variables).await["account"]["bill"]["id"].clone()
    };
    assert_eq!(ask(&mine, &ada.account, json!({})).await, found[0]["id"]);
    assert_eq!(
        ask(&mine, &ada.account, json!({ "i": "GB-00000003", "t": "STATEMENT" })).await,
        found[0]["id"]
    );
    for other in [
        json!({ "i": "GB-00000001" }),
        json!({ "t": "INVOICE" }),
        json!({ "l": "L-00000000" }),
        json!({ "id": "x" }),
    ] {
        assert_eq!(ask(&mine, &ada.account, other).await, Value::Null);
    }
    assert_eq!(ask(&theirs, &bob.account, json!({})).await, Value::Null, "not through another account");
    assert_eq!(ask(&staff, &bob.account, json!({})).await, Value::Null);

    let charges =
        "query($n: String!, $b: String!) { charges(accountNumber: $n, billingDocumentIdentifier: $b) {
        grossAmount salesTaxAmount } }";
    for name in [&found[0]["id"], &json!("GB-00000003")] {
        let data = server.ask(Some(&mine), charges, json!({ "n": ada.account, "b": name })).await;
        assert_eq!(data["charges"], json!([{ "grossAmount": 2100, "salesTaxAmount": 100 }]));
        let data = server.ask(Some(&theirs), charges, json!({ "n": ada.account, "b": name })).await;
        assert_eq!(data["charges"], Value::Null);
        let data = server.ask(Some(&theirs), charges, json!({ "n": bob.account, "b": name })).await;
        assert_eq!(data["charges"], Value::Null);
    }
    let open = bills(&server, &mine, &ada.account, true, false).await;
    let data = server.ask(Some(&mine), charges, json!({ "n": ada.account, "b": open[0]["id"] })).await;
    assert_eq!(data["charges"], Value::Null, "not before it is issued");
}

#[tokio::test]
async fn bills_are_filtered_and_paged_for_accounts_and_people() {
    let server = Server::start().await;
    let world = server.world().await;
    let _staff = three_bills(&server, &world.ada, &world.bob).await;
    let ada = &world.ada;
    let mine = server.log_in(json!({ "APIKey": ada.api_key })).await;
    let asked = async |arguments: &str| {
        let query = format!("query($n: String!) {{ viewer {{ bills({arguments}) {{ totalCount pageInfo {{ hasNextPage }}
            edges {{ node {{ fromDate }} }} }} }} account(accountNumber: $n) {{ bills({arguments}) {{ totalCount
            pageInfo {{ hasNextPage }} edges {{ node {{ fromDate }} }} }} }} }}");
        let data = server.ask(Some(&mine), &query, json!({ "n": ada.account })).await;
        assert_eq!(data["viewer"]["bills"], data["account"]["bills"], "{arguments}");
        let edges = data["viewer"]["bills"]["edges"].as_array().expect("edges").clone();
        edges
            .iter()
            .map(|edge| edge["node"]["fromDate"].as_str().expect("a day").to_owned())
            .collect::<Vec<_>>()
    };
    let (march, april) = ("2026-03-02", "2026-04-02");
    assert_eq!(asked("first: 5").await, [april, march]);
    assert_eq!(asked("first: 1").await, [april]);
    assert_eq!(asked("last: 1").await, [march]);
    assert_eq!(asked("first: 5, offset: 1, orderBy: ISSUED_DATE_DESC").await, [march]);
    assert_eq!(asked("first: 5, fromDate: \"2026-03-03\"").await, [april]);
    assert_eq!(asked("first: 5, toDate: \"2026-04-02\"").await, [march]);
    assert_eq!(asked("first: 5, issuedFromDate: \"2026-05-02\"").await, [april]);
    assert_eq!(asked("first: 5, issuedToDate: \"2026-05-02\"").await, [march]);
    assert_eq!(asked("first: 5, onlyCurrentEmail: true").await.len(), 2);
    let change = "mutation($i: UpdateAccountBillingEmailInput!) { updateAccountBillingEmail(input: $i) { account { number } } }";
    let input = json!({ "i": { "accountNumber": ada.account, "billingEmail": "new@example.org" } });
    server.ask(Some(&mine), change, input).await;
    assert_eq!(asked("first: 5, onlyCurrentEmail: true").await, Vec::<String>::new());

    let query = "query($n: [String], $issued: Boolean) { viewer { bills(first: 5, accountNumbers: $n) { totalCount }
        transactions(first: 5, accountNumbers: $n, excludeUnissuedTransactions: $issued, orderBy: POSTED_DATE_ASC,
            fromDate: \"2026-03-02\", toDate: \"2026-06-01\", excludeImportedTransactions: true) {
            totalCount edges { node { amount accountNumber } } } } }";
    owe(&server, ada.account_id, 10).await;
    for (numbers, issued, bills, transactions) in [
        (json!(null), false, 2, vec![1050, 2100, 10]),
        (json!([ada.account]), true, 2, vec![1050, 2100]),
        (json!([world.bob.account]), false, 0, vec![]),
    ] {
        let data = server.ask(Some(&mine), query, json!({ "n": numbers, "issued": issued })).await;
        assert_eq!(data["viewer"]["bills"]["totalCount"], bills);
        let amounts: Vec<i64> = data["viewer"]["transactions"]["edges"]
            .as_array()
            .expect("edges")
            .iter()
            .filter_map(|edge| edge["node"]["amount"].as_i64())
            .collect();
        assert_eq!(amounts, transactions);
    }
    let query = "query($n: String!, $id: Int) { account(accountNumber: $n) { ledgers {
        all: statements(first: 5, orderBy: FINALIZED_AT_ASC) { edges { node { id } } }
        one: statements(first: 5, statementId: $id) { edges { node { id } } } } } }";
    let data = server.ask(Some(&mine), query, json!({ "n": ada.account, "id": null })).await;
    let all = data["account"]["ledgers"][0]["all"]["edges"].as_array().expect("edges").clone();
    let first = all[0]["node"]["id"].as_i64().expect("an id");
    assert!(all.len() == 2 && first < all[1]["node"]["id"].as_i64().expect("an id"));
    let data = server.ask(Some(&mine), query, json!({ "n": ada.account, "id": first })).await;
    assert_eq!(data["account"]["ledgers"][0]["one"]["edges"], json!([all[0]]));
}

#[tokio::test]
async fn every_connection_of_bills_bounds_its_pages() {
    let server = Server::start().await;
    let world = server.world().await;
    let emma = server.customer("emma@example.org", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    let shiro = server.customer("shiro@example.org", "Shiro Tashiro", "TG_OCTOPUS_ENERGY").await;
    for customer in [&world.ada, &emma, &shiro] {
        owe(&server, customer.account_id, 1000).await;
    }
    on(&server, "2026-04-02").await;
    server.work_off().await;
    let token = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    bounds_its_pages(&server, &token, "viewer { bills(PAGE) { edgeCount } }").await;
    let of_bill = |kind: &str, field: &str| {
        format!(
            "bills(first: 1) {{ edges {{ node {{ ... on {kind} {{ {field}(PAGE) {{ edgeCount }} }} }} }} }}"
        )
    };
    let of_ledger = |field: &str| {
        format!(
            "ledgers {{ {field}(first: 1) {{ edges {{ node {{ transactions(PAGE) {{ edgeCount }} }} }} }} }}"
        )
    };
    let mut asked = vec![(&world.ada, "bills(PAGE) { edgeCount }".to_owned())];
    asked.push((&world.ada, "ledgers { statements(PAGE) { edgeCount } }".to_owned()));
    asked.push((&world.ada, "ledgers { invoices(PAGE) { edgeCount } }".to_owned()));
    asked.extend([(&world.ada, of_ledger("statements")), (&emma, of_ledger("invoices"))]);
    asked.extend(["transactions", "attachments"].map(|field| (&world.ada, of_bill("StatementType", field))));
    for field in ["transactions", "attachments", "representations"] {
        asked.push((&emma, of_bill("InvoiceType", field)));
        asked.push((&shiro, of_bill("PeriodBasedDocumentType", field)));
    }
    for (customer, below) in asked {
        let token = server.log_in(json!({ "APIKey": customer.api_key })).await;
        let below = format!("account(accountNumber: \"{}\") {{ {below} }}", customer.account);
        bounds_its_pages(&server, &token, &below).await;
    }
}
