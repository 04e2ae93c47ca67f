//! Permissions for stored credit to move to a ledger that owes: given, used and withdrawn.

use chrono::TimeDelta;
use kraken_api::domain::accounts::open::{self, NewUser};
use kraken_api::domain::accounts::roles;
use kraken_api::domain::auth::organisations;
use kraken_api::domain::check;
use serde_json::{Value, json};

use crate::support::server::beginning;
use crate::support::{Server, World, record};

const GIVE: &str = "mutation($i: CreateCreditTransferPermissionInput!) {
    createCreditTransferPermission(input: $i) { validFrom } }";
const END: &str = "mutation($i: TerminateCreditTransferPermissionInput!) {
    terminateCreditTransferPermission(input: $i) { validTo } }";
const LEDGERS: &str = "query($n: String!) { account(accountNumber: $n) { ledgers { id number balance
    creditTransferPermissionsData {
        fromSourceLedgers { ledgerNumber accountNumber validFrom validTo }
        toTargetLedgers { ledgerNumber accountNumber validFrom validTo } }
    transactions(first: 9) { totalCount } } } }";
const CHARGE: &str =
    "mutation($i: CreateAccountChargeInput!) { createAccountCharge(input: $i) { accountCharge { id } } }";
const CREDIT: &str = "mutation($i: PostCreditInput!) { postCredit(input: $i) { credit { id } } }";

/// Ada has a wallet.
struct Ada {
    server: Server,
    world: World,
    main: String,
    wallet: String,
}

impl Ada {
    async fn start() -> Self {
        let server = Server::start().await;
        let world = server.world().await;
        server.wallet(&world.ada).await;
        let mut ada = Self { server, world, main: String::new(), wallet: String::new() };
        let ledgers = ada.ledgers().await;
        ada.main = ledgers[0]["number"].as_str().expect("a number").to_owned();
        ada.wallet = ledgers[1]["number"].as_str().expect("a number").to_owned();
        ada
    }

    /// Fresh sessions of Ada and of staff, so many hours after the beginning.
    async fn later(&mut self, hours: i64) {
        self.server.wall.set(beginning() + TimeDelta::hours(hours));
        self.world.ada.token = self.server.log_in(json!({ "APIKey": self.world.ada.api_key })).await;
        let password = crate::support::world::PASSWORD;
        let staff = json!({ "email": "staff@example.org", "password": password });
        self.world.staff = self.server.log_in(staff).await;
    }

    async fn ledgers(&self) -> Value {
        let number = json!({ "n": self.world.ada.account });
        self.server.ask(Some(&self.world.ada.token), LEDGERS, number).await["account"]["ledgers"].clone()
    }

    async fn balances(&self) -> (i64, i64) {
        let ledgers = self.ledgers().await;
        let balance = |place: usize| ledgers[place]["balance"].as_i64().expect("a balance");
        (balance(0), balance(1))
    }

    async fn charge(&self, amount: i64) {
        let input =
            json!({ "accountNumber": self.world.ada.account, "grossAmount": amount, "reason": "ADMIN_FEE" });
        self.server.ask(Some(&self.world.staff), CHARGE, json!({ "i": input })).await;
    }

    async fn store(&self, amount: i64) {
        let input = json!({ "accountNumber": self.world.ada.account, "ledgerId": self.wallet, "netAmount": amount,
            "taxAmount": 0, "reason": "GOODWILL" });
        self.server.ask(Some(&self.world.staff), CREDIT, json!({ "i": input })).await;
    }

    fn between(&self) -> Value {
        json!({ "sourceLedgerNumber": self.wallet, "targetLedgerNumber": self.main })
    }

