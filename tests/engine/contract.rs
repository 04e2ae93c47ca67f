//! The project's own schema, every field of it bound to something that answers by type.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use apollo_compiler::Schema;
use apollo_compiler::ast::Type;
use apollo_compiler::schema::{ExtendedType, FieldDefinition};
use kraken_api::graphql::{
    Bindings, Call, Edition, Engine, FieldError, Host, Leaf, Node, Resolved, possible_errors,
};
use serde_json::{Value, json};

use super::support::{Cx, One, ask, batch, data, json, page_of, root};

const EDITIONS: [&str; 5] = ["us", "de", "gb", "jp", "au"];

fn folder(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(name)
}

/// The SDL files, by name.
fn sources() -> Vec<(String, String)> {
    let mut all: Vec<_> = std::fs::read_dir(folder(""))
        .expect("the schema folder")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "graphql"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("an SDL file");
            (path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text)
        })
        .collect();
    all.sort();
    all
}

fn edition(name: &str) -> Edition {
    if name.is_empty() {
        return Edition::default();
    }
    let text = std::fs::read_to_string(folder("editions").join(format!("{name}.json"))).expect("an edition");
    Edition::parse(name, &text).expect("an edition is well formed")
}

fn load(edition_name: &str, bindings: &Bindings<Cx>) -> Engine<Cx> {
    let sources = sources();
    let sources: Vec<(&str, &str)> =
        sources.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    match Engine::new(&sources, &edition(edition_name), bindings) {
        Ok(engine) => engine,
        Err(error) => panic!("the schema does not load under {edition_name:?}: {error}"),
    }
}

/// The base with the definitions that an edition adds and the signatures that it changes, types by the
/// names they have in the base.
fn declared(edition_name: &str) -> Schema {
    let mut edition = edition(edition_name);
    let extend = std::mem::take(&mut edition.extend).join("\n");
    let mut text: String = sources().into_iter().map(|(_, text)| text + "\n").collect();
    text.push_str(&extend);
    Schema::parse(&text, "schema.graphql").expect("the schema parses")
}

fn is_connection(schema: &Schema, name: &str) -> bool {
    matches!(schema.types.get(name), Some(ExtendedType::Object(o))
        if o.fields.contains_key("edges") && o.fields.contains_key("pageInfo"))
}

/// The edges of all connections.
fn edges(schema: &Schema) -> HashSet<String> {
    let connections = schema.types.keys().filter(|name| is_connection(schema, name));
    connections
        .filter_map(|name| field_of(schema, name, "edges"))
        .map(|edges| edges.ty.inner_named_type().to_string())
        .collect()
}

/// What the engine binds by itself.
fn is_own(
    schema: &Schema,
    edges: &HashSet<String>,
    payloads: &HashSet<String>,
    name: &str,
    field: &str,
) -> bool {
    let page = ["edges", "pageInfo", "totalCount", "edgeCount"];
    (is_connection(schema, name) && page.contains(&field))
        || (edges.contains(name) && ["node", "cursor"].contains(&field))
        || name == "PageInfo"
        || name == "PossibleErrorType"
        || field == "possibleErrors" && payloads.contains(name)
}

/// An interface that nothing in the contract implements, or a connection of such: fields that lead to it
/// cannot be answered.
fn is_hopeless(schema: &Schema, name: &str) -> bool {
    let below = |name: &str, field: &str| {
        field_of(schema, name, field).map(|field| field.ty.inner_named_type().to_string())
    };
    match schema.types.get(name) {
        Some(ExtendedType::Interface(_)) => !schema.types.values().any(
            |def| matches!(def, ExtendedType::Object(object) if object.implements_interfaces.contains(name)),
        ),
        _ if is_connection(schema, name) => {
            let node = below(name, "edges").and_then(|edge| below(&edge, "node"));
            node.is_some_and(|node| is_hopeless(schema, &node))
        }
        _ => false,
    }
}

