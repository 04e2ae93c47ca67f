//! How often resolvers are called depends on the query, never on how many rows there are.

use std::sync::Arc;

use kraken_api::graphql::{Bindings, Engine, Leaves, Node, Resolved};
use serde_json::json;

use super::support::{Cx, batch, engine, json as parsed, request, root};

const SDL: &str = "
    type Query { trees(n: Int!): [Tree] things(n: Int!): [Thing] self: Query }
    type Tree implements Thing { number: Int branches(n: Int!): [Branch] name: String }
    type Branch { leaf: Leaf tree: Tree number: Int }
    type Leaf implements Thing { colour: String number: Int name: String }
    interface Thing { number: Int name: String }
";

struct Row(i32);

fn small() -> Engine<Cx> {
    let mut b = Bindings::default();
    root(&mut b, "Query.trees", |call| {
        call.cx.note("trees");
        let n: i32 = call.arg("n")?;
        Ok(Resolved::nodes((0..n).map(Row)))
    });
    root(&mut b, "Query.things", |call| {
        call.cx.note("things");
        let n: i32 = call.arg("n")?;
        Ok(Resolved::List(
            (0..n)
                .map(|at| Resolved::Node(Node::typed(if at % 3 == 0 { "Tree" } else { "Leaf" }, Row(at))))
                .collect(),
        ))
    });
    batch(&mut b, "Tree.branches", |call| {
        let n: i32 = call.arg("n")?;
        let parents = call.parents::<Row>()?;
        call.cx.note(format!("branches of {}", parents.len()));
        Ok(parents.iter().map(|tree| Resolved::nodes((0..n).map(|at| Row(tree.0 * 100 + at)))).collect())
    });
    for coordinate in ["Branch.leaf", "Branch.tree"] {
        batch(&mut b, coordinate, move |call| {
            call.cx.note(format!("{coordinate} of {}", call.len()));
            Ok(call.parents::<Row>()?.iter().map(|row| Resolved::node(Row(row.0))).collect())
        });
    }
    batch(&mut b, "Leaf.colour", |call| {
        call.cx.note(format!("colour of {}", call.len()));
        Ok((0..call.len()).map(|_| Resolved::leaf("green")).collect())
    });
    for coordinate in ["Tree.name", "Leaf.name"] {
        batch(&mut b, coordinate, move |call| {
            call.cx.note(format!("{coordinate} of {}", call.len()));
            Ok(call.parents::<Row>()?.iter().map(|row| Resolved::leaf(row.0.to_string())).collect())
        });
    }
    b.parts::<()>("Query", &[("self", |()| Resolved::node(()))])
        .leaves::<Row>("Tree", &[("number", |row| row.0.into())])
        .leaves::<Row>("Branch", &[("number", |row| row.0.into())])
        .leaves::<Row>("Leaf", &[("number", |row| row.0.into())]);
    engine(SDL, &b)
}

async fn calls(query: &str) -> Vec<String> {
    let cx = Arc::new(Cx::default());
    let answer = parsed(&small().execute(&cx, &request(query)).await);
    assert!(answer.get("errors").is_none(), "{answer}");
    cx.calls()
}

#[tokio::test]
async fn each_field_of_a_level_is_asked_once_for_all_its_parents() {
    for n in [1, 10, 100] {
        let query =
            format!("{{ trees(n: {n}) {{ branches(n: 2) {{ leaf {{ colour }} tree {{ name }} }} }} }}");
        let (trees, branches) = (n, 2 * n);
        assert_eq!(
            calls(&query).await,
            [
                "trees".to_owned(),
                format!("branches of {trees}"),
                format!("Branch.leaf of {branches}"),
                format!("Branch.tree of {branches}"),
                format!("colour of {branches}"),
                format!("Tree.name of {branches}"),
            ]
        );
    }
}

#[tokio::test]
async fn behind_an_interface_each_type_is_asked_once() {
    for n in [3, 30, 300] {
        let query = format!("{{ things(n: {n}) {{ name }} }}");
        let expected =
            ["things".to_owned(), format!("Tree.name of {}", n / 3), format!("Leaf.name of {}", n - n / 3)];
        assert_eq!(calls(&query).await, expected);
    }
}

#[tokio::test]
async fn where_there_are_no_parents_nothing_is_asked() {
    assert_eq!(calls("{ trees(n: 0) { branches(n: 2) { leaf { colour } } } }").await, ["trees"]);
    assert_eq!(
        calls("{ trees(n: 5) { branches(n: 0) { leaf { colour } } } }").await,
        ["trees", "branches of 5"]
    );
}

