//! Vouchers that accounts buy out of their credit and redeem.

use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use super::at;
use crate::support::world::Customer;
use crate::support::{Server, World, record};

const BUY: &str = "mutation($i: PurchaseVoucherInput!) { purchaseVoucher(input: $i) { voucherPurchase {
    id voucherValue balance availableFrom purchasedAt clientParams } } }";
const REDEEM: &str = "mutation($i: RedeemVoucherInput!) { redeemVoucher(input: $i) { voucherRedemption {
    id claimedAt credit { grossAmount salesTaxAmount reason } } } }";
const REFUND: &str =
    "mutation($i: RefundVoucherInput!) { refundVoucher(input: $i) { voucherPurchase { id balance } } }";
const WORTH: &str =
    "query($n: ID!) { vouchersBalanceDetail(accountNumber: $n) { redeemableToday redeemableInFuture } }";
const LIST: &str = "query($n: ID!, $only: Boolean!, $pf: Date, $pb: Date, $af: Date, $ab: Date, $whole: Boolean,
        $names: [String], $first: Int = 50, $after: String) {
    vouchersForAccount(accountNumber: $n, redeemableOnly: $only, purchasedFromDate: $pf, purchasedBeforeDate: $pb,
        availableFromDate: $af, availableBeforeDate: $ab, excludeRefunded: $whole, excludeByDisplayName: $names,
        first: $first, after: $after) {
        totalCount edgeCount pageInfo { hasNextPage endCursor } edges { node { id voucherValue balance availableFrom
            charge { grossAmount salesTaxAmount reason } chargeBalanceTransfer { id reason accountCharge { grossAmount }
                accountCredit { grossAmount } } redemptions { id claimedAt credit { grossAmount reason } } } } } }";
const LEDGERS: &str =
    "query($n: String!) { account(accountNumber: $n) { balance ledgers { ledgerType balance } } }";

impl Server {
    /// Gives a customer credit to buy with.
    pub async fn in_credit(&self, world: &World, customer: &Customer, amount: i64) {
        let post = "mutation($i: PostCreditInput!) { postCredit(input: $i) { credit { id } } }";
        let ledger = self.main_ledger_id(customer).await.to_string();
        let input = json!({ "accountNumber": customer.account, "ledgerId": ledger, "netAmount": amount, "taxAmount": 0,
            "reason": "GOODWILL" });
        self.ask(Some(&world.staff), post, json!({ "i": input })).await;
    }

    async fn worth_of(&self, token: &str, account: &str) -> (i64, i64) {
        let data = self.ask(Some(token), WORTH, json!({ "n": account })).await;
        let worth = |key: &str| data["vouchersBalanceDetail"][key].as_i64().expect("an amount");
        (worth("redeemableToday"), worth("redeemableInFuture"))
    }

    /// The vouchers of an account that fit, as they are listed.
    async fn vouchers(&self, token: &str, account: &str, mut filter: Value) -> Vec<Value> {
        filter["n"] = json!(account);
        if filter["only"].is_null() {
            filter["only"] = json!(false);
        }
        let data = self.ask(Some(token), LIST, filter).await;
        let page = &data["vouchersForAccount"];
        let edges = page["edges"].as_array().expect("edges");
        assert_eq!(page["edgeCount"], edges.len());
        edges.iter().map(|edge| edge["node"].clone()).collect()
    }
}

fn order(account: &str, code: &str) -> Value {
    json!({ "accountNumber": account, "voucherCode": code })
}

