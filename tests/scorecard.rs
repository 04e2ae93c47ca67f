//! Judges the records of the API tests, which cargo runs before this program: every served operation has
//! succeeded, raised each of its declared codes, raised no other, and served nobody whom it should refuse.
//!
//! It reads nothing where the API tests have not run; then it fails, because nothing was proved.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use aho_corasick::AhoCorasick;
use kraken_api::api;
use kraken_api::graphql::FieldFacts;
use kraken_api::graphql::error::{ENGINE_CODES, INTERNAL};
use kraken_api::graphql::facts::FORBIDDEN;
use kraken_api::platform::cluster::{Cluster, Settings};
use serde::Deserialize;

/// Fields and codes that no test can reach, each with its reason.
const EXCEPTIONS: &str = include_str!("scorecard.json");

#[derive(Debug, Deserialize)]
struct Exception {
    field: String,
    /// A code, or `success`.
    what: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    field: String,
    #[serde(default)]
    root: String,
    #[serde(default)]
    viewer: String,
    code: Option<String>,
    #[serde(default)]
    success: bool,
    #[serde(default)]
    read_back: bool,
}

/// What the tests have seen of one field.
#[derive(Default)]
struct Seen {
    codes: BTreeSet<String>,
    served: BTreeSet<String>,
    read_back: bool,
}

fn records() -> Vec<Record> {
    lines("jsonl").iter().map(|line| serde_json::from_str(line).expect("a record")).collect()
}

/// Codes of the credential and of a brownout, which any field may answer with.
const WALLS: [&str; 8] = [
    "KT-CT-1113",
    "KT-CT-1124",
    "KT-CT-1125",
    "KT-CT-1126",
    "KT-CT-1127",
    "KT-CT-1143",
    "KT-CT-1162",
    "KT-CT-1163",
];

/// An internal error is a defect wherever it is raised.
fn may_happen_anywhere(code: &str) -> bool {
    WALLS.contains(&code) || (ENGINE_CODES.contains(&code) && code != INTERNAL)
}

/// Whether `@access` and `@scopes` let this kind of viewer in.
fn lets_in(facts: &FieldFacts, viewer: &str) -> bool {
    let kinds: &[&str] = match viewer {
        "account-user" => &["CUSTOMER", "IN_PERSON"],
        "masquerade" | "third-party" => &["CUSTOMER"],
        "link" => return !facts.scopes.is_empty(),
        "organisation" => &["ORGANISATION"],
        "partner-user" => &["PARTNER"],
        "staff" => &["STAFF"],
        _ => &[],
    };
    facts.access.iter().any(|allowed| kinds.contains(&allowed.as_str()))
}

fn judge(facts: &FieldFacts, seen: &Seen, excused: &BTreeSet<(String, String)>) -> Vec<String> {
    let name = &facts.coordinate;
    let excuse = |what: &str| excused.contains(&(name.clone(), what.to_owned()));
    let mut wrong = Vec::new();
    if facts.is_root && seen.served.is_empty() && !excuse("success") {
        wrong.push(format!("{name}: no test has seen it succeed"));
    }
    if facts.is_mutation && !seen.read_back && !excuse("success") {
        wrong.push(format!("{name}: no test has read its effect back"));
    }
    for code in facts.codes.iter().filter(|code| !seen.codes.contains(*code) && !excuse(code)) {
        wrong.push(format!("{name}: {code} was never raised"));
    }
    for code in &seen.codes {
        // A session that is good for one kind of thing is refused field by field.
        let of_scope = !facts.is_root && facts.in_scoped_type && code == FORBIDDEN;
        if !facts.codes.contains(code) && !may_happen_anywhere(code) && !of_scope {
            wrong.push(format!("{name}: {code} was raised and is not declared"));
        }
    }
    let open = facts.access.is_empty() || facts.access.iter().any(|viewer| viewer == "ANYONE");
    for viewer in &seen.served {
        if !open && !lets_in(facts, viewer) {
            wrong.push(format!("{name}: served a viewer it should refuse: {viewer}"));
        }
    }
    wrong
}

/// The lines of the run's files with this ending.
fn lines(ending: &str) -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("records");
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let files = files.filter_map(|file| Some(file.ok()?.path()));
    let files = files.filter(|path| path.extension().is_some_and(|known| known == ending));
    let texts = files.filter_map(|path| std::fs::read_to_string(path).ok());
    texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn no_log_line_of_the_run_holds_a_secret_that_was_used() {
    let secrets: Vec<String> =
        lines("secrets").iter().map(|line| serde_json::from_str(line).expect("a secret")).collect();
    let log = lines("log");
    assert!(secrets.len() > 100 && log.len() > 1000, "{} secrets, {} lines", secrets.len(), log.len());
    let search = AhoCorasick::new(&secrets).expect("a search");
    let leaks: Vec<&String> = log.iter().filter(|line| search.is_match(line.as_str())).collect();
    assert!(leaks.is_empty(), "{} lines, the first: {:?}", leaks.len(), leaks.first());
}

#[test]
fn scorecard() {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for record in records() {
        let entry = seen.entry(record.field.clone()).or_default();
        entry.codes.extend(record.code);
        entry.read_back |= record.read_back;
        if record.success {
            assert_eq!(record.field, record.root);
            entry.served.insert(record.viewer);
        }
    }
    let exceptions: Vec<Exception> = serde_json::from_str(EXCEPTIONS).expect("the exceptions");
    assert!(exceptions.iter().all(|e| e.reason.len() > 20), "every exception has its reason");
    let excused = exceptions.into_iter().map(|e| (e.field, e.what)).collect();
    let engine = api::engine(None).expect("the schema loads");
    let wrong: Vec<String> = engine
        .model()
        .all_facts()
        .flat_map(|facts| judge(facts, seen.entry(facts.coordinate.clone()).or_default(), &excused))
        .collect();
    stop_postgres();
    assert!(wrong.is_empty(), "{} of the scorecard:\n{}", wrong.len(), wrong.join("\n"));
}

/// The API tests leave their Postgres running for one another; nobody needs it after this.
fn stop_postgres() {
    let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("postgres");
    if !home.exists() {
        return;
    }
    let settings = Settings { home, durable: false, max_connections: 200 };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(1)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let cluster = Cluster::join(&settings).await.expect("the tests' Postgres");
        cluster.leave().await.expect("stopped");
    });
}
