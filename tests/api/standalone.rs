//! Single payments by a card that is entered for them alone.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::server::BASE_URL;
use crate::support::world::Customer;
use crate::support::{Server, record};

const INITIATE: &str =
    "mutation($i: InitiateStandalonePaymentInput!) { initiateStandalonePayment(input: $i) {
    payment { retrievalToken secretToken } } }";
const HOSTED: &str =
    "mutation($i: InitiateHostedStandalonePaymentInput!) { initiateHostedStandalonePayment(input: $i) {
    payment { retrievalToken url } } }";
const COMPLETE: &str =
    "mutation($i: CompleteStandalonePaymentInput!) { completeStandalonePayment(input: $i) {
    payment { status } } }";
const PAYMENTS: &str = "query($n: String!) { account(accountNumber: $n) { balance
    paymentInstructions(first: 5) { totalCount }
    payments(first: 5) { edges { node { amount status reference transactionType surchargeAmount } } } }
    defaultPaymentInstruction(accountNumber: $n) { id } }";
const GOOD: &str = "4242 4242 4242 4242";

fn wanted(account: &str, amount: i64) -> Value {
    json!({ "accountNumber": account, "amount": amount, "description": "Arrears" })
}

impl Server {
    /// Begins a payment in the client's own page. Answers the form's key, and what finds the payment again.
    async fn begun(&self, token: &str, account: &str, amount: i64) -> (String, String) {
        let data = self.ask(Some(token), INITIATE, json!({ "i": wanted(account, amount) })).await;
        let payment = &data["initiateStandalonePayment"]["payment"];
        let text = |field: &str| payment[field].as_str().expect("a token").to_owned();
        (text("secretToken"), text("retrievalToken"))
    }

    async fn completed(&self, token: &str, retrieval: &str) -> Value {
        let data = self.ask(Some(token), COMPLETE, json!({ "i": { "retrievalToken": retrieval } })).await;
        data["completeStandalonePayment"]["payment"]["status"].clone()
    }

    async fn not_completed(&self, token: &str, retrieval: &str, code: &str) {
        let input = json!({ "i": { "retrievalToken": retrieval } });
        assert_eq!(self.send(Some(token), COMPLETE, input).await.codes(), [code]);
    }

    async fn paid(&self, customer: &Customer) -> (Value, Vec<Value>) {
        let token = self.again(customer).await;
        let data = self.ask(Some(&token), PAYMENTS, json!({ "n": customer.account })).await;
        // The card is no way to pay that anybody is shown.
        assert_eq!(data["account"]["paymentInstructions"]["totalCount"], 0);
        assert_eq!(data["defaultPaymentInstruction"], Value::Null);
        let edges = data["account"]["payments"]["edges"].as_array().expect("edges").clone();
        (data["account"]["balance"].clone(), edges.into_iter().map(|edge| edge["node"].clone()).collect())
    }
}

