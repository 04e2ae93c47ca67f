//! Documents: parsed, validated, kept. What a request has to know before anything runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use apollo_compiler::executable::{Operation, OperationType, Selection, SelectionSet};
use apollo_compiler::parser::Parser;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Node, Schema};
use bytes::Bytes;
use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::cache::Budget;
use super::input::{BadLiteral, MAX_PROBLEMS, coerce_json, literal};
use super::messages;
use super::model::{Model, Ty};
use super::plan::{Plan, plan};
use super::{nesting, positions, syntax};
use crate::phase::Phase;

/// Longest document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;
/// Most tokens in a document.
pub const MAX_TOKENS: usize = 15_000;
/// Deepest nesting of selections and literals.
pub const MAX_DEPTH: usize = 64;
/// What a request is told that leaves open which operation it means.
pub const CHOOSE_OPERATION: &str = "Must provide operation name if query contains multiple operations.";
/// Plans kept for one document: one for each combination of `@skip` and `@include` that was seen.
const MAX_PLANS: usize = 16;
/// About what one parsed selection takes in memory.
const SELECTION_BYTES: usize = 320;

/// An error of the request as a whole: no path, no data, status 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestError {
    pub message: String,
    /// Line and column, from 1.
    pub locations: Vec<(usize, usize)>,
}

impl RequestError {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), locations: Vec::new() }
    }
}

/// A declared variable.
struct VariableDef {
    name: Arc<str>,
    ty: Ty,
    default: Option<Value>,
    offset: usize,
}

/// A variable that `@skip` or `@include` hangs on, and where.
struct Condition {
    variable: Arc<str>,
    offset: usize,
}

/// A validated document with the operation chosen.
pub(super) struct Prepared {
    pub text: Arc<str>,
    pub document: Valid<ExecutableDocument>,
    pub operation: Node<Operation>,
    variables: Vec<VariableDef>,
    conditions: Vec<Condition>,
    collected: Mutex<Collected>,
    budget: Arc<Budget>,
    /// How many selections the document has.
    selections: usize,
}

/// What a document collects as it runs.
#[derive(Default)]
struct Collected {
    plans: Vec<(Box<[bool]>, Arc<Plan>)>,
    /// The whole answer, where the document asks for nothing but the schema.
    introspection: Option<Bytes>,
    /// Taken out of the budget.
    bytes: usize,
}

impl Drop for Prepared {
    fn drop(&mut self) {
        let collected = self.collected.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.budget.give_back(collected.bytes);
    }
}

