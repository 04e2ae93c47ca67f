//! Money that goes back to customers: asked for, approved by somebody else, held back, paid out, and come back.

use kraken_api::domain::accounts::open::{self, NewUser};
use kraken_api::domain::accounts::roles;
use kraken_api::domain::check;
use kraken_api::domain::payments::refusals::{self, RefusalError};
use serde_json::{Value, json};

use crate::roots::bounds_its_pages;
use crate::support::world::Customer;
use crate::support::{Server, World, record};

const SUBMIT: &str = "mutation($i: RequestRepaymentInputType!) {
    submitRepaymentRequest(input: $i) { repaymentRequest { requestId status } } }";
const CANCEL: &str = "mutation($i: CancelRepaymentRequestInputType!) {
    cancelRepaymentRequest(input: $i) { repaymentRequest { requestId status } } }";
const PLAIN: &str = "mutation($i: RefundRequestInput!) {
    createRefundRequest(input: $i) { refundRequest { requestedAmountToReturn } } }";
const APPROVE: &str = "mutation($i: ApproveRepaymentInput!) {
    approveRepayment(input: $i) { repayment { id amount paymentDate status } } }";
const BLOCK: &str = "mutation($i: RepaymentInput!) {
    blockRepaymentSubmission(input: $i) { repaymentId repaymentIntervention { outcome reason } } }";
const ALLOW: &str = "mutation($i: RepaymentInput!) {
    allowRepaymentSubmission(input: $i) { repaymentId repaymentIntervention { outcome reason } } }";
const SEE: &str = "query($n: String!) { account(accountNumber: $n) { balance canRequestRefund
    requestRefundEligibility { canRequestRefund reason }
    maximumRefund { amount reasonToRecommendAmount recommendedBalance }
    repayments(first: 9) { totalCount edges { node { id amount paymentDate status } } }
    ledgers { id number repaymentRequests(first: 9) { totalCount edges { node {
        requestId amount reasonCode method instruction { accountHolder maskedAccountIdentifier } status } } } }
    transactions(first: 9) { edges { node { __typename amount title isReversed } } } } }";

/// Ada is in credit.
struct Ada {
    server: Server,
    world: World,
    ledger: String,
}

impl Ada {
    async fn with(credit: i64) -> Self {
        let server = Server::start().await;
        let world = server.world().await;
        server.pay(world.ada.account_id, credit).await;
        let ledger = server.main_ledger(&world.staff, &world.ada).await;
        let ledger = ledger["number"].as_str().expect("a number").to_owned();
        Self { server, world, ledger }
    }

    /// What an account shows to staff.
    async fn seen(&self) -> Value {
        self.seen_of(&self.world.ada).await
    }

    async fn seen_of(&self, customer: &Customer) -> Value {
        let number = json!({ "n": customer.account });
        self.server.ask(Some(&self.world.staff), SEE, number).await["account"].clone()
    }

    fn wish(&self, amount: i64, key: &str) -> Value {
        json!({ "accountNumber": self.world.ada.account, "ledgerId": self.ledger, "amountInMinorUnit": amount,
            "idempotencyKey": key })
    }

    async fn tried(&self, token: &str, document: &str, input: &Value) -> String {
        self.server.send(Some(token), document, json!({ "i": input })).await.codes().join(" ")
    }

    /// Asks for money and answers the id of its repayment.
    async fn asked(&self, amount: i64, key: &str) -> String {
        let wish = json!({ "i": self.wish(amount, key) });
        self.server.ask(Some(&self.world.ada.token), SUBMIT, wish).await;
        let seen = self.seen().await;
        seen["repayments"]["edges"][0]["node"]["id"].as_str().expect("an id").to_owned()
    }

    fn approval(&self, id: &str) -> Value {
        json!({ "accountNumber": self.world.ada.account, "repaymentId": id })
    }

    async fn approved(&self, amount: i64, key: &str) -> String {
        let id = self.asked(amount, key).await;
        self.server.ask(Some(&self.world.staff), APPROVE, json!({ "i": self.approval(&id) })).await;
        self.server.work_off().await;
        id
    }

