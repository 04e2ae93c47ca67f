//! Special circumstances: what makes a customer vulnerable, and who may know.

use std::collections::BTreeSet;

use apollo_compiler::Schema;
use kraken_api::domain::accounts::roles;
use serde_json::{Value, json};

use crate::support::{Server, record};

const TELL: &str = "mutation($i: UpdateSpecialCircumstancesInput!) { updateSpecialCircumstances(input: $i) {
    specialCircumstances { isSharingConsentGiven records {
        ... on SpecialCircumstanceRecordType { internalCode summary }
        ... on TemporarySpecialCircumstanceRecordType { internalCode summary expiryDate } } } } }";
const READ: &str = "query($n: String!) { account(accountNumber: $n) { users { id specialCircumstances {
    isSharingConsentGiven records { __typename
        ... on SpecialCircumstanceRecordType { id internalCode summary createdAt }
        ... on TemporarySpecialCircumstanceRecordType { id internalCode summary createdAt expiryDate } } } } } }";

impl Server {
    /// What is told of the first user on an account; null where it is nobody's business.
    async fn circumstances(&self, token: &str, account: &str) -> Value {
        let data = self.ask(Some(token), READ, json!({ "n": account })).await;
        data["account"]["users"][0]["specialCircumstances"].clone()
    }
}

fn codes(circumstances: &Value) -> Vec<&str> {
    let records = circumstances["records"].as_array().expect("records");
    records.iter().filter_map(|record| record["internalCode"].as_str()).collect()
}

#[tokio::test]
async fn a_customer_tells_what_holds_and_what_no_longer_does() {
    let server = Server::start().await;
    let world = server.world().await;
    let (token, account) = (&world.ada.token, &world.ada.account);
    let nothing = json!({ "isSharingConsentGiven": null, "records": [] });
    assert_eq!(server.circumstances(token, account).await, nothing);
    let first = json!({ "blind": true, "elderly": false, "foreignLanguageSpeaker": true, "language": " Polish ",
        "temporaryPostHospitalRecovery": true, "temporaryPostHospitalRecoveryEndDate": "2026-03-20",
        "userConsent": true });
    let reply = server.put(token, TELL, &first).await;
    let told = &reply.json["data"]["updateSpecialCircumstances"]["specialCircumstances"];
    let expected = json!([
        { "internalCode": "8", "summary": "Is blind" },
        { "internalCode": "17", "summary": "Speaks another language: Polish" },
        { "internalCode": "33", "summary": "Recovers after a stay in hospital", "expiryDate": "2026-03-20" },
    ]);
    assert_eq!(told, &json!({ "isSharingConsentGiven": true, "records": expected }), "{}", reply.json);
    let before = server.circumstances(token, account).await;
    assert_eq!(codes(&before), ["8", "17", "33"]);
    assert_eq!(before["records"][2]["__typename"], "TemporarySpecialCircumstanceRecordType");
    record::read_back("updateSpecialCircumstances");
    // Told again, or without what is known already, nothing is recorded anew.
    let again =
        json!({ "blind": true, "foreignLanguageSpeaker": true, "temporaryPostHospitalRecovery": true });
    let (one, other) = tokio::join!(server.put(token, TELL, &first), server.put(token, TELL, &again));
    assert!(one.errors().is_empty() && other.errors().is_empty());
    assert_eq!(server.circumstances(token, account).await, before);
    let changed =
        json!({ "blind": false, "foreignLanguageSpeaker": true, "language": "Czech", "userConsent": false });
    assert!(server.put(token, TELL, &changed).await.errors().is_empty());
    let after = server.circumstances(token, account).await;
    assert_eq!((codes(&after), &after["isSharingConsentGiven"]), (vec!["33", "17"], &json!(false)));
    assert_eq!(after["records"][1]["summary"], "Speaks another language: Czech");
    let kept = sqlx::query_as("select count(*), count(ended_at) from special_circumstances");
    let kept: (i64, i64) = kept.fetch_one(server.database.pool()).await.expect("a count");
    assert_eq!(kept, (4, 2));
}

