//! What every request did, one JSON line a root field: the scorecard reads them.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use kraken_api::http::Reply;
use serde_json::{Value, json};

/// Where the records of the run are.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("records")
}

static FILE: OnceLock<Mutex<File>> = OnceLock::new();

fn write(line: &Value) {
    let file = FILE.get_or_init(|| {
        // A run judges itself only: what an earlier one left goes away.
        let _ = std::fs::remove_dir_all(folder());
        std::fs::create_dir_all(folder()).expect("the folder for records");
        let name = folder().join(format!("{}.jsonl", std::process::id()));
        let open = OpenOptions::new().create(true).append(true).open(name);
        Mutex::new(open.expect("the file for records"))
    });
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(file, "{line}").expect("a record is written");
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
