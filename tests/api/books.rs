//! The books: append-only, balanced, sound under concurrency.

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

#[tokio::test]
async fn the_database_itself_refuses_to_change_the_books() {
    let server = Server::start().await;
    let world = server.world().await;
    let query = "mutation($input: CreateAccountChargeInput!) { createAccountCharge(input: $input) { accountCharge { id } } }";
    let input = json!({ "accountNumber": world.ada.account, "grossAmount": 7, "reason": "ADMIN_FEE" });
    server.ask(Some(&world.staff), query, json!({ "input": input })).await;
    for sql in [
        "update postings set amount = amount + 1",
        "delete from postings",
        "truncate postings cascade",
        "update transactions set amount = amount + 1, net_amount = net_amount + 1",
        "delete from transactions",
        "delete from journal_entries",
    ] {
        let mut tx = server.tx().await;
        assert!(sqlx::query(sql).execute(&mut tx).await.is_err(), "{sql}");
    }
    let mut tx = server.tx().await;
    let lopsided = "with entry as (insert into journal_entries (currency, kind, posted_date, created_at)
            values ('GBP', 'charge', '2026-03-02', now()) returning id)
        insert into postings (ledger_account_id, sequence, journal_entry_id, currency, amount, balance_after)
        select a.id, 1000, entry.id, 'GBP', 5, 5 from entry, ledger_accounts a where a.owner = 'customer' limit 1";
    sqlx::query(lopsided).execute(&mut tx).await.expect("deferred to the commit");
    assert!(tx.commit().await.is_err(), "an entry that does not sum to zero was committed");
}

#[tokio::test]
async fn every_statement_fits_the_schema() {
    let server = Server::start().await;
    let wrong = server.database.mismatched_statements().await.expect("described");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
