//! Tokens with a claim, a header or a character altered: for every kind of session, none is taken.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::EncodingKey;
use serde_json::{Map, Value, json};

use crate::support::{Others, Server, World};

/// Anybody with a good credential is answered this, or refused as a link is.
const PROBE: &str = "{ krakenVersion { number } }";

fn part(token: &str, place: usize) -> Map<String, Value> {
    let text = token.split('.').nth(place).expect("a part");
    let json = URL_SAFE_NO_PAD.decode(text).expect("base64");
    serde_json::from_slice(&json).expect("an object")
}

fn encoded(part: &Map<String, Value>) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).expect("json"))
}

/// The token with these parts and the signature that it had.
fn patched(token: &str, header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
    let signature = token.rsplit_once('.').expect("a signature").1;
    format!("{}.{}.{signature}", encoded(header), encoded(claims))
}

/// The token with these parts, signed by the server's own key: what no claim may get past.
async fn signed(server: &Server, header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
    let kid = header["kid"].as_str().expect("a key id");
    let (pem,): (String,) = sqlx::query_as("select private_pem from signing_keys where kid = $1")
        .bind(kid)
        .fetch_one(server.database.pool())
        .await
        .expect("the key");
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key");
    let pair = KeyPair::from_der(key.inner()).expect("an RSA key");
    let message = format!("{}.{}", encoded(header), encoded(claims));
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
        .expect("a signature");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// What else a value could be.
fn altered(value: &Value) -> Vec<Value> {
    match value {
        Value::String(text) => vec![json!(format!("{text}0")), json!(""), json!(null), json!(7)],
        Value::Number(number) => {
            let number = number.as_i64().expect("whole");
            vec![json!(number + 1), json!(number - 1), json!(number + 100_000), json!("x"), json!(null)]
        }
        Value::Object(inner) => {
            let mut all = vec![json!({}), json!(null)];
            for (key, value) in inner {
                for other in altered(value) {
                    let mut changed = inner.clone();
                    changed.insert(key.clone(), other);
                    all.push(Value::Object(changed));
                }
            }
            all
        }
        _ => vec![json!("x")],
    }
}

fn sessions<'a>(world: &'a World, others: &'a Others) -> [(&'static str, &'a str); 8] {
    [
        ("customer", &world.ada.token),
        ("staff", &world.staff),
        ("organisation", &world.partner),
        ("partner user", &others.agent),
        ("link", &others.link),
        ("masquerade", &others.masquerade),
        ("third party", &others.third_party),
        ("admin", &others.admin),
    ]
}

async fn code(server: &Server, token: &str) -> Option<String> {
    let reply = server.send(Some(token), PROBE, json!({})).await;
    reply.codes().first().map(|&code| code.to_owned())
}

#[tokio::test]
async fn no_claim_or_header_can_be_altered() {
    let server = Server::start().await;
    let world = server.world().await;
    let others = server.others(&world).await;
    for (kind, token) in sessions(&world, &others) {
        let (header, claims) = (part(token, 0), part(token, 1));
        assert_eq!(code(&server, &patched(token, &header, &claims)).await, None, "{kind}: unaltered");
        for claim in claims.keys() {
            let mut less = claims.clone();
            less.remove(claim);
            let changed = altered(&claims[claim]).into_iter().map(|other| {
                let mut claims = claims.clone();
                claims.insert(claim.clone(), other);
                claims
            });
            for claims in std::iter::once(less).chain(changed) {
                let refused = code(&server, &patched(token, &header, &claims)).await;
                let known = ["KT-CT-1126", "KT-CT-1143"];
                assert!(
                    refused.as_deref().is_some_and(|c| known.contains(&c)),
                    "{kind} {claim}: {refused:?}"
                );
            }
        }
        for (name, value, expected) in [
            ("alg", json!("none"), "KT-CT-1143"),
            ("alg", json!("HS256"), "KT-CT-1143"),
            ("alg", json!(null), "KT-CT-1143"),
            ("kid", json!("0"), "KT-CT-1125"),
            ("kid", json!(null), "KT-CT-1143"),
            ("jku", json!("https://evil.example/jwks.json"), "KT-CT-1126"),
            ("iss", json!("https://evil.example/"), "KT-CT-1126"),
            ("typ", json!("at+jwt"), "KT-CT-1126"),
        ] {
            let mut header = header.clone();
            header.insert(name.to_owned(), value);
            let refused = code(&server, &patched(token, &header, &claims)).await;
            assert_eq!(refused.as_deref(), Some(expected), "{kind} {name}");
        }
        let (message, signature) = token.rsplit_once('.').expect("a signature");
        for odd in ["", "AAAA", &signature[1..], &format!("{signature}A"), &signature.replace('-', "+")] {
            if odd != signature {
                let refused = code(&server, &format!("{message}.{odd}")).await;
                assert_eq!(refused.as_deref(), Some("KT-CT-1126"), "{kind} signature {odd:?}");
            }
        }
    }
}

