//! Consent in two steps.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Reply, Server, record};

const REQUEST: &str =
    "mutation($input: DoubleOptInInput) { requestDoubleOptIn(input: $input) { possibleErrors { code }
    consent { id code value type { name } } } }";
const CONFIRM: &str = "mutation($input: ConfirmDoubleOptInInput) { confirmDoubleOptIn(input: $input) {
    possibleErrors { code } consent { id code value } } }";
const CONSENTS: &str = "{ viewer { consents { id code value } } }";

impl Server {
    async fn asks_for_consent(&self, token: &str, mut input: Value) -> Reply {
        input["ipAddress"] = json!("192.0.2.7");
        let reply = self.send(Some(token), REQUEST, json!({ "input": input })).await;
        // Rates are for another test.
        self.tamper("delete from rate_field_counts").await;
        reply
    }

    async fn consents(&self, caller: &str, token: &str) -> Reply {
        self.send(Some(caller), CONFIRM, json!({ "input": { "token": token, "ipAddress": "192.0.2.7" } }))
            .await
    }
}

fn consent<'a>(reply: &'a Reply, mutation: &str) -> &'a Value {
    let consent = &reply.json["data"][mutation]["consent"];
    assert!(consent.is_object(), "{}", reply.json);
    consent
}

#[tokio::test]
async fn a_customer_asks_and_confirms() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let input = json!({ "accountNumber": ada.account, "consentTypeCode": "MARKETING_PHONE" });
    let asked = server.asks_for_consent(&ada.token, input.clone()).await;
    let asked = consent(&asked, "requestDoubleOptIn");
    assert_eq!((&asked["value"], &asked["type"]["name"]), (&json!("PENDING"), &json!("Marketing by phone")));
    let mine = server.ask(Some(&ada.token), CONSENTS, json!({})).await;
    let held = |data: &Value| {
        let all = data["viewer"]["consents"].as_array().expect("consents").clone();
        all.into_iter().find(|each| each["code"] == "MARKETING_PHONE").expect("there")["value"].clone()
    };
    assert_eq!(held(&mine), "PENDING");
    record::read_back("requestDoubleOptIn");
    let first = server.token_mailed("double-opt-in").await;
    server.asks_for_consent(&ada.token, input.clone()).await;
    let second = server.token_mailed("double-opt-in").await;
    assert_ne!(first, second);

    let (one, two) = tokio::join!(server.consents(&ada.token, &first), server.consents(&ada.token, &first));
    let (done, refused) = if one.codes().is_empty() { (one, two) } else { (two, one) };
    assert_eq!(consent(&done, "confirmDoubleOptIn")["value"], "ACCEPTED");
    assert_eq!(refused.codes(), ["KT-CT-9020"]);
    assert_eq!(held(&server.ask(Some(&ada.token), CONSENTS, json!({})).await), "ACCEPTED");
    record::read_back("confirmDoubleOptIn");
    // It has been given: with the other token, and asked for again.
    assert_eq!(server.consents(&ada.token, &second).await.codes(), ["KT-CT-9022"]);
    assert_eq!(server.asks_for_consent(&ada.token, input).await.codes(), ["KT-CT-9023"]);
    assert_eq!(server.consents(&ada.token, "nonsense").await.codes(), ["KT-CT-9021"]);

    // Kinds of accounts go the same way; too late is too late.
    let input = json!({ "accountNumber": ada.account, "consentTypeCode": "HALF_HOURLY_READINGS" });
    let asked = server.asks_for_consent(&ada.token, input.clone()).await;
    assert_eq!(consent(&asked, "requestDoubleOptIn")["value"], "PENDING");
    let late = server.token_mailed("double-opt-in").await;
    server.wall.set(server.wall.now() + TimeDelta::days(3));
    let token = server.log_in(json!({ "APIKey": ada.api_key })).await;
    assert_eq!(server.consents(&token, &late).await.codes(), ["KT-CT-9020"]);
    server.asks_for_consent(&token, input).await;
    let fresh = server.token_mailed("double-opt-in").await;
    server.tamper("update consent_types set is_active = false where code = 'HALF_HOURLY_READINGS'").await;
    assert_eq!(server.consents(&token, &fresh).await.codes(), ["KT-CT-9016"]);
}

