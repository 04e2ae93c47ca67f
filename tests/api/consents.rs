//! What customers agree to and refuse: what counts, who may answer, and what is kept of it.

use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use crate::support::{Reply, Server, World, record};

const OF_ACCOUNT: &str = "mutation($n: String!, $c: [ConsentInput]!) {
    updateAccountConsents(accountNumber: $n, consents: $c) {
        possibleErrors { code } consents { id code value type { code name description defaultValue } } } }";
const OF_USER: &str = "mutation($n: String, $c: [ConsentTypeInput]) {
    updateAccountUserConsents(userNumber: $n, consents: $c) { accountUserConsents { consents { code value } } } }";
const READ: &str = "query($n: String!) { account(accountNumber: $n) {
    consentData consents { id code value } users { number consents { id code value } } } }";

impl Server {
    async fn answer_for_account(&self, token: &str, number: &str, consents: Value) -> Reply {
        self.send(Some(token), OF_ACCOUNT, json!({ "n": number, "c": consents })).await
    }

    async fn answer_for_user(&self, token: &str, number: Option<&str>, consents: Value) -> Reply {
        self.send(Some(token), OF_USER, json!({ "n": number, "c": consents })).await
    }

    async fn consents_on(&self, token: &str, number: &str) -> Value {
        self.ask(Some(token), READ, json!({ "n": number })).await["account"].clone()
    }

    /// Every answer that was kept: code, value, source, by whom.
    async fn answers(&self) -> Vec<(String, String, String, String)> {
        let all = "select t.code, e.value, e.source, e.by_kind
            from consent_events e join consent_types t on t.id = e.consent_type_id order by e.id";
        sqlx::query_as(all).fetch_all(self.database.pool()).await.expect("answers")
    }

    pub async fn user_number(&self, id: i64) -> String {
        let (number,) = sqlx::query_as("select number from account_users where id = $1")
            .bind(id)
            .fetch_one(self.database.pool())
            .await
            .expect("a user");
        number
    }

    /// An organisation that may edit customers and sees Ada's account.
    async fn consent_bureau(&self, world: &World) -> String {
        let (id, token) = self.organisation("Consent Bureau", &["view-accounts", "edit-customers"]).await;
        let mut tx = self.tx().await;
        organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
        tx.commit().await.expect("committed");
        token
    }
}

fn yes(code: &str) -> Value {
    json!({ "code": code, "value": "ACCEPTED" })
}

fn user_answer(code: &str, value: &str) -> Value {
    json!([{ "consentTypeCode": code, "value": value }])
}

#[tokio::test]
async fn what_is_asked_depends_on_the_market() {
    let server = Server::start().await;
    let world = server.world().await;
    let kurt = server.customer("kurt@example.org", "Kurt Weill", "OCTOPUS_ENERGY_GERMANY").await;
    let query = "{ consentTypes { code name description defaultValue } }";
    let codes = async |token: Option<&str>| {
        let data = server.ask(token, query, json!({})).await;
        let types = data["consentTypes"].as_array().expect("types").clone();
        types.iter().map(|t| t["code"].as_str().expect("a code").to_owned()).collect::<Vec<_>>()
    };
    let british = [
        "CREDIT_REFERENCE_SHARING",
        "HALF_HOURLY_READINGS",
        "MARKETING_PHONE",
        "PRIORITY_SERVICES_SHARING",
        "RESEARCH",
    ];
    assert_eq!(codes(Some(&world.ada.token)).await, british);
    assert!(codes(Some(&kurt.token)).await.contains(&"WERBUNG_EMAIL".to_owned()));
    assert!(codes(Some(&world.partner)).await.is_empty(), "nothing is granted to it");
    let bureau = server.consent_bureau(&world).await;
    assert_eq!(codes(Some(&bureau)).await, british);
    let all = codes(None).await;
    assert!(all.len() > 10 && !all.contains(&"FAX_CONTACT".to_owned()), "{all:?}");
    assert_eq!(codes(Some(&world.reader)).await, all);
}

