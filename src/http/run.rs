//! Runs an operation in a task of its own, so that a caller who hangs up cannot tear a mutation apart.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use futures_util::FutureExt;
use tokio::task::AbortHandle;
use tracing::{Instrument, field, info_span};

use super::answer::{internal_error, json_bytes};
use super::observe::Observation;
use super::operation::may_mutate;
use super::service::{GraphqlCall, Reply, Service};
use crate::platform::telemetry;

/// Ends the task when the caller is gone.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Answers `call`. A query ends with its caller and at the deadline; a mutation runs to its end.
pub(super) async fn run(
    service: Arc<dyn Service>,
    call: GraphqlCall,
    mut observed: Observation,
    deadline: Duration,
    trace_parent: Option<&str>,
) -> Response {
    let mutates = !call.request.read_only && may_mutate(&call.request.query);
    observed.expect_mutation(mutates);
    let span = info_span!(
        target: "request",
        "operation",
        correlation_id = call.correlation_id,
        otel.kind = "server",
        otel.status_code = field::Empty,
        graphql.operation.name = field::Empty,
        graphql.operation.type = field::Empty,
        http.response.status_code = field::Empty,
    );
    telemetry::continue_trace(&span, trace_parent);
    let limit = (!mutates).then_some(deadline);
    let task = tokio::spawn(work(service, call, observed, limit).instrument(span));
    let _guard = limit.map(|_| AbortOnDrop(task.abort_handle()));
    // The task catches its own panics; what is left is a runtime that shuts down.
    task.await.unwrap_or_else(|_| json_bytes(StatusCode::SERVICE_UNAVAILABLE, internal_error()))
}

async fn work(
    service: Arc<dyn Service>,
    call: GraphqlCall,
    observed: Observation,
    limit: Option<Duration>,
) -> Response {
    // Called inside, so that a panic before the first await is caught as well.
    let execution = AssertUnwindSafe(async move { service.execute(call).await }).catch_unwind();
    let outcome = match limit {
        Some(limit) => tokio::time::timeout(limit, execution).await,
        None => Ok(execution.await),
    };
    match outcome {
        Ok(Ok(reply)) => respond(reply, observed),
        Ok(Err(panic)) => fail(observed, StatusCode::INTERNAL_SERVER_ERROR, &message(&*panic)),
        Err(_) => fail(observed, StatusCode::GATEWAY_TIMEOUT, "the deadline has passed"),
    }
}

fn respond(reply: Reply, observed: Observation) -> Response {
    observed.answered(&reply);
    let status = StatusCode::from_u16(reply.response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_bytes(status, reply.response.body);
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value);
    }
    response
}

fn fail(observed: Observation, status: StatusCode, cause: &str) -> Response {
    let body = internal_error();
    observed.failed(status, cause, body.len());
    json_bytes(status, body)
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("no message"))
}
