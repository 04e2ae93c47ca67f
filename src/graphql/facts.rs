//! What the SDL's own directives say of a field: read once, then taken out of the served schema.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use apollo_compiler::ast::Value;
use apollo_compiler::schema::{Component, ExtendedType, FieldDefinition};
use apollo_compiler::{Name, Node, Schema};

use super::edition::Edition;
use super::error::code_entry;
use super::model::{FieldFacts, Rate};
use super::prune::{FieldKey, is_connection};

/// A field in brownout.
pub const DISABLED: &str = "KT-CT-1113";
/// Valid credential, insufficient role.
pub const FORBIDDEN: &str = "KT-CT-1111";
/// No credential at all.
pub const NO_CREDENTIAL: &str = "KT-CT-1112";
/// What a connection's paging arguments can be refused with.
pub const PAGING: [&str; 4] = ["KT-CT-1201", "KT-CT-1202", "KT-CT-1203", "KT-CT-1204"];

const DIRECTIVES: [&str; 5] = ["errors", "access", "scopes", "cost", "rate"];
/// Who may call a root field that has no `@access`: anybody with a credential.
const ANY_CREDENTIAL: [&str; 3] = ["CUSTOMER", "ORGANISATION", "STAFF"];
const ANYONE: &str = "ANYONE";

/// Reads the facts of every field and strips the directives that carried them.
pub(super) fn take(schema: &mut Schema, edition: &Edition) -> HashMap<FieldKey, FieldFacts> {
    let canonical: HashMap<String, String> =
        edition.renames.iter().map(|(from, to)| (to.clone(), from.clone())).collect();
    let query = schema.schema_definition.query.as_ref().map(|name| name.to_string());
    let mutation = schema.schema_definition.mutation.as_ref().map(|name| name.to_string());
    let connections: HashSet<String> =
        schema.types.keys().filter(|name| is_connection(schema, name)).map(ToString::to_string).collect();
    let mut facts = HashMap::new();
    for (name, def) in &mut schema.types {
        let fields = match def {
            ExtendedType::Object(object) if !object.name.starts_with("__") => &mut object.make_mut().fields,
            ExtendedType::Interface(interface) => &mut interface.make_mut().fields,
            _ => continue,
        };
        let shown = canonical.get(name.as_str()).cloned().unwrap_or_else(|| name.to_string());
        let is_mutation = mutation.as_deref() == Some(name.as_str());
        let is_root = is_mutation || query.as_deref() == Some(name.as_str());
        let in_scoped_type = fields.values().any(|field| field.directives.has("scopes"));
        for (field, definition) in fields.iter_mut() {
            let mut fact = read(definition, &shown, is_root);
            fact.is_mutation = is_mutation;
            fact.in_scoped_type = in_scoped_type && !is_root;
            fact.is_connection = connections.contains(definition.ty.inner_named_type().as_str())
                && definition.argument_by_name("first").is_some();
            complete_codes(&mut fact);
            strip(definition, &fact);
            facts.insert((name.to_string(), field.to_string()), fact);
        }
    }
    for name in DIRECTIVES {
        schema.directive_definitions.shift_remove(name);
    }
    facts
}

fn read(definition: &FieldDefinition, type_name: &str, is_root: bool) -> FieldFacts {
    let names = |directive: &str, argument: &str| -> Vec<String> {
        let found = definition.directives.get(directive).and_then(|d| d.specified_argument_by_name(argument));
        let items = found.and_then(|value| value.as_list()).unwrap_or_default();
        items.iter().filter_map(text).collect()
    };
    let mut access = names("access", "to");
    if access.is_empty() && is_root {
        access = ANY_CREDENTIAL.map(str::to_owned).to_vec();
    }
    let number = |directive: &str, argument: &str| -> Option<i32> {
        definition.directives.get(directive)?.specified_argument_by_name(argument)?.to_i32()
    };
    let weight = number("cost", "weight").and_then(|weight| u32::try_from(weight).ok());
    let rate = number("rate", "limit").zip(number("rate", "seconds"));
    FieldFacts {
        coordinate: format!("{type_name}.{}", definition.name),
        codes: names("errors", "codes"),
        access,
        scopes: names("scopes", "any"),
        weight,
        rate: rate.map(|(limit, seconds)| Rate { limit, seconds }),
        deprecated: definition.directives.has("deprecated"),
        is_root,
        ..FieldFacts::default()
    }
}

fn text(value: &Node<Value>) -> Option<String> {
    value.as_str().or_else(|| value.as_enum().map(Name::as_str)).map(str::to_owned)
}

/// Adds the codes that follow from what the field is.
fn complete_codes(fact: &mut FieldFacts) {
    let mut implied: Vec<&str> = Vec::new();
    if fact.is_connection {
        implied.extend(PAGING);
    }
    if fact.is_root {
        implied.push(DISABLED);
    }
    if fact.is_guarded() {
        // No field is for every kind of viewer in every kind of session.
        implied.push(FORBIDDEN);
        implied.push(NO_CREDENTIAL);
    }
    for code in implied {
        if !fact.codes.iter().any(|known| known == code) {
            fact.codes.push(code.to_owned());
        }
    }
}

impl FieldFacts {
    /// True where a credential is needed for the field itself.
    pub fn is_guarded(&self) -> bool {
        !self.access.is_empty() && !self.access.iter().any(|viewer| viewer == ANYONE)
    }
}

/// Takes the directives off and writes the codes into the description, where clients look for them.
fn strip(definition: &mut Component<FieldDefinition>, fact: &FieldFacts) {
    let definition = definition.make_mut();
    definition.directives.retain(|d| !DIRECTIVES.contains(&d.name.as_str()));
    if fact.codes.is_empty() {
        return;
    }
    let mut text = definition.description.as_ref().map_or_else(String::new, |d| d.to_string());
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str("The possible errors that can be raised are:\n");
    for code in &fact.codes {
        let message = code_entry(code).map_or("", |entry| entry.message.as_str());
        // Writing to a string cannot fail.
        let _ = write!(text, "\n- {code}: {message}");
    }
    definition.description = Some(Node::new_str(&text));
}
