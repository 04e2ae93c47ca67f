//! Introspection: answered by apollo-compiler from the served schema.

use apollo_compiler::ast::{DirectiveDefinition, FieldDefinition, InputValueDefinition, Type};
use apollo_compiler::collections::HashMap;
use apollo_compiler::executable::{Field, Selection, SelectionSet};
use apollo_compiler::introspection::{check_max_depth, partial_execute};
use apollo_compiler::request::RequestError as Refusal;
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::{ExtendedType, Implementers, Name};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::{Map, Value};

use super::document::{Prepared, RequestError};

/// Most values in one answer about the schema. The standard query takes a quarter of it for a schema of
/// 2,400 types; aliases could make it any number.
const MAX_VALUES: usize = 600_000;

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
    /// Lists of the schema nested deeper, or aliased more often, than any honest tool asks for.
    pub(super) fn answer(
        &self,
        schema: &Valid<Schema>,
        prepared: &Prepared,
        variables: &Map<String, Value>,
    ) -> Result<JsonMap, RequestError> {
        let refuse = |error: Refusal| RequestError::new(error.message().to_string());
        check_max_depth(&prepared.document, &prepared.operation).map_err(refuse)?;
        let mut count = Count { schema, introspection: self, document: &prepared.document, values: 0 };
        count.root(&prepared.operation.selection_set)?;
        let variables = to_bytes(variables)?;
        let response = partial_execute(
            schema,
            &self.implementers,
            &prepared.document,
            &prepared.operation,
            Valid::assume_valid_ref(&variables),
        )
        .map_err(refuse)?;
        Ok(response.data.unwrap_or_default())
    }
}

/// apollo-compiler keeps JSON in its own map.
fn to_bytes(variables: &Map<String, Value>) -> Result<JsonMap, RequestError> {
    serde_json::to_vec(variables)
        .and_then(|text| serde_json::from_slice(&text))
        .map_err(|e| RequestError::new(e.to_string()))
}

/// Counts the values of an answer before it is made, conditions and merging aside.
struct Count<'a> {
    schema: &'a Schema,
    introspection: &'a Introspection,
    document: &'a ExecutableDocument,
    values: usize,
}

