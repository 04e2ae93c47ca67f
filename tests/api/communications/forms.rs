//! What comes in from websites.

use serde_json::{Value, json};

use crate::support::{Server, record};

const SIGN_UP: &str =
    "mutation($e: String!, $f: String) { createNewsletterSignup(email: $e, firstName: $f) { id content } }";
const SUBMIT: &str =
    "mutation($input: FormSubmissionInput!) { createFormSubmission(input: $input) { id content errors {
    field errors { ... on SerializerErrorType { message code } } } } }";
const NOTES: &str = "query($n: String!) { account(accountNumber: $n) { notes { body } } }";

#[tokio::test]
async fn the_newsletter_welcomes_everybody_once_and_tells_nobody_of_it() {
    let server = Server::start().await;
    let sign_up = async |email: &str| {
        server.send(None, SIGN_UP, json!({ "e": email, "f": " Nell " })).await.json["data"]["createNewsletterSignup"].clone()
    };
    let (first, second) = (sign_up("new@example.org").await, sign_up("NEW@example.org").await);
    assert_eq!(
        (&first["content"], &second["content"]),
        (&json!("Thank you, Nell!"), &json!("Thank you, Nell!"))
    );
    assert_ne!(first["id"], second["id"]);
    assert_eq!(server.letters("newsletter-welcome").await.len(), 1);
    record::read_back("createNewsletterSignup");
    let reply = server.send(None, SIGN_UP, json!({ "e": "nobody", "f": null })).await;
    assert_eq!(reply.codes(), ["KT-CT-1605"]);
}

#[tokio::test]
async fn a_form_is_put_before_those_who_look_after_the_account() {
    let server = Server::start().await;
    let world = server.world().await;
    let input = json!({ "accountNumber": world.ada.account, "formType": "COVID_19_FINANCIAL_ENERGY_ASSESSMENT",
        "content": json!({ "income": 1200 }).to_string() });
    let data = server.ask(Some(&world.ada.token), SUBMIT, json!({ "input": input })).await;
    let form = &data["createFormSubmission"];
    assert!(form["id"].as_i64().is_some_and(|id| id > 2000), "{form}");
    let content: Value = serde_json::from_str(form["content"].as_str().expect("a text")).expect("JSON");
    assert_eq!(content, json!({ "income": 1200 }));
    let notes = server.ask(Some(&world.reader), NOTES, json!({ "n": world.ada.account })).await;
    let note = notes["account"]["notes"][0]["body"].as_str().expect("a note").to_owned();
    assert!(note.starts_with("COVID_19_FINANCIAL") && note.contains("1200"), "{note}");
    record::read_back("createFormSubmission");
    // Whoever has no business with the account is told the same, and nobody looks after it.
    let anonymous = server.send(None, SUBMIT, json!({ "input": input })).await;
    assert!(anonymous.codes().is_empty(), "{}", anonymous.json);
    let unknown = json!({ "accountNumber": "A-00000000", "content": "{}" });
    assert!(server.send(None, SUBMIT, json!({ "input": unknown })).await.codes().is_empty());
    let notes = server.ask(Some(&world.reader), NOTES, json!({ "n": world.ada.account })).await;
    assert_eq!(notes["account"]["notes"].as_array().map(Vec::len), Some(1));
    for (input, field) in [
        (json!({ "accountNumber": "mine", "content": "{}" }), "accountNumber"),
        (json!({ "accountNumber": "A-00000000", "content": "[]" }), "content"),
    ] {
        let data = server.ask(None, SUBMIT, json!({ "input": input })).await;
        let form = &data["createFormSubmission"];
        assert_eq!((&form["id"], &form["errors"][0]["field"]), (&json!(null), &json!(field)), "{form}");
    }
}