#[tokio::test]
async fn others_ask_for_people_who_are_no_customers() {
    let server = Server::start().await;
    let world = server.world().await;
    let by_mail = json!({ "emailAddress": " New@Example.org", "consentTypeCode": "RESEARCH" });
    let asked = server.asks_for_consent(&world.staff, by_mail.clone()).await;
    assert_eq!(consent(&asked, "requestDoubleOptIn")["value"], "PENDING");
    let token = server.token_mailed("double-opt-in").await;
    let given = server.consents(&world.staff, &token).await;
    let given = consent(&given, "confirmDoubleOptIn");
    assert_eq!(
        (&given["value"], &given["id"]),
        (&json!("ACCEPTED"), &consent(&asked, "requestDoubleOptIn")["id"])
    );
    assert_eq!(server.asks_for_consent(&world.staff, by_mail).await.codes(), ["KT-CT-9023"]);
    let by_phone = json!({ "mobileNumber": "+44 7700 900123", "consentTypeCode": "RESEARCH" });
    let asked = server.asks_for_consent(&world.staff, by_phone).await;
    assert_eq!(consent(&asked, "requestDoubleOptIn")["value"], "PENDING");

    let ada = &world.ada.token;
    let kind = "RESEARCH";
    for (token, input, code) in [
        (ada, json!({ "consentTypeCode": kind }), "KT-CT-9019"),
        (ada, json!({ "consentTypeCode": kind, "accountNumber": world.bob.account }), "KT-CT-9018"),
        (ada, json!({ "consentTypeCode": "NONSENSE", "accountNumber": world.ada.account }), "KT-CT-9017"),
        (&world.staff, json!({ "consentTypeCode": kind }), "KT-CT-9019"),
        (
            &world.staff,
            json!({ "consentTypeCode": kind, "emailAddress": "a@b.de", "mobileNumber": "+491701234567" }),
            "KT-CT-9019",
        ),
        (&world.staff, json!({ "consentTypeCode": kind, "mobileNumber": "call me" }), "KT-CT-9019"),
        (&world.staff, json!({ "consentTypeCode": kind, "emailAddress": "nobody" }), "KT-CT-9019"),
        (&world.staff, json!({ "consentTypeCode": "NONSENSE", "emailAddress": "a@b.de" }), "KT-CT-9017"),
        (&world.reader, json!({ "consentTypeCode": kind, "emailAddress": "a@b.de" }), "KT-CT-1111"),
    ] {
        let reply = server.asks_for_consent(token, input).await;
        assert_eq!(reply.codes(), [code], "{}", reply.json);
    }
    let lone = server.customer("lone@example.org", "Lone Star", "OCTOPUS_ENERGY_US").await;
    let input = json!({ "accountNumber": lone.account, "consentTypeCode": kind });
    assert_eq!(server.asks_for_consent(&lone.token, input).await.codes(), ["KT-CT-9016"]);
    let from_nowhere = json!({ "accountNumber": lone.account, "consentTypeCode": kind, "ipAddress": "here" });
    let reply = server.send(Some(&lone.token), REQUEST, json!({ "input": from_nowhere })).await;
    assert_eq!(reply.codes(), ["KT-CT-9019"]);
    let once_more =
        json!({ "emailAddress": "more@example.org", "consentTypeCode": kind, "ipAddress": "192.0.2.7" });
    for _ in 0..10 {
        let reply = server.send(Some(&world.staff), REQUEST, json!({ "input": once_more })).await;
        assert!(reply.codes().is_empty(), "{}", reply.json);
    }
    let reply = server.send(Some(&world.staff), REQUEST, json!({ "input": once_more })).await;
    assert_eq!(reply.codes(), ["KT-CT-1199"]);
    server.tamper("delete from rate_field_counts").await;
    let reply = server.send(Some(&world.staff), REQUEST, json!({})).await;
    assert_eq!(reply.codes(), ["KT-CT-9019"]);
    let reply = server.send(Some(&world.staff), CONFIRM, json!({})).await;
    assert_eq!(reply.codes(), ["KT-CT-9021"]);
}
