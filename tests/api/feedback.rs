//! What customers think of the service: forms, feedback that is asked for, and what is answered.

use kraken_api::domain::accounts::roles;
use kraken_api::domain::auth::organisations;
use serde_json::{Value, json};

use crate::support::{Reply, Server, record};

const FORMS: &str = "query($n: String!, $s: CustomerFeedbackSourceChoices) {
    customerFeedbackForms(accountNumber: $n, feedbackSource: $s, first: 50) {
        totalCount edges { node { id name } } } }";
const ASK: &str = "mutation($i: CreateCustomerFeedbackInputType!) { createCustomerFeedback(input: $i) {
    possibleErrors { code } customerFeedback { id rawScore submittedAt } } }";
const GIVE: &str = "mutation($i: CustomerFeedbackInputType!) { submitCustomerFeedback(input: $i) {
    possibleErrors { code } customerFeedback { id rawScore submittedAt } } }";

const CALL: &str = "FEEDBACK_SOURCE_PHONE_CALL_FOLLOW_UP";
const SITE: &str = "FEEDBACK_SOURCE_CONSUMER_SITE";

impl Server {
    async fn ask_feedback(&self, token: &str, input: Value) -> Reply {
        self.send(Some(token), ASK, json!({ "i": input })).await
    }

    /// Opens feedback and answers its number.
    async fn open_feedback(&self, token: &str, input: Value) -> i64 {
        let reply = self.ask_feedback(token, input).await;
        let id = &reply.json["data"]["createCustomerFeedback"]["customerFeedback"]["id"];
        id.as_str().unwrap_or_else(|| panic!("{}", reply.json)).parse().expect("a number")
    }

    async fn give_feedback(&self, token: &str, input: Value) -> Reply {
        self.send(Some(token), GIVE, json!({ "i": input })).await
    }

    /// The forms that an account can fill in, by name.
    async fn forms(&self, token: &str, number: &str, source: Option<&str>) -> Vec<(i64, String)> {
        let data = self.ask(Some(token), FORMS, json!({ "n": number, "s": source })).await;
        let forms = &data["customerFeedbackForms"];
        let edges = forms["edges"].as_array().expect("edges");
        assert_eq!(forms["totalCount"], edges.len());
        let form = |node: &Value| {
            let id = node["id"].as_str().and_then(|id| id.parse().ok()).expect("an identifier");
            (id, node["name"].as_str().expect("a name").to_owned())
        };
        edges.iter().map(|edge| form(&edge["node"])).collect()
    }

    /// The number of a British form.
    async fn form(&self, source: &str, name: &str) -> i64 {
        let form = "select id::bigint from feedback_forms where market = 'gb' and source = $1 and name = $2";
        let form = sqlx::query_as(form).bind(source).bind(name).fetch_one(self.database.pool());
        let (id,) = form.await.expect("the form");
        id
    }
}

#[tokio::test]
async fn somebody_who_called_is_asked_how_it_was_and_answers_once() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, number) = (&world.ada.token, world.ada.account.as_str());
    let form = server.form(CALL, "After a call").await;
    let data = server
        .ask(
            None,
            "query($f: Int!) { question(formId: $f) defaultRawScore(formId: $f) }",
            json!({ "f": form }),
        )
        .await;
    assert_eq!(data, json!({ "question": "How happy were you with our call?", "defaultRawScore": 5 }));
    let (agent,): (i64,) = sqlx::query_as("select min(id) from support_users")
        .fetch_one(server.database.pool())
        .await
        .expect("staff");
    assert!(server.forms(ada, number, Some(CALL)).await.is_empty(), "nobody has called");
    let input = json!({ "accountNumber": number, "feedbackSource": CALL, "accountUserId": world.ada.user_id,
        "voiceCallId": 7, "lastContactedSupportUserId": agent });
    let feedback = server.open_feedback(&world.staff, input).await;
    let letters = server.letters("feedback-request").await;
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].recipient.as_str(), &letters[0].body[..9]), (world.ada.email, "How happy"));
    let answer = |answer: Value| json!({ "feedbackId": feedback, "formId": form, "accountNumber": number, "answer": answer, "issueResolved": true });
    for odd in [json!("11"), json!("-1"), json!("very"), json!("7.5")] {
        assert_eq!(server.give_feedback(ada, answer(odd)).await.codes(), ["KT-CT-5514"]);
    }
    let reply = server.give_feedback(ada, answer(json!("9"))).await;
    let given = &reply.json["data"]["submitCustomerFeedback"]["customerFeedback"];
    assert_eq!(
        (&given["rawScore"], &given["id"]),
        (&json!(9), &json!(feedback.to_string())),
        "{}",
        reply.json
    );
    assert!(given["submittedAt"].is_string());
    assert!(server.forms(ada, number, Some(CALL)).await.is_empty(), "it has been filled in");
    record::read_back("submitCustomerFeedback");
    assert_eq!(server.give_feedback(ada, answer(json!("3"))).await.codes(), ["KT-CT-5514"]);
    // Another call, another time; what is left out is the score that the form starts from.
    let input = json!({ "accountNumber": number, "feedbackSource": CALL, "voiceCallId": 8 });
    let second = server.open_feedback(&world.staff, input).await;
    assert_eq!(server.forms(ada, number, Some(CALL)).await.len(), 1, "there is open feedback");
    record::read_back("createCustomerFeedback");
    let input =
        json!({ "feedbackId": second, "formId": form, "accountNumber": number, "issueResolved": false });
    let reply = server.give_feedback(ada, input).await;
    assert_eq!(reply.json["data"]["submitCustomerFeedback"]["customerFeedback"]["rawScore"], 5);
    assert_eq!(server.letters("feedback-request").await.len(), 1, "nobody in particular was asked");
}

