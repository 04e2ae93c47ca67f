//! Which messages people want, what of them is sent, and what e-mails look like.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use kraken_api::domain::communications::messages::{self, Channel, NewMessage};
use kraken_api::domain::communications::post::{Letter, PostHouse};
use kraken_api::domain::work;
use kraken_api::platform::db::Tx;
use kraken_api::platform::outside::Receipt;
use serde_json::{Value, json};

use crate::support::{Server, record};

const FIELDS: &str = "isOptedInToClientMessages isOptedInToOfferMessages isOptedInToRecommendedMessages
    isOptedInToUpdateMessages isOptedInToThirdPartyMessages isOptedInMeterReadingConfirmations
    isOptedInToSmsMessages isUsingInvertedEmailColours fontSizeMultiplier emailFormat preferredHoldMusic";

/// A post house that keeps what it is given.
#[derive(Clone, Default)]
struct Shelf(Arc<Mutex<Vec<Letter>>>);

impl PostHouse for Shelf {
    fn hand_over<'a>(
        &'a self,
        _: &'a mut Tx,
        letter: &'a Letter,
    ) -> BoxFuture<'a, Result<Receipt, sqlx::Error>> {
        let reference = format!("shelf-{}", letter.id);
        self.0.lock().expect("the shelf").push(letter.clone());
        Box::pin(async move { Ok(Receipt::Taken { reference }) })
    }
}

impl Shelf {
    /// The bodies of what has come since this was asked last.
    fn taken(&self) -> Vec<String> {
        let letters: Vec<Letter> = self.0.lock().expect("the shelf").drain(..).collect();
        letters.into_iter().map(|letter| letter.body).collect()
    }
}

impl Server {
    async fn prefer(&self, token: &str, input: Value) -> Value {
        let document = format!(
            "mutation($i: UpdateAccountUserCommsPreferencesMutationInput!) {{ updateCommsPreferences(input: $i) {{
                {FIELDS} clientMutationId errors {{ field messages }}
                commsPreferences {{ {FIELDS} smsOptInLastChangeDate }} }} }}"
        );
        let data = self.ask(Some(token), &document, json!({ "i": input })).await;
        data["updateCommsPreferences"].clone()
    }

    async fn preferences(&self, token: &str) -> Value {
        let query = format!(
            "{{ viewer {{ preferences {{ {FIELDS} smsOptInLastChangeDate isOptedInToLifeSupportCall }} }} }}"
        );
        self.ask(Some(token), &query, json!({})).await["viewer"]["preferences"].clone()
    }

    async fn carry_to(&self, shelf: &Shelf) -> Vec<String> {
        let runner = work::runner_with(&self.random, Arc::new(shelf.clone()));
        runner.run_due(&self.database).await.expect("carried");
        shelf.taken()
    }

    async fn write_to(&self, user: i64, channel: Channel, template: &'static str) {
        let to = if channel == Channel::Sms { "+447700900123" } else { "ada@example.org" };
        let new = NewMessage {
            channel,
            template,
            account_user: Some(user),
            to,
            subject: "",
            text: template,
            confidential: false,
        };
        let mut tx = self.tx().await;
        messages::send(&mut tx, &new).await.expect("sent");
        tx.commit().await.expect("committed");
    }
}

