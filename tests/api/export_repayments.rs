//! Customers are paid for what they feed in, on the days for it.

use kraken_api::domain::check;
use kraken_api::domain::ledgers::charges::{self, SupplyCharge};
use serde_json::{Value, json};

use crate::support::Server;
use crate::support::world::Customer;

const DETAILS: &str = "query($n: String!) { exportRepaymentDetails(accountNumber: $n) {
    accountNumber isConfigured nextRepaymentDate lastRepaymentDate paymentMethod } }";
const SEE: &str = "query($n: String!) { account(accountNumber: $n) { ledgers { number balance }
    repayments(first: 9) { edges { node { amount status } } } } }";

impl Server {
    /// Credits a customer for what they fed in.
    async fn feed_in(&self, customer: &Customer, amount: i64, ledger_type: Option<&str>) {
        let mut tx = self.tx().await;
        let new = SupplyCharge {
            supply: "electricity",
            title: "Export",
            net: -amount,
            is_export: true,
            ledger_type,
        };
        charges::for_supply(&mut tx, customer.account_id, &new).await.expect("credited");
        tx.commit().await.expect("committed");
    }

    async fn details(&self, token: &str, customer: &Customer) -> Value {
        let data = self.ask(Some(token), DETAILS, json!({ "n": customer.account })).await;
        data["exportRepaymentDetails"].clone()
    }

    async fn repaid(&self, token: &str, customer: &Customer) -> Vec<String> {
        let data = self.ask(Some(token), SEE, json!({ "n": customer.account })).await;
        let edges = data["account"]["repayments"]["edges"].as_array().expect("repayments").iter();
        edges
            .map(|edge| format!("{} {}", edge["node"]["amount"], edge["node"]["status"]).replace('"', ""))
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_fed_in_is_paid_each_quarter_as_far_as_it_is_credit() {
    let server = Server::start().await;
    let world = server.world().await;
    let mia = server.customer("mia@example.org", "Mia Sydney", "ORIGIN").await;
    let details = server.details(&mia.token, &mia).await;
    assert_eq!(
        details,
        json!({ "accountNumber": mia.account, "isConfigured": false, "nextRepaymentDate": null,
            "lastRepaymentDate": null, "paymentMethod": null })
    );
    server.feed_in(&mia, 5000, None).await;
    assert_eq!(server.details(&mia.token, &mia).await["isConfigured"], false, "there is nowhere to pay to");
    server.bank_account(mia.account_id).await;
    let details = server.details(&mia.token, &mia).await;
    assert_eq!(
        details,
        json!({ "accountNumber": mia.account, "isConfigured": true, "nextRepaymentDate": "2026-04-15",
            "lastRepaymentDate": null, "paymentMethod": "BANK_TRANSFER" })
    );
    let twin = server.twin();
    let staff = server.on_day(43).await;
    tokio::join!(server.work_off(), twin.work_off());
    assert!(server.repaid(&staff, &mia).await.is_empty(), "the day before");
    let staff = server.on_day(44).await;
    tokio::join!(server.work_off(), twin.work_off());
    assert_eq!(server.repaid(&staff, &mia).await, ["5000 SUBMITTED"]);
    let details = server.details(&staff, &mia).await;
    assert_eq!(details["lastRepaymentDate"], "2026-04-15");
    assert_eq!(details["nextRepaymentDate"], "2026-07-15");
    // What she uses comes first.
    server.on_day(45).await;
    server.feed_in(&mia, 6000, None).await;
    server.owe(mia.account_id, 2000).await;
    let staff = server.on_day(135).await;
    tokio::join!(server.work_off(), twin.work_off());
    assert_eq!(server.repaid(&staff, &mia).await, ["3800 SUBMITTED", "5000 PAID"]);
    // Too little is fed in until the next day, and what she pays stays.
    server.feed_in(&mia, 900, None).await;
    server.pay(mia.account_id, 10_000).await;
    let staff = server.on_day(230).await;
    tokio::join!(server.work_off(), twin.work_off());
    assert_eq!(server.repaid(&staff, &mia).await.len(), 2);
    for stranger in [&world.ada, &world.bob] {
        let token = server.log_in(json!({ "APIKey": stranger.api_key })).await;
        let reply = server.send(Some(&token), DETAILS, json!({ "n": mia.account })).await;
        assert_eq!(reply.codes(), ["KT-CT-3823"]);
    }
    for finding in check::run(&mut server.tx().await).await.expect("checked") {
        assert_eq!(finding.broken, 0, "{}", finding.rule);
    }
}

#[tokio::test]
async fn credit_that_may_settle_debts_is_not_paid_out() {
    let server = Server::start().await;
    let world = server.world().await;
    server.wallet(&world.ada).await;
    server.feed_in(&world.ada, 5000, Some("SOLAR_WALLET_LEDGER")).await;
    server.bank_account(world.ada.account_id).await;
    assert_eq!(server.details(&world.ada.token, &world.ada).await["isConfigured"], true);
    let data = server.ask(Some(&world.staff), SEE, json!({ "n": world.ada.account })).await;
    let ledgers = &data["account"]["ledgers"];
    let give = "mutation($i: CreateCreditTransferPermissionInput!) {
        createCreditTransferPermission(input: $i) { validFrom } }";
    let between =
        json!({ "sourceLedgerNumber": ledgers[1]["number"], "targetLedgerNumber": ledgers[0]["number"] });
    server.ask(Some(&world.ada.token), give, json!({ "i": between })).await;
    assert_eq!(server.details(&world.ada.token, &world.ada).await["isConfigured"], false);
    let staff = server.on_day(50).await;
    server.work_off().await;
    assert!(server.repaid(&staff, &world.ada).await.is_empty());
}
