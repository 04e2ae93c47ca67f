//! Editions: the exact names of one deployment, laid over the one merged schema.

use std::collections::HashSet;

use apollo_compiler::Name;
use apollo_compiler::Node;
use apollo_compiler::ast::{self, Definition, Document, Type};
use apollo_compiler::parser::Parser;
use indexmap::IndexMap;
use serde::Deserialize;

use super::load::LoadError;

/// One overlay file. Applied in the order of its fields: new definitions first, then signatures, then
/// names, so that `extend` and `overrides` speak of types by the name they have before `renames`, or by
/// the new one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// Why this edition differs, for readers.
    #[serde(default)]
    pub about: Option<String>,
    /// SDL that joins the merged schema.
    #[serde(default)]
    pub extend: Vec<String>,
    /// Fields with another signature: `Mutation.createQuote(input: …): …`.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// Type name in the merged schema to its name in this edition.
    #[serde(default)]
    pub renames: IndexMap<String, String>,
}

impl Edition {
    /// Reads an overlay file.
    ///
    /// # Errors
    /// [`LoadError::Edition`] if it is not one.
    pub fn parse(name: &str, text: &str) -> Result<Self, LoadError> {
        serde_json::from_str(text).map_err(|e| LoadError::Edition(name.to_owned(), e.to_string()))
    }

    /// The name under which `canonical` is served.
    pub fn served<'a>(&'a self, canonical: &'a str) -> &'a str {
        self.renames.get(canonical).map_or(canonical, String::as_str)
    }

    pub(super) fn apply(&self, document: &mut Document) -> Result<(), LoadError> {
        self.check_renames(document)?;
        for text in &self.extend {
            let part = Parser::new()
                .parse_ast(text.as_str(), "edition.graphql")
                .map_err(|e| LoadError::Edition("extend".into(), e.errors.to_string()))?;
            document.definitions.extend(part.definitions);
        }
        for signature in &self.overrides {
            replace_field(document, signature)?;
        }
        for definition in &mut document.definitions {
            self.rename_definition(definition);
        }
        Ok(())
    }

    /// Refuses a rename of what is not there, and one to a name that another type has: two would become
    /// one.
    fn check_renames(&self, document: &Document) -> Result<(), LoadError> {
        let wrong = |name: &str, why: &str| Err(LoadError::Edition(name.to_owned(), why.to_owned()));
        let mut taken: HashSet<&str> = document
            .definitions
            .iter()
            .filter_map(|definition| Some(definition.name()?.as_str()))
            .filter(|name| !self.renames.contains_key(*name))
            .collect();
        let all: HashSet<&str> =
            document.definitions.iter().filter_map(|definition| Some(definition.name()?.as_str())).collect();
        for (from, to) in &self.renames {
            if !all.contains(from.as_str()) {
                return wrong(from, "is renamed, but the schema has no such type");
            }
            if Name::new(to).is_err() {
                return wrong(to, "is not a name");
            }
            if !taken.insert(to) {
                return wrong(to, &format!("is taken already, {from} cannot be renamed to it"));
            }
        }
        Ok(())
    }

    fn rename(&self, name: &mut Name) {
        if let Some(served) = self.renames.get(name.as_str())
            && let Ok(served) = Name::new(served)
        {
            *name = served;
        }
    }

    fn rename_type(&self, ty: &mut Type) {
        match ty {
            Type::Named(name) | Type::NonNullNamed(name) => self.rename(name),
            Type::List(item) | Type::NonNullList(item) => self.rename_type(item),
        }
    }

    fn rename_fields(&self, fields: &mut [Node<ast::FieldDefinition>]) {
        for field in fields {
            let field = field.make_mut();
            self.rename_type(&mut field.ty);
            self.rename_inputs(&mut field.arguments);
        }
    }

    fn rename_inputs(&self, inputs: &mut [Node<ast::InputValueDefinition>]) {
        for input in inputs {
            let ty = &mut input.make_mut().ty;
            let mut renamed = (**ty).clone();
            self.rename_type(&mut renamed);
            *ty = renamed.into();
        }
    }

    fn rename_definition(&self, definition: &mut Definition) {
        /// The definition and the extension of one kind of type have the same parts.
        macro_rules! rename_parts {
            ($node:expr $(, $part:ident with $rename:ident)*) => {{
                let node = $node.make_mut();
                self.rename(&mut node.name);
                $(self.$rename(&mut node.$part);)*
            }};
        }
        match definition {
            Definition::ObjectTypeDefinition(node) => {
                rename_parts!(node, implements_interfaces with rename_all, fields with rename_fields);
            }
            Definition::ObjectTypeExtension(node) => {
                rename_parts!(node, implements_interfaces with rename_all, fields with rename_fields);
            }
            Definition::InterfaceTypeDefinition(node) => {
                rename_parts!(node, implements_interfaces with rename_all, fields with rename_fields);
            }
            Definition::InterfaceTypeExtension(node) => {
                rename_parts!(node, implements_interfaces with rename_all, fields with rename_fields);
            }
            Definition::UnionTypeDefinition(node) => rename_parts!(node, members with rename_all),
            Definition::UnionTypeExtension(node) => rename_parts!(node, members with rename_all),
            Definition::InputObjectTypeDefinition(node) => rename_parts!(node, fields with rename_inputs),
            Definition::InputObjectTypeExtension(node) => rename_parts!(node, fields with rename_inputs),
            Definition::EnumTypeDefinition(node) => rename_parts!(node),
            Definition::EnumTypeExtension(node) => rename_parts!(node),
            Definition::ScalarTypeDefinition(node) => rename_parts!(node),
            Definition::ScalarTypeExtension(node) => rename_parts!(node),
            Definition::DirectiveDefinition(node) => self.rename_inputs(&mut node.make_mut().arguments),
            Definition::SchemaDefinition(node) => {
                for root in &mut node.make_mut().root_operations {
                    self.rename(&mut root.make_mut().1);
                }
            }
            Definition::SchemaExtension(_)
            | Definition::OperationDefinition(_)
            | Definition::FragmentDefinition(_) => {}
        }
    }

    fn rename_all(&self, names: &mut [Name]) {
        names.iter_mut().for_each(|name| self.rename(name));
    }
}

/// Gives a field the type and the arguments of `signature`.
fn replace_field(document: &mut Document, signature: &str) -> Result<(), LoadError> {
    let wrong = || LoadError::Edition(signature.to_owned(), "is not a field signature".into());
    let (parent, field) = signature.split_once('.').ok_or_else(wrong)?;
    let parsed =
        Document::parse(format!("type {parent} {{ {field} }}"), "override.graphql").map_err(|_| wrong())?;
    let [Definition::ObjectTypeDefinition(object)] = parsed.definitions.as_slice() else {
        return Err(wrong());
    };
    let [replacement] = object.fields.as_slice() else { return Err(wrong()) };
    for definition in &mut document.definitions {
        let fields = match definition {
            Definition::ObjectTypeDefinition(o) if o.name == parent => &mut o.make_mut().fields,
            Definition::ObjectTypeExtension(o) if o.name == parent => &mut o.make_mut().fields,
            _ => continue,
        };
        if let Some(field) = fields.iter_mut().find(|f| f.name == replacement.name) {
            let field = field.make_mut();
            field.ty = replacement.ty.clone();
            field.arguments = replacement.arguments.clone();
            return Ok(());
        }
    }
    Err(LoadError::Edition(signature.to_owned(), "overrides a field that does not exist".into()))
}
