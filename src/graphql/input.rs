//! Input coercion by the schema: JSON of variables, literals of documents, templates with variables.

use std::collections::HashSet;
use std::sync::Arc;

use apollo_compiler::Name;
use apollo_compiler::Node;
use apollo_compiler::ast;
use serde_json::{Map, Value};

use super::inspect::inspect;
use super::model::{InputDef, Model, Ty, TypeId, TypeKind};
use super::scalars::{Written, coerce};
use super::secrets::HIDDEN;

/// More problems in the variables of a request than this are not reported.
pub(super) const MAX_PROBLEMS: usize = 50;

/// Why a JSON value does not fit: where (dotted, from the value itself) and the sentence.
pub(super) struct Problem {
    pub path: String,
    pub value: String,
    pub message: String,
}

/// Coerces the JSON of one variable.
///
/// # Errors
/// Every problem found, up to one more than are reported.
pub(super) fn coerce_json<C>(model: &Model<C>, ty: &Ty, value: &Value) -> Result<Value, Vec<Problem>> {
    let mut walk = JsonWalk { model, path: Vec::new(), problems: Vec::new() };
    let coerced = walk.value(ty, value);
    if walk.problems.is_empty() { Ok(coerced) } else { Err(walk.problems) }
}

enum Step<'v> {
    Key(&'v str),
    Index(usize),
}

struct JsonWalk<'m, C> {
    model: &'m Model<C>,
    path: Vec<Step<'m>>,
    problems: Vec<Problem>,
}

impl<'m, C> JsonWalk<'m, C> {
    /// Notes why `value`, here, does not fit.
    fn refuse(&mut self, value: &Value, message: impl FnOnce(&Model<C>) -> String) -> Value {
        if self.problems.len() <= MAX_PROBLEMS {
            let problem = if self.is_secret() {
                let message = "The value cannot be used here.".to_owned();
                Problem { path: self.print_path(), value: format!("'{HIDDEN}'"), message }
            } else {
                let shown = inspect(&self.model.secrets.mask(value));
                Problem { path: self.print_path(), value: shown, message: message(self.model) }
            };
            self.problems.push(problem);
        }
        Value::Null
    }

    /// Whether the value here is one that messages must not repeat.
    fn is_secret(&self) -> bool {
        self.path.iter().any(|step| matches!(step, Step::Key(key) if self.model.secrets.has(key)))
    }

    fn print_path(&self) -> String {
        let mut out = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) if out.is_empty() => out.push_str(key),
                Step::Key(key) => out.extend([".", key]),
                Step::Index(index) => out.extend(["[", &index.to_string(), "]"]),
            }
        }
        out
    }

    fn at(&mut self, step: Step<'m>, ty: &'m Ty, value: &Value) -> Value {
        self.path.push(step);
        let coerced = self.value(ty, value);
        self.path.pop();
        coerced
    }

    fn value(&mut self, ty: &'m Ty, value: &Value) -> Value {
        match (ty, value) {
            (Ty::NonNull(_), Value::Null) => self.refuse(value, |model| {
                format!("Expected non-nullable type '{}' not to be None.", model.print(ty))
            }),
            (Ty::NonNull(inner), value) => self.value(inner, value),
            (_, Value::Null) => Value::Null,
            (Ty::List(item), Value::Array(items)) => {
                let coerced = items.iter().enumerate();
                coerced.map(|(index, each)| self.at(Step::Index(index), item, each)).collect()
            }
            (Ty::List(item), single) => Value::Array(vec![self.value(item, single)]),
            (Ty::Named(id), value) => self.named(*id, value),
        }
    }

    fn named(&mut self, id: TypeId, value: &Value) -> Value {
        let def = &self.model.types[id];
        match &def.kind {
            TypeKind::Scalar(scalar) => match coerce(*scalar, &def.name, Written::Json(value)) {
                Ok(coerced) => coerced,
                Err(message) => self.refuse(value, |_| message),
            },
            TypeKind::Enum(values) => match value {
                Value::String(text) if values.contains(text.as_str()) => value.clone(),
                Value::String(text) => {
                    self.refuse(value, |_| format!("Value '{text}' does not exist in '{}' enum.", def.name))
                }
                _ => self.refuse(value, |_| {
                    format!("Enum '{}' cannot represent non-string value: {}.", def.name, inspect(value))
                }),
            },
            TypeKind::Input(fields) => self.object(&def.name, fields, value),
            TypeKind::Object(_) | TypeKind::Abstract(_) => Value::Null,
        }
    }

    fn object(&mut self, name: &str, fields: &'m [InputDef], value: &Value) -> Value {
        let Value::Object(given) = value else {
            return self.refuse(value, |_| format!("Expected type '{name}' to be a mapping."));
        };
        let mut out = Map::new();
        for field in fields {
            match given.get(&*field.name) {
                Some(each) => {
                    let coerced = self.at(Step::Key(&field.name), &field.ty, each);
                    out.insert(field.name.to_string(), coerced);
                }
                None => match &field.default {
                    Some(default) => {
                        out.insert(field.name.to_string(), default.clone());
                    }
                    None if field.ty.is_non_null() => {
                        self.refuse(value, |model| {
                            let printed = model.print(&field.ty);
                            format!("Field '{}' of required type '{printed}' was not provided.", field.name)
                        });
                    }
                    None => {}
                },
            }
        }
        for key in given.keys().filter(|key| fields.iter().all(|f| *f.name != ***key)) {
            self.refuse(value, |_| format!("Field '{key}' is not defined by type '{name}'."));
        }
        Value::Object(out)
    }
}

