//! What the engine asks of the program around it.

use serde_json::{Map, Value};

use super::error::FieldError;
use super::model::FieldFacts;
use super::resolved::BoxFuture;

/// The state of one request, as the program sees it.
pub trait Context: Send + Sync + 'static {
    /// May this viewer use this field now? Asked once a field and level, before arguments are looked at.
    ///
    /// # Errors
    /// The coded refusal.
    fn guard(&self, _field: &FieldFacts) -> Result<(), FieldError> {
        Ok(())
    }

    /// May this field be run with these arguments, by their names in the schema?
    ///
    /// # Errors
    /// The coded refusal.
    fn examine(&self, _arguments: &Map<String, Value>) -> Result<(), FieldError> {
        Ok(())
    }

    /// Called with the complexity of the operation and its root fields before it runs.
    ///
    /// # Errors
    /// The coded refusal, answered at the first root field.
    fn admit(&self, _complexity: u64, _roots: &[&FieldFacts]) -> BoxFuture<'_, Result<(), FieldError>> {
        Box::pin(async { Ok(()) })
    }

    /// Called when a root mutation and its selection are done, before the next one starts.
    fn root_finished(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl Context for () {}
