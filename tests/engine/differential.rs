//! Every case of the corpus gets the answer that graphql-core gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use kraken_api::graphql::Request;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::world::{World, engine};

const CASES: &str = include_str!("../differential/cases.jsonl");

/// Cases where graphql-core is not followed, and why.
const EXCEPTIONS: [(&str, &str); 4] = [
    ("introspection/026", "the introspection types are those of another draft of the specification"),
    ("operations/021", "a subscription is refused even where another operation is chosen"),
    ("overlapping_fields/013", "a block string and a string of the same text are the same value"),
    ("random_plain/018", "graphql-core overlooks a conflict of shapes across nested fragments"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    pub name: String,
    pub category: String,
    pub query: String,
    #[serde(default)]
    pub variables: Option<Value>,
    pub operation_name: Option<String>,
    pub quirk: Option<String>,
    pub expect: Expected,
}

#[derive(Deserialize)]
pub struct Expected {
    pub status: u16,
    pub data: Option<Value>,
    #[serde(default)]
    pub errors: Vec<Value>,
}

pub fn cases() -> Vec<Case> {
    CASES
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).expect("a case is JSON");
            serde_json::from_value(value).expect("a case has its shape")
        })
        .collect()
}

impl Case {
    /// `results` is about loosely typed resolvers; the rows behind this engine are typed.
    fn is_comparable(&self) -> bool {
        self.quirk.is_none()
            && self.category != "results"
            && EXCEPTIONS.iter().all(|(name, _)| *name != self.name)
    }

    pub fn request(&self) -> Request {
        let variables = match &self.variables {
            Some(Value::Object(map)) => map.clone(),
            _ => Map::new(),
        };
        Request {
            query: self.query.clone(),
            operation_name: self.operation_name.clone(),
            variables,
            ..Request::default()
        }
    }
}

/// The values are the same, floats by value and objects with the order of their keys.
pub fn same(a: &Value, b: &Value, ordered: bool) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_str() == b.as_str() || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, ordered))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().zip(b.keys()).all(|((key, value), other)| {
                    (!ordered || key == other) && b.get(key).is_some_and(|b| same(value, b, ordered))
                })
        }
        _ => a == b,
    }
}

/// What is wrong with an answer, if anything.
fn difference(case: &Case, status: u16, answer: &Value) -> Option<String> {
    let expect = &case.expect;
    if status != expect.status {
        return Some(format!("status {status} instead of {}: {answer}", expect.status));
    }
    let errors = answer.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
    if status == 400 {
        return (answer.get("data").is_some() || errors.is_empty()).then(|| format!("{answer}"));
    }
    let introspects = case.category.contains("introspection");
    let data = answer.get("data").unwrap_or(&Value::Null);
    let expected = expect.data.as_ref().unwrap_or(&Value::Null);
    if !same(data, expected, !introspects) {
        return Some(format!("data {data}\n   instead of {expected}"));
    }
    if errors.len() != expect.errors.len() {
        return Some(format!("errors {errors:?}\n   instead of {:?}", expect.errors));
    }
    errors.iter().zip(&expect.errors).find_map(|(ours, theirs)| {
        ["path", "locations"].iter().find_map(|key| {
            (ours.get(key) != theirs.get(key)).then(|| format!("{key} of {ours}\n   instead of {theirs}"))
        })
    })
}

#[tokio::test]
async fn every_case_is_answered_as_graphql_core_does() {
    let shared = World::load();
    let engine = Arc::new(engine(&shared));
    let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let cases = cases();
    assert!(cases.len() >= 1_000, "the corpus is smaller than it should be: {}", cases.len());
    for case in cases.iter().filter(|case| case.is_comparable()) {
        let response = engine.execute(&World::new(&shared), &case.request()).await;
        let answer: Value = serde_json::from_slice(&response.body).expect("an answer is JSON");
        if let Some(text) = difference(case, response.status, &answer) {
            let said = format!("{}\n{}\n  {text}", case.name, case.query);
            wrong.entry(case.category.clone()).or_default().push(said);
        }
    }
    let by_category: Vec<String> = wrong.iter().map(|(name, all)| format!("{name} {}", all.len())).collect();
    let count: usize = wrong.values().map(Vec::len).sum();
    let listing: Vec<String> = wrong.values().flatten().take(30).cloned().collect();
    assert!(
        wrong.is_empty(),
        "{count} of {} differ: {}\n{}",
        cases.len(),
        by_category.join(", "),
        listing.join("\n\n")
    );
}
