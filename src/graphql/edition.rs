//! Editions: the exact names of one deployment, laid over the one merged schema.

use apollo_compiler::Node;
use apollo_compiler::ast::{self, Definition, Document, Type};
use apollo_compiler::{Name, Schema};
use indexmap::IndexMap;
use serde::Deserialize;

use super::load::LoadError;

/// One overlay file.
#[derive(Debug, Default, Deserialize)]
pub struct Edition {
    /// Type name in the merged schema to its name in this edition.
    #[serde(default)]
    pub renames: IndexMap<String, String>,
    /// Root fields with another signature: `Mutation.createQuote(input: …): …`.
    #[serde(default)]
    pub overrides: Vec<String>,
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
        for signature in &self.overrides {
            self.replace_field(document, signature)?;
        }
        for definition in &mut document.definitions {
            self.rename_definition(definition);
        }
        Ok(())
    }

    fn replace_field(&self, document: &mut Document, signature: &str) -> Result<(), LoadError> {
        let wrong = || LoadError::Edition(signature.to_owned(), "not a field signature".into());
        let (parent, field) = signature.split_once('.').ok_or_else(wrong)?;
        let parsed = Document::parse(format!("type {parent} {{ {field} }}"), "override.graphql")
            .map_err(|_| wrong())?;
        let Some(Definition::ObjectTypeDefinition(object)) = parsed.definitions.first() else {
            return Err(wrong());
        };
        let replacement = object.fields.first().ok_or_else(wrong)?;
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
        match definition {
            Definition::ObjectTypeDefinition(object) => {
                let object = object.make_mut();
                self.rename(&mut object.name);
                object.implements_interfaces.iter_mut().for_each(|name| self.rename(name));
                self.rename_fields(&mut object.fields);
            }
            Definition::ObjectTypeExtension(object) => {
                let object = object.make_mut();
                self.rename(&mut object.name);
                object.implements_interfaces.iter_mut().for_each(|name| self.rename(name));
                self.rename_fields(&mut object.fields);
            }
            Definition::InterfaceTypeDefinition(interface) => {
                let interface = interface.make_mut();
                self.rename(&mut interface.name);
                interface.implements_interfaces.iter_mut().for_each(|name| self.rename(name));
                self.rename_fields(&mut interface.fields);
            }
            Definition::UnionTypeDefinition(union) => {
                let union = union.make_mut();
                self.rename(&mut union.name);
                union.members.iter_mut().for_each(|name| self.rename(name));
            }
            Definition::InputObjectTypeDefinition(input) => {
                let input = input.make_mut();
                self.rename(&mut input.name);
                self.rename_inputs(&mut input.fields);
            }
            _ => {}
        }
    }

    /// Refuses a rename whose new name is taken: two types would become one.
    pub(super) fn check(&self, schema: &Schema) -> Result<(), LoadError> {
        match self.renames.keys().find(|canonical| schema.types.contains_key(canonical.as_str())) {
            Some(name) => Err(LoadError::Edition(name.clone(), "is still there after its renaming".into())),
            None => Ok(()),
        }
    }
}
