//! What no compiler checks: the direction of dependencies, the size of files, codes that exist.

use std::fs;
use std::path::{Path, PathBuf};

use kraken_api::graphql::error::code_entry;

/// Longest source file, in lines. One file, one reason to open it.
const MAX_LINES: usize = 600;

fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut queue = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = queue.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                queue.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                let text = fs::read_to_string(&path).expect("a text file");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "nothing below {folder}");
    found
}

/// A room, and the rooms it must not know.
const WALLS: [(&str, &[&str]); 4] = [
    ("src/platform", &["domain", "graphql", "api", "http", "commands"]),
    ("src/domain", &["graphql", "api", "http", "commands"]),
    ("src/graphql", &["platform", "domain", "api", "http", "commands"]),
    ("src/api", &["http", "commands"]),
];

#[test]
fn dependencies_point_one_way() {
    for (room, forbidden) in WALLS {
        for (path, text) in files(room, "rs") {
            for other in forbidden {
                assert!(!text.contains(&format!("crate::{other}")), "{} uses {other}", path.display());
            }
        }
    }
}

#[test]
fn business_never_sees_the_libraries_of_the_engine() {
    for room in ["src/platform", "src/domain", "src/api", "src/http"] {
        for (path, text) in files(room, "rs") {
            for library in ["apollo_compiler", "apollo_parser", "async_graphql::"] {
                assert!(!text.contains(library), "{} uses {library}", path.display());
            }
        }
    }
}

#[test]
fn files_stay_short() {
    for folder in ["src", "tests", "benches"] {
        for (path, text) in files(folder, "rs") {
            let lines = text.lines().count();
            assert!(lines <= MAX_LINES, "{} has {lines} lines", path.display());
        }
    }
}

/// Every `KT-…` in a text.
fn codes(text: &str) -> Vec<&str> {
    let starts = text.match_indices("\"KT-").map(|(at, _)| at + 1);
    starts.filter_map(|at| text[at..].split('"').next()).filter(|code| !code.contains(' ')).collect()
}

#[test]
fn every_code_is_in_the_error_table() {
    for (path, text) in files("src", "rs").into_iter().chain(files("schema", "graphql")) {
        for code in codes(&text) {
            assert!(code_entry(code).is_some(), "{} names {code}", path.display());
        }
    }
}

#[test]
fn nothing_is_left_for_later_in_the_sources() {
    let marks = ["to".to_owned() + "do!", "unimpl".to_owned() + "emented!", "FIX".to_owned() + "ME"];
    for (path, text) in files("src", "rs") {
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "{} has {mark}", path.display());
        }
    }
}