fn id_of(reply: &Value) -> String {
    reply["data"]["purchaseVoucher"]["voucherPurchase"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_voucher_is_paid_out_of_credit_and_credited_later() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let account = world.ada.account.clone();
    server.in_credit(&world, &world.ada, 12_000).await;
    let mut input = order(&account, "WINTER_100");
    input["clientParams"] = json!("{\"gift\": true}");
    let reply = server.put(&world.ada.token, BUY, &input).await;
    let bought = &reply.json["data"]["purchaseVoucher"]["voucherPurchase"];
    let id = id_of(&reply.json);
    let first = json!({ "id": id, "voucherValue": 10_000, "balance": 10_000, "availableFrom": "2026-04-01",
        "purchasedAt": bought["purchasedAt"], "clientParams": bought["clientParams"] });
    assert_eq!(*bought, first);
    let kept: Value = serde_json::from_str(bought["clientParams"].as_str().expect("text")).expect("JSON");
    assert_eq!(kept, json!({ "gift": true }));

    let data = server.ask(Some(&world.ada.token), LEDGERS, json!({ "n": account })).await;
    let ledgers = json!([{ "ledgerType": "MAIN_LEDGER", "balance": 2500 },
        { "ledgerType": "VOUCHER_LEDGER", "balance": 0 }]);
    assert_eq!((&data["account"]["balance"], &data["account"]["ledgers"]), (&json!(2500), &ledgers));
    assert_eq!(server.worth_of(&world.ada.token, &account).await, (0, 10_000));
    let listed = server.vouchers(&world.ada.token, &account, json!({})).await;
    let charge = json!({ "grossAmount": 9500, "salesTaxAmount": 0, "reason": "VOUCHER" });
    assert_eq!(listed[0]["charge"], charge);
    let transfer = &listed[0]["chargeBalanceTransfer"];
    let moved = json!({ "id": transfer["id"], "reason": "BALANCE_TRANSFER", "accountCharge": { "grossAmount": 9500 },
        "accountCredit": { "grossAmount": 9500 } });
    assert_eq!(*transfer, moved);
    assert_eq!(listed[0]["redemptions"], json!([]));
    record::read_back("purchaseVoucher");

    let redeem = json!({ "accountNumber": account, "voucherId": id, "amount": 3333 });
    assert_eq!(
        server.put(&world.ada.token, REDEEM, &redeem).await.codes(),
        ["KT-CT-5313"],
        "for a later day"
    );
    server.on(&mut world, "2026-04-01T08:00:00Z").await;
    assert_eq!(server.worth_of(&world.ada.token, &account).await, (10_000, 0));
    let reply = server.put(&world.ada.token, REDEEM, &redeem).await;
    let credit = json!({ "grossAmount": 3333, "salesTaxAmount": 0, "reason": "VOUCHER" });
    assert_eq!(reply.json["data"]["redeemVoucher"]["voucherRedemption"]["credit"], credit, "{}", reply.json);
    server.books_are_right().await;
    let rest = json!({ "accountNumber": account, "voucherId": id });
    assert_eq!(server.put(&world.staff, REDEEM, &rest).await.codes(), [""; 0]);
    let listed = server.vouchers(&world.ada.token, &account, json!({})).await;
    let credits: Vec<&Value> = listed[0]["redemptions"]
        .as_array()
        .expect("redemptions")
        .iter()
        .map(|each| &each["credit"])
        .collect();
    let second = json!({ "grossAmount": 6667, "reason": "VOUCHER" });
    assert_eq!(credits, [&json!({ "grossAmount": 3333, "reason": "VOUCHER" }), &second]);
    assert_eq!(
        (&listed[0]["balance"], server.worth_of(&world.ada.token, &account).await),
        (&json!(0), (0, 0))
    );
    record::read_back("redeemVoucher");
    let data = server.ask(Some(&world.ada.token), LEDGERS, json!({ "n": account })).await;
    assert_eq!(data["account"]["balance"], 12_500);
    server.books_are_right().await;
}

#[tokio::test]
async fn a_whole_voucher_is_given_back_in_time() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let account = world.ada.account.clone();
    server.in_credit(&world, &world.ada, 20_000).await;
    let mut ids = Vec::new();
    for code in ["ENERGY_20", "ENERGY_20", "WINTER_100"] {
        ids.push(id_of(&server.put(&world.ada.token, BUY, &order(&account, code)).await.json));
    }
    let of = |id: &str| json!({ "accountNumber": account, "voucherId": id });
    let reply = server.put(&world.ada.token, REFUND, &of(&ids[0])).await;
    let given = json!({ "id": ids[0], "balance": 0 });
    assert_eq!(reply.json["data"]["refundVoucher"]["voucherPurchase"], given, "{}", reply.json);
    let listed = server.vouchers(&world.ada.token, &account, json!({ "whole": true })).await;
    assert_eq!(listed.iter().map(|each| &each["id"]).collect::<Vec<_>>(), [&json!(ids[2]), &json!(ids[1])]);
    record::read_back("refundVoucher");
    let data = server.ask(Some(&world.ada.token), LEDGERS, json!({ "n": account })).await;
    assert_eq!(data["account"]["balance"], 8500);
    assert_eq!(server.put(&world.ada.token, REFUND, &of(&ids[0])).await.codes(), ["KT-CT-12403"]);
    assert_eq!(server.put(&world.ada.token, REDEEM, &of(&ids[0])).await.codes(), ["KT-CT-5313"]);
    assert_eq!(server.put(&world.ada.token, REDEEM, &of(&ids[1])).await.codes(), [""; 0]);
    assert_eq!(server.put(&world.ada.token, REFUND, &of(&ids[1])).await.codes(), ["KT-CT-5313"], "redeemed");
    server.books_are_right().await;
    server.on(&mut world, "2026-03-16T08:00:00Z").await;
    assert_eq!(server.put(&world.ada.token, REFUND, &of(&ids[2])).await.codes(), ["KT-CT-5313"], "too late");
}