#[tokio::test]
async fn customers_say_by_themselves_what_they_think_of_the_site() {
    let server = Server::start().await;
    let world = server.world().await;
    let (ada, number) = (&world.ada.token, world.ada.account.as_str());
    let input = json!({ "accountNumber": number, "feedbackSource": SITE });
    let feedback = server.open_feedback(ada, input.clone()).await;
    assert_eq!(server.open_feedback(ada, input).await, feedback, "it is open already");
    assert!(server.letters("feedback-request").await.is_empty(), "nobody writes to whoever is there");
    let words = server.form(SITE, "Suggestions").await;
    let score = json!({ "f": words });
    let data = server.ask(Some(ada), "query($f: Int!) { defaultRawScore(formId: $f) }", score).await;
    assert_eq!(data["defaultRawScore"], json!(null));
    let answer = |answer: Value| json!({ "feedbackId": feedback, "formId": words, "accountNumber": number, "answer": answer, "issueResolved": true });
    for odd in [json!(null), json!("  ")] {
        assert_eq!(server.give_feedback(ada, answer(odd)).await.codes(), ["KT-CT-5514"]);
    }
    let reply = server.give_feedback(ada, answer(json!("Bigger buttons."))).await;
    let given = &reply.json["data"]["submitCustomerFeedback"]["customerFeedback"];
    assert_eq!(given["rawScore"], json!(null), "{}", reply.json);
    let left = server.forms(ada, number, Some(SITE)).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].1, "Recommendation");
    let all = server.forms(ada, number, None).await;
    let names: Vec<&str> = all.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["After a login", "Recommendation"]);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let server = Server::start().await;
    let world = server.world().await;
    let number = world.ada.account.as_str();
    let input = json!({ "accountNumber": number, "feedbackSource": CALL, "voiceCallId": 7 });
    server.open_feedback(&world.staff, input).await;
    let base = json!({ "accountNumber": number, "feedbackSource": CALL });
    for (token, field, value) in [
        (&world.staff, "accountNumber", json!("A-00000000")),
        (&world.staff, "feedbackSource", json!("GOSSIP")),
        (&world.staff, "accountUserId", json!(world.bob.user_id)),
        (&world.staff, "accountUserNumber", json!("U-00000000")),
        (&world.staff, "voiceCallId", json!(7)),
        (&world.staff, "inkConversationId", json!(7)),
        (&world.staff, "lastContactedSupportUserId", json!(999_999)),
        (&world.ada.token, "feedbackSource", json!(CALL)),
    ] {
        let mut input = base.clone();
        input[field] = value;
        let reply = server.ask_feedback(token, input).await;
        assert_eq!(reply.codes(), ["KT-CT-5516"], "{field}: {}", reply.json);
    }
    let mut input = json!({ "accountNumber": number, "feedbackSource": SITE, "voiceCallId": 9 });
    assert_eq!(server.ask_feedback(&world.staff, input.clone()).await.codes(), ["KT-CT-5516"]);
    input = json!({ "accountNumber": number, "feedbackSource": SITE, "accountUserId": world.bob.user_id });
    assert_eq!(server.ask_feedback(&world.ada.token, input).await.codes(), ["KT-CT-5516"]);
    for token in [&world.reader, &world.partner] {
        assert_eq!(server.ask_feedback(token, base.clone()).await.codes(), ["KT-CT-1111"]);
    }
    let joe = server.customer("joe@example.org", "Joe Weill", "OCTOPUS_ENERGY_GERMANY").await;
    let manual = json!({ "accountNumber": joe.account, "feedbackSource": "FEEDBACK_SOURCE_MANUAL" });
    assert_eq!(
        server.ask_feedback(&world.staff, manual).await.codes(),
        ["KT-CT-5516"],
        "no form in the market"
    );
}

