//! Security deposits: asked for, agreed, paid, and given back to those who pay.

use kraken_api::domain::check;
use kraken_api::domain::ledgers::payments::{self, Movement};
use kraken_api::domain::ledgers::reversals;
use serde_json::{Value, json};

use crate::support::world::Customer;
use crate::support::{Server, World, record};

const OFFER: &str = "mutation($i: CreateDepositAgreementInput!) {
    createDepositAgreement(input: $i) { depositAgreement { depositRequired depositAmount } } }";
const ACCEPT: &str =
    "mutation($i: DepositAgreementInput!) { recordDepositAgreementAccepted(input: $i) { isRecorded } }";
const SEE: &str =
    "query($n: String!) { depositAgreements(accountNumber: $n) { depositKey depositAmount acceptedAt
        fulfilledAt dueDate returnStrategy currentEligibilityStatus { isEligible reasonsForIneligibility } }
    returnSchedule(accountNumber: $n) { dueDate amount status }
    account(accountNumber: $n) { balance ledgers { id number ledgerType balance } } }";

struct Office {
    server: Server,
    world: World,
}

impl Office {
    async fn open() -> Self {
        let server = Server::start().await;
        let world = server.world().await;
        Self { server, world }
    }

    async fn on_day(&mut self, days: u64) {
        self.world.staff = self.server.on_day(days).await;
        self.server.work_off().await;
    }

    async fn seen(&self, customer: &Customer) -> Value {
        self.server.ask(Some(&self.world.staff), SEE, json!({ "n": customer.account })).await
    }

    async fn offered(&self, customer: &Customer, key: &str) -> Value {
        let input = json!({ "accountNumber": customer.account, "depositKey": key, "reason": "NEW_CUSTOMER" });
        let data = self.server.ask(Some(&self.world.staff), OFFER, json!({ "i": input })).await;
        data["createDepositAgreement"]["depositAgreement"].clone()
    }

    async fn accepted(&self, token: &str, customer: &Customer, key: &str) -> Value {
        let input = json!({ "accountNumber": customer.account, "depositKey": key });
        let data = self.server.ask(Some(token), ACCEPT, json!({ "i": input })).await;
        data["recordDepositAgreementAccepted"]["isRecorded"].clone()
    }

    /// Pays onto the ledger that holds deposits.
    async fn deposit(&self, customer: &Customer, amount: i64) -> i64 {
        let mut tx = self.server.tx().await;
        let ledger_type = Some("SECURITY_DEPOSIT_LEDGER");
        let movement = Movement { amount, title: "Transfer", payment_type: "BACS_DEPOSIT", ledger_type };
        let id = payments::record(&mut tx, customer.account_id, &movement).await.expect("paid");
        tx.commit().await.expect("committed");
        id
    }

    async fn code(&self, token: &str, document: &str, input: Value) -> String {
        self.server.send(Some(token), document, json!({ "i": input })).await.codes().join(" ")
    }

    async fn books_are_right(&self) {
        for finding in check::run(&mut self.server.tx().await).await.expect("checked") {
            assert_eq!(finding.broken, 0, "{}", finding.rule);
        }
    }
}