    async fn tried(&self, token: &str, document: &str, input: &Value) -> String {
        self.server.send(Some(token), document, json!({ "i": input })).await.codes().join(" ")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_credit_settles_what_is_owed_once_however_many_servers_there_are() {
    let mut ada = Ada::start().await;
    let twin = ada.server.twin();
    ada.charge(700).await;
    ada.store(500).await;
    ada.server.work_off().await;
    assert_eq!(ada.balances().await, (-700, 500), "nothing is permitted yet");
    let token = ada.world.ada.token.clone();
    let between = ada.between();
    let (a, b) = tokio::join!(ada.tried(&token, GIVE, &between), ada.tried(&token, GIVE, &between));
    let mut codes = [a, b];
    codes.sort();
    assert_eq!(codes, ["", "KT-CT-3829"]);
    let seen = ada.ledgers().await;
    let permission = |number: &str, end: Value| {
        json!([{ "ledgerNumber": number, "accountNumber": ada.world.ada.account,
            "validFrom": "2026-03-02T09:30:00+00:00", "validTo": end }])
    };
    let data = |place: usize| &seen[place]["creditTransferPermissionsData"];
    assert_eq!(data(0)["fromSourceLedgers"], permission(&ada.wallet, Value::Null));
    assert_eq!(data(1)["toTargetLedgers"], permission(&ada.main, Value::Null));
    assert_eq!((&data(0)["toTargetLedgers"], &data(1)["fromSourceLedgers"]), (&json!([]), &json!([])));
    record::read_back("createCreditTransferPermission");

    ada.later(2).await;
    tokio::join!(ada.server.work_off(), twin.work_off());
    assert_eq!(ada.balances().await, (-200, 0));
    ada.store(300).await;
    ada.later(4).await;
    tokio::join!(ada.server.work_off(), twin.work_off());
    assert_eq!(ada.balances().await, (0, 100), "no more than is owed");

    let data = ada.server.ask(Some(&ada.world.ada.token), END, json!({ "i": ada.between() })).await;
    assert_eq!(data["terminateCreditTransferPermission"]["validTo"], "2026-03-02T13:30:00+00:00");
    let seen = ada.ledgers().await;
    let end = json!("2026-03-02T13:30:00+00:00");
    let permission = &seen[1]["creditTransferPermissionsData"]["toTargetLedgers"][0];
    assert_eq!((&permission["ledgerNumber"], &permission["validTo"]), (&json!(ada.main), &end));
    record::read_back("terminateCreditTransferPermission");
    ada.charge(100).await;
    ada.later(6).await;
    tokio::join!(ada.server.work_off(), twin.work_off());
    assert_eq!(ada.balances().await, (-100, 100));
    // It may be given again.
    assert_eq!(ada.tried(&ada.world.ada.token, GIVE, &ada.between()).await, "");
    for finding in check::run(&mut ada.server.tx().await).await.expect("checked") {
        assert_eq!(finding.broken, 0, "{}", finding.rule);
    }
}

#[tokio::test]
async fn what_cannot_be_permitted_says_why() {
    let ada = Ada::start().await;
    let (server, world) = (&ada.server, &ada.world);
    let bobs = server.main_ledger(&world.staff, &world.bob).await["number"].clone();
    let emma = server.customer("emma@example.org", "Emma Noether", "OCTOPUS_ENERGY_GERMANY").await;
    let strom = server.main_ledger(&world.staff, &emma).await["number"].clone();
    let id = ada.ledgers().await[0]["id"].clone();
    let token = &world.ada.token;
    let with = |field: &str, value: &Value| {
        let mut input = ada.between();
        input[field] = value.clone();
        input
    };
    for document in [GIVE, END] {
        for (field, value, code) in [
            ("sourceLedgerNumber", &bobs, "KT-CT-3822"),
            ("targetLedgerNumber", &bobs, "KT-CT-3822"),
            ("sourceLedgerNumber", &json!("L-00000000"), "KT-CT-3822"),
            ("sourceLedgerNumber", &json!("the wallet"), "KT-CT-3827"),
            ("targetLedgerNumber", &id, "KT-CT-3827"),
            ("targetLedgerNumber", &json!(ada.wallet), "KT-CT-3827"),
        ] {
            assert_eq!(ada.tried(token, document, &with(field, value)).await, code, "{field}: {value}");
        }
        let abroad = with("targetLedgerNumber", &strom);
        assert_eq!(ada.tried(&world.staff, document, &abroad).await, "KT-CT-3827");
        for nobody in [&world.reader, &world.partner] {
            assert_eq!(ada.tried(nobody, document, &ada.between()).await, "KT-CT-1111");
        }
    }
    let plain = json!({ "sourceLedgerNumber": ada.main, "targetLedgerNumber": bobs });
    assert_eq!(ada.tried(&world.staff, GIVE, &plain).await, "KT-CT-3828");
    assert_eq!(ada.tried(token, END, &ada.between()).await, "KT-CT-3825");
    // Either end may be the one that stores.
    let back = json!({ "sourceLedgerNumber": ada.main, "targetLedgerNumber": ada.wallet });
    assert_eq!(ada.tried(&world.staff, GIVE, &back).await, "");
    assert_eq!(ada.tried(&world.staff, END, &back).await, "");
    assert_eq!(ada.tried(&world.staff, END, &back).await, "KT-CT-3825");
    let past = json!({ "sourceLedgerNumber": ada.main, "targetLedgerNumber": ada.wallet,
        "activeAt": "2020-01-01T00:00:00Z" });
    assert_eq!(ada.tried(&world.staff, END, &past).await, "KT-CT-3825");
}

#[tokio::test]
async fn only_the_owner_of_credit_gives_it_away() {
    let ada = Ada::start().await;
    let (server, world) = (&ada.server, &ada.world);
    // Bob looks after Ada's account, and would have her wallet pay his bill.
    let mut tx = server.tx().await;
    roles::give_on_account(&mut tx, world.ada.account_id, world.bob.user_id, "CARER").await.expect("a role");
    let owner = open::user(&mut tx, &server.random, &NewUser::default()).await.expect("a user");
    roles::give_on_account(&mut tx, world.bob.account_id, owner, roles::ACCOUNT_OWNER).await.expect("a role");
    tx.commit().await.expect("committed");
    let bobs = server.main_ledger(&world.staff, &world.bob).await["number"].clone();
    let bob = &world.bob.token;
    let to_him = json!({ "sourceLedgerNumber": ada.wallet, "targetLedgerNumber": bobs });
    assert_eq!(ada.tried(bob, GIVE, &to_him).await, "KT-CT-3822");
    assert_eq!(ada.tried(bob, GIVE, &ada.between()).await, "KT-CT-3822");
    // Staff may, and Ada does not see whose ledger it is.
    assert_eq!(ada.tried(&world.staff, GIVE, &to_him).await, "");
    let seen = ada.ledgers().await;
    assert_eq!(seen[1]["creditTransferPermissionsData"]["toTargetLedgers"], json!([]));
    assert_eq!(ada.tried(bob, END, &to_him).await, "KT-CT-3822");
    // Organisations, with the permission, between accounts that they were granted.
    let (id, token) = server.organisation("Biller", &["view-accounts", "post-transactions"]).await;
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    assert_eq!(ada.tried(&token, GIVE, &ada.between()).await, "");
    assert_eq!(ada.tried(&token, END, &to_him).await, "KT-CT-3822");
}