/// Types that an answer can hold.
fn reachable(schema: &Schema) -> HashSet<String> {
    let mut reached = HashSet::new();
    let mut queue = vec!["Query".to_owned(), "Mutation".to_owned()];
    while let Some(name) = queue.pop() {
        if !reached.insert(name.clone()) {
            continue;
        }
        match schema.types.get(name.as_str()) {
            Some(ExtendedType::Object(object)) => {
                queue.extend(object.fields.values().map(|field| field.ty.inner_named_type().to_string()));
            }
            Some(ExtendedType::Union(union)) => queue.extend(union.members.iter().map(|m| m.to_string())),
            Some(ExtendedType::Interface(_)) => {
                let objects = schema.types.iter().filter(|(_, def)| {
                    matches!(def, ExtendedType::Object(o) if o.implements_interfaces.contains(name.as_str()))
                });
                queue.extend(objects.map(|(object, _)| object.to_string()));
            }
            _ => {}
        }
    }
    reached
}

/// Dark fields, but for those that no answer can hold and those that nobody could answer.
fn dark_for_no_reason(engine: &Engine<Cx>, edition_name: &str) -> Vec<String> {
    let schema = declared(edition_name);
    let reachable = reachable(&schema);
    let explained = |coordinate: &str| {
        let (name, field) = coordinate.split_once('.').expect("a coordinate");
        let ty = field_of(&schema, name, field).map(|field| field.ty.inner_named_type().to_string());
        let node = field_of(&schema, name, "node").map(|node| node.ty.inner_named_type().to_string());
        let around = [ty, node, Some(name.to_owned())];
        !reachable.contains(name) || around.into_iter().flatten().any(|ty| is_hopeless(&schema, &ty))
    };
    engine.dark().iter().filter(|coordinate| !explained(coordinate)).cloned().collect()
}

/// Some value of a type.
fn sample(schema: &Arc<Schema>, ty: &Type, call: &Call<'_, Cx>) -> One {
    let name = ty.inner_named_type();
    Ok(match ty {
        _ if name == "PossibleErrorType" => possible_errors(&["KT-CT-1111".to_owned()]),
        Type::List(item) | Type::NonNullList(item) => {
            Resolved::List(vec![sample(schema, item, call)?, sample(schema, item, call)?])
        }
        _ if is_connection(schema, name) => return connection(schema, name, call),
        _ => match schema.types.get(name) {
            Some(ExtendedType::Enum(values)) => {
                Resolved::leaf(values.values.keys().next().map(|value| value.as_str()))
            }
            Some(ExtendedType::Scalar(_)) => Resolved::Leaf(scalar(name)),
            _ => Resolved::Node(node(schema, name)),
        },
    })
}

fn scalar(name: &str) -> Leaf<'static> {
    match name {
        "Int" | "BigInt" | "Float" => 7.into(),
        "Boolean" => true.into(),
        "Date" | "IndustryMidnightAlignedDateField" => "2024-03-31".into(),
        "DateTime" => "2024-03-31T00:00:00+00:00".into(),
        "JSONString" | "GenericScalar" => json!({ "a": 1 }).into(),
        _ => "x".into(),
    }
}

/// A row of a type, or of the first that an interface or a union can be.
fn node(schema: &Schema, name: &str) -> Node {
    let concrete = match schema.types.get(name) {
        Some(ExtendedType::Union(union)) => union.members.iter().next().map(|member| member.name.to_string()),
        Some(ExtendedType::Interface(_)) => schema.types.iter().find_map(|(object, def)| match def {
            ExtendedType::Object(o) if o.implements_interfaces.contains(name) => Some(object.to_string()),
            _ => None,
        }),
        _ => None,
    };
    Node::typed(Box::leak(concrete.unwrap_or_else(|| name.to_owned()).into_boxed_str()), ())
}

fn connection(schema: &Schema, name: &str, call: &Call<'_, Cx>) -> One {
    let edge = field_of(schema, name, "edges").map(|edges| edges.ty.inner_named_type().to_string());
    let item = edge
        .and_then(|edge| field_of(schema, &edge, "node"))
        .map(|node| node.ty.inner_named_type().to_string());
    let item = item.ok_or_else(|| FieldError::internal("a connection without nodes"))?;
    if call.raw_args().contains_key("first") || call.raw_args().contains_key("last") {
        return page_of(call, 3, |_| node(schema, &item));
    }
    // Some connections take no paging arguments.
    Ok(Resolved::Null)
}

