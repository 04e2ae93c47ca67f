//! The shape of answers: bytes, statuses, extensions.

use std::sync::Arc;

use kraken_api::graphql::{Bindings, Engine, FieldError, Request, Resolved};
use serde_json::json;

use super::support::{Cx, ask, body, engine, json as parsed, request, root, text, with_variables};

const SDL: &str = "directive @errors(codes: [String!]!) on FIELD_DEFINITION
    type Query { ok: Int fails: Int @errors(codes: [\"KT-CT-4177\"]) invalid: Int unknown: Int
        needs(n: Int! = 5, list: [Int!]): Int old: Int @deprecated(reason: \"Old.\") }
    type Mutation { change: Int }";

fn small() -> Engine<Cx> {
    let mut b = Bindings::default();
    root(&mut b, "Query.ok", |_| Ok(Resolved::leaf(1)));
    root(&mut b, "Query.old", |_| Ok(Resolved::leaf(1)));
    root(&mut b, "Query.fails", |_| Err(FieldError::code("KT-CT-4177")));
    root(&mut b, "Query.invalid", |_| {
        Err(FieldError::code("KT-CT-1139")
            .at_input(&["input", "apiKey"])
            .with("boostChargeRefusalReasons", json!(["BC_DEVICE_SUSPENDED"])))
    });
    root(&mut b, "Query.unknown", |_| Err(FieldError::code("KT-XX-0")));
    root(&mut b, "Query.needs", |call| Ok(Resolved::leaf(call.arg::<i32>("n")?)));
    root(&mut b, "Mutation.change", |_| Ok(Resolved::leaf(1)));
    engine(SDL, &b)
}

#[tokio::test]
async fn errors_stand_before_data_and_nothing_has_a_space_too_many() {
    assert_eq!(
        body(&small(), "{ ok fails }").await,
        concat!(
            r#"{"errors":[{"message":"Unauthorized.","locations":[{"line":1,"column":6}],"path":["fails"],"#,
            r#""extensions":{"errorType":"AUTHORIZATION","errorCode":"KT-CT-4177","errorDescription":"#,
            r#""The viewer is not authorized to execute the query/mutation. Check the ownership/permissions of provided data."}}],"data":{"ok":1,"fails":null}}"#
        )
    );
    assert_eq!(
        body(&small(), "{ b: ok a: ok __typename }").await,
        r#"{"data":{"b":1,"a":1,"__typename":"Query"}}"#
    );
}

#[tokio::test]
async fn input_errors_say_which_input() {
    let answer = parsed(&ask(&small(), "{ invalid }").await);
    assert_eq!(
        answer["errors"][0]["extensions"].to_string(),
        concat!(
            r#"{"errorType":"VALIDATION","errorCode":"KT-CT-1139","errorDescription":"Authentication failed.","#,
            r#""errorClass":"VALIDATION","validationErrors":[{"message":"Authentication failed.","inputPath":["input","apiKey"]}],"#,
            r#""boostChargeRefusalReasons":["BC_DEVICE_SUSPENDED"]}"#
        )
    );
}

#[tokio::test]
async fn a_request_that_is_not_executed_has_status_400_and_no_data_path_or_extensions() {
    for (query, body) in [
        (
            "{ nothing }",
            r#"{"errors":[{"message":"Cannot query field 'nothing' on type 'Query'.","locations":[{"line":1,"column":3}]}]}"#,
        ),
        (
            "{ od }",
            r#"{"errors":[{"message":"Cannot query field 'od' on type 'Query'. Did you mean 'ok' or 'old'?","locations":[{"line":1,"column":3}]}]}"#,
        ),
    ] {
        let response = ask(&small(), query).await;
        assert_eq!((response.status, text(&response)), (400, body));
        assert_eq!(response.report.request_errors.len(), 1);
    }
    for query in [
        "",
        "{",
        "query A { ok } query B { ok }",
        "subscription { ok }",
        "query ($v: Int!) { needs(n: $v) }",
        "# nothing",
    ] {
        let response = ask(&small(), query).await;
        let answer = parsed(&response);
        assert_eq!(response.status, 400, "{query}");
        assert_eq!(
            answer.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()),
            Some(vec!["errors".into()]),
            "{query}"
        );
        for key in ["path", "extensions"] {
            assert!(answer["errors"][0].get(key).is_none(), "{query}: {answer}");
        }
    }
}

#[tokio::test]
async fn every_executed_error_has_extensions() {
    // Only a variable can be null where the schema wants a value: refused while executing.
    let engine = small();
    let query = "query ($v: Int = 1) { ok needs(n: $v) }";
    let response = engine.execute(&Default::default(), &with_variables(query, json!({ "v": null }))).await;
    assert_eq!(
        text(&response),
        concat!(
            r#"{"errors":[{"message":"Argument 'n' of non-null type 'Int!' must not be null.","#,
            r#""locations":[{"line":1,"column":35}],"path":["needs"],"extensions":{"errorType":"VALIDATION","#,
            r#""errorCode":"KT-CT-1605","errorDescription":"The necessary information to complete the request is "#,
            r#"missing from the input, or the provided information is invalid."}}],"data":{"ok":1,"needs":null}}"#
        )
    );
    for query in ["{ fails }", "{ invalid }", "{ unknown }"] {
        let answer = parsed(&ask(&engine, query).await);
        let extensions = answer["errors"][0]["extensions"].as_object().cloned().unwrap_or_default();
        let keys: Vec<&String> = extensions.keys().take(3).collect();
        assert_eq!(keys, ["errorType", "errorCode", "errorDescription"], "{query}");
    }
}

#[tokio::test]
async fn a_code_outside_the_table_is_an_internal_error_that_the_log_explains() {
    let response = ask(&small(), "{ unknown }").await;
    assert_eq!(parsed(&response)["errors"][0]["extensions"]["errorCode"], "KT-CT-7899");
    assert!(!text(&response).contains("KT-XX-0"));
    assert_eq!(response.report.errors[0].error.cause(), Some("code KT-XX-0 is not in the error table"));
}

#[tokio::test]
async fn a_refused_field_is_refused_before_its_arguments_are_looked_at() {
    let cx = Cx::denying("Query.needs", "KT-CT-1111");
    let query = "query ($v: Int = 1) { ok needs(n: $v) }";
    let response = small().execute(&cx, &with_variables(query, json!({ "v": null }))).await;
    let answer = parsed(&response);
    assert_eq!(answer["errors"][0]["extensions"]["errorCode"], "KT-CT-1111");
    assert_eq!(answer["data"], json!({ "ok": 1, "needs": null }));
}

#[tokio::test]
async fn a_caller_over_the_allowance_is_told_at_the_first_field() {
    let response = small().execute(&Cx::blocked(), &request("{ t: __typename a: ok b: ok }")).await;
    let answer = parsed(&response);
    assert_eq!(response.status, 200);
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1));
    assert_eq!(answer["errors"][0]["path"], json!(["a"]));
    assert_eq!(answer["errors"][0]["extensions"]["errorCode"], "KT-CT-1199");
    assert_eq!(answer["data"], json!({ "t": "Query", "a": null, "b": null }));
}

#[tokio::test]
async fn a_mutation_by_get_is_refused_with_405_and_a_query_is_not() {
    let by_get = |query: &str| Request { read_only: true, ..request(query) };
    let engine = small();
    let response = engine.execute(&Default::default(), &by_get("mutation { change }")).await;
    assert_eq!(response.status, 405);
    assert_eq!(
        text(&response),
        r#"{"errors":[{"message":"Can only perform a mutation operation from a POST request."}]}"#
    );
    assert_eq!(engine.execute(&Default::default(), &by_get("{ ok }")).await.status, 200);
}

#[tokio::test]
async fn an_operation_is_chosen_by_its_name() {
    let named = |name: &str| Request {
        operation_name: Some(name.into()),
        ..request("query A { ok } mutation B { change }")
    };
    let engine = small();
    let ask = async |name: &str| text(&engine.execute(&Default::default(), &named(name)).await).to_owned();
    assert_eq!(ask("A").await, r#"{"data":{"ok":1}}"#);
    assert_eq!(ask("B").await, r#"{"data":{"change":1}}"#);
    assert_eq!(ask("C").await, r#"{"errors":[{"message":"Unknown operation named 'C'."}]}"#);
    assert_eq!(
        body(&engine, "query A { ok } mutation B { change }").await,
        r#"{"errors":[{"message":"Must provide operation name if query contains multiple operations."}]}"#
    );
    let long = ask(&"C".repeat(100_000)).await;
    assert!(long.len() < 5_000, "{} bytes", long.len());
}

#[tokio::test]
async fn the_report_tells_what_was_asked() {
    let query = "query Mine { ok x: old fails }";
    let request = Request { report_complexity: true, report_possible_errors: true, ..request(query) };
    let response = small().execute(&Arc::new(Cx::default()), &request).await;
    let report = &response.report;
    assert_eq!(report.operation_name.as_deref(), Some("Mine"));
    assert_eq!(report.roots, ["Query.ok", "Query.old", "Query.fails"]);
    assert_eq!(report.deprecated, ["Query.old"]);
    assert_eq!((report.is_mutation, report.planned, report.errors.len()), (false, 3, 1));
    assert_eq!(report.errors[0].coordinate, "Query.fails");
    let answer = parsed(&response);
    assert_eq!(answer["extensions"]["complexity"], json!({ "value": 0, "limit": 200 }));
    assert_eq!(
        answer["extensions"]["possibleErrors"]["fails"],
        json!(["KT-CT-4177", "KT-CT-1113", "KT-CT-1111", "KT-CT-1112"])
    );
    let keys: Vec<&String> = answer.as_object().into_iter().flat_map(|map| map.keys()).collect();
    assert_eq!(keys, ["errors", "data", "extensions"]);
}

#[tokio::test]
async fn a_condition_that_is_null_is_refused() {
    let query = "query ($b: Boolean = true) { ok @include(if: $b) }";
    let response = small().execute(&Default::default(), &with_variables(query, json!({ "b": null }))).await;
    assert_eq!(
        (response.status, text(&response)),
        (
            400,
            r#"{"errors":[{"message":"Argument 'if' of non-null type 'Boolean!' must not be null.","locations":[{"line":1,"column":46}]}]}"#
        )
    );
}
