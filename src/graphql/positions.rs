//! Variables in allowed positions, also inside lists and input objects, and with null as default: the
//! part of that rule which apollo-compiler leaves out.

use std::collections::{HashSet, VecDeque};

use apollo_compiler::ast::Value;
use apollo_compiler::executable::{DirectiveList, Operation, Selection, SelectionSet};
use apollo_compiler::{ExecutableDocument, Node};

use super::document::RequestError;
use super::messages::locate;
use super::model::{Model, Scalar, Ty, TypeKind};

/// Checks every use of a variable in every operation.
pub(super) fn check<C>(model: &Model<C>, document: &ExecutableDocument, text: &str) -> Vec<RequestError> {
    let mut errors = Vec::new();
    for operation in document.operations.iter().filter(|operation| !operation.variables.is_empty()) {
        let mut walk = Walk {
            model,
            document,
            operation,
            text,
            visited: HashSet::new(),
            pending: VecDeque::new(),
            errors: Vec::new(),
        };
        walk.selections(&operation.selection_set);
        // Spreads are noted and followed here: a chain of them may be long.
        while let Some(set) = walk.pending.pop_front() {
            walk.selections(set);
        }
        errors.append(&mut walk.errors);
    }
    errors
}

struct Walk<'a, C> {
    model: &'a Model<C>,
    document: &'a ExecutableDocument,
    operation: &'a Operation,
    text: &'a str,
    visited: HashSet<&'a str>,
    pending: VecDeque<&'a SelectionSet>,
    errors: Vec<RequestError>,
}

impl<'a, C> Walk<'a, C> {
    fn selections(&mut self, set: &'a SelectionSet) {
        for selection in &set.selections {
            self.conditions(selection.directives());
            match selection {
                Selection::Field(field) => {
                    for argument in &field.arguments {
                        let Some(declared) = field.definition.argument_by_name(&argument.name) else {
                            continue;
                        };
                        if let Some(ty) = self.model.resolve(&declared.ty) {
                            self.value(&ty, declared.default_value.is_some(), &argument.value);
                        }
                    }
                    self.selections(&field.selection_set);
                }
                Selection::InlineFragment(inline) => self.selections(&inline.selection_set),
                Selection::FragmentSpread(spread) => {
                    let name = spread.fragment_name.as_str();
                    if let Some(fragment) = self.document.fragments.get(name)
                        && self.visited.insert(name)
                    {
                        self.pending.push_back(&fragment.selection_set);
                    }
                }
            }
        }
    }

    /// `@skip` and `@include` take a `Boolean!`.
    fn conditions(&mut self, directives: &DirectiveList) {
        let Some(boolean) = self.model.by_name.get("Boolean") else { return };
        let wanted = Ty::NonNull(Box::new(Ty::Named(*boolean)));
        for name in ["skip", "include"] {
            let directive = directives.get(name);
            if let Some(value) = directive.and_then(|d| d.specified_argument_by_name("if")) {
                self.value(&wanted, false, value);
            }
        }
    }

    fn value(&mut self, ty: &Ty, has_default: bool, value: &Node<Value>) {
        let nullable = match ty {
            Ty::NonNull(inner) => &**inner,
            other => other,
        };
        match (&**value, nullable) {
            (Value::Variable(name), _) => self.variable(ty, has_default, name.as_str(), value),
            (Value::List(items), Ty::List(item)) => {
                items.iter().for_each(|each| self.value(item, false, each));
            }
            (_, Ty::List(item)) => self.value(item, false, value),
            (Value::Object(fields), Ty::Named(id)) => {
                let model = self.model;
                let TypeKind::Input(inputs) = &model.types[*id].kind else { return };
                for (key, each) in fields {
                    if let Some(input) = inputs.iter().find(|input| *input.name == *key.as_str()) {
                        self.value(&input.ty, input.default.is_some(), each);
                    }
                }
            }
            _ => {}
        }
    }

    fn variable(&mut self, ty: &Ty, has_default: bool, name: &str, at: &Node<Value>) {
        let generic = matches!(ty, Ty::Named(id)
            if matches!(self.model.types[*id].kind, TypeKind::Scalar(Scalar::Generic)));
        let Some(declared) = self.operation.variables.iter().find(|v| v.name == name) else { return };
        let Some(declared_ty) = self.model.resolve(&declared.ty) else { return };
        let default = declared.default_value.as_ref().is_some_and(|value| !value.is_null());
        if generic || is_allowed(&declared_ty, default, ty, has_default) {
            return;
        }
        let offset = at.location().map_or(0, |span| span.offset());
        self.errors.push(RequestError {
            message: format!(
                "Variable '${name}' of type '{}' used in position expecting type '{}'.",
                self.model.print(&declared_ty),
                self.model.print(ty)
            ),
            locations: vec![locate(self.text, offset)],
        });
    }
}

fn is_allowed(variable: &Ty, variable_default: bool, location: &Ty, location_default: bool) -> bool {
    match location {
        Ty::NonNull(inner) if !variable.is_non_null() => {
            (variable_default || location_default) && is_subtype(variable, inner)
        }
        _ => is_subtype(variable, location),
    }
}

fn is_subtype(variable: &Ty, location: &Ty) -> bool {
    match (variable, location) {
        (Ty::NonNull(variable), Ty::NonNull(location)) => is_subtype(variable, location),
        (Ty::NonNull(variable), location) => is_subtype(variable, location),
        (_, Ty::NonNull(_)) => false,
        (Ty::List(variable), Ty::List(location)) => is_subtype(variable, location),
        (Ty::Named(variable), Ty::Named(location)) => variable == location,
        _ => false,
    }
}
