//! What is sent: an event as JSON, and the headers that prove where it comes from.

use chrono::{DateTime, SecondsFormat, Utc};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::carrier::Call;
use crate::platform::storage::hex;

/// An event on its way to an endpoint.
#[derive(Clone, Debug)]
pub(super) struct Letter<'a> {
    pub id: i64,
    pub name: &'a str,
    pub account_number: Option<&'a str>,
    pub occurred_at: DateTime<Utc>,
    pub data: &'a Value,
}

/// The version at the end of a name.
pub(super) fn version(name: &str) -> Option<u32> {
    name.rsplit_once("-v").and_then(|(_, version)| version.parse().ok())
}

/// The request that carries a letter to `url` at this moment of wall time. Its body is the same at every attempt.
pub(super) fn call(letter: &Letter<'_>, url: &str, secret: &str, now: DateTime<Utc>) -> Call {
    let body = json!({
        "id": letter.id.to_string(),
        "name": letter.name,
        "version": version(letter.name),
        "accountNumber": letter.account_number,
        "occurredAt": letter.occurred_at.to_rfc3339_opts(SecondsFormat::Micros, true),
        "data": letter.data,
    })
    .to_string();
    let timestamp = now.timestamp();
    let headers = [
        ("Kraken-Event-Id", letter.id.to_string()),
        ("Kraken-Event-Name", letter.name.to_owned()),
        ("Kraken-Timestamp", timestamp.to_string()),
        ("Kraken-Signature", format!("t={timestamp},v1={}", signature(secret, timestamp, &body))),
    ];
    Call { url: url.to_owned(), headers, body }
}

/// HMAC-SHA256 of the timestamp, a full stop and the body, in lower-case hexadecimal digits.
pub fn signature(secret: &str, timestamp: i64, body: &str) -> String {
    // A key of HMAC may have any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{timestamp}.{body}").as_bytes());
    hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_others_compute() {
        // printf '1700000000.{"id":"1"}' | openssl dgst -sha256 -hmac s3cret
        let expected = "2b9dee6c893e4bf012ad34ee7b89d492b9567b4f47740ccbf0f161ba3717dc08";
        assert_eq!(signature("s3cret", 1_700_000_000, "{\"id\":\"1\"}"), expected);
    }

    #[test]
    fn the_body_is_the_same_at_every_attempt() {
        let data = json!({ "amount": 1250 });
        let letter = Letter {
            id: 7,
            name: "ledgers.transaction.posted-v1",
            account_number: Some("A-12345678"),
            occurred_at: DateTime::UNIX_EPOCH,
            data: &data,
        };
        let [first, later] = [0, 60].map(|seconds| {
            let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(seconds);
            call(&letter, "https://receiver.example/", "s3cret", now)
        });
        assert_eq!(
            first.body,
            "{\"id\":\"7\",\"name\":\"ledgers.transaction.posted-v1\",\"version\":1,\
             \"accountNumber\":\"A-12345678\",\"occurredAt\":\"1970-01-01T00:00:00.000000Z\",\
             \"data\":{\"amount\":1250}}"
        );
        assert_eq!(first.body, later.body);
        assert_ne!(first.headers[3], later.headers[3]);
    }
}