#[tokio::test]
async fn a_customer_says_what_they_want_and_how() {
    let server = Server::start().await;
    let world = server.world().await;
    let token = &world.ada.token;
    let mut expected = json!({ "isOptedInToClientMessages": true, "isOptedInToOfferMessages": false,
        "isOptedInToRecommendedMessages": false, "isOptedInToUpdateMessages": true,
        "isOptedInToThirdPartyMessages": false, "isOptedInMeterReadingConfirmations": true,
        "isOptedInToSmsMessages": true, "isUsingInvertedEmailColours": false, "fontSizeMultiplier": 1.0,
        "emailFormat": "HTML", "preferredHoldMusic": "NO_SONG_PREFERRED", "smsOptInLastChangeDate": null,
        "isOptedInToLifeSupportCall": null });
    assert_eq!(server.preferences(token).await, expected);
    let wishes = json!({ "isOptedInToClientMessages": false, "isOptedInToOfferMessages": true,
        "isOptedInToRecommendedMessages": true, "isOptedInToUpdateMessages": false,
        "isOptedInToThirdPartyMessages": true, "isOptedInMeterReadingConfirmations": false,
        "isOptedInToSmsMessages": false, "isUsingInvertedEmailColours": true, "fontSizeMultiplier": 1.25,
        "emailFormat": "TEXT", "preferredHoldMusic": "SONG_1967", "clientMutationId": "7" });
    let outcome = server.prefer(token, wishes.clone()).await;
    for (field, value) in wishes.as_object().expect("an object") {
        assert_eq!(&outcome[field], value, "{field}");
        if field != "clientMutationId" {
            expected[field] = value.clone();
            assert_eq!(&outcome["commsPreferences"][field], value, "{field}");
        }
    }
    assert_eq!(outcome["errors"], json!([]));
    let chosen = server.wall.now().to_rfc3339();
    expected["smsOptInLastChangeDate"] = json!(chosen);
    assert_eq!(server.preferences(token).await, expected);
    record::read_back("updateCommsPreferences");
    // Twice is once, and what is left out stays.
    server.wall.set(server.wall.now() + chrono::TimeDelta::days(1));
    let token = &server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    server.prefer(token, json!({ "isOptedInToSmsMessages": false, "emailFormat": null })).await;
    assert_eq!(server.preferences(token).await["smsOptInLastChangeDate"], json!(chosen));
    let traces: Vec<(String, String)> =
        sqlx::query_as("select field, by_kind from detail_changes where account_user_id = $1")
            .bind(world.ada.user_id)
            .fetch_all(server.database.pool())
            .await
            .expect("traces");
    assert_eq!(traces.len(), 11);
    assert!(traces.contains(&("isOptedInToSmsMessages".into(), "account-user".into())));
    let bobs = server.preferences(&server.log_in(json!({ "APIKey": world.bob.api_key })).await).await;
    assert_eq!((&bobs["emailFormat"], &bobs["isOptedInToSmsMessages"]), (&json!("HTML"), &json!(true)));
}

#[tokio::test]
async fn what_cannot_be_preferred_is_said_field_by_field() {
    let server = Server::start().await;
    let world = server.world().await;
    for (field, value) in [
        ("emailFormat", json!("PDF")),
        ("fontSizeMultiplier", json!(0.2)),
        ("fontSizeMultiplier", json!(40)),
        ("preferredHoldMusic", json!("SONG_2024")),
    ] {
        let outcome =
            server.prefer(&world.ada.token, json!({ field: value, "isOptedInToOfferMessages": true })).await;
        assert_eq!(outcome["errors"][0]["field"], field);
        assert_eq!(outcome["errors"].as_array().map(Vec::len), Some(1));
        assert_eq!(outcome["isOptedInToOfferMessages"], false, "nothing of it is granted");
    }
}

#[tokio::test]
async fn what_somebody_can_do_without_is_sent_only_if_they_want_it() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, shelf) = (world.ada.user_id, Shelf::default());
    server.carry_to(&shelf).await;
    for template in ["newsletter", "offer", "tariff-recommendation", "product-update", "partner-offer"] {
        server.write_to(ada, Channel::Email, template).await;
    }
    server.write_to(ada, Channel::Email, "reading-confirmation").await;
    server.write_to(ada, Channel::Sms, "product-update").await;
    let sent = server.carry_to(&shelf).await;
    assert_eq!(sent, ["newsletter", "product-update", "reading-confirmation", "product-update"]);
    let wishes = json!({ "isOptedInToOfferMessages": true, "isOptedInToClientMessages": false,
        "isOptedInMeterReadingConfirmations": false, "isOptedInToSmsMessages": false });
    // What is under way when they change their mind counts as what they want now.
    server.write_to(ada, Channel::Email, "newsletter").await;
    server.prefer(&world.ada.token, wishes).await;
    server.write_to(ada, Channel::Email, "offer").await;
    server.write_to(ada, Channel::Email, "reading-confirmation").await;
    server.write_to(ada, Channel::Sms, "product-update").await;
    server.write_to(ada, Channel::Email, "product-update").await;
    // A reminder of debt is not to be done without.
    server.write_to(ada, Channel::Sms, "dunning").await;
    server.write_to(world.bob.user_id, Channel::Email, "newsletter").await;
    let sent = server.carry_to(&shelf).await;
    assert_eq!(sent, ["offer", "product-update", "dunning", "newsletter"]);
    let withheld: Vec<(String, String)> = sqlx::query_as(
        "select m.template, e.kind from messages m join message_events e on e.message_id = m.id
         where m.status = 'withheld' and e.kind <> 'queued' order by m.id",
    )
    .fetch_all(server.database.pool())
    .await
    .expect("messages");
    assert_eq!(withheld.len(), 6);
    assert!(withheld.iter().all(|(_, kind)| kind == "withheld"), "{withheld:?}");
    // On the account stands only what went out.
    let query = "query($n: String!) { account(accountNumber: $n) { events(first: 50) { totalCount } } }";
    let data = server.ask(Some(&world.ada.token), query, json!({ "n": world.ada.account })).await;
    assert_eq!(data["account"]["events"]["totalCount"], 7);
}