#[tokio::test]
async fn the_last_answer_counts_and_all_are_kept() {
    let server = Server::start().await;
    let world = server.world().await;
    let (token, number) = (&world.ada.token, &world.ada.account);
    let before = server.consents_on(token, number).await;
    assert_eq!(
        before["consentData"],
        json!({ "CREDIT_REFERENCE_SHARING": "UNKNOWN", "HALF_HOURLY_READINGS": "UNKNOWN" })
    );
    let both =
        json!([yes("HALF_HOURLY_READINGS"), { "code": "CREDIT_REFERENCE_SHARING", "value": "REJECTED" }]);
    let reply = server.answer_for_account(token, number, both.clone()).await;
    let given = &reply.json["data"]["updateAccountConsents"]["consents"];
    assert_eq!(given[1]["value"], "ACCEPTED", "{}", reply.json);
    assert_eq!(given[1]["type"]["defaultValue"], "UNKNOWN");
    assert_eq!(given[1]["type"]["name"], "Half-hourly readings");
    assert_eq!(given[1]["id"], before["consents"][1]["id"], "an answer changes no identifier");
    // Twice is once.
    server.answer_for_account(token, number, both).await;
    let taken_back = json!([{ "code": "HALF_HOURLY_READINGS", "value": "REJECTED" }]);
    server.answer_for_account(token, number, taken_back).await;
    let now = server.consents_on(token, number).await;
    assert_eq!(
        now["consentData"],
        json!({ "CREDIT_REFERENCE_SHARING": "REJECTED", "HALF_HOURLY_READINGS": "REJECTED" })
    );
    record::read_back("updateAccountConsents");
    let answers = server.answers().await;
    let values: Vec<&str> = answers.iter().map(|(_, value, _, _)| value.as_str()).collect();
    assert_eq!(values, ["ACCEPTED", "REJECTED", "REJECTED"]);
    assert!(answers.iter().all(|(_, _, source, by)| source == "CONSUMER_SITE" && by == "account-user"));
    // What is already the default is an answer all the same, once.
    let default = user_answer("MARKETING_PHONE", "REJECTED");
    server.answer_for_user(token, None, default.clone()).await;
    server.answer_for_user(token, None, default).await;
    assert_eq!(server.answers().await.len(), 4);
    let bobs = server.consents_on(&world.bob.token, &world.bob.account).await;
    assert_eq!(bobs["consentData"]["HALF_HOURLY_READINGS"], "UNKNOWN");
    assert_ne!(bobs["consents"][0]["id"], now["consents"][0]["id"]);
}