/// Even what our own key has signed is taken only if each claim says what such a session's does.
#[tokio::test]
async fn a_good_signature_does_not_make_a_claim_true() {
    let server = Server::start().await;
    let world = server.world().await;
    let others = server.others(&world).await;
    let now = server.wall.now().timestamp();
    let some = |claim: &str, value: Value| Some((claim.to_owned(), value));
    for (kind, token) in sessions(&world, &others) {
        let (header, claims) = (part(token, 0), part(token, 1));
        assert_eq!(code(&server, &signed(&server, &header, &claims).await).await, None, "{kind}: unaltered");
        let mut cases = vec![
            (some("iss", json!("https://other.test/v1/graphql/")), "KT-CT-1127"),
            (some("exp", json!(now)), "KT-CT-1124"),
            (some("tokenUse", json!("masquerade")), "KT-CT-1143"),
            (some("tokenUse", json!("refresh")), "KT-CT-1143"),
            (some("sub", json!("kraken|account-user:999999")), "KT-CT-1163"),
            (some("sub", json!("kraken|support-user:999999")), "KT-CT-1163"),
            (some("sub", json!("kraken|god:1")), "KT-CT-1143"),
            (some("act", json!({ "sub": "kraken|support-user:999999" })), "KT-CT-1162"),
            (some("act", json!({ "sub": "kraken|organisation:999999" })), "KT-CT-1162"),
            (some("act", json!({ "sub": "kraken|pre-signed-token:999999" })), "KT-CT-1162"),
            (some("act", json!({ "sub": "kraken|account-user:1" })), "KT-CT-1143"),
        ];
        if kind == "link" {
            cases.push((None, "KT-CT-1143"));
        }
        for (change, expected) in cases {
            let mut claims = claims.clone();
            match &change {
                Some((claim, value)) => claims.insert(claim.clone(), value.clone()),
                None => claims.remove("scope"),
            };
            let refused = code(&server, &signed(&server, &header, &claims).await).await;
            assert_eq!(refused.as_deref(), Some(expected), "{kind}: {change:?}");
        }
    }
}

/// A session of one kind does not turn into another's by naming somebody else's row.
#[tokio::test]
async fn opaque_secrets_are_taken_whole_or_not_at_all() {
    let server = Server::start().await;
    let world = server.world().await;
    let key = server.pre_signed_key(world.ada.email, "VIEW_ACCOUNT_NUMBER").await;
    let query = "mutation($i: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $i) { refreshToken } }";
    let data = server.ask(None, query, json!({ "i": { "APIKey": world.ada.api_key } })).await;
    let refresh = data["obtainKrakenToken"]["refreshToken"].as_str().expect("a token").to_owned();
    for (field, secret, code) in [
        ("APIKey", &world.ada.api_key, "KT-CT-1139"),
        ("refreshToken", &refresh, "KT-CT-1135"),
        ("preSignedKey", &key, "KT-CT-1141"),
        ("organizationSecretKey", &world.ada.api_key, "KT-CT-1140"),
        ("refreshToken", &world.ada.token, "KT-CT-1135"),
        ("APIKey", &refresh, "KT-CT-1139"),
        ("preSignedKey", &refresh, "KT-CT-1141"),
    ] {
        let mut flipped: Vec<char> = secret.chars().collect();
        let middle = flipped.len() / 2;
        flipped[middle] = if flipped[middle] == 'a' { 'b' } else { 'a' };
        let flipped: String = flipped.into_iter().collect();
        let cases = [
            flipped,
            secret[1..].to_owned(),
            format!("{secret} "),
            secret.to_uppercase().replace("SK_LIVE", "sk_live"),
        ];
        for wrong in cases {
            let reply = server.send(None, query, json!({ "i": { field: wrong } })).await;
            assert_eq!(reply.codes(), [code], "{field} {wrong:?}");
        }
    }
    server.wall.set(server.wall.now() + TimeDelta::seconds(1));
    assert_eq!(code(&server, &world.ada.token).await, None);
}
