//! What queries cost, and what happens to those that cost too much.

use kraken_api::graphql::{Bindings, Cost, Engine, Limits, Node, Resolved};
use serde_json::{Map, Value, json};

use super::support::{Cx, ask, batch, engine, json as parsed, page_of, root, with_variables};

const SDL: &str = "
    directive @cost(weight: Int!) on FIELD_DEFINITION
    type Query { leaf: Int sure: Int! item: Item list: [Item] rows(first: Int last: Int): RowConnection!
        dear: Item @cost(weight: 50) free: Item @cost(weight: 0) dearLeaf: Int @cost(weight: 3) any: Any }
    type Mutation { change: Item set: Int }
    type Item { name: String size(unit: Int): Int item: Item rows(first: Int last: Int): RowConnection }
    type Other { item: Item }
    union Any = Item | Other
    type RowConnection { edges: [RowEdge] pageInfo: PageInfo! totalCount: Int }
    type RowEdge { node: Item cursor: String! }
    type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
";

struct Row;

fn small() -> Engine<Cx> {
    let mut b = Bindings::default();
    for coordinate in ["Query.leaf", "Query.sure", "Query.dearLeaf", "Mutation.set"] {
        root(&mut b, coordinate, |call| {
            call.cx.note("a leaf");
            Ok(Resolved::leaf(1))
        });
    }
    for coordinate in ["Query.item", "Query.dear", "Query.free", "Mutation.change"] {
        root(&mut b, coordinate, |call| {
            call.cx.note("an item");
            Ok(Resolved::node(Row))
        });
    }
    root(&mut b, "Query.any", |_| Ok(Resolved::Node(Node::typed("Item", Row))));
    root(&mut b, "Query.list", |_| Ok(Resolved::nodes([Row, Row])));
    root(&mut b, "Query.rows", |call| page_of(&call, 3, |_| Node::new(Row)));
    batch(&mut b, "Item.size", |call| Ok((0..call.len()).map(|_| Resolved::leaf(2)).collect()));
    batch(&mut b, "Item.rows", |call| {
        (0..call.len()).map(|_| page_of(&call, 3, |_| Node::new(Row))).collect()
    });
    b.leaves::<Row>("Item", &[("name", |_| "n".into())])
        .parts::<Row>("Item", &[("item", |_| Resolved::node(Row))])
        .parts::<Row>("Other", &[("item", |_| Resolved::node(Row))]);
    engine(SDL, &b)
}

fn cost(query: &str) -> (u64, u64) {
    let Cost { complexity, nodes } = small().cost_of(query, None, &Map::new()).expect("a valid document");
    (complexity, nodes)
}

#[test]
fn leaves_are_free_objects_cost_one_mutations_ten() {
    assert_eq!(cost("{ __typename }"), (0, 0));
    assert_eq!(cost("{ leaf sure }"), (0, 0));
    assert_eq!(cost("{ item { name size __typename } }"), (1, 0));
    assert_eq!(cost("{ item { item { item { name } } } }"), (3, 0));
    assert_eq!(cost("{ list { name } }"), (1, 0));
    assert_eq!(cost("mutation { change { name item { name } } }"), (11, 0));
    assert_eq!(cost("mutation { set a: change { name } }"), (20, 0));
}

#[test]
fn a_connection_costs_its_selection_once_for_every_ten_rows() {
    assert_eq!(cost("{ rows(first: 10) { edges { node { name } } pageInfo { hasNextPage } } }"), (2, 10));
    assert_eq!(cost("{ rows(first: 11) { edges { node { name } } } }"), (3, 11));
    assert_eq!(cost("{ rows(last: 100) { edges { node { name item { name } } } } }"), (21, 100));
    assert_eq!(cost("{ rows(first: 0) { edges { node { name } } } }"), (2, 0));
    assert_eq!(cost("{ rows { totalCount } }"), (1, 0));
    assert_eq!(
        cost("{ rows(first: 20) { edges { node { rows(first: 30) { edges { node { name } } } } } } }"),
        (11, 620)
    );
    assert_eq!(cost("{ rows(first: -5) { edges { node { name } } } }"), (2, 0));
}

#[test]
fn the_page_may_come_from_a_variable() {
    let query = "query ($n: Int = 30) { rows(first: $n) { edges { node { name } } } }";
    let cost = |variables: Value| {
        let variables = variables.as_object().cloned().unwrap_or_default();
        let cost = small().cost_of(query, None, &variables).expect("a valid document");
        (cost.complexity, cost.nodes)
    };
    assert_eq!(cost(json!({})), (4, 30));
    assert_eq!(cost(json!({ "n": 5 })), (2, 5));
    assert_eq!(cost(json!({ "n": null })), (2, 0));
}

