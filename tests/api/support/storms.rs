//! What storms have in common: their size, and connections that break.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kraken_api::api::{App, Origin};
use kraken_api::graphql;
use kraken_api::platform::db::Database;
use serde_json::Value;
use sqlx::Connection;

/// A number from the environment, for `make soak`.
pub fn from_environment(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Ends connections that are in the midst of something, so many of them, unless the storm is over before. Answers how
/// many it ended.
pub async fn cut(database: &Database, times: u32, over: &AtomicBool) -> u32 {
    let options = database.pool().connect_options().as_ref().clone().application_name("cutter");
    let mut cutter = sqlx::PgConnection::connect_with(&options).await.expect("a connection");
    let cut = "select coalesce(bool_or(pg_terminate_backend(pid)), false) from (
        select pid from pg_stat_activity where datname = current_database() and application_name = 'kraken-api'
            and state in ('active', 'idle in transaction') order by random() limit 1) busy";
    let mut done = 0;
    while done < times && !over.load(Ordering::SeqCst) {
        let (hit,): (bool,) = sqlx::query_as(cut).fetch_one(&mut cutter).await.expect("a cut");
        done += u32::from(hit);
        tokio::task::yield_now().await;
    }
    done
}

/// Asks the API, off the record: what a broken connection does to a field is none of its codes.
pub async fn ask(app: &Arc<App>, token: &str, query: &str, variables: Value) -> Value {
    let variables = variables.as_object().cloned().unwrap_or_default();
    let request = graphql::Request { query: query.to_owned(), variables, ..graphql::Request::default() };
    let answer =
        app.execute(request, Origin { authorization: Some(token), client: None }).await.expect("an answer");
    serde_json::from_slice(&answer.response.body).expect("JSON")
}

/// The codes of all errors of an answer.
pub fn codes(answer: &Value) -> Vec<&str> {
    let errors = answer["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().filter_map(|error| error["extensions"]["errorCode"].as_str()).collect()
}
