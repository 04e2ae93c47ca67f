//! Served = works: what nothing resolves is cut from the schema, to a fixed point.

use std::collections::{HashMap, HashSet};

use apollo_compiler::schema::{Component, ExtendedType, FieldDefinition, InputValueDefinition};
use apollo_compiler::{Name, Node, Schema};

use super::bindings::Bindings;
use super::edition::Edition;
use super::facts;
use super::load::LoadError;
use super::model::FieldFacts;
use super::possible_errors;

/// A field, by type and name as served.
pub(super) type FieldKey = (String, String);

pub(super) struct Pruned {
    pub schema: Schema,
    pub facts: HashMap<FieldKey, FieldFacts>,
    pub dark: Vec<String>,
}

pub(super) fn prune<C: Send + Sync + 'static>(
    mut schema: Schema,
    edition: &Edition,
    bindings: &Bindings<C>,
) -> Result<Pruned, LoadError> {
    cut_left_out(&mut schema, edition, &bindings.dark)?;
    let bound = bound_fields(&schema, edition, bindings)?;
    let alive = Alive::settle(&schema, &bound);
    alive.explain_dead(&schema, &bound)?;
    let dark = dark_fields(&schema, edition, &alive);
    alive.cut(&mut schema);
    let reached = reach(&schema);
    schema.types.retain(|name, def| reached.contains(name.as_str()) || def.is_built_in());
    for def in schema.types.values_mut() {
        cut_unreached_interfaces(def, &reached);
    }
    let facts = facts::take(&mut schema, edition);
    Ok(Pruned { schema, facts, dark })
}

/// Removes arguments, input fields and enum values that the bindings leave out by name.
fn cut_left_out(schema: &mut Schema, edition: &Edition, dark: &[&str]) -> Result<(), LoadError> {
    for coordinate in dark {
        let mut parts = coordinate.splitn(3, '.');
        let (Some(type_name), Some(member)) = (parts.next(), parts.next()) else {
            return Err(LoadError::NoSuchDark((*coordinate).to_owned()));
        };
        let argument = parts.next();
        let removed = match (schema.types.get_mut(edition.served(type_name)), argument) {
            (Some(ExtendedType::InputObject(input)), None) => {
                input.make_mut().fields.shift_remove(member).is_some()
            }
            (Some(ExtendedType::Enum(values)), None) => {
                values.make_mut().values.shift_remove(member).is_some()
            }
            (Some(ExtendedType::Object(object)), Some(argument)) => {
                cut_argument(object.make_mut().fields.get_mut(member), argument)
            }
            (Some(ExtendedType::Interface(interface)), Some(argument)) => {
                cut_argument(interface.make_mut().fields.get_mut(member), argument)
            }
            _ => false,
        };
        if !removed {
            return Err(LoadError::NoSuchDark((*coordinate).to_owned()));
        }
    }
    Ok(())
}

fn cut_argument(field: Option<&mut Component<FieldDefinition>>, argument: &str) -> bool {
    field.is_some_and(|field| {
        let arguments = &mut field.make_mut().arguments;
        let before = arguments.len();
        arguments.retain(|a| a.name != argument);
        arguments.len() < before
    })
}

/// Every field that something stands behind, with the fields of connections that follow from it.
fn bound_fields<C>(
    schema: &Schema,
    edition: &Edition,
    bindings: &Bindings<C>,
) -> Result<HashSet<FieldKey>, LoadError> {
    let mut bound = HashSet::new();
    let mut add = |type_name: &str, field: &str| -> Result<&FieldDefinition, LoadError> {
        let coordinate = format!("{type_name}.{field}");
        let served = edition.served(type_name);
        let Some(ExtendedType::Object(object)) = schema.types.get(served) else {
            return Err(LoadError::NoSuchField(coordinate));
        };
        let Some(definition) = object.fields.get(field) else {
            return Err(LoadError::NoSuchField(coordinate));
        };
        if !bound.insert((served.to_owned(), field.to_owned())) {
            return Err(LoadError::BoundTwice(coordinate));
        }
        Ok(definition)
    };
    if let Some(coordinate) = bindings.bound_twice {
        return Err(LoadError::BoundTwice(coordinate.to_owned()));
    }
    for (type_name, object) in &bindings.objects {
        if let [(_, one), (_, other), ..] = object.row_types().as_slice() {
            let (one, other) = ((*one).to_owned(), (*other).to_owned());
            return Err(LoadError::TwoRowTypes((*type_name).to_owned(), one, other));
        }
        for field in object.leaves.iter().flat_map(|table| table.names()) {
            let ty = add(type_name, field)?.ty.inner_named_type();
            if !is_leaf(schema, ty) {
                return Err(LoadError::LeafBoundToObject(format!("{type_name}.{field}"), ty.to_string()));
            }
        }
        for field in object.parts.iter().flat_map(|table| table.names()) {
            let ty = add(type_name, field)?.ty.inner_named_type();
            if is_leaf(schema, ty) {
                return Err(LoadError::PartBoundToLeaf(format!("{type_name}.{field}"), ty.to_string()));
            }
        }
    }
    for (coordinate, resolver) in &bindings.resolvers {
        let (type_name, field) =
            coordinate.split_once('.').ok_or_else(|| LoadError::NoSuchField((*coordinate).to_owned()))?;
        add(type_name, field)?;
        if resolver.is_single && !is_root(schema, edition.served(type_name)) {
            return Err(LoadError::SingleBelowRoot((*coordinate).to_owned()));
        }
    }
    bind_connections(schema, &mut bound);
    possible_errors::bind(schema, &mut bound);
    Ok(bound)
}

