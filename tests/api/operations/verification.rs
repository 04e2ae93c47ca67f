//! Who a customer is, shown by a code that was sent to them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Server, record};

const START: &str = "mutation($i: StartCustomerVerificationInput!) { startCustomerVerification(input: $i) {
    verificationProcess { userNumber status type } } }";
const VERIFY: &str =
    "mutation($i: VerifyCustomerInput!) { verifyCustomer(input: $i) { possibleErrors { code }
    user { id number email } } }";

impl Server {
    /// The code in the last message to a customer.
    async fn sent_code(&self) -> String {
        let text = self.letters("customer-verification").await.pop().expect("a message").body;
        let digits: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).collect();
        digits.into_iter().find(|word| word.len() == 8).expect("a code").to_owned()
    }
}

fn wish(user: &str, by: &str) -> Value {
    json!({ "userNumber": user, "verificationType": by, "brandCode": "OCTOPUS_ENERGY" })
}

fn given(code: &str, by: &str) -> Value {
    json!({ "verificationCode": code, "verificationType": by })
}

#[tokio::test]
async fn staff_know_a_customer_by_the_code_that_was_sent_to_them() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = server.user_number(world.ada.user_id).await;
    let reply = server.put(&world.staff, START, &wish(&ada, "EMAIL")).await;
    let process = &reply.json["data"]["startCustomerVerification"]["verificationProcess"];
    assert_eq!(
        process,
        &json!({ "userNumber": ada, "status": "PENDING", "type": "EMAIL" }),
        "{}",
        reply.json
    );
    let first = server.sent_code().await;
    server.put(&world.staff, START, &wish(&ada, "EMAIL")).await;
    let second = server.sent_code().await;
    assert_ne!(first, second);
    // An older code, another way, and somebody else's code are no good.
    for (token, code, by) in [
        (&world.staff, &first, "EMAIL"),
        (&world.staff, &second, "SMS"),
        (&world.ada.token, &second, "EMAIL"),
    ] {
        assert_eq!(server.put(token, VERIFY, &given(code, by)).await.codes(), ["KT-CT-4191"]);
    }
    let good = given(&second, "EMAIL");
    let (one, two) =
        tokio::join!(server.put(&world.staff, VERIFY, &good), server.put(&world.staff, VERIFY, &good));
    let codes: Vec<&str> = one.codes().into_iter().chain(two.codes()).collect();
    assert_eq!(codes, ["KT-CT-4191"], "good once");
    let done = if one.errors().is_empty() { one } else { two };
    let user = &done.json["data"]["verifyCustomer"]["user"];
    assert_eq!((&user["number"], &user["email"]), (&json!(ada), &json!("ada@example.org")));
    let status = "query($e: String!) { verificationStatus(email: $e) { status } }";
    let read = server.ask(Some(&world.ada.token), status, json!({ "e": "ada@example.org" })).await;
    assert_eq!(read["verificationStatus"]["status"], "COMPLETED");
    record::read_back("startCustomerVerification");
    record::read_back("verifyCustomer");
}

#[tokio::test]
async fn customers_verify_themselves_by_telephone() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = server.user_number(world.ada.user_id).await;
    let bare = server.put(&world.ada.token, START, &wish(&ada, "SMS")).await;
    assert_eq!(bare.codes(), ["KT-CT-4194"], "without a number");
    server.tamper("update account_users set mobile = '+447700900123' where email = 'ada@example.org'").await;
    assert!(server.put(&world.ada.token, START, &wish(&ada, "SMS")).await.errors().is_empty());
    let code = server.sent_code().await;
    server.tamper("update account_users set mobile = '+447700900124' where email = 'ada@example.org'").await;
    let moved = server.put(&world.ada.token, VERIFY, &given(&code, "SMS")).await;
    assert_eq!(moved.codes(), ["KT-CT-4191"], "it went to another number");
    server.tamper("update account_users set mobile = '+447700900123' where email = 'ada@example.org'").await;
    let reply = server.put(&world.ada.token, VERIFY, &given(&code, "SMS")).await;
    assert_eq!(reply.json["data"]["verifyCustomer"]["user"]["id"], world.ada.user_id.to_string());
}

#[tokio::test]
async fn a_code_is_sent_only_where_one_can_be() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = server.user_number(world.ada.user_id).await;
    for by in ["MANUAL", "OTHER"] {
        assert_eq!(server.put(&world.staff, START, &wish(&ada, by)).await.codes(), ["KT-CT-4194"]);
    }
    let mut odd = wish(&ada, "EMAIL");
    odd["brandCode"] = json!("SQUID");
    assert_eq!(server.put(&world.staff, START, &odd).await.codes(), ["KT-CT-1701"]);
    for token in [&world.bob.token, &world.reader, &world.partner] {
        assert_eq!(server.put(token, START, &wish(&ada, "EMAIL")).await.codes(), ["KT-CT-1111"]);
    }
    assert_eq!(server.put(&world.staff, START, &wish("U-00000000", "EMAIL")).await.codes(), ["KT-CT-1111"]);
    for token in [&world.reader, &world.partner] {
        assert_eq!(server.put(token, VERIFY, &given("1", "EMAIL")).await.codes(), ["KT-CT-1111"]);
    }
    server.put(&world.staff, START, &wish(&ada, "EMAIL")).await;
    let code = server.sent_code().await;
    server.wall.set(server.wall.now() + TimeDelta::minutes(15));
    let late = server.put(&world.staff, VERIFY, &given(&code, "EMAIL")).await;
    assert_eq!(late.codes(), ["KT-CT-4191"]);
}

#[tokio::test]
async fn codes_are_not_guessed() {
    let server = Server::start().await;
    let world = server.world().await;
    for _ in 0..10 {
        let wrong = server.put(&world.ada.token, VERIFY, &given("00000000", "SMS")).await;
        assert_eq!(wrong.codes(), ["KT-CT-4191"]);
    }
    let reply = server.put(&world.ada.token, VERIFY, &given("00000001", "SMS")).await;
    assert_eq!(reply.codes(), ["KT-CT-1199"]);
}