#[tokio::test]
async fn a_deposit_is_held_for_a_year_and_given_back() {
    let mut office = Office::open().await;
    let ada = office.server.customer("ada2@example.org", "Ada Byron", "OCTOPUS_ENERGY").await;
    let offer = json!({ "depositRequired": true, "depositAmount": 15_000 });
    assert_eq!(office.offered(&ada, "supply").await, offer);
    assert_eq!(office.offered(&ada, "supply").await, offer, "asked for once");
    let seen = office.seen(&ada).await;
    assert_eq!(seen["depositAgreements"].as_array().map(Vec::len), Some(1));
    assert_eq!(seen["depositAgreements"][0]["acceptedAt"], Value::Null);
    record::read_back("createDepositAgreement");

    assert_eq!(office.accepted(&ada.token, &ada, "another").await, false);
    assert_eq!(office.accepted(&ada.token, &ada, "supply").await, true);
    assert_eq!(office.accepted(&ada.token, &ada, "supply").await, true);
    let seen = office.seen(&ada).await;
    let expected = json!({ "depositKey": "supply", "depositAmount": 15_000, "acceptedAt": "2026-03-02T09:30:00+00:00",
        "fulfilledAt": null, "dueDate": "2026-03-16", "returnStrategy": "IN_FULL_AFTER_GOOD_PAYMENT",
        "currentEligibilityStatus": { "isEligible": false, "reasonsForIneligibility": ["NOT_PAID"] } });
    assert_eq!(seen["depositAgreements"], json!([expected]));
    assert_eq!(seen["returnSchedule"], json!([]));
    record::read_back("recordDepositAgreementAccepted");

    office.deposit(&ada, 14_000).await;
    office.on_day(1).await;
    assert_eq!(office.seen(&ada).await["depositAgreements"][0]["fulfilledAt"], Value::Null, "not enough");
    office.deposit(&ada, 1000).await;
    office.on_day(2).await;
    let seen = office.seen(&ada).await;
    assert_eq!(seen["depositAgreements"][0]["fulfilledAt"], "2026-03-04T09:30:00+00:00");
    let reasons = &seen["depositAgreements"][0]["currentEligibilityStatus"]["reasonsForIneligibility"];
    assert_eq!(reasons, &json!(["HELD_FOR_LESS_THAN_AGREED"]));
    assert_eq!(
        seen["returnSchedule"],
        json!([{ "dueDate": "2027-03-04", "amount": 15_000, "status": "PENDING" }])
    );
    assert_eq!(seen["account"]["balance"], 0, "it does not pay for energy");

    office.on_day(367).await;
    let seen = office.seen(&ada).await;
    assert_eq!(seen["account"]["balance"], 15_000);
    assert_eq!(seen["account"]["ledgers"][1]["balance"], 0);
    assert_eq!(
        seen["returnSchedule"],
        json!([{ "dueDate": "2027-03-04", "amount": 15_000, "status": "RETURNED" }])
    );
    let reasons = &seen["depositAgreements"][0]["currentEligibilityStatus"]["reasonsForIneligibility"];
    assert_eq!(reasons, &json!(["ALREADY_RETURNED"]));
    office.books_are_right().await;
}

#[tokio::test]
async fn a_deposit_is_nobodys_credit() {
    let office = Office::open().await;
    let ada = &office.world.ada;
    office.server.wallet(ada).await;
    office.offered(ada, "supply").await;
    office.accepted(&ada.token, ada, "supply").await;
    office.deposit(ada, 15_000).await;
    let ledgers = &office.seen(ada).await["account"]["ledgers"];
    let number = |kind: &str| {
        let all = ledgers.as_array().expect("ledgers").iter();
        all.filter(|ledger| ledger["ledgerType"] == kind).map(|ledger| ledger["number"].clone()).next()
    };
    let deposits = number("SECURITY_DEPOSIT_LEDGER").expect("a ledger for deposits");
    let ask = "mutation($i: RequestRepaymentInputType!) { submitRepaymentRequest(input: $i) { repaymentRequest { status } } }";
    let wish = json!({ "accountNumber": ada.account, "ledgerId": deposits, "amountInMinorUnit": 1, "idempotencyKey": "x" });
    for token in [&ada.token, &office.world.staff] {
        assert_eq!(office.code(token, ask, wish.clone()).await, "KT-CT-3926");
    }
    let give = "mutation($i: CreateCreditTransferPermissionInput!) { createCreditTransferPermission(input: $i) { validFrom } }";
    let wallet = number("SOLAR_WALLET_LEDGER").expect("a wallet");
    let permission = json!({ "sourceLedgerNumber": deposits, "targetLedgerNumber": wallet });
    assert_eq!(office.code(&ada.token, give, permission).await, "KT-CT-3822");
}

#[tokio::test]
async fn only_those_who_may_agree_and_collect_do() {
    let office = Office::open().await;
    let (ada, bob) = (&office.world.ada, &office.world.bob);
    let offer =
        |number: &str, key: &str| json!({ "accountNumber": number, "depositKey": key, "reason": "x" });
    assert_eq!(office.code(&office.world.reader, OFFER, offer(&ada.account, "k")).await, "KT-CT-1111");
    assert_eq!(office.code(&office.world.staff, OFFER, offer("A-00000000", "k")).await, "KT-CT-4177");
    assert_eq!(office.code(&office.world.staff, OFFER, offer(&ada.account, "")).await, "KT-CT-1605");
    office.offered(ada, "supply").await;
    let theirs = json!({ "accountNumber": ada.account, "depositKey": "supply" });
    for token in [&bob.token, &office.world.reader, &office.world.partner] {
        assert_eq!(office.code(token, ACCEPT, theirs.clone()).await, "KT-CT-4177");
    }
    for field in [
        "depositAgreements(accountNumber: $n) { depositKey }",
        "returnSchedule(accountNumber: $n) { amount }",
    ] {
        let query = format!("query($n: String!) {{ {field} }}");
        let reply = office.server.send(Some(&bob.token), &query, json!({ "n": ada.account })).await;
        assert_eq!(reply.codes(), ["KT-CT-4177"]);
    }
}