#[tokio::test]
async fn what_passes_by_itself_is_gone_after_its_last_day() {
    let server = Server::start().await;
    let world = server.world().await;
    let young = |day: &str| json!({ "temporaryLifeChanges": true, "temporaryLifeChangesEndDate": day });
    assert!(server.put(&world.ada.token, TELL, &young("2026-03-02")).await.errors().is_empty());
    let codes_now = async |at: &str| {
        server.wall.set(at.parse().expect("a moment"));
        let staff = server
            .log_in(json!({ "email": "reader@example.org", "password": crate::support::world::PASSWORD }));
        let seen = server.circumstances(&staff.await, &world.ada.account).await;
        codes(&seen).len()
    };
    assert_eq!(codes_now("2026-03-02T23:59:00Z").await, 1);
    assert_eq!(codes_now("2026-03-03T00:01:00Z").await, 0);
    let token = server.log_in(json!({ "APIKey": world.ada.api_key })).await;
    // What has passed is not there: it needs a new last day.
    let again = json!({ "temporaryLifeChanges": true });
    assert_eq!(server.put(&token, TELL, &again).await.codes(), ["KT-GB-5411"]);
    assert!(server.put(&token, TELL, &young("2026-04-01")).await.errors().is_empty());
    assert_eq!(codes_now("2026-03-04T00:01:00Z").await, 1);
}

#[tokio::test]
async fn what_cannot_be_is_not_recorded() {
    let server = Server::start().await;
    let world = server.world().await;
    let token = &world.ada.token;
    for wrong in [
        json!({ "temporaryLifeChanges": true }),
        json!({ "temporaryLifeChanges": true, "temporaryLifeChangesEndDate": "2026-03-01" }),
        json!({ "temporaryLifeChanges": true, "temporaryLifeChangesEndDate": "next year" }),
        json!({ "temporaryLifeChanges": false, "temporaryLifeChangesEndDate": "2027-03-01" }),
        json!({ "temporaryYoungAdultHouseholderEndDate": "2027-03-01" }),
        json!({ "foreignLanguageSpeaker": true }),
        json!({ "foreignLanguageSpeaker": true, "language": " " }),
        json!({ "blind": true, "language": "Polish" }),
    ] {
        assert_eq!(server.put(token, TELL, &wrong).await.codes(), ["KT-GB-5411"], "{wrong}");
    }
    assert_eq!(server.circumstances(token, &world.ada.account).await["records"], json!([]));
    // Where there is no register, there is nothing to tell.
    let greta = server.customer("greta@example.org", "Greta Lind", "OCTOPUS_ENERGY_GERMANY").await;
    assert_eq!(server.put(&greta.token, TELL, &json!({ "blind": true })).await.codes(), ["KT-GB-5411"]);
}

#[tokio::test]
async fn health_is_nobody_elses_business() {
    let server = Server::start().await;
    let world = server.world().await;
    let bureau = server.bureau(&world).await;
    let others = server.others(&world).await;
    let mut tx = server.tx().await;
    let (portfolio,): (i64,) = sqlx::query_as("select portfolio_id from accounts where id = $1")
        .bind(world.ada.account_id)
        .fetch_one(&mut tx)
        .await
        .expect("a portfolio");
    roles::give_on_portfolio(&mut tx, portfolio, world.bob.user_id, "CARER").await.expect("a role");
    tx.commit().await.expect("committed");
    assert!(server.put(&others.masquerade, TELL, &json!({ "blind": true })).await.errors().is_empty());
    let blind = json!({ "blind": true });
    for token in [&others.third_party, &bureau, &world.staff, &others.agent] {
        assert_eq!(server.put(token, TELL, &blind).await.codes(), ["KT-CT-1111"]);
    }
    for token in [&world.ada.token, &others.masquerade, &world.reader] {
        assert_eq!(codes(&server.circumstances(token, &world.ada.account).await), ["8"]);
    }
    for token in [&world.bob.token, &others.third_party, &bureau] {
        assert_eq!(server.circumstances(token, &world.ada.account).await, Value::Null);
    }
}

#[tokio::test]
async fn the_register_knows_all_that_can_be_told() {
    let server = Server::start().await;
    let schema =
        Schema::parse(server.app.engine().sdl(), "served.graphql").expect("the served schema parses");
    let input = schema.get_input_object("UpdateSpecialCircumstancesInput").expect("the input");
    let flags = input.fields.values().filter(|field| field.ty.inner_named_type() == "Boolean");
    let told: BTreeSet<&str> =
        flags.map(|field| field.name.as_str()).filter(|name| *name != "userConsent").collect();
    let kinds: Vec<(String, bool)> = sqlx::query_as("select name, is_temporary from circumstance_kinds")
        .fetch_all(server.database.pool())
        .await
        .expect("kinds");
    assert_eq!(told, kinds.iter().map(|(name, _)| name.as_str()).collect());
    for (name, is_temporary) in &kinds {
        let has_last_day = input.fields.contains_key(format!("{name}EndDate").as_str());
        assert_eq!(has_last_day, *is_temporary, "{name}");
    }
}
