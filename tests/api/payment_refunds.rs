//! Payments that are paid back the way they came, and deposits that are collected like payments.

use serde_json::{Value, json};

use crate::payments::{COLLECT, wanted};
use crate::roots::bounds_its_pages;
use crate::support::{Server, World, record};

const REFUND: &str =
    "mutation($i: RefundPaymentInput!) { refundPayment(input: $i) { repayment { id amount status } } }";
const APPROVE: &str =
    "mutation($i: ApproveRepaymentInput!) { approveRepayment(input: $i) { repayment { status } } }";
const SEE: &str = "query($n: String!) { account(accountNumber: $n) { balance
    payments(first: 9) { edges { node { id amount status } } }
    repayments(first: 9) { edges { node { id amount status } } }
    requestRefundEligibility { reason } maximumRefund { amount reasonToRecommendAmount }
    ledgers { refundRequests(first: 9) { totalCount edges { node {
        requestId amount reasonCode status payment { id amount } } } } } } }";
const DEPOSIT: &str =
    "mutation($i: CollectDepositInput!) { collectDeposit(input: $i) { payment { status paymentDate } } }";

/// Ada pays 100.00 by direct debit, which has cleared.
struct Paid {
    server: Server,
    world: World,
    payment: String,
}

impl Paid {
    async fn of(amount: i64) -> Self {
        let server = Server::start().await;
        let mut world = server.world().await;
        server.pays_by(&world.ada, "DIRECT_DEBIT").await;
        let ledger = server.main_ledger_id(&world.ada).await;
        let wish = wanted(&world.ada, ledger, amount, "2026-03-05", "extra");
        server.ask(Some(&world.ada.token), COLLECT, wish).await;
        world.staff = server.through("2026-03-12").await;
        let mut paid = Self { server, world, payment: String::new() };
        let seen = paid.seen().await;
        paid.payment = seen["payments"]["edges"][0]["node"]["id"].as_str().expect("an id").to_owned();
        paid
    }

    async fn seen(&self) -> Value {
        let number = json!({ "n": self.world.ada.account });
        self.server.ask(Some(&self.world.staff), SEE, number).await["account"].clone()
    }

    fn wish(&self, amount: i64, key: &str) -> Value {
        json!({ "accountNumber": self.world.ada.account, "paymentId": self.payment, "amountInMinorUnit": amount,
            "idempotencyKey": key, "reason": "PAID_TWICE" })
    }

