//! Files of accounts: asked for, sent, looked at, and given out.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::roots::bounds_its_pages;
use crate::support::server::BASE_URL;
use crate::support::{Server, record};

const CREATE: &str =
    "mutation($i: CreateAccountFileAttachmentInput!) { createAccountFileAttachment(input: $i) {
    clientMutationId postRequest { url fields key } } }";
const TRIGGER: &str =
    "mutation($s: String!) { triggerPostUploadOperations(s3Key: $s) { operationsTriggered } }";
const READ: &str = "query($n: String!) { account(accountNumber: $n) {
    fileAttachments { id filename category isUploaded isReady fetchUrl sizeInBytes }
    paginatedFileAttachments(first: 5) { totalCount edgeCount edges { node { id filename } } }
    some: paginatedFileAttachments(first: 5, category: \"FILE_ATTACHMENT_DNO_LETTER\") { totalCount edges { node { filename } } }
    none: paginatedFileAttachments(first: 5, id: 1) { totalCount } } }";
const PDF: &[u8] = b"%PDF-1.7 a certificate";

fn certificate(account: &str) -> Value {
    json!({ "filename": "boiler.pdf", "accountNumber": account, "category": "FILE_ATTACHMENT_MCS_CERT",
        "clientMutationId": "m-1" })
}

/// The form of a browser, its file last.
fn form(fields: &Value, file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields.as_object().expect("fields") {
        let text = value.as_str().expect("text");
        let part = format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n\r\n";
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--xyz--\r\n");
    body
}

impl Server {
    async fn sends(&self, body: Vec<u8>) -> StatusCode {
        let request = Request::post("/uploads")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=xyz")
            .body(Body::from(body))
            .expect("a request");
        self.router.clone().oneshot(request).await.expect("an answer").status()
    }

    /// Asks for a place: its fields and its key.
    async fn place(&self, token: &str, input: &Value) -> (Value, String) {
        let reply = self.put(token, CREATE, input).await;
        let given = &reply.json["data"]["createAccountFileAttachment"];
        assert_eq!(given["clientMutationId"], input["clientMutationId"], "{}", reply.json);
        assert_eq!(given["postRequest"]["url"], format!("{BASE_URL}/uploads"));
        let fields = given["postRequest"]["fields"].as_str().expect("fields");
        let place = given["postRequest"]["key"].as_str().expect("a place").to_owned();
        (serde_json::from_str(fields).expect("JSON"), place)
    }

    async fn files_of(&self, token: &str, account: &str) -> Value {
        self.ask(Some(token), READ, json!({ "n": account })).await["account"].clone()
    }
}

#[tokio::test]
async fn a_file_is_sent_looked_at_and_given_out() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let (fields, place) = server.place(&ada.token, &certificate(&ada.account)).await;
    let waiting = server.files_of(&ada.token, &ada.account).await["fileAttachments"][0].clone();
    record::read_back("createAccountFileAttachment");
    assert_eq!((&waiting["isUploaded"], &waiting["sizeInBytes"]), (&json!(false), &Value::Null));
    assert_eq!(waiting["fetchUrl"], Value::Null);
    let early = server.send(Some(&ada.token), TRIGGER, json!({ "s": place })).await;
    assert_eq!(early.codes(), ["KT-CT-8710"]);
    assert_eq!(server.sends(form(&fields, PDF)).await, StatusCode::NO_CONTENT);
    assert_eq!(server.sends(form(&fields, PDF)).await, StatusCode::NO_CONTENT, "the same again");
    assert_eq!(server.sends(form(&fields, b"%PDF-another")).await, StatusCode::CONFLICT);
    let sent = server.files_of(&ada.token, &ada.account).await["fileAttachments"][0].clone();
    assert_eq!((&sent["isUploaded"], &sent["isReady"]), (&json!(true), &json!(false)));
    assert_eq!((&sent["sizeInBytes"], &sent["fetchUrl"]), (&json!(PDF.len()), &Value::Null));
    for is_due in [true, true] {
        let data = server.ask(Some(&ada.token), TRIGGER, json!({ "s": place })).await;
        assert_eq!(data["triggerPostUploadOperations"]["operationsTriggered"], is_due);
    }
    server.work_off().await;
    let data = server.ask(Some(&world.staff), TRIGGER, json!({ "s": place })).await;
    assert_eq!(data["triggerPostUploadOperations"]["operationsTriggered"], false, "done already");
    let all = server.files_of(&world.reader, &ada.account).await;
    record::read_back("triggerPostUploadOperations");
    let ready = &all["fileAttachments"][0];
    assert_eq!((&ready["isReady"], &ready["filename"]), (&json!(true), &json!("boiler.pdf")));
    let url = ready["fetchUrl"].as_str().expect("a link");
    let path = url.strip_prefix(BASE_URL).expect("ours");
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let response = server.router.clone().oneshot(request).await.expect("an answer");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/pdf");
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    assert_eq!(bytes, PDF);
    let node = "query($n: ID!) { node(id: $n) { ... on AccountFileAttachment { filename } } }";
    let by_node = server.ask(Some(&ada.token), node, json!({ "n": ready["id"] })).await;
    assert_eq!(by_node["node"]["filename"], "boiler.pdf");
    let foreign = server.ask(Some(&world.bob.token), node, json!({ "n": ready["id"] })).await;
    assert_eq!(foreign["node"], Value::Null);
}

