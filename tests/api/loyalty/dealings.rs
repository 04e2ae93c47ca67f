//! Points given, taken, handed on and redeemed.

use serde_json::{Value, json};

use super::{BALANCE, ENTRIES};
use crate::support::world::Customer;
use crate::support::{Server, World, record};

const AWARD: &str = "mutation($i: AwardLoyaltyPointsInput!) { awardLoyaltyPoints(input: $i) { pointsAwarded
    ledgerEntry { ledgerType value balanceBroughtForward balanceCarriedForward reasonCode accountNumber } } }";
const DEDUCT: &str =
    "mutation($i: DeductLoyaltyPointsInput!) { deductLoyaltyPoints(input: $i) { pointsDeducted
    ledgerEntry { ledgerType value balanceBroughtForward balanceCarriedForward reasonCode } } }";
const TRANSFER: &str = "mutation($i: TransferLoyaltyPointsBetweenUsersInput!) {
    transferLoyaltyPointsBetweenUsers(input: $i) { pointsTransferred } }";
const REDEEM: &str = "mutation($i: RedeemLoyaltyPointsInput!) { redeemLoyaltyPointsForAccountCredit(input: $i) { pointsRedeemed } }";
const REDEEM_ALL: &str = "mutation($i: RedeemOctoPointsInput!) {
    redeemOctoPointsForAccountCredit(input: $i) { pointsRedeemed remainingPointsInWallet } }";
const ENTRY: &str =
    "query($i: LoyaltyPointLedgerEntryInput!) { loyaltyPointLedgerEntry(input: $i) { id ledgerType value
    balanceCarriedForward idempotencyKey postedAt accountNumber } }";
const LEDGER: &str = "query($n: String!) { account(accountNumber: $n) { balance
    transactions(first: 3) { edges { node { title amount reasonCode } } } } }";

impl Server {
    /// Gives points to whoever has an account's.
    pub async fn award(&self, world: &World, account: &str, points: i64) {
        let input = json!({ "accountNumber": account, "points": points });
        let reply = self.put(&world.staff, AWARD, &input).await;
        assert_eq!(reply.json["data"]["awardLoyaltyPoints"]["pointsAwarded"], points, "{}", reply.json);
    }

    async fn code(&self, token: &str, document: &str, input: Value) -> Vec<String> {
        self.put(token, document, &input).await.codes().into_iter().map(str::to_owned).collect()
    }

    async fn ledger(&self, token: &str, account: &str) -> Value {
        self.ask(Some(token), LEDGER, json!({ "n": account })).await["account"].clone()
    }

    /// A clock of another server ran ahead when the last entry was made.
    async fn ahead(&self) {
        self.tamper("update wallets set last_posted_at = '2030-01-01'").await;
    }
}

fn points(of: &Customer, points: i64) -> Value {
    json!({ "accountNumber": of.account, "points": points })
}

#[tokio::test]
async fn points_are_given_once_a_key() {
    let server = Server::start().await;
    let world = server.world().await;
    let emma = server.member("emma@example.org").await;
    let key = "500c164d-38c7-4f74-9ac6-be210197e9e4";
    let given = json!({ "accountNumber": emma.account, "points": 120, "note": "Moved house.", "idempotencyKey": key,
        "reasonCode": "POINTS_AWARDED_AS_GOODWILL" });
    let twin = server.twin();
    let (one, other) =
        tokio::join!(server.put(&world.staff, AWARD, &given), twin.put(&world.staff, AWARD, &given));
    let (made, refused) = if one.errors().is_empty() { (one, other) } else { (other, one) };
    assert_eq!(refused.codes(), ["KT-CT-9221"]);
    let entry = json!({ "ledgerType": "CREDIT", "value": "120", "balanceBroughtForward": "0",
        "balanceCarriedForward": "120", "reasonCode": "POINTS_AWARDED_AS_GOODWILL", "accountNumber": emma.account });
    assert_eq!(
        made.json["data"]["awardLoyaltyPoints"],
        json!({ "pointsAwarded": 120, "ledgerEntry": entry })
    );
    let by_key = json!({ "i": { "idempotencyKey": key } });
    let found = server.ask(Some(&emma.token), ENTRY, by_key.clone()).await["loyaltyPointLedgerEntry"].clone();
    assert_eq!((&found["value"], &found["idempotencyKey"]), (&json!("120"), &json!(key)));
    record::read_back("awardLoyaltyPoints");
    assert_eq!(server.send(Some(&world.ada.token), ENTRY, by_key.clone()).await.codes(), ["KT-CT-9223"]);
    let sam = server.customer("sam@example.org", "Sam Hall", "OCTOPUS_ENERGY_US").await;
    let bureau = server.bureau(&world).await;
    for (token, input, code) in [
        (&world.staff, points(&emma, 0), "KT-CT-9204"),
        (&world.staff, points(&emma, -5), "KT-CT-9204"),
        (&world.staff, points(&emma, 50_001), "KT-CT-9212"),
        (&world.staff, points(&sam, 5), "KT-CT-9202"),
        (&world.staff, points(&world.ada, 5), "KT-CT-9210"),
        (&world.staff, json!({ "accountNumber": "A-00000000", "points": 5 }), "KT-CT-9210"),
        (&world.reader, points(&emma, 5), "KT-CT-1111"),
        (&bureau, points(&emma, 5), "KT-CT-1111"),
        (&emma.token, points(&emma, 5), "KT-CT-1111"),
    ] {
        assert_eq!(server.code(token, AWARD, input.clone()).await, [code], "{input}");
    }
    server.ahead().await;
    assert_eq!(server.code(&world.staff, AWARD, points(&emma, 5)).await, ["KT-CT-9208"]);
    assert_eq!(server.points_of(&emma.token, &emma.account).await, 120);
    server.tamper("update loyalty_programmes set is_suspended = true").await;
    assert_eq!(server.send(Some(&emma.token), ENTRY, by_key).await.codes(), ["KT-CT-9215"]);
    server.books_are_right().await;
}