#[tokio::test]
async fn the_answers_go_to_the_parents_they_are_for() {
    let query =
        "{ things(n: 4) { __typename number ... on Tree { branches(n: 2) { number leaf { name } } } } }";
    let answer = parsed(&small().execute(&Arc::new(Cx::default()), &request(query)).await);
    assert_eq!(
        answer["data"]["things"],
        json!([
            { "__typename": "Tree", "number": 0, "branches": [
                { "number": 0, "leaf": { "name": "0" } }, { "number": 1, "leaf": { "name": "1" } } ] },
            { "__typename": "Leaf", "number": 1 },
            { "__typename": "Leaf", "number": 2 },
            { "__typename": "Tree", "number": 3, "branches": [
                { "number": 300, "leaf": { "name": "300" } }, { "number": 301, "leaf": { "name": "301" } } ] },
        ])
    );
}

#[tokio::test]
async fn a_resolver_that_forgets_a_parent_fails_for_all_of_them() {
    let mut b = Bindings::default();
    root(&mut b, "Query.trees", |_| Ok(Resolved::nodes([Row(0), Row(1)])));
    batch(&mut b, "Tree.name", |_| Ok(vec![Resolved::leaf("one")]));
    let engine = engine(SDL, &b);
    let response = engine.execute(&Arc::new(Cx::default()), &request("{ trees(n: 1) { name } }")).await;
    assert_eq!(parsed(&response)["data"], json!({ "trees": [{ "name": null }, { "name": null }] }));
    assert_eq!(response.report.errors[1].error.cause(), Some("1 answers for 2 parents"));
}

#[tokio::test]
async fn a_handler_of_a_root_that_is_met_again_below_answers_its_first_parent_only() {
    let answer = parsed(
        &small()
            .execute(&Arc::new(Cx::default()), &request("{ self { self { trees(n: 1) { number } } } }"))
            .await,
    );
    assert_eq!(answer["data"], json!({ "self": { "self": { "trees": [{ "number": 0 }] } } }));
}

const LISTS: &str = "
    type Query { trees(n: Int!): Trees }
    type Trees { edges: [TreeEdge] }
    type TreeEdge { node: Tall }
    type Tree implements Tall { number: Int name: String self: Tree }
    interface Tall { number: Int name: String }
";

/// What a list needs no more of.
struct Narrow(i32);

struct Held<T>(T);

fn with_narrow_rows() -> Engine<Cx> {
    let mut b = Bindings::default();
    root(&mut b, "Query.trees", |call| {
        let n: i32 = call.arg("n")?;
        let is_narrow = call.selects_only("edges.node", NARROW);
        call.cx.note(if is_narrow { "narrow" } else { "wide" });
        Ok(Resolved::node(Held((n, is_narrow))))
    });
    b.parts::<Held<(i32, bool)>>(
        "Trees",
        &[("edges", |held| match held.0 {
            (n, true) => Resolved::nodes((0..n).map(|at| Held(Node::typed("Tree", Narrow(at))))),
            (n, false) => Resolved::nodes((0..n).map(|at| Held(Node::typed("Tree", Row(at))))),
        })],
    );
    b.parts::<Held<Node>>("TreeEdge", &[("node", |held| Resolved::Node(held.0.clone()))]);
    b.leaves_either("Tree", WIDE, NARROW).parts::<Row>("Tree", &[("self", |row| Resolved::node(Row(row.0)))]);
    engine(LISTS, &b)
}

const WIDE: Leaves<Row> = &[("name", |row| row.0.to_string().into()), ("number", |row| row.0.into())];
const NARROW: Leaves<Narrow> = &[("number", |row| row.0.into())];

#[tokio::test]
async fn rows_are_narrow_only_where_nothing_else_is_asked_for() {
    let engine = with_narrow_rows();
    for (fields, rows) in [
        ("number", "narrow"),
        ("__typename n: number", "narrow"),
        ("number name", "wide"),
        ("number ... on Tree { self { number } }", "wide"),
        ("number ... on Tree { name }", "wide"),
        ("...F", "wide"),
        ("number name @skip(if: true)", "narrow"),
    ] {
        let fragment = if fields.contains("...F") { " fragment F on Tall { number name }" } else { "" };
        let query = format!("{{ trees(n: 2) {{ edges {{ node {{ {fields} }} }} }} }}{fragment}");
        let cx = Arc::new(Cx::default());
        let answer = parsed(&engine.execute(&cx, &request(&query)).await);
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        assert_eq!(cx.calls().first().map(String::as_str), Some(rows), "{query}");
        let last = &answer["data"]["trees"]["edges"][1]["node"];
        assert!(last["number"] == 1 || last["n"] == 1, "{query}: {answer}");
    }
}