#[tokio::test]
async fn files_are_listed_by_pages_and_categories() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    server.place(&ada.token, &certificate(&ada.account)).await;
    let letter = json!({ "filename": "letter.png", "accountNumber": ada.account, "category": "FILE_ATTACHMENT_DNO_LETTER" });
    server.place(&world.staff, &letter).await;
    let all = server.files_of(&ada.token, &ada.account).await;
    let page = &all["paginatedFileAttachments"];
    assert_eq!((&page["totalCount"], &page["edgeCount"]), (&json!(2), &json!(2)));
    assert_eq!(page["edges"][1]["node"]["filename"], "letter.png");
    assert_eq!((&all["some"]["totalCount"], &all["none"]["totalCount"]), (&json!(1), &json!(0)));
    assert_eq!(all["some"]["edges"][0]["node"]["filename"], "letter.png");
    let below = format!(
        "account(accountNumber: \"{}\") {{ paginatedFileAttachments(PAGE) {{ edgeCount }} }}",
        ada.account
    );
    bounds_its_pages(&server, &ada.token, &below).await;
    let none = server.files_of(&world.bob.token, &world.bob.account).await;
    assert_eq!(none["fileAttachments"], json!([]));
}

#[tokio::test]
async fn a_form_that_is_not_good_takes_nothing_in() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let (fields, place) = server.place(&ada.token, &certificate(&ada.account)).await;
    let with = |name: &str, value: &str| {
        let mut fields = fields.clone();
        fields[name] = json!(value);
        fields
    };
    for wrong in [with("key", "attachments/0"), with("expires", "9999999999"), with("signature", "00")] {
        assert_eq!(server.sends(form(&wrong, PDF)).await, StatusCode::NOT_FOUND, "{wrong}");
    }
    assert_eq!(server.sends(form(&json!({}), PDF)).await, StatusCode::NOT_FOUND);
    assert_eq!(server.sends(b"nonsense".to_vec()).await, StatusCode::BAD_REQUEST);
    assert_eq!(server.sends(b"--xyz--\r\n".to_vec()).await, StatusCode::BAD_REQUEST);
    let large = vec![b'x'; 11 << 20];
    assert_eq!(server.sends(form(&fields, &large)).await, StatusCode::PAYLOAD_TOO_LARGE);
    // What is of no known kind is taken in and given to nobody.
    assert_eq!(server.sends(form(&fields, b"#!/bin/sh")).await, StatusCode::NO_CONTENT);
    server.ask(Some(&ada.token), TRIGGER, json!({ "s": place })).await;
    server.work_off().await;
    let held = server.files_of(&ada.token, &ada.account).await["fileAttachments"][0].clone();
    assert_eq!((&held["isUploaded"], &held["isReady"]), (&json!(true), &json!(false)));
    assert_eq!(held["fetchUrl"], Value::Null);
    let (late, _) = server.place(&ada.token, &certificate(&ada.account)).await;
    server.wall.set(server.wall.now() + TimeDelta::hours(1));
    assert_eq!(server.sends(form(&late, PDF)).await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn places_are_for_those_who_may_change_what_is_known() {
    let server = Server::start().await;
    let world = server.world().await;
    let ada = &world.ada;
    let input = certificate(&ada.account);
    for token in [&world.reader, &world.partner] {
        assert_eq!(server.put(token, CREATE, &input).await.codes(), ["KT-CT-1111"]);
        let reply = server.send(Some(token), TRIGGER, json!({ "s": "attachments/0" })).await;
        assert_eq!(reply.codes(), ["KT-CT-1111"]);
    }
    assert_eq!(server.put(&world.bob.token, CREATE, &input).await.codes(), ["KT-CT-4123"]);
    for name in ["a/b.pdf", " ", "a\nb.pdf", &"x".repeat(121)] {
        let mut odd = input.clone();
        odd["filename"] = json!(name);
        assert_eq!(server.put(&ada.token, CREATE, &odd).await.codes(), ["KT-CT-1605"], "{name}");
    }
    let (fields, place) = server.place(&ada.token, &input).await;
    assert_eq!(server.sends(form(&fields, PDF)).await, StatusCode::NO_CONTENT);
    let foreign = server.send(Some(&world.bob.token), TRIGGER, json!({ "s": place })).await;
    assert_eq!(foreign.codes(), ["KT-CT-8710"]);
}