#[tokio::test]
async fn parts_are_put_off_while_a_debt_is_dunned_and_all_goes_when_supply_ends() {
    let mut office = Office::open().await;
    let shop = office.server.customer("shop@example.org", "Reef Shop", "OCTOPUS_ENERGY").await;
    office
        .server
        .tamper("update accounts set account_type = 'BUSINESS' where billing_name = 'Reef Shop'")
        .await;
    assert_eq!(office.offered(&shop, "supply").await["depositAmount"], 60_000);
    office.accepted(&shop.token, &shop, "supply").await;
    office.deposit(&shop, 60_000).await;
    office.on_day(0).await;
    let schedule = |seen: &Value| {
        let parts = seen["returnSchedule"].as_array().expect("parts").iter();
        parts
            .map(|part| format!("{} {}", part["dueDate"], part["status"]).replace('"', ""))
            .collect::<Vec<_>>()
    };
    let seen = office.seen(&shop).await;
    assert_eq!(seen["depositAgreements"][0]["returnStrategy"], "IN_PARTS_AFTER_GOOD_PAYMENT");
    assert_eq!(schedule(&seen), ["2027-03-02 PENDING", "2027-04-02 PENDING"]);
    office.on_day(330).await;
    office.server.owe(shop.account_id, 40_000).await;
    office.on_day(360).await;
    office.on_day(365).await;
    let seen = office.seen(&shop).await;
    assert_eq!(schedule(&seen), ["2027-04-02 PENDING", "2027-04-02 PENDING"]);
    let reasons = &seen["depositAgreements"][0]["currentEligibilityStatus"]["reasonsForIneligibility"];
    assert_eq!(reasons, &json!(["HELD_FOR_LESS_THAN_AGREED", "ACCOUNT_IN_ARREARS"]));
    let owed = seen["account"]["balance"].as_i64().expect("a balance");
    assert!(owed < 0);
    office.server.tamper("update accounts set status = 'DORMANT' where billing_name = 'Reef Shop'").await;
    office.on_day(366).await;
    let seen = office.seen(&shop).await;
    assert_eq!(schedule(&seen), ["2027-03-03 RETURNED", "2027-03-03 RETURNED"]);
    assert_eq!(seen["account"]["balance"], owed + 60_000);
    office.books_are_right().await;
}

#[tokio::test]
async fn a_payment_that_is_taken_back_leaves_the_deposit_unpaid() {
    let mut office = Office::open().await;
    let ada = office.server.customer("ada3@example.org", "Ada King", "OCTOPUS_ENERGY").await;
    office.offered(&ada, "supply").await;
    office.accepted(&ada.token, &ada, "supply").await;
    let payment = office.deposit(&ada, 15_000).await;
    office.on_day(1).await;
    assert_ne!(office.seen(&ada).await["depositAgreements"][0]["fulfilledAt"], Value::Null);
    let mut tx = office.server.tx().await;
    reversals::reverse(&mut tx, payment, None).await.expect("undone");
    tx.commit().await.expect("committed");
    office.on_day(2).await;
    let seen = office.seen(&ada).await;
    assert_eq!(seen["depositAgreements"][0]["fulfilledAt"], Value::Null);
    assert_eq!(seen["returnSchedule"], json!([]));
}

#[tokio::test]
async fn the_deposit_follows_from_what_is_used_and_who_pays_needs_none() {
    let mut office = Office::open().await;
    let (ada, bob) = (office.world.ada.account_id, office.world.bob.account_id);
    // 100.00 and the tax in the first month, and for business customers more.
    office.server.owe(ada, 10_000).await;
    assert_eq!(office.offered(&office.world.ada, "first").await["depositAmount"], 21_000);
    office.server.owe(ada, 100_000).await;
    assert_eq!(office.offered(&office.world.ada, "second").await["depositAmount"], 50_000, "and no more");
    office.on_day(300).await;
    office.server.pay(bob, 3000).await;
    office.on_day(364).await;
    assert_eq!(office.offered(&office.world.bob, "early").await["depositRequired"], true);
    office.on_day(366).await;
    let none = json!({ "depositRequired": false, "depositAmount": 0 });
    assert_eq!(office.offered(&office.world.bob, "late").await, none);
    assert_eq!(office.offered(&office.world.ada, "late").await["depositRequired"], true, "she was dunned");
}