/// What a selection is about.
#[derive(Clone, Copy)]
enum About<'a> {
    Schema,
    Type(&'a Type),
    Named(&'a Name),
    Field(&'a FieldDefinition),
    Input(&'a InputValueDefinition),
    Directive(&'a DirectiveDefinition),
    /// Something without parts.
    Plain,
}

type Counted = Result<(), RequestError>;

impl<'a> Count<'a> {
    fn root(&mut self, set: &'a SelectionSet) -> Counted {
        self.each(set, &mut |count, field| match field.name.as_str() {
            "__schema" => count.set(About::Schema, &field.selection_set),
            "__type" => {
                let name = field.specified_argument_by_name("name").and_then(|value| value.as_str());
                let known = name.and_then(|name| count.schema.types.get_key_value(name));
                match known {
                    Some((name, _)) => count.set(About::Named(name), &field.selection_set),
                    // Given by a variable: any type, also the largest.
                    None => {
                        let largest = count.schema.types.iter().max_by_key(|(_, def)| members(def));
                        largest
                            .map_or(Ok(()), |(name, _)| count.set(About::Named(name), &field.selection_set))
                    }
                }
            }
            _ => Ok(()),
        })
    }

    /// Visits the fields of a selection, through fragments.
    fn each(
        &mut self,
        set: &'a SelectionSet,
        visit: &mut dyn FnMut(&mut Self, &'a Field) -> Counted,
    ) -> Counted {
        for selection in &set.selections {
            self.values += 1;
            if self.values > MAX_VALUES {
                return Err(RequestError::new("The document asks for too much of the schema."));
            }
            match selection {
                Selection::Field(field) => visit(self, field)?,
                Selection::InlineFragment(inline) => self.each(&inline.selection_set, visit)?,
                Selection::FragmentSpread(spread) => {
                    let document = self.document;
                    if let Some(fragment) = document.fragments.get(&spread.fragment_name) {
                        self.each(&fragment.selection_set, visit)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn set(&mut self, about: About<'a>, set: &'a SelectionSet) -> Counted {
        self.each(set, &mut |count, field| count.field(about, field))
    }

    fn field(&mut self, about: About<'a>, field: &'a Field) -> Counted {
        let (schema, below) = (self.schema, &field.selection_set);
        if below.is_empty() {
            return Ok(());
        }
        match (about, field.name.as_str()) {
            (About::Schema, "types") => {
                schema.types.keys().try_for_each(|name| self.set(About::Named(name), below))
            }
            (About::Schema, "directives") => schema
                .directive_definitions
                .values()
                .try_for_each(|directive| self.set(About::Directive(directive), below)),
            (About::Schema, _) => {
                let root = match field.name.as_str() {
                    "queryType" => &schema.schema_definition.query,
                    "mutationType" => &schema.schema_definition.mutation,
                    _ => &None,
                };
                root.as_ref().map_or(Ok(()), |name| self.set(About::Named(&name.name), below))
            }
            (About::Type(Type::Named(name)), _) | (About::Named(name), _) => self.members(name, field),
            (About::Type(Type::List(inner) | Type::NonNullList(inner)), "ofType") => {
                self.set(About::Type(inner), below)
            }
            (About::Type(Type::NonNullNamed(name)), "ofType") => self.set(About::Named(name), below),
            (About::Field(definition), "args") => {
                definition.arguments.iter().try_for_each(|input| self.set(About::Input(input), below))
            }
            (About::Field(definition), "type") => self.set(About::Type(&definition.ty), below),
            (About::Input(definition), "type") => self.set(About::Type(&definition.ty), below),
            (About::Directive(definition), "args") => {
                definition.arguments.iter().try_for_each(|input| self.set(About::Input(input), below))
            }
            _ => Ok(()),
        }
    }

    /// The lists of a named type.
    fn members(&mut self, name: &'a Name, field: &'a Field) -> Counted {
        let below = &field.selection_set;
        let Some(def) = self.schema.types.get(name) else { return Ok(()) };
        match (field.name.as_str(), def) {
            ("fields", ExtendedType::Object(object)) => {
                object.fields.values().try_for_each(|field| self.set(About::Field(field), below))
            }
            ("fields", ExtendedType::Interface(interface)) => {
                interface.fields.values().try_for_each(|field| self.set(About::Field(field), below))
            }
            ("inputFields", ExtendedType::InputObject(input)) => {
                input.fields.values().try_for_each(|input| self.set(About::Input(input), below))
            }
            ("enumValues", ExtendedType::Enum(values)) => {
                values.values.iter().try_for_each(|_| self.set(About::Plain, below))
            }
            ("interfaces", ExtendedType::Object(object)) => object
                .implements_interfaces
                .iter()
                .try_for_each(|name| self.set(About::Named(&name.name), below)),
            ("interfaces", ExtendedType::Interface(interface)) => {
                let mut all = interface.implements_interfaces.iter();
                all.try_for_each(|name| self.set(About::Named(&name.name), below))
            }
            ("possibleTypes", ExtendedType::Union(union)) => {
                union.members.iter().try_for_each(|name| self.set(About::Named(&name.name), below))
            }
            ("possibleTypes", ExtendedType::Interface(_)) => {
                let introspection = self.introspection;
                let objects = introspection.implementers.get(name).map(|found| &found.objects);
                objects.into_iter().flatten().try_for_each(|name| self.set(About::Named(name), below))
            }
            _ => Ok(()),
        }
    }
}

/// How many members a type has.
fn members(def: &ExtendedType) -> usize {
    match def {
        ExtendedType::Object(object) => object.fields.len(),
        ExtendedType::Interface(interface) => interface.fields.len(),
        ExtendedType::InputObject(input) => input.fields.len(),
        ExtendedType::Enum(values) => values.values.len(),
        ExtendedType::Union(union) => union.members.len(),
        ExtendedType::Scalar(_) => 0,
    }
}
