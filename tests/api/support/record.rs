//! What every request did, one JSON line a root field: the scorecard reads them.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use kraken_api::http::Reply;
use serde_json::{Value, json};
use tracing_subscriber::EnvFilter;

/// Where the records of the run are.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("records")
}

static FILE: OnceLock<Mutex<File>> = OnceLock::new();
static SECRETS: OnceLock<Mutex<(File, HashSet<String>)>> = OnceLock::new();

/// A file of this run, by its ending. What an earlier run left goes away first: a run judges itself only.
fn file(ending: &str) -> File {
    static CLEARED: OnceLock<()> = OnceLock::new();
    CLEARED.get_or_init(|| {
        let _ = std::fs::remove_dir_all(folder());
        std::fs::create_dir_all(folder()).expect("the folder for records");
    });
    let name = folder().join(format!("{}.{ending}", std::process::id()));
    OpenOptions::new().create(true).append(true).open(name).expect("the file for records")
}

fn write(line: &Value) {
    let file = FILE.get_or_init(|| Mutex::new(file("jsonl")));
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(file, "{line}").expect("a record is written");
}

/// Writes the log of the whole run, more of it than any installation would, to a file.
pub fn keep_log() {
    static STARTED: OnceLock<()> = OnceLock::new();
    STARTED.get_or_init(|| {
        let levels = EnvFilter::new("debug,kraken_api=trace,sqlx=info");
        let log =
            tracing_subscriber::fmt().json().with_env_filter(levels).with_writer(Mutex::new(file("log")));
        log.try_init().expect("nobody else writes the log");
    });
}

/// Names under which requests and answers carry secrets.
const SECRET_NAMES: [&str; 21] = [
    "password",
    "passwordUpdateToken",
    "newPassword",
    "oldPassword",
    "newPasswordConfirmed",
    "APIKey",
    "apiKey",
    "liveSecretKey",
    "organizationSecretKey",
    "preSignedKey",
    "refreshToken",
    "krakenToken",
    "masqueradeToken",
    "token",
    "totpSecret",
    "key",
    "k",
    "t",
    "p",
    "authorization",
    "i",
];
/// Anything shorter is a word that may well stand in a log by itself.
const SHORTEST_SECRET: usize = 10;

/// The secrets in a request's variables or an answer's data.
pub fn secrets_in(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(name, each)| match each {
                Value::String(text) if SECRET_NAMES.contains(&name.as_str()) => vec![text.clone()],
                other => secrets_in(other),
            })
            .filter(|secret| secret.len() >= SHORTEST_SECRET && !secret.ends_with('…'))
            .collect(),
        Value::Array(items) => items.iter().flat_map(secrets_in).collect(),
        _ => Vec::new(),
    }
}

/// Notes secrets that were used: the scorecard looks for them in the log of the run.
pub fn secrets(used: impl IntoIterator<Item = String>) {
    let known = SECRETS.get_or_init(|| Mutex::new((file("secrets"), HashSet::new())));
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    for secret in used {
        if known.1.insert(secret.clone()) {
            writeln!(known.0, "{}", Value::from(secret)).expect("a secret is noted");
        }
    }
}

/// Notes what one request did.
pub fn note(reply: &Reply) {
    let report = &reply.response.report;
    for raised in &report.errors {
        write(&json!({
            "field": raised.coordinate,
            "root": raised.root,
            "viewer": reply.viewer,
            "code": raised.error.code_name(),
        }));
    }
    let body: Value = serde_json::from_slice(&reply.response.body).unwrap_or_default();
    let values = body.get("data").and_then(Value::as_object);
    for (root, value) in report.roots.iter().zip(values.into_iter().flat_map(|data| data.values())) {
        let failed = report.errors.iter().any(|raised| raised.root == *root);
        if !value.is_null() && !failed {
            write(&json!({ "field": root, "root": root, "viewer": reply.viewer, "success": true }));
        }
    }
}

/// Notes that a mutation's effect was seen by another query.
pub fn read_back(mutation: &str) {
    write(&json!({ "field": format!("Mutation.{mutation}"), "readBack": true }));
}