/// A literal of the document with the places where variables go.
#[derive(Debug, Clone)]
pub(super) enum Template {
    Const(Value),
    Variable { name: Arc<str>, non_null: bool },
    List(Vec<Template>),
    Object(Vec<(Arc<str>, Template, Option<Value>)>),
}

/// Why a literal does not fit its type: byte offset in the document and the sentence.
pub(super) struct BadLiteral {
    pub offset: usize,
    pub message: String,
}

/// Coerces a literal as far as the document alone decides it.
///
/// # Errors
/// The first place where it does not fit.
pub(super) fn literal<C>(
    model: &Model<C>,
    ty: &Ty,
    value: &Node<ast::Value>,
) -> Result<Template, BadLiteral> {
    if let ast::Value::Variable(name) = &**value {
        return Ok(Template::Variable { name: name.as_str().into(), non_null: ty.is_non_null() });
    }
    let bad =
        |message: String| BadLiteral { offset: value.location().map_or(0, |span| span.offset()), message };
    match (ty, &**value) {
        (Ty::NonNull(_), ast::Value::Null) => {
            Err(bad(format!("Expected value of type '{}', found null.", model.print(ty))))
        }
        (Ty::NonNull(inner), _) => literal(model, inner, value),
        (_, ast::Value::Null) => Ok(Template::Const(Value::Null)),
        (Ty::List(item), ast::Value::List(items)) => {
            let parts = items.iter().map(|each| literal(model, item, each)).collect::<Result<Vec<_>, _>>()?;
            Ok(list(parts))
        }
        (Ty::List(item), _) => Ok(list(vec![literal(model, item, value)?])),
        (Ty::Named(id), written) => {
            let def = &model.types[*id];
            match &def.kind {
                TypeKind::Scalar(super::model::Scalar::Generic) => generic(value).map_err(bad),
                TypeKind::Scalar(scalar) => {
                    let text = written.to_string();
                    coerce(*scalar, &def.name, written_of(written, &text)).map(Template::Const).map_err(
                        |message| {
                            bad(format!("Expected value of type '{}', found {text}; {message}", def.name))
                        },
                    )
                }
                TypeKind::Enum(values) => match written {
                    ast::Value::Enum(name) if values.contains(name.as_str()) => {
                        Ok(Template::Const(name.as_str().into()))
                    }
                    other => Err(bad(format!("Value '{other}' does not exist in '{}' enum.", def.name))),
                },
                TypeKind::Input(fields) => {
                    object(model, &def.name, fields, written).map_err(|error| match error {
                        Ok(inner) => inner,
                        Err(message) => bad(message),
                    })
                }
                TypeKind::Object(_) | TypeKind::Abstract(_) => {
                    Err(bad(format!("'{}' is not an input type.", def.name)))
                }
            }
        }
    }
}

/// A list stays a constant while its items are: most argument lists are.
fn list(parts: Vec<Template>) -> Template {
    if parts.iter().all(|part| matches!(part, Template::Const(_))) {
        let constants = parts.into_iter().filter_map(|part| match part {
            Template::Const(value) => Some(value),
            _ => None,
        });
        return Template::Const(Value::Array(constants.collect()));
    }
    Template::List(parts)
}

fn object<C>(
    model: &Model<C>,
    name: &str,
    fields: &[InputDef],
    written: &ast::Value,
) -> Result<Template, Result<BadLiteral, String>> {
    let ast::Value::Object(given) = written else {
        return Err(Err(format!("Expected value of type '{name}', found {written}.")));
    };
    if let Some(key) = repeated(given) {
        return Err(Err(format!("There can be only one input field named '{key}'.")));
    }
    if let Some((key, _)) = given.iter().find(|(key, _)| fields.iter().all(|f| *f.name != *key.as_str())) {
        return Err(Err(format!("Field '{key}' is not defined by type '{name}'.")));
    }
    let mut parts = Vec::new();
    for field in fields {
        match given.iter().find(|(key, _)| *field.name == *key.as_str()) {
            Some((_, each)) => {
                let part = literal(model, &field.ty, each).map_err(Ok)?;
                parts.push((field.name.clone(), part, field.default.clone()));
            }
            None => match &field.default {
                Some(default) => parts.push((field.name.clone(), Template::Const(default.clone()), None)),
                None if field.ty.is_non_null() => {
                    return Err(Err(format!(
                        "Field '{name}.{}' of required type '{}' was not provided.",
                        field.name,
                        model.print(&field.ty)
                    )));
                }
                None => {}
            },
        }
    }
    if parts.iter().all(|(_, part, _)| matches!(part, Template::Const(_))) {
        let constants = parts.into_iter().filter_map(|(key, part, _)| match part {
            Template::Const(value) => Some((key.to_string(), value)),
            _ => None,
        });
        return Ok(Template::Const(Value::Object(constants.collect())));
    }
    Ok(Template::Object(parts))
}

