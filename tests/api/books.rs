//! The books under many callers at once. What the database itself refuses is in `domain/books.rs`.

use serde_json::json;

use crate::support::Server;
use kraken_api::domain::check;

#[tokio::test]
async fn many_callers_at_once_lose_nothing_and_double_nothing() {
    let server = Server::start().await;
    let world = server.world().await;
    let query = "mutation($input: CreateAccountChargeInput!) { createAccountCharge(input: $input) { accountCharge { id } } }";
    let input =
        json!({ "input": { "accountNumber": world.ada.account, "grossAmount": 7, "reason": "ADMIN_FEE" } });
    // Fewer callers than connections: a full pool refuses, which is another test's matter.
    for _ in 0..5 {
        let calls = (0..4).map(|_| server.ask(Some(&world.staff), query, input.clone()));
        futures_util::future::join_all(calls).await;
    }
    let data = server
        .ask(
            Some(&world.ada.token),
            "query($n: String!) { account(accountNumber: $n) { balance } }",
            json!({ "n": world.ada.account }),
        )
        .await;
    assert_eq!(data["account"]["balance"], -140);
    let mut tx = server.tx().await;
    for finding in check::run(&mut tx).await.expect("checked") {
        assert_eq!(finding.broken, 0, "{}", finding.rule);
    }
}