#[tokio::test]
async fn a_payment_in_the_clients_own_page_is_made_when_it_is_completed() {
    let server = Server::start().await;
    let twin = server.twin();
    let world = server.world().await;
    let (key, retrieval) = server.begun(&world.ada.token, &world.ada.account, 5000).await;
    server.not_completed(&world.ada.token, &retrieval, "KT-CT-3975").await;
    let said = server.card(&key, GOOD).await.json();
    assert_eq!(said, json!({ "status": "success", "vendorReference": null }));
    assert_eq!(server.paid(&world.ada).await.1, Vec::<Value>::new(), "nothing is paid yet");
    record::read_back("initiateStandalonePayment");
    server.not_completed(&world.bob.token, &retrieval, "KT-CT-3974").await;
    server.not_completed(&world.reader, &retrieval, "KT-CT-3974").await;
    server.not_completed(&world.ada.token, "nothing", "KT-CT-3974").await;
    server.not_completed(&world.ada.token, &key, "KT-CT-3974").await;
    let (one, two) = tokio::join!(
        server.completed(&world.ada.token, &retrieval),
        twin.completed(&world.ada.token, &retrieval),
    );
    assert_eq!((one, two), (json!("PENDING"), json!("PENDING")));
    server.work_off().await;
    let (balance, payments) = server.paid(&world.ada).await;
    assert_eq!((balance, payments.len()), (json!(0), 1), "one payment, whoever completes it at once");
    assert_eq!(payments[0]["amount"], 5000);
    assert_eq!(
        (&payments[0]["reference"], &payments[0]["transactionType"]),
        (&json!("Arrears"), &json!("CREDIT_CARD"))
    );
    record::read_back("completeStandalonePayment");
    server.banks_work(5).await;
    let (balance, payments) = server.paid(&world.ada).await;
    assert_eq!((balance, &payments[0]["status"]), (json!(5000), &json!("CLEARED")));
    let token = server.again(&world.ada).await;
    assert_eq!(server.completed(&token, &retrieval).await, "CLEARED");
    // A card that was refused, and a payment that is.
    let (key, retrieval) = server.begun(&token, &world.ada.account, 5000).await;
    server.card(&key, "4000 0000 0000 0002").await;
    server.not_completed(&token, &retrieval, "KT-CT-3975").await;
    let (key, retrieval) = server.begun(&token, &world.ada.account, 5000).await;
    assert_eq!(server.card(&key, "4000 0000 0000 9979").await.json()["status"], "failure", "it was stolen");
    server.not_completed(&token, &retrieval, "KT-CT-3975").await;
    let (key, retrieval) = server.begun(&token, &world.ada.account, 5091).await;
    server.card(&key, GOOD).await;
    assert_eq!(server.completed(&token, &retrieval).await, "PENDING");
    server.work_off().await;
    server.not_completed(&token, &retrieval, "KT-CT-3975").await;
}

#[tokio::test]
async fn a_hosted_page_makes_the_payment_by_itself() {
    let server = Server::start().await;
    let world = server.world().await;
    let (id, number) = server.ledger_of(&world.ada).await;
    let ada = &world.ada.account;
    let begin = async |ledger: Value| {
        let mut input = wanted(ada, 2500);
        input.as_object_mut().expect("an object").extend(ledger.as_object().expect("an object").clone());
        for (field, place) in
            [("Success", "done"), ("Failure", "refused"), ("Cancel", "cart"), ("Expired", "late")]
        {
            input[format!("returnUrl{field}")] = json!(format!("https://shop.example/{place}?order=7"));
        }
        input["collectionMethod"] = json!("CARD");
        let data = server.ask(Some(&world.ada.token), HOSTED, json!({ "i": input })).await;
        let payment = &data["initiateHostedStandalonePayment"]["payment"];
        let url = payment["url"].as_str().and_then(|url| url.strip_prefix(&format!("{BASE_URL}/pay/")));
        (url.expect("our page").to_owned(), payment["retrievalToken"].as_str().expect("a token").to_owned())
    };
    let (page, retrieval) = begin(json!({ "ledgerNumber": number })).await;
    server.not_completed(&world.ada.token, &retrieval, "KT-CT-3975").await;
    let (one, two) = tokio::join!(server.card(&page, "5555 5555 5555 4444"), server.card(&page, GOOD));
    for done in [one, two] {
        assert_eq!(done.location.as_deref(), Some("https://shop.example/done?order=7"));
    }
    let (_, payments) = server.paid(&world.ada).await;
    assert_eq!((payments.len(), &payments[0]["amount"]), (1, &json!(2500)));
    record::read_back("initiateHostedStandalonePayment");
    assert_eq!(server.completed(&world.ada.token, &retrieval).await, "PENDING");
    assert_eq!(server.paid(&world.ada).await.1.len(), 1);
    let (page, _) = begin(json!({ "ledgerId": id })).await;
    let refused = server.card(&page, "4000 0000 0000 0002").await;
    assert_eq!(refused.location.as_deref(), Some("https://shop.example/refused?order=7"));
    let (page, _) = begin(json!({ "ledgerId": id })).await;
    let left = server.filled(&page, Some(&[("cancel", "1")])).await;
    assert_eq!(left.location.as_deref(), Some("https://shop.example/cart?order=7"));
    let (page, _) = begin(json!({ "ledgerId": id })).await;
    server.wall.set(server.wall.now() + TimeDelta::minutes(60));
    assert_eq!(
        server.filled(&page, None).await.location.as_deref(),
        Some("https://shop.example/late?order=7")
    );
    assert_eq!(server.paid(&world.ada).await.1.len(), 1);
}

