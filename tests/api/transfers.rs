//! `transferLedgerBalance` and `postCredit`: credit that goes from ledger to ledger, or comes onto one.

use kraken_api::domain::ledgers::open;
use kraken_api::domain::{auth::organisations, check};
use kraken_api::platform::market;
use serde_json::{Value, json};

use crate::support::world::Customer;
use crate::support::{Server, World, record};

const POST: &str = "mutation($i: PostCreditInput!) { postCredit(input: $i) { credit {
    id amount reasonCode note accountNumber balanceCarriedForward isCredit amounts { net tax gross } } } }";
const TRANSFER: &str = "mutation($i: TransferLedgerBalanceInputType!) { transferLedgerBalance(input: $i) {
    balanceTransfer { id reason accountCharge { id grossAmount reason note } accountCredit { id grossAmount reason note } } } }";
const LEDGERS: &str = "query($n: String!) { account(accountNumber: $n) { balance ledgers { id number balance
    transactions(first: 9) { edges { node { __typename id amount reasonCode note title balanceCarriedForward } } } } } }";

impl Server {
    /// Opens a British customer's solar wallet.
    pub async fn wallet(&self, customer: &Customer) -> String {
        let market = market::by_code("gb").expect("the market");
        let kind =
            market.ledgers.iter().find(|kind| kind.ledger_type == "SOLAR_WALLET_LEDGER").expect("a kind");
        let mut tx = self.tx().await;
        let id = open::customer_ledger(&mut tx, &self.random, customer.account_id, market, kind).await;
        tx.commit().await.expect("committed");
        id.expect("a ledger").to_string()
    }

    pub async fn main_ledger(&self, token: &str, customer: &Customer) -> Value {
        let data = self.ask(Some(token), LEDGERS, json!({ "n": customer.account })).await;
        data["account"]["ledgers"][0].clone()
    }

    async fn give(&self, world: &World, account: &str, ledger: &str, amount: i64) {
        let input = json!({ "accountNumber": account, "ledgerId": ledger, "netAmount": amount, "taxAmount": 0,
            "reason": "GOODWILL" });
        self.ask(Some(&world.staff), POST, json!({ "i": input })).await;
    }

    async fn check_the_books(&self) {
        for finding in check::run(&mut self.tx().await).await.expect("checked") {
            assert_eq!(finding.broken, 0, "{}", finding.rule);
        }
    }
}

fn transfer(from: (&str, &str), to: (&str, &str), amount: i64) -> Value {
    json!({ "i": {
        "sourceAccountLedger": { "accountNumber": from.0, "ledgerId": from.1 },
        "targetAccountLedger": { "accountNumber": to.0, "ledgerId": to.1 },
        "amount": amount, "note": "as agreed" } })
}

#[tokio::test]
async fn a_credit_goes_onto_the_ledger_that_is_named() {
    let server = Server::start().await;
    let world = server.world().await;
    let wallet = server.wallet(&world.ada).await;
    let input = json!({ "accountNumber": world.ada.account, "ledgerId": wallet, "netAmount": 1000, "taxAmount": 50,
        "reason": "BALANCE_CORRECTION", "note": "by letter", "displayNote": "Sorry" });
    let data = server.ask(Some(&world.staff), POST, json!({ "i": input })).await;
    let credit = &data["postCredit"]["credit"];
    assert_eq!(credit["amounts"], json!({ "net": 1000, "tax": 50, "gross": 1050 }));
    assert_eq!(credit["note"], "by letter");
    let seen = server.ask(Some(&world.ada.token), LEDGERS, json!({ "n": world.ada.account })).await;
    assert_eq!(seen["account"]["balance"], 0);
    let ledger = &seen["account"]["ledgers"][1];
    assert_eq!(ledger["balance"], 1050);
    assert_eq!(ledger["transactions"]["edges"][0]["node"]["id"], credit["id"]);
    assert_eq!(ledger["transactions"]["edges"][0]["node"]["reasonCode"], "BALANCE_CORRECTION");
    record::read_back("postCredit");
    server.check_the_books().await;
}

