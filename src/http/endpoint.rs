//! The GraphQL endpoint: one path for operations and for GraphiQL.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{AUTHORIZATION, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, request};
use axum::response::Response;
use bytes::Bytes;
use tokio::time::timeout;

use super::App;
use super::accept::prefers_html;
use super::answer::Refusal;
use super::correlation::CorrelationId;
use super::observe::Observation;
use super::service::GraphqlCall;
use super::{client, pages, params, run};
use crate::graphql;

const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const WRONG_METHOD: Refusal =
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "GraphQL only supports GET and POST requests.");
const TOO_LARGE: Refusal = Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large.");
const BROKEN_OFF: Refusal = Refusal::bad("The request body is incomplete.");
const TOO_SLOW: Refusal = Refusal::new(StatusCode::REQUEST_TIMEOUT, "The request body came too slowly.");

/// Answers any request to the endpoint.
pub(super) async fn endpoint(State(app): State<Arc<App>>, request: Request) -> Response {
    let head = request.method() == Method::HEAD;
    let get = head || request.method() == Method::GET;
    let mut response =
        if get && wants_page(&request) { pages::graphiql() } else { answer(&app, request).await };
    if get {
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    }
    if head {
        *response.body_mut() = Body::empty();
    }
    response
}

/// Only a GET shows the page: some programs name `text/html` in what they accept of a POST.
fn wants_page(request: &Request) -> bool {
    prefers_html(request.headers()) && !params::wants_raw(request.uri().query())
}

async fn answer(app: &App, request: Request) -> Response {
    let (call, trace_parent, observed) = {
        let (head, body) = request.into_parts();
        let id = head.extensions.get::<CorrelationId>().cloned().unwrap_or_else(CorrelationId::new);
        let observed = Observation::start(&id.0);
        match read(app, &head, body).await {
            Ok(request) => (call(app, &head, request, id.0), text(&head.headers, &TRACE_PARENT), observed),
            Err(refusal) => {
                observed.refused(refusal.status, refusal.body().len());
                return refusal.response();
            }
        }
    };
    run::run(Arc::clone(&app.service), call, observed, app.settings.deadline, trace_parent.as_deref()).await
}

fn call(app: &App, head: &request::Parts, request: graphql::Request, correlation_id: String) -> GraphqlCall {
    GraphqlCall {
        request,
        authorization: text(&head.headers, &AUTHORIZATION),
        client: client::address(head, app.settings.trusted_proxies),
        correlation_id,
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

async fn read(app: &App, head: &request::Parts, body: Body) -> Result<graphql::Request, Refusal> {
    if !matches!(head.method, Method::GET | Method::HEAD | Method::POST) {
        return Err(WRONG_METHOD);
    }
    let body = collect(body, app.settings.body_limit, app.settings.deadline).await?;
    params::read(head, body).await
}

/// The whole body, if it is small enough and comes in time.
async fn collect(body: Body, limit: usize, deadline: Duration) -> Result<Bytes, Refusal> {
    let mut request = Request::new(body);
    axum::extract::DefaultBodyLimit::max(limit).apply(&mut request);
    match timeout(deadline, Bytes::from_request(request, &())).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(TOO_LARGE),
        Ok(Err(_)) => Err(BROKEN_OFF),
        Err(_) => Err(TOO_SLOW),
    }
}
