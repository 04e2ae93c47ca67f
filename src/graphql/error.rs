//! Errors a field may raise, in the envelope that clients of this API know.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What the error table says of one `KT-…` code.
#[derive(Debug, Deserialize)]
pub struct CodeEntry {
    /// The generic sentence that goes on the wire as `message`.
    pub message: String,
    /// `VALIDATION`, `APPLICATION`, `NOT_FOUND`, `AUTHORIZATION` or `SERVICE_AVAILABILITY`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The specific sentence; empty where the original has none.
    #[serde(default)]
    pub description: String,
}

static CODES: LazyLock<HashMap<String, CodeEntry>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../schema/errors.json")).unwrap_or_default());

/// The entry of a code, if the table has one.
pub fn code_entry(code: &str) -> Option<&'static CodeEntry> {
    CODES.get(code)
}

/// All codes of the table.
pub fn known_codes() -> impl Iterator<Item = &'static str> {
    CODES.keys().map(String::as_str)
}

/// The code for everything that should not have happened.
pub const INTERNAL: &str = "KT-CT-7899";
/// The code for input that the GraphQL layer itself refuses while executing.
pub const INVALID_INPUT: &str = "KT-CT-1605";
/// The code for a query that asks for too much work.
pub const TOO_COMPLEX: &str = "KT-CT-1188";
/// The code for a query that asks for too many objects, or whose answer grows too long.
pub const TOO_MANY_NODES: &str = "KT-CT-1189";
/// The code for a caller who asks too often.
pub const TOO_MANY_REQUESTS: &str = "KT-CT-1199";
/// What may come back from any field, so that no field has to declare it.
pub const ENGINE_CODES: [&str; 5] = [INTERNAL, INVALID_INPUT, TOO_COMPLEX, TOO_MANY_NODES, TOO_MANY_REQUESTS];

/// One error of one field. Cheap to move: the parts are boxed.
#[derive(Debug, Clone)]
pub struct FieldError(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    code: &'static str,
    message: Cow<'static, str>,
    description: Cow<'static, str>,
    kind: &'static str,
    extra: Map<String, Value>,
    cause: Option<String>,
    offset: Option<usize>,
}

impl FieldError {
    /// The error that the table has under `code`. A code outside the table becomes an internal error
    /// that names it in the log.
    pub fn code(code: &'static str) -> Self {
        match code_entry(code) {
            Some(entry) => Self::new(code, &entry.kind, entry.message.as_str(), entry.description.as_str()),
            None => Self::internal(format!("code {code} is not in the error table")),
        }
    }

    /// An unexpected failure: `cause` goes to the log, the client sees only the general sentence.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let mut error = Self::new(INTERNAL, "APPLICATION", "An internal error occurred.", "");
        error.0.cause = Some(cause.to_string());
        error
    }

    /// Input that the GraphQL layer refuses while executing, such as null for a required argument. The
    /// sentence is the message; clients that read `extensions` unguarded find KT-CT-1605 there.
    pub fn plain(message: impl Into<String>) -> Self {
        let description = code_entry(INVALID_INPUT).map_or("", |entry| entry.description.as_str());
        Self::new(INVALID_INPUT, "VALIDATION", message.into(), description)
    }

    fn new(
        code: &'static str,
        kind: &'static str,
        message: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            description: description.into(),
            kind,
            extra: Map::new(),
            cause: None,
            offset: None,
        }))
    }

    /// Replaces the specific sentence.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.0.description = Cow::Owned(description.into());
        self
    }

    /// Says which input was wrong: adds `errorClass` and `validationErrors`. An empty path stands for a
    /// wrong combination of inputs.
    #[must_use]
    pub fn at_input(mut self, path: &[&str]) -> Self {
        let mut entry = json!({ "message": self.0.description });
        if !path.is_empty() {
            entry["inputPath"] = json!(path);
        }
        self.0.extra.insert("errorClass".into(), json!(self.0.kind));
        self.0.extra.insert("validationErrors".into(), json!([entry]));
        self
    }

    /// Adds a key to `extensions`.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.0.extra.insert(key.into(), value);
        self
    }

    /// Points at a byte offset of the document rather than at the field.
    #[must_use]
    pub(super) fn at_offset(mut self, offset: usize) -> Self {
        self.0.offset = Some(offset);
        self
    }

    pub(super) fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// The `KT-…` code. Every error has one.
    pub fn code_name(&self) -> Option<&str> {
        Some(self.0.code)
    }

    /// What goes to the log and never to the client.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The sentence on the wire.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The specific sentence on the wire.
    pub fn description(&self) -> &str {
        &self.0.description
    }

    /// `extensions` of the envelope, keys in the order of the original. Always there.
    pub fn extensions(&self) -> Option<Value> {
        let mut map = Map::new();
        map.insert("errorType".into(), json!(self.0.kind));
        map.insert("errorCode".into(), json!(self.0.code));
        map.insert("errorDescription".into(), json!(self.0.description));
        map.extend(self.0.extra.clone());
        Some(Value::Object(map))
    }
}