fn written_of<'a>(value: &'a ast::Value, text: &'a str) -> Written<'a> {
    match value {
        ast::Value::String(text) => Written::Str(text),
        ast::Value::Int(number) => Written::Int(number.as_str()),
        ast::Value::Float(number) => Written::Float(number.as_str()),
        ast::Value::Boolean(truth) => Written::Bool(*truth),
        _ => Written::Other(text),
    }
}

/// Any literal is a generic scalar; enum names become null, as in the original.
fn generic(value: &Node<ast::Value>) -> Result<Template, String> {
    Ok(match &**value {
        ast::Value::Null | ast::Value::Enum(_) => Template::Const(Value::Null),
        ast::Value::Variable(name) => Template::Variable { name: name.as_str().into(), non_null: false },
        ast::Value::List(items) => list(items.iter().map(generic).collect::<Result<_, _>>()?),
        ast::Value::Object(fields) => {
            if let Some(key) = repeated(fields) {
                return Err(format!("There can be only one input field named '{key}'."));
            }
            let parts = fields.iter().map(|(key, each)| Ok((key.as_str().into(), generic(each)?, None)));
            Template::Object(parts.collect::<Result<_, String>>()?)
        }
        scalar => {
            let text = scalar.to_string();
            let coerced = coerce(super::model::Scalar::Generic, "GenericScalar", written_of(scalar, &text));
            Template::Const(coerced.unwrap_or(Value::Null))
        }
    })
}

/// The first key that an object literal has twice.
fn repeated(fields: &[(Name, Node<ast::Value>)]) -> Option<&Name> {
    let mut seen = HashSet::with_capacity(fields.len());
    fields.iter().map(|(key, _)| key).find(|key| !seen.insert(key.as_str()))
}

/// A variable that is null where the schema wants a value.
pub(super) struct NullVariable;

impl Template {
    /// The value under `variables` (coerced; those not given are absent). `None` where a variable was
    /// not given and so the place counts as omitted.
    pub(super) fn fill(&self, variables: &Map<String, Value>) -> Result<Option<Value>, NullVariable> {
        match self {
            Template::Const(value) => Ok(Some(value.clone())),
            Template::Variable { name, non_null } => match variables.get(&**name) {
                Some(Value::Null) if *non_null => Err(NullVariable),
                Some(value) => Ok(Some(value.clone())),
                None => Ok(None),
            },
            Template::List(parts) => {
                let mut items = Vec::with_capacity(parts.len());
                for part in parts {
                    match part.fill(variables)? {
                        Some(value) => items.push(value),
                        None if part.is_non_null_variable() => return Err(NullVariable),
                        None => items.push(Value::Null),
                    }
                }
                Ok(Some(Value::Array(items)))
            }
            Template::Object(parts) => {
                let mut map = Map::new();
                for (key, part, default) in parts {
                    match part.fill(variables)? {
                        Some(value) => map.insert(key.to_string(), value),
                        None => match default {
                            Some(default) => map.insert(key.to_string(), default.clone()),
                            None if part.is_non_null_variable() => return Err(NullVariable),
                            None => None,
                        },
                    };
                }
                Ok(Some(Value::Object(map)))
            }
        }
    }

    /// How many values it holds: what keeping it costs.
    pub(super) fn size(&self) -> usize {
        fn of(value: &Value) -> usize {
            match value {
                Value::Array(items) => 1 + items.iter().map(of).sum::<usize>(),
                Value::Object(map) => 1 + map.values().map(of).sum::<usize>(),
                Value::String(text) => 1 + text.len() / 64,
                _ => 1,
            }
        }
        match self {
            Template::Const(value) => of(value),
            Template::Variable { .. } => 1,
            Template::List(parts) => 1 + parts.iter().map(Template::size).sum::<usize>(),
            Template::Object(parts) => 1 + parts.iter().map(|(_, part, _)| part.size()).sum::<usize>(),
        }
    }

    fn is_non_null_variable(&self) -> bool {
        matches!(self, Template::Variable { non_null: true, .. })
    }
}
