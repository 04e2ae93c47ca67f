//! Documents made to hurt: refused, or answered, by count and never by luck. All on the stack of a worker.

use kraken_api::graphql::{Bindings, Engine, FieldError, Node, Resolved, Response};
use serde_json::{Value, json};

use super::support::{
    Cx, ask, batch, block_on, engine, json as parsed, on_small_stack, root, text, with_variables,
};

const SDL: &str = "
    type Query { thing: Thing things(n: Int): [Thing!] echo(value: Any, text: String, tree: Tree, ints: [Int]): Any leaf: Int }
    type Thing { name: String size: Int thing: Thing things: [Thing] fails: Int }
    scalar Any
    scalar GenericScalar
    input Tree { left: Tree right: Tree any: GenericScalar name: String }
";

struct Row;

fn small() -> Engine<Cx> {
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.thing", |_| Ok(Resolved::node(Row)));
    root(&mut bindings, "Query.things", |call| {
        let n: usize = call.arg("n")?;
        Ok(Resolved::nodes((0..n).map(|_| Row)))
    });
    root(&mut bindings, "Query.echo", |_| Ok(Resolved::leaf("heard")));
    root(&mut bindings, "Query.leaf", |_| Ok(Resolved::leaf(1)));
    bindings
        .leaves::<Row>("Thing", &[("name", |_| "n".into()), ("size", |_| 1.into())])
        .parts::<Row>("Thing", &[("thing", |_| Resolved::node(Row)), ("things", |_| Resolved::nodes([Row]))]);
    batch(&mut bindings, "Thing.fails", |_| Err(FieldError::internal("it fails")));
    engine(SDL, &bindings)
}

/// Asks on a small stack and hands the answer to `check`.
fn asked(document: String, check: impl FnOnce(Response) + Send + 'static) {
    on_small_stack(move || check(block_on(async { ask(&small(), &document).await })));
}

fn message(response: &Response) -> String {
    parsed(response)["errors"][0]["message"].as_str().unwrap_or_default().to_owned()
}

fn is_refused(response: &Response, part: &str) {
    let said = message(response);
    assert_eq!(response.status, 400, "{said}");
    assert!(said.contains(part), "{said:?} does not say {part:?}");
}