#[tokio::test]
async fn points_are_taken_no_further_than_there_are() {
    let server = Server::start().await;
    let world = server.world().await;
    let emma = server.member("emma@example.org").await;
    server.award(&world, &emma.account, 100).await;
    let key = "500c164d-38c7-4f74-9ac6-be210197e9e5";
    let taken = json!({ "accountNumber": emma.account, "points": 30, "idempotencyKey": key,
        "accountUserId": emma.user_id.to_string(), "reasonCode": "POINTS_DEDUCTED_AS_CORRECTION" });
    let reply = server.put(&world.staff, DEDUCT, &taken).await;
    let entry = json!({ "ledgerType": "CHARGE", "value": "30", "balanceBroughtForward": "100",
        "balanceCarriedForward": "70", "reasonCode": "POINTS_DEDUCTED_AS_CORRECTION" });
    assert_eq!(
        reply.json["data"]["deductLoyaltyPoints"],
        json!({ "pointsDeducted": 30, "ledgerEntry": entry })
    );
    let held = server.ask(Some(&emma.token), BALANCE, json!({ "n": emma.account })).await;
    assert_eq!(held["loyaltyPointsBalance"], json!({ "loyaltyPoints": 70, "totalMonetaryAmount": 70 }));
    record::read_back("deductLoyaltyPoints");
    assert_eq!(server.code(&world.staff, DEDUCT, taken).await, ["KT-CT-9221"]);
    let oz = server.customer("oz@example.org", "Oz Hall", "ORIGIN").await;
    let correct =
        json!({ "accountNumber": oz.account, "points": 5, "reasonCode": "POINTS_DEDUCTED_AS_CORRECTION" });
    let of_ada =
        json!({ "accountNumber": emma.account, "points": 5, "accountUserId": world.ada.user_id.to_string() });
    for (token, input, code) in [
        (&world.staff, points(&emma, 0), "KT-CT-9204"),
        (&world.staff, points(&emma, 71), "KT-CT-9205"),
        (&world.staff, correct, "KT-CT-9211"),
        (&world.staff, points(&oz, 5), "KT-CT-9219"),
        (&world.staff, of_ada, "KT-CT-9219"),
        (&world.staff, json!({ "accountNumber": "A-00000000", "points": 5 }), "KT-CT-5420"),
        (&world.reader, points(&emma, 5), "KT-CT-5420"),
    ] {
        assert_eq!(server.code(token, DEDUCT, input.clone()).await, [code], "{input}");
    }
    server.ahead().await;
    assert_eq!(server.code(&world.staff, DEDUCT, points(&emma, 5)).await, ["KT-CT-9208"]);
    server.books_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_handed_on_within_an_account() {
    let server = Server::start().await;
    let world = server.world().await;
    let emma = server.member("emma@example.org").await;
    server.helps(&world.bob, &emma).await;
    let (bob, ada) = (world.bob.user_id.to_string(), world.ada.user_id.to_string());
    let hand = |to: &str, points: i64| json!({ "accountNumber": emma.account, "receivingUserId": to, "points": points });
    assert_eq!(server.code(&emma.token, TRANSFER, hand(&bob, 5)).await, ["KT-CT-9209"]);
    server.award(&world, &emma.account, 100).await;
    let twin = server.twin();
    let sixty = hand(&bob, 60);
    let (one, other) =
        tokio::join!(server.put(&emma.token, TRANSFER, &sixty), twin.put(&emma.token, TRANSFER, &sixty));
    assert_eq!([one.codes(), other.codes()].concat(), ["KT-CT-9205"]);
    assert_eq!(server.points_of(&emma.token, &emma.account).await, 40);
    let his = server.ask(Some(&world.bob.token), ENTRIES, json!({})).await["loyaltyPointLedgers"].clone();
    assert_eq!((&his[0]["value"], &his[0]["ledgerType"]), (&json!("60"), &json!("CREDIT")));
    assert_eq!(his[0]["accountNumber"], emma.account);
    record::read_back("transferLoyaltyPointsBetweenUsers");
    // He gives some back; staff do so for whoever has the points.
    let back = server.put(&world.bob.token, TRANSFER, &hand(&emma.user_id.to_string(), 10)).await;
    assert_eq!(back.json["data"]["transferLoyaltyPointsBetweenUsers"]["pointsTransferred"], 10);
    assert!(server.code(&world.staff, TRANSFER, hand(&bob, 1)).await.is_empty());
    assert_eq!(server.points_of(&world.staff, &emma.account).await, 49);
    for (token, input, code) in [
        (&emma.token, hand(&bob, 0), "KT-CT-9204"),
        (&emma.token, hand(&ada, 5), "KT-CT-9210"),
        (&emma.token, hand("nobody", 5), "KT-CT-9210"),
        (&emma.token, hand(&emma.user_id.to_string(), 5), "KT-CT-9210"),
        (&world.ada.token, hand(&ada, 5), "KT-CT-9210"),
        (&world.reader, hand(&bob, 5), "KT-CT-1111"),
    ] {
        assert_eq!(server.code(token, TRANSFER, input.clone()).await, [code], "{input}");
    }
    server.ahead().await;
    assert_eq!(server.code(&emma.token, TRANSFER, hand(&bob, 5)).await, ["KT-CT-9208"]);
    server.books_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn points_become_credit_once() {
    let server = Server::start().await;
    let world = server.world().await;
    server.in_octoplus(&world.ada).await;
    let (ada, token) = (&world.ada, &world.ada.token);
    assert_eq!(server.code(token, REDEEM, points(ada, 8)).await, ["KT-CT-9203"]);
    server.award(&world, &ada.account, 1_000).await;
    let twin = server.twin();
    let most = points(ada, 800);
    let (one, other) = tokio::join!(server.put(token, REDEEM, &most), twin.put(token, REDEEM, &most));
    assert_eq!([one.codes(), other.codes()].concat(), ["KT-CT-9205"]);
    let credit = json!({ "title": "Octoplus points", "amount": 100, "reasonCode": "LOYALTY_POINTS" });
    let ledger = server.ledger(token, &ada.account).await;
    assert_eq!((&ledger["balance"], &ledger["transactions"]["edges"][0]["node"]), (&json!(100), &credit));
    assert_eq!(server.points_of(token, &ada.account).await, 200);
    record::read_back("redeemLoyaltyPointsForAccountCredit");
    server.helps(&world.bob, ada).await;
    let sam = server.customer("sam@example.org", "Sam Hall", "OCTOPUS_ENERGY_US").await;
    for (token, input, code) in [
        (token, points(ada, 0), "KT-CT-9204"),
        (token, points(ada, 12), "KT-CT-9206"),
        (token, points(ada, 208), "KT-CT-9205"),
        (&world.bob.token, points(ada, 8), "KT-CT-9210"),
        (&world.bob.token, points(&world.bob, 8), "KT-CT-9201"),
        (&sam.token, points(&sam, 8), "KT-CT-9202"),
        (&sam.token, points(ada, 8), "KT-CT-9210"),
        (&world.reader, points(ada, 8), "KT-CT-1111"),
    ] {
        assert_eq!(server.code(token, REDEEM, input.clone()).await, [code], "{input}");
    }
    assert!(server.code(&world.staff, REDEEM, points(ada, 200)).await.is_empty());
    assert_eq!(server.code(token, REDEEM, points(ada, 8)).await, ["KT-CT-9209"]);
    server.award(&world, &ada.account, 8).await;
    server.ahead().await;
    assert_eq!(server.code(token, REDEEM, points(ada, 8)).await, ["KT-CT-9208"]);
    assert_eq!(server.ledger(token, &ada.account).await["balance"], 125);
    server.books_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_octopoints_that_can_be_are_redeemed() {
    let server = Server::start().await;
    let world = server.world().await;
    server.in_octoplus(&world.ada).await;
    let (ada, token, twin) = (&world.ada, &world.ada.token, server.twin());
    let input = json!({ "accountNumber": ada.account });
    assert_eq!(server.code(token, REDEEM_ALL, input.clone()).await, ["KT-GB-5011"]);
    server.award(&world, &ada.account, 85).await;
    let (one, other) =
        tokio::join!(server.put(token, REDEEM_ALL, &input), twin.put(token, REDEEM_ALL, &input));
    let made = if one.errors().is_empty() { &one } else { &other };
    assert_eq!([one.codes(), other.codes()].concat(), ["KT-GB-5011"]);
    assert_eq!(
        made.json["data"]["redeemOctoPointsForAccountCredit"],
        json!({ "pointsRedeemed": 80, "remainingPointsInWallet": 5 })
    );
    assert_eq!(server.ledger(token, &ada.account).await["balance"], 10);
    record::read_back("redeemOctoPointsForAccountCredit");
    let bobs = json!({ "accountNumber": world.bob.account });
    assert_eq!(server.code(token, REDEEM_ALL, bobs.clone()).await, ["KT-CT-4177"]);
    assert_eq!(server.code(&world.reader, REDEEM_ALL, input.clone()).await, ["KT-CT-4177"]);
    assert_eq!(server.code(&world.bob.token, REDEEM_ALL, bobs).await, ["KT-GB-5010"]);
    server.tamper("update loyalty_programmes set is_suspended = true").await;
    assert_eq!(server.code(token, REDEEM_ALL, input.clone()).await, ["KT-GB-5010"]);
    assert_eq!(server.code(token, REDEEM, points(ada, 8)).await, ["KT-CT-9210"]);
    server.books_are_right().await;
}

#[tokio::test]
async fn balances_and_entries_are_their_owners() {
    let server = Server::start().await;
    let world = server.world().await;
    let emma = server.member("emma@example.org").await;
    server.helps(&world.bob, &emma).await;
    server.award(&world, &emma.account, 7).await;
    server.award(&world, &emma.account, 5).await;
    let (_, blind) = server.organisation("Blind Ltd", &[]).await;
    let of = |account: &str, user: Option<i64>| json!({ "accountNumber": account, "accountUserId": user.map(|id| id.to_string()) });
    for (token, input, code) in [
        (&world.ada.token, of(&emma.account, None), "KT-CT-9218"),
        (&world.bob.token, of(&emma.account, Some(emma.user_id)), "KT-CT-9217"),
        (&emma.token, of(&emma.account, Some(world.ada.user_id)), "KT-CT-9217"),
        (&blind, of(&emma.account, None), "KT-CT-9216"),
        (&emma.token, Value::Null, "KT-CT-9222"),
    ] {
        assert_eq!(server.code(token, BALANCE, input.clone()).await, [code], "{input}");
    }
    assert_eq!(server.points_of(&emma.token, &emma.account).await, 12);
    let of_account = of(&emma.account, None);
    assert_eq!(server.code(&world.bob.token, BALANCE, of_account).await, ["KT-CT-9217"], "he only helps");
    let his = server.ask(
        Some(&world.bob.token),
        BALANCE,
        json!({ "i": of(&emma.account, Some(world.bob.user_id)) }),
    );
    assert_eq!(his.await["loyaltyPointsBalance"], Value::Null);
    assert_eq!(
        server.ask(Some(&world.ada.token), BALANCE, json!({ "n": world.ada.account })).await,
        json!({ "loyaltyPointsBalance": null })
    );
    let hers = json!({ "i": { "accountUserId": emma.user_id.to_string() } });
    for token in [&emma.token, &world.staff] {
        let entries = server.ask(Some(token), ENTRIES, hers.clone()).await["loyaltyPointLedgers"].clone();
        let shown: Vec<&str> =
            [0, 1].map(|at| entries[at]["balanceCarriedForward"].as_str().expect("text")).into();
        assert_eq!(shown, ["12", "7"], "the latest first");
        assert_eq!(entries[0]["idempotencyKey"], Value::Null);
    }
    for token in [&world.bob.token, &world.ada.token] {
        assert_eq!(server.send(Some(token), ENTRIES, hers.clone()).await.codes(), ["KT-CT-1111"]);
    }
    assert_eq!(server.ask(Some(&world.staff), ENTRIES, json!({})).await["loyaltyPointLedgers"], Value::Null);
    assert_eq!(
        server.ask(Some(&world.bob.token), ENTRIES, json!({})).await["loyaltyPointLedgers"],
        json!([])
    );
    server.tamper("update loyalty_programmes set is_suspended = true").await;
    assert_eq!(server.code(&emma.token, BALANCE, of(&emma.account, None)).await, ["KT-CT-9215"]);
}
