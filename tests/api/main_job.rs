//! The main job: log in, look at the account, staff post, the customer sees it.

use kraken_api::domain::accounts::open::{self, NewUser};
use kraken_api::domain::accounts::roles;
use serde_json::json;

use crate::support::{Server, record};

const BALANCE: &str = "query($number: String!) { account(accountNumber: $number) {
    number balance
    ledgers { number balance transactions(first: 5) { edges { node { id } } } }
    transactions(first: 10) { totalCount edgeCount edges { cursor node {
        __typename id postedDate amount balanceCarriedForward title reasonCode note
        amounts { net tax gross } } } }
} }";

#[tokio::test]
async fn a_customer_finds_their_accounts_after_logging_in() {
    let server = Server::start().await;
    let world = server.world().await;
    let token = server
        .log_in(json!({ "email": "Ada@Example.org", "password": crate::support::world::PASSWORD }))
        .await;
    let data = server.ask(Some(&token), "{ viewer { email accounts { number } } }", json!({})).await;
    assert_eq!(data["viewer"]["email"], world.ada.email);
    assert_eq!(data["viewer"]["accounts"], json!([{ "number": world.ada.account }]));
}

#[tokio::test]
async fn a_charge_and_a_credit_move_the_balance_by_exactly_that() {
    let server = Server::start().await;
    let world = server.world().await;
    let number = json!({ "number": world.ada.account });
    let before = server.ask(Some(&world.ada.token), BALANCE, number.clone()).await;
    assert_eq!(before["account"]["balance"], 0);

    let charged = server
        .ask(
            Some(&world.staff),
            "mutation($input: CreateAccountChargeInput!) { createAccountCharge(input: $input) { accountCharge {
                id netAmount salesTaxAmount grossAmount reason note displayNote metadata { data updatedAt } } } }",
            json!({ "input": { "accountNumber": world.ada.account, "grossAmount": 1050, "reason": "ADMIN_FEE",
                "note": "by phone", "displayNote": "Copy of a bill", "metadata": "{\"ticket\": 7}" } }),
        )
        .await;
    let charge = &charged["createAccountCharge"]["accountCharge"];
    // 5 % British tax on domestic energy accounts: 10.50 is 10.00 and 0.50.
    assert_eq!(charge["netAmount"], 1000);
    assert_eq!(charge["salesTaxAmount"], 50);
    assert_eq!(charge["metadata"]["data"], "{\"ticket\":7}");

    server
        .ask(
            Some(&world.staff),
            "mutation($input: CreateAccountCreditInput!) { createAccountCredit(input: $input) { accountCredit {
                id netAmount salesTaxAmount grossAmount reason note } } }",
            json!({ "input": { "accountNumber": world.ada.account, "netAmount": 500, "grossAmount": 525,
                "salesTaxAmount": 25, "reason": "EXTERNAL_REFERRAL_CREDIT" } }),
        )
        .await;

    let after = server.ask(Some(&world.ada.token), BALANCE, number).await;
    let account = &after["account"];
    assert_eq!(account["balance"], -1050 + 525);
    assert_eq!(account["ledgers"][0]["balance"], -525);
    let nodes: Vec<_> =
        account["transactions"]["edges"].as_array().expect("edges").iter().map(|e| &e["node"]).collect();
    assert_eq!(nodes.len(), 2);
    assert_eq!(account["transactions"]["totalCount"], 2);
    assert_eq!(nodes[0]["__typename"], "Credit");
    assert_eq!(nodes[0]["balanceCarriedForward"], -525);
    assert_eq!(nodes[1]["__typename"], "Charge");
    assert_eq!(nodes[1]["id"], charge["id"]);
    assert_eq!(nodes[1]["balanceCarriedForward"], -1050);
    assert_eq!(nodes[1]["amounts"], json!({ "net": 1000, "tax": 50, "gross": 1050 }));
    record::read_back("createAccountCharge");
    record::read_back("createAccountCredit");
}

#[tokio::test]
async fn what_cannot_be_posted_is_refused_with_its_code_and_changes_nothing() {
    let server = Server::start().await;
    let world = server.world().await;
    let charge = async |input: serde_json::Value| {
        let query = "mutation($input: CreateAccountChargeInput!) { createAccountCharge(input: $input) { accountCharge { id } } }";
        let reply = server.send(Some(&world.staff), query, json!({ "input": input })).await;
        assert_eq!(reply.json["data"]["createAccountCharge"], serde_json::Value::Null);
        reply.codes().join(" ")
    };
    let number = &world.ada.account;
    let input = |amount: i64, reason: &str| json!({ "accountNumber": number, "grossAmount": amount, "reason": reason });
    assert_eq!(charge(input(0, "ADMIN_FEE")).await, "KT-CT-5213");
    assert_eq!(charge(input(-5, "ADMIN_FEE")).await, "KT-CT-5213");
    assert_eq!(charge(input(100, "NO_SUCH_REASON")).await, "KT-CT-5212");
    assert_eq!(
        charge(json!({ "accountNumber": "A-00000000", "grossAmount": 1, "reason": "ADMIN_FEE" })).await,
        "KT-CT-5213"
    );
    let mut tx = server.tx().await;
    sqlx::query("update charge_reasons set is_deprecated = true where code = 'EXIT_FEE'")
        .execute(&mut tx)
        .await
        .expect("updated");
    tx.commit().await.expect("committed");
    assert_eq!(charge(input(100, "EXIT_FEE")).await, "KT-CT-5211");

    let credit = async |net: i64, tax: i64, gross: i64| {
        let query = "mutation($input: CreateAccountCreditInput!) { createAccountCredit(input: $input) { accountCredit { id } } }";
        let input = json!({ "accountNumber": number, "netAmount": net, "salesTaxAmount": tax, "grossAmount": gross,
            "reason": "EXTERNAL_REFERRAL_CREDIT" });
        server.send(Some(&world.staff), query, json!({ "input": input })).await.codes().join(" ")
    };
    assert_eq!(credit(100, 5, 104).await, "KT-CT-5314");
    assert_eq!(credit(0, 0, 0).await, "KT-CT-5315");

    let data = server.ask(Some(&world.ada.token), BALANCE, json!({ "number": number })).await;
    assert_eq!(data["account"]["balance"], 0);
    assert_eq!(data["account"]["transactions"]["totalCount"], 0);
}