    /// Moves on, and has everything done that is due by then.
    async fn on_day(&mut self, days: u64) {
        self.world.staff = self.server.on_day(days).await;
        self.world.ada.token = self.server.log_in(json!({ "APIKey": self.world.ada.api_key })).await;
        self.server.work_off().await;
    }

    /// The balance and the state of the latest repayment.
    async fn stands(&self) -> (i64, String) {
        let seen = self.seen().await;
        let status = seen["repayments"]["edges"][0]["node"]["status"].as_str().unwrap_or_default();
        (seen["balance"].as_i64().expect("a balance"), status.to_owned())
    }

    async fn books_are_right(&self) {
        for finding in check::run(&mut self.server.tx().await).await.expect("checked") {
            assert_eq!(finding.broken, 0, "{}", finding.rule);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credit_goes_back_when_somebody_else_has_approved_it() {
    let mut ada = Ada::with(10_000).await;
    let mut wish = ada.wish(4000, "one");
    wish["reason"] = json!("MOVING_OUT");
    let data = ada.server.ask(Some(&ada.world.ada.token), SUBMIT, json!({ "i": wish })).await;
    let request = &data["submitRepaymentRequest"]["repaymentRequest"];
    assert_eq!(request["status"], "REQUESTED");
    let seen = ada.seen().await;
    assert_eq!(seen["balance"], 10_000, "nothing is debited yet");
    let asked = &seen["ledgers"][0]["repaymentRequests"];
    assert_eq!(asked["totalCount"], 1);
    assert_eq!(
        asked["edges"][0]["node"],
        json!({ "requestId": request["requestId"], "amount": 4000, "reasonCode": "MOVING_OUT", "method": "CHEQUE",
            "instruction": null, "status": "REQUESTED" })
    );
    let repayment = &seen["repayments"]["edges"][0]["node"];
    assert_eq!((&repayment["amount"], &repayment["status"]), (&json!(4000), &json!("REQUESTED")));
    assert_eq!(seen["maximumRefund"]["amount"], 6000, "what was asked for is spoken for");
    record::read_back("submitRepaymentRequest");

    let id = repayment["id"].as_str().expect("an id").to_owned();
    let approval = ada.approval(&id);
    let twin = ada.server.twin();
    let (a, b) = tokio::join!(
        ada.tried(&ada.world.staff, APPROVE, &approval),
        ada.tried(&ada.world.staff, APPROVE, &approval)
    );
    let mut codes = [a, b];
    codes.sort();
    assert_eq!(codes, ["", "KT-CT-3934"]);
    tokio::join!(ada.server.work_off(), twin.work_off());
    assert_eq!(ada.stands().await, (6000, "SUBMITTED".to_owned()));
    let seen = ada.seen().await;
    assert_eq!(seen["ledgers"][0]["repaymentRequests"]["edges"][0]["node"]["status"], "ACCEPTED");
    let refund = &seen["transactions"]["edges"][0]["node"];
    assert_eq!(
        refund,
        &json!({ "__typename": "Refund", "amount": 4000, "title": "Refund", "isReversed": false })
    );
    record::read_back("approveRepayment");
    assert_eq!(ada.tried(&ada.world.staff, APPROVE, &approval).await, "KT-CT-3934");

    ada.on_day(2).await;
    assert_eq!(ada.stands().await, (6000, "PAID".to_owned()));
    let paid = &ada.seen().await["repayments"]["edges"][0]["node"];
    assert_eq!(paid["paymentDate"], "2026-03-04");
    ada.books_are_right().await;
}

#[tokio::test]
async fn what_does_not_arrive_is_put_back_and_what_is_not_heard_is_paid_once() {
    let mut ada = Ada::with(100_000).await;
    let mut day = 0;
    for (amount, first, after_two_days, after_a_week) in [
        (6602, "FAILED", "FAILED", "FAILED"),
        (6603, "SUBMITTED", "FAILED", "FAILED"),
        (6604, "SUBMITTED", "PAID", "FAILED"),
        (6605, "SUBMITTED", "PAID", "PAID"),
        (6606, "SUBMITTED", "SUBMITTED", "PAID"),
    ] {
        let (before, _) = ada.stands().await;
        let rest = |status: &str| if status == "FAILED" { before } else { before - amount };
        ada.approved(amount, &amount.to_string()).await;
        for (later, status) in [(0, first), (2, after_two_days), (9, after_a_week)] {
            ada.on_day(day + later).await;
            assert_eq!(ada.stands().await, (rest(status), status.to_owned()), "{amount} on day {later}");
        }
        day += 10;
        ada.on_day(day).await;
    }
    let orders = "select count(*), count(distinct reference) from simulated_payouts";
    let orders: (i64, i64) =
        sqlx::query_as(orders).fetch_one(ada.server.database.pool()).await.expect("a count");
    assert_eq!(orders, (4, 4));
    assert_eq!(ada.server.letters("repayment-failed").await.len(), 3);
    ada.books_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_never_draw_on_the_same_credit() {
    let ada = Ada::with(5000).await;
    let token = &ada.world.ada.token;
    let (one, two) = (ada.wish(4000, "one"), ada.wish(4000, "two"));
    let (a, b) = tokio::join!(ada.tried(token, SUBMIT, &one), ada.tried(token, SUBMIT, &two));
    let mut codes = [a, b];
    codes.sort();
    assert_eq!(codes, ["", "KT-CT-3927"]);
    // The same key again, at once.
    let (one, two) = (ada.wish(100, "three"), ada.wish(200, "three"));
    let (a, b) = tokio::join!(ada.tried(token, SUBMIT, &one), ada.tried(token, SUBMIT, &two));
    let mut codes = [a, b];
    codes.sort();
    assert_eq!(codes, ["", "KT-CT-3928"]);
    assert_eq!(ada.seen().await["repayments"]["totalCount"], 2);
}

#[tokio::test]
async fn what_cannot_be_asked_for_says_why() {
    let ada = Ada::with(5000).await;
    let (server, world) = (&ada.server, &ada.world);
    let token = &world.ada.token;
    let with = |field: &str, value: Value| {
        let mut wish = ada.wish(1000, field);
        wish[field] = value;
        wish
    };
    let bobs = server.main_ledger(&world.staff, &world.bob).await["number"].clone();
    for (field, value, code) in [
        ("amountInMinorUnit", json!(0), "KT-CT-3927"),
        ("amountInMinorUnit", json!(-5), "KT-CT-3927"),
        ("amountInMinorUnit", json!(5001), "KT-CT-3927"),
        ("ledgerId", json!("my ledger"), "KT-CT-3821"),
        ("ledgerId", json!(format!("4711 {}", ada.ledger)), "KT-CT-3820"),
        ("ledgerId", bobs, "KT-CT-3926"),
        ("accountNumber", json!(world.bob.account), "KT-CT-3926"),
        ("accountNumber", json!("A-00000000"), "KT-CT-3926"),
        ("method", json!("BANK_TRANSFER"), "KT-CT-1605"),
        ("idempotencyKey", json!(""), "KT-CT-1605"),
        ("reason", json!("x".repeat(501)), "KT-CT-1605"),
    ] {
        assert_eq!(ada.tried(token, SUBMIT, &with(field, value.clone())).await, code, "{field}: {value}");
    }
    assert_eq!(ada.tried(&world.reader, SUBMIT, &ada.wish(1, "x")).await, "KT-CT-1132");
    assert_eq!(ada.tried(&world.partner, SUBMIT, &ada.wish(1, "x")).await, "KT-CT-1132");
    // Whoever looks after her account sees it, and its money is not theirs.
    let mut tx = server.tx().await;
    roles::give_on_account(&mut tx, world.ada.account_id, world.bob.user_id, "CARER").await.expect("a role");
    let owner = open::user(&mut tx, &server.random, &NewUser::default()).await.expect("a user");
    roles::give_on_account(&mut tx, world.bob.account_id, owner, roles::ACCOUNT_OWNER).await.expect("a role");
    tx.commit().await.expect("committed");
    assert_eq!(ada.tried(&world.bob.token, SUBMIT, &ada.wish(1, "x")).await, "KT-CT-3926");

    let data = server.ask(Some(token), SUBMIT, json!({ "i": ada.wish(1000, "first") })).await;
    let id = data["submitRepaymentRequest"]["repaymentRequest"]["requestId"].clone();
    assert_eq!(ada.tried(token, SUBMIT, &ada.wish(1000, "first")).await, "KT-CT-3928");
    let request = json!({ "requestId": id });
    for (who, code) in [(&world.reader, "KT-CT-4231"), (&world.bob.token, "KT-CT-4231")] {
        assert_eq!(ada.tried(who, CANCEL, &request).await, code);
    }
    assert_eq!(ada.tried(&world.partner, CANCEL, &request).await, "KT-CT-3930");
    for unknown in ["99999999", "x"] {
        assert_eq!(ada.tried(token, CANCEL, &json!({ "requestId": unknown })).await, "KT-CT-3930");
    }
    let data = server.ask(Some(token), CANCEL, json!({ "i": request })).await;
    let cancelled = &data["cancelRepaymentRequest"]["repaymentRequest"];
    assert_eq!(cancelled, &json!({ "requestId": id, "status": "CANCELLED" }));
    let seen = ada.seen().await;
    assert_eq!(seen["repayments"]["totalCount"], 0, "it never became a repayment");
    assert_eq!(seen["ledgers"][0]["repaymentRequests"]["edges"][0]["node"]["status"], "CANCELLED");
    assert_eq!(seen["maximumRefund"]["amount"], 5000);
    record::read_back("cancelRepaymentRequest");
    assert_eq!(ada.tried(token, CANCEL, &request).await, "KT-CT-3931");
}

#[tokio::test]
async fn nobody_approves_what_they_asked_for_or_what_cannot_be_paid() {
    let ada = Ada::with(5000).await;
    let (server, world) = (&ada.server, &ada.world);
    let second = server.member_of_staff("second@example.org", "billing").await;
    // Staff ask beyond what customers may, but not for more than there is.
    assert_eq!(ada.tried(&world.staff, SUBMIT, &ada.wish(5001, "more")).await, "KT-CT-3927");
    assert_eq!(ada.tried(&world.staff, SUBMIT, &ada.wish(5000, "all")).await, "");
    let id = ada.seen().await["repayments"]["edges"][0]["node"]["id"].as_str().expect("an id").to_owned();
    let approval = ada.approval(&id);
    assert_eq!(ada.tried(&world.staff, APPROVE, &approval).await, "KT-CT-3959");
    assert_eq!(ada.tried(&world.reader, APPROVE, &approval).await, "KT-CT-3959");
    let elsewhere = json!({ "accountNumber": world.bob.account, "repaymentId": id });
    for wrong in [elsewhere, ada.approval("1"), ada.approval("x")] {
        assert_eq!(ada.tried(&second, APPROVE, &wrong).await, "KT-CT-3959");
    }
    // A bill comes in between.
    server.owe(world.ada.account_id, 1000).await;
    assert_eq!(ada.tried(&second, APPROVE, &approval).await, "KT-CT-3935");
    server.pay(world.ada.account_id, 2000).await;
    assert_eq!(ada.tried(&second, APPROVE, &approval).await, "");
    // And another one before it is submitted.
    server.owe(world.ada.account_id, 4000).await;
    server.work_off().await;
    let seen = ada.seen().await;
    assert_eq!(seen["repayments"]["totalCount"], 0);
    assert_eq!(seen["ledgers"][0]["repaymentRequests"]["edges"][0]["node"]["status"], "REJECTED");
    assert_eq!(server.letters("repayment-refused").await.len(), 1);
    assert_eq!(ada.tried(&second, APPROVE, &approval).await, "KT-CT-3973");
    ada.books_are_right().await;
}

#[tokio::test]
async fn what_is_held_back_is_not_paid_until_it_is_let_go() {
    let ada = Ada::with(5000).await;
    let (server, world) = (&ada.server, &ada.world);
    let id = ada.asked(1000, "one").await;
    let with = |reason: Value| json!({ "repaymentId": id, "reason": reason });
    for document in [BLOCK, ALLOW] {
        assert_eq!(ada.tried(&world.reader, document, &with(Value::Null)).await, "KT-CT-1111");
        assert_eq!(ada.tried(&world.staff, document, &with(json!("x".repeat(501)))).await, "KT-CT-3950");
        for unknown in ["1", "x"] {
            let unknown = json!({ "repaymentId": unknown });
            assert_eq!(ada.tried(&world.staff, document, &unknown).await, "KT-CT-3944");
        }
    }
    assert_eq!(ada.tried(&world.staff, ALLOW, &with(Value::Null)).await, "KT-CT-3945");
    let data =
        server.ask(Some(&world.staff), BLOCK, json!({ "i": with(json!("Is this her account?")) })).await;
    let blocked = json!({ "repaymentId": id,
        "repaymentIntervention": { "outcome": "BLOCKED", "reason": "Is this her account?" } });
    assert_eq!(data["blockRepaymentSubmission"], blocked);
    assert_eq!(ada.tried(&world.staff, BLOCK, &with(Value::Null)).await, "KT-CT-3946");
    assert_eq!(ada.tried(&world.staff, APPROVE, &ada.approval(&id)).await, "");
    server.work_off().await;
    assert_eq!(ada.stands().await, (5000, "APPROVED".to_owned()));
    record::read_back("blockRepaymentSubmission");
    let data = server.ask(Some(&world.staff), ALLOW, json!({ "i": with(Value::Null) })).await;
    assert_eq!(data["allowRepaymentSubmission"]["repaymentIntervention"]["outcome"], "ALLOWED");
    server.work_off().await;
    assert_eq!(ada.stands().await, (4000, "SUBMITTED".to_owned()));
    record::read_back("allowRepaymentSubmission");
    assert_eq!(ada.tried(&world.staff, BLOCK, &with(Value::Null)).await, "KT-CT-3946");
    assert_eq!(ada.tried(&world.staff, ALLOW, &with(Value::Null)).await, "KT-CT-3945");
}

#[tokio::test]
async fn a_plain_request_is_confirmed_by_mail_and_lapses_if_nobody_decides() {
    let mut ada = Ada::with(5000).await;
    let wish = |amount: i64| json!({ "accountNumber": ada.world.ada.account, "requestedAmount": amount });
    let token = ada.world.ada.token.clone();
    for amount in [0, 5001] {
        assert_eq!(ada.tried(&token, PLAIN, &wish(amount)).await, "KT-GB-4121");
    }
    assert_eq!(ada.tried(&ada.world.reader, PLAIN, &wish(100)).await, "KT-CT-1111");
    let bobs = json!({ "accountNumber": ada.world.bob.account, "requestedAmount": 100 });
    assert_eq!(ada.tried(&token, PLAIN, &bobs).await, "KT-GB-4121");
    ada.server.tamper("update accounts set billing_email = ''").await;
    assert_eq!(ada.tried(&token, PLAIN, &wish(100)).await, "KT-GB-4127");
    ada.server.tamper("update accounts set billing_email = 'ada@example.org'").await;
    assert_eq!(ada.seen().await["ledgers"][0]["repaymentRequests"]["totalCount"], 0);

    let data = ada.server.ask(Some(&token), PLAIN, json!({ "i": wish(2500) })).await;
    assert_eq!(data["createRefundRequest"]["refundRequest"]["requestedAmountToReturn"], 2500);
    assert_eq!(ada.tried(&token, PLAIN, &wish(100)).await, "KT-GB-4121", "one at a time");
    let asked = |seen: &Value| seen["ledgers"][0]["repaymentRequests"]["edges"][0]["node"].clone();
    let node = asked(&ada.seen().await);
    assert_eq!((&node["amount"], &node["status"]), (&json!(2500), &json!("REQUESTED")));
    assert_eq!(ada.server.letters("refund-request").await.len(), 1);
    record::read_back("createRefundRequest");
    ada.on_day(29).await;
    assert_eq!(asked(&ada.seen().await)["status"], "REQUESTED");
    ada.on_day(30).await;
    assert_eq!(asked(&ada.seen().await)["status"], "REJECTED");
    assert_eq!(ada.seen().await["repayments"]["totalCount"], 0);
    assert_eq!(ada.server.letters("repayment-refused").await.len(), 1);
}

#[tokio::test]
async fn how_much_may_be_asked_back_depends_on_what_else_is_known() {
    let ada = Ada::with(20_000).await;
    let (server, world) = (&ada.server, &ada.world);
    let reason = |seen: &Value| seen["requestRefundEligibility"]["reason"].clone();
    let seen = ada.seen().await;
    assert_eq!((&seen["canRequestRefund"], reason(&seen)), (&json!(true), Value::Null));
    // An average month is left on the ledger: 50.00 and the tax in the first month.
    server.owe(world.ada.account_id, 5000).await;
    let seen = ada.seen().await;
    let expected = json!({ "amount": 14_750 - 5250, "reasonToRecommendAmount": "MAX_AVAILABLE_AMOUNT",
        "recommendedBalance": 5250 });
    assert_eq!(seen["maximumRefund"], expected);
    server.pay(world.ada.account_id, 1_000_000).await;
    let seen = ada.seen().await;
    assert_eq!(seen["maximumRefund"]["amount"], 100_000);
    assert_eq!(seen["maximumRefund"]["reasonToRecommendAmount"], "MAX_ALLOWED_TO_REQUEST_VIA_DASHBOARD");

    let bob = ada.seen_of(&world.bob).await;
    assert_eq!((&bob["canRequestRefund"], reason(&bob)), (&json!(false), json!("NOT_IN_CREDIT")));
    server.pay(world.bob.account_id, 7000).await;
    server.owe(world.bob.account_id, 4000).await;
    assert_eq!(reason(&ada.seen_of(&world.bob).await), "CREDIT_WITHIN_RECOMMENDED_BALANCE");

    let may = "query($n: String!, $l: String!) { account(accountNumber: $n) {
        requestRefundEligibility(ledgerNumber: $l) { canRequestRefund } maximumRefund(ledgerNumber: $l) { amount } } }";
    let variables = json!({ "n": world.ada.account, "l": ada.ledger });
    let named = server.ask(Some(&world.ada.token), may, variables).await;
    assert_eq!(named["account"]["maximumRefund"]["amount"], 100_000);
    let variables = json!({ "n": world.ada.account, "l": "L-00000000" });
    let named = server.ask(Some(&world.ada.token), may, variables).await;
    assert_eq!(named["account"], json!({ "requestRefundEligibility": null, "maximumRefund": null }));
}

#[tokio::test]
async fn money_goes_to_the_bank_account_that_was_on_file_and_nowhere_else() {
    let mut ada = Ada::with(5000).await;
    ada.server.tamper("update refund_rules set only_what_was_debited = false").await;
    ada.server.bank_account(ada.world.ada.account_id).await;
    let id = ada.approved(1000, "one").await;
    let seen = ada.seen().await;
    let asked = &seen["ledgers"][0]["repaymentRequests"]["edges"][0]["node"];
    assert_eq!((&asked["method"], &asked["status"]), (&json!("BANK_TRANSFER"), &json!("ACCEPTED")));
    assert_eq!(
        asked["instruction"],
        json!({ "accountHolder": "A Lovelace", "maskedAccountIdentifier": "****9999" })
    );
    let order = "select method from simulated_payouts where reference = $1";
    let order: String =
        sqlx::query_scalar(order).bind(&id).fetch_one(ada.server.database.pool()).await.expect("an order");
    assert_eq!(order, "BANK_TRANSFER");
    // The account is closed before the next two are on their way.
    let second = ada.asked(1000, "two").await;
    assert_eq!(ada.tried(&ada.world.staff, APPROVE, &ada.approval(&second)).await, "");
    let third = ada.asked(1000, "three").await;
    let close = "update payment_instructions set status = 'FAILED', ended_because = 'ACCOUNT_CLOSED', valid_to = '2026-03-02'";
    ada.server.tamper(close).await;
    assert_eq!(ada.tried(&ada.world.staff, APPROVE, &ada.approval(&third)).await, "KT-CT-3935");
    ada.on_day(2).await;
    let seen = ada.seen().await;
    assert_eq!(seen["balance"], 4000);
    let status = |place: usize| &seen["ledgers"][0]["repaymentRequests"]["edges"][place]["node"]["status"];
    assert_eq!([status(0), status(1), status(2)], ["REQUESTED", "REJECTED", "ACCEPTED"]);
    ada.books_are_right().await;
}

#[tokio::test]
async fn whoever_runs_the_server_refuses_what_is_not_on_its_way() {
    let ada = Ada::with(5000).await;
    ada.asked(1000, "one").await;
    let request = |seen: &Value, place: usize| {
        let node = &seen["ledgers"][0]["repaymentRequests"]["edges"][place]["node"];
        node["requestId"].as_str().and_then(|id| id.parse::<i64>().ok()).expect("an id")
    };
    let first = request(&ada.seen().await, 0);
    let mut tx = ada.server.tx().await;
    refusals::refuse_by_hand(&mut tx, first, "Please call us.").await.expect("refused");
    let again = refusals::refuse_by_hand(&mut tx, first, "Please call us.").await;
    assert!(matches!(again, Err(RefusalError::TooLate)));
    assert!(matches!(refusals::refuse_by_hand(&mut tx, 1, "").await, Err(RefusalError::Unknown)));
    tx.commit().await.expect("committed");
    assert_eq!(ada.server.letters("repayment-refused").await.len(), 1);
    ada.approved(1000, "two").await;
    let seen = ada.seen().await;
    assert_eq!(seen["ledgers"][0]["repaymentRequests"]["edges"][1]["node"]["status"], "REJECTED");
    let mut tx = ada.server.tx().await;
    let late = refusals::refuse_by_hand(&mut tx, request(&seen, 0), "").await;
    assert!(matches!(late, Err(RefusalError::TooLate)));
}

#[tokio::test]
async fn repayments_bound_their_pages() {
    let ada = Ada::with(5000).await;
    for below in ["repayments(PAGE) { edgeCount }", "ledgers { repaymentRequests(PAGE) { edgeCount } }"] {
        let below = format!("account(accountNumber: \"{}\") {{ {below} }}", ada.world.ada.account);
        bounds_its_pages(&ada.server, &ada.world.ada.token, &below).await;
    }
}

#[tokio::test]
async fn a_debt_that_is_dunned_comes_first_and_a_repayment_is_not_followed_by_another_at_once() {
    let mut ada = Ada::with(1000).await;
    let emma = ada.server.customer("em@example.org", "Em Oregon", "OCTOPUS_ENERGY_US").await;
    ada.server.pay(emma.account_id, 9000).await;
    let reason = |seen: &Value| seen["requestRefundEligibility"]["reason"].clone();
    assert_eq!(reason(&ada.seen_of(&emma).await), Value::Null);
    let wish = json!({ "accountNumber": emma.account, "amountInMinorUnit": 1000, "idempotencyKey": "one",
        "ledgerId": ada.server.main_ledger(&ada.world.staff, &emma).await["number"] });
    assert_eq!(ada.tried(&emma.token, SUBMIT, &wish).await, "");
    assert_eq!(reason(&ada.seen_of(&emma).await), "REPAID_RECENTLY");
    ada.server.owe(ada.world.ada.account_id, 5000).await;
    ada.on_day(40).await;
    ada.server.pay(ada.world.ada.account_id, 100).await;
    assert_eq!(reason(&ada.seen().await), "ACCOUNT_IN_ARREARS");
    assert_eq!(reason(&ada.seen_of(&emma).await), Value::Null);
}