#[tokio::test]
async fn the_fee_for_the_card_comes_on_top() {
    let server = Server::start().await;
    let mia = server.customer("mia@example.au", "Mia Wong", "ORIGIN").await;
    let (key, retrieval) = server.begun(&mia.token, &mia.account, 10_000).await;
    server.card(&key, "3782 822463 10005").await;
    server.completed(&mia.token, &retrieval).await;
    let (_, payments) = server.paid(&mia).await;
    assert_eq!((&payments[0]["amount"], &payments[0]["surchargeAmount"]), (&json!(10_000), &json!(135)));
}

#[tokio::test]
async fn what_cannot_be_paid_says_why() {
    let server = Server::start().await;
    let world = server.world().await;
    let (id, number) = server.ledger_of(&world.ada).await;
    let (bobs, _) = server.ledger_of(&world.bob).await;
    let wallet = server.wallet(&world.ada).await;
    let ada = &world.ada.account;
    let with = |account: &str, amount: i64, more: Value| {
        let mut input = wanted(account, amount);
        input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        json!({ "i": input })
    };
    for (token, variables, code) in [
        (&world.ada.token, with(ada, 1, json!({ "ledgerId": format!("{id} {number}") })), "KT-CT-3820"),
        (&world.ada.token, with(ada, 1, json!({ "ledgerId": bobs })), "KT-CT-3822"),
        (&world.ada.token, with(ada, 1, json!({ "ledgerId": "main" })), "KT-CT-3822"),
        (&world.ada.token, with(ada, 1, json!({ "ledgerId": wallet })), "KT-CT-3943"),
        (&world.ada.token, with(&world.bob.account, 1, json!({})), "KT-CT-4177"),
        (&world.reader, with(ada, 1, json!({})), "KT-CT-4177"),
        (&world.ada.token, with(ada, 0, json!({})), "KT-CT-1605"),
        (&world.ada.token, with(ada, 1, json!({ "description": " " })), "KT-CT-1605"),
        (&world.ada.token, with(ada, 1, json!({ "collectionMethod": "DIRECT_DEBIT" })), "KT-CT-1605"),
    ] {
        assert_eq!(
            server.send(Some(token), INITIATE, variables.clone()).await.codes(),
            [code],
            "{variables}"
        );
    }
    let card = |more: Value| {
        let mut input = json!({ "collectionMethod": "CARD", "ledgerId": id });
        input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        input
    };
    for (token, variables, code) in [
        (&world.ada.token, with(ada, 1, card(json!({ "ledgerNumber": number }))), "KT-CT-3958"),
        (&world.ada.token, with(ada, 1, card(json!({ "ledgerId": null }))), "KT-CT-3958"),
        (&world.ada.token, with(ada, 1, card(json!({ "ledgerId": bobs }))), "KT-CT-3822"),
        (&world.ada.token, with(ada, 1, card(json!({ "ledgerId": wallet }))), "KT-CT-3943"),
        (&world.ada.token, with(ada, 1, card(json!({ "collectionMethod": "DIRECT_DEBIT" }))), "KT-CT-3957"),
        (&world.ada.token, with(&world.bob.account, 1, card(json!({ "ledgerId": bobs }))), "KT-CT-1128"),
        (&world.reader, with(ada, 1, card(json!({}))), "KT-CT-1128"),
        (
            &world.ada.token,
            with(ada, 1, card(json!({ "returnUrlSuccess": "javascript:alert(1)" }))),
            "KT-CT-1605",
        ),
    ] {
        assert_eq!(server.send(Some(token), HOSTED, variables.clone()).await.codes(), [code], "{variables}");
    }
}