#[tokio::test]
async fn emails_look_as_their_reader_likes_them() {
    let server = Server::start().await;
    let world = server.world().await;
    let shelf = Shelf::default();
    let look = async || {
        server.write_to(world.ada.user_id, Channel::Email, "notice").await;
        let runner = work::runner_with(&server.random, Arc::new(shelf.clone()));
        runner.run_due(&server.database).await.expect("carried");
        shelf.0.lock().expect("the shelf").drain(..).next_back().expect("a letter").html()
    };
    assert!(
        look().await.is_some_and(|html| html.contains("font-size:1em") && html.contains("<p>notice</p>"))
    );
    server
        .prefer(&world.ada.token, json!({ "fontSizeMultiplier": 2, "isUsingInvertedEmailColours": true }))
        .await;
    assert!(look().await.is_some_and(|html| html.contains("background:#000;font-size:2em")));
    server.prefer(&world.ada.token, json!({ "emailFormat": "TEXT" })).await;
    assert_eq!(look().await, None);
}

#[tokio::test]
async fn a_link_for_preferences_is_good_for_them_alone() {
    let server = Server::start().await;
    let world = server.world().await;
    let key = server.pre_signed_key(world.ada.email, "EDIT_CUSTOMER_MARKETING_PREFERENCE").await;
    let link = server.log_in(json!({ "preSignedKey": key })).await;
    server.prefer(&link, json!({ "isOptedInToClientMessages": false })).await;
    assert_eq!(server.preferences(&link).await["isOptedInToClientMessages"], false);
    let answer = "mutation { updateAccountUserConsents(consents: [
        { consentTypeCode: \"RESEARCH\", value: REJECTED }]) { accountUserConsents { consents { code value } } } }";
    server.ask(Some(&link), answer, json!({})).await;
    let data =
        server.ask(Some(&link), "{ viewer { consents { code value type { name } } } }", json!({})).await;
    let shown = data["viewer"]["consents"].as_array().expect("consents");
    let codes: Vec<&str> = shown.iter().filter_map(|consent| consent["code"].as_str()).collect();
    assert_eq!(codes, ["MARKETING_PHONE", "RESEARCH"], "what is no marketing is not for a link");
    assert_eq!(shown[1]["value"], "REJECTED");
    let other = answer.replace("RESEARCH", "PRIORITY_SERVICES_SHARING");
    assert_eq!(server.send(Some(&link), &other, json!({})).await.codes(), ["KT-CT-9017"]);
    for query in ["{ viewer { email } }", "{ viewer { number } }"] {
        let reply = server.send(Some(&link), query, json!({})).await;
        assert_eq!(reply.codes(), ["KT-CT-1111"], "{query}");
    }
}

#[tokio::test]
async fn two_who_change_preferences_at_once_both_have_their_way() {
    let server = Server::start().await;
    let world = server.world().await;
    let token = &world.ada.token;
    let (one, other) = tokio::join!(
        server.prefer(token, json!({ "isOptedInToOfferMessages": true })),
        server.prefer(token, json!({ "isOptedInToThirdPartyMessages": true })),
    );
    assert_eq!((&one["errors"], &other["errors"]), (&json!([]), &json!([])));
    let now = server.preferences(token).await;
    assert_eq!(
        (&now["isOptedInToOfferMessages"], &now["isOptedInToThirdPartyMessages"]),
        (&json!(true), &json!(true))
    );
}
