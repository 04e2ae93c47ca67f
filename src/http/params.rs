//! From an HTTP request to a GraphQL request, by the rules (and in the words) of graphene-django's view.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request as HttpRequest, request};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::answer::Refusal;
use crate::graphql::Request;

const INVALID_JSON: Refusal = Refusal::bad("POST body sent invalid JSON.");
const NOT_A_QUERY: Refusal = Refusal::bad("The received data is not a valid JSON query.");
const NO_QUERY: Refusal = Refusal::bad("Must provide query string.");
const INVALID_VARIABLES: Refusal = Refusal::bad("Variables are invalid JSON.");
const VARIABLES_NO_OBJECT: Refusal = Refusal::bad(
    "Variable values must be provided as a dictionary with string keys. \
     Perhaps look to see if an unparsed JSON string was provided.",
);
const NOT_UTF8: Refusal = Refusal::bad("The body is not valid UTF-8.");
const INVALID_MULTIPART: Refusal = Refusal::bad("The multipart body is not valid.");

/// Asks for the complexity of the operation in the answer.
const REPORT_COMPLEXITY: HeaderName = HeaderName::from_static("x-kraken-query-complexity");
/// Asks for the errors that the operation may raise.
const REPORT_ERRORS: HeaderName = HeaderName::from_static("x-kraken-possible-errors");

/// Reads the GraphQL request out of URL, headers and body. What the URL says wins, as in the original.
pub(super) async fn read(head: &request::Parts, body: Bytes) -> Result<Request, Refusal> {
    let url = Fields::of_pairs(head.uri.query().unwrap_or_default().as_bytes());
    let read_only = !head.method.eq(&axum::http::Method::POST);
    // Some clients name a body's type on a GET that has none.
    let body = match read_only && body.is_empty() {
        true => Fields::default(),
        false => Fields::of_body(head.headers.get(CONTENT_TYPE), body).await?,
    };
    let query = url.query.or(body.query).ok_or(NO_QUERY)?;
    Ok(Request {
        query,
        operation_name: url.operation_name.or(body.operation_name).filter(|name| name != "null"),
        variables: variables(url.variables.or(body.variables))?,
        read_only,
        report_complexity: asked(&head.headers, &REPORT_COMPLEXITY),
        report_possible_errors: asked(&head.headers, &REPORT_ERRORS),
    })
}

/// True if the URL asks for data whatever the `Accept` header says.
pub(super) fn wants_raw(query: Option<&str>) -> bool {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes()).any(|(name, _)| name == "raw")
}

fn asked(headers: &HeaderMap, name: &HeaderName) -> bool {
    let value = headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
    value.eq_ignore_ascii_case(b"true") || value == b"1"
}

fn variables(given: Option<Value>) -> Result<Map<String, Value>, Refusal> {
    let value = match given {
        Some(Value::String(text)) => serde_json::from_str(&text).map_err(|_| INVALID_VARIABLES)?,
        Some(value) => value,
        None => Value::Null,
    };
    match value {
        Value::Null => Ok(Map::new()),
        Value::Object(map) => Ok(map),
        _ => Err(VARIABLES_NO_OBJECT),
    }
}

/// The parameters as they were found in one place; empty ones count as absent.
#[derive(Default)]
struct Fields {
    query: Option<String>,
    variables: Option<Value>,
    operation_name: Option<String>,
}

impl Fields {
    async fn of_body(content_type: Option<&HeaderValue>, body: Bytes) -> Result<Self, Refusal> {
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media.as_str() {
            "application/json" => Self::of_json(&body),
            "application/graphql" => {
                let query = std::str::from_utf8(&body).map_err(|_| NOT_UTF8)?.to_owned();
                Ok(Self { query: Some(query).filter(|q| !q.is_empty()), ..Self::default() })
            }
            "application/x-www-form-urlencoded" => Ok(Self::of_pairs(&body)),
            "multipart/form-data" => Self::of_multipart(content_type, body).await,
            _ => Ok(Self::default()),
        }
    }

    fn of_json(body: &[u8]) -> Result<Self, Refusal> {
        std::str::from_utf8(body).map_err(|_| NOT_UTF8)?;
        // The parser refuses what is nested deeper than 128 levels. Numbers keep their digits.
        match serde_json::from_slice(body).map_err(|_| INVALID_JSON)? {
            Value::Object(mut map) => Ok(Self {
                query: text(map.swap_remove("query")),
                variables: map.swap_remove("variables").filter(|value| *value != ""),
                operation_name: text(map.swap_remove("operationName")),
            }),
            _ => Err(NOT_A_QUERY),
        }
    }

    fn of_pairs(encoded: &[u8]) -> Self {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(encoded) {
            fields.set(&name, value.into_owned());
        }
        fields
    }

    async fn of_multipart(content_type: &str, body: Bytes) -> Result<Self, Refusal> {
        let mut request = HttpRequest::new(Body::from(body));
        let boundary = HeaderValue::from_str(content_type).map_err(|_| INVALID_MULTIPART)?;
        request.headers_mut().insert(CONTENT_TYPE, boundary);
        // The body is in memory already, within its limit.
        DefaultBodyLimit::disable().apply(&mut request);
        let mut parts = Multipart::from_request(request, &()).await.map_err(|_| INVALID_MULTIPART)?;
        let mut fields = Self::default();
        while let Some(part) = parts.next_field().await.map_err(|_| INVALID_MULTIPART)? {
            // Files are no parameters.
            let Some(name) = part.name().filter(|_| part.file_name().is_none()).map(str::to_owned) else {
                continue;
            };
            fields.set(&name, part.text().await.map_err(|_| INVALID_MULTIPART)?);
        }
        Ok(fields)
    }

    /// The last of equal names wins.
    fn set(&mut self, name: &str, value: String) {
        let value = Some(value).filter(|value| !value.is_empty());
        match name {
            "query" => self.query = value,
            "variables" => self.variables = value.map(Value::String),
            "operationName" => self.operation_name = value,
            _ => {}
        }
    }
}

fn text(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}