fn field_of<'s>(schema: &'s Schema, name: &str, field: &str) -> Option<&'s FieldDefinition> {
    match schema.types.get(name)? {
        ExtendedType::Object(object) => object.fields.get(field).map(|field| &***field),
        ExtendedType::Interface(interface) => interface.fields.get(field).map(|field| &***field),
        _ => None,
    }
}

/// Everything bound, by type.
fn everything(edition_name: &str) -> Bindings<Cx> {
    let schema = Arc::new(declared(edition_name));
    let overridden = edition(edition_name).overrides;
    let edges = edges(&schema);
    let mutations = schema.get_object("Mutation").expect("mutations").fields.values();
    let payloads = mutations.map(|field| field.ty.inner_named_type().to_string()).collect();
    let mut bindings = Bindings::default();
    for (name, def) in &schema.types {
        let ExtendedType::Object(object) = def else { continue };
        if def.is_built_in() {
            continue;
        }
        for (field, definition) in &object.fields {
            if is_own(&schema, &edges, &payloads, name, field) {
                continue;
            }
            let coordinate: &'static str = Box::leak(format!("{name}.{field}").into_boxed_str());
            let signature = overridden
                .iter()
                .find(|text| text.strip_prefix(coordinate).is_some_and(|rest| rest.starts_with(['(', ':'])));
            let ty = match signature.and_then(|text| text.rsplit_once(": ")) {
                Some((_, ty)) => Type::parse(ty, "override.graphql").expect("a type"),
                None => definition.ty.clone(),
            };
            if is_hopeless(&schema, ty.inner_named_type()) {
                continue;
            }
            let schema = Arc::clone(&schema);
            batch(&mut bindings, coordinate, move |call| {
                (0..call.len()).map(|_| sample(&schema, &ty, &call)).collect()
            });
        }
    }
    bindings
}

static WHOLE: LazyLock<Engine<Cx>> = LazyLock::new(|| load("", &everything("")));
/// The same under each edition.
static BY_EDITION: LazyLock<Vec<(&str, Engine<Cx>)>> =
    LazyLock::new(|| EDITIONS.map(|name| (name, load(name, &everything(name)))).into());

#[test]
fn with_everything_bound_the_whole_contract_is_served() {
    assert_eq!(dark_for_no_reason(&WHOLE, ""), Vec::<String>::new());
    assert!(WHOLE.dark().len() < 120, "{} fields are dark", WHOLE.dark().len());
    let served = WHOLE.sdl();
    let schema = Schema::parse_and_validate(&served, "served.graphql").expect("the served schema is valid");
    async_graphql::parser::parse_schema(&served).expect("async-graphql reads the served schema");
    let declared = declared("");
    assert!(schema.types.len() > 2_000, "only {} types are served", schema.types.len());
    let objects = |schema: &Schema| -> Vec<String> {
        let mut names: Vec<String> = schema
            .types
            .iter()
            .filter(|(_, def)| matches!(def, ExtendedType::Object(_)) && !def.is_built_in())
            .map(|(name, _)| name.to_string())
            .collect();
        names.sort();
        names
    };
    let (served, all) = (objects(&schema), objects(&declared));
    let reachable = reachable(&declared);
    let lost: Vec<&String> =
        all.iter().filter(|name| reachable.contains(*name) && !served.contains(name)).collect();
    let hopeless = |name: &&String| {
        is_hopeless(&declared, name)
            || field_of(&declared, name, "node")
                .is_some_and(|f| is_hopeless(&declared, f.ty.inner_named_type()))
    };
    assert!(lost.iter().all(hopeless), "{lost:?} can be reached and are not served");
    let roots = |schema: &Schema| -> usize {
        ["Query", "Mutation"]
            .iter()
            .filter_map(|name| schema.get_object(name))
            .map(|object| object.fields.len())
            .sum()
    };
    assert_eq!(roots(&schema), roots(&declared));
    assert!(roots(&schema) > 500, "{} operations", roots(&schema));
}

#[test]
fn async_graphql_takes_the_whole_contract() {
    Host::new(Arc::new(load("", &everything("")))).expect("async-graphql takes the schema");
}

