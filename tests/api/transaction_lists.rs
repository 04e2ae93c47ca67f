//! Lists of transactions: whichever fields are asked for, and however few, they say the same.

use serde_json::{Value, json};

use crate::support::Server;

const FIELDS: [&str; 19] = [
    "id",
    "postedDate",
    "createdAt",
    "accountNumber",
    "amount",
    "amounts { net tax gross }",
    "balanceCarriedForward",
    "isCredit",
    "isAccountCharge",
    "isAccountPayment",
    "isHeld",
    "isIssued",
    "title",
    "billingDocumentIdentifier",
    "statementId",
    "hasStatement",
    "isReversed",
    "note",
    "reasonCode",
];

const CHARGE: &str =
    "mutation($i: CreateAccountChargeInput!) { createAccountCharge(input: $i) { accountCharge { id } } }";

fn listed(fields: &str, arguments: &str) -> String {
    let list = format!("transactions({arguments}) {{ edges {{ node {{ {fields} }} }} }}");
    format!("query($n: String!) {{ account(accountNumber: $n) {{ {list} ledgers {{ {list} }} }} }}")
}

/// What the nodes of both lists say of one field.
fn said(account: &Value, field: &str) -> Vec<Value> {
    let name = field.split(' ').next().unwrap_or_default();
    let lists = [&account["transactions"], &account["ledgers"][0]["transactions"]];
    let edges = lists.iter().flat_map(|list| list["edges"].as_array().into_iter().flatten());
    edges.map(|edge| edge["node"][name].clone()).collect()
}

#[tokio::test]
async fn a_field_says_the_same_alone_and_beside_others() {
    let server = Server::start().await;
    let world = server.world().await;
    let credit =
        "mutation($i: CreateAccountCreditInput!) { createAccountCredit(input: $i) { accountCredit { id } } }";
    for gross in [1050, 2100] {
        let input = json!({ "accountNumber": world.ada.account, "grossAmount": gross, "reason": "ADMIN_FEE",
            "note": "by letter" });
        server.ask(Some(&world.staff), CHARGE, json!({ "i": input })).await;
    }
    let input = json!({ "accountNumber": world.ada.account, "netAmount": 300, "salesTaxAmount": 0, "grossAmount": 300,
        "reason": "GOODWILL" });
    server.ask(Some(&world.staff), credit, json!({ "i": input })).await;

    let number = json!({ "n": world.ada.account });
    for arguments in ["first: 5", "first: 2, orderBy: POSTED_DATE_ASC", "last: 2"] {
        let all = listed(&FIELDS.join(" "), arguments);
        let whole = server.ask(Some(&world.ada.token), &all, number.clone()).await["account"].take();
        assert!(said(&whole, "id").len() >= 4, "{whole}");
        for field in FIELDS {
            let alone = server.ask(Some(&world.ada.token), &listed(field, arguments), number.clone()).await;
            assert_eq!(said(&alone["account"], field), said(&whole, field), "{field} of {arguments}");
        }
    }
}

#[tokio::test]
async fn whether_there_are_more_is_said_wherever_it_is_asked() {
    let server = Server::start().await;
    let world = server.world().await;
    for gross in [100, 200, 300] {
        let input =
            json!({ "accountNumber": world.ada.account, "grossAmount": gross, "reason": "ADMIN_FEE" });
        server.ask(Some(&world.staff), CHARGE, json!({ "i": input })).await;
    }
    let query = "query($n: String!) { account(accountNumber: $n) {
            some: transactions(first: 2) { edges { node { amount } } }
            few: transactions(first: 2) { ...Page }
            all: transactions(first: 3) { ...Page }
            last: transactions(last: 2) { edges { node { amount } } page: pageInfo { hasNextPage hasPreviousPage } }
        } }
        fragment Page on TransactionConnectionTypeConnection {
            ... { found: pageInfo { more: hasNextPage } } edges { node { amount } }
        }";
    let account =
        &server.ask(Some(&world.ada.token), query, json!({ "n": world.ada.account })).await["account"];
    let amounts = |list: &str| -> Vec<i64> {
        let edges = account[list]["edges"].as_array().expect("a list").iter();
        edges.filter_map(|edge| edge["node"]["amount"].as_i64()).collect()
    };
    assert_eq!((amounts("some"), amounts("few")), (vec![300, 200], vec![300, 200]));
    assert_eq!(account["few"]["found"]["more"], true);
    assert_eq!((amounts("all"), &account["all"]["found"]["more"]), (vec![300, 200, 100], &json!(false)));
    assert_eq!(amounts("last"), [200, 100]);
    assert_eq!(account["last"]["page"], json!({ "hasNextPage": false, "hasPreviousPage": true }));
}