#[test]
fn the_schema_may_set_another_weight() {
    assert_eq!(cost("{ dear { name } }"), (50, 0));
    assert_eq!(cost("{ free { item { name } } }"), (1, 0));
    assert_eq!(cost("{ dearLeaf }"), (3, 0));
}

#[test]
fn a_leaf_asked_for_again_costs_one() {
    assert_eq!(cost("{ leaf leaf leaf }"), (0, 0));
    assert_eq!(cost("{ a: leaf b: leaf c: leaf sure }"), (2, 0));
    assert_eq!(cost("{ rows(first: 20) { edges { node { a: size(unit: 1) b: size(unit: 2) } } } }"), (5, 20));
    assert_eq!(cost("{ a: item { name } b: item { name } }"), (2, 0));
}

#[test]
fn of_several_possible_types_the_dearest_counts() {
    assert_eq!(cost("{ any { ... on Item { name } ... on Other { item { item { name } } } } }"), (3, 0));
}

#[test]
fn what_conditions_leave_out_costs_nothing() {
    assert_eq!(cost("{ item @skip(if: true) { name } dear @include(if: false) { name } leaf }"), (0, 0));
}

#[test]
fn a_document_that_is_not_valid_has_no_cost() {
    assert!(small().cost_of("{ nothing }", None, &Map::new()).is_err());
}

#[tokio::test]
async fn a_query_that_is_too_complex_is_not_run_and_says_so_at_its_first_field() {
    let query = format!(
        "{{ t: __typename a: leaf {} b: leaf }}",
        (0..201).map(|at| format!("i{at}: item {{ name }} ")).collect::<String>()
    );
    let cx = std::sync::Arc::new(Cx::default());
    let response = small().execute(&cx, &with_variables(&query, json!({}))).await;
    let answer = parsed(&response);
    assert_eq!(response.status, 200);
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["errors"][0]["path"], json!(["a"]));
    assert_eq!(
        answer["errors"][0]["extensions"],
        json!({
            "errorType": "AUTHORIZATION",
            "errorCode": "KT-CT-1188",
            "errorDescription": "The current query is too complex. Please simplify it and try again.",
            "complexity": 202,
            "maximumComplexity": 200,
        })
    );
    let data = answer["data"].as_object().expect("data");
    assert_eq!(data.len(), 204);
    assert!(data.iter().all(|(key, value)| if key == "t" { value == "Query" } else { value.is_null() }));
    assert!(cx.calls().is_empty(), "nothing was called");
}

#[tokio::test]
async fn a_query_of_two_hundred_points_is_answered() {
    let query = |count: usize| {
        format!("{{ {} }}", (0..count).map(|at| format!("i{at}: item {{ name }} ")).collect::<String>())
    };
    assert!(parsed(&ask(&small(), &query(200)).await).get("errors").is_none());
    assert_eq!(
        parsed(&ask(&small(), &query(201)).await)["errors"][0]["extensions"]["errorCode"],
        "KT-CT-1188"
    );
}

#[tokio::test]
async fn a_query_for_too_many_nodes_is_not_run() {
    let engine = small().with_limits(Limits { complexity: u64::MAX, nodes: 10_000 });
    let query = |n: u32| {
        format!(
            "{{ rows(first: 100) {{ edges {{ node {{ rows(first: {n}) {{ edges {{ node {{ name }} }} }} }} }} }} leaf }}"
        )
    };
    assert!(parsed(&ask(&engine, &query(99)).await).get("errors").is_none());
    let answer = parsed(&ask(&engine, &query(100)).await);
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["errors"][0]["path"], json!(["rows"]));
    assert_eq!(answer["errors"][0]["extensions"]["errorCode"], "KT-CT-1189");
    assert_eq!(answer["errors"][0]["extensions"]["nodes"], 10_100);
    // `rows` may not be null.
    assert_eq!(answer["data"], Value::Null);
}

#[tokio::test]
async fn where_a_field_may_not_be_null_the_refusal_is_still_the_only_error() {
    let engine = small().with_limits(Limits { complexity: 0, nodes: 0 });
    let answer = parsed(&ask(&engine, "{ item { name } sure leaf }").await);
    assert_eq!(answer["data"], Value::Null);
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["errors"][0]["path"], json!(["item"]));
}

#[tokio::test]
async fn a_mutation_that_is_too_complex_changes_nothing() {
    let engine = small().with_limits(Limits { complexity: 15, nodes: 10 });
    let cx = std::sync::Arc::new(Cx::default());
    let query = "mutation { a: change { name } b: change { name } }";
    let answer = parsed(&engine.execute(&cx, &with_variables(query, json!({}))).await);
    assert_eq!(answer["errors"][0]["path"], json!(["a"]));
    assert_eq!(answer["data"], json!({ "a": null, "b": null }));
    assert!(!cx.calls().contains(&"an item".to_owned()));
}
