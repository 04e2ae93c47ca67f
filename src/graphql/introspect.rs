//! Introspection: answered by apollo-compiler from the served schema.

use apollo_compiler::Schema;
use apollo_compiler::collections::HashMap;
use apollo_compiler::introspection::{check_max_depth, partial_execute};
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::{Implementers, Name};
use apollo_compiler::validation::Valid;
use serde_json::{Map, Value};

use super::document::{Prepared, RequestError};

/// The schema with what introspection looks up again and again.
pub(super) struct Introspection {
    implementers: HashMap<Name, Implementers>,
}

impl Introspection {
    pub(super) fn new(schema: &Valid<Schema>) -> Self {
        Self { implementers: schema.implementers_map() }
    }

    /// Answers `__schema` and `__type` of an operation, by response key.
    ///
    /// # Errors
    /// Lists of the schema nested deeper than any honest tool asks for.
    pub(super) fn answer(
        &self,
        schema: &Valid<Schema>,
        prepared: &Prepared,
        variables: &Map<String, Value>,
    ) -> Result<Value, RequestError> {
        let refuse =
            |error: apollo_compiler::request::RequestError| RequestError::new(error.message().to_string());
        check_max_depth(&prepared.document, &prepared.operation).map_err(refuse)?;
        let variables = to_bytes(variables)?;
        let response = partial_execute(
            schema,
            &self.implementers,
            &prepared.document,
            &prepared.operation,
            Valid::assume_valid_ref(&variables),
        )
        .map_err(refuse)?;
        serde_json::to_value(response.data).map_err(|e| RequestError::new(e.to_string()))
    }
}

/// apollo-compiler keeps JSON in its own map.
fn to_bytes(variables: &Map<String, Value>) -> Result<JsonMap, RequestError> {
    serde_json::to_vec(variables)
        .and_then(|text| serde_json::from_slice(&text))
        .map_err(|e| RequestError::new(e.to_string()))
}