fn is_root(schema: &Schema, name: &str) -> bool {
    let definition = &schema.schema_definition;
    [&definition.query, &definition.mutation].into_iter().flatten().any(|root| root.as_str() == name)
}

/// Adds the members of every connection that a bound field returns.
fn bind_connections(schema: &Schema, bound: &mut HashSet<FieldKey>) {
    let returned: HashSet<String> = bound
        .iter()
        .filter_map(|(type_name, field)| field_of(schema, type_name, field))
        .map(|field| field.ty.inner_named_type().to_string())
        .collect();
    for name in returned.iter().filter(|name| is_connection(schema, name)) {
        for member in ["pageInfo", "edges", "totalCount", "edgeCount"] {
            bind_if_there(schema, bound, name, member);
        }
        if let Some(edges) = field_of(schema, name, "edges") {
            for member in ["node", "cursor"] {
                bind_if_there(schema, bound, edges.ty.inner_named_type(), member);
            }
        }
        for member in ["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"] {
            bind_if_there(schema, bound, "PageInfo", member);
        }
    }
}

fn bind_if_there(schema: &Schema, bound: &mut HashSet<FieldKey>, type_name: &str, field: &str) {
    if field_of(schema, type_name, field).is_some() {
        bound.insert((type_name.to_owned(), field.to_owned()));
    }
}

/// The shape of a connection: `edges` and `pageInfo`.
pub(super) fn is_connection(schema: &Schema, name: &str) -> bool {
    matches!(schema.types.get(name), Some(ExtendedType::Object(object))
        if object.fields.contains_key("edges") && object.fields.contains_key("pageInfo"))
}

pub(super) fn field_of<'s>(schema: &'s Schema, type_name: &str, field: &str) -> Option<&'s FieldDefinition> {
    let fields = match schema.types.get(type_name)? {
        ExtendedType::Object(object) => &object.fields,
        ExtendedType::Interface(interface) => &interface.fields,
        _ => return None,
    };
    fields.get(field).map(|component| &***component)
}

fn is_leaf(schema: &Schema, name: &str) -> bool {
    matches!(schema.types.get(name), Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_)))
}

/// What survives: types, and fields by type.
struct Alive {
    types: HashSet<Name>,
    fields: HashMap<Name, HashSet<Name>>,
    /// Objects and interfaces that implement an interface, dead ones too.
    implementers: HashMap<Name, Vec<Name>>,
}

impl Alive {
    /// Starts from "everything bound works" and takes away until nothing more falls: first what objects,
    /// unions and inputs lose, then what that leaves of interfaces. An interface counts only implementers
    /// that are served, so its fields are looked at anew each time; once it has fallen, it stays so.
    fn settle(schema: &Schema, bound: &HashSet<FieldKey>) -> Self {
        let mut alive = Alive {
            types: schema.types.keys().cloned().collect(),
            fields: HashMap::new(),
            implementers: implementers(schema),
        };
        for (type_name, field) in bound {
            let (Some((name, _)), Ok(field)) =
                (schema.types.get_key_value(type_name.as_str()), Name::new(field))
            else {
                continue;
            };
            alive.fields.entry(name.clone()).or_default().insert(field);
        }
        loop {
            let before = alive.types.len();
            while alive.step(schema, |def| !def.is_interface()) {}
            for (name, def) in &schema.types {
                if let ExtendedType::Interface(interface) = def {
                    alive.fields.insert(name.clone(), interface.fields.keys().cloned().collect());
                }
            }
            while alive.step(schema, ExtendedType::is_interface) {}
            if alive.types.len() == before {
                return alive;
            }
        }
    }

