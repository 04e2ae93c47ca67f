//! Addresses that are proved, and addresses that could be somebody's.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Server, record};

const SEND: &str =
    "mutation($e: String!) { sendVerificationEmail(input: { email: $e }) { possibleErrors { code }
    verificationStatus } }";
const VERIFY: &str = "mutation($token: String!) { verifyEmail(input: { token: $token }) { possibleErrors { code } isVerified } }";
const STATUS: &str = "query($e: String!) { verificationStatus(email: $e) { email status } }";

impl Server {
    async fn status_of(&self, token: &str, email: &str) -> Value {
        self.ask(Some(token), STATUS, json!({ "e": email })).await["verificationStatus"].clone()
    }

    async fn sends_proof(&self, token: &str, email: &str) -> Value {
        let data = self.ask(Some(token), SEND, json!({ "e": email })).await;
        data["sendVerificationEmail"]["verificationStatus"].clone()
    }

    async fn proves(&self, token: &str, mailed: &str) -> Value {
        let data = self.ask(Some(token), VERIFY, json!({ "token": mailed })).await;
        self.tamper("delete from rate_field_counts").await;
        data["verifyEmail"]["isVerified"].clone()
    }
}

#[tokio::test]
async fn an_address_is_proved_by_what_was_sent_there() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    assert_eq!(server.status_of(&ada.token, " ADA@example.org").await["status"], "NOT_SENT");
    assert_eq!(server.sends_proof(&ada.token, "ada@example.org").await, true);
    let pending = server.status_of(&ada.token, "ada@example.org").await;
    assert_eq!(pending, json!({ "email": "ada@example.org", "status": "PENDING" }));
    record::read_back("sendVerificationEmail");
    let first = server.token_mailed("email-verification").await;
    assert_eq!(server.proves(&ada.token, "nonsense").await, false);
    server.wall.set(server.wall.now() + TimeDelta::days(2));
    let ada_token = server.log_in(json!({ "APIKey": ada.api_key })).await;
    assert_eq!(server.status_of(&ada_token, ada.email).await["status"], "NOT_SENT");
    assert_eq!(server.proves(&ada_token, &first).await, false, "too late");
    server.sends_proof(&ada_token, ada.email).await;
    let second = server.token_mailed("email-verification").await;
    assert_eq!(server.proves(&ada_token, &second).await, true);
    assert_eq!(server.proves(&ada_token, &second).await, true, "followed twice");
    assert_eq!(server.status_of(&ada_token, ada.email).await["status"], "COMPLETED");
    record::read_back("verifyEmail");
    // Nothing more is sent, and nobody else's address is told of.
    assert_eq!(server.sends_proof(&ada_token, ada.email).await, true);
    assert_eq!(server.token_mailed("email-verification").await, second);
    for email in ["bob@example.org", "nobody@example.org"] {
        assert_eq!(server.status_of(&ada_token, email).await, Value::Null);
        assert_eq!(server.sends_proof(&ada_token, email).await, false);
    }
    let staff = server.member_of_staff("more@example.org", "billing").await;
    assert_eq!(server.status_of(&staff, ada.email).await["status"], "COMPLETED");
    assert_eq!(server.sends_proof(&staff, "bob@example.org").await, true);
    let reader = server.member_of_staff("less@example.org", "reader").await;
    let refused = server.send(Some(&reader), SEND, json!({ "e": "bob@example.org" })).await;
    assert_eq!(refused.codes(), ["KT-CT-1111"]);
    // A new address has to be proved anew.
    server
        .tamper("update account_users set email = 'ada@other.example' where email = 'ada@example.org'")
        .await;
    assert_eq!(server.status_of(&ada_token, "ada@other.example").await["status"], "NOT_SENT");
    assert_eq!(server.proves(&ada_token, &second).await, false);
}

#[tokio::test]
async fn addresses_are_judged_by_their_looks_and_taken_ones_told_to_few() {
    let server = Server::start().await;
    let world = server.world().await;
    let email = "mutation($e: String!, $u: Boolean) { validateEmail(input: { email: $e, checkUniqueness: $u }) { isValid } }";
    let valid = async |token: Option<&str>, address: &str, unique: bool| {
        let data = server.ask(token, email, json!({ "e": address, "u": unique })).await;
        data["validateEmail"]["isValid"].clone()
    };
    assert_eq!(valid(None, "new@example.org", false).await, true);
    assert_eq!(valid(None, "new@localhost", false).await, false);
    for (token, expected) in [
        (None, true),
        (Some(&world.bob.token), true),
        (Some(&world.reader), true),
        (Some(&world.staff), false),
    ] {
        assert_eq!(valid(token.map(String::as_str), "ADA@example.org", true).await, expected);
    }
    assert_eq!(valid(Some(&world.staff), "new@example.org", true).await, true);
    record::read_back("validateEmail");
    let phone = "mutation($n: String!) { validatePhone(input: { phoneNumber: $n }) { isValid } }";
    for (number, expected) in
        [("+44 7700 900123", true), ("07700 900123", true), ("12", false), ("call me", false)]
    {
        let data = server.ask(None, phone, json!({ "n": number })).await;
        assert_eq!(data["validatePhone"]["isValid"], expected, "{number}");
    }
    record::read_back("validatePhone");
}
