//! Inputs that messages must not repeat: marked `@secret` in the SDL, known by name from then on, so that a
//! value in the wrong place is kept out of messages as well.

use std::collections::HashSet;

use apollo_compiler::Node;
use apollo_compiler::Schema;
use apollo_compiler::ast::InputValueDefinition;
use apollo_compiler::schema::ExtendedType;
use serde_json::Value;

const DIRECTIVE: &str = "secret";
/// What stands in messages instead.
pub(super) const HIDDEN: &str = "***";

/// The names of secret arguments and input fields.
#[derive(Debug, Default)]
pub(super) struct Secrets(HashSet<String>);

impl Secrets {
    /// Reads the directive off every argument and input field, and takes it out of the schema.
    pub(super) fn take(schema: &mut Schema) -> Self {
        let mut names = HashSet::new();
        for def in schema.types.values_mut() {
            match def {
                ExtendedType::InputObject(input) => {
                    let fields = input.make_mut().fields.values_mut();
                    fields.for_each(|field| strip(field.make_mut(), &mut names));
                }
                ExtendedType::Object(object) => {
                    let fields = object.make_mut().fields.values_mut();
                    let arguments = fields.flat_map(|field| field.make_mut().arguments.iter_mut());
                    arguments.for_each(|argument: &mut Node<InputValueDefinition>| {
                        strip(argument.make_mut(), &mut names);
                    });
                }
                _ => {}
            }
        }
        schema.directive_definitions.shift_remove(DIRECTIVE);
        Self(names)
    }

    /// Whether values under this name are secret.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Whether a piece of a document names anything secret.
    pub(super) fn named_in(&self, text: &str) -> bool {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.into_iter().any(|word| self.0.contains(word))
    }

    /// `value` with everything secret inside hidden.
    pub(super) fn mask(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) if !self.0.is_empty() => Value::Object(
                map.iter()
                    .map(|(key, each)| {
                        let each = if self.has(key) { Value::from(HIDDEN) } else { self.mask(each) };
                        (key.clone(), each)
                    })
                    .collect(),
            ),
            Value::Array(items) => Value::Array(items.iter().map(|each| self.mask(each)).collect()),
            other => other.clone(),
        }
    }
}

fn strip(definition: &mut InputValueDefinition, names: &mut HashSet<String>) {
    if definition.directives.has(DIRECTIVE) {
        names.insert(definition.name.to_string());
        definition.directives.retain(|directive| directive.name != DIRECTIVE);
    }
}
