//! Nulls and errors: how far they reach, where they say they are.

use std::sync::Arc;

use kraken_api::graphql::{Bindings, Engine, FieldError, Leaf, Node, Resolved};
use serde_json::{Value, json};

use super::support::{Cx, ask, batch, engine, json as parsed, request, root, text};

const SDL: &str = "
    type Query { items: [Item] sure: [Item!]! maybe: Item must: Item! ok: Int other: Int any: Any odd: Item }
    type Mutation { add(n: Int!, fail: Boolean): Sum addSurely(n: Int!, fail: String): Sum! }
    type Sum { total: Int! broken: Int brokenSurely: Int! }
    type Item implements Named { name: String id: ID! below: Item surelyBelow: Item! list: [Item!] number: Int! }
    type Other implements Named { name: String }
    interface Named { name: String }
    union Any = Item | Other
";

struct Row(i32);

fn fails<T>(message: &str) -> Result<T, FieldError> {
    Err(FieldError::code("KT-CT-4177").describe(message))
}

fn small() -> Engine<Cx> {
    let mut b = Bindings::default();
    root(&mut b, "Query.items", |_| {
        Ok(Resolved::List(vec![
            Resolved::node(Row(0)),
            Resolved::Null,
            Resolved::node(Row(2)),
            Resolved::Failed(FieldError::code("KT-CT-4123")),
        ]))
    });
    root(&mut b, "Query.sure", |_| Ok(Resolved::nodes([Row(0), Row(1), Row(2)])));
    root(&mut b, "Query.maybe", |_| Ok(Resolved::node(Row(1))));
    root(&mut b, "Query.must", |_| Ok(Resolved::node(Row(1))));
    root(&mut b, "Query.ok", |_| Ok(Resolved::leaf(1)));
    root(&mut b, "Query.other", |_| fails("not this one"));
    root(&mut b, "Query.any", |_| Ok(Resolved::Node(Node::typed("Nothing", Row(0)))));
    root(&mut b, "Query.odd", |_| Ok(Resolved::leaf("text")));
    b.leaves::<Row>(
        "Item",
        &[
            ("name", |row| if row.0 == 9 { panic!("secret of a leaf") } else { "n".into() }),
            ("id", |row| if row.0 == 2 { Leaf::Null } else { Leaf::Int(i64::from(row.0)) }),
        ],
    );
    b.leaves::<Row>("Other", &[("name", |_| "o".into())]);
    b.parts::<Row>("Item", &[("below", |row| Resolved::node(Row(row.0 + 1)))]);
    batch(&mut b, "Item.surelyBelow", |call| {
        let rows = call.parents::<Row>()?;
        Ok(rows
            .iter()
            .map(|row| if row.0 == 1 { Resolved::Null } else { Resolved::node(Row(row.0 + 1)) })
            .collect())
    });
    batch(&mut b, "Item.list", |call| {
        Ok((0..call.len()).map(|_| Resolved::nodes([Row(0), Row(2)])).collect())
    });
    batch(&mut b, "Item.number", |call| {
        let rows = call.parents::<Row>()?;
        Ok(rows
            .iter()
            .map(|row| match row.0 {
                0 => Resolved::leaf(0),
                _ => Resolved::Failed(FieldError::internal("secret of a number")),
            })
            .collect())
    });
    root(&mut b, "Mutation.add", |call| {
        let n: i32 = call.arg("n")?;
        call.cx.note(format!("add {n}"));
        if call.arg::<Option<bool>>("fail")? == Some(true) {
            fails("it did not work")
        } else {
            Ok(Resolved::node(Row(n)))
        }
    });
    root(&mut b, "Mutation.addSurely", |call| {
        let n: i32 = call.arg("n")?;
        call.cx.note(format!("add {n} surely"));
        match call.arg::<Option<String>>("fail")?.as_deref() {
            Some("error") => fails("it did not work"),
            Some("panic") => panic!("secret of a mutation"),
            Some(_) => Ok(Resolved::Null),
            None => Ok(Resolved::node(Row(n))),
        }
    });
    batch(&mut b, "Sum.total", |call| {
        call.cx.note("total");
        Ok(call.parents::<Row>()?.iter().map(|row| Resolved::leaf(row.0)).collect())
    });
    batch(&mut b, "Sum.broken", |_| fails("broken"));
    batch(&mut b, "Sum.brokenSurely", |_| fails("broken"));
    engine(SDL, &b)
}