#[tokio::test]
async fn every_edition_serves_everything_under_its_own_names() {
    for (name, engine) in &*BY_EDITION {
        assert_eq!(dark_for_no_reason(engine, name), Vec::<String>::new(), "edition {name}");
        let account = if *name == "jp" { "Account" } else { "AccountType" };
        let answer = data(
            engine,
            "{ account(accountNumber: \"A-1\") { __typename number } __schema { types { name } } }",
        )
        .await;
        assert_eq!(answer["account"]["__typename"], account, "edition {name}");
        let types = answer["__schema"]["types"].to_string();
        assert_eq!(types.contains("\"AccountType\""), *name != "jp", "edition {name}");
    }
}

#[tokio::test]
async fn an_edition_has_its_own_signatures() {
    let shown = async |name: &str, ty: &str, field: &str| {
        let edition = BY_EDITION.iter().find(|(known, _)| *known == name);
        let engine = edition.map_or(&*WHOLE, |(_, engine)| engine);
        let query = format!(
            "{{ __type(name: \"{ty}\") {{ fields {{ name type {{ name }} args {{ type {{ ofType {{ name }} }} }} }} }} }}"
        );
        let answer = data(engine, &query).await;
        let fields = answer["__type"]["fields"].as_array().cloned().unwrap_or_default();
        fields.into_iter().find(|each| each["name"] == field).unwrap_or_default()
    };
    let quote = shown("gb", "Mutation", "createQuote").await;
    assert_eq!(quote["type"]["name"], "CreateQuoteOutputType");
    assert_eq!(quote["args"][0]["type"]["ofType"]["name"], "CreateQuoteInput");
    assert_eq!(shown("jp", "Agreement", "product").await["type"]["name"], "AgreementProduct");
    assert_eq!(shown("au", "Query", "agreement").await["type"]["name"], "CommonAgreementType");
    assert_eq!(shown("", "Mutation", "createQuote").await["type"]["name"], "CreateQuoteOutput");
}

#[tokio::test]
async fn a_server_that_has_one_field_serves_one_field() {
    let mut bindings = Bindings::default();
    root(&mut bindings, "Query.krakenVersion", |_| Ok(Resolved::node(())));
    bindings.leaves::<()>("KrakenVersionType", &[("number", |()| "1".into())]);
    let engine = load("", &bindings);
    let answer =
        data(&engine, "{ krakenVersion { number } __schema { types { name kind } mutationType { name } } }")
            .await;
    assert_eq!(answer["krakenVersion"]["number"], "1");
    assert_eq!(answer["__schema"]["mutationType"], Value::Null);
    let own: Vec<&str> = answer["__schema"]["types"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|ty| ty["name"].as_str())
        .filter(|name| !name.starts_with("__"))
        .collect();
    let builtin = ["Int", "Float", "String", "Boolean", "ID"];
    let mut rest: Vec<&str> = own.into_iter().filter(|name| !builtin.contains(name)).collect();
    rest.sort_unstable();
    assert_eq!(rest, ["KrakenVersionType", "Query"]);
    assert!(engine.dark().len() > 4_000, "{} fields are dark", engine.dark().len());
}

#[tokio::test]
async fn the_standard_introspection_query_tells_the_whole_contract() {
    let first = ask(&WHOLE, super::introspection::STANDARD).await;
    let answer = json(&first);
    assert_eq!(first.status, 200);
    let types = answer["data"]["__schema"]["types"].as_array().expect("types");
    assert!(types.len() > 2_000);
    let again = ask(&WHOLE, super::introspection::STANDARD).await;
    assert_eq!(first.body, again.body);
    // The second answer is the first one, not a copy.
    assert_eq!(first.body.as_ptr(), again.body.as_ptr());
}

