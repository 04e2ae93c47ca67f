//! Everything that fuzzing started from or found, as ordinary tests.

use std::fs;
use std::path::Path;

use crate::support::feed;

fn each(folder: &str, feed: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
    let mut fed = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        feed(&fs::read(path).unwrap());
        fed += 1;
    }
    assert!(fed >= 20, "{fed} files only");
}

#[test]
fn bodies() {
    each("http_body", feed::http_body);
}

#[test]
fn documents() {
    each("document", feed::document);
    each("document", feed::http_body);
}

#[test]
fn variables() {
    each("variables", feed::variables);
}