/// Data and the path of each error.
async fn answered(query: &str) -> (Value, Vec<Value>) {
    let response = ask(&small(), query).await;
    assert_eq!(response.status, 200, "{}", text(&response));
    let answer = parsed(&response);
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    (answer["data"].clone(), errors.into_iter().map(|error| error["path"].clone()).collect())
}

#[tokio::test]
async fn a_null_in_a_nullable_place_stays_there() {
    let (data, paths) = answered("{ items { name } }").await;
    assert_eq!(data, json!({ "items": [{ "name": "n" }, null, { "name": "n" }, null] }));
    assert_eq!(paths, [json!(["items", 3])]);
}

#[tokio::test]
async fn a_null_in_a_required_place_takes_its_nearest_nullable_parent() {
    let (data, paths) = answered("{ items { name id } }").await;
    assert_eq!(data, json!({ "items": [{ "name": "n", "id": "0" }, null, null, null] }));
    assert_eq!(paths, [json!(["items", 3]), json!(["items", 2, "id"])]);
    let (data, paths) = answered("{ ok maybe { below { id } } }").await;
    assert_eq!(data, json!({ "ok": 1, "maybe": { "below": null } }));
    assert_eq!(paths, [json!(["maybe", "below", "id"])]);
    let (data, paths) = answered("{ maybe { list { name x: id } } }").await;
    assert_eq!(data, json!({ "maybe": { "list": null } }));
    assert_eq!(paths, [json!(["maybe", "list", 1, "x"])]);
}

#[tokio::test]
async fn a_null_that_nothing_stops_takes_all_data() {
    let (data, paths) = answered("{ ok sure { id } }").await;
    assert_eq!((data, paths), (Value::Null, vec![json!(["sure", 2, "id"])]));
    let (data, paths) = answered("{ must { surelyBelow { name } } }").await;
    assert_eq!((data, paths), (Value::Null, vec![json!(["must", "surelyBelow"])]));
}

#[tokio::test]
async fn only_the_first_error_of_an_object_that_vanishes_is_told() {
    let (data, paths) = answered("{ maybe { below { id number again: number } } }").await;
    assert_eq!(data, json!({ "maybe": { "below": null } }));
    assert_eq!(paths, [json!(["maybe", "below", "id"])]);
}