pub(super) fn prepare<C>(
    schema: &Valid<Schema>,
    model: &Model<C>,
    text: &str,
    operation_name: Option<&str>,
    budget: &Arc<Budget>,
) -> Result<Prepared, Vec<RequestError>> {
    if text.len() > MAX_DOCUMENT_BYTES {
        let message = format!("The document is longer than {MAX_DOCUMENT_BYTES} bytes.");
        return Err(vec![RequestError::new(message)]);
    }
    let parsing = Phase::begin("parse");
    let parsed = Parser::new()
        .token_limit(MAX_TOKENS)
        .recursion_limit(MAX_DEPTH)
        .parse_executable(schema, text, "request.graphql")
        .map_err(|e| messages::of(schema, &e.errors, text))?;
    drop(parsing);
    let _validating = Phase::begin("validate");
    nesting::check(&parsed).map_err(|error| vec![error])?;
    let document = parsed.validate(schema).map_err(|e| messages::of(schema, &e.errors, text))?;
    let mut errors = syntax::missing_values(text);
    if errors.is_empty() {
        errors.extend(bad_literals(model, &document, text));
        errors.extend(positions::check(model, &document, text));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let operation = choose(&document, operation_name).map_err(|message| vec![RequestError::new(message)])?;
    let variables = variables(model, &operation, text)?;
    let (conditions, selections) = conditions(&document);
    Ok(Prepared {
        text: text.into(),
        document,
        operation,
        variables,
        conditions,
        collected: Mutex::default(),
        budget: Arc::clone(budget),
        selections,
    })
}

fn choose(document: &ExecutableDocument, name: Option<&str>) -> Result<Node<Operation>, String> {
    let operations = &document.operations;
    match name {
        Some(name) => {
            let unknown = || messages::clip(format!("Unknown operation named '{name}'."));
            operations.named.get(name).cloned().ok_or_else(unknown)
        }
        None => {
            let mut all = operations.iter();
            match (all.next(), all.next()) {
                (Some(only), None) => Ok(only.clone()),
                (None, _) => Err("Must provide an operation.".into()),
                _ => Err(CHOOSE_OPERATION.into()),
            }
        }
    }
}

fn variables<C>(
    model: &Model<C>,
    operation: &Operation,
    text: &str,
) -> Result<Vec<VariableDef>, Vec<RequestError>> {
    let mut out = Vec::new();
    for definition in &operation.variables {
        let Some(ty) = model.resolve(&definition.ty) else { continue };
        let default = match &definition.default_value {
            None => None,
            Some(written) => literal(model, &ty, written)
                .map_err(|bad| vec![bad_literal(bad, text)])?
                .fill(&Map::new())
                .ok()
                .flatten(),
        };
        let offset = definition.location().map_or(0, |span| span.offset());
        out.push(VariableDef { name: definition.name.as_str().into(), ty, default, offset });
    }
    Ok(out)
}

fn bad_literal(bad: BadLiteral, text: &str) -> RequestError {
    RequestError { message: messages::clip(bad.message), locations: vec![messages::locate(text, bad.offset)] }
}

/// Checks the literals of custom scalars, which only this schema's owner can judge.
fn bad_literals<C>(model: &Model<C>, document: &ExecutableDocument, text: &str) -> Vec<RequestError> {
    let mut errors = Vec::new();
    let mut check = |set: &SelectionSet| {
        walk(set, &mut |selection| {
            let Selection::Field(field) = selection else { return };
            for argument in &field.arguments {
                let declared = field.definition.argument_by_name(&argument.name);
                let Some(ty) = declared.and_then(|d| model.resolve(&d.ty)) else { continue };
                if let Err(bad) = literal(model, &ty, &argument.value) {
                    errors.push(bad_literal(bad, text));
                }
            }
        });
    };
    document.operations.iter().for_each(|operation| check(&operation.selection_set));
    document.fragments.values().for_each(|fragment| check(&fragment.selection_set));
    errors
}

/// Calls `visit` on every selection written inside `set`; spreads are not followed.
fn walk<'d>(set: &'d SelectionSet, visit: &mut impl FnMut(&'d Selection)) {
    for selection in &set.selections {
        visit(selection);
        match selection {
            Selection::Field(field) => walk(&field.selection_set, visit),
            Selection::InlineFragment(inline) => walk(&inline.selection_set, visit),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// The conditions of a document, each variable once, and the number of its selections.
fn conditions(document: &ExecutableDocument) -> (Vec<Condition>, usize) {
    let mut found: IndexMap<&str, usize> = IndexMap::new();
    let mut selections = 0;
    let sets = document.operations.iter().map(|operation| &operation.selection_set);
    for set in sets.chain(document.fragments.values().map(|fragment| &fragment.selection_set)) {
        walk(set, &mut |selection| {
            selections += 1;
            for directive in ["skip", "include"].iter().filter_map(|name| selection.directives().get(name)) {
                let Some(value) = directive.specified_argument_by_name("if") else { continue };
                if let Some(variable) = value.as_variable() {
                    let offset = value.location().map_or(0, |span| span.offset());
                    found.entry(variable.as_str()).or_insert(offset);
                }
            }
        });
    }
    let conditions =
        found.into_iter().map(|(name, offset)| Condition { variable: name.into(), offset }).collect();
    (conditions, selections)
}

impl Prepared {
    pub(super) fn is_mutation(&self) -> bool {
        self.operation.operation_type == OperationType::Mutation
    }

    /// About how many bytes of memory keeping the document takes.
    pub(super) fn weight(&self) -> usize {
        3 * self.text.len() + SELECTION_BYTES * self.selections
    }

    /// Line and column of a byte offset in the document.
    pub(super) fn locate(&self, offset: usize) -> (usize, usize) {
        messages::locate(&self.text, offset)
    }

    /// Coerces the variables of a request.
    pub(super) fn coerce<C>(
        &self,
        model: &Model<C>,
        given: &Map<String, Value>,
    ) -> Result<Map<String, Value>, Vec<RequestError>> {
        let mut out = Map::new();
        let mut errors = Vec::new();
        for variable in &self.variables {
            let name = &variable.name;
            let mut refuse = |message: String| {
                errors.push(RequestError { message, locations: vec![self.locate(variable.offset)] });
            };
            match given.get(&**name) {
                None => match &variable.default {
                    Some(default) => {
                        out.insert(name.to_string(), default.clone());
                    }
                    None if variable.ty.is_non_null() => {
                        let ty = model.print(&variable.ty);
                        refuse(format!("Variable '${name}' of required type '{ty}' was not provided."));
                    }
                    None => {}
                },
                Some(Value::Null) if variable.ty.is_non_null() => {
                    let ty = model.print(&variable.ty);
                    refuse(format!("Variable '${name}' of non-null type '{ty}' must not be null."));
                }
                Some(value) => match coerce_json(model, &variable.ty, value) {
                    Ok(coerced) => {
                        out.insert(name.to_string(), coerced);
                    }
                    Err(problems) => problems.into_iter().for_each(|problem| {
                        let at = match problem.path.as_str() {
                            "" => String::new(),
                            path if path.starts_with('[') => format!(" at '{name}{path}'"),
                            path => format!(" at '{name}.{path}'"),
                        };
                        let (value, message) = (problem.value, problem.message);
                        refuse(messages::clip(format!(
                            "Variable '${name}' got invalid value {value}{at}; {message}"
                        )));
                    }),
                },
            }
            if errors.len() > MAX_PROBLEMS {
                errors.truncate(MAX_PROBLEMS);
                errors.push(RequestError::new(
                    "Too many errors processing variables, error limit reached. Execution aborted.",
                ));
                break;
            }
        }
        if errors.is_empty() { Ok(out) } else { Err(errors) }
    }

    /// The plan under these variables: one for each outcome of the conditions.
    pub(super) fn plan<C>(
        &self,
        model: &Model<C>,
        variables: &Map<String, Value>,
    ) -> Result<Arc<Plan>, RequestError> {
        let mut outcome = Vec::with_capacity(self.conditions.len());
        for condition in &self.conditions {
            match variables.get(&*condition.variable) {
                Some(Value::Bool(truth)) => outcome.push(*truth),
                // A variable of another operation in the document.
                None => outcome.push(false),
                Some(_) => {
                    return Err(RequestError {
                        message: "Argument 'if' of non-null type 'Boolean!' must not be null.".into(),
                        locations: vec![self.locate(condition.offset)],
                    });
                }
            }
        }
        let known = self.lock().plans.iter().find(|(key, _)| **key == *outcome).map(|(_, plan)| plan.clone());
        if let Some(known) = known {
            return Ok(known);
        }
        let made = Arc::new(plan(model, &self.document, &self.operation, variables)?);
        let mut collected = self.lock();
        if collected.plans.len() < MAX_PLANS && self.budget.take(made.bytes()) {
            collected.bytes += made.bytes();
            collected.plans.push((outcome.into(), Arc::clone(&made)));
        }
        Ok(made)
    }

    /// The answer of a document that asks for nothing but the schema, if it was kept.
    pub(super) fn known_introspection(&self) -> Option<Bytes> {
        self.lock().introspection.clone()
    }

    pub(super) fn keep_introspection(&self, body: &Bytes) {
        let mut collected = self.lock();
        if collected.introspection.is_none() && self.budget.take(body.len()) {
            collected.bytes += body.len();
            collected.introspection = Some(body.clone());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Collected> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