#[tokio::test]
async fn a_credit_that_cannot_be_posted_says_why() {
    let server = Server::start().await;
    let world = server.world().await;
    let main = server.main_ledger(&world.staff, &world.ada).await;
    let (id, number) = (main["id"].as_str().expect("an id"), main["number"].as_str().expect("a number"));
    let bobs = server.main_ledger(&world.staff, &world.bob).await;
    let retired = "update credit_reasons set is_deprecated = true where code = 'COMPENSATION'";
    sqlx::query(retired).execute(server.database.pool()).await.expect("retired");
    let both = format!("{id} {number}");
    let input = |account: &str, ledger: &str, net: i64, tax: i64, reason: &str| json!({ "i": { "accountNumber": account, "ledgerId": ledger, "netAmount": net, "taxAmount": tax, "reason": reason } });
    let ada = world.ada.account.as_str();
    let most = i64::from(i32::MAX);
    for (variables, code) in [
        (input(ada, &both, 5, 0, "GOODWILL"), "KT-CT-3820"),
        (input(ada, "the main one", 5, 0, "GOODWILL"), "KT-CT-3821"),
        (input(ada, "", 5, 0, "GOODWILL"), "KT-CT-3821"),
        (input(ada, id, 5, 0, "COMPENSATION"), "KT-CT-5311"),
        (input(ada, id, 5, 0, "NO_SUCH"), "KT-CT-5312"),
        (input(ada, id, 5, 0, "BALANCE_TRANSFER"), "KT-CT-5312"),
        (input(ada, id, 0, 0, "GOODWILL"), "KT-CT-5316"),
        (input(ada, id, -5, 0, "GOODWILL"), "KT-CT-5316"),
        (input(ada, id, 7, -2, "GOODWILL"), "KT-CT-5316"),
        (input(ada, id, most, most, "GOODWILL"), "KT-CT-5316"),
        (input(ada, "1", 5, 0, "GOODWILL"), "KT-CT-5316"),
        (input(ada, bobs["id"].as_str().expect("an id"), 5, 0, "GOODWILL"), "KT-CT-5316"),
        (input("A-00000000", id, 5, 0, "GOODWILL"), "KT-CT-5316"),
    ] {
        let reply = server.send(Some(&world.staff), POST, variables.clone()).await;
        assert_eq!(reply.codes(), [code], "{variables}");
    }
    server.ask(Some(&world.staff), POST, input(ada, number, most, 0, "GOODWILL")).await;
    let reply = server.send(Some(&world.staff), POST, input(ada, id, 1, 0, "GOODWILL")).await;
    assert_eq!(reply.codes(), ["KT-CT-5313"]);
    assert_eq!(server.main_ledger(&world.ada.token, &world.ada).await["balance"], most);
}

#[tokio::test]
async fn an_organisation_posts_on_the_accounts_that_it_was_granted() {
    let server = Server::start().await;
    let world = server.world().await;
    let (id, token) = server.organisation("Biller", &["view-accounts", "post-transactions"]).await;
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let (ada, bob) = (
        server.main_ledger(&world.staff, &world.ada).await,
        server.main_ledger(&world.staff, &world.bob).await,
    );
    let post = |customer: &Customer, ledger: &Value| {
        json!({ "i": { "accountNumber": customer.account, "ledgerId": ledger["id"], "netAmount": 9, "taxAmount": 0,
            "reason": "GOODWILL" } })
    };
    server.ask(Some(&token), POST, post(&world.ada, &ada)).await;
    let reply = server.send(Some(&token), POST, post(&world.bob, &bob)).await;
    assert_eq!(reply.codes(), ["KT-CT-5316"]);
    let (a, b) = (ada["id"].as_str().expect("an id"), bob["id"].as_str().expect("an id"));
    let out = transfer((&world.ada.account, a), (&world.bob.account, b), 5);
    assert_eq!(server.send(Some(&token), TRANSFER, out).await.codes(), ["KT-CT-3823"]);
    let back = transfer((&world.bob.account, b), (&world.ada.account, a), 5);
    assert_eq!(server.send(Some(&token), TRANSFER, back).await.codes(), ["KT-CT-3822"]);
}