#[tokio::test]
async fn a_failing_root_mutation_does_not_undo_the_one_before_and_reads_see_each() {
    let server = Server::start().await;
    let world = server.world().await;
    let document = format!(
        "mutation {{
            a: createAccountCharge(input: {{accountNumber: \"{0}\", grossAmount: 100, reason: \"ADMIN_FEE\"}}) {{ accountCharge {{ id }} }}
            b: createAccountCharge(input: {{accountNumber: \"{0}\", grossAmount: 0, reason: \"ADMIN_FEE\"}}) {{ accountCharge {{ id }} }}
            c: createAccountCharge(input: {{accountNumber: \"{0}\", grossAmount: 30, reason: \"ADMIN_FEE\"}}) {{ accountCharge {{ id }} }}
        }}",
        world.ada.account
    );
    let reply = server.send(Some(&world.staff), &document, json!({})).await;
    assert_eq!(reply.codes(), ["KT-CT-5213"]);
    assert_eq!(reply.errors()[0]["path"], json!(["b"]));
    assert!(reply.json["data"]["a"].is_object() && reply.json["data"]["c"].is_object());
    let data = server.ask(Some(&world.ada.token), BALANCE, json!({ "number": world.ada.account })).await;
    assert_eq!(data["account"]["balance"], -130);
}

#[tokio::test]
async fn reasons_are_listed_for_staff() {
    let server = Server::start().await;
    let world = server.world().await;
    let data = server
        .ask(
            Some(&world.staff),
            "{ accountChargeReasons { code display isDeprecated isTaxExempt isHidden group }
               accountCreditReasons { code display group } }",
            json!({}),
        )
        .await;
    let codes = |name: &str| -> Vec<String> {
        let list = data[name].as_array().expect("reasons").iter();
        list.map(|r| r["code"].as_str().expect("a code").to_owned()).collect()
    };
    assert!(codes("accountChargeReasons").contains(&"ADMIN_FEE".to_owned()));
    // Every reason that the enum of the mutation has can be given.
    let schema =
        apollo_compiler::Schema::parse(server.app.engine().sdl(), "served.graphql").expect("a schema");
    let values = &schema.get_enum("AccountCreditReasonType").expect("the enum").values;
    let mut known: Vec<String> = values.keys().map(ToString::to_string).collect();
    known.sort();
    assert_eq!(codes("accountCreditReasons"), known);
}

#[tokio::test]
async fn what_is_reached_by_two_ways_is_listed_once_each_time() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    let new = NewUser { given_name: "Eve", ..NewUser::default() };
    let eve = open::user(&mut tx, &server.random, &new).await.expect("a user");
    roles::give_on_account(&mut tx, world.ada.account_id, eve, "MEMBER").await.expect("a role");
    tx.commit().await.expect("committed");
    let charge = "mutation($input: CreateAccountChargeInput!) { createAccountCharge(input: $input) { accountCharge { id } } }";
    let input = json!({ "accountNumber": world.ada.account, "grossAmount": 3, "reason": "ADMIN_FEE" });
    server.ask(Some(&world.staff), charge, json!({ "input": input })).await;
    let query = "query($number: String!) { account(accountNumber: $number) { users { portfolios(first: 9) { edgeCount }
        accounts { ... on AccountType { transactions(first: 9) { edgeCount }
            ledgers { transactions(first: 9) { edgeCount } }
            portfolio { accounts(first: 9) { edgeCount } } } } } } }";
    let data = server.ask(Some(&world.ada.token), query, json!({ "number": world.ada.account })).await;
    let users = data["account"]["users"].as_array().expect("users");
    assert_eq!(users.len(), 2);
    let one = json!({ "edgeCount": 1 });
    for account in users.iter().flat_map(|user| user["accounts"].as_array().expect("accounts")) {
        let expected = json!({ "transactions": one, "ledgers": [{ "transactions": one }], "portfolio": { "accounts": one } });
        assert_eq!(account, &expected);
    }
}