#[tokio::test]
async fn an_answer_goes_where_it_was_asked_for() {
    let server = Server::start().await;
    let world = server.world().await;
    let number = world.ada.account.as_str();
    let form = server.form(CALL, "After a call").await;
    let other = server.form(SITE, "Suggestions").await;
    // Bob is on Ada's account as well, and was asked.
    let mut tx = server.tx().await;
    roles::give_on_account(&mut tx, world.ada.account_id, world.bob.user_id, "MEMBER").await.expect("a role");
    tx.commit().await.expect("committed");
    let input =
        json!({ "accountNumber": number, "feedbackSource": CALL, "accountUserId": world.bob.user_id });
    let bobs = server.open_feedback(&world.staff, input).await;
    let answer = |feedback: i64, form: i64, account: &str| json!({ "feedbackId": feedback, "formId": form, "accountNumber": account, "answer": "8", "issueResolved": true });
    for (token, input, code) in [
        (&world.bob.token, answer(0, form, number), "KT-CT-5511"),
        (&world.ada.token, answer(bobs, form, number), "KT-CT-5511"),
        (&world.bob.token, answer(bobs, form, &world.bob.account), "KT-CT-5512"),
        (&world.bob.token, answer(bobs, other, number), "KT-CT-5514"),
        (&world.bob.token, answer(bobs, 0, number), "KT-CT-5514"),
        (&world.reader, answer(bobs, form, number), "KT-CT-1111"),
        (&world.partner, answer(bobs, form, number), "KT-CT-1111"),
    ] {
        assert_eq!(server.give_feedback(token, input).await.codes(), [code]);
    }
    let (id, vendor) = server.organisation("Surveys Ltd", &["view-accounts", "record-contacts"]).await;
    assert_eq!(server.give_feedback(&vendor, answer(bobs, form, number)).await.codes(), ["KT-CT-5511"]);
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let reply = server.give_feedback(&vendor, answer(bobs, form, number)).await;
    assert!(reply.errors().is_empty(), "{}", reply.json);
    for query in ["query { question(formId: 0) }", "query { defaultRawScore(formId: 0) }"] {
        assert_eq!(server.send(None, query, json!({})).await.codes(), ["KT-CT-5513"]);
    }
    for account in [world.bob.account.as_str(), "A-00000000"] {
        let reply = server.send(Some(&world.ada.token), FORMS, json!({ "n": account })).await;
        assert_eq!(reply.codes(), ["KT-CT-4177"]);
    }
}

#[tokio::test]
async fn what_staff_note_down_is_theirs_to_fill_in() {
    let server = Server::start().await;
    let world = server.world().await;
    let number = world.ada.account.as_str();
    let source = "FEEDBACK_SOURCE_MANUAL";
    let form = server.form(source, "Noted by us").await;
    let input =
        json!({ "accountNumber": number, "feedbackSource": source, "accountUserId": world.ada.user_id });
    let feedback = server.open_feedback(&world.staff, input).await;
    assert!(server.letters("feedback-request").await.is_empty());
    assert!(server.forms(&world.ada.token, number, Some(source)).await.is_empty());
    assert_eq!(server.forms(&world.reader, number, Some(source)).await, [(form, "Noted by us".to_owned())]);
    let input = json!({ "feedbackId": feedback, "formId": form, "accountNumber": number,
        "answer": "Likes our bees.", "issueResolved": true });
    assert_eq!(server.give_feedback(&world.ada.token, input.clone()).await.codes(), ["KT-CT-5511"]);
    let reply = server.give_feedback(&world.staff, input).await;
    assert!(reply.errors().is_empty(), "{}", reply.json);
}

#[tokio::test]
async fn of_two_who_answer_at_once_one_is_heard() {
    let server = Server::start().await;
    let world = server.world().await;
    let number = world.ada.account.as_str();
    let form = server.form(CALL, "After a call").await;
    let open =
        || server.open_feedback(&world.staff, json!({ "accountNumber": number, "feedbackSource": CALL }));
    let (feedback, same) = tokio::join!(open(), open());
    assert_eq!(feedback, same);
    let answer = |score: &'static str| {
        let input = json!({ "feedbackId": feedback, "formId": form, "accountNumber": number, "answer": score,
            "issueResolved": true });
        server.give_feedback(&world.ada.token, input)
    };
    let (one, other) = tokio::join!(answer("1"), answer("10"));
    let mut codes = [one.codes(), other.codes()].concat();
    codes.sort_unstable();
    assert_eq!(codes, ["KT-CT-5514"]);
}

#[tokio::test]
async fn a_link_for_feedback_is_good_for_it_alone() {
    let server = Server::start().await;
    let world = server.world().await;
    let number = world.ada.account.as_str();
    let form = server.form(CALL, "After a call").await;
    let input =
        json!({ "accountNumber": number, "feedbackSource": CALL, "accountUserId": world.ada.user_id });
    let feedback = server.open_feedback(&world.staff, input).await;
    let key = server.pre_signed_key(world.ada.email, "SUBMIT_CUSTOMER_FEEDBACK").await;
    let link = server.log_in(json!({ "preSignedKey": key })).await;
    assert_eq!(server.forms(&link, number, Some(CALL)).await.len(), 1);
    let input = json!({ "feedbackId": feedback, "formId": form, "accountNumber": number, "answer": "10",
        "issueResolved": true });
    let reply = server.give_feedback(&link, input).await;
    assert!(reply.errors().is_empty(), "{}", reply.json);
    let reply = server.ask_feedback(&link, json!({ "accountNumber": number, "feedbackSource": SITE })).await;
    assert_eq!(reply.codes(), ["KT-CT-1111"]);
}
