//! What is kept of a request: one log line, some counters, the causes of internal errors. Never its
//! document, its variables or its headers: they hold names, addresses and passwords.

use std::time::Instant;

use axum::http::StatusCode;
use serde_json::Value;
use tracing::{Span, field};

use super::metrics::{self, InFlight};
use super::service::Reply;
use crate::graphql::{RaisedError, Report};
use crate::platform::telemetry;

/// Most root fields and causes that are written out for one request.
const MOST_LISTED: usize = 10;
/// Longest operation name in a line.
const MOST_NAME: usize = 100;
/// Status in log and metrics when the caller did not wait for the answer.
const HUNG_UP: u16 = 499;

/// Watches one request to its end.
pub(super) struct Observation {
    correlation_id: String,
    started: Instant,
    /// Kind to report if the request never gets as far as a report.
    mutates: bool,
    finished: bool,
    _in_flight: InFlight,
}

/// How a request ended.
struct Line<'a> {
    kind: &'static str,
    status: u16,
    viewer: &'static str,
    operation: &'a str,
    roots: String,
    codes: String,
    request_errors: usize,
    statements: u32,
    rows: u64,
    complexity: u64,
    bytes: usize,
}

impl Line<'_> {
    fn bare(kind: &'static str, status: u16, bytes: usize) -> Self {
        let (roots, codes) = (String::new(), String::new());
        let (request_errors, statements, rows, complexity) = (0, 0, 0, 0);
        let (viewer, operation) = ("unknown", "");
        Self {
            kind,
            status,
            viewer,
            operation,
            roots,
            codes,
            request_errors,
            statements,
            rows,
            complexity,
            bytes,
        }
    }
}

impl Observation {
    pub(super) fn start(correlation_id: &str) -> Self {
        Self {
            correlation_id: correlation_id.to_owned(),
            started: Instant::now(),
            mutates: false,
            finished: false,
            _in_flight: InFlight::enter(),
        }
    }

    pub(super) fn expect_mutation(&mut self, mutates: bool) {
        self.mutates = mutates;
    }

    /// The request was refused before the engine saw it.
    pub(super) fn refused(self, status: StatusCode, bytes: usize) {
        self.write(&Line::bare("refused", status.as_u16(), bytes));
    }

    /// The answer came too late, or not at all: `cause` goes to the log.
    pub(super) fn failed(self, status: StatusCode, cause: &str, bytes: usize) {
        tracing::error!(target: "request", correlation_id = %self.correlation_id, cause, "request failed");
        let kind = self.expected_kind();
        self.write(&Line::bare(kind, status.as_u16(), bytes));
    }

    /// The engine has answered.
    pub(super) fn answered(self, reply: &Reply) {
        let report = &reply.response.report;
        self.log_causes(&report.errors);
        let codes = count_codes(&report.errors);
        codes.iter().for_each(|(code, count)| metrics::errors(code, *count));
        report.deprecated.iter().for_each(|field| metrics::deprecated(field));
        metrics::database(reply.statements, reply.rows);
        self.write(&Line {
            kind: kind(report),
            status: reply.response.status,
            viewer: reply.viewer,
            operation: cut(report.operation_name.as_deref().unwrap_or_default()),
            roots: list(report.roots.iter().map(String::as_str)),
            codes: list(codes.iter().map(|(code, _)| *code)),
            request_errors: report.request_errors.len(),
            statements: reply.statements,
            rows: reply.rows,
            complexity: report.cost.complexity,
            bytes: reply.response.body.len(),
        });
    }

    fn expected_kind(&self) -> &'static str {
        if self.mutates { "mutation" } else { "query" }
    }

    fn write(mut self, line: &Line<'_>) {
        self.finished = true;
        self.emit(line);
    }

    fn emit(&self, line: &Line<'_>) {
        let elapsed = self.started.elapsed();
        metrics::answered(line.kind, line.status, elapsed.as_secs_f64());
        let span = Span::current();
        telemetry::name(&span, format!("{} {}", line.kind, line.operation).trim_end().to_owned());
        span.record("graphql.operation.name", line.operation);
        span.record("graphql.operation.type", line.kind);
        span.record("http.response.status_code", line.status);
        if line.status >= 500 {
            span.record("otel.status_code", "ERROR");
        }
        tracing::info!(
            target: "request",
            kind = line.kind,
            status = line.status,
            viewer = line.viewer,
            operation = line.operation,
            roots = line.roots,
            codes = line.codes,
            request_errors = line.request_errors,
            statements = line.statements,
            rows = line.rows,
            complexity = line.complexity,
            bytes = line.bytes,
            ms = field::display(format_args!("{:.1}", elapsed.as_secs_f64() * 1000.0)),
            correlation_id = %self.correlation_id,
        );
    }

    /// Writes each different cause once, with the first path it was met at.
    fn log_causes(&self, errors: &[RaisedError]) {
        let mut seen: Vec<(&str, &str)> = Vec::new();
        let mut more = 0_usize;
        for raised in errors {
            let Some(cause) = raised.error.cause() else { continue };
            let key = (raised.coordinate.as_str(), cause);
            if seen.contains(&key) {
                continue;
            }
            if seen.len() == MOST_LISTED {
                more += 1;
                continue;
            }
            seen.push(key);
            let path = Value::from(raised.path.clone());
            tracing::error!(
                target: "request",
                correlation_id = %self.correlation_id,
                field = raised.coordinate,
                %path,
                cause,
                "internal error"
            );
        }
        if more > 0 {
            tracing::error!(target: "request", correlation_id = %self.correlation_id, more, "internal errors");
        }
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        if !self.finished {
            self.emit(&Line::bare(self.expected_kind(), HUNG_UP, 0));
        }
    }
}

fn kind(report: &Report) -> &'static str {
    match report {
        Report { request_errors, .. } if !request_errors.is_empty() => "refused",
        Report { is_mutation: true, .. } => "mutation",
        _ => "query",
    }
}

/// How often each code was raised, in the order they were met.
fn count_codes(errors: &[RaisedError]) -> Vec<(&str, u64)> {
    let mut counts: Vec<(&str, u64)> = Vec::new();
    for raised in errors {
        let code = raised.error.code_name().unwrap_or("none");
        match counts.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => counts.push((code, 1)),
        }
    }
    counts
}

/// Different names, joined, cut off after some.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut listed: Vec<&str> = Vec::new();
    for name in names {
        if listed.len() == MOST_LISTED {
            listed.push("…");
            break;
        }
        if !listed.contains(&name) {
            listed.push(name);
        }
    }
    listed.join(",")
}

fn cut(name: &str) -> &str {
    name.char_indices().nth(MOST_NAME).map_or(name, |(end, _)| &name[..end])
}