    /// One round over the types that `wanted` names. True if anything fell.
    fn step(&mut self, schema: &Schema, wanted: impl Fn(&ExtendedType) -> bool) -> bool {
        let mut fell = false;
        for (name, def) in schema.types.iter().filter(|(_, def)| wanted(def)) {
            let dead = self.dead_fields(name, def);
            if let Some(fields) = self.fields.get_mut(name) {
                dead.iter().for_each(|field| fell |= fields.remove(field));
            }
            if !self.type_lives(name, def) {
                fell |= self.types.remove(name);
            }
        }
        fell
    }

    /// The live fields of a type that can live no longer.
    fn dead_fields(&self, name: &Name, def: &ExtendedType) -> Vec<Name> {
        let fields = match def {
            ExtendedType::Object(object) => &object.fields,
            ExtendedType::Interface(interface) => &interface.fields,
            _ => return Vec::new(),
        };
        let lives = |field: &Name, definition: &FieldDefinition| {
            let typed = self.types.contains(definition.ty.inner_named_type());
            let mut required = definition.arguments.iter().filter(|argument| argument.is_required());
            let arguments = required.all(|argument| self.input_lives(argument));
            let everywhere = !def.is_interface() || self.implementers(name).all(|o| self.has_field(o, field));
            typed && arguments && everywhere
        };
        let dead = fields.iter().filter(|(field, _)| self.has_field(name, field));
        dead.filter(|(field, definition)| !lives(field, definition)).map(|(field, _)| field.clone()).collect()
    }

    /// The live objects and interfaces that implement `interface`.
    fn implementers(&self, interface: &str) -> impl Iterator<Item = &Name> {
        let all = self.implementers.get(interface).into_iter().flatten();
        all.filter(|name| self.types.contains(*name))
    }

    fn has_field(&self, name: &str, field: &str) -> bool {
        self.fields.get(name).is_some_and(|fields| fields.contains(field))
    }

    fn has_fields(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|fields| !fields.is_empty())
    }

    fn type_lives(&self, name: &str, def: &ExtendedType) -> bool {
        match def {
            ExtendedType::Scalar(_) => true,
            ExtendedType::Enum(values) => !values.values.is_empty(),
            ExtendedType::Object(_) => def.is_built_in() || self.has_fields(name),
            ExtendedType::Interface(_) => self.has_fields(name) && self.implementers(name).next().is_some(),
            ExtendedType::Union(union) => union.members.iter().any(|m| self.types.contains(&m.name)),
            ExtendedType::InputObject(input) => input.fields.values().any(|f| self.input_lives(f)),
        }
    }

    fn input_lives(&self, input: &InputValueDefinition) -> bool {
        self.types.contains(input.ty.inner_named_type())
    }

    /// A bound field that fell is a mistake of the bindings: says which and why.
    fn explain_dead(&self, schema: &Schema, bound: &HashSet<FieldKey>) -> Result<(), LoadError> {
        let mut fallen: Vec<&FieldKey> =
            bound.iter().filter(|(name, field)| !self.has_field(name, field)).collect();
        fallen.sort();
        for (type_name, field) in fallen {
            let Some(definition) = field_of(schema, type_name, field) else { continue };
            let coordinate = format!("{type_name}.{field}");
            let inner = definition.ty.inner_named_type();
            if self.types.contains(inner.as_str()) {
                let argument = definition.arguments.iter().find(|a| a.is_required() && !self.input_lives(a));
                let name = argument.map_or_else(String::new, |a| a.name.to_string());
                return Err(LoadError::ArgumentLeftOut(coordinate, name));
            }
            return Err(match schema.types.get(inner) {
                Some(ExtendedType::Interface(_)) if self.implementers(inner).next().is_none() => {
                    LoadError::NoImplementers(coordinate, inner.to_string())
                }
                _ => LoadError::EmptyType(coordinate, inner.to_string()),
            });
        }
        let query = schema.schema_definition.query.as_ref();
        match query {
            Some(query) if self.types.contains(query.as_str()) => Ok(()),
            _ => Err(LoadError::NoQuery),
        }
    }

    /// Takes the dead out of the schema.
    fn cut(&self, schema: &mut Schema) {
        for (name, def) in &mut schema.types {
            if def.is_built_in() {
                continue;
            }
            match def {
                ExtendedType::Object(object) => {
                    let object = object.make_mut();
                    object.fields.retain(|f, _| self.has_field(name, f));
                    object.implements_interfaces.retain(|i| self.types.contains(i.as_str()));
                    object.fields.values_mut().for_each(|f| self.cut_arguments(f));
                }
                ExtendedType::Interface(interface) => {
                    let interface = interface.make_mut();
                    interface.fields.retain(|f, _| self.has_field(name, f));
                    interface.implements_interfaces.retain(|i| self.types.contains(i.as_str()));
                    interface.fields.values_mut().for_each(|f| self.cut_arguments(f));
                }
                ExtendedType::Union(union) => {
                    union.make_mut().members.retain(|m| self.types.contains(m.as_str()));
                }
                ExtendedType::InputObject(input) => {
                    input.make_mut().fields.retain(|_, f| self.input_lives(f));
                }
                _ => {}
            }
        }
        schema.types.retain(|name, def| self.types.contains(name.as_str()) || def.is_built_in());
        let types = &schema.types;
        let definition = schema.schema_definition.make_mut();
        definition.mutation.take_if(|name| !types.contains_key(name.as_str()));
        definition.subscription.take_if(|name| !types.contains_key(name.as_str()));
    }

    fn cut_arguments(&self, field: &mut Component<FieldDefinition>) {
        if field.arguments.iter().all(|a| self.input_lives(a)) {
            return;
        }
        field.make_mut().arguments.retain(|a: &Node<InputValueDefinition>| self.input_lives(a));
    }
}

