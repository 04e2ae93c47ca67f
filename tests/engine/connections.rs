//! Connections: which page is wanted, what a page says of itself, cursors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kraken_api::graphql::connection::{Paging, cursor};
use kraken_api::graphql::{Bindings, Engine, Node};
use serde_json::{Value, json};

use super::support::{Cx, ask, data, engine, json as parsed, page_of, request, root};

const TOTAL: i64 = 25;
const SDL: &str = "
    type Query { rows(first: Int last: Int before: String after: String offset: Int): RowConnection
        none(first: Int): RowConnection }
    type RowConnection { edges: [RowEdge] pageInfo: PageInfo! totalCount: Int edgeCount: Int }
    type RowEdge { node: Row cursor: String! }
    type Row { number: Int }
    type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
";

struct Row(i64);

fn small() -> Engine<Cx> {
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.rows", |call| page_of(&call, TOTAL, |at| Node::new(Row(at))));
    root(&mut bindings, "Query.none", |call| page_of(&call, 0, |at| Node::new(Row(at))));
    bindings.leaves::<Row>("Row", &[("number", |row| row.0.into())]);
    engine(SDL, &bindings)
}

const PAGE: &str = "edges { cursor node { number } } edgeCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

struct Page {
    numbers: Vec<i64>,
    cursors: Vec<String>,
    info: Value,
}

async fn page(arguments: &str) -> Page {
    let answer = data(&small(), &format!("{{ rows({arguments}) {{ {PAGE} }} }}")).await["rows"].take();
    let edges = answer["edges"].as_array().cloned().unwrap_or_default();
    assert_eq!(answer["edgeCount"], json!(edges.len()));
    Page {
        numbers: edges.iter().filter_map(|edge| edge["node"]["number"].as_i64()).collect(),
        cursors: edges.iter().filter_map(|edge| edge["cursor"].as_str().map(str::to_owned)).collect(),
        info: answer["pageInfo"].clone(),
    }
}