#[tokio::test]
async fn vouchers_are_listed_by_days_and_names() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let account = world.ada.account.clone();
    server.in_credit(&world, &world.ada, 50_000).await;
    for (day, code) in [("03-02", "WINTER_100"), ("03-05", "ENERGY_20"), ("03-09", "ENERGY_20")] {
        server.on(&mut world, &format!("2026-{day}T09:30:00Z")).await;
        assert!(server.put(&world.ada.token, BUY, &order(&account, code)).await.errors().is_empty());
    }
    let count = async |filter: Value| server.vouchers(&world.ada.token, &account, filter).await.len();
    for (filter, expected) in [
        (json!({}), 3),
        (json!({ "only": true }), 2),
        (json!({ "pf": "2026-03-05" }), 2),
        (json!({ "pf": "2026-03-02", "pb": "2026-03-05" }), 1),
        (json!({ "af": "2026-03-09" }), 2),
        (json!({ "ab": "2026-03-09" }), 1),
        (json!({ "names": ["Energy voucher", null] }), 1),
        (json!({ "whole": true }), 3),
    ] {
        assert_eq!(count(filter.clone()).await, expected, "{filter}");
    }
    let ask = async |after: Value| {
        let variables = json!({ "n": account, "only": false, "first": 2, "after": after });
        server.ask(Some(&world.ada.token), LIST, variables).await["vouchersForAccount"].clone()
    };
    let first = ask(Value::Null).await;
    assert_eq!((&first["totalCount"], &first["pageInfo"]["hasNextPage"]), (&json!(3), &json!(true)));
    let last = ask(first["pageInfo"]["endCursor"].clone()).await;
    assert_eq!((&last["edgeCount"], &last["pageInfo"]["hasNextPage"]), (&json!(1), &json!(false)));
    assert_eq!(last["edges"][0]["node"]["voucherValue"], 10_000, "the latest come first");
}