#[test]
fn a_bomb_of_plain_spreads_is_planned_once_a_fragment() {
    let mut document = String::from("{ thing { ...F0 } } ");
    for level in 0..30 {
        document += &format!("fragment F{level} on Thing {{ ...F{0} ...F{0} }} ", level + 1);
    }
    document += "fragment F30 on Thing { name }";
    asked(document, |response| {
        assert_eq!(text(&response), r#"{"data":{"thing":{"name":"n"}}}"#);
        assert_eq!(response.report.planned, 2);
    });
}

#[test]
fn a_bomb_of_aliased_objects_is_weighed_without_being_unfolded() {
    let mut document = String::from("{ thing { ...F0 } } ");
    for level in 0..30 {
        document += &format!(
            "fragment F{level} on Thing {{ a: thing {{ ...F{0} }} b: thing {{ ...F{0} }} }} ",
            level + 1
        );
    }
    document += "fragment F30 on Thing { name }";
    asked(document, |response| {
        assert_eq!(response.status, 200);
        assert_eq!(parsed(&response)["errors"][0]["extensions"]["errorCode"], "KT-CT-1188");
        assert_eq!(parsed(&response)["data"], json!({ "thing": null }));
        assert!(response.report.planned <= 130, "{} fields were planned", response.report.planned);
        // 2 ^ 31 - 1 objects, counted and not visited.
        assert_eq!(response.report.cost.complexity, (1 << 31) - 1);
    });
}

#[test]
fn a_bomb_that_overflows_every_counter_is_too_complex_still() {
    let mut document = String::from("{ thing { ...F0 } } ");
    for level in 0..60 {
        let all: String = (0..8).map(|at| format!("a{at}: thing {{ ...F{} }} ", level + 1)).collect();
        document += &format!("fragment F{level} on Thing {{ {all} }} ");
    }
    document += "fragment F60 on Thing { name }";
    asked(document, |response| {
        assert_eq!(response.report.cost.complexity, u64::MAX);
        assert_eq!(parsed(&response)["errors"][0]["extensions"]["errorCode"], "KT-CT-1188");
    });
}

#[test]
fn merging_the_same_selection_in_ever_new_ways_is_bounded_work() {
    // Every level merges what two fragments of the level before ask for.
    let mut document = String::from("{ thing { ...A0 ...B0 } } ");
    for level in 0..50 {
        let next = level + 1;
        document += &format!(
            "fragment A{level} on Thing {{ thing {{ ...A{next} name }} x: thing {{ ...B{next} }} }} "
        );
        document += &format!(
            "fragment B{level} on Thing {{ thing {{ ...B{next} size }} x: thing {{ ...A{next} name }} }} "
        );
    }
    document += "fragment A50 on Thing { name } fragment B50 on Thing { size }";
    asked(document, |response| {
        assert!(response.report.planned <= 700, "{} fields were planned", response.report.planned);
        assert_eq!(parsed(&response)["errors"][0]["extensions"]["errorCode"], "KT-CT-1188");
    });
}

#[test]
fn a_document_of_a_megabyte_is_refused_unread() {
    asked(format!("{{ leaf }} #{}", "x".repeat(1 << 20)), |response| {
        is_refused(&response, "The document is longer than 262144 bytes.");
    });
}

#[test]
fn a_document_of_too_many_tokens_is_refused() {
    asked(format!("{{ {} }}", "leaf ".repeat(20_000)), |response| is_refused(&response, "token limit"));
}

#[test]
fn literals_nested_ten_thousand_deep_are_refused() {
    for (open, close) in [("[", "]"), ("{left: ", "}")] {
        let document = format!("{{ echo(value: {}1{}) }}", open.repeat(10_000), close.repeat(10_000));
        asked(document, |response| is_refused(&response, "limit"));
    }
}

#[test]
fn types_nested_ten_thousand_deep_are_refused() {
    let document = format!("query ($v: {}Int{}) {{ leaf }}", "[".repeat(7_000), "]".repeat(7_000));
    asked(document, |response| is_refused(&response, "limit"));
    let document = format!("query ($v: {}Int{}) {{ echo(ints: $v) }}", "[".repeat(50), "]".repeat(50));
    asked(document, |response| is_refused(&response, "used in position expecting type '[Int]'"));
}

#[test]
fn selections_nested_ten_thousand_deep_are_refused() {
    let document = format!("{{ {} name {} }}", "thing { ".repeat(10_000), "}".repeat(10_000));
    asked(document, |response| is_refused(&response, "limit"));
    let document = format!("{{ {} leaf {} }}", "... { ".repeat(10_000), "}".repeat(10_000));
    asked(document, |response| is_refused(&response, "limit"));
    // Without an end, as well.
    asked("{ thing ".repeat(10_000), |response| is_refused(&response, "limit"));
    asked("[".repeat(200_000), |response| assert_eq!(response.status, 400));
}

/// Fragments that nest one another, each by so many levels of `field`.
fn nested_fragments(on: &str, field: &str, count: usize, levels: usize) -> String {
    let mut out = String::new();
    for at in 0..count {
        let (open, close) = (format!("{field} {{ ").repeat(levels), "} ".repeat(levels));
        out += &format!("fragment F{at} on {on} {{ {open} ...F{} {close} }} ", at + 1);
    }
    out + &format!("fragment F{count} on {on} {{ name }}")
}

#[test]
fn fragments_cannot_nest_selections_deeper_than_a_document_may() {
    for (count, levels) in [(90, 20), (20, 60), (300, 1)] {
        let fragments = nested_fragments("Thing", "thing", count, levels);
        asked(format!("{{ thing {{ ...F0 }} }} {fragments}"), |response| {
            is_refused(&response, "The document nests more than 200 levels deep.");
        });
        // Also where nothing uses them.
        asked(format!("{{ leaf }} {fragments}"), |response| {
            is_refused(&response, "The document nests more than 200 levels deep.");
        });
    }
    let fragments = nested_fragments("Thing", "thing", 12, 4);
    asked(format!("{{ thing {{ ...F0 }} }} {fragments}"), |response| assert_eq!(response.status, 200));
}

#[test]
fn as_deep_as_a_document_may_nest_every_walk_stays_on_the_stack() {
    for (count, levels) in [(3, 60), (64, 2), (97, 1)] {
        let fragments = nested_fragments("Thing", "thing", count, levels);
        asked(
            format!("query ($v: Int) {{ thing {{ ...F0 }} things(n: $v) {{ name }} }} {fragments}"),
            |response| {
                // Past the check of nesting: the planner says how many levels there may be.
                assert_eq!(response.status, 400);
                assert!(!message(&response).contains("nests more than"), "{}", message(&response));
            },
        );
        let fragments = nested_fragments("__Type", "ofType", count, levels);
        asked(format!("{{ __schema {{ queryType {{ ...F0 }} }} }} {fragments}"), |response| {
            assert!(!message(&response).contains("nests more than"), "{}", message(&response));
        });
        let fragments = nested_fragments("Thing", "... on Thing", count, levels);
        asked(format!("{{ thing {{ ...F0 }} }} {fragments}"), |response| {
            assert!(!message(&response).contains("nests more than"), "{}", message(&response));
        });
    }
}

#[test]
fn introspection_nested_through_fragments_is_refused_without_overflow() {
    let fragments = nested_fragments("__Type", "ofType", 90, 20);
    asked(format!("{{ __schema {{ queryType {{ ...F0 }} }} }} {fragments}"), |response| {
        is_refused(&response, "The document nests more than 200 levels deep.");
    });
}

#[test]
fn three_thousand_chained_fragments_are_refused_or_answered() {
    for count in [60, 150, 1_000, 3_000] {
        let mut document = String::from("query ($v: Int) { things(n: $v) { ...F0 } } ");
        for level in 0..count {
            document += &format!("fragment F{level} on Thing {{ ...F{} }} ", level + 1);
        }
        document += &format!("fragment F{count} on Thing {{ name }}");
        asked(document, move |response| {
            if count < 64 {
                assert_eq!(
                    text(&response),
                    r#"{"errors":[{"message":"An internal error occurred.","#.to_owned()
                        + r#""locations":[{"line":1,"column":19}],"path":["things"],"extensions":{"errorType":"APPLICATION","#
                        + r#""errorCode":"KT-CT-7899","errorDescription":""}}],"data":{"things":null}}"#
                );
            } else {
                assert_eq!(response.status, 400);
            }
        });
    }
    let unused: String = (0..1_000).map(|at| format!("fragment F{at} on Thing {{ name }} ")).collect();
    asked(format!("{{ leaf }} {unused}"), |response| {
        assert_eq!(response.status, 400);
        let listed = parsed(&response)["errors"].as_array().map_or(0, Vec::len);
        assert_eq!(listed, 100, "errors are listed up to a hundred");
    });
    let spread: String = (0..800).map(|at| format!("...F{at} ")).collect();
    let used: String = (0..800).map(|at| format!("fragment F{at} on Thing {{ name }} ")).collect();
    asked(format!("{{ thing {{ {spread} }} }} {used}"), |response| {
        assert_eq!(text(&response), r#"{"data":{"thing":{"name":"n"}}}"#);
        assert_eq!(response.report.planned, 2);
    });
}

#[test]
fn a_cycle_of_fragments_is_refused_however_deep_it_is() {
    for (count, levels) in [(1, 1), (2, 1), (90, 1), (90, 12), (20, 50)] {
        let mut cycle = String::new();
        for at in 0..count {
            let (open, close) = ("thing { ".repeat(levels), "} ".repeat(levels));
            cycle += &format!("fragment F{at} on Thing {{ {open} ...F{} {close} }} ", (at + 1) % count);
        }
        for document in [format!("{{ thing {{ ...F0 }} }} {cycle}"), format!("{{ leaf }} {cycle}")] {
            asked(document, |response| {
                let said = message(&response);
                assert_eq!(response.status, 400);
                let words = ["within itself", "nests more than", "is never used"];
                assert!(words.iter().any(|part| said.contains(part)), "{said}");
            });
        }
    }
    // Every fragment spreads every other.
    let spreads: String = (0..30).map(|at| format!("...F{at} ")).collect();
    let dense: String =
        (0..30).map(|at| format!("fragment F{at} on Thing {{ thing {{ {spreads} }} }} ")).collect();
    asked(format!("{{ thing {{ ...F0 }} }} {dense}"), |response| assert_eq!(response.status, 400));
}

#[test]
fn thousands_of_aliases_are_counted_and_refused() {
    // The first leaf is free.
    for (field, count, cost) in [("leaf", 2_900, 2_899), ("thing { name }", 1_300, 1_300)] {
        let all: String = (0..count).map(|at| format!("a{at}: {field} ")).collect();
        asked(format!("{{ {all} }}"), move |response| {
            let answer = parsed(&response);
            assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1), "{}", message(&response));
            assert_eq!(answer["errors"][0]["extensions"]["errorCode"], "KT-CT-1188");
            assert_eq!(answer["errors"][0]["path"], json!(["a0"]));
            assert_eq!(response.report.cost.complexity, cost);
        });
    }
}

