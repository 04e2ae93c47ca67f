//! The world of the differential corpus: its README says how each field resolves.

use std::sync::{Arc, Mutex, PoisonError};

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use kraken_api::graphql::{
    Bindings, BoxFuture, Call, Context, Edition, Engine, FieldError, Leaf, Limits, Node, Resolved, canonical,
};
use serde_json::{Map, Value, json};

pub const SDL: &str = include_str!("../differential/schema.graphql");
const DATA: &str = include_str!("../differential/data.json");

/// State of one request.
pub struct World {
    shared: Arc<Shared>,
    log: Mutex<Vec<String>>,
}

pub struct Shared {
    data: Value,
    schema: Valid<Schema>,
}

impl Context for World {}

impl World {
    pub fn load() -> Arc<Shared> {
        let schema = Schema::parse_and_validate(SDL, "schema.graphql").expect("the test schema is valid");
        Arc::new(Shared { data: serde_json::from_str(DATA).expect("the test data is JSON"), schema })
    }

    pub fn new(shared: &Arc<Shared>) -> Arc<Self> {
        Arc::new(Self { shared: Arc::clone(shared), log: Mutex::default() })
    }
}

/// The engine over the test schema, every field bound.
pub fn engine(shared: &Arc<Shared>) -> Engine<World> {
    Engine::new(&[("schema.graphql", SDL)], &Edition::default(), &bindings(shared))
        .expect("the test schema loads")
        .with_limits(Limits { complexity: u64::MAX, nodes: u64::MAX })
}

type Answers = Result<Vec<Resolved>, FieldError>;

/// Helps inference: a closure over any lifetime of the call.
fn any_call<F>(handler: F) -> F
where
    F: for<'a> Fn(Call<'a, World>) -> BoxFuture<'a, Answers> + Send + Sync,
{
    handler
}

pub fn bindings(shared: &Arc<Shared>) -> Bindings<World> {
    let mut bindings = Bindings::default();
    for (name, def) in &shared.schema.types {
        let ExtendedType::Object(object) = def else { continue };
        if def.is_built_in() {
            continue;
        }
        for (field, definition) in &object.fields {
            let coordinate: &'static str = Box::leak(format!("{name}.{field}").into_boxed_str());
            let (field, ty, is_mutation) = (field.to_string(), definition.ty.clone(), name == "Mutation");
            bindings.batch(
                coordinate,
                any_call(move |call| {
                    let answer = call.parents::<Value>().map(|parents| {
                        parents.iter().map(|parent| one(&call, parent, &field, &ty, is_mutation)).collect()
                    });
                    // The root has no row of the world.
                    let answer =
                        answer.or_else(|_| Ok(vec![one(&call, &Value::Null, &field, &ty, is_mutation)]));
                    Box::pin(async move { answer })
                }),
            );
        }
    }
    bindings
}

fn one(call: &Call<'_, World>, parent: &Value, field: &str, ty: &Type, is_mutation: bool) -> Resolved {
    let shared = &call.cx.shared;
    let args = call.raw_args();
    if is_mutation {
        return mutate(call, field, args).map_or_else(
            |message| Resolved::Failed(FieldError::plain(message)),
            |log| convert(shared, &log, ty),
        );
    }
    let value = match field {
        _ if field.starts_with("echo") => sorted(&Value::Object(args.clone())),
        _ if field.starts_with("pass") => args.get("value").cloned().unwrap_or(Value::Null),
        "node" if parent.is_null() => object(shared, &args["id"]),
        "nodes" if parent.is_null() => {
            args["ids"].as_array().into_iter().flatten().map(|id| object(shared, id)).collect()
        }
        _ if parent.is_null() => shared.data["query"].get(field).cloned().unwrap_or(Value::Null),
        _ => parent.get(field).cloned().unwrap_or(Value::Null),
    };
    if ty.inner_named_type().ends_with("Connection") && value.is_array() {
        return connection(&value, args).map_or_else(
            |message| Resolved::Failed(FieldError::plain(message)),
            |page| convert(shared, &page, ty),
        );
    }
    convert(shared, &value, ty)
}