#[tokio::test]
async fn people_answer_for_themselves_and_others_say_for_whom() {
    let server = Server::start().await;
    let world = server.world().await;
    let others = server.others(&world).await;
    let ada = server.user_number(world.ada.user_id).await;
    let bureau = server.consent_bureau(&world).await;
    let research = |value| user_answer("RESEARCH", value);
    for (token, number, value) in [
        (&world.ada.token, None, "ACCEPTED"),
        (&others.masquerade, Some(ada.as_str()), "REJECTED"),
        (&others.third_party, None, "ACCEPTED"),
        (&world.staff, Some(ada.as_str()), "REJECTED"),
        (&bureau, Some(ada.as_str()), "PENDING"),
    ] {
        let reply = server.answer_for_user(token, number, research(value)).await;
        let consents = &reply.json["data"]["updateAccountUserConsents"]["accountUserConsents"]["consents"];
        assert_eq!(consents[2], json!({ "code": "RESEARCH", "value": value }), "{}", reply.json);
    }
    let sourced = json!([{ "consentTypeCode": "RESEARCH", "value": "ACCEPTED", "source": "DATA_IMPORT" }]);
    server.answer_for_user(&world.staff, Some(&ada), sourced).await;
    let seen = server.consents_on(&world.ada.token, &world.ada.account).await;
    assert_eq!(seen["users"][0]["consents"][2]["value"], "ACCEPTED");
    record::read_back("updateAccountUserConsents");
    let hands: Vec<(String, String)> =
        server.answers().await.into_iter().map(|(_, _, source, by)| (source, by)).collect();
    let expected = [
        ("CONSUMER_SITE", "account-user"),
        ("SUPPORT_SITE", "support-user"),
        ("THIRD_PARTY_VENDOR", "organisation"),
        ("SUPPORT_SITE", "support-user"),
        ("API_SITE", "organisation"),
        ("DATA_IMPORT", "support-user"),
    ];
    assert_eq!(hands, expected.map(|(source, by)| (source.to_owned(), by.to_owned())));
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_as_a_whole() {
    let server = Server::start().await;
    let world = server.world().await;
    let bureau = server.consent_bureau(&world).await;
    let (token, number) = (&world.ada.token, world.ada.account.as_str());
    let twice = json!([yes("HALF_HOURLY_READINGS"), { "code": "HALF_HOURLY_READINGS", "value": "REJECTED" }]);
    for (account, consents, code) in [
        (number, twice, "KT-CT-9014"),
        (number, json!([yes("HALF_HOURLY_READINGS"), yes("NONSENSE")]), "KT-CT-9017"),
        // One that is of users, and one that nobody is asked any more.
        (number, json!([yes("RESEARCH")]), "KT-CT-9017"),
        (number, json!([yes("FAX_CONTACT")]), "KT-CT-9017"),
        (world.bob.account.as_str(), json!([yes("HALF_HOURLY_READINGS")]), "KT-CT-9018"),
        ("A-00000000", json!([]), "KT-CT-9018"),
    ] {
        assert_eq!(server.answer_for_account(token, account, consents).await.codes(), [code]);
    }
    let (ada, bob, nobody) = (
        server.user_number(world.ada.user_id).await,
        server.user_number(world.bob.user_id).await,
        "U-NOBODY",
    );
    let (ada, bob) = (ada.as_str(), bob.as_str());
    let research = || user_answer("RESEARCH", "ACCEPTED");
    let twice = json!([research()[0], research()[0]]);
    for (token, number, consents, code) in [
        (token, None, twice, "KT-CT-9014"),
        (token, None, user_answer("HALF_HOURLY_READINGS", "ACCEPTED"), "KT-CT-9017"),
        (token, None, json!(null), "KT-CT-1605"),
        (token, None, json!([{ "consentTypeCode": "RESEARCH" }]), "KT-CT-1605"),
        (token, Some(bob), research(), "KT-CT-5421"),
        (&bureau, Some(bob), research(), "KT-CT-5421"),
        (&world.staff, Some(nobody), research(), "KT-CT-5421"),
        (&bureau, None, research(), "KT-CT-5422"),
        (&world.staff, None, research(), "KT-CT-5422"),
        (&world.reader, Some(ada), research(), "KT-CT-1111"),
    ] {
        let reply = server.answer_for_user(token, number, consents).await;
        assert_eq!(reply.codes(), [code], "{}", reply.json);
    }
    for token in [&world.reader, &world.partner] {
        let reply = server.answer_for_account(token, number, json!([yes("HALF_HOURLY_READINGS")])).await;
        assert_eq!(reply.codes(), ["KT-CT-1111"]);
    }
    assert!(server.answers().await.is_empty());
}

#[tokio::test]
async fn a_market_may_manage_no_consents() {
    let server = Server::start().await;
    server.world().await;
    let joe = server.customer("joe@example.org", "Joe Hill", "OCTOPUS_ENERGY_US").await;
    let taro = server.customer("taro@example.org", "Taro Yamada", "TG_OCTOPUS_ENERGY").await;
    let reply = server.answer_for_account(&joe.token, &joe.account, json!([yes("X")])).await;
    assert_eq!(reply.codes(), ["KT-CT-9016"], "{}", reply.json);
    let seen = server.consents_on(&joe.token, &joe.account).await;
    assert_eq!((&seen["consents"], &seen["consentData"]), (&json!([]), &json!({})));
    // Japan asks about accounts alone.
    let reply =
        server.answer_for_account(&taro.token, &taro.account, json!([yes("PAPERLESS_BILLING")])).await;
    assert!(reply.errors().is_empty(), "{}", reply.json);
    let reply = server.answer_for_user(&taro.token, None, user_answer("X", "ACCEPTED")).await;
    assert_eq!(reply.codes(), ["KT-CT-9016"]);
}

#[tokio::test]
async fn who_depends_on_life_support_says_whether_to_be_called() {
    let server = Server::start().await;
    let jill = server.customer("jill@example.org", "Jill Scott", "ORIGIN").await;
    let query = "{ viewer { preferences { isOptedInToLifeSupportCall } } }";
    for expected in [true, false] {
        let data = server.ask(Some(&jill.token), query, json!({})).await;
        assert_eq!(data["viewer"]["preferences"]["isOptedInToLifeSupportCall"], expected);
        server.answer_for_user(&jill.token, None, user_answer("LIFE_SUPPORT_CALL", "REJECTED")).await;
    }
}

#[tokio::test]
async fn two_who_give_the_same_answer_at_once_give_it_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let (token, number) = (&world.ada.token, &world.ada.account);
    let answer = || server.answer_for_account(token, number, json!([yes("HALF_HOURLY_READINGS")]));
    let (one, other, third) = tokio::join!(answer(), answer(), answer());
    assert!([one, other, third].iter().all(|reply| reply.errors().is_empty()));
    assert_eq!(server.answers().await.len(), 1);
}