#[test]
fn a_field_written_thousands_of_times_is_one_field_and_names_few_places() {
    asked(format!("{{ things(n: 500) {{ {} }} }}", "fails ".repeat(7_000)), |response| {
        assert_eq!(response.report.planned, 2);
        let errors = parsed(&response)["errors"].as_array().cloned().unwrap_or_default();
        assert_eq!(errors.len(), 500);
        assert_eq!(errors[499]["locations"].as_array().map(Vec::len), Some(32));
        assert_eq!(errors[499]["path"], json!(["things", 499, "fails"]));
        assert!(response.body.len() < 1_000_000, "{} bytes", response.body.len());
    });
}

#[test]
fn the_errors_of_one_answer_are_listed_up_to_a_number() {
    asked("{ things(n: 20000) { fails } }".into(), |response| {
        assert_eq!(response.report.errors.len(), 10_000);
        assert_eq!(parsed(&response)["data"]["things"].as_array().map(Vec::len), Some(20_000));
    });
}

#[test]
fn an_answer_of_too_many_objects_is_given_up() {
    asked("{ leaf things(n: 260000) { name thing { name } } }".into(), |response| {
        let answer = parsed(&response);
        assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1));
        assert_eq!(answer["errors"][0]["extensions"]["errorCode"], "KT-CT-1189");
        assert_eq!(answer["data"], json!({ "leaf": null, "things": null }));
    });
}

