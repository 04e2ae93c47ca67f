//! Files that come with messages.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::conversations::{email, mailbox};
use crate::support::server::BASE_URL;
use crate::support::{Server, record};

const FORM: &str = "mutation($i: GenerateInkPresignedUrlInput) { generateInkPresignedUrl(input: $i) {
    possibleErrors { code } uploadUrl key fields } }";

impl Server {
    /// Sends a file with the fields of a form.
    async fn uploads(&self, url: &str, fields: &Value, file: &str) -> StatusCode {
        let mut body = String::new();
        for (name, value) in fields.as_object().expect("fields") {
            let value = value.as_str().expect("a text");
            let part = format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.push_str(&part);
        }
        let disposition = "content-disposition: form-data; name=\"file\"; filename=\"photo.jpg\"";
        write!(body, "--x\r\n{disposition}\r\n\r\n{file}\r\n--x--\r\n").expect("room");
        let path = url.strip_prefix(BASE_URL).expect("an address of this server");
        let request = Request::post(path).header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
        let request = request.body(Body::from(body)).expect("a request");
        self.router.clone().oneshot(request).await.expect("an answer").status()
    }

    async fn downloads(&self, url: &str) -> (StatusCode, String, String) {
        let path = url.strip_prefix(BASE_URL).expect("an address of this server");
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let (status, media_type) = (response.status(), media_type.unwrap_or_default().to_owned());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        (status, media_type, String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[tokio::test]
async fn a_file_is_uploaded_once_and_comes_with_a_message() {
    let server = Server::start().await;
    let world = server.world().await;
    let system = mailbox(&server, &world).await;
    let input = json!({ "i": { "channel": "EMAIL", "filename": "Meter photo.JPG" } });
    let data = server.ask(Some(&system), FORM, input).await;
    let form = &data["generateInkPresignedUrl"];
    let fields: Value = match &form["fields"] {
        Value::String(text) => serde_json::from_str(text).expect("JSON"),
        other => other.clone(),
    };
    let url = form["uploadUrl"].as_str().expect("an address");
    let mut forged = fields.clone();
    forged["key"] = json!("bills/90001/1.pdf");
    assert_eq!(server.uploads(url, &forged, "a bill").await, StatusCode::NOT_FOUND);
    assert_eq!(server.uploads(url, &json!({}), "a bill").await, StatusCode::NOT_FOUND);
    assert_eq!(server.uploads(url, &fields, &"x".repeat(11 << 20)).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(server.uploads(url, &fields, "a picture").await, StatusCode::NO_CONTENT);
    assert_eq!(server.uploads(url, &fields, "another").await, StatusCode::CONFLICT);

    let mut message = email("m-1", "ada@example.org");
    message["newMessage"]["email"]["attachments"] =
        json!([{ "s3Bucket": "kraken-files", "s3Key": form["key"] }]);
    let reply = server.comes_in(&system, message).await;
    let file = &reply.json["data"]["createInkInboundMessage"]["message"]["attachments"][0];
    assert_eq!(
        (&file["filename"], &file["sizeInBytes"]),
        (&json!("meter-photo.jpg"), &json!(9)),
        "{}",
        reply.json
    );
    record::read_back("generateInkPresignedUrl");
    let link = file["fetchUrl"].as_str().expect("a link");
    let given = server.downloads(link).await;
    assert_eq!(given, (StatusCode::OK, "image/jpeg".to_owned(), "a picture".to_owned()));

    for (input, code) in [
        (Value::Null, "KT-CT-7618"),
        (json!({ "channel": "EMAIL", "filename": " " }), "KT-CT-7618"),
        (json!({ "channel": "LIVE_CHAT", "filename": "photo.jpg" }), "KT-CT-7620"),
        (json!({ "channel": "POST", "filename": "x".repeat(200) }), "KT-CT-7624"),
    ] {
        let reply = server.send(Some(&system), FORM, json!({ "i": input })).await;
        assert_eq!(reply.codes(), [code], "{}", reply.json);
    }
    assert_eq!(server.send(Some(&world.reader), FORM, json!({})).await.codes(), ["KT-CT-1111"]);
}
