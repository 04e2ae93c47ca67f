//! Introspection: cached, beside ordinary fields, and bounded.

use kraken_api::graphql::{Bindings, Engine, Request, Resolved};
use serde_json::json;

use super::support::{Cx, ask, data, engine, json, refusal, request, root, text, with_variables};

/// The query that tools send.
pub const STANDARD: &str = "query IntrospectionQuery { __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types { ...FullType } directives { name description locations args { ...InputValue } } } }
  fragment FullType on __Type { kind name description
    fields(includeDeprecated: true) { name description args { ...InputValue } type { ...TypeRef }
      isDeprecated deprecationReason }
    inputFields { ...InputValue } interfaces { ...TypeRef }
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
    possibleTypes { ...TypeRef } }
  fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue }
  fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name
    ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";

const SDL: &str = "type Query { a(unit: Unit = KWH): Int b: Thing }
    interface Thing { name: String }
    type Plant implements Thing { name: String height: Int things: [Thing] }
    type Stone implements Thing { name: String }
    enum Unit { KWH MWH @deprecated(reason: \"Too large.\") }";

struct Row;

fn small() -> Engine<Cx> {
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.a", |_| Ok(Resolved::leaf(1)));
    root(&mut bindings, "Query.b", |_| Ok(Resolved::Null));
    bindings
        .leaves::<Row>("Plant", &[("name", |_| "p".into()), ("height", |_| 1.into())])
        .parts::<Row>("Plant", &[("things", |_| Resolved::Null)])
        .leaves::<Row>("Stone", &[("name", |_| "s".into())]);
    engine(SDL, &bindings)
}

#[tokio::test]
async fn it_stands_beside_ordinary_fields_in_their_order() {
    let response = ask(&small(), "{ x: a t: __type(name: \"Unit\") { name } __typename y: a }").await;
    assert_eq!(text(&response), r#"{"data":{"x":1,"t":{"name":"Unit"},"__typename":"Query","y":1}}"#);
}

#[tokio::test]
async fn deprecated_values_are_shown_on_request_and_defaults_as_written() {
    let answer = data(
        &small(),
        "{ __type(name: \"Unit\") { enumValues { name } all: enumValues(includeDeprecated: true) { deprecationReason } }
           query: __type(name: \"Query\") { fields { args { defaultValue } } } }",
    )
    .await;
    assert_eq!(answer["__type"]["enumValues"], json!([{ "name": "KWH" }]));
    assert_eq!(answer["__type"]["all"][1], json!({ "deprecationReason": "Too large." }));
    assert_eq!(answer["query"]["fields"][0]["args"][0]["defaultValue"], "KWH");
}

#[tokio::test]
async fn a_type_that_is_not_there_is_null() {
    assert_eq!(data(&small(), "{ __type(name: \"Nothing\") { name } }").await, json!({ "__type": null }));
}

#[tokio::test]
async fn each_operation_of_a_document_has_its_own_answer() {
    let engine = small();
    let document = "query IntrospectionQuery { __schema { queryType { name } } }
        query Other { __schema { mutationType { name } } }";
    let ask = async |name: &str| {
        let request = Request { operation_name: Some(name.to_owned()), ..request(document) };
        json(&engine.execute(&Default::default(), &request).await)["data"].clone()
    };
    for _ in 0..2 {
        assert_eq!(
            ask("IntrospectionQuery").await,
            json!({ "__schema": { "queryType": { "name": "Query" } } })
        );
        assert_eq!(ask("Other").await, json!({ "__schema": { "mutationType": null } }));
    }
}

#[tokio::test]
async fn variables_and_conditions_are_honoured_each_time() {
    let engine = small();
    let document = "query ($name: String! = \"Unit\", $short: Boolean = false) {
        __type(name: $name) { name kind @skip(if: $short) } }";
    for _ in 0..2 {
        for (variables, expected) in [
            (json!({}), json!({ "name": "Unit", "kind": "ENUM" })),
            (json!({ "name": "Plant" }), json!({ "name": "Plant", "kind": "OBJECT" })),
            (json!({ "short": true }), json!({ "name": "Unit" })),
        ] {
            let response = engine.execute(&Default::default(), &with_variables(document, variables)).await;
            assert_eq!(json(&response)["data"]["__type"], expected);
        }
    }
}

#[tokio::test]
async fn it_costs_nothing_and_is_refused_when_it_nests_its_lists() {
    let engine = small();
    let response = ask(&engine, STANDARD).await;
    assert_eq!((response.status, response.report.cost.complexity), (200, 0));
    let deep = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }";
    assert_eq!(refusal(&engine, deep).await, "Maximum introspection depth exceeded");
}

#[tokio::test]
async fn aliases_cannot_make_it_any_size() {
    let engine = small();
    let names: String = (0..2_500).map(|at| format!("a{at}: name ")).collect();
    // Within the limit of a small schema: large, and answered.
    let response = ask(&engine, &format!("{{ __schema {{ types {{ {names} }} }} }}")).await;
    assert_eq!(response.status, 200);
    let types: String = (0..40).map(|at| format!("t{at}: types {{ ...L }} ")).collect();
    let lists: String = (0..40).map(|at| format!("l{at}: fields {{ ...F }} ")).collect();
    let names: String = (0..400).map(|at| format!("a{at}: name ")).collect();
    let many = format!(
        "{{ __schema {{ {types} }} }} fragment L on __Type {{ {lists} }} fragment F on __Field {{ {names} }}"
    );
    assert_eq!(refusal(&engine, &many).await, "The document asks for too much of the schema.");
}