#[test]
fn an_answer_that_grows_too_long_is_given_up() {
    let names: String = (0..150).map(|at| format!("a{at}: name ")).collect();
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.things", |call| {
        let n: usize = call.arg("n")?;
        Ok(Resolved::nodes((0..n).map(|_| "long".repeat(10_000))))
    });
    bindings.leaves::<String>("Thing", &[("name", |text| text.into())]);
    let document = format!("{{ things(n: 3) {{ {names} }} }}");
    on_small_stack(move || {
        let engine = engine(SDL, &bindings);
        let response = block_on(ask(&engine, &document));
        assert!(response.body.len() > 18_000_000, "what fits is sent");
        let response = block_on(ask(&engine, &document.replace("n: 3", "n: 9")));
        let answer = parsed(&response);
        assert_eq!(answer["errors"][0]["extensions"]["errorCode"], "KT-CT-1189");
        assert_eq!(answer["data"], json!({ "things": null }));
    });
}

#[test]
fn thousands_of_variables_are_one_each() {
    let declared: String = (0..1_200).map(|at| format!("$v{at}: Int ")).collect();
    let used: String = (0..1_200).map(|at| format!("$v{at} ")).collect();
    asked(format!("query ({declared}) {{ echo(ints: [{used}]) }}"), |response| {
        assert_eq!(text(&response), r#"{"data":{"echo":"heard"}}"#);
    });
    let unused: String = (0..2_000).map(|at| format!("$v{at}: Int ")).collect();
    asked(format!("query ({unused}) {{ leaf }}"), |response| {
        assert_eq!(response.status, 400);
        assert!(parsed(&response)["errors"].as_array().map_or(0, Vec::len) <= 100);
    });
}

#[test]
fn variables_nested_as_deep_as_json_may_be_are_read() {
    fn tree(depth: usize) -> Value {
        (0..depth).fold(json!({ "name": "x" }), |below, _| json!({ "left": below }))
    }
    fn list(depth: usize) -> Value {
        (0..depth).fold(json!(1), |below, _| json!([below]))
    }
    on_small_stack(|| {
        let engine = small();
        let ask = |query: &str, variables: Value| {
            block_on(async { engine.execute(&Default::default(), &with_variables(query, variables)).await })
        };
        let query = "query ($t: Tree, $a: Any, $i: [Int]) { echo(tree: $t, value: $a, ints: $i) }";
        assert_eq!(ask(query, json!({ "t": tree(126) })).status, 200);
        let response = ask(query, json!({ "i": list(126) }));
        assert_eq!(response.status, 400);
        assert!(
            message(&response).contains("Int cannot represent non-integer value: [[[...]]]"),
            "{}",
            text(&response)
        );
        assert_eq!(
            ask("query ($t: Tree) { echo(tree: $t) }", json!({ "t": { "any": list(125) } })).status,
            200
        );
    });
}

#[test]
fn wrong_variables_are_told_of_fifty_times() {
    on_small_stack(|| {
        let engine = small();
        let query = "query ($i: [Int], $t: Tree) { echo(ints: $i, tree: $t) }";
        let wrong: Vec<Value> = (0..100_000).map(|_| json!("x")).collect();
        let unknown: serde_json::Map<String, Value> =
            (0..100).map(|at| (format!("k{at}"), json!("y".repeat(9_000)))).collect();
        for variables in [json!({ "i": wrong }), json!({ "t": unknown })] {
            let response = block_on(async {
                engine.execute(&Default::default(), &with_variables(query, variables)).await
            });
            assert_eq!(response.status, 400);
            let errors = parsed(&response)["errors"].as_array().cloned().unwrap_or_default();
            assert_eq!(errors.len(), 51);
            assert_eq!(
                errors[50]["message"],
                "Too many errors processing variables, error limit reached. Execution aborted."
            );
            assert!(response.body.len() < 300_000, "{} bytes", response.body.len());
        }
    });
}

#[test]
fn a_huge_string_is_a_string() {
    asked(format!("{{ echo(text: \"{}\") }}", "x".repeat(200_000)), |response| {
        assert_eq!(text(&response), r#"{"data":{"echo":"heard"}}"#);
    });
    asked(format!("{{ echo(ints: \"{}\") }}", "x".repeat(200_000)), |response| {
        assert_eq!(response.status, 400);
        assert!(response.body.len() < 10_000, "what was wrong is not repeated at length");
    });
}

#[test]
fn a_name_of_a_quarter_megabyte_is_looked_up_once() {
    asked(format!("{{ {} }}", "x".repeat(250_000)), |response| {
        assert_eq!(response.status, 400);
        assert!(response.body.len() < 10_000);
    });
}

#[test]
fn floods_of_directives_are_refused_or_answered() {
    asked(format!("{{ leaf {} }}", "@skip(if: false) ".repeat(1_000)), |response| {
        is_refused(&response, "can only be used once at this location");
    });
    asked(format!("{{ leaf {} }}", "@x ".repeat(4_000)), |response| {
        is_refused(&response, "Unknown directive '@x'.")
    });
    let fields: String = (0..1_200).map(|_| "leaf @include(if: $a) ").collect();
    asked(format!("query ($a: Boolean! = true) {{ {fields} }}"), |response| {
        assert_eq!(text(&response), r#"{"data":{"leaf":1}}"#);
    });
}

#[test]
fn plans_for_ever_new_conditions_are_answered_and_not_hoarded() {
    let declared: String = (0..12).map(|at| format!("$c{at}: Boolean! ")).collect();
    let fields: String = (0..12).map(|at| format!("a{at}: leaf @include(if: $c{at}) ")).collect();
    let query = format!("query ({declared}) {{ {fields} }}");
    on_small_stack(move || {
        let engine = small();
        for round in 0..500_u32 {
            let variables: serde_json::Map<String, Value> =
                (0..12).map(|at| (format!("c{at}"), json!(round >> at & 1 == 1))).collect();
            let request = with_variables(&query, Value::Object(variables));
            let response = block_on(async { engine.execute(&Default::default(), &request).await });
            let shown = parsed(&response)["data"].as_object().map_or(0, serde_json::Map::len);
            assert_eq!(shown, round.count_ones() as usize);
        }
    });
}

#[test]
fn fields_that_may_conflict_exponentially_are_compared_in_bounded_time() {
    // Each level could be merged with itself and with the next.
    let mut document = String::from("{ thing { ...F0 ...G0 } } ");
    for level in 0..30 {
        let next = level + 1;
        for side in ["F", "G"] {
            document += &format!(
                "fragment {side}{level} on Thing {{ thing {{ ...F{next} ...G{next} }} things {{ ...F{next} ...G{next} }} }} "
            );
        }
    }
    document += "fragment F30 on Thing { name } fragment G30 on Thing { name: size }";
    asked(document, |response| is_refused(&response, "conflict"));
    let same: String = (0..3_000).map(|_| "name ").collect();
    asked(format!("{{ thing {{ {same} }} }}"), |response| assert_eq!(response.status, 200));
    let different: String = (0..1_000).map(|at| format!("x: echo(ints: {at}) ")).collect();
    asked(format!("{{ {different} }}"), |response| {
        assert_eq!(response.status, 400);
        assert!(response.body.len() < 100_000, "{} bytes", response.body.len());
    });
}

#[test]
fn a_large_argument_is_not_copied_for_every_way_that_leads_to_it() {
    let list = "1 ".repeat(4_000);
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.thing", |_| Ok(Resolved::Node(Node::new(Row))));
    batch(&mut bindings, "Thing.sum", |call| Ok((0..call.len()).map(|_| Resolved::leaf(1)).collect()));
    bindings.parts::<Row>("Thing", &[("thing", |_| Resolved::node(Row))]);
    let sdl = "type Query { thing: Thing } type Thing { sum(of: [Int]): Int thing: Thing }";
    // Two hundred selections, each merged with the one that has the list.
    let ways: String = (0..190).map(|at| format!("w{at}: thing {{ ...L x{at}: sum }} ")).collect();
    let document = format!("{{ thing {{ {ways} }} }} fragment L on Thing {{ sum(of: [{list}]) }}");
    on_small_stack(move || {
        let engine = engine(sdl, &bindings);
        let response = block_on(ask(&engine, &document));
        is_refused(&response, "The document repeats its selections too often.");
    });
}
