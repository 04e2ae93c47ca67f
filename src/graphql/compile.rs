//! Turns the pruned schema and the bindings into the [`Model`] that execution walks.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use apollo_compiler::Node;
use apollo_compiler::Schema;
use apollo_compiler::ast::{InputValueDefinition, Type};
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use serde_json::{Map, Value};

use super::bindings::{Bindings, ObjectBinding};
use super::connection;
use super::edition::Edition;
use super::input::literal;
use super::load::LoadError;
use super::model::{
    FieldDef, FieldFacts, InputDef, Model, ObjectDef, Scalar, Source, Ty, TypeDef, TypeId, TypeKind,
};
use super::possible_errors;
use super::prune::{FieldKey, is_connection};
use super::secrets::Secrets;

/// Input objects nested deeper than this inside defaults do not exist in practice.
const MAX_DEFAULT_PASSES: usize = 8;

pub(super) fn compile<C: Send + Sync + 'static>(
    schema: &Schema,
    edition: &Edition,
    bindings: &Bindings<C>,
    facts: &HashMap<FieldKey, FieldFacts>,
) -> Result<Model<C>, LoadError> {
    let by_name: HashMap<String, TypeId> =
        schema.types.keys().enumerate().map(|(id, name)| (name.to_string(), id)).collect();
    let canonical: BTreeMap<&str, &str> =
        edition.renames.iter().map(|(from, to)| (to.as_str(), from.as_str())).collect();
    let connections = connection::bindings();
    let compiler = Compiler {
        schema,
        by_name: &by_name,
        bindings,
        facts,
        connections: &connections,
        error_entry: possible_errors::entry_binding(),
        payload_codes: possible_errors::by_payload(schema, facts),
    };
    let mut types = Vec::with_capacity(schema.types.len());
    for (name, def) in &schema.types {
        let shown = canonical.get(name.as_str()).copied().unwrap_or(name.as_str());
        types.push(TypeDef {
            name: name.to_string(),
            canonical: shown.to_owned(),
            kind: compiler.kind(name, shown, def)?,
            is_connection: is_connection(schema, name),
        });
    }
    let root = |name: &Option<_>| {
        let name: &Option<apollo_compiler::schema::ComponentName> = name;
        name.as_ref().and_then(|name| by_name.get(name.as_str()).copied())
    };
    let query = root(&schema.schema_definition.query).ok_or(LoadError::NoQuery)?;
    let mutation = root(&schema.schema_definition.mutation);
    let mut model = Model { types, by_name, query, mutation, secrets: Secrets::default() };
    fill_defaults(schema, &mut model)?;
    Ok(model)
}

struct Compiler<'a, C> {
    schema: &'a Schema,
    by_name: &'a HashMap<String, TypeId>,
    bindings: &'a Bindings<C>,
    facts: &'a HashMap<FieldKey, FieldFacts>,
    connections: &'a connection::ConnectionBindings,
    error_entry: ObjectBinding,
    payload_codes: HashMap<String, Vec<String>>,
}

impl<C: Send + Sync + 'static> Compiler<'_, C> {
    fn kind(&self, name: &str, canonical: &str, def: &ExtendedType) -> Result<TypeKind<C>, LoadError> {
        Ok(match def {
            ExtendedType::Scalar(_) => TypeKind::Scalar(Scalar::of(name)),
            ExtendedType::Enum(e) => TypeKind::Enum(e.values.keys().map(ToString::to_string).collect()),
            ExtendedType::Union(union) => {
                TypeKind::Abstract(union.members.iter().filter_map(|m| self.id(m)).collect())
            }
            ExtendedType::Interface(_) => TypeKind::Abstract(self.implementing_objects(name)),
            ExtendedType::InputObject(input) => {
                TypeKind::Input(input.fields.values().map(|f| self.input(f)).collect())
            }
            // The introspection types are answered apart and have no bindings.
            ExtendedType::Object(_) if def.is_built_in() => {
                TypeKind::Object(ObjectDef { fields: Vec::new(), index: HashMap::new() })
            }
            ExtendedType::Object(object) => {
                let mut fields = Vec::with_capacity(object.fields.len());
                for (field, definition) in &object.fields {
                    fields.push(self.field(name, canonical, field, definition)?);
                }
                let index = fields.iter().enumerate().map(|(i, f)| (f.name.clone(), i)).collect();
                TypeKind::Object(ObjectDef { fields, index })
            }
        })
    }

    fn id(&self, name: &str) -> Option<TypeId> {
        self.by_name.get(name).copied()
    }

    fn implementing_objects(&self, interface: &str) -> Vec<TypeId> {
        self.schema
            .types
            .iter()
            .filter(|(_, def)| {
                matches!(def, ExtendedType::Object(o) if o.implements_interfaces.contains(interface))
            })
            .filter_map(|(name, _)| self.id(name))
            .collect()
    }

    fn ty(&self, ty: &Type) -> Ty {
        match ty {
            Type::Named(name) => Ty::Named(self.id(name).unwrap_or_default()),
            Type::NonNullNamed(name) => Ty::NonNull(Box::new(Ty::Named(self.id(name).unwrap_or_default()))),
            Type::List(item) => Ty::List(Box::new(self.ty(item))),
            Type::NonNullList(item) => Ty::NonNull(Box::new(Ty::List(Box::new(self.ty(item))))),
        }
    }