/// Objects and interfaces by the interface they implement.
fn implementers(schema: &Schema) -> HashMap<Name, Vec<Name>> {
    let mut all: HashMap<Name, Vec<Name>> = HashMap::new();
    for (name, def) in &schema.types {
        let interfaces = match def {
            ExtendedType::Object(object) => &object.implements_interfaces,
            ExtendedType::Interface(interface) => &interface.implements_interfaces,
            _ => continue,
        };
        for interface in interfaces {
            all.entry(interface.name.clone()).or_default().push(name.clone());
        }
    }
    all
}

/// What a client can come across, starting at the roots.
fn reach(schema: &Schema) -> HashSet<String> {
    let mut reached = HashSet::new();
    let definition = &schema.schema_definition;
    let roots = [&definition.query, &definition.mutation, &definition.subscription];
    let mut queue: Vec<String> = roots.into_iter().flatten().map(|name| name.to_string()).collect();
    let implementers = schema.implementers_map();
    while let Some(name) = queue.pop() {
        if !reached.insert(name.clone()) {
            continue;
        }
        match schema.types.get(name.as_str()) {
            Some(ExtendedType::Object(object)) => {
                queue_fields(&mut queue, object.fields.values());
                queue.extend(object.implements_interfaces.iter().map(|i| i.to_string()));
            }
            Some(ExtendedType::Interface(interface)) => {
                queue_fields(&mut queue, interface.fields.values());
                if let Some(found) = implementers.get(name.as_str()) {
                    queue.extend(found.objects.iter().chain(&found.interfaces).map(ToString::to_string));
                }
            }
            Some(ExtendedType::Union(union)) => queue.extend(union.members.iter().map(|m| m.to_string())),
            Some(ExtendedType::InputObject(input)) => {
                queue.extend(input.fields.values().map(|f| f.ty.inner_named_type().to_string()));
            }
            _ => {}
        }
    }
    reached
}

fn queue_fields<'a>(queue: &mut Vec<String>, fields: impl Iterator<Item = &'a Component<FieldDefinition>>) {
    for field in fields {
        queue.push(field.ty.inner_named_type().to_string());
        queue.extend(field.arguments.iter().map(|a| a.ty.inner_named_type().to_string()));
    }
}

fn cut_unreached_interfaces(def: &mut ExtendedType, reached: &HashSet<String>) {
    if let ExtendedType::Object(object) = def
        && object.implements_interfaces.iter().any(|i| !reached.contains(i.as_str()))
    {
        object.make_mut().implements_interfaces.retain(|i| reached.contains(i.as_str()));
    }
}

/// Fields of the SDL that are not served, in the names of the merged edition.
fn dark_fields(schema: &Schema, edition: &Edition, alive: &Alive) -> Vec<String> {
    let canonical: HashMap<&str, &str> =
        edition.renames.iter().map(|(from, to)| (to.as_str(), from.as_str())).collect();
    let mut dark = Vec::new();
    for (name, def) in schema.types.iter().filter(|(_, def)| !def.is_built_in()) {
        if let ExtendedType::Object(object) = def {
            let shown = canonical.get(name.as_str()).copied().unwrap_or(name.as_str());
            let missing = object.fields.keys().filter(|f| !alive.has_field(name, f));
            dark.extend(missing.map(|field| format!("{shown}.{field}")));
        }
    }
    dark
}