/// A literal for a required argument.
fn literal(schema: &Schema, ty: &Type, depth: usize) -> String {
    let name = ty.inner_named_type();
    if ty.is_list() {
        return format!("[{}]", literal(schema, &ty.item_type().clone(), depth));
    }
    match schema.types.get(name) {
        Some(ExtendedType::Enum(values)) => {
            values.values.keys().next().map(ToString::to_string).unwrap_or_default()
        }
        Some(ExtendedType::InputObject(input)) => {
            let required = input.fields.values().filter(|field| field.is_required() && depth < 6);
            let parts =
                required.map(|field| format!("{}: {}", field.name, literal(schema, &field.ty, depth + 1)));
            format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
        }
        _ => match name.as_str() {
            "Int" | "BigInt" | "Float" => "7".into(),
            "Boolean" => "true".into(),
            "Decimal" | "FloatSafeDecimal" => "\"7.50\"".into(),
            "Date" => "\"2024-03-31\"".into(),
            "DateTime" | "CustomGrapheneDateTime" | "IndustryMidnightAlignedDateField" => {
                "\"2024-03-31T00:00:00Z\"".into()
            }
            "Time" => "\"12:00\"".into(),
            "UUID" => "\"123e4567-e89b-12d3-a456-426614174000\"".into(),
            "JSONString" => "\"{}\"".into(),
            "Email" => "\"a@example.com\"".into(),
            _ => "\"x\"".into(),
        },
    }
}

fn arguments(schema: &Schema, definition: &FieldDefinition) -> String {
    let mut parts: Vec<String> = definition
        .arguments
        .iter()
        .filter(|argument| argument.is_required())
        .map(|argument| format!("{}: {}", argument.name, literal(schema, &argument.ty, 0)))
        .collect();
    if is_connection(schema, definition.ty.inner_named_type())
        && definition.argument_by_name("first").is_some()
    {
        parts.push("first: 10".into());
    }
    if parts.is_empty() { String::new() } else { format!("({})", parts.join(", ")) }
}

/// All plain fields of a type, and those of the objects under it to some depth.
fn selection(schema: &Schema, name: &str, depth: usize) -> String {
    let fields = match schema.types.get(name) {
        Some(ExtendedType::Object(object)) => &object.fields,
        Some(ExtendedType::Interface(interface)) => &interface.fields,
        _ => return "{ __typename }".into(),
    };
    let mut out = String::from("{ __typename");
    for definition in fields.values() {
        let inner = definition.ty.inner_named_type();
        if is_hopeless(schema, inner) {
            continue;
        }
        let is_leaf =
            matches!(schema.types.get(inner), Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_)));
        let arguments = arguments(schema, definition);
        // Writing to a string cannot fail.
        let _ = match (is_leaf, depth) {
            (true, _) => write!(out, " {}{arguments}", definition.name),
            (false, 0) => Ok(()),
            (false, _) => {
                let below =
                    if is_connection(schema, name) || inner.ends_with("Edge") { depth } else { depth - 1 };
                write!(out, " {}{arguments} {}", definition.name, selection(schema, inner, below))
            }
        };
    }
    out + " }"
}

#[tokio::test]
async fn every_operation_can_be_asked_for_all_its_plain_fields_within_the_limit() {
    let schema = declared("");
    let mut dearest = (0, String::new());
    let mut count = 0;
    for (keyword, root) in [("query", "Query"), ("mutation", "Mutation")] {
        let object = schema.get_object(root).expect("a root type");
        for definition in object.fields.values() {
            let inner = definition.ty.inner_named_type();
            if is_hopeless(&schema, inner) {
                continue;
            }
            let is_leaf =
                matches!(schema.types.get(inner), Some(ExtendedType::Scalar(_) | ExtendedType::Enum(_)));
            let below = if is_leaf { String::new() } else { selection(&schema, inner, 1) };
            let query =
                format!("{keyword} {{ {}{} {below} }}", definition.name, arguments(&schema, definition));
            let response = ask(&WHOLE, &query).await;
            let answer = json(&response);
            assert_eq!(response.status, 200, "{query}\n{answer}");
            assert!(answer.get("errors").is_none(), "{query}\n{answer}");
            assert!(answer["data"].get(definition.name.as_str()).is_some());
            let cost = response.report.cost.complexity;
            assert!(cost <= 200, "{cost} points for {query}");
            if cost > dearest.0 {
                dearest = (cost, definition.name.to_string());
            }
            count += 1;
        }
    }
    assert!(count > 500, "{count} operations");
    assert!(dearest.0 > 10, "costs are counted at all: {dearest:?}");
}
