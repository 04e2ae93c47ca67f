//! `possibleErrors` of mutation payloads: the codes that the SDL declares for the mutation.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use apollo_compiler::Schema;
use apollo_compiler::schema::ExtendedType;

use super::bindings::{Bindings, ObjectBinding, PartTable};
use super::error::{CodeEntry, code_entry};
use super::model::FieldFacts;
use super::prune::{FieldKey, field_of};
use super::resolved::Resolved;

const FIELD: &str = "possibleErrors";
/// The type that describes one error a field may raise.
pub(super) const ENTRY_TYPE: &str = "PossibleErrorType";

/// One error that a field may raise.
pub struct PossibleError {
    code: String,
    entry: Option<&'static CodeEntry>,
}

/// Rows of `PossibleErrorType` for these codes.
pub fn possible_errors(codes: &[String]) -> Resolved {
    Resolved::nodes(codes.iter().map(|code| PossibleError { code: code.clone(), entry: code_entry(code) }))
}

/// Adds `possibleErrors` to the payload of every bound mutation that declares it.
pub(super) fn bind(schema: &Schema, bound: &mut HashSet<FieldKey>) {
    let payloads: Vec<String> = bound.iter().filter_map(|(ty, field)| payload(schema, ty, field)).collect();
    bound.extend(payloads.into_iter().map(|payload| (payload, FIELD.to_owned())));
    if let Some(ExtendedType::Object(entry)) = schema.types.get(ENTRY_TYPE) {
        bound.extend(entry.fields.keys().map(|field| (ENTRY_TYPE.to_owned(), field.to_string())));
    }
}

/// The payload type of a mutation, if it has the field.
fn payload(schema: &Schema, type_name: &str, field: &str) -> Option<String> {
    let mutation = schema.schema_definition.mutation.as_ref()?;
    let returned = field_of(schema, type_name, field).filter(|_| mutation.as_str() == type_name)?;
    let payload = returned.ty.inner_named_type();
    let listed = field_of(schema, payload, FIELD)?;
    (listed.ty.inner_named_type() == ENTRY_TYPE).then(|| payload.to_string())
}

/// The codes of each payload type. Where mutations share one, it lists what any of them may raise.
pub(super) fn by_payload(
    schema: &Schema,
    facts: &HashMap<FieldKey, FieldFacts>,
) -> HashMap<String, Vec<String>> {
    let mut all: HashMap<String, Vec<String>> = HashMap::new();
    for ((type_name, field), fact) in facts.iter().filter(|(_, fact)| fact.is_mutation) {
        let Some(payload) = payload(schema, type_name, field) else { continue };
        let codes = all.entry(payload).or_default();
        codes.extend(fact.codes.iter().cloned());
        codes.sort();
        codes.dedup();
    }
    all
}

/// The table behind `possibleErrors` of one payload type.
pub(super) struct CodesTable(pub Vec<String>);

impl PartTable for CodesTable {
    fn names(&self) -> Vec<&'static str> {
        vec![FIELD]
    }

    fn row_type(&self) -> Option<(TypeId, &'static str)> {
        None
    }

    fn read(&self, _row: &(dyn Any + Send + Sync), _index: usize) -> Resolved {
        possible_errors(&self.0)
    }
}

/// The table of `PossibleErrorType`.
pub(super) fn entry_binding() -> ObjectBinding {
    let mut all = Bindings::<()>::default();
    all.leaves::<PossibleError>(
        ENTRY_TYPE,
        &[
            ("code", |e| e.code.as_str().into()),
            ("message", |e| e.entry.map(|entry| entry.message.as_str()).into()),
            ("type", |e| e.entry.map(|entry| entry.kind.as_str()).into()),
            ("description", |e| e.entry.map(|entry| entry.description.as_str()).into()),
        ],
    );
    all.objects.swap_remove(ENTRY_TYPE).unwrap_or_default()
}

/// The table for `possibleErrors` of `payload`.
pub(super) fn payload_table(
    codes: &HashMap<String, Vec<String>>,
    payload: &str,
) -> Option<Arc<dyn PartTable>> {
    codes.get(payload).map(|codes| Arc::new(CodesTable(codes.clone())) as Arc<dyn PartTable>)
}
