//! Nobody sees what is not theirs, by whatever path.

use serde_json::json;

use crate::support::Server;

const ACCOUNT: &str = "query($number: String!) { account(accountNumber: $number) { number } }";

#[tokio::test]
async fn somebody_elses_account_looks_like_one_that_does_not_exist() {
    let server = Server::start().await;
    let world = server.world().await;
    for number in [world.bob.account.as_str(), "A-FFFFFFFF", "nonsense", "", "' or 1=1 --"] {
        for token in [&world.ada.token, &world.partner] {
            let reply = server.send(Some(token), ACCOUNT, json!({ "number": number })).await;
            assert_eq!(reply.codes(), ["KT-CT-4177"], "{number}");
            assert_eq!(reply.json["data"], json!({ "account": null }));
        }
    }
    let data = server.ask(Some(&world.reader), ACCOUNT, json!({ "number": world.bob.account })).await;
    assert_eq!(data["account"]["number"], world.bob.account);
}

#[tokio::test]
async fn an_organisation_sees_what_was_granted() {
    let server = Server::start().await;
    let world = server.world().await;
    let mut tx = server.tx().await;
    kraken_api::domain::auth::organisations::grant(&mut tx, world.partner_id, world.ada.account_id)
        .await
        .expect("granted");
    tx.commit().await.expect("committed");
    let data = server.ask(Some(&world.partner), ACCOUNT, json!({ "number": world.ada.account })).await;
    assert_eq!(data["account"]["number"], world.ada.account);
    let reply = server.send(Some(&world.partner), ACCOUNT, json!({ "number": world.bob.account })).await;
    assert_eq!(reply.codes(), ["KT-CT-4177"]);
}

#[tokio::test]
async fn customers_and_partners_may_not_post_and_staff_need_the_permission() {
    let server = Server::start().await;
    let world = server.world().await;
    let query = "mutation($input: CreateAccountChargeInput!) { createAccountCharge(input: $input) { accountCharge { id } } }";
    let input =
        json!({ "input": { "accountNumber": world.ada.account, "grossAmount": 1, "reason": "ADMIN_FEE" } });
    for token in [&world.ada.token, &world.partner, &world.reader] {
        assert_eq!(server.send(Some(token), query, input.clone()).await.codes(), ["KT-CT-1111"]);
    }
    assert_eq!(server.send(None, query, input).await.codes(), ["KT-CT-1112"]);
}

#[tokio::test]
async fn staff_are_nobodys_customer_and_leave_an_audit_row_a_call() {
    let server = Server::start().await;
    let world = server.world().await;
    assert_eq!(server.send(Some(&world.staff), "{ viewer { id } }", json!({})).await.codes(), ["KT-CT-1111"]);
    server.ask(Some(&world.staff), ACCOUNT, json!({ "number": world.ada.account })).await;
    let query = "mutation($input: CreateAccountChargeInput!) { createAccountCharge(input: $input) { accountCharge { id } } }";
    let input = json!({ "accountNumber": world.ada.account, "grossAmount": 1, "reason": "ADMIN_FEE" });
    server.ask(Some(&world.staff), query, json!({ "input": input })).await;
    let mut tx = server.tx().await;
    let rows: Vec<(String, Option<String>)> =
        sqlx::query_as("select operation, subject from support_audit order by id")
            .fetch_all(&mut tx)
            .await
            .expect("rows");
    let expected = [
        ("Query.viewer".to_owned(), None),
        ("Query.account".to_owned(), None),
        ("Mutation.createAccountCharge".to_owned(), Some(world.ada.account.clone())),
    ];
    assert_eq!(rows, expected);
}
