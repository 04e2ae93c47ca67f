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

/// One error of one field. Cheap to move: the parts are boxed.
#[derive(Debug, Clone)]
pub struct FieldError(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    code: Option<Cow<'static, str>>,
    message: String,
    description: String,
    kind: String,
    extra: Map<String, Value>,
    cause: Option<String>,
    offset: Option<usize>,
}

impl FieldError {
    /// The error that the table has under `code`. A code outside the table becomes an internal error
    /// that names it in the log.
    pub fn code(code: &'static str) -> Self {
        match code_entry(code) {
            Some(entry) => Self(Box::new(Inner {
                code: Some(code.into()),
                message: entry.message.clone(),
                description: entry.description.clone(),
                kind: entry.kind.clone(),
                extra: Map::new(),
                cause: None,
                offset: None,
            })),
            None => Self::internal(format!("code {code} is not in the error table")),
        }
    }

    /// An unexpected failure: `cause` goes to the log, the client sees only the general sentence.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self(Box::new(Inner {
            code: Some(INTERNAL.into()),
            message: "An internal error occurred.".into(),
            description: String::new(),
            kind: "APPLICATION".into(),
            extra: Map::new(),
            cause: Some(cause.to_string()),
            offset: None,
        }))
    }

    /// An error of the GraphQL layer itself, which has no code of its own.
    pub fn plain(message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code: None,
            message: message.into(),
            description: String::new(),
            kind: String::new(),
            extra: Map::new(),
            cause: None,
            offset: None,
        }))
    }

    /// Replaces the specific sentence.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.0.description = description.into();
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

    /// The `KT-…` code, if it has one.
    pub fn code_name(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What goes to the log and never to the client.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The sentence on the wire.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// `extensions` of the envelope, keys in the order of the original.
    pub fn extensions(&self) -> Option<Value> {
        let code = self.0.code.as_deref()?;
        let mut map = Map::new();
        map.insert("errorType".into(), json!(self.0.kind));
        map.insert("errorCode".into(), json!(code));
        map.insert("errorDescription".into(), json!(self.0.description));
        map.extend(self.0.extra.clone());
        Some(Value::Object(map))
    }
}
