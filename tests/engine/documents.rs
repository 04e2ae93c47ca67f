//! Documents that clients send: each is valid in the edition of its market. Those of the page of operations staff are valid in
//! every edition.

use std::fs;
use std::path::{Path, PathBuf};

use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use kraken_api::api;

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn served(edition: &str) -> Valid<Schema> {
    let name = Some(edition).filter(|name| !name.is_empty());
    let sdl = api::engine(name).expect("the edition loads").sdl();
    Schema::parse_and_validate(sdl, "served.graphql").expect("the served schema is valid")
}

/// What is wrong with a document.
fn problems(schema: &Valid<Schema>, name: &str, document: &str) -> Option<String> {
    ExecutableDocument::parse_and_validate(schema, document, name).err().map(|found| found.errors.to_string())
}

/// The texts between two marks that hold operations.
fn operations<'a>(text: &'a str, mark: &str) -> Vec<&'a str> {
    let is_operation = |text: &&str| {
        let text = text.trim_start();
        text.starts_with("query ") || text.starts_with("mutation ")
    };
    text.split(mark).filter(is_operation).collect()
}

fn is_valid(edition: &str, path: &str, documents: &[&str]) {
    let schema = served(edition);
    let found: Vec<String> =
        documents.iter().filter_map(|document| problems(&schema, path, document)).collect();
    assert!(found.is_empty(), "{edition} {path}:\n{}", found.join("\n"));
}

#[test]
fn public_clients_are_understood_in_the_edition_of_their_market() {
    for edition in ["gb", "de", "jp"] {
        let path = format!("tests/documents/{edition}.graphql");
        let text = fs::read_to_string(at(&path)).expect("documents");
        // Operations are told apart by a line between them, and each stands for itself.
        let documents = operations(&text, "\n\n");
        assert!(documents.len() > 2, "{path}");
        is_valid(edition, &path, &documents);
    }
}

#[test]
fn the_examples_are_understood_in_the_edition_of_their_market() {
    for (edition, path, mark) in [
        ("gb", "examples/britain/tonight.py", "\"\"\""),
        ("de", "examples/germany/tonight.js", "`"),
        ("jp", "examples/japan/tonight.py", "\"\"\""),
    ] {
        let text = fs::read_to_string(at(path)).expect("an example");
        let documents = operations(&text, mark);
        assert!(documents.len() > 4, "{path}");
        is_valid(edition, path, &documents);
    }
}

#[test]
fn the_page_of_operations_staff_works_in_every_edition() {
    for path in ["web/src/operations/supply.ts", "web/src/operations/queries.ts"] {
        let text = fs::read_to_string(at(path)).expect("a module of the page");
        let text = text.replace("${PAGE}", "pageInfo { hasNextPage endCursor }");
        let documents = operations(&text, "`");
        assert!(documents.len() > 2, "{path}");
        for edition in ["", "us", "de", "gb", "jp", "au"] {
            is_valid(edition, path, &documents);
        }
    }
}