    async fn code(&self, token: &str, document: &str, input: Value) -> String {
        self.server.send(Some(token), document, json!({ "i": input })).await.codes().join(" ")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_goes_back_the_way_it_came_and_never_more_of_it() {
    let mut paid = Paid::of(10_000).await;
    let staff = paid.world.staff.clone();
    let reader = paid.server.member_of_staff("second-reader@example.org", "reader").await;
    assert_eq!(paid.code(&reader, REFUND, paid.wish(1, "x")).await, "KT-CT-3924");
    for (field, value) in [("accountNumber", json!(paid.world.bob.account)), ("paymentId", json!("1"))] {
        let mut wish = paid.wish(1, "x");
        wish[field] = value;
        assert_eq!(paid.code(&staff, REFUND, wish).await, "KT-CT-3924", "{field}");
    }
    assert_eq!(paid.code(&staff, REFUND, paid.wish(0, "x")).await, "KT-CT-1605");
    assert_eq!(paid.code(&staff, REFUND, paid.wish(10_001, "x")).await, "KT-CT-3933");

    let (one, two) = (paid.wish(7000, "one"), paid.wish(7000, "two"));
    let (a, b) = tokio::join!(paid.code(&staff, REFUND, one), paid.code(&staff, REFUND, two));
    let mut codes = [a, b];
    codes.sort();
    assert_eq!(codes, ["", "KT-CT-3933"]);
    assert_eq!(paid.code(&staff, REFUND, paid.wish(3000, "three")).await, "");
    assert_eq!(paid.code(&staff, REFUND, paid.wish(1, "three")).await, "KT-CT-3928");
    let seen = paid.seen().await;
    assert_eq!(seen["balance"], 10_000);
    let requests = &seen["ledgers"][0]["refundRequests"];
    assert_eq!(requests["totalCount"], 2);
    let asked = &requests["edges"][0]["node"];
    assert_eq!(
        (&asked["amount"], &asked["reasonCode"], &asked["status"]),
        (&json!(3000), &json!("PAID_TWICE"), &json!("REQUESTED"))
    );
    assert_eq!(asked["payment"], json!({ "id": paid.payment, "amount": 10_000 }));
    record::read_back("refundPayment");

    // It is undone even where the money has been used up.
    paid.server.owe(paid.world.ada.account_id, 9000).await;
    let second = paid.server.member_of_staff("second@example.org", "billing").await;
    for place in [0, 1] {
        let id = &seen["repayments"]["edges"][place]["node"]["id"];
        let approval = json!({ "accountNumber": paid.world.ada.account, "repaymentId": id });
        assert_eq!(paid.code(&staff, APPROVE, approval.clone()).await, "KT-CT-3959");
        assert_eq!(paid.code(&second, APPROVE, approval).await, "");
    }
    paid.world.staff = paid.server.through("2026-03-16").await;
    let seen = paid.seen().await;
    assert_eq!(seen["balance"], -9450);
    for place in [0, 1] {
        assert_eq!(seen["repayments"]["edges"][place]["node"]["status"], "PAID");
    }
    let below = format!(
        "account(accountNumber: \"{}\") {{ ledgers {{ refundRequests(PAGE) {{ edgeCount }} }} }}",
        paid.world.ada.account
    );
    bounds_its_pages(&paid.server, &paid.world.staff, &below).await;
    paid.server.books_are_clean().await;
}

#[tokio::test]
async fn only_what_has_cleared_and_can_go_back_is_paid_back() {
    let paid = Paid::of(10_000).await;
    paid.server.tamper("update account_payments set payment_type = 'CASH'").await;
    assert_eq!(paid.code(&paid.world.staff, REFUND, paid.wish(1, "x")).await, "KT-CT-3937");
    let failed = Paid::of(10_096).await;
    assert_eq!(failed.code(&failed.world.staff, REFUND, failed.wish(1, "x")).await, "KT-CT-3929");
}

#[tokio::test]
async fn customers_ask_back_no_more_than_came_by_the_direct_debit_it_goes_to() {
    let paid = Paid::of(10_000).await;
    paid.server.pay(paid.world.ada.account_id, 5000).await;
    let seen = paid.seen().await;
    let most = json!({ "amount": 10_000, "reasonToRecommendAmount": "TOTAL_AMOUNT_PAID_VIA_ACTIVE_DDI" });
    assert_eq!(seen["maximumRefund"], most);
    // A bank account that is new gets nothing.
    let newer = "update payment_instructions set status = 'FAILED', ended_because = 'REPLACED', valid_to = '2026-03-12';
        insert into payment_instructions (account_id, instruction_type, status, valid_from, vendor, vendor_reference,
            account_holder, masked_identifier, last_four, created_at, created_by_kind, created_by_id)
        select account_id, 'DIRECT_DEBIT', 'ACTIVE', '2026-03-12', 'TEST', 'newer', 'A. Holder', '****5678', '5678',
            '2026-03-12', 'test', 1 from payment_instructions";
    paid.server.tamper(newer).await;
    assert_eq!(
        paid.seen().await["requestRefundEligibility"]["reason"],
        "NOTHING_PAID_BY_ACTIVE_DIRECT_DEBIT"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_is_collected_once() {
    let server = Server::start().await;
    let mut world = server.world().await;
    let offer = "mutation($i: CreateDepositAgreementInput!) {
        createDepositAgreement(input: $i) { depositAgreement { depositAmount } } }";
    let accept =
        "mutation($i: DepositAgreementInput!) { recordDepositAgreementAccepted(input: $i) { isRecorded } }";
    let number = world.ada.account.clone();
    let wish = |key: &str| json!({ "accountNumber": number, "depositKey": "supply", "idempotencyKey": key });
    let code = async |token: &str, input: Value| {
        server.send(Some(token), DEPOSIT, json!({ "i": input })).await.codes().join(" ")
    };
    assert_eq!(code(&world.staff, wish("one")).await, "KT-CT-5712");
    let agreement = json!({ "accountNumber": number, "depositKey": "supply", "reason": "NEW_CUSTOMER" });
    server.ask(Some(&world.staff), offer, json!({ "i": agreement })).await;
    assert_eq!(code(&world.staff, wish("one")).await, "KT-CT-5712", "not accepted yet");
    let agreement = json!({ "accountNumber": number, "depositKey": "supply" });
    server.ask(Some(&world.ada.token), accept, json!({ "i": agreement })).await;
    assert_eq!(code(&world.reader, wish("one")).await, "KT-CT-1111");
    let mut unknown = wish("one");
    unknown["accountNumber"] = json!("A-00000000");
    assert_eq!(code(&world.staff, unknown).await, "KT-CT-4177");
    assert_eq!(code(&world.staff, wish("")).await, "KT-CT-1605");
    let collected = async |token: &str, key: &str| {
        let data = server.ask(Some(token), DEPOSIT, json!({ "i": wish(key) })).await;
        data["collectDeposit"]["payment"].clone()
    };
    let none = json!({ "status": "NONE", "paymentDate": null });
    assert_eq!(collected(&world.staff, "one").await, none, "there is nothing to collect it through");
    server.pays_by(&world.ada, "DIRECT_DEBIT").await;
    let (a, b) = tokio::join!(code(&world.staff, wish("one")), code(&world.staff, wish("two")));
    let mut codes = [a, b];
    codes.sort();
    assert_eq!(codes, ["", "KT-CT-5711"]);
    let see = "query($n: String!) { depositAgreements(accountNumber: $n) { collectionDate fulfilledAt }
        account(accountNumber: $n) { payments(first: 9) { edges { node { amount status } } } } }";
    let seen = server.ask(Some(&world.staff), see, json!({ "n": number })).await;
    assert_eq!(seen["depositAgreements"][0]["collectionDate"], "2026-03-04");
    assert_eq!(seen["account"]["payments"]["edges"][0]["node"]["amount"], 15_000);
    record::read_back("collectDeposit");
    world.staff = server.through("2026-03-12").await;
    let seen = server.ask(Some(&world.staff), see, json!({ "n": number })).await;
    assert_ne!(seen["depositAgreements"][0]["fulfilledAt"], Value::Null);
    assert_eq!(code(&world.staff, wish("three")).await, "KT-CT-5711");
    server.books_are_clean().await;
}