async fn code(arguments: &str) -> String {
    let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
    let answer = parsed(&ask(&small(), &format!("{{ rows{arguments} {{ edgeCount }} }}")).await);
    assert_eq!(answer["data"], json!({ "rows": null }), "{arguments}: {answer}");
    answer["errors"][0]["extensions"]["errorCode"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_page_needs_first_or_last() {
    assert_eq!(code("").await, "KT-CT-1201");
    assert_eq!(code("offset: 3").await, "KT-CT-1201");
    assert_eq!(code("first: null").await, "KT-CT-1201");
    assert_eq!(code(&format!("after: \"{}\"", cursor(1))).await, "KT-CT-1201");
}

#[tokio::test]
async fn a_page_has_at_most_a_hundred_rows_and_no_fewer_than_none() {
    assert_eq!(code("first: 101").await, "KT-CT-1202");
    assert_eq!(code("first: -1").await, "KT-CT-1202");
    assert_eq!(code("last: 101").await, "KT-CT-1203");
    assert_eq!(code("last: -1").await, "KT-CT-1203");
    assert_eq!(page("first: 100").await.numbers.len(), 25);
    let empty = page("first: 0").await;
    assert!(empty.numbers.is_empty());
    assert_eq!(
        empty.info,
        json!({ "hasNextPage": true, "hasPreviousPage": false, "startCursor": null, "endCursor": null })
    );
    let answer = parsed(&ask(&small(), "{ rows(first: 101) { edgeCount } }").await);
    let extensions = &answer["errors"][0]["extensions"];
    assert_eq!(extensions["errorDescription"], "`first` must be between 0 and 100, and is 101.");
    assert_eq!(extensions["validationErrors"][0]["inputPath"], json!(["first"]));
}

#[tokio::test]
async fn arguments_that_contradict_each_other_are_refused() {
    let at = cursor(5);
    for arguments in [
        "first: 1, last: 1".to_owned(),
        format!("first: 1, offset: 1, after: \"{at}\""),
        format!("first: 1, offset: 1, before: \"{at}\""),
        "last: 1, offset: 1".to_owned(),
        format!("last: 1, after: \"{at}\""),
        "first: 1, offset: -1".to_owned(),
    ] {
        assert_eq!(code(&arguments).await, "KT-CT-1204", "{arguments}");
    }
}

#[tokio::test]
async fn a_cursor_that_is_not_one_is_refused() {
    let encode = |text: &str| STANDARD.encode(text);
    for wrong in [
        String::new(),
        "x".into(),
        encode("arrayconnection:"),
        encode("arrayconnection:-1"),
        encode("arrayconnection:+1"),
        encode("arrayconnection: 1"),
        encode("arrayconnection:1x"),
        encode("arrayconnection:9999999999999999999999"),
        encode("arrayconnection:2147483647"),
        encode("connection:1"),
        STANDARD.encode([0xff, 0xfe]),
        "y".repeat(100_000),
    ] {
        assert_eq!(code(&format!("first: 1, after: \"{wrong}\"")).await, "KT-CT-1204", "{wrong:.40}");
        assert_eq!(code(&format!("last: 1, before: \"{wrong}\"")).await, "KT-CT-1204", "{wrong:.40}");
    }
}

#[tokio::test]
async fn a_cursor_is_the_offset_in_base64() {
    assert_eq!(cursor(0), "YXJyYXljb25uZWN0aW9uOjA=");
    let page = page("first: 2, offset: 3").await;
    assert_eq!(page.cursors, [STANDARD.encode("arrayconnection:3"), STANDARD.encode("arrayconnection:4")]);
    assert_eq!(page.info["startCursor"], page.cursors[0]);
    assert_eq!(page.info["endCursor"], page.cursors[1]);
}

#[tokio::test]
async fn rows_are_chosen_by_what_is_given() {
    let at = cursor(10);
    for (arguments, from, to) in [
        ("first: 5".to_owned(), 0, 5),
        ("first: 5, offset: 20".to_owned(), 20, 25),
        ("first: 5, offset: 23".to_owned(), 23, 25),
        ("first: 5, offset: 40".to_owned(), 40, 40),
        (format!("first: 5, after: \"{at}\""), 11, 16),
        (format!("first: 100, before: \"{at}\""), 0, 10),
        (format!("first: 3, before: \"{at}\""), 0, 3),
        (format!("first: 9, after: \"{}\", before: \"{at}\"", cursor(7)), 8, 10),
        (format!("first: 9, after: \"{at}\", before: \"{at}\""), 11, 11),
        ("last: 5".to_owned(), 20, 25),
        ("last: 100".to_owned(), 0, 25),
        (format!("last: 4, before: \"{at}\""), 6, 10),
        (format!("last: 100, before: \"{at}\""), 0, 10),
        (format!("last: 5, after: \"{}\", before: \"{at}\"", cursor(7)), 8, 10),
        (format!("last: 1, after: \"{}\", before: \"{at}\"", cursor(7)), 9, 10),
        (format!("last: 5, after: \"{at}\", before: \"{}\"", cursor(3)), 0, 0),
    ] {
        let numbers: Vec<i64> = (from..to).collect();
        assert_eq!(page(&arguments).await.numbers, numbers, "{arguments}");
    }
}

#[tokio::test]
async fn a_page_knows_what_lies_in_the_direction_one_pages_in() {
    let info = async |arguments: &str| {
        let info = page(arguments).await.info;
        (info["hasNextPage"] == true, info["hasPreviousPage"] == true)
    };
    assert_eq!(info("first: 5").await, (true, false));
    assert_eq!(info("first: 25").await, (false, false));
    assert_eq!(
        info("first: 5, offset: 20").await,
        (false, false),
        "paging forward, nothing is said of before"
    );
    assert_eq!(info("last: 5").await, (false, true));
    assert_eq!(info("last: 25").await, (false, false));
    assert_eq!(info(&format!("last: 5, before: \"{}\"", cursor(5))).await, (false, false));
}

#[tokio::test]
async fn an_empty_list_has_no_cursors() {
    let answer = data(&small(), &format!("{{ none(first: 10) {{ totalCount {PAGE} }} }}")).await;
    assert_eq!(
        answer["none"],
        json!({
            "totalCount": 0,
            "edges": [],
            "edgeCount": 0,
            "pageInfo": { "hasNextPage": false, "hasPreviousPage": false, "startCursor": null, "endCursor": null },
        })
    );
}

#[tokio::test]
async fn the_total_is_counted_only_where_it_is_asked_for() {
    for (selection, counted) in [
        ("edgeCount", 0),
        ("totalCount", 1),
        ("edges { node { number } } ...F", 1),
        ("edgeCount total: totalCount", 1),
    ] {
        let cx = std::sync::Arc::new(Cx::default());
        let fragment =
            if selection.contains("...F") { "fragment F on RowConnection { totalCount }" } else { "" };
        let query = format!("{{ rows(first: 3) {{ {selection} }} }} {fragment}");
        let answer = parsed(&small().execute(&cx, &request(&query)).await);
        assert!(answer.get("errors").is_none(), "{answer}");
        assert_eq!(cx.calls().len(), counted, "{selection}");
    }
    assert_eq!(data(&small(), "{ rows(first: 3) { totalCount } }").await["rows"]["totalCount"], TOTAL);
}

#[tokio::test]
async fn walking_the_pages_neither_skips_nor_repeats() {
    for size in [1, 4, 7, 25, 100] {
        let (mut forward, mut arguments) = (Vec::new(), format!("first: {size}"));
        loop {
            let page = page(&arguments).await;
            forward.extend(page.numbers);
            if page.info["hasNextPage"] != true {
                break;
            }
            arguments = format!("first: {size}, after: {}", page.info["endCursor"]);
        }
        assert_eq!(forward, (0..TOTAL).collect::<Vec<_>>(), "{size} forward");
        let (mut backward, mut arguments) = (Vec::new(), format!("last: {size}"));
        loop {
            let page = page(&arguments).await;
            backward.splice(0..0, page.numbers);
            if page.info["hasPreviousPage"] != true {
                break;
            }
            arguments = format!("last: {size}, before: {}", page.info["startCursor"]);
        }
        assert_eq!(backward, (0..TOTAL).collect::<Vec<_>>(), "{size} backward");
    }
}

#[test]
fn a_window_never_leaves_the_list() {
    for total in [0, 1, 7] {
        for paging in [
            Paging::Backward { before: None, limit: 3 },
            Paging::Backward { before: Some(2), limit: 3 },
            Paging::Forward { offset: 0, limit: 3 },
        ] {
            let (offset, limit) = paging.window(total);
            assert!(offset >= 0 && limit >= 0, "{paging:?} of {total}: {offset} {limit}");
            assert_eq!(paging.needs_total(), paging == Paging::Backward { before: None, limit: 3 });
        }
    }
}