#[tokio::test]
async fn a_transfer_shows_on_both_sides() {
    let server = Server::start().await;
    let world = server.world().await;
    let wallet = server.wallet(&world.ada).await;
    let main = server.main_ledger(&world.staff, &world.ada).await;
    let (ada, bob) = (world.ada.account.as_str(), world.bob.account.as_str());
    server.give(&world, ada, &wallet, 500).await;
    // Within one account, by id and by number.
    let number = main["number"].as_str().expect("a number");
    let data = server.ask(Some(&world.staff), TRANSFER, transfer((ada, &wallet), (ada, number), 300)).await;
    let made = &data["transferLedgerBalance"]["balanceTransfer"];
    assert_eq!(made["reason"], "BALANCE_TRANSFER");
    assert_eq!(made["accountCharge"]["note"], "as agreed");
    let seen = server.ask(Some(&world.ada.token), LEDGERS, json!({ "n": ada })).await;
    assert_eq!(seen["account"]["balance"], 300);
    for (ledger, side, kind, left) in
        [(1, "accountCharge", "Charge", 200), (0, "accountCredit", "Credit", 300)]
    {
        let ledger = &seen["account"]["ledgers"][ledger];
        assert_eq!(ledger["balance"], left);
        let shown = &ledger["transactions"]["edges"][0]["node"];
        let expected = json!({ "__typename": kind, "id": made[side]["id"], "amount": 300, "note": "as agreed",
            "reasonCode": "BALANCE_TRANSFER", "title": "Balance transfer", "balanceCarriedForward": left });
        assert_eq!(shown, &expected);
    }
    // And on to another account.
    let bobs = server.main_ledger(&world.staff, &world.bob).await;
    let theirs = bobs["id"].as_str().expect("an id");
    server.ask(Some(&world.staff), TRANSFER, transfer((ada, number), (bob, theirs), 300)).await;
    assert_eq!(server.main_ledger(&world.bob.token, &world.bob).await["balance"], 300);
    assert_eq!(server.main_ledger(&world.ada.token, &world.ada).await["balance"], 0);
    record::read_back("transferLedgerBalance");
    server.check_the_books().await;
}

#[tokio::test]
async fn a_transfer_that_cannot_be_made_says_why() {
    let server = Server::start().await;
    let world = server.world().await;
    let wallet = server.wallet(&world.ada).await;
    let main = server.main_ledger(&world.staff, &world.ada).await;
    let (id, number) = (main["id"].as_str().expect("an id"), main["number"].as_str().expect("a number"));
    let ada = world.ada.account.as_str();
    server.give(&world, ada, &wallet, 500).await;
    let emma = server.customer("emma@example.org", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    let strom = server.main_ledger(&world.staff, &emma).await;
    let strom = strom["id"].as_str().expect("an id");
    let both = format!("{id},{number}");
    for (variables, code) in [
        (transfer((ada, &wallet), (ada, &both), 5), "KT-CT-3820"),
        (transfer((ada, "wallet"), (ada, id), 5), "KT-CT-3821"),
        (transfer((ada, "1"), (ada, id), 5), "KT-CT-3822"),
        (transfer((&world.bob.account, &wallet), (ada, id), 5), "KT-CT-3822"),
        (transfer((ada, &wallet), ("A-00000000", id), 5), "KT-CT-3823"),
        (transfer((ada, &wallet), (ada, &wallet), 5), "KT-CT-9701"),
        (transfer((ada, id), (ada, &wallet), 5), "KT-CT-9702"),
        (transfer((ada, &wallet), (ada, id), 501), "KT-CT-9703"),
        (transfer((ada, &wallet), (&emma.account, strom), 5), "KT-CT-9703"),
        (transfer((ada, &wallet), (ada, id), 0), "KT-CT-9704"),
        (transfer((ada, &wallet), (ada, id), -5), "KT-CT-9704"),
    ] {
        let reply = server.send(Some(&world.staff), TRANSFER, variables.clone()).await;
        assert_eq!(reply.codes(), [code], "{variables}");
    }
    // A ledger in debt gives nothing, however little.
    let charge =
        "mutation($i: CreateAccountChargeInput!) { createAccountCharge(input: $i) { accountCharge { id } } }";
    let input = json!({ "accountNumber": ada, "grossAmount": 100, "reason": "ADMIN_FEE" });
    server.ask(Some(&world.staff), charge, json!({ "i": input })).await;
    let reply = server.send(Some(&world.staff), TRANSFER, transfer((ada, id), (ada, &wallet), 1)).await;
    assert_eq!(reply.codes(), ["KT-CT-9703"]);
    // Nothing of all that was posted.
    let seen = server.ask(Some(&world.ada.token), LEDGERS, json!({ "n": ada })).await;
    assert_eq!(seen["account"]["ledgers"][0]["balance"], -100);
    assert_eq!(seen["account"]["ledgers"][1]["balance"], 500);
}
