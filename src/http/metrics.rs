//! Numbers for Prometheus.

use std::sync::OnceLock;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const REQUESTS: &str = "kraken_graphql_requests_total";
const DURATION: &str = "kraken_graphql_request_duration_seconds";
const IN_FLIGHT: &str = "kraken_graphql_requests_in_flight";
const ERRORS: &str = "kraken_graphql_errors_total";
const DEPRECATED: &str = "kraken_graphql_deprecated_fields_total";
const STATEMENTS: &str = "kraken_sql_statements_total";
const ROWS: &str = "kraken_sql_rows_total";
/// Seconds. Most answers take milliseconds, the deadline is half a minute.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The process's recorder: made and installed at the first call. `None` if that failed.
pub(super) fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE.get_or_init(install).as_ref()
}

fn install() -> Option<PrometheusHandle> {
    let durations = Matcher::Suffix("_duration_seconds".into());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(durations, &BUCKETS)
        .and_then(PrometheusBuilder::install_recorder)
        .inspect_err(|error| tracing::error!(%error, "no metrics"))
        .ok()?;
    describe_counter!(REQUESTS, "GraphQL requests answered, by kind and HTTP status.");
    describe_histogram!(DURATION, Unit::Seconds, "Time from the request's head to its answer.");
    describe_gauge!(IN_FLIGHT, "GraphQL requests being answered.");
    describe_counter!(ERRORS, "Errors raised by fields, by code.");
    describe_counter!(DEPRECATED, "Uses of deprecated fields.");
    describe_counter!(STATEMENTS, "SQL statements run for GraphQL requests.");
    describe_counter!(ROWS, "Rows read for GraphQL requests.");
    Some(handle)
}

/// Counts a request as in flight while it lives.
pub(super) struct InFlight(());

impl InFlight {
    pub(super) fn enter() -> Self {
        gauge!(IN_FLIGHT).increment(1);
        Self(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!(IN_FLIGHT).decrement(1);
    }
}

/// Counts an answered request.
pub(super) fn answered(kind: &'static str, status: u16, seconds: f64) {
    counter!(REQUESTS, "kind" => kind, "status" => status.to_string()).increment(1);
    histogram!(DURATION, "kind" => kind).record(seconds);
}

/// Counts errors under one code of the error table, or under `none`.
pub(super) fn errors(code: &str, count: u64) {
    counter!(ERRORS, "code" => code.to_owned()).increment(count);
}

/// Counts a use of a deprecated field, `Type.field`.
pub(super) fn deprecated(field: &str) {
    counter!(DEPRECATED, "field" => field.to_owned()).increment(1);
}

/// Counts what a request asked of the database.
pub(super) fn database(statements: u32, rows: u64) {
    counter!(STATEMENTS).increment(statements.into());
    counter!(ROWS).increment(rows);
}