    fn input(&self, definition: &Node<InputValueDefinition>) -> InputDef {
        InputDef { name: definition.name.as_str().into(), ty: self.ty(&definition.ty), default: None }
    }

    fn field(
        &self,
        type_name: &str,
        canonical: &str,
        field: &str,
        definition: &Node<FieldDefinition>,
    ) -> Result<FieldDef<C>, LoadError> {
        let source = self
            .source(type_name, canonical, field)
            .ok_or_else(|| LoadError::NoSuchField(format!("{canonical}.{field}")))?;
        Ok(FieldDef {
            name: field.to_owned(),
            ty: self.ty(&definition.ty),
            args: definition.arguments.iter().map(|a| self.input(a)).collect(),
            source,
            facts: self.facts.get(&(type_name.to_owned(), field.to_owned())).cloned().unwrap_or_default(),
        })
    }

    fn source(&self, type_name: &str, canonical: &str, field: &str) -> Option<Source<C>> {
        if let Some(bound) = self.bindings.resolvers.get(format!("{canonical}.{field}").as_str()) {
            return Some(Source::Resolver(Arc::clone(&bound.resolver)));
        }
        let own = self.bindings.objects.get(canonical).and_then(|object| from_tables(object, field));
        own.or_else(|| from_tables(self.shared_tables(type_name), field)).or_else(|| {
            let table = possible_errors::payload_table(&self.payload_codes, type_name)?;
            table.names().contains(&field).then_some(Source::Part { table, index: 0 })
        })
    }

    /// Tables that every area shares.
    fn shared_tables(&self, type_name: &str) -> &ObjectBinding {
        if type_name == possible_errors::ENTRY_TYPE {
            &self.error_entry
        } else if is_connection(self.schema, type_name) {
            &self.connections.connection
        } else if type_name == "PageInfo" {
            &self.connections.page_info
        } else {
            &self.connections.edge
        }
    }
}

fn from_tables<C>(object: &ObjectBinding, field: &str) -> Option<Source<C>> {
    for table in &object.leaves {
        if let Some(index) = table.names().iter().position(|name| *name == field) {
            return Some(Source::Leaf { table: Arc::clone(table), index });
        }
    }
    for table in &object.parts {
        if let Some(index) = table.names().iter().position(|name| *name == field) {
            return Some(Source::Part { table: Arc::clone(table), index });
        }
    }
    None
}

/// A default to set: the type, the field where it is an argument, the input and its value.
type FoundDefault = (TypeId, Option<usize>, usize, Value);

/// Coerces defaults until nested ones have settled too: one that needs another's comes a pass later.
fn fill_defaults<C>(schema: &Schema, model: &mut Model<C>) -> Result<(), LoadError> {
    for _ in 0..MAX_DEFAULT_PASSES {
        let (found, failed) = collect_defaults(schema, model);
        let mut changed = false;
        for (type_id, field, index, value) in found {
            let slot = match (&mut model.types[type_id].kind, field) {
                (TypeKind::Input(inputs), None) => &mut inputs[index].default,
                (TypeKind::Object(object), Some(field)) => &mut object.fields[field].args[index].default,
                _ => continue,
            };
            if slot.as_ref() != Some(&value) {
                *slot = Some(value);
                changed = true;
            }
        }
        if !changed {
            return failed.map_or(Ok(()), Err);
        }
    }
    Err(LoadError::Invalid("the defaults of input fields contain each other without an end".into()))
}

fn collect_defaults<C>(schema: &Schema, model: &Model<C>) -> (Vec<FoundDefault>, Option<LoadError>) {
    let mut found = Vec::new();
    let mut failed = None;
    let mut note =
        |id, field, index, ty: &Ty, definition: &InputValueDefinition, owner: &str| match default_of(
            model, ty, definition, owner,
        ) {
            Ok(Some(value)) => found.push((id, field, index, value)),
            Ok(None) => {}
            Err(error) => failed = Some(error),
        };
    for (id, (name, def)) in schema.types.iter().enumerate() {
        match (def, &model.types[id].kind) {
            (ExtendedType::InputObject(input), TypeKind::Input(inputs)) => {
                for (index, definition) in input.fields.values().enumerate() {
                    note(id, None, index, &inputs[index].ty, definition, name);
                }
            }
            (ExtendedType::Object(object), TypeKind::Object(compiled)) if !def.is_built_in() => {
                for (field, definition) in object.fields.values().enumerate() {
                    for (index, argument) in definition.arguments.iter().enumerate() {
                        note(id, Some(field), index, &compiled.fields[field].args[index].ty, argument, name);
                    }
                }
            }
            _ => {}
        }
    }
    (found, failed)
}

fn default_of<C>(
    model: &Model<C>,
    ty: &Ty,
    definition: &InputValueDefinition,
    owner: &str,
) -> Result<Option<Value>, LoadError> {
    let Some(written) = &definition.default_value else { return Ok(None) };
    let wrong = |why: &str| LoadError::Invalid(format!("default of {owner}.{}: {why}", definition.name));
    let template = literal(model, ty, written).map_err(|bad| wrong(&bad.message))?;
    match template.fill(&Map::new()) {
        Ok(value) => Ok(value),
        Err(_) => Err(wrong("holds a variable")),
    }
}