fn object(shared: &Shared, id: &Value) -> Value {
    id.as_str().and_then(|id| shared.data["objects"].get(id)).cloned().unwrap_or(Value::Null)
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(k, v)| (k.clone(), sorted(v))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

fn mutate(call: &Call<'_, World>, field: &str, args: &Map<String, Value>) -> Result<Value, String> {
    let mut log = call.cx.log.lock().unwrap_or_else(PoisonError::into_inner);
    let text = |name: &str| args.get(name).and_then(Value::as_str).map(str::to_owned);
    match field {
        "append" | "appendRequired" => {
            let entry = text("text").unwrap_or_default();
            if args.get("fail") == Some(&Value::Bool(true)) {
                return Err(format!("append failed: {entry}"));
            }
            log.push(entry);
        }
        "appendMany" => {
            let texts: Vec<String> = args["texts"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|each| each.as_str().map(str::to_owned))
                .collect();
            match text("separator") {
                Some(separator) => log.push(texts.join(&separator)),
                None => log.extend(texts),
            }
        }
        "appendReading" => log.push(sorted(&args["input"]).to_string()),
        "reset" => log.clear(),
        _ => {}
    }
    Ok(json!({ "entries": *log, "size": log.len(), "last": log.last(), "lastRequired": log.last() }))
}

fn connection(value: &Value, args: &Map<String, Value>) -> Result<Value, String> {
    let items = value.as_array().cloned().unwrap_or_default();
    let n = items.len();
    let cursor = |name: &str| -> Result<Option<usize>, String> {
        let Some(text) = args.get(name).and_then(Value::as_str) else { return Ok(None) };
        let digits =
            text.strip_prefix("c:").filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
        match digits {
            Some(digits) => Ok(Some(digits.parse().unwrap_or(usize::MAX))),
            None => Err(format!("invalid cursor: {text}")),
        }
    };
    let count = |name: &str| -> Result<Option<usize>, String> {
        match args.get(name).and_then(Value::as_i64) {
            Some(number) => {
                usize::try_from(number).map(Some).map_err(|_| format!("{name} must not be negative"))
            }
            None => Ok(None),
        }
    };
    let start = cursor("after")?.map_or(0, |at| at.saturating_add(1).min(n));
    let end = cursor("before")?.map_or(n, |at| at.min(n)).max(start);
    let end = count("first")?.map_or(end, |first| end.min(start.saturating_add(first)));
    let start = count("last")?.map_or(start, |last| start.max(end.saturating_sub(last)));
    let edges: Vec<Value> =
        (start..end).map(|at| json!({ "node": items[at], "cursor": format!("c:{at}") })).collect();
    let at = |edge: Option<&Value>| edge.map_or(Value::Null, |edge| edge["cursor"].clone());
    Ok(json!({
        "edges": edges,
        "totalCount": n,
        "pageInfo": {
            "hasNextPage": end < n,
            "hasPreviousPage": start > 0,
            "startCursor": at(edges.first()),
            "endCursor": at(edges.last()),
        },
    }))
}

fn fail(message: impl Into<String>) -> Resolved {
    Resolved::Failed(FieldError::plain(message))
}

/// Turns a value of the world into what a resolver of type `ty` answers.
fn convert(shared: &Shared, value: &Value, ty: &Type) -> Resolved {
    if let Some(message) = value.get("$error").and_then(Value::as_str) {
        return fail(message);
    }
    let generic = matches!(ty.inner_named_type().as_str(), "GenericScalar" | "JSONString");
    match (ty, value) {
        (_, Value::Null) => Resolved::Null,
        (Type::List(item) | Type::NonNullList(item), Value::Array(items)) => {
            Resolved::List(items.iter().map(|each| convert(shared, each, item)).collect())
        }
        (Type::List(_) | Type::NonNullList(_), _) => fail("Expected Iterable"),
        (Type::Named(_) | Type::NonNullNamed(_), value) if generic => Resolved::leaf(value),
        (Type::Named(name) | Type::NonNullNamed(name), value) => match shared.schema.types.get(name) {
            Some(ExtendedType::Scalar(_)) => scalar(name, value),
            Some(ExtendedType::Enum(_)) => match value {
                Value::String(text) => Resolved::leaf(text.as_str()),
                other => Resolved::leaf(other),
            },
            _ => row(shared, value, name),
        },
    }
}

fn row(shared: &Shared, value: &Value, ty: &str) -> Resolved {
    let value = match value.get("$ref").and_then(Value::as_str) {
        Some("query") => Value::Null,
        Some(id) => object(shared, &Value::from(id)),
        None => value.clone(),
    };
    let tag = value.get("__typename").and_then(Value::as_str).unwrap_or(ty).to_owned();
    let possible = shared.schema.types.keys().find(|name| name.as_str() == tag);
    match possible {
        Some(name) => {
            let tag: &'static str = Box::leak(name.to_string().into_boxed_str());
            Resolved::Node(Node::typed(tag, value))
        }
        None => fail(format!("unknown type {tag}")),
    }
}

fn scalar(name: &str, value: &Value) -> Resolved {
    let coerced = match name {
        "Int" if value.as_f64().is_some_and(|v| v.fract() == 0.0) => {
            canonical(name, value).unwrap_or(Value::Null)
        }
        "Int" | "Float" | "String" | "ID" | "Boolean" => value.clone(),
        _ => match canonical(name, value) {
            Ok(coerced) => coerced,
            Err(message) => return fail(message),
        },
    };
    Resolved::Leaf(match &coerced {
        Value::Bool(truth) => (*truth).into(),
        Value::String(text) => Leaf::from(text).into_owned(),
        Value::Number(number) => match number.as_str().parse::<i128>() {
            Ok(whole) => i64::try_from(whole).map_or(Leaf::BigInt(whole), Leaf::Int),
            Err(_) => number.as_f64().into(),
        },
        other => Leaf::from(other).into_owned(),
    })
}
