//! The same schema under async-graphql: attached, the engine answers; alone, async-graphql runs the same
//! resolvers, and where it is right the answers agree.

use std::sync::Arc;

use kraken_api::graphql::Host;
use kraken_api::graphql::host::{from_json, to_json};
use serde_json::Value;

use super::differential::{cases, same};
use super::world::{World, engine};

/// Answers that async-graphql 7.2 must give as the engine does, at the least. In the others it is wrong:
/// variables that were not given become null, fragments on interfaces are lost inside abstract types,
/// directives on definitions are refused, empty selections give null.
const AGREE: usize = 425;

#[tokio::test]
async fn attached_the_engine_answers_through_async_graphql() {
    let shared = World::load();
    let host = Host::new(Arc::new(engine(&shared))).expect("async-graphql takes the schema");
    for case in cases().iter().take(400) {
        let direct = host.engine().execute(&World::new(&shared), &case.request()).await;
        let through = host.execute(World::new(&shared), case.request()).await.expect("the engine answers");
        assert_eq!(direct.status, through.status, "{}", case.name);
        assert_eq!(direct.body, through.body, "{}", case.name);
    }
}

/// Where async-graphql is right: no error to place, no introspection of its own, no number that it turns
/// into a float.
fn async_graphql_is_right(category: &str) -> bool {
    !category.starts_with("introspection")
        && !category.starts_with("literal")
        && !category.starts_with("variable")
}

fn as_variables(variables: Value) -> async_graphql::Variables {
    match from_json(variables) {
        async_graphql::Value::Object(map) => {
            let mut out = async_graphql::Variables::default();
            map.into_iter().for_each(|(name, value)| {
                out.insert(name, value);
            });
            out
        }
        _ => async_graphql::Variables::default(),
    }
}

#[tokio::test]
async fn alone_async_graphql_runs_the_same_resolvers() {
    let shared = World::load();
    let host = Host::new(Arc::new(engine(&shared))).expect("async-graphql takes the schema");
    let (mut agree, mut differ) = (0, Vec::new());
    for case in cases() {
        let clean = case.expect.status == 200 && case.expect.errors.is_empty() && case.quirk.is_none();
        if !clean || !async_graphql_is_right(&case.category) || case.category == "results" {
            continue;
        }
        let variables = case.variables.clone().unwrap_or_default();
        let mut request = async_graphql::Request::new(case.query.clone())
            .variables(as_variables(variables))
            .data(World::new(&shared));
        if let Some(name) = &case.operation_name {
            request = request.operation_name(name.clone());
        }
        let answer = host.schema().execute(request).await;
        let data = to_json(&answer.data);
        let expected = case.expect.data.unwrap_or_default();
        if answer.errors.is_empty() && same(&data, &expected, false) {
            agree += 1;
        } else {
            differ.push(format!("{}: {:?} {data}", case.name, answer.errors));
        }
    }
    let listing: Vec<&String> = differ.iter().take(12).collect();
    assert!(agree >= AGREE, "only {agree} agree, {} differ: {listing:#?}", differ.len());
}