#[tokio::test]
async fn vouchers_cost_credit_and_are_their_owners_business() {
    let server = Server::start().await;
    let world = server.world().await;
    let account = &world.ada.account;
    assert_eq!(server.put(&world.ada.token, BUY, &order(account, "ENERGY_20")).await.codes(), ["KT-CT-9703"]);
    server.in_credit(&world, &world.ada, 1999).await;
    assert_eq!(server.put(&world.ada.token, BUY, &order(account, "ENERGY_20")).await.codes(), ["KT-CT-9703"]);
    server.in_credit(&world, &world.ada, 5001).await;
    let data = server.ask(Some(&world.ada.token), LEDGERS, json!({ "n": account })).await;
    assert_eq!(
        data["account"]["ledgers"].as_array().map(Vec::len),
        Some(1),
        "nothing is left of what was refused"
    );
    // Sold elsewhere, no longer sold, never sold.
    for code in ["ENERGY_50", "SUMMER_100", "energy_20"] {
        assert_eq!(server.put(&world.ada.token, BUY, &order(account, code)).await.codes(), ["KT-CT-12403"]);
    }
    let id = id_of(&server.put(&world.ada.token, BUY, &order(account, "ENERGY_20")).await.json);
    let of_ada = json!({ "accountNumber": account, "voucherId": id });
    server.helps(&world.bob, &world.ada).await;
    for (token, code) in
        [(&world.bob.token, "KT-CT-4178"), (&world.reader, "KT-CT-1111"), (&world.partner, "KT-CT-1111")]
    {
        assert_eq!(server.put(token, BUY, &order(account, "ENERGY_20")).await.codes(), [code]);
        assert_eq!(server.put(token, REDEEM, &of_ada).await.codes(), [code]);
        assert_eq!(server.put(token, REFUND, &of_ada).await.codes(), [code]);
    }
    let carol = server.customer("carol@example.org", "Carol Shaw", "OCTOPUS_ENERGY").await;
    let query = json!({ "n": account, "only": false });
    for nobody in [&carol.token, &world.partner] {
        assert_eq!(server.send(Some(nobody), LIST, query.clone()).await.codes(), ["KT-CT-4178"]);
        assert_eq!(server.send(Some(nobody), WORTH, json!({ "n": account })).await.codes(), ["KT-CT-4178"]);
    }
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, world.partner_id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    for somebody in [&world.reader, &world.partner, &world.bob.token] {
        assert_eq!(server.vouchers(somebody, account, json!({})).await.len(), 1);
    }
    // It is on no other account, and there is no more on it.
    for (input, code) in [
        (json!({ "accountNumber": world.bob.account, "voucherId": id }), "KT-CT-12403"),
        (json!({ "accountNumber": account, "voucherId": "none" }), "KT-CT-12403"),
        (json!({ "accountNumber": account, "voucherId": id, "amount": 2001 }), "KT-CT-5313"),
        (json!({ "accountNumber": account, "voucherId": id, "amount": 0 }), "KT-CT-5313"),
        (json!({ "accountNumber": account, "voucherId": id, "amount": -5 }), "KT-CT-5313"),
    ] {
        assert_eq!(server.put(&world.staff, REDEEM, &input).await.codes(), [code], "{input}");
    }
    let nowhere = json!({ "accountNumber": world.bob.account, "voucherId": id });
    assert_eq!(server.put(&world.staff, REFUND, &nowhere).await.codes(), ["KT-CT-12403"]);
    server.books_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_buy_one_voucher_and_redeem_it_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let account = &world.ada.account;
    server.in_credit(&world, &world.ada, 9000).await;
    let mut input = order(account, "ENERGY_20");
    input["idempotencyKey"] = json!("0b9b2a1e-7a0e-4c07-9f4c-2f1a34c0f6aa");
    let twin = server.twin();
    let (one, other) =
        tokio::join!(server.put(&world.ada.token, BUY, &input), twin.put(&world.ada.token, BUY, &input));
    assert_eq!(id_of(&one.json), id_of(&other.json));
    let redeem = json!({ "accountNumber": account, "voucherId": id_of(&one.json), "amount": 1500 });
    let (a, b) = tokio::join!(
        server.put(&world.ada.token, REDEEM, &redeem),
        twin.put(&world.ada.token, REDEEM, &redeem)
    );
    assert_eq!([a.codes(), b.codes()].concat(), ["KT-CT-5313"]);
    let listed = server.vouchers(&world.ada.token, account, json!({})).await;
    assert_eq!((listed.len(), &listed[0]["balance"]), (1, &json!(500)));
    assert_eq!(server.wall.now(), at("2026-03-02T09:30:00Z"));
    server.books_are_right().await;
}