#[tokio::test]
async fn paths_have_aliases_and_indexes_and_errors_stand_in_the_order_of_the_document() {
    let response = ask(&small(), "{ z: other a: items { n: name b: below { x: id } } y: other }").await;
    let answer = parsed(&response);
    let places: Vec<(Value, Value)> = answer["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|error| (error["path"].clone(), error["locations"][0]["column"].clone()))
        .collect();
    assert_eq!(places, [(json!(["z"]), json!(3)), (json!(["a", 3]), json!(12)), (json!(["y"]), json!(52)),]);
    let (_, paths) = answered("{ items { below { surelyBelow { name } } } }").await;
    assert_eq!(paths, [json!(["items", 3]), json!(["items", 0, "below", "surelyBelow"])]);
}

#[tokio::test]
async fn a_field_from_several_places_names_them_all() {
    let response = ask(&small(), "{ ok ...F other }\nfragment F on Query { other }").await;
    assert_eq!(
        parsed(&response)["errors"][0]["locations"],
        json!([{ "line": 2, "column": 23 }, { "line": 1, "column": 11 }])
    );
}

#[tokio::test]
async fn what_a_resolver_gets_wrong_is_an_internal_error_that_tells_nothing() {
    for query in ["{ any { __typename } }", "{ odd { name } }", "{ maybe { number } }"] {
        let response = ask(&small(), query).await;
        let answer = parsed(&response);
        assert_eq!(answer["errors"][0]["extensions"]["errorCode"], "KT-CT-7899", "{query}");
        assert_eq!(answer["errors"][0]["message"], "An internal error occurred.");
        assert_eq!(answer["errors"][0]["extensions"]["errorDescription"], "");
        assert!(
            !text(&response).contains("secret") && !text(&response).contains("Nothing"),
            "{}",
            text(&response)
        );
        assert!(response.report.errors[0].error.cause().is_some(), "the log gets the cause");
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_of_its_field_and_not_the_end_of_the_server() {
    let engine = small();
    let response =
        ask(&engine, "mutation { a: add(n: 1) { total } b: addSurely(n: 2, fail: \"panic\") { total } }")
            .await;
    let answer = parsed(&response);
    assert_eq!(answer["data"], Value::Null);
    assert_eq!(answer["errors"][0]["path"], json!(["b"]));
    assert_eq!(answer["errors"][0]["extensions"]["errorCode"], "KT-CT-7899");
    assert!(!text(&response).contains("secret"));
    assert_eq!(response.report.errors[0].error.cause(), Some("panicked: secret of a mutation"));
    // A reader of rows has no field of its own to fail: the request fails.
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.maybe", |_| Ok(Resolved::node(Row(9))));
    bindings.leaves::<Row>("Item", &[("name", |_| panic!("secret of a leaf"))]);
    let broken = super::support::engine(SDL, &bindings);
    let response = ask(&broken, "{ __typename maybe { name } }").await;
    assert_eq!(parsed(&response)["data"], json!({ "__typename": "Query", "maybe": null }));
    assert_eq!(parsed(&response)["errors"][0]["extensions"]["errorCode"], "KT-CT-7899");
    assert!(!text(&response).contains("secret"));
}

async fn mutated(query: &str) -> (Value, Vec<String>) {
    let cx = Arc::new(Cx::default());
    let response = small().execute(&cx, &request(query)).await;
    (parsed(&response), cx.calls())
}

#[tokio::test]
async fn root_mutations_run_one_after_the_other_each_with_its_selection() {
    let (answer, calls) = mutated("mutation { a: add(n: 1) { total } b: add(n: 2) { total } }").await;
    assert_eq!(answer["data"], json!({ "a": { "total": 1 }, "b": { "total": 2 } }));
    assert_eq!(calls, ["add 1", "total", "root finished", "add 2", "total", "root finished"]);
}

#[tokio::test]
async fn a_mutation_that_fails_leaves_the_one_before_and_the_one_after_alone() {
    let (answer, calls) =
        mutated("mutation { a: add(n: 1) { total } b: add(n: 2, fail: true) { total } c: add(n: 3) { total broken } }").await;
    assert_eq!(
        answer["data"],
        json!({ "a": { "total": 1 }, "b": null, "c": { "total": 3, "broken": null } })
    );
    let paths: Vec<&Value> =
        answer["errors"].as_array().into_iter().flatten().map(|error| &error["path"]).collect();
    assert_eq!(paths, [&json!(["b"]), &json!(["c", "broken"])]);
    assert!(calls.contains(&"add 3".to_owned()));
}

#[tokio::test]
async fn after_a_mutation_that_leaves_no_data_nothing_more_happens() {
    for failing in [
        "b: addSurely(n: 2, fail: \"error\") { total }",
        "b: addSurely(n: 2, fail: \"null\") { total }",
        "b: addSurely(n: 2, fail: \"panic\") { total }",
        "b: addSurely(n: 2) { brokenSurely }",
    ] {
        let (answer, calls) =
            mutated(&format!("mutation {{ add(n: 1) {{ total }} {failing} c: add(n: 3) {{ total }} }}"))
                .await;
        assert_eq!(answer["data"], Value::Null, "{failing}");
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{answer}");
        assert!(calls.contains(&"add 2 surely".to_owned()), "{failing}: {calls:?}");
        assert!(!calls.contains(&"add 3".to_owned()), "{failing}: {calls:?}");
    }
}
